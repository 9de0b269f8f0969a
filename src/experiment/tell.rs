use std::collections::BTreeMap;

use super::played::Played;
use super::stage::Stage;
use crate::engine::Drive;
use crate::measure::{Clock, Flushes, GuardEvent, GuardWaits, Metrics, PoolUse, Recorder, Unit, Usage};
use crate::model::{Failure, Kind, Served};

/// What a measurement came to in numbers, but for what only the servers know.
pub fn metrics(played: &Played, stage: &Stage) -> Metrics {
    let Played { drive, sent, usage, .. } = played;
    let mut metrics = Metrics::of(&drive.recorder, sent, drive.elapsed);
    let tallies = stage.crew.tallies();
    if let Some(pool) = tallies.iter().map(|tally| tally.take_pool()).reduce(PoolUse::merged) {
        pool.tell(&mut metrics, tallies.len(), drive.elapsed);
    }
    if stage.assignment.workload.has_one_entry_a_row() {
        played.loads.tell(&mut metrics);
    }
    if let Some(waits) =
        tallies.iter().filter_map(|tally| tally.take_guard_waits()).reduce(GuardWaits::merged)
    {
        waits.tell(&mut metrics, sent.guard(GuardEvent::Polled));
    }
    if let Some(flushes) = tallies.iter().filter_map(|tally| tally.take_flushes()).reduce(Flushes::merged) {
        flushes.tell(&mut metrics, written(&drive.recorder), sent.rows_flushed);
    }
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

/// Writes that were acknowledged.
fn written(recorder: &Recorder) -> u64 {
    let of = |kind| {
        let failed = Failure::ALL.map(|failure| recorder.failed(kind, failure));
        recorder.count(kind) - failed.iter().sum::<u64>()
    };
    [Kind::Write, Kind::Insert, Kind::Delete].map(of).iter().sum()
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
