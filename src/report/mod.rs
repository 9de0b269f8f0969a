//! Report: pure functions of a summary, one file a format.

mod bars;
mod capacity;
mod claim;
mod climb;
mod csv;
mod eviction;
mod faults;
mod files;
mod follows;
mod freshness;
mod hgrm;
mod json;
mod markdown;
mod pressure;
mod quantity;
mod ramps;
mod results;
mod section;
mod sections;
mod sheet;
mod simulation;
mod stampedes;
mod table;
mod timeline;
mod tradeoffs;

pub use files::write;
pub use quantity::{bytes, duration_us, per_second, quantity, share};
pub use simulation::{Ranking, rankings_csv, rankings_json, rankings_table};

use crate::measure::Summary;
use crate::registry::Entry;

/// A way to tell a summary.
pub trait Format: Send + Sync {
    /// The whole report as text.
    fn render(&self, summary: &Summary) -> String;
}

/// Every report format.
pub static FORMATS: &[Entry<dyn Format, ()>] = &[table::ENTRY, markdown::ENTRY, json::ENTRY, csv::ENTRY];
