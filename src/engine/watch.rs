use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::crew::Crew;
use super::drive::{Flow, Shared};
use super::stop::Stop;
use crate::measure::{Bin, IntervalLog, Meter, Metrics, QueryClass, Recorder, TallyCounts, Unit, Window};
use crate::model::Moment;

/// Windows are this long.
const WINDOW: Duration = Duration::from_secs(1);
/// How often to look whether to stop, or whether the schedule has ended.
const LOOK: Duration = Duration::from_millis(5);
/// How often to look whether all has been answered after the schedule's end.
const END_LOOK: Duration = Duration::from_millis(1);
/// How long queued tickets may still be started after the schedule's end.
const OVERTIME: Duration = Duration::from_secs(2);
/// How long calls in flight may take to end after a stop.
const GRACE: Duration = Duration::from_millis(400);

/// The caller's side of a drive: closes windows, and decides when it is over.
pub struct Watch<'a> {
    crew: &'a Crew,
    shared: Arc<Shared>,
    spare: Recorder,
    pub total: Recorder,
    pub windows: Vec<Window>,
    pub log: IntervalLog,
    before: TallyCounts,
    /// What had been sent when the drive began.
    began: TallyCounts,
    /// The loads of the whole crew, and what they were when the drive began.
    loads: Meter,
    loaded_before: u64,
    /// Where the last window ended.
    seen: Duration,
}

/// What a drive has seen from its beginning to the end of a window.
pub struct SoFar<'a> {
    recorder: &'a Recorder,
    sent: TallyCounts,
    pub elapsed: Duration,
}

impl SoFar<'_> {
    /// As those of a whole measurement, but for what only its end tells. They take a moment to make.
    pub fn metrics(&self) -> Metrics {
        Metrics::of(self.recorder, &self.sent, self.elapsed)
    }
}

/// The pacers of a drive; none in a closed loop.
#[derive(Default)]
pub struct Pacers {
    pub count: usize,
    /// Those that have threads of their own.
    pub threads: Vec<JoinHandle<()>>,
}

/// How a drive came to its end.
#[derive(Default)]
pub struct End {
    /// Processor time of the worker thread that used most.
    pub busiest_worker: Duration,
    pub interrupted: bool,
    pub failure: Option<String>,
    enough: bool,
}

impl End {
    /// Whether the plan was carried out to its limit.
    pub fn is_complete(&self) -> bool {
        !self.interrupted && !self.enough && self.failure.is_none()
    }
}

impl<'a> Watch<'a> {
    pub fn new(crew: &'a Crew, shared: Arc<Shared>) -> Watch<'a> {
        let mut spare = Recorder::default();
        // Whatever was recorded outside of drives is not part of this one.
        drop(crew.collect(&mut spare));
        let before = crew.counts();
        Watch {
            loads: Meter::default(),
            loaded_before: before.query(QueryClass::Load),
            began: before.clone(),
            before,
            crew,
            shared,
            spare,
            total: Recorder::default(),
            windows: Vec::new(),
            log: IntervalLog::default(),
            seen: Duration::ZERO,
        }
    }

    /// Returns once every lane has ended.
    pub fn until_done(
        &mut self,
        all_done: &Receiver<Duration>,
        stop: &Stop,
        pacers: Pacers,
        each_window: &mut impl FnMut(&Window, &SoFar) -> Flow,
    ) -> End {
        let mut end = End::default();
        let mut last_start: Option<Instant> = None;
        let mut last_call: Option<Instant> = None;
        let mut left = self.crew.workers();
        let mut due = WINDOW;
        while left > 0 {
            // Once the schedule has ended, what is waited for is part of the time that is measured.
            let pause = if last_start.is_some() { END_LOOK } else { LOOK };
            match all_done.recv_timeout(pause) {
                Ok(cpu) => {
                    left -= 1;
                    end.busiest_worker = end.busiest_worker.max(cpu);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    end.failure.get_or_insert("a worker thread ended unexpectedly".into());
                    break;
                }
            }
            if last_start.is_none() && self.shared.paced.ended() == pacers.count {
                last_start = Some(Instant::now() + OVERTIME);
            }
            if last_start.is_some_and(|last| self.waiting() == 0 || Instant::now() >= last) {
                self.close_queues();
            }
            let elapsed = Duration::from_nanos(Moment::now().since(self.shared.start));
            if self.loads.is_due(elapsed) {
                self.read_loads(elapsed);
            }
            if left > 0 && elapsed >= due {
                due += WINDOW;
                match self.end_window(elapsed, each_window) {
                    Flow::Continue => {}
                    Flow::Enough => end.enough = true,
                    Flow::Fail(why) => end.failure = Some(why),
                }
            }
            end.interrupted |= stop.is_requested();
            if !end.is_complete() {
                self.shared.halt.request();
                self.close_queues();
                if Instant::now() >= *last_call.get_or_insert_with(|| Instant::now() + GRACE) {
                    self.crew.abort_lanes();
                }
            }
        }
        self.shared.halt.request();
        for pacer in pacers.threads {
            // It naps for 50 ms at most; a panic in it has been printed by then.
            let _ = pacer.join();
        }
        end
    }

    fn read_loads(&mut self, at: Duration) {
        let loaded = self.crew.counts().query(QueryClass::Load);
        self.loads.read(at, loaded.saturating_sub(self.loaded_before));
    }

    /// Reads, hits and loads by the time at which they came.
    pub fn bins(&self) -> Vec<Bin> {
        self.total.bins.with_loads(&self.loads.by_bin())
    }

    /// Tickets that wait for a lane.
    fn waiting(&self) -> usize {
        self.shared.queues.iter().map(|queue| queue.len()).sum()
    }

    fn close_queues(&self) {
        self.shared.queues.iter().for_each(|queue| queue.close());
    }

    /// Closes the window that ends now, shows it, and says whether to go on.
    fn end_window(&mut self, now: Duration, shown: &mut impl FnMut(&Window, &SoFar) -> Flow) -> Flow {
        self.window(now);
        let so_far = SoFar { recorder: &self.total, sent: &self.before - &self.began, elapsed: now };
        self.windows.last().map_or(Flow::Continue, |window| shown(window, &so_far))
    }

    /// Closes the window that ends at `end`.
    fn window(&mut self, end: Duration) {
        let recorder = self.crew.collect(&mut self.spare);
        let counts = self.crew.counts();
        let length = end.saturating_sub(self.seen);
        let mut window = Window::of(self.seen, length, &recorder, &(&counts - &self.before));
        window.metrics.put("backlog", self.waiting() as f64, Unit::Count);
        self.log.append(self.seen, length, &recorder);
        self.total.merge(&recorder);
        self.before = counts;
        self.seen = end;
        self.windows.push(window);
    }

    /// Closes the last window, which may be short.
    pub fn close(&mut self, end: Duration) {
        self.read_loads(end);
        if end > self.seen {
            self.window(end);
        }
    }
}
