//! Replay: which requests of a recording are asked for again, as what, and what it says of its rows.

mod rows;
mod sets;

use std::time::Duration;

pub use sets::Sets;

use super::traces::stat::Operations;
use super::traces::{Recorded, Recording};
use crate::model::{Kind, Lifetimes};
use crate::registry::OptionsError;

/// SETs that come right after a read of their key are called fills from this share of them on.
const SUSPICIOUS: f64 = 0.5;

/// What of a recording is replayed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    /// The first request that is replayed.
    pub skip: u64,
    /// Whether its operations are replayed, or its keys alone.
    pub operations: bool,
    /// What its SETs are, where that was said.
    pub sets: Option<Sets>,
    /// Whether bodies have its sizes.
    pub sizes: bool,
    /// Whether entries have its times to live.
    pub ttls: bool,
}

/// A recording replayed by ticket, and again from its first request when it ends.
///
/// Its keys are numbered in the order of their first appearance, requests that are skipped included; the number is the
/// row id.
pub struct Replay {
    recording: Recording,
    wanted: Wanted,
    sets: Sets,
    /// The indices of the requests that are replayed, where some are left out.
    kept: Option<Box<[u32]>>,
    notes: Vec<String>,
}

impl Replay {
    /// A replay of `recording`.
    ///
    /// # Errors
    /// When nothing of it is left to replay.
    pub(super) fn new(recording: Recording, wanted: Wanted) -> Result<Replay, OptionsError> {
        let length = recording.len();
        if wanted.skip >= length {
            let text =
                format!("skip = {} leaves nothing to replay: there are {length} requests", wanted.skip);
            return Err(OptionsError(text));
        }
        let sets = wanted.sets.filter(|_| wanted.operations).unwrap_or_default();
        let mut replay = Replay { recording, wanted, sets, kept: None, notes: Vec::new() };
        if sets == Sets::Skip {
            replay.kept = Some(replay.kept()?);
        }
        replay.notes = replay.noted();
        // Found now, and not by the first operation that is measured.
        replay.recording.key_ttls();
        Ok(replay)
    }

    /// The requests that are left when SETs are.
    fn kept(&self) -> Result<Box<[u32]>, OptionsError> {
        let is_kept = |index: &u64| {
            let op = self.recording.request(*index).op;
            op.is_none_or(|kind| self.sets.replayed(kind).is_some())
        };
        let kept = (self.wanted.skip..self.recording.len()).filter(is_kept);
        let kept: Option<Box<[u32]>> = kept.map(|index| u32::try_from(index).ok()).collect();
        let kept =
            kept.ok_or_else(|| OptionsError("too many requests to leave SETs out: set limit".into()))?;
        if kept.is_empty() {
            return Err(OptionsError(
                "sets = \"skip\" leaves nothing to replay: all requests are SETs".into(),
            ));
        }
        Ok(kept)
    }

    fn noted(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        if self.wanted.sizes {
            let cut = rows::share_cut(&self.recording, (0..self.len()).map(|ticket| self.index(ticket)));
            if cut > 0.0 {
                notes.push(format!(
                    "{} of the trace's requests are of more than 64 KiB, and were cut",
                    percent(cut)
                ));
            }
        }
        let after_reads = match (self.wanted.operations, self.wanted.sets) {
            (true, None) => Operations::of(&self.recording).and_then(|found| found.writes_after_read_share),
            _ => None,
        };
        if let Some(share) = after_reads.filter(|share| *share > SUSPICIOUS) {
            notes.push(format!(
                "{} of the trace's SETs come right after a read of the same key: they may be the fills of its own \
                 misses; say traffic.keys.trace.sets",
                percent(share)
            ));
        }
        notes
    }

    /// The index of the request that a ticket asks for.
    fn index(&self, ticket: u64) -> u64 {
        let at = ticket % self.len();
        self.kept.as_ref().map_or(self.wanted.skip + at, |kept| kept[at as usize].into())
    }

    /// The request that a ticket asks for.
    fn at(&self, ticket: u64) -> Recorded {
        self.recording.request(self.index(ticket))
    }

