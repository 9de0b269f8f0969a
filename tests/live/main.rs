//! Runs of the built program on real servers, from the workload file to the files of its result.
//!
//! A few share the machine at a time; those about how fast something is have it to themselves.

#![allow(clippy::unwrap_used, reason = "a failed step fails its test")]

mod absent;
mod at_once;
mod bench;
mod capacity;
mod cluster;
#[path = "../clusters/mod.rs"]
mod clusters;
mod comparison;
mod deaths;
mod determinism;
mod durability;
mod eviction;
mod exact;
mod expectations;
mod faults;
mod flush;
mod freshness;
mod guest;
mod guest_nodes;
mod interrupts;
mod invalidation;
mod inventory;
mod load;
mod losses;
#[path = "../machine/mod.rs"]
mod machine;
mod nodes;
mod omission;
mod outcome;
mod pages;
mod partitions;
mod pressure;
mod processes;
mod ramp;
mod recording;
mod replay;
#[path = "../snapshot/mod.rs"]
mod snapshot;
mod strategies;
mod stress;
mod telling;
mod tls;
mod topology;
mod traces;
mod wrong;

use std::time::{Duration, Instant};

/// Polls until `done` answers something, for at most 30 s.
#[track_caller]
fn eventually<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = done() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: still not so after 30 s");
        std::thread::sleep(Duration::from_millis(3));
    }
}
