use std::path::Path;
use std::time::Duration;

use crate::measure::{FaultRecord, Purpose, RepeatResult, Trial, Window};

/// What a measurement is doing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    /// Measuring the harness itself.
    Floor,
    /// Finding the limit under which the cache holds a share of the rows.
    Sizing,
    /// Starting servers.
    Servers,
    /// Filling the database.
    Seeding { rows: u64 },
    /// Filling the cache.
    Preloading,
    /// Loading rows ahead.
    Prewarming { rows: u64 },
    /// Connecting the service instances.
    Connecting,
    /// Load that is not counted.
    Warmup { expected: Option<Duration> },
    /// Load that is.
    Measuring { expected: Option<Duration>, operations: Option<u64> },
    /// Waiting for acknowledged writes to reach the database.
    Draining,
    /// Looking at every row in both stores.
    Auditing,
    /// More of the load, uncounted, and faults at its end.
    Aftermath,
    /// Replaying what was measured through caches in process.
    Simulating,
}

impl Phase {
    pub fn name(&self) -> &'static str {
        match self {
            Phase::Floor => "measuring the harness",
            Phase::Sizing => "sizing the cache",
            Phase::Servers => "starting servers",
            Phase::Seeding { .. } => "seeding",
            Phase::Preloading => "preloading the cache",
            Phase::Prewarming { .. } => "prewarming the cache",
            Phase::Connecting => "connecting",
            Phase::Warmup { .. } => "warm-up",
            Phase::Measuring { .. } => "measuring",
            Phase::Draining => "draining",
            Phase::Auditing => "looking at every row",
            Phase::Aftermath => "faults after the measurement",
            Phase::Simulating => "simulating ideal caches",
        }
    }
}

/// Something that happened in a run, for whoever watches it.
pub enum Event<'a> {
    Cell {
        order: usize,
        total: usize,
        label: &'a str,
        repeat: u32,
        repeats: u32,
    },
    /// A trial of a search for a capacity begins.
    Trial {
        /// The number of its cell, from 1, and of how many.
        cell: usize,
        cells: usize,
        label: &'a str,
        /// Its number, from 1.
        trial: usize,
        rate: f64,
        purpose: Purpose,
    },
    Phase(Phase),
    /// A server of ours is up: what was started, in which folder, and where it is found.
    Server {
        command: &'a str,
        folder: &'a Path,
        url: &'a str,
    },
    /// Rows seeded so far.
    Seeded(u64),
    Window(&'a Window),
    /// A fault has begun or ended.
    Fault(&'a FaultRecord),
    Measured {
        result: &'a RepeatResult,
    },
    /// A trial has ended.
    Tried {
        trial: &'a Trial,
    },
}

/// Watches a run.
///
/// It is told on the thread that closes windows, never on a worker's: whoever takes long over an event makes a window
/// long. Whatever it does, the run goes on.
pub trait Observer {
    fn event(&self, event: &Event);
}