    /// Requests until it starts over, at least one.
    #[expect(clippy::len_without_is_empty, reason = "a replay is never empty")]
    pub fn len(&self) -> u64 {
        let all = || self.recording.len() - self.wanted.skip;
        self.kept.as_ref().map_or_else(all, |kept| kept.len() as u64)
    }

    /// The row that a ticket asks for.
    pub fn row(&self, ticket: u64) -> u64 {
        self.at(ticket).key
    }

    /// The row of a request of the recording, counted from 0, whether it is replayed or not; nothing beyond its end.
    pub fn row_at(&self, index: u64) -> Option<u64> {
        self.recording.keys().get(usize::try_from(index).ok()?).map(|&key| key.into())
    }

    /// Rows, those of requests that are skipped included.
    pub fn rows(&self) -> u64 {
        self.recording.unique_keys()
    }

    /// What a ticket does, where the recording says it.
    pub fn kind(&self, ticket: u64) -> Option<Kind> {
        let op = self.at(ticket).op.filter(|_| self.wanted.operations)?;
        self.sets.replayed(op)
    }

    /// Whether any ticket changes a row.
    pub fn has_writes(&self) -> bool {
        let changes = |kind: &Kind| {
            self.sets.replayed(*kind).is_some_and(Kind::is_write) && self.recording.count(*kind) > 0
        };
        self.wanted.operations && Kind::OF_ONE_ROW.iter().any(changes)
    }

    /// Whether its own SETs put rows into the cache, or take them out: not the misses alone.
    pub fn tells_cache(&self) -> bool {
        let told = |kind: &Kind| {
            let replayed = self.sets.replayed(*kind);
            matches!(replayed, Some(Kind::Fill | Kind::Invalidate)) && self.recording.count(*kind) > 0
        };
        self.fills() || (self.wanted.operations && Kind::OF_ONE_ROW.iter().any(told))
    }

    /// Whether its own SETs are all that puts rows into the cache: misses do not.
    pub fn fills(&self) -> bool {
        self.sets == Sets::Fills
    }

    /// When a ticket was recorded, from the first one on.
    pub fn recorded_at(&self, ticket: u64) -> Option<Duration> {
        let turn = u32::try_from(ticket / self.len()).ok()?;
        let time = |ticket| self.at(ticket).at;
        let first = time(0)?;
        let span = time(self.len() - 1)?.saturating_sub(first);
        Some(time(ticket)?.saturating_sub(first) + span * turn)
    }

    /// The rows of up to `most` requests right before the first, in their order.
    pub fn previous(&self, most: u64) -> Vec<u64> {
        let skip = self.wanted.skip;
        let keys = &self.recording.keys()[skip.saturating_sub(most) as usize..skip as usize];
        keys.iter().map(|&key| key.into()).collect()
    }

    /// The size of a row's body in bytes, where it is recorded: that of the first request of its key with a size above
    /// 0, and 64 KiB at most.
    pub(super) fn row_size(&self, id: u64) -> Option<u64> {
        if self.wanted.sizes { rows::size(&self.recording, id) } else { None }
    }

    /// The bytes that the write of a ticket writes, where they are recorded: its own, else those of its row.
    pub(super) fn write_size(&self, ticket: u64) -> Option<u64> {
        if !self.wanted.sizes {
            return None;
        }
        let index = self.index(ticket);
        rows::written(&self.recording, index)
            .or_else(|| rows::size(&self.recording, self.recording.request(index).key))
    }

    /// How long entries live: a key's for the time of the first of its requests that has one, whichever request puts it
    /// into the cache; others as `usual`.
    pub fn lifetimes(&self, usual: Lifetimes) -> Lifetimes {
        if self.wanted.ttls { usual.with_own(self.recording.key_ttls().clone()) } else { usual }
    }

    /// Whether rows have recorded sizes.
    pub fn has_sizes(&self) -> bool {
        self.wanted.sizes
    }

    /// What is to be known of it beside the numbers.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

#[cfg(test)]
mod tests;
