use std::sync::Arc;
use std::time::{Duration, Instant};

use super::abort::Abort;
use super::assignment::Assignment;
use super::counters::Counters;
use super::exactness::Exactness;
use super::gauge::{Gauge, Gauged};
use super::harm::Harm;
use super::node_loads::SentToNodes;
use super::observer::{Event, Observer, Phase};
use super::remap::remap;
use super::servers::Servers;
use super::stage::Stage;
use super::{ExperimentError, parts};
use crate::config::Workload;
use crate::engine::{CrewError, Drive, Fault, Flow, Limit, Plan, Prober, SoFar, Timeline, When};
use crate::measure::{
    ExactCounts, FaultRecord, LoadSummary, Recorder, TallyCounts, Usage, Window, outages, ramp_again, recover,
};
use crate::model::{Failure, Kind, Moment};

/// Acknowledged writes must have reached the database after this long.
const DRAIN: Duration = Duration::from_secs(30);
/// Connections that a fault broke are made anew within this time.
const AFTER_FAULTS: Duration = Duration::from_secs(5);

/// The measured phase, with the drain that follows it.
pub struct Played {
    pub drive: Drive,
    pub faults: Vec<FaultRecord>,
    pub usage: Usage,
    /// Follows acknowledged writes, where it was asked for.
    pub prober: Option<Arc<Prober>>,
    /// Why it was ended before its time, if it failed an expectation; it is interrupted then.
    pub aborted: Option<String>,
    /// Why it did not come to its end, if a server or a client failed.
    pub failure: Option<String>,
    /// Why acknowledged writes did not reach the database, if they did not.
    pub undrained: Option<String>,
    /// What the instances sent meanwhile.
    pub sent: TallyCounts,
    /// What the expiries cost.
    pub loads: LoadSummary,
    /// What the servers had counted when it began.
    pub counted_before: Counters,
    /// What the clients sent to each node of the cache meanwhile, where they place the keys.
    pub sent_to_nodes: SentToNodes,
    /// What the cache held meanwhile.
    pub gauged: Gauged,
    /// When it began.
    pub start: Moment,
    /// What it came to in whole numbers, where it was counted rather than timed.
    pub exact: Option<ExactCounts>,
}

impl Played {
    /// Whether anything was done to a server or an instance.
    pub fn is_harmed(&self) -> bool {
        self.faults.iter().any(|fault| fault.began_s.is_some() && !fault.is_of_events())
    }
}

/// Measures from the ticket `first` on, and drains.
pub fn play(stage: &Stage, servers: &Servers, first: u64) -> Result<Played, ExperimentError> {
    let Stage { assignment, crew, load, .. } = stage;
    let workload = assignment.workload;
    for tally in crew.tallies() {
        drop((tally.take_pool(), tally.take_flushes(), tally.take_guard_waits()));
    }
    stage.loads.restart();
    stage.invalidation.events.restart();
    let sent_before = crew.counts();
    let counted_before = Counters::read(servers, &stage.urls);
    let sent_to_nodes = SentToNodes::read(&stage.urls.cache);
    let usage_before = Usage::now();
    let limit = parts::limit(workload, &stage.traffic, load);
    let (expected, operations) = (load.expected_time(limit), limit.operations());
    assignment.begin(Phase::Measuring { expected, operations });
    let prober = workload.freshness.probe.map(|rate| Arc::new(Prober::new(rate)));
    let exactness = Exactness::begin(stage, servers);
    let ticks = exactness.as_ref().map(Exactness::ticks);
    let plan = Plan { ticks, ..stage.plan(limit, first, prober.clone()) };
    // What it asks the servers would be counted, too.
    let gauge = if exactness.is_none() { Gauge::start(&stage.urls.cache) } else { None };
    let (began, start) = (Instant::now(), Moment::now());
    let mut abort = Abort::of(workload);
    let mut shown = 0;
    let (drive, mut faults) = with_faults(stage, servers, &workload.faults(), limit.time(), |each_window| {
        crew.drive(plan, |window, so_far| {
            shown += 1;
            match each_window(window, so_far) {
                Flow::Continue => abort.look(so_far),
                flow => flow,
            }
        })
    });
    let gauged = gauge.map(Gauge::end).unwrap_or_default();
    let mut drive = drive?;
    // The end cuts the last one short.
    drive.windows.iter().skip(shown).for_each(|window| assignment.observer.event(&Event::Window(window)));
    drive.interrupted |= abort.reason.is_some();
    let usage = Usage::since(&usage_before);
    let sent_to_nodes = SentToNodes::read(&stage.urls.cache).since(&sent_to_nodes);
    recover(&drive.windows, &mut faults);
    outages(&drive.bins, &mut faults);
    ramp_again(&drive.bins, &mut faults);
    if !drive.interrupted && drive.failure.is_none() {
        remap(stage, &drive, began, first, &mut faults);
    }
    // A server may have ended since the last full window.
    let failure = drive.failure.clone().or_else(|| servers.trouble());
    assignment.begin(Phase::Draining);
    let mut played = Played {
        drive,
        faults,
        usage,
        prober,
        aborted: abort.reason,
        failure,
        undrained: None,
        sent: TallyCounts::default(),
        loads: LoadSummary::default(),
        counted_before,
        sent_to_nodes,
        gauged,
        start,
        exact: None,
    };
    // After a Ctrl-C, or an abort, there is no time to wait for flushes.
    if played.failure.is_none() && !played.drive.interrupted {
        played.undrained = drain(stage, servers, played.is_harmed());
        stage.invalidation.wait_until_quiet(assignment.stop);
    }
    played.sent = &crew.counts() - &sent_before;
    let counted = |exactness: Exactness| exactness.end(servers, &played.drive.recorder, &played.sent);
    played.exact = exactness.map(counted);
    played.loads = stage.loads.take();
    Ok(played)
}

