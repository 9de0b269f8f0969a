use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::Stop;
use super::crew::{Crew, CrewError, Shift};
use super::lane::{Lane, Tickets};
use super::pacer::{Paced, Pacer};
use super::queue::Queue;
use crate::measure::{AfterWrite, IntervalLog, Recorder, TallyCounts, Window};
use crate::traffic::{Schedule, Traffic};

/// How operations are started.
pub enum Load {
    /// Each client starts its next operation when the last is done.
    Closed { clients: usize },
    /// At the times of a schedule, whatever is still in flight, up to `in_flight` at once; beyond that they
    /// queue and keep their times.
    Open { schedule: Box<Schedule>, in_flight: usize },
    /// At the times of the recording, `speed` times as fast.
    Recorded { speed: f64, in_flight: usize },
}

/// When a drive ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    Operations(u64),
    Time(Duration),
}

/// One stretch of load over a crew.
pub struct Plan {
    pub load: Load,
    pub limit: Limit,
    /// The first ticket.
    pub first: u64,
    /// A call that takes longer fails with a timeout.
    pub timeout: Duration,
    pub traffic: Arc<Traffic>,
    pub after_write: Arc<AfterWrite>,
    pub stop: Stop,
}

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
    /// Operations per second that the schedule asked for, by window.
    pub offered: Vec<f64>,
    /// The ticket after the last one used.
    pub next_ticket: u64,
    pub interrupted: bool,
    pub failure: Option<String>,
}

impl Crew {
    /// Windows are this long.
    const WINDOW: Duration = Duration::from_secs(1);
    /// How often the caller's thread looks whether to stop.
    const LOOK: Duration = Duration::from_millis(20);
    /// How long queued tickets may still be started after the schedule's end.
    const OVERTIME: Duration = Duration::from_secs(2);
    /// How long calls in flight may take to end after a stop.
    const GRACE: Duration = Duration::from_millis(400);

