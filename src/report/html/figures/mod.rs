//! What is drawn of a run, one file a part.

mod cold_start;
mod events;
mod faults;
mod freshness;
mod frontier;
mod miss_ratio;
mod nodes;
mod stampede;

use super::chapter::Part;

/// Every part of a page of a run, in the order of the page.
pub static PARTS: &[Part] = &[
    frontier::PART,
    miss_ratio::PART,
    cold_start::PART,
    freshness::PART,
    events::PART,
    stampede::PART,
    faults::PART,
    nodes::PART,
];
