use crate::measure::{CellResult, RepeatResult};

/// What the repeat in the middle is said to be, for a figure that shows one of several.
pub const SAID: &str = "Of several repeats, it is the one in the middle by its median read.";

/// The repeat in the middle, by its median read response, else by its throughput; nothing where none counts.
pub fn middle(cell: &CellResult) -> Option<&RepeatResult> {
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
