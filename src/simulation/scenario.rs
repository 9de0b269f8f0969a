use std::sync::Arc;
use std::time::Duration;

use super::Pace;
use crate::model::Kind;
use crate::registry::OptionsError;
use crate::traffic::traces::Recording;

/// A recording, and how it is replayed.
#[derive(Clone)]
pub struct Scenario {
    pub recording: Arc<Recording>,
    pub writes: Writes,
    /// How long every entry lives; without it, as long as the recording says.
    pub ttl: Option<Duration>,
    pub pace: Pace,
    /// Whether a read that misses puts the entry in.
    pub fill_on_miss: bool,
    /// Bytes of an object whose size the recording does not have. Without it, a cache that holds bytes cannot be
    /// simulated where there are such, and one that holds entries counts them as 1 byte.
    pub size_of_unknown: Option<u32>,
}

/// What a request that is no read does to the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// It is a request like any other, and counts as a read.
    AsReads,
    /// It takes the entry away, as cache-aside does.
    Invalidate,
    /// A write puts the entry in, as write-through does; a delete takes it away.
    Put,
}

/// What a request does to the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Read,
    Put,
    Remove,
}

impl Scenario {
    /// Every request a read, which fills on a miss; entries live as the recording says, and time passes as in it or,
    /// where it has no times, at 1,000 requests a second.
    pub fn of(recording: Arc<Recording>) -> Scenario {
        let pace = match recording.span() {
            Some(_) => Pace::Recorded { speed: 1.0 },
            None => Pace::PerSecond(1_000.0),
        };
        let (writes, ttl, fill_on_miss, size_of_unknown) = (Writes::AsReads, None, true, None);
        Scenario { recording, writes, ttl, pace, fill_on_miss, size_of_unknown }
    }

    /// Whether time can pass by its pace.
    ///
    /// # Errors
    /// When it cannot: by a rate or speed of nothing, or as in a recording without times.
    pub fn check_pace(&self) -> Result<(), OptionsError> {
        self.pace.check(&self.recording)
    }

    /// Whether a cache can be simulated by bytes.
    ///
    /// # Errors
    /// When it cannot: there are objects whose size is not known.
    pub fn check_sizes(&self) -> Result<(), OptionsError> {
        let (keys, unknown) = (self.recording.unique_keys(), self.recording.keys_without_size());
        if unknown == 0 || self.size_of_unknown.is_some() {
            return Ok(());
        }
        Err(OptionsError(format!(
            "the trace has no sizes of {unknown} of its {keys} keys; give entries or shares, or one size for all of them"
        )))
    }

    /// Whether any entry may expire.
    pub(super) fn has_ttls(&self) -> bool {
        self.ttl.is_some() || self.recording.has_ttls()
    }

    #[inline]
    pub(super) fn effect(&self, index: u32) -> Effect {
        let kind = match self.writes {
            Writes::AsReads => None,
            _ => self.recording.request(index.into()).op,
        };
        match (kind, self.writes) {
            (None | Some(Kind::Read | Kind::MultiRead), _) => Effect::Read,
            (Some(Kind::Delete), _) | (_, Writes::Invalidate) => Effect::Remove,
            _ => Effect::Put,
        }
    }

    /// Bytes of the object of a key: of one size for all its reads, as a row has.
    #[inline]
    pub(super) fn size(&self, key: u32) -> u32 {
        self.recording.key_size(key.into()).unwrap_or(self.size_of_unknown.unwrap_or(1))
    }

    /// Bytes that the request at `index` puts in.
    pub(super) fn size_put(&self, index: u32, key: u32) -> u32 {
        self.recording.known_size(index.into()).unwrap_or_else(|| self.size(key))
    }

    /// Milliseconds that an entry of the key lives; `None` where it never expires.
    #[inline]
    pub(super) fn life(&self, key: u32) -> Option<u64> {
        let life = self.ttl.or_else(|| self.recording.key_ttl(key.into()))?;
        u64::try_from(life.as_millis()).ok()
    }
}
