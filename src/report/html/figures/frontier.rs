use serde_json::Value as Json;

use crate::measure::{CellResult, CellSetting, Criterion, Row, Summary, Sweep, Unit, front, names};
use crate::model::Time;
use crate::report::html::chapter::Part;
use crate::report::html::figure::{Axis, Chart, Figure, Mark, Plot, Scale, Series, Shape};
use crate::report::html::label::{told_label, told_name};
use crate::report::html::sketch::{
    Frame, Line, MEASURED, alone, axis, axis_over, cells, columns, extremes, number, panels, points, seconds,
    told,
};
use crate::report::quantity::{amount, bytes, count, duration_us, per_second, share};

pub const PART: Part = Part {
    id: "sweep",
    title: "Over the steps",
    // Their titles go on with what was swept over.
    sections: &["Over", "Along"],
    lead: "One setting was measured at several steps, everything else alike. What it buys and what it costs go against \
           each other; theory, where there is a closed form, is computed from the measured rates of requests.",
    figures,
};

/// More rows of steps than these are drawn without what is chosen of them.
const MARKED: usize = 2;
/// Values that lie so many times apart are drawn by their powers of ten.
const WIDE: f64 = 20.0;

/// What is drawn whatever a sweep asks for: title, metric, and the metric of its theory, if any.
const USUAL: [(&str, &str); 4] = [
    ("Hit rate", "hit_rate"),
    ("Database queries for each read", "db.queries_per_read"),
    ("Stale reads", "stale_rate"),
    ("Age of stale reads, median", "stale_age.p50"),
];

fn figures(summary: &Summary) -> Vec<Figure> {
    let Some(sweep) = &summary.sweep else { return Vec::new() };
    let rows = sweep.rows(&summary.cells);
    let mut metrics: Vec<(String, String)> =
        USUAL.map(|(title, metric)| (title.to_owned(), metric.to_owned())).to_vec();
    let asked = sweep.tolerate.iter().map(|one| &one.metric).chain([&sweep.minimise]);
    for metric in asked {
        if !metrics.iter().any(|(_, known)| known == metric) {
            metrics.push((metric.clone(), metric.clone()));
        }
    }
    let over = Over::of(summary, sweep, &rows);
    let mut figures: Vec<Figure> = metrics
        .iter()
        .filter_map(|(title, metric)| match &over {
            Some(over) => along(summary, sweep, &rows, over, (title, metric)),
            None => {
                let parts = [(MEASURED, metric.as_str()), ("theory", &format!("{metric}.theory"))];
                cells(summary, title, axis(title.as_str(), Scale::Linear, writer(metric)), &parts)
            }
        })
        .collect();
    figures.extend(frontier(summary, sweep, &rows));
    figures
}

/// The steps as numbers on an axis.
struct Over {
    /// By cell.
    places: Vec<f64>,
    scale: Scale,
    write: fn(f64) -> String,
}

impl Over {
    /// Nothing where steps are no numbers, or numbers of different kinds.
    fn of(summary: &Summary, sweep: &Sweep, rows: &[Row]) -> Option<Over> {
        let setting = |cell: &'_ CellResult| -> Option<CellSetting> {
            cell.settings.iter().find(|setting| setting.path == sweep.path()).cloned()
        };
        let read = |read: fn(&Json) -> Option<f64>| -> Option<Vec<f64>> {
            summary.cells.iter().map(|cell| read(&setting(cell)?.value)).collect()
        };
        let numbers = read(|value| value.as_f64());
        let times = || {
            read(|value| Some(value.as_str()?.parse::<Time>().ok()?.0.as_secs_f64() * 1e6))
                .map(|places| (places, duration_us as fn(f64) -> String))
        };
        let (places, write) = numbers.map(|places| (places, number as fn(f64) -> String)).or_else(times)?;
        let is_line = rows.iter().any(|row| row.cells.len() > 1);
        is_line.then(|| Over { scale: scale(&places), places, write })
    }

    fn axis(&self, sweep: &Sweep) -> Axis {
        axis(sweep.path(), self.scale, self.write)
    }
}

/// By powers of ten where values lie far apart and none is 0.
fn scale(values: &[f64]) -> Scale {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    if least > 0.0 && most / least >= WIDE { Scale::Log } else { Scale::Linear }
}

fn unit(metric: &str) -> Option<Unit> {
    names().into_iter().find_map(|(name, unit)| (name == metric).then_some(unit))
}

/// How values of a metric are written.
fn writer(metric: &str) -> fn(f64) -> String {
    match unit(metric) {
        Some(Unit::Us) => duration_us,
        Some(Unit::S) => seconds,
        Some(Unit::PerS) => per_second,
        // Numbers per operation may be below 1 and are no shares all the same.
        Some(Unit::Ratio) if metric.contains("_per_") => amount,
        Some(Unit::Ratio) => share,
        Some(Unit::Bytes) => bytes,
        Some(Unit::Count) | None => count,
    }
}

