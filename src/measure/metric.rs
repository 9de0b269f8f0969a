use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Clock, Flushes, GuardEvent, Judgements, LoadSummary, QueryClass, Recorder, TallyCounts};
use crate::model::{Kind, Served};

/// The unit of a metric's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Microseconds.
    Us,
    /// Seconds.
    S,
    /// Operations per second.
    PerS,
    /// How many.
    Count,
    /// A share, from 0 to 1, or a number per operation.
    Ratio,
    Bytes,
}

impl Unit {
    /// What the name of a column ends with where values stand without their units.
    pub fn suffix(self) -> &'static str {
        match self {
            Unit::Us => "_us",
            Unit::S => "_s",
            Unit::PerS => "_per_s",
            Unit::Bytes => "_bytes",
            Unit::Count | Unit::Ratio => "",
        }
    }
}

/// One measured number under its public name.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Metric {
    pub value: f64,
    pub unit: Unit,
}

/// Measured numbers by name, in the order in which they are told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(Vec<(String, Metric)>);

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, metric)| (name, metric)))
    }
}

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Metrics, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Metrics;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("metrics by name")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Metrics, A::Error> {
                let mut metrics = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    metrics.push(entry);
                }
                Ok(Metrics(metrics))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

impl JsonSchema for Metrics {
    fn schema_name() -> Cow<'static, str> {
        "Metrics".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = BTreeMap::<String, Metric>::json_schema(generator);
        schema.insert(
            "description".into(),
            "Measured numbers by name, in the order in which they are told.".into(),
        );
        schema
    }
}

