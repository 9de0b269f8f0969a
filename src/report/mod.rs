//! Report: pure functions of a summary, one file a format.

mod bars;
mod capacity;
mod claim;
mod climb;
mod comparison;
mod csv;
mod doctor;
mod event_line;
mod events;
mod eviction;
mod exact;
mod expectations;
mod faults;
mod files;
mod fit;
mod fold;
mod follows;
mod freshness;
mod gate;
mod hgrm;
mod html;
mod history;
mod json;
mod markdown;
mod nodes;
mod openmetrics;
mod placement;
mod pressure;
mod quantity;
mod quiet;
mod ramps;
mod recommend;
mod results;
mod section;
mod sections;
mod sheet;
mod shell;
mod simulation;
mod stampedes;
mod sweep;
mod table;
mod timeline;
mod tradeoffs;

pub use bars::bar;
pub use comparison::{
    comparison_csv, comparison_html, comparison_json, comparison_markdown, comparison_table,
};
pub use doctor::{findings_json, findings_table};
pub use event_line::{Place, Told, event_line};
pub use files::write;
pub use fold::prose;
pub use gate::{
    CaseOutcome, GateCase, GateNumber, GateReport, annotations, benchmark, junit, markdown as gate_markdown,
};
pub use history::{history_csv, history_json, history_markdown, history_table};
pub use openmetrics::{OPENMETRICS, Running, openmetrics};
pub use placement::{
    Placements, placements_csv, placements_html, placements_json, placements_markdown, placements_table,
};
pub use quantity::{bytes, duration_us, per_second, quantity, share};
pub use recommend::{
    Recommendation, recommendation_csv, recommendation_json, recommendation_markdown, recommendation_table,
};
pub use shell::quoted;
pub use simulation::{Ranking, rankings_csv, rankings_html, rankings_json, rankings_table};

use crate::measure::Summary;
use crate::registry::Entry;

/// A way to tell a summary.
///
/// A report follows from its summary alone: no clock, no setting and no file takes part, so that `show` tells of an old
/// result what `run` told of it. What was not measured is left out or shown as such, never as 0.
pub trait Format: Send + Sync {
    /// The whole report as text that ends with a newline.
    fn render(&self, summary: &Summary) -> String;
}

/// Every report format.
pub static FORMATS: &[Entry<dyn Format, ()>] =
    &[table::ENTRY, markdown::ENTRY, json::ENTRY, csv::ENTRY, html::ENTRY, quiet::ENTRY];
