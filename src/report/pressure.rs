use super::quantity::{amount, bytes, count, duration_us, per_second};
use super::results::{Column, sheet_without, total};
use crate::measure::Summary;

/// What the cache held and gave up under its limit, and what reads felt of it.
const MEMORY: &[Column] = &[
    Column { header: "max-\nmemory", metric: "cache.maxmemory", write: bytes },
    Column { header: "entries\nheld", metric: "cache.entries", write: count },
    Column { header: "evictions", metric: "cache.evictions_per_s", write: per_second },
    Column { header: "peak", metric: "cache.evictions_per_s.max", write: per_second },
    Column { header: "evicted", metric: "cache.evicted_keys", write: count },
    Column { header: "expired", metric: "cache.expired_keys", write: count },
    Column { header: "first\neviction", metric: "cache.first_eviction", write: duration_us },
    Column { header: "refused or\nfailed commands", metric: "store_errors", write: count },
    Column { header: "fragmen-\ntation", metric: "cache.fragmentation", write: amount },
    Column { header: "read p99\ncalm", metric: "calm.read.response.p99", write: duration_us },
    Column { header: "read p99\nevicting", metric: "evicting.read.response.p99", write: duration_us },
];

/// Those that are left out where all cells have 0 in them.
const SELDOM: &[&str] = &["cache.expired_keys", "store_errors"];

/// The cache under memory pressure: a header and a row for each cell; nothing where nothing was evicted.
pub fn pressure(summary: &Summary) -> Vec<Vec<String>> {
    if total(summary, "cache.evicted_keys") > 0.0 {
        sheet_without(summary, MEMORY, SELDOM)
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::names;

    #[test]
    fn every_column_is_a_metric() {
        let names = names();
        for metric in MEMORY.iter().map(|column| column.metric).chain(SELDOM.iter().copied()) {
            assert!(names.iter().any(|(name, _)| name == metric), "{metric}");
        }
    }
}
