use super::{
    Compare, Report, Workload, app, at_once, cache, data, database, eviction, fault, freshness, inventory,
    prewarm, replay, traffic,
};
use crate::config::{Cell, Document, Problems};
use crate::strategy;

/// Reports what each setting may be, but not together with the others.
pub fn check(document: &Document, workload: &Workload, problems: &mut Problems) {
    let report = &mut Report::new(document, problems);
    if let Err(refused) = strategy::check(&workload.strategy) {
        report.wrong("strategy.write-through.coherence", refused.to_string());
    }
    guards(workload, report);
    for check in [
        data::check,
        traffic::check,
        inventory::check,
        cache::check,
        database::check,
        freshness::check,
        fault::check,
        prewarm::check,
        replay::check,
    ] {
        check(workload, report);
    }
}

fn guards(workload: &Workload, report: &mut Report) {
    let checked = workload.guards().and_then(|guards| strategy::check_guards(&workload.strategy, guards));
    if let Err(refused) = checked {
        let title = format!("{} with {}: {refused}", workload.strategy.label(), workload.mitigation.label());
        report.wrong("mitigation", title);
    }
}

/// Reports what no cell makes use of, and cells that cannot be measured together.
pub fn check_together(document: &Document, compare: &Compare, cells: &[Cell], problems: &mut Problems) {
    let report = &mut Report::new(document, problems);
    cache::check_together(cells, report);
    traffic::check_together(cells, report);
    inventory::check_together(cells, report);
    at_once::check(compare.at_once, cells, report);
}

/// What is allowed but probably not meant.
pub fn warnings(cells: &[Cell]) -> Vec<String> {
    let first =
        |warning: fn(&Workload) -> Option<String>| cells.iter().find_map(|cell| warning(&cell.workload));
    let mut warnings: Vec<_> = first(prewarm::warning).into_iter().chain(first(app::warning)).collect();
    warnings.extend(eviction::warnings(cells));
    warnings
}

#[cfg(test)]
mod tests {
    use super::super::tests::refused;

    #[test]
    fn a_coherence_that_a_strategy_cannot_have_is_told_with_its_place() {
        let leased = "name = \"test\"\nstrategy = { write-through = { coherence = \"lease\" } }";
        refused(&[("name = \"test\"", leased, 2, "use `update`, or `compare-and-set` with leave")]);
    }
}
