//! Tally: what one service instance sends to the stores, and what becomes of it.

mod counts;
mod requests;

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

pub use counts::TallyCounts;
use hdrhistogram::Histogram;
pub use requests::{Command, QueryClass};

use super::latencies::histogram;
use super::saturation::{Saturation, Waiting};
use super::{Flushes, GuardEvent, GuardWaits, PoolUse};
use crate::model::{Failure, StoreError, nanos};

/// Everything one service instance sends to the stores, counted where it is sent.
///
/// This is the ground truth of queries and commands; the servers' own counters check it.
#[derive(Debug)]
pub struct Tally {
    commands: [AtomicU64; Command::ALL.len()],
    cache_round_trips: AtomicU64,
    queries: [AtomicU64; QueryClass::ALL.len()],
    rows_flushed: AtomicU64,
    lost_dirty: AtomicU64,
    fills: AtomicU64,
    rejected_sets: AtomicU64,
    denied_fills: AtomicU64,
    stale_sets: AtomicU64,
    event_commands: AtomicU64,
    event_queries: AtomicU64,
    event_reconnects: AtomicU64,
    /// By [`crate::model::Store`] and [`Failure`].
    errors: [[AtomicU64; Failure::ALL.len()]; 2],
    active: AtomicI64,
    peak_active: AtomicI64,
    pool_wait: Mutex<Histogram<u64>>,
    /// Statements that wait for a connection.
    saturation: Saturation,
    guards: [AtomicU64; GuardEvent::ALL.len()],
    /// Made with the first.
    guard_waits: Mutex<Option<GuardWaits>>,
    /// Made with the first.
    flushes: Mutex<Option<Flushes>>,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            commands: Default::default(),
            cache_round_trips: Default::default(),
            queries: Default::default(),
            rows_flushed: Default::default(),
            lost_dirty: Default::default(),
            fills: Default::default(),
            rejected_sets: Default::default(),
            denied_fills: Default::default(),
            stale_sets: Default::default(),
            event_commands: Default::default(),
            event_queries: Default::default(),
            event_reconnects: Default::default(),
            errors: Default::default(),
            active: Default::default(),
            peak_active: Default::default(),
            pool_wait: Mutex::new(histogram()),
            saturation: Saturation::default(),
            guards: Default::default(),
            guard_waits: Mutex::default(),
            flushes: Mutex::default(),
        }
    }
}

impl Tally {
    /// One command in a round trip of its own.
    pub fn command(&self, command: Command) {
        self.commands[command as usize].fetch_add(1, Relaxed);
        self.cache_round_trips.fetch_add(1, Relaxed);
    }