/// What came after the measurement.
pub struct Aftermath {
    pub faults: Vec<FaultRecord>,
    /// Why it did not come to its end, or acknowledged writes did not reach the database.
    pub problem: Option<String>,
    pub next_ticket: u64,
}

/// Goes on with the load from the ticket `first` on, uncounted, until the faults that were kept out of the measurement,
/// and drains; nothing where there are none.
pub fn aftermath(stage: &Stage, servers: &Servers, first: u64) -> Result<Option<Aftermath>, ExperimentError> {
    let faults = stage.assignment.workload.aftermath();
    let times = faults.iter().map(|fault| match fault.when {
        When::At(time) | When::Every(time) => time,
    });
    let Some(time) = times.max() else { return Ok(None) };
    stage.assignment.begin(Phase::Aftermath);
    let plan = stage.plan(Limit::Time(time), first, None);
    let drive = |each_window: &mut EachWindow| stage.crew.drive(plan, each_window);
    let (drive, faults) = with_faults(stage, servers, &faults, None, drive);
    let drive = drive?;
    if drive.interrupted {
        return Ok(None);
    }
    let problem = drive.failure.or_else(|| servers.trouble());
    let problem = problem.or_else(|| drain(stage, servers, true));
    Ok(Some(Aftermath { faults, problem, next_ticket: drive.next_ticket }))
}

/// The most requests that were sent and whose answer nobody waited for: those of failed operations.
pub fn unanswered(recorder: &Recorder, workload: &Workload) -> u64 {
    let failed: u64 = Failure::ALL.iter().map(|&failure| recorder.failed(Kind::MultiRead, failure)).sum();
    let (_, most) = workload.traffic.multi_read.keys.bounds();
    recorder.failures() + failed * most
}

/// Waits for acknowledged writes to reach the database; says why they did not.
///
/// After a fault connections are still being made anew, so that it is tried again for a while; not for a server that
/// stays down.
fn drain(stage: &Stage, servers: &Servers, harmed: bool) -> Option<String> {
    let deadline = Instant::now() + AFTER_FAULTS;
    loop {
        let error = stage.crew.drain(DRAIN).err()?;
        let is_stopped = stage.assignment.stop.is_requested();
        if !harmed || servers.any_is_down() || is_stopped || Instant::now() >= deadline {
            return Some(format!("acknowledged writes were not flushed: {error}"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What is done as each window ends.
type EachWindow<'a> = dyn FnMut(&Window, &SoFar) -> Flow + 'a;

/// Measures while the workload's faults are carried out; says what became of them.
fn with_faults(
    stage: &Stage,
    servers: &Servers,
    faults: &[Fault],
    length: Option<Duration>,
    drive: impl FnOnce(&mut EachWindow) -> Result<Drive, CrewError>,
) -> (Result<Drive, CrewError>, Vec<FaultRecord>) {
    let Assignment { workload, observer, .. } = stage.assignment;
    let harm = Harm::new(stage, servers);
    let timeline = Timeline::new(faults, workload.data.seed, &harm).lasting(length);
    let tell = || timeline.news().iter().for_each(|record| observer.event(&Event::Fault(record)));
    let lasted = |drive: &Result<Drive, CrewError>| {
        drive.as_ref().ok().filter(|drive| !drive.ended_early).map(|drive| drive.elapsed)
    };
    let driven = timeline.during(
        || {
            drive(&mut |window, _| {
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

/// Shows a window, and says whether to go on.
pub fn watch(window: &Window, servers: &Servers, observer: &dyn Observer) -> Flow {
    observer.event(&Event::Window(window));
    servers.trouble().map_or(Flow::Continue, Flow::Fail)
}
