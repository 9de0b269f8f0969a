use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::crew::{Crew, CrewError};
use super::lane::{Lane, Tickets};
use super::pacer::{Paced, Pacer};
use super::pacing::Pacing;
use super::plan::{Load, Plan};
use super::queue::Queue;
use super::seat::View;
use super::stop::Stop;
use super::watch::{Pacers, SoFar, Watch};
use super::witness::Witness;
use super::worker::{MakeLane, Shift};
use crate::measure::{Bin, IntervalLog, Recorder, Window};
use crate::model::{BoxFuture, Moment};

/// Whether a drive goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    Continue,
    /// Enough: the drive ends as if its limit were reached.
    Enough,
    /// It cannot go on; why.
    Fail(String),
}

/// What a drive saw.
pub struct Drive {
    pub recorder: Recorder,
    pub windows: Vec<Window>,
    pub log: IntervalLog,
    /// Reads and loads by the time at which they came.
    pub bins: Vec<Bin>,
    pub elapsed: Duration,
    /// Clients of a closed loop without pauses; nothing in another.
    pub clients: Option<usize>,
    /// Whether worker threads spun, so that their processor time tells nothing.
    pub spins: bool,
    /// Processor time of the worker thread that used most.
    pub busiest_worker: Duration,
    /// Processor time of the pacer thread that used most.
    pub busiest_pacer: Duration,
    /// Distances of the inter-arrival times from exponential ones: as planned, and as they went out.
    pub planned_distance: Option<f64>,
    pub released_distance: Option<f64>,
    /// Tickets on the schedule; nothing in a closed loop.
    pub scheduled: Option<u64>,
    /// Whether the rest of the schedule was given up because too many tickets were waiting.
    pub gave_up: bool,
    /// Operations per second that the schedule asked for; nothing in a closed loop.
    pub offered: Option<f64>,
    /// Operations per second that the schedule asked for, by window.
    pub offered_by_window: Vec<f64>,
    /// The ticket after the last one used.
    pub next_ticket: u64,
    /// Whether it ended before its limit, so that calls in flight were given up.
    pub ended_early: bool,
    pub interrupted: bool,
    pub failure: Option<String>,
}

/// What the lanes, the pacers and the watch of one drive share.
pub(super) struct Shared {
    pub queues: Vec<Arc<Queue>>,
    /// The next ticket of a closed loop.
    next: Arc<AtomicU64>,
    pub paced: Paced,
    /// Ends the lanes and the pacers.
    pub halt: Stop,
    pub start: Moment,
}

impl Shared {
    /// What the parts of a drive share that begins now, with ticket `first`.
    pub fn new(queues: Vec<Arc<Queue>>, first: u64) -> Shared {
        Shared {
            queues,
            next: Arc::new(AtomicU64::new(first)),
            paced: Paced::default(),
            halt: Stop::default(),
            start: Moment::now(),
        }
    }
}

impl Crew {
    /// Runs a plan to its limit; `each_window` sees every window as it ends, and all until then, and says whether
    /// to go on.
    ///
    /// # Errors
    /// When a worker thread is gone.
    pub fn drive(
        &self,
        plan: Plan,
        mut each_window: impl FnMut(&Window, &SoFar) -> Flow,
    ) -> Result<Drive, CrewError> {
        let plan = Arc::new(plan);
        let queues = (0..self.workers()).map(|_| Arc::new(Queue::new())).collect();
        let shared = Arc::new(Shared::new(queues, plan.first));
        let mut watch = Watch::new(self, shared.clone());
        let all_done = self.start_lanes(&plan, &shared)?;
        let pacing = start_pacers(&plan, &shared)?;
        let end = watch.until_done(&all_done, &plan.stop, pacing, &mut each_window);
        let mut elapsed = Duration::from_nanos(Moment::now().since(shared.start));
        let to_the_end = plan.limit.time().filter(|_| end.is_complete());
        if let Some(time) = to_the_end {
            // A sparse schedule has its last arrival before its time is over; the time was measured all the same.
            elapsed = elapsed.max(time);
        }
        watch.close(elapsed);
        let paced = shared.paced.total();
        let scheduled = plan.load.pacing().map(|_| paced.scheduled);
        let planned = to_the_end.unwrap_or(paced.last);
        Ok(Drive {
            gave_up: paced.gave_up,
            offered: scheduled.map(|scheduled| scheduled as f64 / planned.as_secs_f64()),
            offered_by_window: paced.offered_by_second(planned, watch.windows.len()),
            bins: watch.bins(),
            recorder: watch.total,
            windows: watch.windows,
            log: watch.log,
            elapsed,
            scheduled,
            clients: match plan.load {
                Load::Closed { clients, think: None } => Some(clients),
                _ => None,
            },
            spins: plan.load.pacing() == Some(Pacing::Precise),
            busiest_worker: end.busiest_worker,
            busiest_pacer: paced.cpu,
            planned_distance: paced.planned.distance(),
            released_distance: paced.released.distance(),
            next_ticket: match scheduled {
                Some(count) => plan.first + count,
                None => shared.next.load(Relaxed).min(plan.limit.end(plan.first)),
            },
            ended_early: !end.is_complete(),
            interrupted: end.interrupted,
            failure: end.failure,
        })
    }