/// A metric over the steps, a line for each row of them; nothing where it was not measured, or is 0 everywhere.
fn along(
    summary: &Summary,
    sweep: &Sweep,
    rows: &[Row],
    over: &Over,
    (title, metric): (&str, &str),
) -> Option<Figure> {
    let write = writer(metric);
    let line = |row: &Row| {
        let of = |metric: &str| -> Vec<(f64, f64)> {
            let value = |index: &usize| Some((over.places[*index], summary.cells[*index].median(metric)?));
            let mut points: Vec<(f64, f64)> = row.cells.iter().filter_map(value).collect();
            points.sort_by(|one, other| one.0.total_cmp(&other.0));
            points
        };
        let label = sweep.label(row);
        Line {
            name: if label.is_empty() { MEASURED.into() } else { label },
            points: of(metric),
            reference: of(&format!("{metric}.theory")),
        }
    };
    let mut lines: Vec<Line> = rows.iter().map(line).collect();
    lines.retain(|line| !line.points.is_empty());
    let values: Vec<f64> = lines.iter().flat_map(|line| &line.points).map(|point| point.1).collect();
    if !values.iter().any(|value| *value > 0.0) {
        return None;
    }
    let y_scale = if unit(metric) == Some(Unit::Us) { scale(&values) } else { Scale::Linear };
    let frame = Frame {
        axes: &|| {
            let y = match y_scale {
                Scale::Linear => axis_over(title, y_scale, write, (0.0, 0.0)),
                _ => axis(title, y_scale, write),
            };
            [over.axis(sweep), y]
        },
        marks: &|| chosen(summary, sweep, rows, over),
        shape: Shape::Line,
        reference: "theory",
    };
    let step = |cell: &CellResult| Some((told_name(sweep.step(cell).to_owned(), cell), cell.median(metric)?));
    let steps: Vec<(String, f64)> = summary.cells.iter().filter_map(step).collect();
    let steps: Vec<(&str, f64)> = steps.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    Some(Figure {
        title: format!("{title} over {}", sweep.path()),
        description: format!("{} {}", extremes(&steps, write), told_choice(summary, sweep, rows)),
        panels: panels(&lines, &frame),
        table: points((sweep.path(), over.write), write, &columns(&lines, "theory")),
    })
}

/// The best step of a row, by its place among all cells.
fn best(summary: &Summary, sweep: &Sweep, row: &Row) -> Option<usize> {
    sweep.demands().pick(&summary.cells, &row.cells).met.first().copied()
}

/// The steps that are to be chosen, on the axis.
fn chosen(summary: &Summary, sweep: &Sweep, rows: &[Row], over: &Over) -> Vec<Mark> {
    if rows.len() > MARKED {
        return Vec::new();
    }
    let mark = |row: &Row| {
        let label = sweep.label(row);
        let label = if label.is_empty() { "chosen".to_owned() } else { format!("chosen, {label}") };
        Some(Mark { from: over.places[best(summary, sweep, row)?], until: None, label })
    };
    rows.iter().filter_map(mark).collect()
}

fn told_choice(summary: &Summary, sweep: &Sweep, rows: &[Row]) -> String {
    let told = |row: &Row| {
        let step = sweep.step(&summary.cells[best(summary, sweep, row)?]).to_owned();
        let label = sweep.label(row);
        Some(if label.is_empty() { step } else { format!("{step} ({label})") })
    };
    let all: Vec<String> = rows.iter().filter_map(told).collect();
    if all.is_empty() { "No step is chosen.".into() } else { format!("Chosen: {}.", all.join(", ")) }
}

/// Stale reads against database queries: where one can be had only for more of the other.
fn frontier(summary: &Summary, sweep: &Sweep, rows: &[Row]) -> Option<Figure> {
    let (x, y) = ("stale_rate", "db.queries_per_read");
    let point = |cell: &CellResult| Some((cell.median(x)?, cell.median(y)?));
    let told_cells: Vec<usize> =
        (0..summary.cells.len()).filter(|&index| point(&summary.cells[index]).is_some()).collect();
    let at = |cells: &[usize]| -> Vec<(f64, f64)> {
        let mut points: Vec<(f64, f64)> =
            cells.iter().filter_map(|&index| point(&summary.cells[index])).collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        points
    };
    let all = at(&told_cells);
    if all.len() < 2 || all.iter().all(|(stale, _)| *stale == 0.0) {
        return None;
    }
    let criteria = [Criterion::least(x), Criterion::least(y)];
    let unbeaten = front(&criteria.iter().collect::<Vec<_>>(), &summary.cells, &told_cells);
    let best: Vec<usize> = rows.iter().filter_map(|row| best(summary, sweep, row)).collect();
    let series = |name: &str, shape, cells: &[usize], colour| Series {
        name: name.to_owned(),
        shape,
        points: at(cells),
        colour,
    };
    let mut drawn = vec![
        series("steps", Shape::Points, &told_cells, 0),
        series("none is better in both", Shape::Line, &unbeaten, 1),
        series("chosen", Shape::Points, &best, 2),
    ];
    drawn.retain(|series| !series.points.is_empty());
    let stale: Vec<f64> = all.iter().map(|point| point.0).collect();
    let chart = Chart {
        x: axis("stale reads", scale(&stale), share),
        y: axis_over("database queries for each read", Scale::Linear, amount, (0.0, 0.0)),
        series: drawn,
        marks: Vec::new(),
    };
    let mut table =
        vec![["step", "stale reads", "queries for each read", "", ""].map(str::to_owned).to_vec()];
    table.extend(told_cells.iter().map(|index| {
        let cell = &summary.cells[*index];
        let word =
            |cells: &[usize], word: &str| if cells.contains(index) { word.to_owned() } else { String::new() };
        let (stale, queries) = (told(cell.median(x), share), told(cell.median(y), amount));
        vec![
            told_label(cell),
            stale,
            queries,
            word(&unbeaten, "none is better in both"),
            word(&best, "chosen"),
        ]
    }));
    let named: Vec<String> = unbeaten.iter().map(|index| told_label(&summary.cells[*index])).collect();
    Some(Figure {
        title: "Stale reads against database queries".into(),
        description: format!(
            "Each point is a step; the nearer to the lower left, the better. No other step has both fewer stale reads and \
             fewer queries than: {}. {}",
            named.join(", "),
            told_choice(summary, sweep, rows)
        ),
        panels: alone(Plot::Chart(chart)),
        table,
    })
}

#[cfg(test)]
mod tests;
