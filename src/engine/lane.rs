use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Stop;
use super::queue::Queue;
use super::watchdog::Leash;
use crate::measure::{AfterWrite, Observation, Recorder};
use crate::model::{Failure, Kind, Operation, Outcome, Served, Timing};
use crate::strategy::Strategy;
use crate::traffic::Traffic;

/// Where a lane gets its tickets.
pub enum Tickets {
    /// The next one as soon as the last is done, until `end` or the deadline: a closed loop.
    Closed { next: Arc<AtomicU64>, end: u64, deadline: Option<Instant> },
    /// When the pacer says so: an open loop.
    Open(Arc<Queue>),
}

impl Tickets {
    /// A ticket and, in an open loop, when it was meant to start.
    async fn next(&self) -> Option<(u64, Option<Instant>)> {
        match self {
            Tickets::Closed { next, end, .. } => {
                let ticket = next.fetch_add(1, Relaxed);
                (ticket < *end).then_some((ticket, None))
            }
            Tickets::Open(queue) => queue.next().await.map(|due| (due.ticket, Some(due.intended))),
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        matches!(self, Tickets::Closed { deadline: Some(deadline), .. } if now >= *deadline)
    }
}

/// One client: it has one operation in flight at a time. The hot loop of the harness.
pub struct Lane {
    pub tickets: Tickets,
    pub traffic: Arc<Traffic>,
    pub strategy: Arc<dyn Strategy>,
    pub after_write: Arc<AfterWrite>,
    pub recorder: Arc<Mutex<Recorder>>,
    pub leash: Leash,
    /// By kind.
    pub timeouts: [Duration; Kind::ALL.len()],
    pub stop: Stop,
}

impl Lane {
    pub async fn run(self) {
        while let Some((ticket, intended)) = self.tickets.next().await {
            let operation = self.traffic.operation(ticket);
            let written = match operation.kind {
                Kind::Read => self.after_write.first_read(operation.key.id()),
                _ => None,
            };
            let started = Instant::now();
            if self.tickets.is_over(started) || self.stop.is_requested() {
                break;
            }
            let call = match operation.kind {
                Kind::Read => self.strategy.read(&operation.key),
                Kind::Write | Kind::Insert | Kind::Delete => self.strategy.write(&operation),
            };
            let outcome = self.leash.hold(started, self.timeouts[operation.kind as usize], call).await;
            let finished = Instant::now();
            let outcome = outcome.unwrap_or(Outcome::Failed(Failure::Timeout));
            let timing = Timing { intended: intended.unwrap_or(started), started, finished };
            let seen = self.observe(&operation, &outcome, written);
            self.recorder.lock().unwrap_or_else(PoisonError::into_inner).record(seen, timing);
        }
    }

    /// What is counted of an operation; `written` is the version that a read just after a write should find.
    fn observe(&self, operation: &Operation, outcome: &Outcome, written: Option<u64>) -> Observation {
        let mut seen = Observation {
            kind: operation.kind,
            result: Ok(None),
            absent: false,
            corrupt: false,
            after_write: None,
        };
        match outcome {
            Outcome::Read { served, value } => {
                seen.result = Ok(Some(*served));
                seen.absent = value.is_none();
                seen.corrupt = value.as_ref().is_some_and(|value| !value.is_intact(&operation.key));
                seen.after_write = written.map(|written| {
                    *served == Served::Hit && value.as_ref().is_some_and(|value| value.version >= written)
                });
            }
            Outcome::Written { version } => {
                seen.absent = version.is_none();
                if let Some(version) = version {
                    self.after_write.written(operation.key.id(), *version);
                }
            }
            Outcome::Failed(failure) => seen.result = Err(*failure),
        }
        seen
    }
}
