use super::assignment::Assignment;
use super::audit::audit;
use super::exactness::rows_read_so_far;
use super::gate::{Gate, Passed};
use super::gauge::Gauged;
use super::node_loads::{hottest_key, node_loads};
use super::observer::Phase;
use super::played::{Aftermath, Played, aftermath, play, unanswered};
use super::servers::Servers;
use super::stage::Stage;
use super::warm_up::{Warm, warm_up};
use super::{ExperimentError, checks, parts, stock, tell, theory};
use crate::measure::theory::Stretch;
use crate::measure::{
    Audit, Beginning, CounterCheck, FaultRecord, Findings, Metrics, RAMP_BIN, Ramp, RepeatResult, Sizing,
    Stampede, Status, Unit, Verdict, curves, note_of_idle_policy, note_of_small_limit, tell_nodes,
};
use crate::model::Kind;
use crate::traffic::Replay;

/// Requests that an instance has in flight behind its callers' backs when it crashes, at most.
const UNANSWERED_BY_A_CRASH: u64 = 8;

/// A measurement from its beginning to its end.
struct Course {
    passed: Passed,
    /// Both sides' books before the first operation.
    before: checks::Books,
    warm: Warm,
    played: Played,
}

/// Measures a cell once. Which of its measurements this is, the caller puts into the result.
pub fn measure(
    assignment: Assignment,
    servers: &mut Servers,
    gate: Gate,
) -> Result<RepeatResult, ExperimentError> {
    let measured = measure_on_stage(assignment, servers, gate);
    // On every way out, once nobody listens any more.
    let problem = servers.take_off_events();
    measured.map(|mut result| {
        result.verdict.notes.extend(problem);
        result
    })
}

fn measure_on_stage(
    assignment: Assignment,
    servers: &mut Servers,
    gate: Gate,
) -> Result<RepeatResult, ExperimentError> {
    let stage = Stage::set(assignment, servers)?;
    let passed = gate.pass();
    let before = checks::books(&stage.crew, servers, &stage.urls);
    let warm = warm_up(&stage, servers)?;
    if assignment.stop.is_requested() {
        return Err(ExperimentError::Interrupted);
    }
    let played = play(&stage, servers, warm.first)?;
    let course = Course { passed, before, warm, played };
    let mut result = numbers(&stage, &course);
    conclude(&mut result, &stage, servers, &course);
    put_memory(&mut result, &stage, &course.played.gauged);
    let Played { drive, faults, usage, .. } = course.played;
    (result.faults, result.usage) = (faults, usage);
    result.curves = curves(&drive.recorder);
    (result.histograms, result.log, result.windows) = (drive.recorder, drive.log, drive.windows);
    result.exact = course.played.exact;
    let Stage { crew, urls, cache, database, clients, rows_read_before, .. } = stage;
    (result.cache, result.database, result.clients) = (cache, database, clients);
    if let (Some(exact), Some(before)) = (&mut result.exact, rows_read_before) {
        // The database counts what a connection read once that is closed.
        drop(crew);
        let read = rows_read_so_far(servers, true, &urls.database);
        read.into_iter().for_each(|rows| exact.put_rows_read(rows - before));
    }
    Ok(result)
}

/// What was measured, before it is judged.
fn numbers(stage: &Stage, Course { passed, warm, played, .. }: &Course) -> RepeatResult {
    let workload = stage.assignment.workload;
    let seconds = played.drive.elapsed.as_secs_f64();
    let mut metrics = tell::metrics(played, stage);
    let consumers = stage.invalidation.tell(&mut metrics, &played.sent, played.start, &stage.ledger);
    let recorder = &played.drive.recorder;
    let per_s = |count: u64| count as f64 / seconds;
    let rates = theory::Rates {
        reads_per_s: per_s(recorder.count(Kind::Read)),
        writes_per_s: per_s(recorder.count(Kind::Write)),
    };
    let stretch = Stretch {
        warm_up_s: warm.first as f64 / per_s(recorder.operations()),
        measured_s: seconds,
        began_full: workload.cache.preload,
    };
    theory::tell(&mut metrics, workload, stage.traffic.rows(), rates, &stretch);
    let mut result = RepeatResult {
        seconds,
        metrics,
        accounts: tell::accounts(&played.drive.recorder),
        stampede: Stampede::of(&played.loads, &played.drive.recorder)
            .filter(|_| workload.has_one_entry_a_row()),
        consumers,
        ..RepeatResult::default()
    };
    tell_ramp(&mut result, stage, warm, played);
    let is_loaded = workload.cache.preload || stage.prewarmed.is_some();
    let waited = workload.cache.ttl.filter(|_| is_loaded).and_then(|ttl| passed.note(ttl));
    result.verdict.notes.extend(waited);
    result.verdict.reasons.extend(warm.unsettled.clone());
    result
}

