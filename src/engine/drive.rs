use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::crew::{Crew, CrewError, Instance, Shift};
use super::lane::{Lane, Tickets};
use super::pacer::{Paced, Pacer};
use super::plan::{Limit, Load, Plan, Times};
use super::queue::Queue;
use super::stop::Stop;
use super::watch::Watch;
use crate::measure::{IntervalLog, Recorder, Window};

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
    pub elapsed: Duration,
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
    pub interrupted: bool,
    pub failure: Option<String>,
}

/// What the lanes, the pacer and the watch of one drive share.
pub(super) struct Shared {
    pub queues: Vec<Arc<Queue>>,
    /// The next ticket of a closed loop.
    next: Arc<AtomicU64>,
    paced: Paced,
    /// Ends the lanes and the pacer.
    pub halt: Stop,
    pub start: Instant,
}

impl Crew {
    /// Runs a plan to its limit; `each_window` sees every window as it ends, and says whether to go on.
    ///
    /// # Errors
    /// When a worker thread is gone.
    pub fn drive(
        &self,
        plan: Plan,
        mut each_window: impl FnMut(&Window) -> Flow,
    ) -> Result<Drive, CrewError> {
        let shared = Arc::new(Shared {
            queues: (0..self.workers()).map(|_| Arc::new(Queue::new())).collect(),
            next: Arc::new(AtomicU64::new(plan.first)),
            paced: Paced::default(),
            halt: Stop::default(),
            start: Instant::now(),
        });
        let mut watch = Watch::new(self, shared.clone());
        let all_done = self.start_lanes(&plan, &shared)?;
        let (first, limit, stop) = (plan.first, plan.limit, plan.stop.clone());
        let pacer = start_pacer(plan.load.times(limit, first, plan.traffic), first, &shared);
        let is_open = pacer.is_some();
        let end = watch.until_done(&all_done, &stop, pacer, &mut each_window);
        let mut elapsed = shared.start.elapsed();
        if let (Limit::Time(time), true) = (limit, end.is_complete()) {
            // A sparse schedule has its last arrival before its time is over; the time was measured all the same.
            elapsed = elapsed.max(time);
        }
        watch.close(elapsed);
        let scheduled = is_open.then(|| shared.paced.scheduled());
        let by_second = shared.paced.by_second();
        let offered = |window| by_second.get(window).copied().unwrap_or(0) as f64;
        let planned = match limit {
            Limit::Time(time) if end.is_complete() => time,
            _ => shared.paced.last(),
        };
        Ok(Drive {
            gave_up: shared.paced.gave_up(),
            offered: scheduled.map(|scheduled| scheduled as f64 / planned.as_secs_f64()),
            offered_by_window: (0..watch.windows.len()).map(offered).collect(),
            recorder: watch.total,
            windows: watch.windows,
            log: watch.log,
            elapsed,
            scheduled,
            next_ticket: scheduled
                .map_or(shared.next.load(Relaxed).min(limit.end(first)), |count| first + count),
            interrupted: end.interrupted,
            failure: end.failure,
        })
    }

    /// Hands every worker its lanes; the receiver gets a word from each when its lanes have ended.
    fn start_lanes(&self, plan: &Plan, shared: &Arc<Shared>) -> Result<Receiver<()>, CrewError> {
        let (done, all_done) = channel();
        let instances: usize = (0..self.workers()).map(|worker| self.instances_on(worker)).sum();
        let (end, deadline) = (plan.limit.end(plan.first), plan.limit.deadline(shared.start));
        let closed = matches!(plan.load, Load::Closed { .. });
        for (worker, queue) in shared.queues.iter().enumerate() {
            // Client c belongs to instance c mod I, and instance i lives on worker i mod W.
            let lanes = (0..plan.load.lanes().max(1))
                .map(|client| client % instances)
                .filter(|instance| instance % self.workers() == worker)
                .map(|instance| instance / self.workers())
                .collect();
            let (queue, next, halt) = (queue.clone(), shared.next.clone(), shared.halt.clone());
            let (traffic, after_write) = (plan.traffic.clone(), plan.after_write.clone());
            let make = move |instance: Instance, leash, recorder| Lane {
                tickets: match closed {
                    true => Tickets::Closed { next: next.clone(), end, deadline },
                    false => Tickets::Open(queue.clone()),
                },
                traffic: traffic.clone(),
                strategy: instance.strategy,
                after_write: after_write.clone(),
                recorder,
                leash,
                stop: halt.clone(),
            };
            let shift = Shift { timeout: plan.timeout, lanes, make: Box::new(make), done: done.clone() };
            self.send(worker, shift)?;
        }
        Ok(all_done)
    }
}

fn start_pacer(times: Option<Times>, first: u64, shared: &Arc<Shared>) -> Option<JoinHandle<()>> {
    let (times, shared) = (times?, shared.clone());
    Some(std::thread::spawn(move || {
        let Shared { queues, paced, halt, start, .. } = &*shared;
        Pacer { queues, paced, stop: halt, start: *start }.run(first, times);
    }))
}
