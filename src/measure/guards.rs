use std::time::Duration;

use super::Tally;

/// What a guard against stampedes did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardEvent {
    Led,
    Joined,
    StaleServed,
    Shed,
    Polled,
    Acquired,
    Denied,
    LostLock,
    GaveUp,
    RefreshedBehind,
}

impl Tally {
    pub fn guard(&self, _: GuardEvent) {}

    pub fn guard_wait(&self, _: Duration) {}
}
