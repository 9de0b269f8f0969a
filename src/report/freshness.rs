use super::quantity::{amount, count, duration_us, share};
use super::results::{Column, sheet_without, total};
use crate::measure::Summary;

/// What was found of the reads, and of the entries in the end.
const READS: &[Column] = &[
    Column { header: "stale\nreads", metric: "stale_rate", write: share },
    Column { header: "stale age\np50", metric: "stale_age.p50", write: duration_us },
    Column { header: "stale age\np99", metric: "stale_age.p99", write: duration_us },
    Column { header: "stale age\nmax", metric: "stale_age.max", write: duration_us },
    Column { header: "versions\nbehind", metric: "versions_behind.max", write: count },
    Column { header: "non-\nmonotonic", metric: "non_monotonic_reads", write: count },
    Column { header: "own write\nmissed", metric: "read_your_writes_violations", write: count },
    Column { header: "stale\nsets", metric: "stale_sets", write: count },
    Column { header: "rejected\nsets", metric: "rejected_sets", write: count },
    Column { header: "keys off\nin the end", metric: "audit.divergent", write: count },
    Column { header: "keys off\nlater", metric: "divergent_keys", write: count },
    Column { header: "fresh\nat once", metric: "fresh_at.0ms", write: share },
    Column { header: "within\n10 ms", metric: "fresh_at.10ms", write: share },
    Column { header: "within\n100 ms", metric: "fresh_at.100ms", write: share },
    Column { header: "within\n1 s", metric: "fresh_at.1s", write: share },
    Column { header: "within\n10 s", metric: "fresh_at.10s", write: share },
];

/// What became of the writes.
const WRITES: &[Column] = &[
    Column { header: "writes\nacknowledged", metric: "acknowledged_writes", write: count },
    Column { header: "indeterminate", metric: "indeterminate_writes", write: count },
    Column { header: "lost\nupdates", metric: "lost_updates", write: count },
    Column { header: "lost\nwrites", metric: "lost_writes", write: count },
    Column { header: "evicted\nunflushed", metric: "lost_dirty", write: count },
    Column { header: "dirty age\np50", metric: "dirty_age.p50", write: duration_us },
    Column { header: "dirty age\nmax", metric: "dirty_age.max", write: duration_us },
    Column { header: "flush lag\np50", metric: "flush_lag.p50", write: duration_us },
    Column { header: "flush lag\nmax", metric: "flush_lag.max", write: duration_us },
    Column { header: "writes per\nflushed row", metric: "coalescing", write: amount },
];

/// Those that are left out where all cells have 0 in them.
const SELDOM: &[&str] = &[
    "versions_behind.max",
    "non_monotonic_reads",
    "read_your_writes_violations",
    "stale_sets",
    "rejected_sets",
    "lost_dirty",
    "audit.divergent",
    "divergent_keys",
];

/// How fresh reads were: a header and a row for each cell; nothing without writes.
pub fn freshness(summary: &Summary) -> Vec<Vec<String>> {
    if total(summary, "acknowledged_writes") + total(summary, "stale_reads") == 0.0 {
        return Vec::new();
    }
    sheet_without(summary, READS, SELDOM)
}

/// What became of the writes, as [`freshness`]; nothing where none was lost and none was put off.
pub fn writes(summary: &Summary) -> Vec<Vec<String>> {
    let lost = ["lost_updates", "lost_writes", "indeterminate_writes"].map(|metric| total(summary, metric));
    let put_off = summary.cells.iter().any(|cell| cell.median("flush_lag.p50").is_some());
    if lost.iter().sum::<f64>() == 0.0 && !put_off {
        Vec::new()
    } else {
        sheet_without(summary, WRITES, SELDOM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::names;

    #[test]
    fn every_column_is_a_metric() {
        let names = names();
        let told = READS.iter().chain(WRITES).map(|column| column.metric);
        for metric in told.chain(SELDOM.iter().copied()) {
            assert!(names.iter().any(|(name, _)| name == metric), "{metric}");
        }
    }
}