    /// Runs a plan to its limit; `each_window` sees every window as it ends, and says whether to go on.
    ///
    /// # Errors
    /// When a worker thread is gone.
    pub fn drive(
        &self,
        plan: Plan,
        mut each_window: impl FnMut(&Window) -> Flow,
    ) -> Result<Drive, CrewError> {
        // Whatever was recorded outside of drives is not part of this one.
        let mut spare = Recorder::default();
        drop(self.collect(&mut spare));
        let (done, all_done) = channel();
        let queues: Vec<Arc<Queue>> = (0..self.workers()).map(|_| Arc::new(Queue::new())).collect();
        let next = Arc::new(AtomicU64::new(plan.first));
        let halt = Stop::default();
        let paced = Arc::new(Paced::default());
        let start = Instant::now();
        let end = match plan.limit {
            Limit::Operations(count) => plan.first.saturating_add(count),
            Limit::Time(_) => u64::MAX,
        };
        let deadline = match plan.limit {
            Limit::Time(time) => Some(start + time),
            Limit::Operations(_) => None,
        };
        let clients = match &plan.load {
            Load::Closed { clients } => *clients,
            Load::Open { in_flight, .. } | Load::Recorded { in_flight, .. } => *in_flight,
        };
        let closed = matches!(plan.load, Load::Closed { .. });
        for (worker, queue) in queues.iter().enumerate() {
            // Client c belongs to instance c mod I, and instance i lives on worker i mod W.
            let total: usize = (0..self.workers()).map(|worker| self.instances_on(worker)).sum();
            let lanes: Vec<usize> = (0..clients.max(1))
                .map(|client| client % total)
                .filter(|instance| instance % self.workers() == worker)
                .map(|instance| instance / self.workers())
                .collect();
            let (queue, next) = (queue.clone(), next.clone());
            let (traffic, after_write, halt) = (plan.traffic.clone(), plan.after_write.clone(), halt.clone());
            let make = move |instance: super::Instance, leash, recorder| Lane {
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
        drop(done);
        let pacer = (!closed).then(|| {
            let (queues, paced, halt) = (queues.clone(), paced.clone(), halt.clone());
            let traffic = plan.traffic.clone();
            let times = times(plan.load, plan.limit, plan.first, traffic);
            std::thread::spawn(move || {
                let pacer = Pacer { queues: &queues, paced: &paced, stop: &halt, start };
                pacer.run(plan.first, times);
            })
        });
        let mut watch = Watch {
            crew: self,
            start,
            spare,
            total: Recorder::default(),
            windows: Vec::new(),
            log: IntervalLog::default(),
            before: self.counts(),
            ended: Duration::ZERO,
            enough: false,
        };
        let (interrupted, failure) =
            watch.until_done(&all_done, &plan.stop, &halt, &queues, pacer, &mut each_window);
        let mut elapsed = start.elapsed();
        if let (Limit::Time(time), false, None, false) = (plan.limit, interrupted, &failure, watch.enough) {
            // A sparse schedule has its last arrival before its time is over; the time was measured all the same.
            elapsed = elapsed.max(time);
        }
        watch.close(elapsed);
        let scheduled = (!closed).then(|| paced.scheduled());
        let by_second = paced.by_second();
        let offered = (0..watch.windows.len())
            .map(|window| by_second.get(window).copied().unwrap_or(0) as f64)
            .collect();
        let next_ticket = match scheduled {
            Some(scheduled) => plan.first + scheduled,
            None => next.load(std::sync::atomic::Ordering::Relaxed).min(end),
        };
        Ok(Drive {
            recorder: watch.total,
            windows: watch.windows,
            log: watch.log,
            elapsed,
            scheduled,
            offered,
            next_ticket,
            interrupted,
            failure,
        })
    }
}

/// The intended starts of an open plan, up to its limit.
fn times(
    load: Load,
    limit: Limit,
    first: u64,
    traffic: Arc<Traffic>,
) -> Box<dyn Iterator<Item = Duration> + Send> {
    let times: Box<dyn Iterator<Item = Duration> + Send> = match load {
        Load::Open { schedule, .. } => schedule,
        Load::Recorded { speed, .. } => {
            let origin = traffic.recorded_at(first).unwrap_or_default();
            let at =
                move |ticket| traffic.recorded_at(ticket).map(|at| at.saturating_sub(origin).div_f64(speed));
            Box::new((first..).map_while(at))
        }
        Load::Closed { .. } => Box::new(std::iter::empty()),
    };
    match limit {
        Limit::Operations(count) => Box::new(times.take(usize::try_from(count).unwrap_or(usize::MAX))),
        Limit::Time(time) => Box::new(times.take_while(move |at| *at < time)),
    }
}

/// The caller's side of a drive: closes windows, and decides when to end.
struct Watch<'a> {
    crew: &'a Crew,
    start: Instant,
    spare: Recorder,
    total: Recorder,
    windows: Vec<Window>,
    log: IntervalLog,
    before: TallyCounts,
    ended: Duration,
    /// Whether it was told to end early.
    enough: bool,
}

impl Watch<'_> {
    /// Returns once every lane has ended: whether it was interrupted, and what failed.
    fn until_done(
        &mut self,
        all_done: &Receiver<()>,
        stop: &Stop,
        halt: &Stop,
        queues: &[Arc<Queue>],
        mut pacer: Option<std::thread::JoinHandle<()>>,
        each_window: &mut impl FnMut(&Window) -> Flow,
    ) -> (bool, Option<String>) {
        let (mut interrupted, mut failure) = (false, None);
        let mut give_up: Option<Instant> = None;
        let mut left = self.crew.workers();
        let mut aborted = false;
        while left > 0 {
            match all_done.recv_timeout(Crew::LOOK) {
                Ok(()) => left -= 1,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    failure.get_or_insert_with(|| "a worker thread ended unexpectedly".to_string());
                    break;
                }
            }
            if pacer.as_ref().is_some_and(|pacer| pacer.is_finished()) {
                pacer = None;
                give_up.get_or_insert_with(|| Instant::now() + Crew::OVERTIME);
            }
            let paced_out = pacer.is_none() && queues.iter().all(|queue| queue.len() == 0);
            if paced_out || give_up.is_some_and(|at| Instant::now() >= at) {
                queues.iter().for_each(|queue| queue.close());
            }
            if self.start.elapsed() >= self.ended + Crew::WINDOW && left > 0 {
                let flow = match self.window(self.ended + Crew::WINDOW) {
                    Some(window) => each_window(window),
                    None => Flow::Continue,
                };
                match flow {
                    Flow::Continue => {}
                    Flow::Enough => {
                        self.enough = true;
                        halt.request();
                    }
                    Flow::Fail(why) => {
                        failure = Some(why);
                        halt.request();
                    }
                }
            }
            if stop.is_requested() {
                interrupted = true;
                halt.request();
            }
            if halt.is_requested() {
                queues.iter().for_each(|queue| queue.close());
                let at = *give_up.insert(
                    give_up.unwrap_or_else(|| Instant::now() + Crew::GRACE).min(Instant::now() + Crew::GRACE),
                );
                if Instant::now() >= at && !aborted {
                    aborted = true;
                    self.crew.abort_lanes();
                }
            }
        }
        halt.request();
        if let Some(pacer) = pacer {
            // It naps for 50 ms at most; a panic in it has been printed by then.
            let _ = pacer.join();
        }
        (interrupted, failure)
    }

    /// Closes the window that ends at `end`.
    fn window(&mut self, end: Duration) -> Option<&Window> {
        let recorder = self.crew.collect(&mut self.spare);
        let counts = self.crew.counts();
        let length = end.saturating_sub(self.ended);
        let window = Window::of(self.ended, length, &recorder, &(&counts - &self.before));
        self.log.append(self.ended, length, &recorder);
        self.total.merge(&recorder);
        self.before = counts;
        self.ended = end;
        self.windows.push(window);
        self.windows.last()
    }

    /// Closes the last window, which may be short.
    fn close(&mut self, end: Duration) {
        if end > self.ended {
            self.window(end);
        }
    }
}
