use std::sync::Arc;
use std::time::Duration;

use super::none::Unguarded;
use super::{Expiry, Hit, Lifetime, Loaded, Mitigation, Next, Parts, Request, Source, Wish};
use crate::coherence::Coherence;
use crate::measure::Cause;
use crate::model::{BoxFuture, Key, Lifetimes, UnixClock, Value};
use crate::registry::OptionsError;
use crate::store::Background;

/// The guards of one service instance, in the order given.
#[derive(Clone)]
pub struct Guards {
    guards: Arc<[Arc<dyn Mitigation>]>,
    lifetimes: Lifetimes,
    clock: UnixClock,
    background: Background,
}

impl Guards {
    /// Guards over entries that live for `ttl`, as far as these do not change that.
    pub(super) fn new(guards: Vec<Arc<dyn Mitigation>>, parts: &Parts) -> Guards {
        Guards {
            guards: guards.into(),
            lifetimes: Lifetimes::all(parts.ttl),
            clock: parts.clock.clone(),
            background: parts.background.clone(),
        }
    }

    /// Without guards, over entries that live for `ttl`.
    pub fn none(ttl: Option<Duration>) -> Guards {
        Guards::new(Vec::new(), &Parts::noop(ttl))
    }

    /// The same guards over entries that live for these times, as far as the guards do not change them.
    #[must_use]
    pub fn over(self, lifetimes: Lifetimes) -> Guards {
        Guards { lifetimes, ..self }
    }

    /// How long entries live, but for what guards make of it.
    pub fn lifetimes(&self) -> &Lifetimes {
        &self.lifetimes
    }

    pub fn is_empty(&self) -> bool {
        self.guards.is_empty()
    }

    /// Returns when no guard is loading without a caller.
    pub async fn idle(&self) {
        self.background.idle().await;
    }

    /// Microseconds of Unix time.
    pub fn now_us(&self) -> u64 {
        self.clock.now_us()
    }

    /// What to do about an entry that was found, and why if it is to be loaded.
    pub fn on_hit(&self, key: &Key, value: &Value) -> (Wish, Cause) {
        if self.guards.is_empty() {
            return (Wish::Serve, Cause::Early { lead_us: 0 });
        }
        let hit = Hit { key, value, now_us: self.now_us() };
        let fresh_us = hit.fresh_us().unwrap_or(i64::MAX);
        let wish = self.guards.iter().find_map(|guard| guard.on_hit(&hit));
        let cause = match u64::try_from(fresh_us) {
            Ok(lead_us) if lead_us > 0 => Cause::Early { lead_us },
            _ => Cause::Expired,
        };
        (wish.unwrap_or(if cause == Cause::Expired { Wish::Load } else { Wish::Serve }), cause)
    }

    /// Loads a row through all guards.
    pub fn load(&self, request: Request, source: Arc<dyn Source>) -> BoxFuture<'static, Loaded> {
        Next::new(self.guards.clone(), source).load(request)
    }

    /// The row as it goes into the cache, and how long it is kept there.
    pub fn stamp(&self, key: &Key, mut value: Value) -> (Value, Option<Duration>) {
        let fresh = self.lifetimes.of(key);
        if self.guards.is_empty() {
            return (value, fresh);
        }
        value.load_cost_us = self.clock.load_us(value.load_cost_us);
        let mut life = Lifetime { fresh, ..Lifetime::default() };
        self.guards.iter().for_each(|guard| guard.lifetime(&value, &mut life));
        let Some(fresh) = life.fresh else { return (value, None) };
        if life.stamped || !life.stale.is_zero() {
            value.expires_at_us = self.now_us() + fresh.as_micros() as u64;
        }
        (value, Some(fresh + life.stale))
    }

    /// Whether what one of them does follows from another clock than theirs.
    pub fn is_timed(&self) -> bool {
        self.guards.iter().any(|guard| guard.is_timed())
    }

    /// Whether it is remembered in the cache that a row does not exist.
    pub fn keep_absent(&self) -> bool {
        self.guards.iter().any(|guard| guard.keeps_absent())
    }

    /// A write of this instance has been committed.
    pub fn committed(&self, key: &Key) {
        self.guards.iter().for_each(|guard| guard.committed(key));
    }

    /// The coherence that these guards need.
    ///
    /// # Errors
    /// When one of them does not go together with the one that was chosen.
    pub fn coherence(&self, chosen: Arc<dyn Coherence>) -> Result<Arc<dyn Coherence>, OptionsError> {
        self.guards.iter().try_fold(chosen, |chosen, guard| guard.coherence(chosen))
    }

    /// The loads that one expiry of one key costs, where a closed form is known.
    pub fn loads_per_expiry(&self, expiry: &Expiry) -> Option<f64> {
        match &*self.guards {
            [] => Unguarded.loads_per_expiry(expiry),
            [guard] => guard.loads_per_expiry(expiry),
            _ => None,
        }
    }
}
