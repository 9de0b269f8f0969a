use std::ops::{Add, Sub};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::GuardEvent;
use super::latencies::histogram;
use super::saturation::{Saturation, Waiting};
use crate::model::{Failure, Store, StoreError, nanos};

/// A command sent to the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Get,
    Mget,
    Set,
    Del,
    Evalsha,
}

impl Command {
    pub const ALL: [Command; 5] = [Command::Get, Command::Mget, Command::Set, Command::Del, Command::Evalsha];

    /// The name in the server's own statistics.
    pub fn name(self) -> &'static str {
        match self {
            Command::Get => "get",
            Command::Mget => "mget",
            Command::Set => "set",
            Command::Del => "del",
            Command::Evalsha => "evalsha",
        }
    }
}

/// What a statement sent to the database is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryClass {
    /// Reads rows, for a caller or to fill the cache.
    Load,
    /// Writes, inserts or deletes one row for a caller.
    Write,
    /// Writes back rows that were acknowledged before.
    Flush,
}

impl QueryClass {
    pub const ALL: [QueryClass; 3] = [QueryClass::Load, QueryClass::Write, QueryClass::Flush];

    pub fn name(self) -> &'static str {
        match self {
            QueryClass::Load => "load",
            QueryClass::Write => "write",
            QueryClass::Flush => "flush",
        }
    }
}

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
    errors: [[AtomicU64; Failure::ALL.len()]; 2],
    active: AtomicI64,
    peak_active: AtomicI64,
    pool_wait: Mutex<Histogram<u64>>,
    /// Statements that wait for a connection.
    saturation: Saturation,
    guards: [AtomicU64; GuardEvent::ALL.len()],
    /// In nanoseconds; made with the first.
    guard_waits: Mutex<Option<Box<Histogram<u64>>>>,
    /// In nanoseconds; made with the first.
    flushes: Mutex<Option<Box<Flushes>>>,
}

/// How long acknowledged writes waited for the database, in nanoseconds.
#[derive(Clone, Debug)]
pub struct Flushes {
    /// From the first write of a row since its last flush until it was stored.
    pub lag: Histogram<u64>,
    /// The age of the oldest write that waits, sampled.
    pub age: Histogram<u64>,
}

impl Flushes {
    fn new() -> Box<Flushes> {
        Box::new(Flushes { lag: histogram(), age: histogram() })
    }

    /// Adds what another instance has seen.
    pub fn merge(&mut self, other: &Flushes) {
        // All have the same bounds, so nothing can fall outside.
        let _ = Histogram::add(&mut self.lag, &other.lag);
        let _ = Histogram::add(&mut self.age, &other.age);
    }
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
            waits.get_or_insert_with(|| Box::new(histogram())).saturating_record(nanos(wait));
        }
    }

    /// Takes the waits for somebody else's load since the last call; nothing if there was none.
    pub fn take_guard_waits(&self) -> Option<Box<Histogram<u64>>> {
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
            note(flushes.get_or_insert_with(Flushes::new));
        }
    }

    /// Takes what was noted of flushes since the last call; nothing if there was none.
    pub fn take_flushes(&self) -> Option<Box<Flushes>> {
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

    /// A request that a store did not serve, whether or not the caller noticed.
    pub fn error(&self, error: &StoreError) {
        let store = usize::from(error.store == Store::Database);
        self.errors[store][error.failure as usize].fetch_add(1, Relaxed);
    }

    /// The counts so far.
    pub fn counts(&self) -> TallyCounts {
        let load = |counters: &[AtomicU64]| counters.iter().map(|counter| counter.load(Relaxed)).collect();
        TallyCounts {
            commands: load(&self.commands),
            cache_round_trips: self.cache_round_trips.load(Relaxed),
            queries: load(&self.queries),
            rows_flushed: self.rows_flushed.load(Relaxed),
            lost_dirty: self.lost_dirty.load(Relaxed),
            fills: self.fills.load(Relaxed),
            rejected_sets: self.rejected_sets.load(Relaxed),
            denied_fills: self.denied_fills.load(Relaxed),
            stale_sets: self.stale_sets.load(Relaxed),
            cache_errors: load(&self.errors[0]),
            database_errors: load(&self.errors[1]),
            guards: load(&self.guards),
        }
    }

    /// Takes the waits for a connection, the most statements in flight at once, and how long at least one statement
    /// waited, since the last call.
    pub fn take_pool(&self) -> (Histogram<u64>, u64, Duration) {
        let mut waits = histogram();
        if let Ok(mut current) = self.pool_wait.lock() {
            std::mem::swap(&mut *current, &mut waits);
        }
        let peak = self.peak_active.swap(self.active.load(Relaxed), Relaxed);
        (waits, peak.max(0) as u64, self.saturation.take())
    }
}

/// A statement in flight.
pub struct ActiveQuery<'a>(&'a Tally);

impl Drop for ActiveQuery<'_> {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Relaxed);
    }
}

/// A moment's counts of a [`Tally`], or the difference between two moments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TallyCounts {
    commands: Vec<u64>,
    pub cache_round_trips: u64,
    queries: Vec<u64>,
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
    cache_errors: Vec<u64>,
    database_errors: Vec<u64>,
    #[serde(default)]
    guards: Vec<u64>,
}

impl TallyCounts {
    pub fn guard(&self, event: GuardEvent) -> u64 {
        self.guards.get(event as usize).copied().unwrap_or(0)
    }

    /// Everything that guards against stampedes did.
    pub fn all_guard_events(&self) -> u64 {
        self.guards.iter().sum()
    }

    pub fn command(&self, command: Command) -> u64 {
        self.commands.get(command as usize).copied().unwrap_or(0)
    }

    pub fn commands(&self) -> u64 {
        self.commands.iter().sum()
    }

    pub fn query(&self, class: QueryClass) -> u64 {
        self.queries.get(class as usize).copied().unwrap_or(0)
    }

    pub fn queries(&self) -> u64 {
        self.queries.iter().sum()
    }

    pub fn errors(&self, store: Store, failure: Failure) -> u64 {
        let errors = if store == Store::Cache { &self.cache_errors } else { &self.database_errors };
        errors.get(failure as usize).copied().unwrap_or(0)
    }

    /// Requests that either store did not serve.
    pub fn all_errors(&self) -> u64 {
        self.cache_errors.iter().chain(&self.database_errors).sum()
    }
}

fn combine(a: &[u64], b: &[u64], f: impl Fn(u64, u64) -> u64) -> Vec<u64> {
    let at = |values: &[u64], i: usize| values.get(i).copied().unwrap_or(0);
    (0..a.len().max(b.len())).map(|i| f(at(a, i), at(b, i))).collect()
}

impl TallyCounts {
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
            cache_errors: combine(&self.cache_errors, &other.cache_errors, &f),
            database_errors: combine(&self.database_errors, &other.database_errors, &f),
            guards: combine(&self.guards, &other.guards, &f),
        }
    }
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
        assert_eq!(tally.take_guard_waits().map(|waits| waits.len()), Some(1));
        assert!(tally.take_guard_waits().is_none());
    }

    #[test]
    fn the_peak_counts_statements_in_flight_together() {
        let tally = Tally::default();
        let one = tally.query(QueryClass::Load);
        let two = tally.query(QueryClass::Write);
        drop((one, two));
        drop(tally.query(QueryClass::Load));
        assert_eq!(tally.take_pool().1, 2);
        assert_eq!(tally.take_pool().1, 0);
    }
}
