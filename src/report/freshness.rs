use super::quantity::{amount, count, duration_us, share};
use super::sheet::{Column, sheet, total};
use crate::measure::Summary;

/// What was found of the reads, and of the entries in the end.
pub const READS: &[Column] = &[
    Column::new("stale\nreads", "stale_rate", share),
    Column::new("stale age\np50", "stale_age.p50", duration_us),
    Column::new("stale age\np99", "stale_age.p99", duration_us),
    Column::new("stale age\nmax", "stale_age.max", duration_us),
    Column::seldom("versions\nbehind", "versions_behind.max", count),
    Column::seldom("non-\nmonotonic", "non_monotonic_reads", count),
    Column::seldom("own write\nmissed", "read_your_writes_violations", count),
    Column::seldom("stale\nsets", "stale_sets", count),
    Column::seldom("rejected\nsets", "rejected_sets", count),
    Column::seldom("keys off\nin the end", "audit.divergent", count),
    Column::seldom("keys off\nlater", "divergent_keys", count),
    Column::new("fresh\nat once", "fresh_at.0ms", share),
    Column::new("within\n10 ms", "fresh_at.10ms", share),
    Column::new("within\n100 ms", "fresh_at.100ms", share),
    Column::new("within\n1 s", "fresh_at.1s", share),
    Column::new("within\n10 s", "fresh_at.10s", share),
];

/// What became of the writes.
pub const WRITES: &[Column] = &[
    Column::new("writes\nacknowledged", "acknowledged_writes", count),
    Column::new("indeterminate", "indeterminate_writes", count),
    Column::new("lost\nupdates", "lost_updates", count),
    Column::new("lost\nwrites", "lost_writes", count),
    Column::seldom("evicted\nunflushed", "lost_dirty", count),
    Column::new("dirty age\np50", "dirty_age.p50", duration_us),
    Column::new("dirty age\nmax", "dirty_age.max", duration_us),
    Column::new("flush lag\np50", "flush_lag.p50", duration_us),
    Column::new("flush lag\nmax", "flush_lag.max", duration_us),
    Column::new("writes per\nflushed row", "coalescing", amount),
];

/// How fresh reads were: a header and a row for each cell; nothing without writes.
pub fn freshness(summary: &Summary) -> Vec<Vec<String>> {
    if total(summary, "acknowledged_writes") + total(summary, "stale_reads") == 0.0 {
        return Vec::new();
    }
    sheet(summary, READS)
}

/// What became of the writes, as [`freshness`]; nothing where none was lost and none was put off.
pub fn writes(summary: &Summary) -> Vec<Vec<String>> {
    let lost = ["lost_updates", "lost_writes", "indeterminate_writes"].map(|metric| total(summary, metric));
    let put_off = summary.cells.iter().any(|cell| cell.median("flush_lag.p50").is_some());
    if lost.iter().sum::<f64>() == 0.0 && !put_off { Vec::new() } else { sheet(summary, WRITES) }
}
