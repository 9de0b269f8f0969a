//! Ledger: what every read is judged by, and every acknowledged write accounted for.
//!
//! Each row has dense versions, in the order in which its writes took effect. A read is stale if it returns a version
//! below one that had been acknowledged before it began, and non-monotonic below one that another read had returned
//! by then. No clock takes part in that; clocks only tell how old a stale version was. Since the order of versions
//! is known, this is the check of linearizability for a register (Gibbons and Korach, SIAM J. Comput. 26(4), 1997).

#[cfg(test)]
mod histories;
mod ring;
mod row;
mod session;
#[cfg(test)]
mod tests;

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use ring::Rings;
use row::Row;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use session::Session;

use crate::model::Moment;

/// Rows are made by so many, when the first of them is touched.
const CHUNK: u64 = 4096;
/// Rings are kept apart by so many locks, so that writers of different rows seldom meet.
const STRIPES: u64 = 256;

/// What is known of every row: an acknowledged version, a returned version, and how many writes were begun.
///
/// 32 bytes a row, and 136 more once it has been written: ten million rows, all of them written, take 1.6 GiB.
pub struct Ledger {
    rows: Box<[OnceLock<Box<[Row]>>]>,
    /// Rows below exist from the start, at version 1; those above do not.
    seeded: u64,
    rings: Box<[Mutex<Rings>]>,
}

impl Default for Ledger {
    /// A ledger that follows no row.
    fn default() -> Ledger {
        Ledger::new(0, 0)
    }
}

/// What a read that begins now must not fall behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadFloor {
    /// The newest acknowledged version.
    written: u32,
    /// The newest version that a completed read has returned.
    read: u32,
    /// Whether this is the first read since the last write was acknowledged.
    first: bool,
}

impl ReadFloor {
    /// The version that was acknowledged last, if this read is the first since.
    pub fn first_after_write(&self) -> Option<u64> {
        self.first.then_some(u64::from(self.written))
    }
}

/// The verdict on a read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    /// Nothing if it was fresh, or what it missed was only concurrent.
    pub stale: Option<Stale>,
    /// It returned less than a read that had completed before it began.
    pub non_monotonic: bool,
    /// It returned a version that no write can have made yet.
    pub future: bool,
}

/// How far behind a stale read was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stale {
    /// Acknowledged versions that it missed, at least.
    pub behind: u32,
    /// For so long, in nanoseconds, its version had been superseded when it began, at least.
    pub age_ns: u64,
    /// And at most, when it ended; unknown where the next version's write has left the ring or not ended.
    pub age_at_most_ns: Option<u64>,
}

/// What the ledger holds of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The version it began with.
    pub initial: u64,
    /// Writes that were acknowledged with a version.
    pub acknowledged: u64,
    /// Writes that failed for their caller; whether they took effect is unknown.
    pub indeterminate: u64,
    /// The newest acknowledged version.
    pub newest: u64,
    /// The newest version known to be in the database, where writes reach it later.
    pub stored: u64,
}

/// Acknowledged writes that the database does not have yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unflushed {
    pub writes: u64,
    /// Rows that they were made to.
    pub rows: u64,
    /// How long ago the oldest of them was acknowledged, in nanoseconds.
    pub oldest_ns: u64,
}

impl Ledger {
    /// A ledger for `seeded` rows that exist at version 1, with room for rows up to `room`, which do not exist yet.
    pub fn new(seeded: u64, room: u64) -> Ledger {
        let chunks = seeded.max(room).div_ceil(CHUNK);
        Ledger {
            rows: (0..chunks).map(|_| OnceLock::new()).collect(),
            seeded,
            rings: (0..STRIPES).map(|_| Mutex::default()).collect(),
        }
    }

    /// The row, unless it lies beyond the room.
    fn row(&self, id: u64) -> Option<&Row> {
        let chunk = self.rows.get((id / CHUNK) as usize)?;
        let rows = chunk.get_or_init(|| {
            let first = id - id % CHUNK;
            (first..first + CHUNK).map(|id| Row::new(self.initial(id))).collect()
        });
        rows.get((id % CHUNK) as usize)
    }

    fn initial(&self, id: u64) -> u32 {
        u32::from(id < self.seeded)
    }