    /// One statement, in flight until the guard is dropped.
    pub fn query(&self, class: QueryClass) -> ActiveQuery<'_> {
        self.queries[class as usize].fetch_add(1, Relaxed);
        let active = self.active.fetch_add(1, Relaxed) + 1;
        self.peak_active.fetch_max(active, Relaxed);
        ActiveQuery(self)
    }

    /// The wait for a database connection before a statement could be sent.
    pub fn pool_wait(&self, wait: Duration) {
        if let Ok(mut histogram) = self.pool_wait.lock() {
            histogram.saturating_record(nanos(wait));
        }
    }

    /// A statement waits for a connection until the guard is dropped.
    pub fn pool_waiting(&self) -> Waiting<'_> {
        self.saturation.wait()
    }

    /// A guard against stampedes did something.
    pub fn guard(&self, event: GuardEvent) {
        self.guards[event as usize].fetch_add(1, Relaxed);
    }

    /// A caller waited so long for somebody else's load.
    pub fn guard_wait(&self, wait: Duration) {
        if let Ok(mut waits) = self.guard_waits.lock() {
            waits.get_or_insert_default().0.saturating_record(nanos(wait));
        }
    }

    /// Takes the waits for somebody else's load since the last call; nothing if there was none.
    pub fn take_guard_waits(&self) -> Option<GuardWaits> {
        self.guard_waits.lock().ok()?.take()
    }

    /// Rows written back by a flush.
    pub fn flushed(&self, rows: u64) {
        self.rows_flushed.fetch_add(rows, Relaxed);
    }

    /// A row was flushed so long after its first write, in microseconds.
    pub fn flush_lag(&self, us: u64) {
        self.flushes(|flushes| flushes.lag.saturating_record(us.saturating_mul(1_000)));
    }

    /// The oldest write that waits for its flush is so old, in microseconds; 0 if none waits.
    pub fn dirty_age(&self, us: u64) {
        self.flushes(|flushes| flushes.age.saturating_record(us.saturating_mul(1_000)));
    }

    fn flushes(&self, note: impl FnOnce(&mut Flushes)) {
        if let Ok(mut flushes) = self.flushes.lock() {
            note(flushes.get_or_insert_default());
        }
    }

    /// Takes what was noted of flushes since the last call; nothing if there was none.
    pub fn take_flushes(&self) -> Option<Flushes> {
        self.flushes.lock().ok()?.take()
    }

    /// Acknowledged writes whose value was gone from the cache before it was flushed.
    pub fn lost_dirty(&self, rows: u64) {
        self.lost_dirty.fetch_add(rows, Relaxed);
    }

    /// A loaded row that was offered to the cache, and whether the cache has it now.
    pub fn fill(&self, stored: bool) {
        let counter = if stored { &self.fills } else { &self.rejected_sets };
        counter.fetch_add(1, Relaxed);
    }

    /// A loaded row that was not offered to the cache, since another caller was about to fill.
    pub fn denied_fill(&self) {
        self.denied_fills.fetch_add(1, Relaxed);
    }

    /// A fill was stored although a newer version had been acknowledged before it was sent.
    pub fn stale_set(&self) {
        self.stale_sets.fetch_add(1, Relaxed);
    }

    /// A command that carries events rather than rows, over a connection of its own.
    pub fn event_command(&self) {
        self.event_commands.fetch_add(1, Relaxed);
    }

    /// A statement that carries events rather than rows, over a connection of its own.
    pub fn event_query(&self) {
        self.event_queries.fetch_add(1, Relaxed);
    }

    /// A connection that carried events broke, and was replaced.
    pub fn event_reconnect(&self) {
        self.event_reconnects.fetch_add(1, Relaxed);
    }

    /// A request that a store did not serve, whether or not the caller noticed.
    pub fn error(&self, error: &StoreError) {
        self.errors[error.store as usize][error.failure as usize].fetch_add(1, Relaxed);
    }

    /// The counts so far.
    pub fn counts(&self) -> TallyCounts {
        TallyCounts {
            commands: all(&self.commands),
            cache_round_trips: self.cache_round_trips.load(Relaxed),
            queries: all(&self.queries),
            rows_flushed: self.rows_flushed.load(Relaxed),
            lost_dirty: self.lost_dirty.load(Relaxed),
            fills: self.fills.load(Relaxed),
            rejected_sets: self.rejected_sets.load(Relaxed),
            denied_fills: self.denied_fills.load(Relaxed),
            stale_sets: self.stale_sets.load(Relaxed),
            event_commands: self.event_commands.load(Relaxed),
            event_queries: self.event_queries.load(Relaxed),
            event_reconnects: self.event_reconnects.load(Relaxed),
            errors: self.errors.each_ref().map(all),
            guards: all(&self.guards),
        }
    }

    /// Takes how statements came by their connections since the last call.
    pub fn take_pool(&self) -> PoolUse {
        let mut waits = histogram();
        if let Ok(mut current) = self.pool_wait.lock() {
            std::mem::swap(&mut *current, &mut waits);
        }
        let peak = self.peak_active.swap(self.active.load(Relaxed), Relaxed);
        PoolUse { waits, peak_active: peak.max(0) as u64, saturated: self.saturation.take() }
    }
}

fn all<const N: usize>(counters: &[AtomicU64; N]) -> [u64; N] {
    counters.each_ref().map(|counter| counter.load(Relaxed))
}

/// A statement in flight.
pub struct ActiveQuery<'a>(&'a Tally);

impl Drop for ActiveQuery<'_> {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_holds_what_came_between() {
        let tally = Tally::default();
        tally.command(Command::Get);
        let before = tally.counts();
        tally.command(Command::Get);
        tally.command(Command::Set);
        drop(tally.query(QueryClass::Load));
        let between = &tally.counts() - &before;
        assert_eq!((between.command(Command::Get), between.commands(), between.queries()), (1, 2, 1));
    }

    #[test]
    fn what_guards_did_is_counted_by_event_and_waits_are_taken_once() {
        let tally = Tally::default();
        let before = tally.counts();
        for _ in 0..3 {
            tally.guard(GuardEvent::Joined);
        }
        tally.guard(GuardEvent::RefreshedBehind);
        tally.guard_wait(Duration::from_millis(2));
        let between = &tally.counts() - &before;
        let counts = GuardEvent::ALL.map(|event| between.guard(event));
        assert_eq!(counts, [0, 3, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(tally.take_guard_waits().map(|waits| waits.0.len()), Some(1));
        assert!(tally.take_guard_waits().is_none());
    }

    #[test]
    fn the_peak_counts_statements_in_flight_together() {
        let tally = Tally::default();
        let one = tally.query(QueryClass::Load);
        let two = tally.query(QueryClass::Write);
        drop((one, two));
        drop(tally.query(QueryClass::Load));
        assert_eq!(tally.take_pool().peak_active, 2);
        assert_eq!(tally.take_pool().peak_active, 0);
    }
}
