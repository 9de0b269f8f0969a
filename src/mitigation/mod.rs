//! Mitigation: guards against stampedes, the loads that many readers start together when an entry expires.
//!
//! A guard may change how long entries live, ask for a refresh while an entry is still there, and stand between a
//! reader that misses and the database. Guards nest in the order given: the first one is asked first.

mod article_lock;
mod detached;
mod dice;
mod guards;
mod in_flight;
mod jitter;
mod lease;
mod lock;
mod negative;
mod none;
mod pace;
mod refresh_ahead;
mod request;
mod request_budget;
mod single_flight;
mod stack;
mod stale_while_revalidate;
mod then;
mod threshold;
mod xfetch;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use detached::bounded;
use detached::detached;
pub use guards::Guards;
use in_flight::Flight;
pub use request::{Loaded, Need, Next, Request, Source};
pub use stack::Stack;

use crate::coherence::Coherence;
use crate::measure::Tally;
use crate::model::{BoxFuture, Key, UnixClock, Value};
use crate::registry::{Entry, OptionsError};
use crate::store::{Background, Cache, NoopCache, Tasks};

/// A guard against stampedes, as one service instance runs it. Every hook does nothing by default.
///
/// A request that nobody waits for, or whose entry is still fresh, must not be made to wait. What a guard keeps in the cache beside the entries must end by its own TTL, since any call may be dropped at any await
/// and any instance may die.
pub trait Mitigation: Send + Sync {
    /// Changes how long the entry of a row will live.
    fn lifetime(&self, _: &Value, _: &mut Lifetime) {}

    /// What to do about an entry that a reader found; nothing if the next guard is to say. If none says anything, an
    /// entry that is fresh is served, and one that is not is loaded anew.
    fn on_hit(&self, _: &Hit<'_>) -> Option<Wish> {
        None
    }

    /// Answers a reader that needs a load, or a refresh: by `next`, or without it.
    fn load(self: Arc<Self>, request: Request, next: Next) -> BoxFuture<'static, Loaded> {
        next.load(request)
    }

    /// Whether it decides over all instances who loads a row. One such guard is all that a row can have: whoever holds
    /// the one would wait for the other.
    fn decides(&self) -> bool {
        false
    }

    /// Whether it counts on it that loads fill the cache, so that it cannot guard where others do.
    fn needs_fills(&self) -> bool {
        true
    }

    /// Whether it is remembered in the cache that a row does not exist.
    fn keeps_absent(&self) -> bool {
        false
    }

    /// Whether what it does follows from a clock that is not [`Parts::clock`].
    fn is_timed(&self) -> bool {
        false
    }

    /// A write of this instance has been committed, and is not acknowledged yet.
    fn committed(&self, _: &Key) {}

    /// The coherence that the strategy is to use, where the guard has to see the writes.
    ///
    /// # Errors
    /// When the guard does not go together with the coherence that was chosen.
    fn coherence(&self, chosen: Arc<dyn Coherence>) -> Result<Arc<dyn Coherence>, OptionsError> {
        Ok(chosen)
    }

    /// The loads that one expiry of one key costs, where a closed form is known.
    fn loads_per_expiry(&self, _: &Expiry) -> Option<f64> {
        None
    }
}

/// What a mitigation is built from.
#[derive(Clone)]
pub struct Parts {
    pub cache: Arc<dyn Cache>,
    /// How long entries live; without it, until they are evicted or deleted.
    pub ttl: Option<Duration>,
    /// In front of every name in the cache.
    pub prefix: String,
    /// What random numbers follow from.
    pub seed: u64,
    /// The number of the service instance, from 0.
    pub instance: usize,
    pub tally: Arc<Tally>,
    /// For work that has no end of its own.
    pub tasks: Tasks,
    /// For loads that go on without their callers.
    pub background: Background,
    /// What entries live by.
    pub clock: UnixClock,
}

impl Parts {
    /// Over a cache that holds nothing: to try whether something can be built, and for what needs no cache.
    pub fn noop(ttl: Option<Duration>) -> Parts {
        Parts {
            cache: Arc::new(NoopCache),
            ttl,
            prefix: String::new(),
            seed: 0,
            instance: 0,
            tally: Arc::default(),
            tasks: Tasks::default(),
            background: Background::new(Tasks::default()),
            clock: UnixClock::default(),
        }
    }

    /// How long entries live, for a guard called `name` that has no meaning without.
    fn needed_ttl(&self, name: &str) -> Result<Duration, OptionsError> {
        let missing = || OptionsError(format!("{name} needs cache.ttl: without it no entry expires"));
        self.ttl.ok_or_else(missing)
    }
}

/// Whether a factor is one.
fn positive(name: &str, factor: f64) -> Result<(), OptionsError> {
    let told = || OptionsError(format!("{name} must be above 0, it is {factor}"));
    if factor > 0.0 && factor.is_finite() { Ok(()) } else { Err(told()) }
}

/// How long an entry lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifetime {
    /// How long it is fresh; without it, for ever.
    pub fresh: Option<Duration>,
    /// How long it is kept beyond that, to be served when it must.
    pub stale: Duration,
    /// Whether the entry carries the time until which it is fresh; it does if it is kept beyond that.
    pub stamped: bool,
}

/// An entry that a reader found.
pub struct Hit<'a> {
    pub key: &'a Key,
    pub value: &'a Value,
    /// Microseconds of Unix time.
    pub now_us: u64,
}

impl Hit<'_> {
    /// Microseconds for which it is still fresh, below 0 if it has not been for so long; nothing if it does not say.
    pub fn fresh_us(&self) -> Option<i64> {
        let expires = self.value.expires_at_us;
        (expires > 0).then(|| expires.cast_signed().saturating_sub(self.now_us.cast_signed()))
    }
}

/// What is to become of an entry that was found.
pub enum Wish {
    /// It is served.
    Serve,
    /// It is served, and loaded anew behind the caller's back. The flight lasts as long as that takes.
    Behind(Option<Flight>),
    /// It is loaded anew while the caller waits.
    Load,
}

/// What the loads of one expiry depend on.
#[derive(Clone, Copy, Debug)]
pub struct Expiry {
    /// Reads of the key per second, over all instances.
    pub reads_per_s: f64,
    /// Seconds from the look-up that missed until the entry is there again.
    pub load_s: f64,
    pub instances: usize,
    /// Most reads in flight at once.
    pub clients: usize,
}

/// Every mitigation.
pub static MITIGATIONS: &[Entry<dyn Mitigation, Parts>] = &[
    none::ENTRY,
    lock::ENTRY,
    article_lock::ENTRY,
    single_flight::ENTRY,
    lease::ENTRY,
    xfetch::ENTRY,
    threshold::ENTRY,
    stale_while_revalidate::ENTRY,
    refresh_ahead::ENTRY,
    jitter::ENTRY,
    negative::ENTRY,
    request_budget::ENTRY,
];

#[cfg(test)]
mod tests;
