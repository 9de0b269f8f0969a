//! What is drawn of a run, one file a part.

mod cold_start;
mod events;
mod fault_marks;
mod faults;
mod freshness;
mod frontier;
mod miss_ratio;
mod nodes;
mod stampede;
mod clocks;
mod latency;
mod middle;
mod over_time;
mod results;
mod throughput;

use super::chapter::Part;

/// Every part of a page of a run, in the order of the page.
pub static PARTS: &[Part] = &[
    results::PART,
    frontier::PART,
    miss_ratio::PART,
    cold_start::PART,
    latency::PART,
    clocks::PART,
    throughput::PART,
    over_time::PART,
    freshness::PART,
    events::PART,
    stampede::PART,
    faults::PART,
    nodes::PART,
];
