use super::middle::{middles, said};
use crate::measure::{CellResult, PERCENTILES, RepeatResult, Status, Summary};
use crate::report::html::chapter::Part;
use crate::report::html::figure::{Axis, Chart, Figure, Panel, Plot, Scale, Series, Shape};
use crate::report::html::label::told_label;
use crate::report::quantity::{duration_us, share};

pub const PART: Part = Part {
    id: "latency",
    title: "Latency",
    sections: &[],
    lead: "How long operations took from the moment they were due until their answer. A mean hides the few slow ones that \
           users notice, so the whole distribution is shown: at 99 % stands the time that one operation in a hundred \
           exceeds.",
    figures,
};

/// Histograms of a measurement, and how a panel calls their operations.
const KINDS: &[(&str, &str)] = &[
    ("read", "reads"),
    ("read.hit", "reads that hit"),
    ("read.miss", "reads that missed"),
    ("multi-read", "multi-reads"),
    ("write", "writes"),
    ("insert", "inserts"),
    ("delete", "deletes"),
    ("decrement", "decrements"),
];
/// A line of fewer points tells no distribution.
const LEAST: usize = 3;

fn figures(summary: &Summary) -> Vec<Figure> {
    let cells = middles(summary);
    let line = |repeat: &RepeatResult, kind: &str, name: &str, colour: usize| {
        let points = points(repeat, kind);
        (points.len() >= LEAST).then(|| Series { name: name.to_owned(), shape: Shape::Line, points, colour })
    };
    let panel = |title: &str, series: Vec<Series>| Panel {
        title: title.to_owned(),
        plot: Plot::Chart(Chart { x: quantiles(), y: latencies(), series, marks: Vec::new() }),
    };
    let mut panels = Vec::new();
    if let [(_, cell, only)] = cells.as_slice() {
        let series =
            KINDS.iter().enumerate().filter_map(|(place, (kind, name))| line(only, kind, name, place));
        let title = if cell.status() == Status::Valid { String::new() } else { told_label(cell) };
        panels.push(panel(&title, series.collect()));
    } else {
        for (kind, title) in KINDS {
            let series =
                cells.iter().filter_map(|(place, cell, one)| line(one, kind, &told_label(cell), *place));
            panels.push(panel(title, series.collect()));
        }
    }
    panels.retain(|panel| matches!(&panel.plot, Plot::Chart(chart) if !chart.series.is_empty()));
    if panels.is_empty() {
        return Vec::new();
    }
    let description = format!(
        "Response times by percentile, both axes by powers of ten: so many of the operations took no longer. The lower a \
         line and the later it rises, the better. {}",
        said(&summary.cells)
    );
    vec![Figure {
        title: "Response time by percentile".into(),
        description: description.trim().to_owned(),
        panels,
        table: table(&cells),
    }]
}

/// The distribution as it was kept, or of old results what percentiles tell.
fn points(repeat: &RepeatResult, kind: &str) -> Vec<(f64, f64)> {
    let name = format!("{kind}.response");
    if let Some(curve) = repeat.curves.get(&name) {
        return curve.iter().map(|point| (point.quantile, point.us)).collect();
    }
    let told = |(suffix, quantile): &(&str, f64)| {
        Some((*quantile, repeat.metrics.get(&format!("{name}.{suffix}"))?))
    };
    PERCENTILES.iter().chain(&[("max", 1.0)]).filter_map(told).collect()
}

fn quantiles() -> Axis {
    Axis {
        title: "of the operations took no longer".into(),
        scale: Scale::Nines,
        write: share,
        at_least: Some((0.0, 0.99)),
    }
}

fn latencies() -> Axis {
    Axis { title: "response time".into(), scale: Scale::Log, write: duration_us, at_least: None }
}

fn table(cells: &[(usize, &CellResult, &RepeatResult)]) -> Vec<Vec<String>> {
    let names = PERCENTILES.iter().map(|(name, _)| *name).chain(["max"]);
    let header = ["cell", "operations", "how many"].into_iter().chain(names.clone()).map(str::to_owned);
    let mut rows = vec![header.collect::<Vec<_>>()];
    for (_, cell, repeat) in cells {
        for (kind, title) in KINDS {
            let metric = |name: String| repeat.metrics.get(&name);
            let Some(count) = metric(format!("{kind}.count")).filter(|count| *count > 0.0) else { continue };
            let mut row = vec![told_label(cell), (*title).to_owned(), format!("{count:.0}")];
            row.extend(
                names
                    .clone()
                    .map(|name| metric(format!("{kind}.response.{name}")).map_or("–".into(), duration_us)),
            );
            rows.push(row);
        }
    }
    rows
}
