use std::iter::Peekable;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::drive::Shared;
use super::plan::{Start, Starts};
use super::queue::Due;
use crate::measure::{Gaps, thread_time};
use crate::model::{Moment, nanos};

/// What the pacers of a drive have put on the queues, known once they have ended.
#[derive(Default)]
pub struct Paced(Mutex<Total>);

/// The sum over the pacers that have ended.
#[derive(Clone, Default)]
pub struct Total {
    /// Pacers that have ended.
    pub ended: usize,
    /// Tickets that were due.
    pub scheduled: u64,
    /// Tickets by the second of their intended start.
    pub by_second: Vec<u64>,
    /// The last intended start, from the start of the drive.
    pub last: Duration,
    /// Whether the rest of the schedule was given up because the queues found no room.
    pub gave_up: bool,
    /// The gaps between starts as they were planned.
    pub planned: Gaps,
    /// The gaps between starts as they went out; only where one pacer serves all workers.
    pub released: Gaps,
    /// Processor time of a pacer with a thread of its own.
    pub cpu: Duration,
}

impl Paced {
    /// Pacers that have ended.
    pub fn ended(&self) -> usize {
        self.lock().ended
    }

    pub fn total(&self) -> Total {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Total> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts the tickets of some workers on their queues, each when its time has come.
///
/// Intended times are absolute, so lateness does not accumulate, and everything that is due at a wake-up
/// goes out at once, each ticket with its own time.
pub struct Pacer {
    shared: Arc<Shared>,
    /// The workers that it serves.
    workers: Range<usize>,
    tickets: Peekable<Box<dyn Iterator<Item = (u64, Start)> + Send>>,
    /// For each of its workers what is to go out next.
    batches: Vec<Vec<Due>>,
    seen: Total,
    /// When the last ticket went out, and when it was meant to.
    last: Option<(Moment, Duration)>,
}

/// What a pacer has to do next.
enum Step {
    /// Nothing until then.
    Wait(Moment),
    /// Wait until the queues have room.
    Full,
    Done,
}

impl Pacer {
    /// Waits are cut at this length, so that a stop is noticed.
    const NAP: Duration = Duration::from_millis(50);
    /// Tickets that go out in one step, so that a pacer on a worker's thread does not hold it up.
    const BATCH: usize = 1024;
    /// Tickets waiting in all queues beyond which pacers wait too; their times stay as planned.
    const BACKLOG: usize = 1 << 20;
    /// A ticket that finds no room for this long ends the schedule: the overload is beyond doubt by then.
    const PATIENCE: Duration = Duration::from_secs(2);

    /// The pacer of `workers`, for the tickets from `first` on.
    pub fn new(shared: Arc<Shared>, workers: Range<usize>, first: u64, starts: Starts) -> Pacer {
        let tickets: Box<dyn Iterator<Item = (u64, Start)> + Send> = Box::new((first..).zip(starts));
        let batches = workers.clone().map(|_| Vec::with_capacity(Self::BATCH)).collect();
        Pacer { shared, workers, tickets: tickets.peekable(), batches, seen: Total::default(), last: None }
    }

    /// Paces on the calling thread, asleep between the starts.
    pub fn sleep_through(mut self) {
        exact_sleeps();
        let pause = |until: Moment| {
            let left = until.left();
            if !left.is_zero() {
                std::thread::sleep(left.min(Self::NAP));
            }
        };
        while !self.shared.halt.is_requested() {
            match self.step(Moment::now()) {
                Step::Wait(until) => pause(until),
                Step::Full => std::thread::sleep(Duration::from_millis(1)),
                Step::Done => break,
            }
        }
        self.seen.cpu = thread_time();
    }

    /// Paces on a worker's runtime, without ever letting it sleep.
    pub async fn spin_through(mut self) {
        while !self.shared.halt.is_requested() && !matches!(self.step(Moment::now()), Step::Done) {
            tokio::task::yield_now().await;
        }
    }

    /// Paces on a worker's runtime by its timers.
    pub async fn doze_through(mut self) {
        while !self.shared.halt.is_requested() {
            match self.step(Moment::now()) {
                Step::Wait(until) => match until.left() {
                    Duration::ZERO => tokio::task::yield_now().await,
                    left => tokio::time::sleep(left.min(Self::NAP)).await,
                },
                Step::Full => tokio::time::sleep(Duration::from_millis(1)).await,
                Step::Done => break,
            }
        }
    }

    /// Puts out what is due.
    fn step(&mut self, now: Moment) -> Step {
        if !self.has_room() {
            let next = self.tickets.peek().map_or(self.seen.last, |(_, start)| start.at);
            self.seen.gave_up = now.since(self.shared.start + next) > nanos(Self::PATIENCE);
            return if self.seen.gave_up { Step::Done } else { Step::Full };
        }
        for _ in 0..Self::BATCH {
            let Some(&(ticket, start)) = self.tickets.peek() else {
                self.send();
                return Step::Done;
            };
            let worker = ticket as usize % self.shared.queues.len();
            let is_mine = self.workers.contains(&worker);
            let intended = self.shared.start + start.at;
            if is_mine && intended > now {
                self.send();
                return Step::Wait(intended);
            }
            self.tickets.next();
            self.count_gap(start, now);
            if is_mine {
                self.seen.count(start.at);
                self.batches[worker - self.workers.start].push(Due { ticket, intended });
            }
        }
        self.send();
        Step::Wait(now)
    }

    /// Counts the gap before a start: as planned by one of the pacers, as it goes out where there is only one.
    fn count_gap(&mut self, start: Start, now: Moment) {
        let Some(gap) = start.gap.filter(|_| self.workers.start == 0) else { return };
        self.seen.planned.record(gap);
        if self.workers.len() < self.shared.queues.len() {
            return;
        }
        if let Some((then, at)) = self.last.replace((now, start.at)) {
            let planned = start.at.saturating_sub(at).as_secs_f64();
            let released = now.since(then) as f64 / 1e9;
            // A planned gap of no length, to the nanosecond, tells no rate.
            if planned > 0.0 {
                self.seen.released.record(released * gap / planned);
            }
        }
    }

    fn send(&mut self) {
        let queues = &self.shared.queues[self.workers.clone()];
        queues.iter().zip(&mut self.batches).for_each(|(queue, batch)| queue.push(batch));
    }

    fn has_room(&self) -> bool {
        let waiting: usize = self.shared.queues[self.workers.clone()].iter().map(|queue| queue.len()).sum();
        waiting <= Self::BACKLOG * self.workers.len() / self.shared.queues.len()
    }
}

impl Total {
    /// Operations a second that a schedule of this length asked for, in each of so many windows of a second.
    pub fn offered_by_second(&self, length: Duration, windows: usize) -> Vec<f64> {
        let offered = |second: usize| {
            // The schedule may end within a second.
            let part = (length.as_secs_f64() - second as f64).clamp(0.0, 1.0);
            let count = self.by_second.get(second).copied().unwrap_or(0) as f64;
            if part > 0.0 { count / part } else { 0.0 }
        };
        (0..windows).map(offered).collect()
    }

    /// Counts a ticket that is due `at`.
    fn count(&mut self, at: Duration) {
        let second = at.as_secs() as usize;
        if self.by_second.len() <= second {
            self.by_second.resize(second + 1, 0);
        }
        self.by_second[second] += 1;
        self.scheduled += 1;
        self.last = at;
    }

    fn add(&mut self, other: &Total) {
        let seconds = self.by_second.len().max(other.by_second.len());
        self.by_second.resize(seconds, 0);
        self.by_second.iter_mut().zip(&other.by_second).for_each(|(mine, theirs)| *mine += theirs);
        self.ended += 1;
        self.scheduled += other.scheduled;
        self.last = self.last.max(other.last);
        self.gave_up |= other.gave_up;
        self.planned.add(&other.planned);
        self.released.add(&other.released);
        self.cpu = self.cpu.max(other.cpu);
    }
}

impl Drop for Pacer {
    fn drop(&mut self) {
        self.seen.gave_up &= !self.shared.halt.is_requested();
        self.shared.paced.lock().add(&self.seen);
    }
}

/// Asks the kernel not to round this thread's sleeps up by its default of 50 us.
fn exact_sleeps() {
    // Where it refuses, the lag of each operation shows it.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_timerslack(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::queue::Queue;

    /// A pacer of one worker whose queue nobody empties, with everything due at once, and its shared part.
    fn flood(tickets: usize) -> (Pacer, Arc<Shared>) {
        let shared = Arc::new(Shared::new(vec![Arc::new(Queue::new())], 0));
        let starts = std::iter::repeat_n(Start { at: Duration::ZERO, gap: None }, tickets);
        (Pacer::new(shared.clone(), 0..1, 0, Box::new(starts)), shared)
    }

    #[test]
    fn a_backlog_beyond_measure_ends_the_schedule_and_grows_no_further() {
        let (mut pacer, shared) = flood(3 * Pacer::BACKLOG);
        let now = shared.start + Duration::from_millis(1);
        while matches!(pacer.step(now), Step::Wait(_)) {}
        let waiting = shared.queues[0].len();
        assert!((Pacer::BACKLOG..=Pacer::BACKLOG + Pacer::BATCH).contains(&waiting), "{waiting}");
        assert!(matches!(pacer.step(now), Step::Full), "the schedule is not late enough to be given up");
        assert!(matches!(pacer.step(now + Pacer::PATIENCE), Step::Done));
        assert_eq!(shared.queues[0].len(), waiting);
        drop(pacer);
        let total = shared.paced.total();
        assert!(total.gave_up && total.ended == 1);
    }

    #[test]
    fn a_schedule_that_finds_room_is_put_out_to_its_end() {
        let (mut pacer, shared) = flood(5_000);
        let now = shared.start;
        while matches!(pacer.step(now), Step::Wait(_)) {}
        drop(pacer);
        let total = shared.paced.total();
        assert_eq!((total.scheduled, total.gave_up, shared.queues[0].len()), (5_000, false, 5_000));
    }

    #[test]
    fn pacers_share_the_tickets_of_one_schedule() {
        let queues: Vec<_> = (0..2).map(|_| Arc::new(Queue::new())).collect();
        let shared = Arc::new(Shared::new(queues, 0));
        for worker in 0..2 {
            let starts = (0..101).map(|n| Start { at: Duration::from_nanos(n), gap: Some(1.0) });
            let mut pacer = Pacer::new(shared.clone(), worker..worker + 1, 0, Box::new(starts));
            let now = shared.start + Duration::from_millis(1);
            while matches!(pacer.step(now), Step::Wait(_)) {}
        }
        assert_eq!(shared.queues.iter().map(|queue| queue.len()).collect::<Vec<_>>(), [51, 50]);
        let total = shared.paced.total();
        assert_eq!((total.scheduled, total.ended), (101, 2));
        assert!(total.planned.distance().is_some() && total.released.distance().is_none());
    }
}
