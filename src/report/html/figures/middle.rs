use crate::measure::{CellResult, RepeatResult, Summary};

/// What the repeat in the middle is said to be, for a figure that shows one of several.
pub const SAID: &str = "Of several repeats, it is the one in the middle by its median read.";

/// Every cell that has been measured: its place, which chooses its colour, and its repeat in the middle.
pub fn middles(summary: &Summary) -> Vec<(usize, &CellResult, &RepeatResult)> {
    let cells = summary.cells.iter().enumerate();
    cells.filter_map(|(place, cell)| Some((place, cell, middle(cell)?))).collect()
}

/// The repeat in the middle, by its median read response, else by its throughput; nothing where none counts.
fn middle(cell: &CellResult) -> Option<&RepeatResult> {
    let by = |repeat: &RepeatResult| {
        let first = ["read.response.p50", "multi-read.response.p50", "throughput.achieved"];
        first.iter().find_map(|metric| repeat.metrics.get(metric)).unwrap_or(0.0)
    };
    let mut repeats = cell.measured();
    repeats.sort_by(|one, other| by(one).total_cmp(&by(other)));
    repeats.get(repeats.len().saturating_sub(1) / 2).copied()
}

/// Said where any cell has several repeats.
pub fn said(cells: &[CellResult]) -> &'static str {
    if cells.iter().any(|cell| cell.measured().len() > 1) { SAID } else { "" }
}
