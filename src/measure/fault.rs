use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ramp, Remap, Unflushed};

/// Something that was done to a server or to a service instance while it was measured. Times are seconds from the
/// start of the measured phase.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FaultRecord {
    /// What was done to what: `kill cache`, `pause database` …
    pub what: String,
    /// When it was due.
    pub at_s: f64,
    /// When it was done; none if the measurement ended before.
    pub began_s: Option<f64>,
    /// When it was over: the server answered again, or went on. None if it stayed, or left nothing to be over.
    pub ended_s: Option<f64>,
    /// What of it did not work, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Acknowledged writes that the database did not have when something was killed or flushed: those that may be lost.
    /// Nothing where writes reach the database before they are acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unflushed: Option<Unflushed>,
    /// Entries that a new node of the cache took over and does not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<MovedEntries>,
    /// What it does to the entries of the cache.
    #[serde(skip)]
    pub effect: Effect,
    /// What a change of the cache's nodes moved, where clients place the keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remap: Option<Remap>,
    /// What it did to callers, and for how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
}

impl FaultRecord {
    /// Whether it befell the way of events, and no server or instance.
    pub fn is_of_events(&self) -> bool {
        self.what.ends_with("events") || self.what.contains("events of instance")
    }
}

/// What a fault does to the entries of the cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effect {
    /// They are there as before, and found.
    #[default]
    None,
    /// All of them are gone.
    Emptied,
    /// A share of them are gone, by their names.
    Thinned,
    /// Those of one node are gone, and for as long as the fault lasts nobody answers there.
    NodeDown(usize),
    /// Those of one node are gone.
    NodeEmptied(usize),
    /// Clients look for some of them on another node.
    Moved,
}

/// How a measurement came back from a fault. Its resolution is a window, a second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recovery {
    /// Of the hit rate; none where there was nothing before to compare with.
    pub hit_rate: Option<Back>,
    /// Of the 99th percentile of the response time, of the kind that had most operations.
    pub p99: Option<Back>,
    /// Of the database's reads per second.
    pub db_reads: Option<Back>,
    /// Operations that failed from the fault until all three were back, or to the end.
    pub errors: u64,
    /// Seconds from the fault to the last of these, where there were any: operations failed until then, no second of it
    /// without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_s: Option<f64>,
    /// Likewise to the last 100 ms of whose reads a hundredth asked the database since the cache did not answer: how long
    /// clients took to find a cache that does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bypassed_s: Option<f64>,
    /// Reads of that time that were stale.
    pub stale_reads: Versus,
    /// Reads of that time that returned less than a read that had completed before they began.
    pub non_monotonic_reads: Versus,
    /// How the hit rate came back to what it was before, if it took entries from the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<Ramp>,
}

/// Entries of a cache that went to a node which began empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MovedEntries {
    /// Names that fell to the new node.
    pub moved: u64,
    /// All names that were there.
    pub of: u64,
}

/// When a metric was back where it had been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Back {
    /// Its mean over the windows before the fault, up to five.
    pub before: f64,
    /// Seconds from the fault until it was back; none if it was not within the measurement.
    pub after_s: Option<f64>,
}

/// A count in the time of a fault, and what as long a time before it had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Versus {
    pub count: f64,
    pub before: f64,
}

impl Versus {
    /// Whether there were more than before, by more than two standard deviations of chance.
    pub fn went_up(&self) -> bool {
        self.count > self.before + 2.0 * self.before.max(1.0).sqrt()
    }
}
