use super::{Clock, PERCENTILES, Unit};
use crate::model::{Kind, Served};

/// Metrics that are not statistics of a latency.
const PLAIN: &[(&str, Unit)] = &[
    ("operations", Unit::Count),
    ("scheduled", Unit::Count),
    ("throughput.achieved", Unit::PerS),
    ("throughput.offered", Unit::PerS),
    ("failures", Unit::Count),
    ("failure_rate", Unit::Ratio),
    ("absent", Unit::Count),
    ("corrupt", Unit::Count),
    ("hit_rate", Unit::Ratio),
    ("near.hit_rate", Unit::Ratio),
    ("hit_rate.theory", Unit::Ratio),
    ("hit_rate.theory_error", Unit::Ratio),
    ("byte_hit_rate", Unit::Ratio),
    ("read_bytes", Unit::Bytes),
    ("misses.first", Unit::Count),
    ("misses.again", Unit::Count),
    ("scan.count", Unit::Count),
    ("scan.hit_rate", Unit::Ratio),
    ("hit_rate_without_scan", Unit::Ratio),
    ("hit_rate_after_write", Unit::Ratio),
    ("stale_reads", Unit::Count),
    ("stale_rate", Unit::Ratio),
    ("stale_reads.near", Unit::Count),
    ("stale_reads.cache", Unit::Count),
    ("stale_rate.theory", Unit::Ratio),
    ("stale_rate.theory_error", Unit::Ratio),
    ("non_monotonic_reads", Unit::Count),
    ("read_your_writes_violations", Unit::Count),
    ("future_reads", Unit::Count),
    ("versions_behind.mean", Unit::Count),
    ("versions_behind.max", Unit::Count),
    ("audit.absent", Unit::Count),
    ("audit.equal", Unit::Count),
    ("audit.behind", Unit::Count),
    ("audit.ahead", Unit::Count),
    ("audit.conflicting", Unit::Count),
    ("audit.divergent", Unit::Count),
    ("divergent_keys", Unit::Count),
    ("stale_sets", Unit::Count),
    ("probes", Unit::Count),
    ("fresh_at.0ms", Unit::Ratio),
    ("fresh_at.10ms", Unit::Ratio),
    ("fresh_at.100ms", Unit::Ratio),
    ("fresh_at.1s", Unit::Ratio),
    ("fresh_at.10s", Unit::Ratio),
    ("acknowledged_writes", Unit::Count),
    ("indeterminate_writes", Unit::Count),
    ("lost_updates", Unit::Count),
    ("lost_writes", Unit::Count),
    ("multi-read.keys", Unit::Count),
    ("in_flight.mean", Unit::Count),
    ("arrival.ks", Unit::Ratio),
    ("arrival.released_ks", Unit::Ratio),
    ("db.queries", Unit::Count),
    ("db.reads", Unit::Count),
    ("db.writes", Unit::Count),
    ("db.flushes", Unit::Count),
    ("db.rows_flushed", Unit::Count),
    ("db.queries_per_read", Unit::Ratio),
    ("db.queries_per_read.theory", Unit::Ratio),
    ("db.queries_per_op", Unit::Ratio),
    ("db.peak_active", Unit::Count),
    ("db.pool_saturated", Unit::Ratio),
    ("cache.commands", Unit::Count),
    ("cache.commands_per_op", Unit::Ratio),
    ("cache.fills", Unit::Count),
    ("cache.denied_fills", Unit::Count),
    ("cache.keys", Unit::Count),
    ("cache.used_memory", Unit::Bytes),
    ("cache.memory_per_entry", Unit::Bytes),
    ("cache.evicted_keys", Unit::Count),
    ("cache.expired_keys", Unit::Count),
    ("cache.maxmemory", Unit::Bytes),
    ("cache.entries", Unit::Count),
    ("cache.evictions_per_s", Unit::PerS),
    ("cache.evictions_per_s.max", Unit::PerS),
    ("cache.first_eviction", Unit::Us),
    ("cache.fragmentation", Unit::Ratio),
    ("cache.cpu_us_per_op", Unit::Us),
    ("round_trips_per_op", Unit::Ratio),
    ("store_errors", Unit::Count),
    ("rejected_sets", Unit::Count),
    ("lost_dirty", Unit::Count),
    ("coalescing", Unit::Ratio),
    ("stampede.epochs", Unit::Count),
    ("stampede.loads_per_expiry.mean", Unit::Count),
    ("stampede.loads_per_expiry.p50", Unit::Count),
    ("stampede.loads_per_expiry.p99", Unit::Count),
    ("stampede.loads_per_expiry.max", Unit::Count),
    ("stampede.loads_per_expiry.theory", Unit::Count),
    ("stampede.duplicate_loads", Unit::Count),
    ("stampede.simultaneous_loads.max", Unit::Count),
    ("stampede.hard_misses", Unit::Count),
    ("stampede.early_refreshes", Unit::Count),
    ("stampede.abandoned_loads", Unit::Count),
    ("guard.joins", Unit::Count),
    ("guard.coalescing", Unit::Ratio),
    ("guard.polls_per_wait", Unit::Ratio),
    ("guard.stale_served", Unit::Count),
    ("guard.shed", Unit::Count),
    ("guard.lost_locks", Unit::Count),
    ("guard.gave_up", Unit::Count),
    ("guard.refreshed_behind", Unit::Count),
    ("ramp.steady_hit_rate", Unit::Ratio),
    ("ramp.seconds_to_50", Unit::S),
    ("ramp.seconds_to_90", Unit::S),
    ("ramp.seconds_to_99", Unit::S),
    ("ramp.reads_to_50", Unit::Count),
    ("ramp.reads_to_90", Unit::Count),
    ("ramp.reads_to_99", Unit::Count),
    ("ramp.excess_loads", Unit::Count),
    ("ramp.peak_loads_per_s", Unit::PerS),
    ("ramp.steady_loads_per_s", Unit::PerS),
    ("nodes.count", Unit::Count),
    ("nodes.requests.max_over_mean", Unit::Ratio),
    ("nodes.requests.variation", Unit::Ratio),
    ("nodes.keys.max_over_mean", Unit::Ratio),
    ("nodes.keys.variation", Unit::Ratio),
    ("nodes.memory.max_over_mean", Unit::Ratio),
    ("nodes.memory.variation", Unit::Ratio),
    ("nodes.cpu.max_over_mean", Unit::Ratio),
    ("nodes.cpu.variation", Unit::Ratio),
    ("nodes.hottest_key", Unit::Ratio),
    ("nodes.errors", Unit::Count),
    ("nodes.moved", Unit::Count),
    ("nodes.asked", Unit::Count),
    ("events.published", Unit::Count),
    ("events.unpublished", Unit::Count),
    ("events.heard", Unit::Count),
    ("events.again", Unit::Count),
    ("events.dropped", Unit::Count),
    ("events.missed", Unit::Count),
    ("events.reconnects", Unit::Count),
    ("events.carriers_replaced", Unit::Count),
    ("events.flushes", Unit::Count),
    ("events.per_write", Unit::Ratio),
    ("events.keys_per_event", Unit::Ratio),
    ("events.cache_commands_per_write", Unit::Ratio),
    ("events.db_queries_per_write", Unit::Ratio),
    ("events.out_of_sync", Unit::S),
    ("events.longest_out_of_sync", Unit::S),
    ("near.entries", Unit::Count),
    ("near.divergent", Unit::Count),
    ("near.turned_away", Unit::Count),
    ("breaker.opened", Unit::Count),
    ("breaker.refused", Unit::Count),
    ("breaker.rerouted", Unit::Count),
    ("prewarm.keys", Unit::Count),
    ("prewarm.seconds", Unit::S),
    ("prewarm.loads", Unit::Count),
    ("prewarm.bytes", Unit::Bytes),
    ("decrement.refused", Unit::Count),
    ("stock.sold", Unit::Count),
    ("stock.indeterminate", Unit::Count),
    ("stock.left_cache", Unit::Count),
    ("stock.left_database", Unit::Count),
    ("stock.lost_updates", Unit::Count),
    ("stock.oversold", Unit::Count),
    ("stock.unaccounted_cache", Unit::Count),
    ("stock.unaccounted_database", Unit::Count),
    ("stock.negative", Unit::Count),
    ("generator.cpu_us_per_op", Unit::Us),
    ("generator.worker_cpu", Unit::Ratio),
    ("generator.pacer_cpu", Unit::Ratio),
];

