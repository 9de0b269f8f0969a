use super::faults::by_measurement;
use super::quantity::{amount, count, duration_us, share};
use super::sheet::{Column, sheet};
use crate::measure::{ConsumerRecord, Level, Summary};

/// How the columns of both tables come about.
pub const RULE: &str = "Lag: from the commit until what is older was taken out. Out of sync: while an event was on its way or \
    lost, and what it makes old not beyond its TTL; that of the consumer which had most. Commands and queries: those that \
    carry events, for each write.";

/// Consumers are shown one by one where there are no more than this.
const MOST_ROWS: usize = 48;

/// How the word of writes got round.
const COLUMNS: &[Column] = &[
    Column::new("heard\nper write", "events.per_write", amount),
    Column::new("missed", "events.missed", count),
    Column::seldom("heard\nagain", "events.again", count),
    Column::seldom("dropped", "events.dropped", count),
    Column::seldom("not\npublished", "events.unpublished", count),
    Column::new("lag\np50", "events.lag.p50", duration_us),
    Column::new("lag\np99", "events.lag.p99", duration_us),
    Column::new("lag\nmax", "events.lag.max", duration_us),
    Column::new("longest\nout of sync", "events.longest_out_of_sync", seconds),
    Column::new("keys per\nevent", "events.keys_per_event", amount),
    Column::new("commands\nper write", "events.cache_commands_per_write", amount),
    Column::new("queries\nper write", "events.db_queries_per_write", amount),
];

/// What near caches were good for, and the cache behind them.
const LEVELS: &[Column] = &[
    Column::new("near hit\nrate", "near.hit_rate", share),
    Column::new("hit rate\nof both", "hit_rate", share),
    Column::new("stale reads\nof near", "stale_reads.near", count),
    Column::new("of the\ncache", "stale_reads.cache", count),
    Column::new("near entries\nin the end", "near.entries", count),
    Column::new("of them\nold", "near.divergent", count),
    Column::new("turned away:\ncame late", "near.turned_away", count),
    Column::new("cache entries\noff at the end", "audit.divergent", count),
];

fn seconds(seconds: f64) -> String {
    duration_us(seconds * 1e6)
}

/// How the word of writes got to those who cache the rows: a header and a row for each cell; nothing where nobody did.
pub fn carried(summary: &Summary) -> Vec<Vec<String>> {
    let is_told = summary.cells.iter().any(|cell| cell.median("events.heard").is_some());
    if is_told { sheet(summary, COLUMNS) } else { Vec::new() }
}

/// What near caches held and answered: a header and a row for each cell; nothing where there was none.
pub fn levels(summary: &Summary) -> Vec<Vec<String>> {
    let is_told = summary.cells.iter().any(|cell| cell.median("near.entries").is_some());
    if is_told { sheet(summary, LEVELS) } else { Vec::new() }
}

/// How each consumer learned of writes: a header and a row for each of each measurement; nothing where there are too many.
pub fn consumers(summary: &Summary) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (whose, repeat) in by_measurement(summary, |repeat| !repeat.consumers.is_empty()) {
        rows.extend(repeat.consumers.iter().map(|record| row(&whose, record)));
    }
    if rows.is_empty() || rows.len() > MOST_ROWS {
        return Vec::new();
    }
    let header = [
        "consumer",
        "writes",
        "heard",
        "missed",
        "again",
        "dropped",
        "lag\np50",
        "lag\np99",
        "out of\nsync",
        "longest",
        "recon-\nnected",
        "flushed",
    ];
    rows.insert(0, header.map(str::to_owned).to_vec());
    rows
}

fn row(whose: &str, record: &ConsumerRecord) -> Vec<String> {
    let none = || "–".to_owned();
    let name = match record.level {
        Level::Cache => format!("service {}, cache", record.number),
        Level::Near => format!("instance {}, near", record.number),
    };
    let lag = |us: f64| if us > 0.0 { duration_us(us) } else { none() };
    vec![
        format!("{whose}{name}"),
        record.events.to_string(),
        record.heard.to_string(),
        record.missed.map_or_else(none, |missed| missed.to_string()),
        record.again.to_string(),
        record.dropped.to_string(),
        lag(record.lag_p50_us),
        lag(record.lag_p99_us),
        record.out_of_sync_s.map_or_else(none, seconds),
        record.longest_out_of_sync_s.map_or_else(none, seconds),
        record.reconnects.to_string(),
        record.flushes.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{CellResult, Metrics, RepeatResult, Unit};

    #[test]
    fn who_missed_what_is_told_and_nothing_where_nobody_listens() {
        let record = ConsumerRecord {
            level: Level::Near,
            number: 3,
            events: 10,
            heard: 7,
            missed: Some(3),
            longest_out_of_sync_s: Some(1.5),
            ..ConsumerRecord::default()
        };
        let mut metrics = Metrics::default();
        metrics.put("events.heard", 7.0, Unit::Count);
        metrics.put("events.missed", 3.0, Unit::Count);
        metrics.put("near.entries", 5.0, Unit::Count);
        let repeat = RepeatResult { metrics, consumers: vec![record], ..RepeatResult::default() };
        let cell = CellResult { repeats: vec![repeat], ..CellResult::default() };
        let told = Summary { cells: vec![cell], ..Summary::default() };
        let rows = consumers(&told);
        assert_eq!(
            (&*rows[1][0], &*rows[1][3], &*rows[1][6], &*rows[1][9]),
            ("instance 3, near", "3", "–", "1.50 s")
        );
        assert!(carried(&told)[0].contains(&"missed".to_owned()) && levels(&told).len() == 2);
        let silent = Summary { cells: vec![CellResult::default()], ..Summary::default() };
        assert!(consumers(&silent).is_empty() && carried(&silent).is_empty() && levels(&silent).is_empty());
    }
}
