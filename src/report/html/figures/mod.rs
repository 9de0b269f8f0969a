//! What is drawn of a run, one file a part.

mod clocks;
mod latency;
mod middle;
mod over_time;
mod results;
mod throughput;

use super::chapter::Part;

/// Every part of a page of a run, in the order of the page.
pub static PARTS: &[Part] = &[results::PART, latency::PART, clocks::PART, throughput::PART, over_time::PART];
