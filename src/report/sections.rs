use super::capacity::{capacities, limits};
use super::claim::RULES;
use super::climb::climb;
use super::eviction::rankings;
use super::faults::{RESOLUTION, faults};
use super::freshness::{freshness, writes};
use super::pressure::pressure;
use super::results::results;
use super::section::Section;
use super::tradeoffs::tradeoffs;
use super::{events, exact, nodes, ramps, stampedes, sweep};
use crate::measure::Summary;

/// The tables of a summary that have anything to tell, in their order.
pub fn sections(summary: &Summary) -> Vec<Section> {
    let counted = exact::counts(summary);
    if !counted.is_empty() {
        // How fast one client was in logical time answers no question.
        return vec![Section::new("Exact counts", counted).with(exact::how(summary))];
    }
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
    all.extend(sweep::sections(summary));
    all.extend(rankings(summary));
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
        Section::new("Events", events::carried(summary)).with([events::RULE.into()]),
        Section::new("Near and behind", events::levels(summary)),
        Section::new("Who heard of writes", events::consumers(summary)),
        Section::new("Stampedes", stampedes::loads(summary)),
        Section::new("After an expiry", stampedes::plot(summary)),
        Section::new("Guards", stampedes::guards(summary)),
        Section::new("Faults", faults(summary)).with([RESOLUTION.into()]),
        Section::new("What moved", nodes::remaps(summary)).with([nodes::REPLAY.into()]),
        again,
        Section::new("Nodes", nodes::spread(summary)),
        Section::new("Load of each node", nodes::loads(summary)),
    ]);
    all.retain(|section| !section.rows.is_empty());
    all
}
