use super::Scenario;
use crate::model::Kind;

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
