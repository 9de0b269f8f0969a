use super::{
    Report, Workload, app, at_once, cache, data, database, eviction, expect, fault, freshness, invalidation,
    inventory, nodes, prewarm, replay, tick, traffic,
};
use crate::config::{Cell, Document, Problems};
use crate::strategy;
use crate::traffic::{KEYS, KeyParts};

/// Reports what each setting may be, but not together with the others.
pub fn check(document: &Document, workload: &Workload, problems: &mut Problems) {
    let report = &mut Report::new(document, problems);
    strategy(workload, report);
    for check in [
        app::check,
        invalidation::check,
        data::check,
        traffic::check,
        inventory::check,
        cache::check,
        nodes::check,
        database::check,
        freshness::check,
        fault::check,
        prewarm::check,
        replay::check,
        tick::check,
    ] {
        check(workload, report);
    }
}

fn strategy(workload: &Workload, report: &mut Report) {
    let Workload { strategy, mitigation, .. } = workload;
    let by_itself = strategy::conduct(strategy);
    if let Err(refusal) = &by_itself {
        report.unbuildable("strategy", strategy, refusal);
    }
    let guarded = workload.guards().and_then(|guards| match by_itself {
        Ok(_) => strategy::check_guards(strategy, guards),
        // It would be refused for the same reason once more.
        Err(_) => Ok(()),
    });
    if let Err(refused) = guarded {
        let title = format!("{} with {}: {refused}", strategy.label(), mitigation.label());
        report.wrong("mitigation", title);
    }
}

/// Reports keys that cannot be drawn. Those that cells have in common are tried once: a table of many rows takes a while.
pub fn check_keys(cells: &[(&Document, &Cell)], problems: &mut Problems) {
    let mut tried = Vec::new();
    for (document, cell) in cells {
        let Workload { traffic, data, .. } = &cell.workload;
        // A recording is not looked for before a run; without rows there is nothing to draw from.
        let Some(rows) = data.rows.filter(|_| !traffic.is_trace()) else { continue };
        if tried.contains(&(&traffic.keys, rows)) {
            continue;
        }
        tried.push((&traffic.keys, rows));
        let parts = KeyParts { rows, seed: data.seed, folders: Vec::new() };
        if let Err(refusal) = traffic.keys.build(KEYS, parts) {
            Report::new(document, problems).unbuildable("traffic.keys", &traffic.keys, &refusal);
        }
    }
}

/// Reports what no cell makes use of, and cells that cannot be measured together.
pub fn check_together(document: &Document, workload: &Workload, cells: &[Cell], problems: &mut Problems) {
    let report = &mut Report::new(document, problems);
    expect::check(&workload.expect, cells, report);
    cache::check_together(cells, report);
    traffic::check_together(cells, report);
    inventory::check_together(cells, report);
    at_once::check(workload.compare.at_once, cells, report);
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
