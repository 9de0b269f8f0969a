use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::mitigation::then::{Then, check_stale};
use crate::model::Time;
use crate::registry::OptionsError;

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How long the lock lasts whose holder does not come back. A load that takes longer is no longer the only one.
    pub ttl: Time,
    /// What those do who do not get the lock.
    pub waiters: Waiters,
    /// The longest wait for the load of another.
    pub wait: Time,
    /// What becomes of who waited that long.
    pub then: Then,
    /// How long entries are kept past their freshness, so that there is something stale to serve.
    pub keep_stale: Time,
    /// Whether a fill yields to a newer version in the cache, so that a holder whose lock has run out undoes nothing.
    pub fenced: bool,
    /// How the lock is given back.
    pub release: Release,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Waiters {
    /// They look for the entry now and then, and for the lock should it be free.
    Poll,
    /// They look when the holder announces that it is done.
    Notify,
    /// They are served the entry past its freshness; if there is none, they poll.
    Stale,
    /// They load as well.
    Database,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Release {
    /// Only if it is still the holder's.
    CompareAndDelete,
    /// Whoever has it by now: the wrong way, which takes the lock from another once one's own has run out. Nothing is
    /// announced.
    Delete,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            ttl: Time(Duration::from_secs(5)),
            waiters: Waiters::Poll,
            wait: Time(Duration::from_millis(500)),
            then: Then::Database,
            keep_stale: Time::default(),
            fenced: true,
            release: Release::CompareAndDelete,
        }
    }
}

impl Options {
    /// Whether they go together, over entries that live for `ttl`.
    ///
    /// # Errors
    /// When they do not; the message says what to write.
    pub fn check(&self, ttl: Option<Duration>) -> Result<(), OptionsError> {
        let stale = self.waiters == Waiters::Stale || self.then == Then::Stale;
        check_stale(self.keep_stale.0, stale, ttl)
    }
}
