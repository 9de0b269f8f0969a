use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Style};

use crate::report::{bytes, per_second, share};
use crate::traffic::traces::stat::{Operations, Popularity, Reuse, Sizes, Stat, Times, Ttls};

/// What a trace is like as an aligned table; what the trace does not hold has no row.
pub fn table(stat: &Stat) -> String {
    let mut rows = vec![row("requests", stat.requests), row("unique keys", stat.unique_keys)];
    rows.extend(popularity(&stat.popularity));
    rows.extend(reuse(&stat.reuse));
    rows.extend(stat.times.iter().flat_map(times));
    rows.extend(stat.sizes.iter().flat_map(sizes));
    rows.extend(stat.operations.iter().flat_map(operations));
    rows.extend(stat.ttls.iter().flat_map(ttls));
    let mut table = Builder::from_iter(rows).build();
    table.with(Style::rounded().remove_horizontals()).modify(Columns::last(), Alignment::right());
    table.to_string()
}

type Row = [String; 2];

fn row(name: impl Into<String>, value: impl ToString) -> Row {
    [name.into(), value.to_string()]
}

fn popularity(it: &Popularity) -> Vec<Row> {
    let wonders = format!("{} ({})", it.one_hit_wonders, share(it.one_hit_wonder_share));
    let mut rows = vec![
        row("keys requested once", wonders),
        row("requests of the hottest 1 % of keys", share(it.top_1_percent_share)),
    ];
    rows.extend(it.zipf_exponent.map(|exponent| row("Zipf exponent", format!("{exponent:.3}"))));
    rows
}

fn reuse(it: &Reuse) -> Vec<Row> {
    let distances = [("p50", it.p50), ("p90", it.p90), ("p99", it.p99), ("max", it.max)];
    let distances = distances.into_iter().filter_map(|(name, keys)| {
        keys.map(|keys| row(format!("reuse distance {name}"), format!("{keys} keys")))
    });
    let lru = it.lru.iter().map(|lru| {
        let name =
            format!("LRU hit rate with {} % of the keys ({} entries)", lru.percent_of_keys, lru.entries);
        row(name, share(lru.hit_rate))
    });
    distances.chain(lru).collect()
}

fn times(it: &Times) -> Vec<Row> {
    let mut rows = vec![row("from first to last request", format!("{} s", it.span_s))];
    rows.extend(it.mean_per_s.map(|mean| row("mean rate", per_second(mean))));
    rows.push(row("busiest second", per_second(it.peak_per_s as f64)));
    if it.late_records > 0 {
        rows.push(row("requests before the one before them", it.late_records));
    }
    rows
}

fn sizes(it: &Sizes) -> Vec<Row> {
    let range = [("min", it.min_bytes), ("p50", it.p50_bytes), ("p99", it.p99_bytes), ("max", it.max_bytes)];
    let mut rows = vec![row("requests with a size", it.requests)];
    rows.extend(range.map(|(name, size)| row(format!("size {name}"), bytes(size.into()))));
    rows.push(row("size of all keys together", bytes(it.unique_bytes as f64)));
    rows
}

fn operations(it: &Operations) -> Vec<Row> {
    let kinds =
        [("reads", it.reads), ("writes", it.writes), ("inserts", it.inserts), ("deletes", it.deletes)];
    let mut rows = kinds.map(|(name, count)| row(name, count)).to_vec();
    rows.extend(it.writes_after_read_share.map(|part| {
        row("writes right after a read of their key", format!("{} ({})", it.writes_after_read, share(part)))
    }));
    rows
}

fn ttls(it: &Ttls) -> Vec<Row> {
    let range = [("min", it.min_s), ("p50", it.p50_s), ("max", it.max_s)];
    let mut rows = vec![row("requests with a TTL", it.requests)];
    rows.extend(range.map(|(name, seconds)| row(format!("TTL {name}"), format!("{seconds} s"))));
    rows
}
