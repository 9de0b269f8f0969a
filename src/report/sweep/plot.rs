use crate::measure::{Row, Summary, Sweep};
use crate::report::bars::bar;

/// Characters of a step in a plot, and most rows of steps in it.
const WIDTH: usize = 4;
const PLOTTED: usize = 3;

/// Hits and stale reads over the steps as bars, measured above theory.
pub fn plot(summary: &Summary, sweep: &Sweep, rows: &[Row]) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    for row in rows.iter().filter(|row| row.cells.len() > 2).take(PLOTTED) {
        for metric in ["hit_rate", "hit_rate.theory", "stale_rate", "stale_rate.theory"] {
            let values: Vec<Option<f64>> =
                row.cells.iter().map(|index| summary.cells[*index].median(metric)).collect();
            if values.iter().flatten().all(|value| *value == 0.0) {
                continue;
            }
            let bars = values.iter().map(|value| value.map_or(' ', |value| bar(value, value)));
            let plotted: String = bars.flat_map(|bar| [bar; WIDTH]).collect();
            let label = [sweep.label(row), metric.replace(".theory", ", theory")];
            lines.push(vec![label.join(" ").trim().to_owned(), plotted]);
        }
    }
    let ends = |row: &Row| {
        Some([*row.cells.first()?, *row.cells.last()?].map(|index| sweep.step(&summary.cells[index])))
    };
    if let Some([first, last]) = rows.first().and_then(ends)
        && !lines.is_empty()
    {
        lines.insert(0, vec![String::new(), format!("{first} to {last},\nfrom none to all reads")]);
    }
    lines
}