    fn rings(&self, id: u64) -> MutexGuard<'_, Rings> {
        self.rings[(id % STRIPES) as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called before a read is sent.
    pub fn before_read(&self, id: u64) -> ReadFloor {
        let Some(row) = self.row(id) else { return ReadFloor::default() };
        // The plain load keeps the line shared among readers in the common case. The flag before the version: whoever
        // takes it finds the version that it stands for, or a later one.
        let first = row.unread.load(Relaxed) && row.unread.swap(false, AcqRel);
        let written = row.written.load(Acquire);
        ReadFloor { written, read: row.read.load(Acquire), first }
    }

    /// To be called with what a read returned, 0 for no row ever; raises what later reads must not fall behind.
    pub fn after_read(
        &self,
        id: u64,
        floor: ReadFloor,
        version: u64,
        (started, finished): (Moment, Moment),
    ) -> Freshness {
        let Some(row) = self.row(id) else { return Freshness::default() };
        let version = narrow(version);
        let future = version > row.begun.load(Acquire);
        if version > row.read.load(Relaxed) {
            // Seen before it was acknowledged: from now on it is known.
            if version > row.written.load(Acquire) && !future {
                self.rings(id).of(row).seen(version, finished);
            }
            row.read.fetch_max(version, Release);
        }
        let stale = (version < floor.written).then(|| {
            let (age_ns, age_at_most_ns) = self.rings(id).of(row).age(version, started, finished);
            Stale { behind: floor.written - version, age_ns, age_at_most_ns }
        });
        Freshness { stale, non_monotonic: version < floor.read, future }
    }

    /// To be called where a read did not come about, or failed: the next one is the first since the write.
    pub fn unread_again(&self, id: u64, floor: ReadFloor) {
        if let Some(row) = self.row(id).filter(|_| floor.first) {
            row.unread.store(true, Release);
        }
    }

    /// To be called before a write is sent: from then on a read may return its version.
    pub fn before_write(&self, id: u64) {
        if let Some(row) = self.row(id) {
            row.begun.fetch_add(1, AcqRel);
        }
    }

    /// To be called when a write was acknowledged with the version that it made.
    pub fn acknowledged(&self, id: u64, version: u64, (started, finished): (Moment, Moment)) {
        let Some(row) = self.row(id) else { return };
        let version = narrow(version);
        row.acknowledged.fetch_add(1, Relaxed);
        self.rings(id).of(row).acknowledged(version, started, finished);
        row.written.fetch_max(version, Release);
        row.unread.store(true, Release);
    }

    /// To be called when a write was answered and changed nothing, as one of a row that is not there.
    pub fn without_effect(&self, id: u64) {
        if let Some(row) = self.row(id) {
            row.begun.fetch_sub(1, AcqRel);
        }
    }

    /// To be called when a write failed for its caller: it may have taken effect, and may do so later.
    pub fn indeterminate(&self, id: u64) {
        if let Some(row) = self.row(id) {
            row.indeterminate.fetch_add(1, Relaxed);
        }
    }

    /// To be called when a version that was acknowledged earlier has reached the database.
    pub fn stored(&self, id: u64, version: u64) {
        if let Some(row) = self.row(id) {
            row.stored.fetch_max(narrow(version), Relaxed);
        }
    }

    /// The newest acknowledged version of a row.
    pub fn newest(&self, id: u64) -> u64 {
        self.row(id).map_or(0, |row| u64::from(row.written.load(Acquire)))
    }

    /// What is known of a row; nothing if it lies beyond the room.
    pub fn account(&self, id: u64) -> Option<Account> {
        let row = self.row(id)?;
        let of = |number: &AtomicU32| u64::from(number.load(Acquire));
        Some(Account {
            initial: u64::from(self.initial(id)),
            acknowledged: of(&row.acknowledged),
            indeterminate: of(&row.indeterminate),
            newest: of(&row.written),
            stored: of(&row.stored),
        })
    }

    /// Writes off what is not known to be in the database, where writes reach it later: what a crash of the buffer may
    /// lose now. What was written off is not told again.
    pub fn write_off(&self) -> Unflushed {
        let unflushed = self.unflushed();
        for row in self.rows.iter().flat_map(|rows| rows.get().into_iter().flatten()) {
            row.stored.fetch_max(row.written.load(Relaxed), Relaxed);
        }
        unflushed
    }

    /// Acknowledged writes that are not known to be in the database.
    pub fn unflushed(&self) -> Unflushed {
        let mut unflushed = Unflushed::default();
        let now = Moment::now();
        for (chunk, rows) in (0u64..).zip(&self.rows) {
            for (offset, row) in (0u64..).zip(rows.get().into_iter().flatten()) {
                let stored = row.stored.load(Relaxed);
                let missing = row.written.load(Relaxed).saturating_sub(stored);
                if missing > 0 {
                    let age = self.rings(chunk * CHUNK + offset).of(row).age(stored, now, now).0;
                    unflushed.writes += u64::from(missing);
                    unflushed.rows += 1;
                    unflushed.oldest_ns = unflushed.oldest_ns.max(age);
                }
            }
        }
        unflushed
    }
}

/// Versions are counted in 32 bits here: no row is written four billion times in a run.
fn narrow(version: u64) -> u32 {
    u32::try_from(version).unwrap_or(u32::MAX)
}
