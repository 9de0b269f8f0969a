use std::sync::OnceLock;
use std::time::Duration;

use super::by_key::ByKey;
use crate::model::{Kind, Lifetimes};

/// A whole trace in memory, for replay by ticket.
///
/// Keys are numbered from 0 in the order of their first request. A request takes 4 bytes for its key,
/// and 1, 8, 4 and 4 more where the trace has operations, times, sizes and times to live.
#[derive(Default)]
pub struct Recording {
    pub(super) keys: Vec<u32>,
    /// 0 for none, else one more than the index in [`Kind::OF_ONE_ROW`].
    pub(super) ops: Option<Vec<u8>>,
    /// Microseconds since the first one.
    pub(super) times: Option<Vec<u64>>,
    pub(super) sizes: Option<Vec<u32>>,
    /// Milliseconds.
    pub(super) ttls: Option<Vec<u32>>,
    pub(super) unique_keys: u32,
    pub(super) late_records: u64,
    pub(super) counts: [u64; Kind::OF_ONE_ROW.len()],
    /// Found when it is first asked for.
    pub(super) by_key: OnceLock<ByKey>,
}

/// One request of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// From 0 to [`Recording::unique_keys`], exclusive.
    pub key: u64,
    pub op: Option<Kind>,
    /// Time since the first request, never less than that of the request before.
    pub at: Option<Duration>,
}

impl Recording {
    /// The number of requests, at least one.
    #[expect(clippy::len_without_is_empty, reason = "a recording is never empty")]
    pub fn len(&self) -> u64 {
        self.keys.len() as u64
    }

    /// The number of different keys.
    pub fn unique_keys(&self) -> u64 {
        self.unique_keys.into()
    }

    /// The request at `index`, counted from 0.
    ///
    /// # Panics
    /// When `index` is not below [`Recording::len`].
    pub fn request(&self, index: u64) -> Recorded {
        let index = index as usize;
        Recorded {
            key: self.keys[index].into(),
            op: self.ops.as_ref().and_then(|ops| op_of(ops[index])),
            at: self.times.as_ref().map(|times| Duration::from_micros(times[index])),
        }
    }

    /// The bytes of the object that the request at `index` asks for, where the trace says them.
    ///
    /// # Panics
    /// When `index` is not below [`Recording::len`].
    pub fn size(&self, index: u64) -> Option<u32> {
        self.sizes.as_ref().map(|sizes| sizes[index as usize]).filter(|size| *size != NO_SIZE)
    }

    /// How long the entry may live that the request at `index` leaves behind; `None` where it never expires.
    ///
    /// # Panics
    /// When `index` is not below [`Recording::len`].
    pub fn ttl(&self, index: u64) -> Option<Duration> {
        let millis = self.ttls.as_ref().map(|ttls| ttls[index as usize]).filter(|ttl| *ttl != NO_TTL)?;
        Some(Duration::from_millis(millis.into()))
    }

    /// The key of every request, in their order.
    pub fn keys(&self) -> &[u32] {
        &self.keys
    }

    /// Whether any request has a size.
    pub fn has_sizes(&self) -> bool {
        self.sizes.is_some()
    }

    /// Whether any request has a time to live.
    pub fn has_ttls(&self) -> bool {
        self.ttls.is_some()
    }

    /// From the first request to the last; `None` when the trace has no times.
    pub fn span(&self) -> Option<Duration> {
        self.times.as_ref()?.last().map(|micros| Duration::from_micros(*micros))
    }

    /// The number of requests of this kind; 0 for all when the trace has no operations.
    pub fn count(&self, kind: Kind) -> u64 {
        index_of(kind).map_or(0, |index| self.counts[index])
    }

    /// The number of requests whose time was before that of an earlier one, whose time they got instead.
    pub fn late_records(&self) -> u64 {
        self.late_records
    }
}

/// Stands for a size that is not known.
pub(super) const NO_SIZE: u32 = u32::MAX;
/// Stands for a time to live without an end, and for any of more than 49 days.
pub(super) const NO_TTL: u32 = Lifetimes::NONE;

/// The kind that a number of [`Recording::ops`] stands for.
fn op_of(number: u8) -> Option<Kind> {
    Kind::OF_ONE_ROW.get(usize::from(number).checked_sub(1)?).copied()
}

/// Where a kind stands in [`Kind::OF_ONE_ROW`]; `None` for those that no recording holds.
pub(super) fn index_of(kind: Kind) -> Option<usize> {
    Kind::OF_ONE_ROW.iter().position(|other| *other == kind)
}
