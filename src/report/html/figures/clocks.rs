use crate::measure::{CellResult, Summary};
use crate::report::html::chapter::Part;
use crate::report::html::figure::{Axis, Bars, Figure, Group, Panel, Plot, Scale};
use crate::report::html::label::told_label;
use crate::report::quantity::duration_us;

pub const PART: Part = Part {
    id: "clocks",
    title: "Response, service and lag",
    sections: &[],
    lead: "Service is what cache and database took. Lag is how late the generator began an operation. Response is both \
           together: what a user waits from the moment the operation was due. A generator whose lag is a good part of \
           the response measures itself.",
    figures,
};

const CLOCKS: [&str; 3] = ["response", "service", "lag"];
/// Values further apart than this are drawn by powers of ten.
const FAR: f64 = 200.0;

fn figures(summary: &Summary) -> Vec<Figure> {
    let has = |kind: &str| summary.cells.iter().any(|cell| of(cell, kind, "lag", "p50").is_some());
    let has_lag = summary.cells.iter().filter_map(|cell| cell.median("lag.p99")).any(|lag| lag > 0.0);
    let Some(kind) = ["read", "multi-read", "write", "decrement"].into_iter().find(|kind| has(kind)) else {
        return Vec::new();
    };
    if !has_lag {
        return Vec::new();
    }
    let panels: Vec<Panel> = [("p50", "At the median"), ("p99", "One in a hundred is slower")]
        .into_iter()
        .filter_map(|(name, title)| panel(summary, kind, name, title))
        .collect();
    vec![Figure {
        title: format!("Three clocks of a {kind}"),
        description: format!(
            "For each cell the response, the service and the lag of its {kind}s, at the median and at p99; medians over \
             the repeats."
        ),
        panels,
        table: table(summary, kind),
    }]
}

fn panel(summary: &Summary, kind: &str, percentile: &str, title: &str) -> Option<Panel> {
    let group = |cell: &CellResult| {
        let values: Vec<Option<f64>> = CLOCKS.iter().map(|clock| of(cell, kind, clock, percentile)).collect();
        values.iter().any(Option::is_some).then(|| Group { label: told_label(cell), values })
    };
    let groups: Vec<Group> = summary.cells.iter().filter_map(group).collect();
    let values =
        || groups.iter().flat_map(|group| &group.values).flatten().copied().filter(|value| *value > 0.0);
    let least = values().reduce(f64::min)?;
    let scale = if values().any(|value| value > least * FAR) { Scale::Log } else { Scale::Linear };
    let x = Axis { title: percentile.to_owned(), scale, write: duration_us, at_least: None };
    let parts = CLOCKS.map(str::to_owned).to_vec();
    Some(Panel { title: title.into(), plot: Plot::Bars(Bars { x, parts, are_stacked: false, groups }) })
}

fn of(cell: &CellResult, kind: &str, clock: &str, percentile: &str) -> Option<f64> {
    cell.median(&format!("{kind}.{clock}.{percentile}"))
}

fn table(summary: &Summary, kind: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec!["cell".to_owned()]];
    for percentile in ["p50", "p99"] {
        rows[0].extend(CLOCKS.iter().map(|clock| format!("{clock}\n{percentile}")));
    }
    for cell in &summary.cells {
        let mut row = vec![told_label(cell)];
        for percentile in ["p50", "p99"] {
            let told = |clock: &&str| of(cell, kind, clock, percentile).map_or("–".into(), duration_us);
            row.extend(CLOCKS.iter().map(told));
        }
        rows.push(row);
    }
    rows
}
