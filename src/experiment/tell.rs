use std::collections::BTreeMap;

use super::played::Played;
use crate::engine::{Crew, Drive};
use crate::measure::{Clock, GuardEvent, Metrics, Recorder, TallyCounts, Unit, Usage};
use crate::model::{Failure, Kind, Served};

/// What a measurement came to in numbers, but for what only the servers know.
pub fn metrics(played: &Played, crew: &Crew) -> Metrics {
    let Played { drive, sent, usage, .. } = played;
    let mut metrics = Metrics::of(&drive.recorder, sent, drive.elapsed);
    put_pool(&mut metrics, crew, drive);
    metrics.put_loads(&played.loads);
    put_guard_waits(&mut metrics, crew, sent);
    put_flushes(&mut metrics, crew, &drive.recorder, sent.rows_flushed);
    put_schedule(&mut metrics, drive);
    metrics.put("lost_dirty", sent.lost_dirty as f64, Unit::Count);
    put_generator(&mut metrics, drive, usage);
    let elapsed_s = drive.elapsed.as_secs_f64();
    played.gauged.pressure.tell(&mut metrics, elapsed_s, &drive.windows, &drive.log);
    if let Some(prober) = &played.prober {
        prober.seen().tell(&mut metrics);
    }
    metrics
}

fn put_pool(metrics: &mut Metrics, crew: &Crew, drive: &Drive) {
    let pools = crew.tallies().into_iter().map(|tally| tally.take_pool());
    let instances = crew.tallies().len() as f64;
    let merged = pools.reduce(|(mut waits, peak, saturated), (other, other_peak, other_saturated)| {
        // Both have the same bounds, so nothing can fall outside.
        let _ = waits.add(&other);
        (waits, peak + other_peak, saturated + other_saturated)
    });
    if let Some((waits, peak, saturated)) = merged {
        metrics.put_pool(&waits, peak);
        let share = saturated.as_secs_f64() / (instances * drive.elapsed.as_secs_f64());
        // The drain that follows may wait too.
        metrics.put("db.pool_saturated", share.min(1.0), Unit::Ratio);
    }
}

/// How long callers waited for loads of others, if any did.
fn put_guard_waits(metrics: &mut Metrics, crew: &Crew, sent: &TallyCounts) {
    let tallies = crew.tallies();
    let all = tallies.iter().filter_map(|tally| tally.take_guard_waits());
    let merged = all.reduce(|mut all, other| {
        // Both have the same bounds, so nothing can fall outside.
        let _ = all.add(&*other);
        all
    });
    if let Some(waits) = merged {
        metrics.put_guard_waits(&waits, sent.guard(GuardEvent::Polled));
    }
}

/// What the instances have noted of their flushes, if they write behind.
fn put_flushes(metrics: &mut Metrics, crew: &Crew, recorder: &Recorder, rows: u64) {
    let tallies = crew.tallies();
    let all = tallies.iter().filter_map(|tally| tally.take_flushes());
    let merged = all.reduce(|mut all, other| {
        all.merge(&other);
        all
    });
    if let Some(flushes) = merged {
        let writes = [Kind::Write, Kind::Insert, Kind::Delete].map(|kind| {
            let failed = Failure::ALL.map(|failure| recorder.failed(kind, failure));
            recorder.count(kind) - failed.iter().sum::<u64>()
        });
        metrics.put_flushes(&flushes, writes.iter().sum(), rows);
    }
}

fn put_schedule(metrics: &mut Metrics, drive: &Drive) {
    if let (Some(scheduled), Some(offered)) = (drive.scheduled, drive.offered) {
        metrics.put("scheduled", scheduled as f64, Unit::Count);
        metrics.put("throughput.offered", offered, Unit::PerS);
        metrics.put("arrival.ks", drive.planned_distance.unwrap_or(f64::NAN), Unit::Ratio);
        metrics.put("arrival.released_ks", drive.released_distance.unwrap_or(f64::NAN), Unit::Ratio);
    }
}

fn put_generator(metrics: &mut Metrics, drive: &Drive, usage: &Usage) {
    let seconds = drive.elapsed.as_secs_f64();
    let operations = drive.recorder.operations();
    let service = drive.recorder.all(Clock::Service);
    metrics.put("in_flight.mean", operations as f64 * service.mean() / 1e9 / seconds, Unit::Count);
    metrics.put("generator.cpu_us_per_op", usage.ns_per(operations) / 1_000.0, Unit::Us);
    metrics.put("generator.worker_cpu", drive.busiest_worker.as_secs_f64() / seconds, Unit::Ratio);
    if drive.scheduled.is_some() {
        metrics.put("generator.pacer_cpu", drive.busiest_pacer.as_secs_f64() / seconds, Unit::Ratio);
    }
}

/// Every operation by kind and result; the counts add up to all of them.
pub fn accounts(recorder: &Recorder) -> BTreeMap<String, u64> {
    let mut accounts = BTreeMap::new();
    let mut put = |name: String, count: u64| {
        if count > 0 {
            accounts.insert(name, count);
        }
    };
    for served in Served::ALL {
        put(format!("read.{}", served.name()), recorder.served(served));
    }
    for kind in Kind::ALL {
        let mut failed = 0;
        for failure in Failure::ALL {
            failed += recorder.failed(kind, failure);
            put(format!("{}.failed.{}", kind.name(), failure.name()), recorder.failed(kind, failure));
        }
        let refused = if kind == Kind::Decrement { recorder.refused } else { 0 };
        put(format!("{}.insufficient", kind.name()), refused);
        // Reads have been split by who served them.
        if kind != Kind::Read {
            put(format!("{}.done", kind.name()), recorder.count(kind) - failed - refused);
        }
    }
    accounts
}
