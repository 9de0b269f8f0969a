use std::sync::atomic::Ordering::Relaxed;

use super::row::Row;
use crate::model::Moment;

/// Versions whose times are kept for each row.
const KEPT: usize = 8;
/// Rings are made by so many: just below 8 KiB, a size that allocators hold without a remainder.
const CHUNK: usize = 60;
/// In place of a write's duration, while it is not known.
const UNKNOWN: u32 = u32::MAX;

/// When a version became known.
#[derive(Clone, Copy)]
struct Entry {
    /// The earlier of its acknowledgement and the end of the first read that returned it, as [`Moment::to_bits`].
    known: u64,
    version: u32,
    /// How long before that its write began, in microseconds, rounded up; [`UNKNOWN`] before its acknowledgement.
    took_us: u32,
}

/// The times of a row's last versions.
#[derive(Clone, Copy)]
pub struct Ring {
    entries: [Entry; KEPT],
    /// How many of them are in use.
    used: u8,
    /// The place of the one that goes next.
    next: u8,
}

const EMPTY: Ring =
    Ring { entries: [Entry { known: 0, version: 0, took_us: UNKNOWN }; KEPT], used: 0, next: 0 };

impl Ring {
    fn kept(&self) -> &[Entry] {
        &self.entries[..usize::from(self.used)]
    }

    /// The entry of a version, made if there is none, in place of the one that was put in first.
    fn entry(&mut self, version: u32, known: u64) -> &mut Entry {
        let at = self.kept().iter().position(|entry| entry.version == version).unwrap_or_else(|| {
            let at = usize::from(self.next);
            self.entries[at] = Entry { known, version, took_us: UNKNOWN };
            self.used = self.used.max(self.next + 1);
            self.next = (self.next + 1) % KEPT as u8;
            at
        });
        &mut self.entries[at]
    }

    /// A read returned this version, whose write has not been acknowledged.
    pub fn seen(&mut self, version: u32, finished: Moment) {
        self.entry(version, finished.to_bits());
    }

    pub fn acknowledged(&mut self, version: u32, started: Moment, finished: Moment) {
        let known = finished.to_bits();
        let entry = self.entry(version, known);
        // A version that comes a second time was lost in between, and this is another write.
        if entry.took_us != UNKNOWN {
            entry.known = known;
        }
        let took = entry.known.saturating_sub(started.to_bits()).div_ceil(1_000);
        entry.took_us = u32::try_from(took).unwrap_or(UNKNOWN - 1).min(UNKNOWN - 1);
    }

    /// For how long `version` had been superseded: at least when a read began, at most when it ended, in nanoseconds.
    pub fn age(&self, version: u32, began: Moment, ended: Moment) -> (u64, Option<u64>) {
        let newer = self.kept().iter().filter(|entry| entry.version > version);
        let least = newer.map(|entry| began.to_bits().saturating_sub(entry.known)).max().unwrap_or(0);
        let next = self.kept().iter().find(|entry| entry.version == version + 1 && entry.took_us != UNKNOWN);
        let most = next.map(|next| {
            ended.to_bits().saturating_sub(next.known.saturating_sub(u64::from(next.took_us) * 1_000))
        });
        (least, most)
    }
}

/// The rings of one stripe of rows.
#[derive(Default)]
pub struct Rings {
    // Never moved once made: a growing list would take twice its size for a moment.
    chunks: Vec<Box<[Ring; CHUNK]>>,
    used: usize,
}

impl Rings {
    /// The ring of a row of this stripe, made if it has none.
    pub fn of(&mut self, row: &Row) -> &mut Ring {
        let at = match row.ring.load(Relaxed) {
            0 => {
                if self.used == self.chunks.len() * CHUNK {
                    self.chunks.push(Box::new([EMPTY; CHUNK]));
                }
                self.used += 1;
                row.ring.store(self.used as u32, Relaxed);
                self.used - 1
            }
            place => place as usize - 1,
        };
        &mut self.chunks[at / CHUNK][at % CHUNK]
    }
}