/// The percentiles told of every latency, by name and quantile.
pub const PERCENTILES: &[(&str, f64)] =
    &[("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999)];

/// A percentile of a whole measurement is told only if this many operations lie beyond it: with fewer it is
/// one unlucky operation rather than a property of the system.
const OPERATIONS_BEYOND: f64 = 100.0;

/// A percentile of a window is a sign of life, and is told as soon as there is an operation beyond it.
const OPERATIONS_BEYOND_IN_WINDOW: f64 = 1.0;

impl Metrics {
    /// Adds a metric, which replaces one of the same name; a value that is no number is left out.
    pub fn put(&mut self, name: impl Into<String>, value: f64, unit: Unit) {
        let name = name.into();
        self.0.retain(|(known, _)| *known != name);
        if value.is_finite() {
            self.0.push((name, Metric { value, unit }));
        }
    }

    /// The value under a name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, metric)| metric.value)
    }

    /// Every metric, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Metric)> {
        self.0.iter().map(|(name, metric)| (name.as_str(), *metric))
    }

    fn latency(&mut self, name: &str, histogram: &Histogram<u64>, beyond: f64) {
        let us = |ns: f64| ns / 1_000.0;
        let count = histogram.len() as f64;
        self.put(format!("{name}.mean"), us(histogram.mean()), Unit::Us);
        for &(percentile, quantile) in PERCENTILES {
            if quantile <= 0.5 || count * (1.0 - quantile) >= beyond - 1e-6 {
                let value = histogram.value_at_quantile(quantile) as f64;
                self.put(format!("{name}.{percentile}"), us(value), Unit::Us);
            }
        }
        self.put(format!("{name}.max"), us(histogram.max() as f64), Unit::Us);
    }

    /// Adds the statistics of latencies of a whole measurement, in nanoseconds.
    pub fn put_latency(&mut self, name: &str, histogram: &Histogram<u64>) {
        self.latency(name, histogram, OPERATIONS_BEYOND);
    }

    /// The metrics of a whole measurement.
    pub fn of(recorder: &Recorder, tally: &TallyCounts, elapsed: Duration) -> Metrics {
        Metrics::stretch(recorder, tally, elapsed, OPERATIONS_BEYOND)
    }

    /// The metrics of a window.
    pub fn of_window(recorder: &Recorder, tally: &TallyCounts, elapsed: Duration) -> Metrics {
        Metrics::stretch(recorder, tally, elapsed, OPERATIONS_BEYOND_IN_WINDOW)
    }

    fn stretch(recorder: &Recorder, tally: &TallyCounts, elapsed: Duration, beyond: f64) -> Metrics {
        let mut metrics = Metrics::default();
        let operations = recorder.operations() as f64;
        // Rows asked for: a multi-read counts as many reads as it has keys.
        let reads = (recorder.count(Kind::Read) + recorder.rows_asked()) as f64;
        let hits = (recorder.served(Served::Hit) + recorder.rows_served(Served::Hit)) as f64;
        metrics.put("operations", operations, Unit::Count);
        metrics.put("throughput.achieved", operations / elapsed.as_secs_f64(), Unit::PerS);
        metrics.put("failures", recorder.failures() as f64, Unit::Count);
        metrics.put("failure_rate", recorder.failures() as f64 / operations, Unit::Ratio);
        metrics.put("absent", recorder.absent as f64, Unit::Count);
        metrics.put("corrupt", recorder.corrupt as f64, Unit::Count);
        metrics.put("hit_rate", hits / reads, Unit::Ratio);
        recorder.reads.tell(&mut metrics);
        metrics.judgements(&recorder.judgements, beyond);
        metrics.put("db.queries", tally.queries() as f64, Unit::Count);
        metrics.put("db.reads", tally.query(QueryClass::Load) as f64, Unit::Count);
        let writes = tally.query(QueryClass::Write) + tally.query(QueryClass::Flush);
        metrics.put("db.writes", writes as f64, Unit::Count);
        metrics.put("db.flushes", tally.query(QueryClass::Flush) as f64, Unit::Count);
        metrics.put("db.rows_flushed", tally.rows_flushed as f64, Unit::Count);
        metrics.put("db.queries_per_read", tally.query(QueryClass::Load) as f64 / reads, Unit::Ratio);
        metrics.put("db.queries_per_op", tally.queries() as f64 / operations, Unit::Ratio);
        metrics.put("cache.commands", tally.commands() as f64, Unit::Count);
        metrics.put("cache.commands_per_op", tally.commands() as f64 / operations, Unit::Ratio);
        metrics.put("cache.fills", tally.fills as f64, Unit::Count);
        metrics.put("cache.denied_fills", tally.denied_fills as f64, Unit::Count);
        metrics.put("stale_sets", tally.stale_sets as f64, Unit::Count);
        metrics.put("rejected_sets", tally.rejected_sets as f64, Unit::Count);
        let round_trips = tally.cache_round_trips + tally.queries();
        metrics.put("round_trips_per_op", round_trips as f64 / operations, Unit::Ratio);
        metrics.put("store_errors", tally.all_errors() as f64, Unit::Count);
        for kind in Kind::ALL {
            if recorder.count(kind) > 0 {
                metrics.put(format!("{}.count", kind.name()), recorder.count(kind) as f64, Unit::Count);
            }
            for clock in Clock::ALL {
                if let Some(histogram) = recorder.latency(kind, clock) {
                    metrics.latency(&format!("{}.{}", kind.name(), clock.name()), &histogram, beyond);
                }
            }
        }
        if recorder.count(Kind::Decrement) > 0 {
            metrics.put("decrement.refused", recorder.refused as f64, Unit::Count);
        }
        if recorder.rows_asked() > 0 {
            metrics.put("multi-read.keys", recorder.rows_asked() as f64, Unit::Count);
            for served in Served::ALL {
                let name = format!("multi-read.{}.keys", served.name());
                metrics.put(name, recorder.rows_served(served) as f64, Unit::Count);
            }
        }
        for served in Served::ALL {
            let name = served.name();
            if let Some(histogram) = recorder.served_latency(served, Clock::Response) {
                metrics.put(format!("read.{name}.count"), histogram.len() as f64, Unit::Count);
                metrics.latency(&format!("read.{name}.response"), &histogram, beyond);
            }
            if let Some(histogram) = recorder.served_latency(served, Clock::Service) {
                metrics.latency(&format!("read.{name}.service"), &histogram, beyond);
            }
        }
        for clock in [Clock::Response, Clock::Service] {
            if let Some(histogram) = recorder.stale_latency(clock) {
                metrics.latency(&format!("read.stale.{}", clock.name()), &histogram, beyond);
            }
        }
        if let Some(around) = recorder.around_expiry() {
            metrics.latency("stampede.response", &around.response, beyond);
        }
        metrics.guards(tally);
        let lag = recorder.all(Clock::Lag);
        if !lag.is_empty() {
            metrics.latency("lag", &lag, beyond);
        }
        metrics
    }

    /// Adds how long acknowledged writes waited for the database, and how many went with each row that was flushed.
    pub fn put_flushes(&mut self, flushes: &Flushes, writes: u64, rows: u64) {
        if !flushes.lag.is_empty() {
            self.latency("flush_lag", &flushes.lag, OPERATIONS_BEYOND);
        }
        if !flushes.age.is_empty() {
            self.latency("dirty_age", &flushes.age, OPERATIONS_BEYOND_IN_WINDOW);
        }
        self.put("coalescing", writes as f64 / rows as f64, Unit::Ratio);
    }

    /// What guards against stampedes did, if they did anything.
    fn guards(&mut self, tally: &TallyCounts) {
        if tally.all_guard_events() == 0 {
            return;
        }
        let (led, joined) = (tally.guard(GuardEvent::Led), tally.guard(GuardEvent::Joined));
        // Under a lock or a lease alone, who gets it leads.
        let led = if led > 0 { led } else { tally.guard(GuardEvent::Acquired) };
        self.put("guard.joins", joined as f64, Unit::Count);
        self.put("guard.coalescing", joined as f64 / (joined + led) as f64, Unit::Ratio);
        for (name, event) in [
            ("guard.stale_served", GuardEvent::StaleServed),
            ("guard.shed", GuardEvent::Shed),
            ("guard.lost_locks", GuardEvent::LostLock),
            ("guard.gave_up", GuardEvent::GaveUp),
            ("guard.refreshed_behind", GuardEvent::RefreshedBehind),
        ] {
            self.put(name, tally.guard(event) as f64, Unit::Count);
        }
    }

    /// Adds the waits for somebody else's load, in nanoseconds, and how often each looked for the value.
    pub fn put_guard_waits(&mut self, waits: &Histogram<u64>, polls: u64) {
        if !waits.is_empty() {
            self.latency("guard.wait", waits, OPERATIONS_BEYOND);
            self.put("guard.polls_per_wait", polls as f64 / waits.len() as f64, Unit::Ratio);
        }
    }

    /// Adds what the expiries cost, if there were any.
    pub fn put_loads(&mut self, loads: &LoadSummary) {
        if loads.epochs == 0 {
            return;
        }
        let mut count = |name: &str, value: f64| self.put(format!("stampede.{name}"), value, Unit::Count);
        let whole = |loads: Option<u32>| loads.map_or(f64::NAN, f64::from);
        count("epochs", loads.epochs as f64);
        count("loads_per_expiry.mean", loads.mean());
        count("loads_per_expiry.p50", whole(loads.quantile(0.5)));
        count("loads_per_expiry.p99", whole(loads.quantile(0.99)));
        count("loads_per_expiry.max", whole(loads.max()));
        count("duplicate_loads", loads.duplicates() as f64);
        count("simultaneous_loads.max", f64::from(loads.peak));
        count("hard_misses", loads.hard_misses as f64);
        count("early_refreshes", loads.early_refreshes as f64);
        count("abandoned_loads", loads.abandoned as f64);
        for (name, histogram) in
            [("early_lead", &loads.early_lead), ("first_row", &loads.first_row), ("window", &loads.window)]
        {
            if !histogram.is_empty() {
                self.latency(&format!("stampede.{name}"), histogram, OPERATIONS_BEYOND);
            }
        }
    }

    /// What was found of the rows that were read.
    fn judgements(&mut self, found: &Judgements, beyond: f64) {
        let share = |count: u64, of: u64| count as f64 / of as f64;
        self.put("hit_rate_after_write", share(found.after_write_hits, found.after_write), Unit::Ratio);
        if found.judged == 0 {
            return;
        }
        self.put("stale_reads", found.stale as f64, Unit::Count);
        self.put("stale_rate", share(found.stale, found.judged), Unit::Ratio);
        self.put("non_monotonic_reads", found.non_monotonic as f64, Unit::Count);
        self.put("read_your_writes_violations", found.own_write_missed as f64, Unit::Count);
        self.put("future_reads", found.future as f64, Unit::Count);
        if let Some(ages) = found.ages() {
            self.put("versions_behind.mean", share(found.behind, found.stale), Unit::Count);
            self.put("versions_behind.max", found.most_behind as f64, Unit::Count);
            self.latency("stale_age", ages, beyond);
        }
        if let Some(ages) = found.ages_at_most() {
            self.latency("stale_age_at_most", ages, beyond);
        }
    }

    /// Adds the waits for a database connection and the most statements in flight at once.
    pub fn put_pool(&mut self, waits: &Histogram<u64>, peak: u64) {
        if !waits.is_empty() {
            self.latency("db.pool_wait", waits, OPERATIONS_BEYOND);
        }
        self.put("db.peak_active", peak as f64, Unit::Count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Judgement, Observation, Tally};
    use crate::model::{Moment, Timing};
    #[test]
    fn the_public_names_are_there() {
        let mut recorder = Recorder::default();
        let now = Moment::now();
        let timing = Timing { intended: now, started: now, finished: now + Duration::from_micros(500) };
        let seen = Observation {
            kind: Kind::Read,
            result: Ok(Some(Served::Hit)),
            absent: false,
            refused: false,
            corrupt: false,
        };
        for _ in 0..20_000 {
            recorder.record(seen, timing);
            recorder.judge(&Judgement { after_write: Some(true), ..Judgement::default() }, Some(timing));
        }
        let mut metrics = Metrics::of(&recorder, &Tally::default().counts(), Duration::from_secs(2));
        metrics.put_pool(&crate::measure::latencies::histogram(), 3);
        for name in
            ["read.response.p99", "lag.p99", "throughput.achieved", "db.queries_per_read", "db.peak_active"]
        {
            assert!(metrics.get(name).is_some(), "{name}");
        }
        assert_eq!(metrics.get("hit_rate"), Some(1.0));
        assert_eq!(metrics.get("hit_rate_after_write"), Some(1.0));
        assert_eq!(metrics.get("throughput.achieved"), Some(10_000.0));
        assert_eq!(metrics.get("write.response.p50"), None);
        assert_eq!(metrics.get("read.response.p99.9"), None, "20 operations beyond it are too few");
        assert!((metrics.get("read.response.p50").unwrap() - 500.0).abs() < 1.0);
    }
}