    /// Hands every worker its lanes; the receiver gets a word from each when its lanes have ended.
    fn start_lanes(&self, plan: &Arc<Plan>, shared: &Arc<Shared>) -> Result<Receiver<Duration>, CrewError> {
        let (done, all_done) = channel();
        let instances = self.readers();
        for worker in 0..self.workers() {
            // Client c belongs to instance c mod I, and instance i lives on worker i mod W.
            let lanes = (0..plan.load.lanes().max(1))
                .map(|client| client % instances)
                .filter(|instance| instance % self.workers() == worker)
                .map(|instance| instance / self.workers())
                .collect();
            let shift = Shift {
                shortest_timeout: plan.timeouts.into_iter().min().unwrap_or_default(),
                lanes,
                writes_apart: self.writes_apart(),
                make: make_lane(plan, shared, worker),
                pacer: own_pacer(plan, shared, worker),
                prober: plan.prober.clone(),
                done: done.clone(),
            };
            self.send(worker, shift)?;
        }
        Ok(all_done)
    }
}

/// What makes the lanes of a worker.
fn make_lane(plan: &Arc<Plan>, shared: &Arc<Shared>, worker: usize) -> MakeLane {
    let (plan, shared) = (plan.clone(), shared.clone());
    Box::new(move |place| Lane {
        tickets: match plan.load {
            Load::Closed { think, .. } => Tickets::Closed {
                next: shared.next.clone(),
                end: plan.limit.end(plan.first),
                deadline: plan.limit.deadline(shared.start),
                pauses: think.map(|think| plan.traffic.pauses(think)),
            },
            Load::Open { .. } | Load::Recorded { .. } => Tickets::Open(shared.queues[worker].clone()),
        },
        traffic: plan.traffic.clone(),
        instance: View::of(place.seat),
        writer: place.writer.map(View::of),
        witness: Witness::new(plan.ledger.clone(), plan.sales.clone(), plan.prober.clone()),
        loads: plan.loads.clone(),
        recorder: place.recorder,
        start: shared.start,
        leash: place.leash,
        ticks: plan.ticks.clone(),
        timeouts: plan.timeouts,
        stop: shared.halt.clone(),
    })
}

/// The pacer of `workers`.
fn pacer(plan: &Plan, shared: &Arc<Shared>, workers: Range<usize>) -> Pacer {
    Pacer::new(shared.clone(), workers, plan.first, plan.starts())
}

/// The pacer that runs on a worker's own thread, where the pacing is of that kind.
fn own_pacer(plan: &Plan, shared: &Arc<Shared>, worker: usize) -> Option<BoxFuture<'static, ()>> {
    let pacer = || pacer(plan, shared, worker..worker + 1);
    match plan.load.pacing()? {
        Pacing::Precise => Some(Box::pin(pacer().spin_through())),
        Pacing::Cheap => Some(Box::pin(pacer().doze_through())),
        Pacing::Balanced => None,
    }
}

/// A pacer with a thread of its own serves so many workers.
const WORKERS_PER_PACER: usize = 4;

/// Starts the pacers that have threads of their own.
fn start_pacers(plan: &Plan, shared: &Arc<Shared>) -> Result<Pacers, CrewError> {
    let workers = shared.queues.len();
    match plan.load.pacing() {
        None => Ok(Pacers::default()),
        Some(Pacing::Precise | Pacing::Cheap) => Ok(Pacers { count: workers, threads: Vec::new() }),
        Some(Pacing::Balanced) => {
            let mut threads = Vec::new();
            for first in (0..workers).step_by(WORKERS_PER_PACER) {
                let pacer = pacer(plan, shared, first..workers.min(first + WORKERS_PER_PACER));
                let thread = std::thread::Builder::new().name(format!("pacer-{first}"));
                threads.push(thread.spawn(move || pacer.sleep_through())?);
            }
            Ok(Pacers { count: threads.len(), threads })
        }
    }
}
