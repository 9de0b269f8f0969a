use std::time::Duration;

use super::metric::{OPERATIONS_BEYOND, OPERATIONS_BEYOND_IN_WINDOW};
use super::{Clock, Metrics, QueryClass, Recorder, TallyCounts, Unit};
use crate::model::{Kind, Served};

impl Metrics {
    /// The metrics of a whole measurement.
    pub fn of(recorder: &Recorder, sent: &TallyCounts, elapsed: Duration) -> Metrics {
        stretch(recorder, sent, elapsed, OPERATIONS_BEYOND)
    }

    /// The metrics of a window.
    pub(super) fn of_window(recorder: &Recorder, sent: &TallyCounts, elapsed: Duration) -> Metrics {
        stretch(recorder, sent, elapsed, OPERATIONS_BEYOND_IN_WINDOW)
    }
}

/// The metrics of a stretch of time, in the order in which they are told.
fn stretch(recorder: &Recorder, sent: &TallyCounts, elapsed: Duration, beyond: f64) -> Metrics {
    let mut metrics = Metrics::default();
    put_operations(&mut metrics, recorder, elapsed);
    recorder.reads.tell(&mut metrics);
    recorder.judgements.tell(&mut metrics, beyond);
    put_requests(&mut metrics, recorder, sent);
    put_kinds(&mut metrics, recorder, beyond);
    put_served(&mut metrics, recorder, beyond);
    if let Some(around) = recorder.around_expiry() {
        metrics.put_latency_beyond("stampede.response", &around.response, beyond);
    }
    sent.tell_guards(&mut metrics);
    let lag = recorder.all(Clock::Lag);
    if !lag.is_empty() {
        metrics.put_latency_beyond("lag", &lag, beyond);
    }
    metrics
}

/// Rows asked for: a multi-read counts as many reads as it has keys.
fn reads(recorder: &Recorder) -> f64 {
    (recorder.count(Kind::Read) + recorder.rows_asked()) as f64
}

fn put_operations(metrics: &mut Metrics, recorder: &Recorder, elapsed: Duration) {
    let operations = recorder.operations() as f64;
    let served = |served| (recorder.served(served) + recorder.rows_served(served)) as f64;
    let near = served(Served::Near);
    metrics.put("operations", operations, Unit::Count);
    metrics.put("throughput.achieved", operations / elapsed.as_secs_f64(), Unit::PerS);
    metrics.put("failures", recorder.failures() as f64, Unit::Count);
    metrics.put("failure_rate", recorder.failures() as f64 / operations, Unit::Ratio);
    metrics.put("absent", recorder.absent as f64, Unit::Count);
    metrics.put("corrupt", recorder.corrupt as f64, Unit::Count);
    metrics.put("hit_rate", (near + served(Served::Hit)) / reads(recorder), Unit::Ratio);
    if near > 0.0 {
        metrics.put("near.hit_rate", near / reads(recorder), Unit::Ratio);
    }
}

/// What was sent to the stores, altogether and for each operation.
fn put_requests(metrics: &mut Metrics, recorder: &Recorder, sent: &TallyCounts) {
    let (operations, reads) = (recorder.operations() as f64, reads(recorder));
    metrics.put("db.queries", sent.queries() as f64, Unit::Count);
    metrics.put("db.reads", sent.query(QueryClass::Load) as f64, Unit::Count);
    let writes = sent.query(QueryClass::Write) + sent.query(QueryClass::Flush);
    metrics.put("db.writes", writes as f64, Unit::Count);
    metrics.put("db.flushes", sent.query(QueryClass::Flush) as f64, Unit::Count);
    metrics.put("db.rows_flushed", sent.rows_flushed as f64, Unit::Count);
    metrics.put("db.queries_per_read", sent.query(QueryClass::Load) as f64 / reads, Unit::Ratio);
    metrics.put("db.queries_per_op", sent.queries() as f64 / operations, Unit::Ratio);
    metrics.put("cache.commands", sent.commands() as f64, Unit::Count);
    metrics.put("cache.commands_per_op", sent.commands() as f64 / operations, Unit::Ratio);
    metrics.put("cache.fills", sent.fills as f64, Unit::Count);
    metrics.put("cache.denied_fills", sent.denied_fills as f64, Unit::Count);
    metrics.put("stale_sets", sent.stale_sets as f64, Unit::Count);
    metrics.put("rejected_sets", sent.rejected_sets as f64, Unit::Count);
    let round_trips = sent.cache_round_trips + sent.queries();
    metrics.put("round_trips_per_op", round_trips as f64 / operations, Unit::Ratio);
    metrics.put("store_errors", sent.all_errors() as f64, Unit::Count);
}

/// Counts and latencies of each kind of operation, and what only some kinds have.
fn put_kinds(metrics: &mut Metrics, recorder: &Recorder, beyond: f64) {
    for kind in Kind::ALL {
        if recorder.count(kind) > 0 {
            metrics.put(format!("{}.count", kind.name()), recorder.count(kind) as f64, Unit::Count);
        }
        for clock in Clock::ALL {
            if let Some(histogram) = recorder.latency(kind, clock) {
                let name = format!("{}.{}", kind.name(), clock.name());
                metrics.put_latency_beyond(&name, &histogram, beyond);
            }
        }
    }
    if recorder.count(Kind::Decrement) > 0 {
        metrics.put("decrement.refused", recorder.refused as f64, Unit::Count);
    }
    if recorder.rows_asked() > 0 {
        metrics.put("multi-read.keys", recorder.rows_asked() as f64, Unit::Count);
        let told = |served: &Served| *served != Served::Near || recorder.rows_served(*served) > 0;
        for served in Served::ALL.into_iter().filter(told) {
            let name = format!("multi-read.{}.keys", served.name());
            metrics.put(name, recorder.rows_served(served) as f64, Unit::Count);
        }
    }
}

/// Counts and latencies of reads by how they were served, and of stale ones.
fn put_served(metrics: &mut Metrics, recorder: &Recorder, beyond: f64) {
    for served in Served::ALL {
        let name = served.name();
        if let Some(histogram) = recorder.served_latency(served, Clock::Response) {
            metrics.put(format!("read.{name}.count"), histogram.len() as f64, Unit::Count);
            metrics.put_latency_beyond(&format!("read.{name}.response"), &histogram, beyond);
        }
        if let Some(histogram) = recorder.served_latency(served, Clock::Service) {
            metrics.put_latency_beyond(&format!("read.{name}.service"), &histogram, beyond);
        }
    }
    for clock in [Clock::Response, Clock::Service] {
        if let Some(histogram) = recorder.stale_latency(clock) {
            metrics.put_latency_beyond(&format!("read.stale.{}", clock.name()), &histogram, beyond);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Judgement, Observation, Tally, recorder::took};

    #[test]
    fn the_public_names_are_there() {
        let mut recorder = Recorder::default();
        let seen = Observation::of(Kind::Read, Ok(Some(Served::Hit)));
        let timing = took(Duration::from_micros(500));
        for _ in 0..20_000 {
            recorder.record(seen, timing);
            recorder.judge(&Judgement { after_write: Some(true), ..Judgement::default() }, Some(timing));
        }
        let mut metrics = Metrics::of(&recorder, &Tally::default().counts(), Duration::from_secs(2));
        Tally::default().take_pool().tell(&mut metrics, 1, Duration::from_secs(2));
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