/// The name and the unit of every metric that a measurement may have.
pub fn names() -> Vec<(String, Unit)> {
    let mut names: Vec<(String, Unit)> = PLAIN.iter().map(|&(name, unit)| (name.to_owned(), unit)).collect();
    let mut latencies = [
        "lag",
        "db.pool_wait",
        "stale_age",
        "stale_age_at_most",
        "flush_lag",
        "events.lag",
        "dirty_age",
        "stampede.early_lead",
        "stampede.first_row",
        "stampede.window",
        "stampede.response",
        "guard.wait",
        "read.stale.response",
        "read.stale.service",
        "evicting.read.response",
        "calm.read.response",
    ]
    .map(str::to_owned)
    .to_vec();
    for kind in Kind::ALL {
        names.push((format!("{}.count", kind.name()), Unit::Count));
        latencies.extend(Clock::ALL.map(|clock| format!("{}.{}", kind.name(), clock.name())));
    }
    for served in Served::ALL {
        names.push((format!("multi-read.{}.keys", served.name()), Unit::Count));
        let name = format!("read.{}", served.name());
        names.push((format!("{name}.count"), Unit::Count));
        latencies.extend(["response", "service"].map(|clock| format!("{name}.{clock}")));
    }
    for latency in latencies {
        let statistics = PERCENTILES.iter().map(|&(name, _)| name).chain(["mean", "max"]);
        names.extend(statistics.map(|statistic| (format!("{latency}.{statistic}"), Unit::Us)));
    }
    names
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    use crate::measure::recorder::took;
    use crate::measure::{
        Audit, CacheAudit, Cause, Flushes, Freshness, GuardEvent, GuardWaits, Judgement, Loads, Metrics,
        Observation, PoolUse, Ramp, Reached, Recorder, RowRead, RowReads, Rows, Stale, StockAudit, Tally,
        Visibility,
    };
    use crate::model::Moment;

    #[test]
    fn every_metric_of_a_measurement_is_known_by_name_and_unit() {
        let mut recorder = Recorder::default();
        recorder.record_rows(&Rows { asked: 1, ..Rows::default() });
        let now = Moment::now();
        let timing = took(Duration::from_micros(500));
        for kind in Kind::ALL {
            for served in Served::ALL {
                let served = (kind == Kind::Read).then_some(served);
                let stale = Some(Stale { behind: 1, age_ns: 1_000, age_at_most_ns: Some(2_000) });
                let freshness = Freshness { stale, ..Freshness::default() };
                let judgement = Judgement { freshness, after_write: Some(true), ..Judgement::default() };
                for _ in 0..100_000 {
                    recorder.record(Observation::of(kind, Ok(served)), timing);
                    recorder.judge(&judgement, Some(timing));
                }
            }
        }
        recorder.around(Duration::from_millis(3), timing);
        let (tally, loads) = (Tally::default(), Arc::new(Loads::default()));
        GuardEvent::ALL.into_iter().for_each(|event| tally.guard(event));
        loads.begin(1, now, Cause::Early { lead_us: 5 }).offered(true);
        let mut metrics = Metrics::of(&recorder, &tally.counts(), Duration::from_secs(2));
        loads.take().tell(&mut metrics);
        let waits = || recorder.all(Clock::Response);
        let saturated = Duration::from_millis(5);
        PoolUse { waits: waits(), peak_active: 3, saturated }.tell(&mut metrics, 2, Duration::from_secs(2));
        GuardWaits(waits()).tell(&mut metrics, 7);
        Flushes { lag: waits(), age: waits() }.tell(&mut metrics, 9, 3);
        assert!(
            metrics.get("read.miss.response.p99.9").is_some() && metrics.get("db.pool_wait.p99").is_some()
        );
        for name in
            ["stampede.window.max", "stampede.early_lead.p50", "stampede.response.mean", "guard.coalescing"]
        {
            assert!(metrics.get(name).is_some(), "{name}");
        }
        assert_known(&metrics);
    }

    fn assert_known(metrics: &Metrics) {
        let known = names();
        for (name, metric) in metrics.iter() {
            assert!(known.contains(&(name.to_owned(), metric.unit)), "{name}");
        }
    }

    #[test]
    fn every_metric_of_what_the_end_left_of_scans_and_of_ramps_is_known_too() {
        let mut metrics = Metrics::default();
        Audit { cache: Some(CacheAudit::default()), ..Audit::default() }.tell(&mut metrics);
        StockAudit { left_cache: Some(0), ..StockAudit::default() }.tell(&mut metrics);
        let visibility = Visibility::default();
        (0..Visibility::DELAYS.len()).for_each(|place| visibility.count(place, true));
        visibility.tell(&mut metrics);
        let mut reads = RowReads::default();
        let read = RowRead { served: Served::Hit, bytes: 1, entered: true, scans: true };
        reads.count(read);
        reads.count(RowRead { scans: false, ..read });
        reads.tell(&mut metrics);
        let reached = Some(Reached::default());
        let peak_loads_per_s = Some(0.0);
        let ramp =
            Ramp { to_50: reached, to_90: reached, to_99: reached, peak_loads_per_s, ..Ramp::default() };
        ramp.tell(&mut metrics);
        assert_eq!(metrics.iter().count(), 11 + 9 + 6 + 7 + 10);
        assert_known(&metrics);
    }
}