/// Says how it ended, and judges one that came to its end.
fn conclude(result: &mut RepeatResult, stage: &Stage, servers: &Servers, course: &Course) {
    let played = &course.played;
    // What a fault did to writes is what was asked for, and nothing against the measurement.
    let (against, aside) = match played.is_harmed() {
        true => (None, played.undrained.clone()),
        false => (played.undrained.clone(), None),
    };
    result.verdict.reasons.extend(against);
    if played.drive.interrupted {
        result.status = Status::Interrupted;
        result.aborted = played.aborted.is_some();
        result.verdict.reasons.extend(played.aborted.clone());
        return;
    }
    if let Some(failure) = &played.failure {
        result.status = Status::Failed;
        result.verdict.reasons.push(failure.clone());
        return;
    }
    judge(result, stage, servers, course);
    match aftermath(stage, servers, played.drive.next_ticket) {
        Ok(Some(after)) => look_again(result, stage, servers, after),
        Ok(None) => {}
        // What was measured stands all the same.
        Err(error) => result.verdict.notes.push(format!("nothing was done after it: {error}")),
    }
    let replay = stage.traffic.replay();
    result.verdict.notes.extend(replay.map_or(&[][..], Replay::notes).iter().cloned());
    result.verdict.notes.extend(aside);
    if !result.verdict.reasons.is_empty() {
        result.status = Status::Invalid;
    }
}

/// What limited the cache, and what is to be known of it.
fn put_memory(result: &mut RepeatResult, stage: &Stage, gauged: &Gauged) {
    let limit: u64 = stage.cache.get("maxmemory").and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
    if limit > 0 {
        result.metrics.put("cache.maxmemory", limit as f64, Unit::Bytes);
        result.verdict.notes.extend(idle_policy(stage));
    }
    // The limit is that of one node; what is empty, of all together.
    let nodes = stage.urls.cache.servers().len() as u64;
    let empty = stage.sizing.as_ref().map_or(gauged.at_start, |sizing| sizing.empty);
    let notes = stage.sizing.as_ref().and_then(Sizing::note).into_iter();
    result.verdict.notes.extend(notes.chain(note_of_small_limit(limit * nodes, empty)));
    result.sizing = stage.sizing.clone();
    result.pressure = (!gauged.pressure.is_empty()).then(|| gauged.pressure.clone());
}

/// Says so where the server's policy finds nothing to evict: whether a recording brings lifetimes is known by now.
fn idle_policy(stage: &Stage) -> Option<String> {
    let policy = stage.cache.get("maxmemory-policy")?;
    let workload = stage.assignment.workload;
    let any_expires = parts::lifetimes(workload, &stage.traffic).any();
    note_of_idle_policy(policy, any_expires).filter(|_| workload.conduct().caches)
}

/// Tells how the cache filled, where the measurement began without a warm-up, and what was loaded ahead.
fn tell_ramp(result: &mut RepeatResult, stage: &Stage, warm: &Warm, played: &Played) {
    let Stage { assignment, prewarmed, .. } = stage;
    let workload = assignment.workload;
    if let Some(prewarmed) = prewarmed {
        prewarmed.tell(&mut result.metrics);
        result.verdict.notes.extend(prewarmed.note.clone());
    }
    if warm.first > 0 || !workload.conduct().caches {
        return;
    }
    let began = match prewarmed {
        Some(_) => Beginning::Prewarmed,
        None if workload.cache.preload => Beginning::Preloaded,
        None => Beginning::Empty,
    };
    // What is done to the cache later has ramps of its own.
    let first_fault = played.faults.iter().filter_map(|fault| fault.began_s).reduce(f64::min);
    let end = first_fault.map_or(usize::MAX, |seconds| (seconds / RAMP_BIN.as_secs_f64()) as usize);
    let bins = &played.drive.bins[..end.min(played.drive.bins.len())];
    result.ramp = Ramp::of(bins, began);
    if let Some(ramp) = &result.ramp {
        ramp.tell(&mut result.metrics);
        result.verdict.notes.extend(ramp.note());
    }
}

