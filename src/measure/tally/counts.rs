use std::ops::{Add, Sub};

use super::{Command, GuardEvent, QueryClass};
use crate::model::{Failure, Store};

/// A moment's counts of a [`Tally`](super::Tally), or the difference between two moments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TallyCounts {
    pub(super) commands: [u64; Command::ALL.len()],
    pub(in crate::measure) cache_round_trips: u64,
    pub(super) queries: [u64; QueryClass::ALL.len()],
    pub rows_flushed: u64,
    pub lost_dirty: u64,
    /// Loaded rows that the cache took.
    pub fills: u64,
    /// Loaded rows that the cache refused, or that were taken out of it again.
    pub rejected_sets: u64,
    /// Loaded rows that were not offered to the cache.
    pub denied_fills: u64,
    /// Fills that were stored although a newer version had been acknowledged before they were sent.
    pub stale_sets: u64,
    /// Commands that carried events, which are among no others.
    pub event_commands: u64,
    /// Likewise statements.
    pub event_queries: u64,
    /// Connections that carried events, broke, and were replaced.
    pub event_reconnects: u64,
    pub(super) errors: [[u64; Failure::ALL.len()]; 2],
    pub(super) guards: [u64; GuardEvent::ALL.len()],
}

impl TallyCounts {
    pub fn guard(&self, event: GuardEvent) -> u64 {
        self.guards[event as usize]
    }

    /// Everything that guards against stampedes did.
    pub(in crate::measure) fn all_guard_events(&self) -> u64 {
        self.guards.iter().sum()
    }

    pub fn command(&self, command: Command) -> u64 {
        self.commands[command as usize]
    }

    pub fn commands(&self) -> u64 {
        self.commands.iter().sum()
    }

    pub fn query(&self, class: QueryClass) -> u64 {
        self.queries[class as usize]
    }

    pub fn queries(&self) -> u64 {
        self.queries.iter().sum()
    }

    pub fn errors(&self, store: Store, failure: Failure) -> u64 {
        self.errors[store as usize][failure as usize]
    }

    /// Requests that either store did not serve.
    pub fn all_errors(&self) -> u64 {
        self.errors.as_flattened().iter().sum()
    }

    fn zip(&self, other: &TallyCounts, f: impl Fn(u64, u64) -> u64) -> TallyCounts {
        TallyCounts {
            commands: combine(&self.commands, &other.commands, &f),
            cache_round_trips: f(self.cache_round_trips, other.cache_round_trips),
            queries: combine(&self.queries, &other.queries, &f),
            rows_flushed: f(self.rows_flushed, other.rows_flushed),
            lost_dirty: f(self.lost_dirty, other.lost_dirty),
            fills: f(self.fills, other.fills),
            rejected_sets: f(self.rejected_sets, other.rejected_sets),
            denied_fills: f(self.denied_fills, other.denied_fills),
            stale_sets: f(self.stale_sets, other.stale_sets),
            event_commands: f(self.event_commands, other.event_commands),
            event_queries: f(self.event_queries, other.event_queries),
            event_reconnects: f(self.event_reconnects, other.event_reconnects),
            errors: std::array::from_fn(|store| combine(&self.errors[store], &other.errors[store], &f)),
            guards: combine(&self.guards, &other.guards, &f),
        }
    }
}

fn combine<const N: usize>(a: &[u64; N], b: &[u64; N], f: impl Fn(u64, u64) -> u64) -> [u64; N] {
    std::array::from_fn(|i| f(a[i], b[i]))
}

impl Add for &TallyCounts {
    type Output = TallyCounts;
    fn add(self, other: &TallyCounts) -> TallyCounts {
        self.zip(other, |a, b| a + b)
    }
}

impl Sub for &TallyCounts {
    type Output = TallyCounts;
    fn sub(self, before: &TallyCounts) -> TallyCounts {
        self.zip(before, u64::saturating_sub)
    }
}
