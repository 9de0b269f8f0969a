use super::fault_marks::fault_marks;
use super::middle::{middles, said};
use crate::measure::{CellResult, FaultRecord, RepeatResult, Summary, Window};
use crate::report::html::chapter::Part;
use crate::report::html::figure::{Axis, Chart, Figure, Panel, Plot, Scale, Series, Shape};
use crate::report::html::label::told_label;
use crate::report::quantity::{duration_us, per_second, share};

pub const PART: Part = Part {
    id: "over-time",
    title: "Over time",
    sections: &[],
    lead: "A second of the measurement after the other. Lines that run level say that the numbers above describe a steady \
           state; a slope says that something still changed.",
    figures,
};

/// One quantity over time.
struct Over {
    title: &'static str,
    axis: &'static str,
    scale: Scale,
    write: fn(f64) -> String,
    of: fn(&Window) -> Option<f64>,
}

const ALL: &[Over] = &[
    Over {
        title: "Hit rate",
        axis: "hits of all reads",
        scale: Scale::Linear,
        write: share,
        of: |one| one.metrics.get("hit_rate"),
    },
    Over {
        title: "Database",
        axis: "statements a second",
        scale: Scale::Linear,
        write: per_second,
        of: |one| Some(one.metrics.get("db.queries")? / one.length_s),
    },
    Over {
        title: "Slow reads",
        axis: "p99 of the response",
        scale: Scale::Log,
        write: duration_us,
        of: |one| one.metrics.get("read.response.p99").or(one.metrics.get("multi-read.response.p99")),
    },
    Over {
        title: "Throughput",
        axis: "operations a second",
        scale: Scale::Linear,
        write: per_second,
        of: |one| one.metrics.get("throughput.achieved"),
    },
];
/// What is shorter at the end of a measurement says little of a second.
const SHORTEST_S: f64 = 0.2;
/// Rows of the table for each cell, at most.
const ROWS: usize = 20;

fn figures(summary: &Summary) -> Vec<Figure> {
    let cells = middles(summary);
    if cells.iter().all(|(_, _, repeat)| windows(repeat).count() < 2) {
        return Vec::new();
    }
    let faults: Vec<(String, &[FaultRecord])> =
        cells.iter().map(|(_, cell, repeat)| (cell.label(), repeat.faults.as_slice())).collect();
    let mut panels = Vec::new();
    for over in ALL {
        let line = |(place, cell, repeat): &(usize, &CellResult, &RepeatResult)| Series {
            name: told_label(cell),
            shape: Shape::Line,
            points: windows(repeat).map(|one| (middle_of(one), (over.of)(one).unwrap_or(f64::NAN))).collect(),
            colour: *place,
        };
        let series: Vec<Series> = cells.iter().map(line).collect();
        let is_told = series.iter().flat_map(|one| &one.points).any(|(_, y)| y.is_finite() && *y != 0.0);
        if is_told {
            let y = Axis {
                title: over.axis.into(),
                scale: over.scale,
                write: over.write,
                at_least: (over.scale == Scale::Linear).then_some((0.0, 0.0)),
            };
            let chart = Chart { x: seconds(), y, series, marks: fault_marks(&faults).0 };
            panels.push(Panel { title: over.title.into(), plot: Plot::Chart(chart) });
        }
    }
    let faulty = fault_marks(&faults).1;
    let description = format!(
        "Each second of the measurement: hits, what the database was asked, the slow end of the reads, and operations. \
         A line for each cell.{faulty} {} Every window is in windows.csv.",
        said(&summary.cells)
    );
    vec![Figure { title: "Second by second".into(), description, panels, table: table(&cells) }]
}

fn windows(repeat: &RepeatResult) -> impl Iterator<Item = &Window> {
    repeat.windows.iter().filter(|window| window.length_s >= SHORTEST_S)
}

fn middle_of(window: &Window) -> f64 {
    window.at_s + window.length_s / 2.0
}

fn seconds() -> Axis {
    let write = |value: f64| if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") };
    Axis { title: "seconds since the start".into(), scale: Scale::Linear, write, at_least: Some((0.0, 0.0)) }
}

/// Some of the seconds of each cell.
fn table(cells: &[(usize, &CellResult, &RepeatResult)]) -> Vec<Vec<String>> {
    let header = ["cell", "second"].into_iter().chain(ALL.iter().map(|over| over.title));
    let mut rows = vec![header.map(str::to_owned).collect::<Vec<_>>()];
    for (_, cell, repeat) in cells {
        let windows: Vec<&Window> = windows(repeat).collect();
        for window in windows.iter().step_by(windows.len().div_ceil(ROWS).max(1)) {
            let mut row = vec![told_label(cell), format!("{:.0}", window.at_s)];
            row.extend(ALL.iter().map(|over| (over.of)(window).map_or("–".into(), over.write)));
            rows.push(row);
        }
    }
    rows
}
