//! Arrivals of an open loop: a rate over time, and how arrivals are spread under it.

mod burst;
mod pattern;
mod rates;
mod schedule;
mod stages;
mod steps;

pub use burst::Burst;
pub use pattern::Pattern;
pub use rates::Rates;
pub use schedule::{Arrival, Schedule};
pub use stages::Stage;
pub use steps::Steps;
