use std::path::Path;

use super::audit::{Scene, audit};
use super::observer::{Event, Observer, Phase};
use super::played::{Aftermath, Played, aftermath, play, unanswered};
use super::servers::Servers;
use super::stage::Stage;
use super::warm_up::{Warm, warm_up};
use super::{ExperimentError, checks, stock, tell};
use crate::config::Workload;
use crate::engine::Stop;
use crate::measure::{Audit, CounterCheck, Findings, Metrics, RepeatResult, Status, Verdict};

/// Requests that an instance has in flight behind its callers' backs when it crashes, at most.
const UNANSWERED_BY_A_CRASH: u64 = 8;

/// Measures a cell once.
pub fn measure(
    workload: &Workload,
    file: &Path,
    servers: &mut Servers,
    observer: &dyn Observer,
    stop: &Stop,
) -> Result<RepeatResult, ExperimentError> {
    let stage = Stage::set(workload, file, servers, observer, stop)?;
    let before = checks::books(&stage.crew, servers, &stage.urls);
    let mut warm = warm_up(&stage, servers)?;
    if stop.is_requested() {
        return Err(ExperimentError::Interrupted);
    }
<<<<<<< HEAD
    let mut played = play(&stage, servers, warm.first)?;
    let mut result = RepeatResult {
=======
    for tally in crew.tallies() {
        drop((tally.take_pool(), tally.take_flushes()));
    }
    let tally_before = crew.counts();
    let counters_warm = servers.counters(&urls);
    let usage_before = Usage::now();
    let limit = parts::limit(workload, &traffic, &load);
    observer.event(&Event::Phase(Phase::Measuring {
        expected: parts::expected(&load, limit),
        operations: match limit {
            Limit::Operations(count) => Some(count),
            Limit::Time(_) => None,
        },
    }));
    let plan = plan(load, limit, warm.first);
    let harm = Harm {
        crew: &crew,
        redis: servers.redis.clone(),
        postgres: servers.postgres.clone(),
        cache: urls.cache.clone(),
        prefix: workload.cache.prefix.clone(),
        deferred: strategy::defers(&workload.strategy.name).then_some(&*ledger),
        tolls: Mutex::default(),
    };
    let (drive, mut faults) =
        with_faults(workload, limit, &harm, servers, observer, |each_window| crew.drive(plan, each_window));
    let drive = drive?;
    let usage = Usage::since(&usage_before);
    recover(&drive.windows, &mut faults);

    // A server may have ended since the last full window.
    let failure = drive.failure.clone().or_else(|| servers.trouble());

    observer.event(&Event::Phase(Phase::Draining));
    // After a Ctrl-C there is no time to wait for flushes.
    let harmed = faults.iter().any(|fault| fault.began_s.is_some());
    let mut lost = None;
    if failure.is_none() && !drive.interrupted {
        lost = drain(&crew, servers, harmed, stop);
    }
    if !harmed {
        reasons.extend(lost.take());
    }
    let tally = &crew.counts() - &tally_before;
    let mut metrics = Metrics::of(&drive.recorder, &tally, drive.elapsed);
    pool_metrics(&mut metrics, &crew);
    put_flushes(&mut metrics, &crew, &drive.recorder, tally.rows_flushed);
    put_schedule(&mut metrics, &drive);
    metrics.put("lost_dirty", tally.lost_dirty as f64, Unit::Count);
    let operations = drive.recorder.operations();
    put_generator(&mut metrics, &drive, &usage);
    let (mut found, mut unchecked, mut audited) = (Vec::new(), Vec::new(), None);
    let (mut remarks, mut status) = (Verdict::default(), Status::Valid);
    if drive.interrupted {
        status = Status::Interrupted;
    } else if let Some(failure) = failure {
        status = Status::Failed;
        reasons.push(failure);
    } else {
        let after = checks::books(&crew, servers, &urls);
        let sent = &after.sent - &before.sent;
        found = checks::compare(&sent, &before.counted, &after.counted, workload);
        checks::server_metrics(&mut metrics, &counters_warm, &after.counted, operations);
        let unanswered = warm.unanswered + unanswered(&drive.recorder, workload);
        let crashes = faults.iter().filter(|fault| fault.what.contains("instance")).count() as u64;
        let uncertain = sent.all_errors()
            + before.uncertain
            + after.uncertain
            + unanswered
            + crashes * UNANSWERED_BY_A_CRASH;
        let verdict = verdict(&drive, &metrics, &found, &usage, uncertain, harmed);
        reasons.extend_from_slice(&verdict.reasons);
        remarks = verdict;
        // What a fault did to writes is what was asked for, and nothing against the measurement.
        remarks.notes.extend(lost);
        unchecked = after.counted.unread;
        if traffic.decrements() {
            match servers.runtime.block_on(stock::audit(workload, &traffic, &urls, &sales)) {
                Ok(audit) => audit.put(&mut metrics),
                Err(error) => reasons.push(format!("the stock could not be counted: {error}")),
            }
        }
        if workload.freshness.audit {
            observer.event(&Event::Phase(Phase::Auditing));
            let rows = traffic.rows_after(drive.next_ticket);
            let scene = Scene { workload, urls: &urls, traffic: &traffic, ledger: &ledger, rows, stop };
            match servers.runtime.block_on(audit(&scene)) {
                Ok(found) => {
                    found.tell(&mut metrics);
                    reasons.extend(unexplained(&found));
                    audited = Some(found);
                }
                Err(error) => unchecked.push(format!("the rows were not looked at in the end: {error}")),
            }
        }
        if !reasons.is_empty() {
            status = Status::Invalid;
        }
    }
    Ok(RepeatResult {
>>>>>>> freshness-tests
        repeat: 1,
        order: 1,
        seconds: played.drive.elapsed.as_secs_f64(),
        metrics: tell::metrics(&played, &stage.crew),
        accounts: tell::accounts(&played.drive.recorder),
        ..RepeatResult::default()
    };
    result.verdict.reasons.extend(warm.unsettled.take());
    let is_harmed = played.is_harmed();
    if !is_harmed {
        result.verdict.reasons.extend(played.undrained.take());
    }
    if played.drive.interrupted {
        result.status = Status::Interrupted;
    } else if let Some(failure) = played.failure.take() {
        result.status = Status::Failed;
        result.verdict.reasons.push(failure);
    } else {
        judge(&mut result, &stage, servers, &before, &warm, &played);
        if let Some(after) = aftermath(&stage, servers, played.drive.next_ticket)? {
            look_again(&mut result, &stage, servers, after);
        }
        // What a fault did to writes is what was asked for, and nothing against the measurement.
        result.verdict.notes.extend(played.undrained.take());
        if !result.verdict.reasons.is_empty() {
            result.status = Status::Invalid;
        }
    }
    result.faults = played.faults;
    result.usage = played.usage;
    result.histograms = played.drive.recorder;
    result.log = played.drive.log;
    result.windows = played.drive.windows;
    (result.cache, result.database, result.clients) = (stage.cache, stage.database, stage.clients);
    Ok(result)
}

/// Holds a measurement that came to its end against both sides' books and against the rows.
fn judge(
    result: &mut RepeatResult,
    stage: &Stage,
    servers: &Servers,
    before: &checks::Books,
    warm: &Warm,
    played: &Played,
) {
    let Stage { workload, crew, .. } = stage;
    let after = checks::books(crew, servers, &stage.urls);
    let sent = &after.sent - &before.sent;
    let operations = played.drive.recorder.operations();
    result.checks = checks::compare(&sent, &before.counted, &after.counted, workload);
    checks::server_metrics(&mut result.metrics, &played.counted_before, &after.counted, operations);
    let crashes = played.faults.iter().filter(|fault| fault.what.contains("instance")).count() as u64;
    let uncertain = sent.all_errors()
        + before.uncertain
        + after.uncertain
        + warm.unanswered
        + unanswered(&played.drive.recorder, workload)
        + crashes * UNANSWERED_BY_A_CRASH;
    let verdict = verdict(played, &result.metrics, &result.checks, uncertain);
    let reasons = std::mem::take(&mut result.verdict.reasons);
    result.verdict = Verdict { reasons: [reasons, verdict.reasons].concat(), ..verdict };
    result.unchecked = after.counted.unread;
    look_at_rows(result, stage, servers, played.drive.next_ticket);
}

/// Looks at every row in both stores, now that nothing changes them any more.
fn look_at_rows(result: &mut RepeatResult, stage: &Stage, servers: &Servers, next_ticket: u64) {
    let Stage { workload, traffic, urls, .. } = stage;
    if traffic.decrements() {
        match servers.runtime.block_on(stock::audit(workload, traffic, urls, &stage.sales)) {
            Ok(audit) => audit.put(&mut result.metrics),
            Err(error) => result.verdict.reasons.push(format!("the stock could not be counted: {error}")),
        }
    }
    if !workload.freshness.audit {
        return;
    }
    stage.observer.event(&Event::Phase(Phase::Auditing));
    let rows = traffic.rows_after(next_ticket);
    let scene = Scene { workload, urls, traffic, ledger: &stage.ledger, rows, cache: true, stop: stage.stop };
    match servers.runtime.block_on(audit(&scene)) {
        Ok(found) => {
            found.tell(&mut result.metrics);
            result.verdict.reasons.extend(unexplained(&found));
            let unread = found.unread.iter();
            let told =
                unread.map(|error| format!("the cache's entries were not looked at in the end: {error}"));
            result.unchecked.extend(told);
            result.audit = Some(found);
        }
        Err(error) => {
            result.unchecked.push(format!("the rows were not looked at in the end: {error}"));
        }
    }
}

/// Looks at the rows in the database once more, for what was lost after the measurement.
fn look_again(result: &mut RepeatResult, stage: &Stage, servers: &Servers, after: Aftermath) {
    let Stage { workload, traffic, urls, .. } = stage;
    result.verdict.notes.extend(after.problem);
    if let Some(found) = &mut result.audit {
        let rows = traffic.rows_after(after.next_ticket);
        let scene =
            Scene { workload, urls, traffic, ledger: &stage.ledger, rows, cache: false, stop: stage.stop };
        match servers.runtime.block_on(audit(&scene)) {
            Ok(again) => {
                found.writes = again.writes;
                found.tell(&mut result.metrics);
                result.verdict.reasons.extend(unexplained(found));
            }
            Err(error) => result.unchecked.push(format!("what was lost could not be told: {error}")),
        }
    }
    result.aftermath = after.faults;
}

/// More versions than writes were sent: not ours alone.
fn unexplained(audit: &Audit) -> Option<String> {
    let count = audit.writes.unexplained;
    (count > 0).then(|| {
        format!("the rows have {count} versions more than writes were sent; is someone else writing them?")
    })
}

fn verdict(played: &Played, metrics: &Metrics, checks: &[CounterCheck], uncertain: u64) -> Verdict {
    let drive = &played.drive;
    Verdict::on(&Findings {
        metrics,
        windows: &drive.windows,
        checks,
        usage: &played.usage,
        elapsed: drive.elapsed,
        scheduled: drive.scheduled,
        clients: drive.clients,
        spins: drive.spins,
        gave_up: drive.gave_up,
        offered: &drive.offered_by_window,
        uncertain,
        faults: played.is_harmed(),
    })
}

/// The result of a cell that could not be measured.
pub fn failed(error: &ExperimentError) -> RepeatResult {
    RepeatResult {
        status: Status::Failed,
        verdict: Verdict { reasons: vec![error.to_string()], ..Verdict::default() },
        ..RepeatResult::default()
    }
}
<<<<<<< HEAD
=======

/// Brings the tables to the state that the workload starts from, unless they are in it.
fn fill(
    workload: &Workload,
    traffic: &Traffic,
    urls: &Urls,
    servers: &mut Servers,
    observer: &dyn Observer,
    stop: &Stop,
) -> Result<(), ExperimentError> {
    let data = Data { rows: Some(traffic.rows()), ..workload.data.clone() };
    let wanted = (urls.database.clone(), data, workload.database.query.clone());
    if servers.seeded.as_ref() != Some(&wanted) {
        observer.event(&Event::Phase(Phase::Seeding { rows: traffic.rows() }));
        let seeding = async {
            prepare(&urls.database).await?;
            let row = |id| traffic.row(id);
            let progress = |rows| observer.event(&Event::Seeded(rows));
            seed(&urls.database, traffic.rows(), &workload.database.query, row, progress).await
        };
        let seeded = servers.runtime.block_on(async {
            tokio::select! {
                seeded = seeding => Some(seeded),
                () = stop.requested() => None,
            }
        });
        seeded.ok_or(ExperimentError::Interrupted)??;
    }
    if traffic.decrements() {
        let units = workload.inventory.stock;
        servers.runtime.block_on(seed_stock(&urls.database, traffic.rows(), units))?;
    }
    servers.seeded = (!traffic.writes()).then_some(wanted);
    Ok(())
}

/// What a warm-up leaves behind.
#[derive(Default)]
struct Warm {
    /// The first ticket of the measurement.
    first: u64,
    /// What was not reached, if anything.
    unsettled: Option<String>,
    /// Requests whose answer nobody waited for.
    unanswered: u64,
}

/// Load that is not counted.
fn warm_up(
    workload: &Workload,
    load: &Load,
    crew: &Crew,
    plan: &dyn Fn(Load, Limit, u64) -> Plan,
    servers: &Servers,
    observer: &dyn Observer,
) -> Result<Warm, ExperimentError> {
    let limit = match workload.traffic.warmup {
        Warmup::Time(time) if time.0.is_zero() => return Ok(Warm::default()),
        Warmup::Operations(0) => return Ok(Warm::default()),
        Warmup::Time(time) => Limit::Time(time.0),
        Warmup::Operations(count) => Limit::Operations(count),
        Warmup::StableHitRate => Limit::Time(LONGEST_WARMUP),
    };
    observer.event(&Event::Phase(Phase::Warmup { expected: parts::expected(load, limit) }));
    let mut last = Vec::new();
    let drive = crew.drive(plan(load.clone(), limit, 0), |window| {
        last.extend(window.metrics.get("hit_rate"));
        match watch(window, servers, observer) {
            Flow::Continue if workload.traffic.warmup == Warmup::StableHitRate && is_stable(&last) => {
                Flow::Enough
            }
            flow => flow,
        }
    })?;
    let unsettled = workload.traffic.warmup == Warmup::StableHitRate && !is_stable(&last);
    let limit = LONGEST_WARMUP.as_secs();
    // Calls in flight when the warm-up ends early are given up, one of each client at most.
    let given_up = if drive.ended_early { load.lanes() as u64 } else { 0 };
    Ok(Warm {
        first: drive.next_ticket,
        unsettled: unsettled.then(|| format!("the hit rate did not settle in {limit} s of warm-up")),
        unanswered: unanswered(&drive.recorder, workload) + given_up,
    })
}

/// The most requests that were sent and whose answer nobody waited for: those of failed operations.
fn unanswered(recorder: &Recorder, workload: &Workload) -> u64 {
    let failed: u64 = Failure::ALL.iter().map(|&failure| recorder.failed(Kind::MultiRead, failure)).sum();
    let (_, most) = workload.traffic.multi_read.keys.bounds();
    recorder.failures() + failed * most
}

/// Whether the last three hit rates lie within half a percentage point.
fn is_stable(hit_rates: &[f64]) -> bool {
    let Some(last) = hit_rates.last_chunk::<3>() else { return false };
    let spread = |f: fn(f64, f64) -> f64| last.iter().copied().reduce(f).unwrap_or(0.0);
    spread(f64::max) - spread(f64::min) < 0.005
}

/// Waits for acknowledged writes to reach the database; says why they did not.
///
/// After a fault connections are still being made anew, so that it is tried again for a while; not for a server that
/// stays down.
fn drain(crew: &Crew, servers: &Servers, harmed: bool, stop: &Stop) -> Option<String> {
    let deadline = Instant::now() + AFTER_FAULTS;
    loop {
        let error = crew.drain(DRAIN).err()?;
        if !harmed || servers.any_is_down() || stop.is_requested() || Instant::now() >= deadline {
            return Some(format!("acknowledged writes were not flushed: {error}"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Measures while the workload's faults are carried out; says what became of them.
fn with_faults(
    workload: &Workload,
    limit: Limit,
    harm: &Harm<'_>,
    servers: &Servers,
    observer: &dyn Observer,
    drive: impl FnOnce(&mut dyn FnMut(&Window) -> Flow) -> Result<Drive, CrewError>,
) -> (Result<Drive, CrewError>, Vec<FaultRecord>) {
    let faults = workload.faults();
    let length = match limit {
        Limit::Time(time) => Some(time),
        Limit::Operations(_) => None,
    };
    let timeline = Timeline::new(&faults, workload.data.seed, harm).lasting(length);
    let tell = || timeline.news().iter().for_each(|record| observer.event(&Event::Fault(record)));
    let lasted = |drive: &Result<Drive, CrewError>| {
        drive.as_ref().ok().filter(|drive| !drive.ended_early).map(|drive| drive.elapsed)
    };
    let driven = timeline.during(
        || {
            drive(&mut |window| {
                tell();
                watch(window, servers, observer)
            })
        },
        lasted,
    );
    tell();
    let mut records = timeline.records();
    harm.tell_tolls(&mut records);
    (driven, records)
}

fn watch(window: &Window, servers: &Servers, observer: &dyn Observer) -> Flow {
    observer.event(&Event::Window(window));
    servers.trouble().map_or(Flow::Continue, Flow::Fail)
}

fn pool_metrics(metrics: &mut Metrics, crew: &Crew) {
    let pools = crew.tallies().into_iter().map(|tally| tally.take_pool());
    let merged = pools.reduce(|(mut waits, peak), (other, other_peak)| {
        // Both have the same bounds, so nothing can fall outside.
        let _ = waits.add(&other);
        (waits, peak + other_peak)
    });
    if let Some((waits, peak)) = merged {
        metrics.put_pool(&waits, peak);
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

fn verdict(
    drive: &Drive,
    metrics: &Metrics,
    checks: &[CounterCheck],
    usage: &Usage,
    uncertain: u64,
    faults: bool,
) -> Verdict {
    Verdict::on(&Findings {
        metrics,
        windows: &drive.windows,
        checks,
        usage,
        elapsed: drive.elapsed,
        scheduled: drive.scheduled,
        clients: drive.clients,
        spins: drive.spins,
        gave_up: drive.gave_up,
        offered: &drive.offered_by_window,
        faults,
        uncertain,
    })
}

/// Every operation by kind and result; the counts add up to all of them.
fn accounts(recorder: &Recorder) -> BTreeMap<String, u64> {
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
>>>>>>> freshness-tests
