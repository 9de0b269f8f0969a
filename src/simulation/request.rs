use super::Replay;
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

impl Replay {
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

    /// Bytes of the object that the request is about.
    #[inline]
    pub(super) fn size(&self, index: u32) -> u32 {
        self.recording.size(index.into()).unwrap_or(self.size_of_unknown)
    }

    /// Milliseconds that the entry lives which the request puts in; `None` where it never expires.
    #[inline]
    pub(super) fn life(&self, index: u32) -> Option<u64> {
        let life = self.ttl.or_else(|| self.recording.ttl(index.into()))?;
        u64::try_from(life.as_millis()).ok()
    }
}
