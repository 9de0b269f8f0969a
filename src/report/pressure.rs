use super::quantity::{amount, bytes, count, duration_us, per_second};
use super::sheet::{Column, sheet, total};
use crate::measure::Summary;

/// What the cache held and gave up under its limit, and what reads felt of it.
pub const MEMORY: &[Column] = &[
    Column::new("max-\nmemory", "cache.maxmemory", bytes),
    Column::new("entries\nheld", "cache.entries", count),
    Column::new("evictions", "cache.evictions_per_s", per_second),
    Column::new("peak", "cache.evictions_per_s.max", per_second),
    Column::new("evicted", "cache.evicted_keys", count),
    Column::seldom("expired", "cache.expired_keys", count),
    Column::new("first\neviction", "cache.first_eviction", duration_us),
    Column::seldom("refused or\nfailed commands", "store_errors", count),
    Column::new("fragmen-\ntation", "cache.fragmentation", amount),
    Column::new("read p99\ncalm", "calm.read.response.p99", duration_us),
    Column::new("read p99\nevicting", "evicting.read.response.p99", duration_us),
];

/// The cache under memory pressure: a header and a row for each cell; nothing where nothing was evicted.
pub fn pressure(summary: &Summary) -> Vec<Vec<String>> {
    if total(summary, "cache.evicted_keys") > 0.0 { sheet(summary, MEMORY) } else { Vec::new() }
}
