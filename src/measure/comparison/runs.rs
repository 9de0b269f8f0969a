use super::{Better, Counted, MOST_METRICS, Series, Tallied, counted};
use crate::measure::{CellResult, Summary, names};

/// What one block of a comparison measured: base and head, and base again for the canary.
pub struct Block<'a> {
    /// What the load of all of them was drawn from.
    pub seed: u64,
    pub base: &'a Summary,
    pub head: &'a Summary,
    pub again: Option<&'a Summary>,
}

/// What is gated by time where nothing else is asked for, in the order in which it is taken: the throughput where clients
/// wait for each other, what readers and writers feel, and what misses cost.
const GATED: &[&str] = &[
    "throughput.achieved",
    "read.response.p50",
    "read.response.p99",
    "read.miss.response.p50",
    "write.response.p50",
    "multi-read.response.p50",
];

/// What is called a cell of base beside one of head.
fn label(base: &CellResult, head: &CellResult) -> String {
    let (base, head) = (base.label(), head.label());
    if base == head { base } else { format!("{base} → {head}") }
}

/// The cells of base beside those of head, which stand in the same order.
fn cells(blocks: &[Block]) -> Vec<String> {
    let Some(first) = blocks.first() else { return Vec::new() };
    first.base.cells.iter().zip(&first.head.cells).map(|(base, head)| label(base, head)).collect()
}

/// One number a run and metric, by block. Where no metrics are asked for, the usual ones that every run tells, as many as
/// can be gated together: more of each cell the fewer cells there are.
///
/// In an open load the throughput is what was asked for, and no metric to gate.
pub fn series(blocks: &[Block], metrics: &[String]) -> Vec<Series> {
    let cells = cells(blocks);
    let each = (MOST_METRICS / cells.len().max(1)).max(1);
    let mut all = Vec::new();
    for (index, cell) in cells.iter().enumerate() {
        let of = |metric: &str| {
            let take = |summary: &Summary| summary.cells.get(index)?.median(metric);
            let base: Option<Vec<f64>> = blocks.iter().map(|block| take(block.base)).collect();
            let head: Option<Vec<f64>> = blocks.iter().map(|block| take(block.head)).collect();
            let again: Option<Vec<f64>> = blocks.iter().filter_map(|block| block.again).map(take).collect();
            let (_, unit) = names().into_iter().find(|(name, _)| name == metric)?;
            Some(Series {
                cell: cell.clone(),
                metric: metric.to_owned(),
                unit,
                better: Better::of(metric),
                base: base?,
                head: head?,
                again: again.unwrap_or_default(),
            })
        };
        if metrics.is_empty() {
            let is_scheduled = |block: &Block| {
                block.base.cells.get(index).and_then(|cell| cell.median("throughput.offered")).is_some()
            };
            let is_open = blocks.iter().any(is_scheduled);
            let usual = GATED.iter().filter(|metric| !is_open || !metric.starts_with("throughput."));
            all.extend(usual.filter_map(|metric| of(metric)).take(each));
        } else {
            all.extend(metrics.iter().filter_map(|metric| of(metric)));
        }
    }
    if metrics.is_empty() {
        all.truncate(MOST_METRICS);
    }
    all
}

/// The metrics that were asked for and that not every run tells, each with its cell: nothing can be said of them.
pub fn untold(blocks: &[Block], metrics: &[String]) -> Vec<String> {
    let told = series(blocks, metrics);
    let all =
        cells(blocks).into_iter().flat_map(|cell| metrics.iter().map(move |metric| (cell.clone(), metric)));
    all.filter(|(cell, metric)| !told.iter().any(|one| one.cell == *cell && one.metric == **metric))
        .map(|(cell, metric)| format!("{metric} of {cell}"))
        .collect()
}

/// What is counted under concurrency, over the seeds of the blocks. Base again stays out of it, so that both sides have
/// counted as much.
pub fn counts(blocks: &[Block]) -> Vec<Counted> {
    let mut all: Vec<Counted> = Vec::new();
    for (index, cell) in cells(blocks).iter().enumerate() {
        for block in blocks {
            for (summary, is_base) in [(block.base, true), (block.head, false)] {
                let repeats = summary.cells.get(index).map(CellResult::measured).unwrap_or_default();
                for (metric, law, better, tallied) in
                    repeats.into_iter().flat_map(|repeat| counted(repeat, block.seed))
                {
                    let known = all.iter().position(|one| one.cell == *cell && one.metric == metric);
                    let at = known.unwrap_or_else(|| {
                        let (cell, metric) = (cell.clone(), metric.to_owned());
                        let (base, head) = (Vec::new(), Vec::new());
                        all.push(Counted { cell, metric, better, law, base, head });
                        all.len() - 1
                    });
                    let side: &mut Vec<Tallied> = if is_base { &mut all[at].base } else { &mut all[at].head };
                    side.push(tallied);
                }
            }
        }
    }
    all
}