/// Holds a measurement that came to its end against both sides' books and against the rows.
fn judge(result: &mut RepeatResult, stage: &Stage, servers: &Servers, course: &Course) {
    let Course { passed, before, warm, played } = course;
    let Stage { assignment, crew, .. } = stage;
    let workload = assignment.workload;
    let after = checks::books(crew, servers, &stage.urls);
    let sent = &after.sent - &before.sent;
    let operations = played.drive.recorder.operations();
    result.checks = checks::compare(&sent, &before.counted, &after.counted, workload);
    checks::server_metrics(&mut result.metrics, &played.counted_before, &after.counted, operations);
    let sent_to_nodes = played.sent_to_nodes.clone();
    result.nodes = node_loads(&stage.urls.cache, sent_to_nodes, &played.counted_before, &after.counted);
    tell_nodes(&result.nodes, &mut result.metrics);
    if result.nodes.len() > 1 {
        let tickets = warm.first..played.drive.next_ticket;
        let hottest = hottest_key(&stage.traffic, tickets).unwrap_or(f64::NAN);
        result.metrics.put("nodes.hottest_key", hottest, Unit::Ratio);
    }
    let is_crash = |fault: &&FaultRecord| fault.what.contains("instance") && !fault.is_of_events();
    let crashes = played.faults.iter().filter(is_crash).count() as u64;
    let uncertain = sent.all_errors()
        + before.uncertain
        + after.uncertain
        + warm.unanswered
        + unanswered(&played.drive.recorder, workload)
        + crashes * UNANSWERED_BY_A_CRASH;
    let verdict = verdict(played, &result.metrics, &result.checks, uncertain, passed.at_once);
    let told = std::mem::take(&mut result.verdict);
    result.verdict = Verdict {
        reasons: [told.reasons, verdict.reasons].concat(),
        notes: [verdict.notes, told.notes].concat(),
        ..verdict
    };
    if after.counted.cache.is_some() && after.counted.has_other_roles(&before.counted) {
        let told =
            "the cache's counts are not checked: replicas have become masters, and count what they repeated";
        result.unchecked.push(told.into());
    }
    result.unchecked.extend(after.counted.unread);
    look_at_rows(result, stage, servers, played.drive.next_ticket);
}

/// Looks at every row in both stores, now that nothing changes them any more.
fn look_at_rows(result: &mut RepeatResult, stage: &Stage, servers: &Servers, next_ticket: u64) {
    count_stock(result, stage, servers);
    if !stage.assignment.workload.freshness.audit {
        return;
    }
    stage.assignment.begin(Phase::Auditing);
    let rows = stage.traffic.rows_after(next_ticket);
    match servers.wait(stage.assignment.stop, audit(stage, rows, true)) {
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

/// Holds what was sold against what is left, where the traffic has decrements.
fn count_stock(result: &mut RepeatResult, stage: &Stage, servers: &Servers) {
    if stage.traffic.decrements() {
        match servers.runtime.block_on(stock::audit(stage)) {
            Ok(audit) => audit.tell(&mut result.metrics),
            Err(error) => result.verdict.reasons.push(format!("the stock could not be counted: {error}")),
        }
    }
}

/// Looks at the rows in the database once more, for what was lost after the measurement.
fn look_again(result: &mut RepeatResult, stage: &Stage, servers: &Servers, after: Aftermath) {
    result.verdict.notes.extend(after.problem);
    let problem = |fault: &FaultRecord| Some(format!("{}: {}", fault.what, fault.problem.as_ref()?));
    result.verdict.notes.extend(after.faults.iter().filter_map(problem));
    result.aftermath = after.faults;
    count_stock(result, stage, servers);
    let Some(mut found) = result.audit.take() else { return };
    let rows = stage.traffic.rows_after(after.next_ticket);
    match servers.wait(stage.assignment.stop, audit(stage, rows, false)) {
        Ok(again) => {
            found.writes = again.writes;
            found.tell(&mut result.metrics);
            result.verdict.reasons.extend(unexplained(&found));
            result.audit = Some(found);
        }
        // What was found before would pass for what was lost.
        Err(error) => {
            result.unchecked.push(format!("what was lost after the measurement is unknown: {error}"));
            found.forget(&mut result.metrics);
        }
    }
}

/// More versions than writes were sent: not ours alone.
fn unexplained(audit: &Audit) -> Option<String> {
    let count = audit.writes.unexplained;
    (count > 0).then(|| {
        format!("the rows have {count} versions more than writes were sent; is someone else writing them?")
    })
}

fn verdict(
    played: &Played,
    metrics: &Metrics,
    checks: &[CounterCheck],
    uncertain: u64,
    at_once: usize,
) -> Verdict {
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
        at_once,
        exact: played.exact.is_some(),
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
