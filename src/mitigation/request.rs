use std::sync::Arc;

use super::Mitigation;
use crate::coherence::Claim;
use crate::measure::Cause;
use crate::model::{BoxFuture, Failure, Key, Moment, Value};

/// A row that is to be loaded.
#[derive(Clone, Debug)]
pub struct Request {
    pub key: Key,
    pub cause: Cause,
    /// The entry as it was found, if it was: to be served where a guard says so.
    pub at_hand: Option<Value>,
    /// What the reader may fill with; nothing where the cache failed, and is left alone.
    pub claim: Option<Claim>,
    /// Whether the fill has to yield to a newer version in the cache.
    pub fenced: bool,
    /// Whether a caller waits for it.
    pub awaited: bool,
    /// When the look-up began that led to it.
    pub looked_up: Moment,
}

impl Request {
    /// For a caller who found no entry.
    pub fn missing(key: Key, claim: Option<Claim>, looked_up: Moment) -> Request {
        let (cause, at_hand) = (Cause::Missing, None);
        Request { key, cause, at_hand, claim, fenced: false, awaited: true, looked_up }
    }

    /// Whether an entry that is found now serves the caller: it is fresh, and not the one at hand.
    pub fn is_answered_by(&self, found: &Value, now_us: u64) -> bool {
        let is_fresh = found.expires_at_us == 0 || found.expires_at_us > now_us;
        let told = |value: &Value| (value.version, value.expires_at_us);
        is_fresh && self.at_hand.as_ref().is_none_or(|old| told(old) != told(found))
    }

    /// For a caller who found this entry.
    pub fn found(key: Key, value: Value, cause: Cause, looked_up: Moment) -> Request {
        let (at_hand, claim) = (Some(value), Some(Claim::None));
        Request { key, cause, at_hand, claim, fenced: false, awaited: true, looked_up }
    }

    /// Whether the entry at hand is fresh, so that nobody needs to wait for another.
    pub fn is_early(&self) -> bool {
        matches!(self.cause, Cause::Early { .. })
    }

    /// How much is lost if nothing comes of it.
    pub fn need(&self) -> Need {
        match self.at_hand {
            None => Need::Row,
            Some(_) if self.awaited && !self.is_early() => Need::Fresh,
            Some(_) => Need::Nothing,
        }
    }
}

/// What a request needs, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The entry at hand does: it is fresh, or has been served.
    Nothing,
    /// The entry at hand is past its time.
    Fresh,
    /// There is nothing at hand.
    Row,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Loaded {
    /// The row as the database has it, by whomever it was loaded; no value means that there never was such a row.
    Row(Option<Value>),
    /// Nothing was loaded: the caller is to be served what is at hand.
    AtHand,
    Failed(Failure),
}

/// Where rows are loaded from in the end, and the cache filled.
pub trait Source: Send + Sync {
    /// Loads the row and offers it to the cache.
    fn load(self: Arc<Self>, request: Request) -> BoxFuture<'static, Loaded>;
}

/// What stands behind a guard: the next guards, and the database.
#[derive(Clone)]
pub struct Next {
    guards: Arc<[Arc<dyn Mitigation>]>,
    at: usize,
    source: Arc<dyn Source>,
}

impl Next {
    /// All guards, the first one first.
    pub(super) fn new(guards: Arc<[Arc<dyn Mitigation>]>, source: Arc<dyn Source>) -> Next {
        Next { guards, at: 0, source }
    }

    pub fn load(mut self, request: Request) -> BoxFuture<'static, Loaded> {
        match self.guards.get(self.at).cloned() {
            Some(guard) => {
                self.at += 1;
                guard.load(request, self)
            }
            None => self.source.load(request),
        }
    }
}
