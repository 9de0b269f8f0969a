use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::mitigation::then::{Then, check_stale};
use crate::model::Time;
use crate::registry::OptionsError;

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How long a token is valid.
    pub ttl: Time,
    /// How long after a token no other is given out for the same row.
    pub throttle: Time,
    /// What ends the throttle.
    pub mode: Mode,
    /// How long a deleted entry is kept, to be served to those who get no token.
    pub keep_stale: Time,
    /// The longest wait for the load of another.
    pub wait: Time,
    /// What becomes of who waited that long; a load of its own fills nothing.
    pub then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Its time alone, as in Facebook's memcache.
    Fb,
    /// A fill and a write too: there is one load for each write.
    PerInvalidation,
}

impl Default for Options {
    fn default() -> Options {
        let ten = Time(Duration::from_secs(10));
        Options {
            ttl: ten,
            throttle: ten,
            mode: Mode::PerInvalidation,
            keep_stale: Time::default(),
            wait: Time(Duration::from_millis(500)),
            then: Then::Database,
        }
    }
}

impl Options {
    /// Whether they go together, over entries that live for `ttl`.
    ///
    /// # Errors
    /// When they do not; the message says what to write.
    pub fn check(&self, ttl: Option<Duration>) -> Result<(), OptionsError> {
        if self.mode == Mode::Fb && ttl.is_some_and(|ttl| ttl < self.throttle.0) {
            return Err(OptionsError(format!(
                "lease: in mode fb nobody may fill until the throttle of {} is over, and entries expire before that: \
                 make throttle no longer than cache.ttl, or use mode = \"per-invalidation\"",
                self.throttle
            )));
        }
        // What a write deletes is kept by its own time, whether or not entries have one.
        check_stale(self.keep_stale.0, self.then == Then::Stale, ttl.or(Some(Duration::MAX)))
    }
}
