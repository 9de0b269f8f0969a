use super::capacity::{capacities, limits};
use super::claim::RULES;
use super::climb::climb;
use super::eviction::{LEGEND, rankings};
use super::faults::{RESOLUTION, faults};
use super::freshness::{freshness, writes};
use super::pressure::pressure;
use super::results::results;
use super::tradeoffs::tradeoffs;
use super::{ramps, stampedes};
use crate::measure::Summary;

/// A table of a report, with what is said around it.
pub struct Section {
    pub title: String,
    /// The first is the header.
    pub rows: Vec<Vec<String>>,
    /// Whether its cells are texts, to be wrapped; else numbers, to be aligned.
    pub is_text: bool,
    /// What is told of a table, below it.
    pub below: Vec<String>,
    /// By which rules words follow from numbers; for documents.
    pub rules: &'static str,
}

impl Section {
    fn new(title: impl Into<String>, rows: Vec<Vec<String>>) -> Section {
        Section { title: title.into(), rows, is_text: false, below: Vec::new(), rules: "" }
    }

    fn with(self, below: impl IntoIterator<Item = String>) -> Section {
        Section { below: below.into_iter().collect(), ..self }
    }
}

/// The tables of a summary that have anything to tell, in their order.
pub fn sections(summary: &Summary) -> Vec<Section> {
    // A search that found nothing has no measurement to show.
    let is_measured = summary.cells.iter().any(|cell| !cell.repeats.is_empty());
    let has_writes = summary.cells.iter().any(|cell| cell.median("write.response.p50").is_some());
    let shown = |is_shown: bool, rows: fn(&Summary) -> Vec<Vec<String>>| {
        if is_shown { rows(summary) } else { Vec::new() }
    };
    let mut all = vec![
        Section::new("Capacity", capacities(summary)).with(limits(summary)),
        Section::new("Results", shown(is_measured, results)),
    ];
    let mut rankings: Vec<Section> = rankings(summary)
        .into_iter()
        .map(|ranking| Section::new(format!("Eviction, {}", ranking.title), ranking.rows))
        .collect();
    if let Some(last) = rankings.last_mut() {
        last.below.push(LEGEND.into());
    }
    all.extend(rankings);
    let trade_offs = Section::new("Trade-offs", shown(has_writes, tradeoffs));
    let cold = Section::new("Cold start", ramps::cold_starts(summary)).with([ramps::RULE.into()]);
    let again = Section::new("Cold again", ramps::refills(summary)).with([ramps::RULE.into()]);
    all.extend([
        Section::new("Memory pressure", pressure(summary)),
        cold,
        Section::new("The hit rate over time", climb(summary)),
        Section::new("Freshness", freshness(summary)),
        Section::new("Writes", writes(summary)),
        Section { is_text: true, rules: RULES, ..trade_offs },
        Section::new("Stampedes", stampedes::loads(summary)),
        Section::new("After an expiry", stampedes::plot(summary)),
        Section::new("Guards", stampedes::guards(summary)),
        Section::new("Faults", faults(summary)).with([RESOLUTION.into()]),
        again,
    ]);
    all.retain(|section| !section.rows.is_empty());
    all
}
