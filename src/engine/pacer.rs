use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Stop;
use super::queue::{Due, Queue};
use crate::model::nanos;

/// What the pacer has put on the queues so far.
#[derive(Default)]
pub struct Paced {
    scheduled: AtomicU64,
    /// Tickets by the second of their intended start.
    by_second: Mutex<Vec<u64>>,
    /// The last intended start, in nanoseconds from the start.
    last: AtomicU64,
    /// Whether the rest of the schedule was given up because the queues found no room.
    gave_up: AtomicBool,
}

impl Paced {
    pub fn scheduled(&self) -> u64 {
        self.scheduled.load(Relaxed)
    }

    /// Whether the rest of the schedule was given up because the queues found no room.
    pub fn gave_up(&self) -> bool {
        self.gave_up.load(Relaxed)
    }

    /// The last intended start, from the start of the drive.
    pub fn last(&self) -> Duration {
        Duration::from_nanos(self.last.load(Relaxed))
    }

    /// Tickets by the second of their intended start.
    pub fn by_second(&self) -> Vec<u64> {
        self.by_second.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Puts every ticket on a queue when its time has come: the body of the pacer's own thread.
///
/// Intended times are absolute, so lateness does not accumulate, and everything that is due at a wake-up
/// goes out at once, each with its own time.
pub struct Pacer<'a> {
    pub queues: &'a [Arc<Queue>],
    pub paced: &'a Paced,
    pub stop: &'a Stop,
    pub start: Instant,
}

impl Pacer<'_> {
    /// Sleeps are cut at this length, so that a stop is noticed.
    const NAP: Duration = Duration::from_millis(50);
    /// Tickets waiting in all queues beyond which the pacer waits too; their times stay as planned.
    const BACKLOG: usize = 1 << 20;
    /// A ticket that finds no room for this long ends the schedule: the overload is beyond doubt by then.
    const PATIENCE: Duration = Duration::from_secs(2);

    /// Runs the tickets from `first` on at the times of `schedule`, until it ends.
    pub fn run(&self, first: u64, schedule: impl Iterator<Item = Duration>) {
        exact_sleeps();
        let mut batches: Vec<Vec<Due>> = self.queues.iter().map(|_| Vec::new()).collect();
        let mut seconds: Vec<u64> = Vec::new();
        for (ticket, at) in (first..).zip(schedule) {
            let intended = self.start + at;
            if Instant::now() < intended {
                self.send(&mut batches, &seconds);
                if !self.wait_until(intended) {
                    break;
                }
            }
            let second = at.as_secs() as usize;
            if seconds.len() <= second {
                seconds.resize(second + 1, 0);
            }
            seconds[second] += 1;
            self.paced.last.store(nanos(at), Relaxed);
            let to = ticket as usize % self.queues.len();
            batches[to].push(Due { ticket, intended });
            if batches[to].len() >= 1024 {
                self.send(&mut batches, &seconds);
                if !self.wait_for_room(intended) {
                    self.paced.gave_up.store(!self.stop.is_requested(), Relaxed);
                    break;
                }
            }
        }
        self.send(&mut batches, &seconds);
    }

    fn send(&self, batches: &mut [Vec<Due>], seconds: &[u64]) {
        let count: usize = batches.iter().map(Vec::len).sum();
        for (queue, batch) in self.queues.iter().zip(batches) {
            queue.push(batch);
        }
        self.paced.scheduled.fetch_add(count as u64, Relaxed);
        *self.paced.by_second.lock().unwrap_or_else(PoisonError::into_inner) = seconds.to_vec();
    }

    /// Returns at the instant, or false once a stop is requested.
    fn wait_until(&self, instant: Instant) -> bool {
        loop {
            let left = instant.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            if self.stop.is_requested() {
                return false;
            }
            std::thread::sleep(left.min(Self::NAP));
        }
    }

    /// Returns once the queues take a ticket that was meant for `intended`, or false if they do not in time.
    fn wait_for_room(&self, intended: Instant) -> bool {
        while self.queues.iter().map(|queue| queue.len()).sum::<usize>() > Self::BACKLOG {
            if self.stop.is_requested() || intended.elapsed() > Self::PATIENCE {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        !self.stop.is_requested()
    }
}

/// Asks the kernel not to round this thread's sleeps up by its default of 50 us.
fn exact_sleeps() {
    #[cfg(target_os = "linux")]
    // SAFETY: PR_SET_TIMERSLACK takes a number and touches no memory of ours.
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1u64);
    }
}
