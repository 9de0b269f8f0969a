use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Stop;
use super::queue::Queue;
use super::watchdog::Leash;
use crate::inventory::Inventory;
use crate::measure::{AfterWrite, Observation, Recorder, Rows, Sales};
use crate::model::{BoxFuture, Failure, Found, Kind, Moment, Operation, Outcome, Served, Timing};
use crate::strategy::{Strategy, read_one_by_one};
use crate::traffic::{Fetch, Pauses, Traffic};

/// Where a lane gets its tickets.
pub enum Tickets {
    /// The next one as soon as the last is done and its own pause is over, until `end` or the deadline: a
    /// closed loop.
    Closed { next: Arc<AtomicU64>, end: u64, deadline: Option<Moment>, pauses: Option<Pauses> },
    /// When the pacer says so: an open loop.
    Open(Arc<Queue>),
}

impl Tickets {
    /// A ticket and, in an open loop, when it was meant to start.
    async fn next(&self) -> Option<(u64, Option<Moment>)> {
        match self {
            Tickets::Closed { next, end, deadline, pauses } => {
                let ticket = next.fetch_add(1, Relaxed);
                if let Some(pauses) = pauses
                    && ticket < *end
                {
                    rest(pauses.before(ticket), *deadline).await;
                }
                (ticket < *end).then_some((ticket, None))
            }
            Tickets::Open(queue) => queue.next().await.map(|due| (due.ticket, Some(due.intended))),
        }
    }

    fn is_over(&self, now: Moment) -> bool {
        matches!(self, Tickets::Closed { deadline: Some(deadline), .. } if now >= *deadline)
    }
}

/// A pause, cut at the deadline. Timers tick once a millisecond and round up.
async fn rest(pause: Duration, deadline: Option<Moment>) {
    let left = deadline.map(Moment::left);
    tokio::time::sleep(left.map_or(pause, |left| left.min(pause))).await;
}

/// One client: it has one operation in flight at a time. The hot loop of the harness.
pub struct Lane {
    pub tickets: Tickets,
    pub traffic: Arc<Traffic>,
    pub strategy: Arc<dyn Strategy>,
    /// What decrements go through, where the traffic has any.
    pub inventory: Option<Arc<dyn Inventory>>,
    pub sales: Arc<Sales>,
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
            let written_before: Vec<_> =
                operation.keys.iter().map(|key| self.after_write.first_read(key.id())).collect();
            let started = Moment::now();
            if self.tickets.is_over(started) || self.stop.is_requested() {
                break;
            }
            let call = match operation.kind {
                Kind::Read => self.strategy.read(&operation.key),
                Kind::MultiRead => match self.traffic.fetch() {
                    Fetch::Batch => self.strategy.read_many(&operation.keys),
                    Fetch::OneByOne => Box::pin(read_one_by_one(&*self.strategy, &operation.keys)),
                },
                Kind::Write | Kind::Insert | Kind::Delete => self.strategy.write(&operation),
                Kind::Decrement => self.decrement(&operation),
            };
            let outcome = self.leash.hold(started, self.timeouts[operation.kind as usize], call).await;
            let finished = Moment::now();
            let outcome = outcome.unwrap_or(Outcome::Failed(Failure::Timeout));
            let timing = Timing { intended: intended.unwrap_or(started), started, finished };
            let seen = self.observe(&operation, &outcome, written);
            let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
            recorder.record(seen, timing);
            if operation.kind == Kind::MultiRead {
                recorder.record_rows(&rows(&operation, &outcome, &written_before));
            }
        }
    }

    fn decrement<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        let Some(inventory) = &self.inventory else {
            return Box::pin(std::future::ready(Outcome::Failed(Failure::Refused)));
        };
        self.sales.begin(operation.key.id(), operation.quantity);
        inventory.decrement(&operation.key, operation.quantity)
    }

    /// What is counted of an operation; `written` is the version that a read just after a write should find.
    fn observe(&self, operation: &Operation, outcome: &Outcome, written: Option<u64>) -> Observation {
        let mut seen = Observation {
            kind: operation.kind,
            result: Ok(None),
            absent: false,
            refused: false,
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
            Outcome::ReadMany(_) => {}
            Outcome::Decremented { left } => {
                seen.refused = left.is_none();
                self.sales.close(operation.key.id(), operation.quantity, left.is_some());
            }
            Outcome::Failed(failure) => seen.result = Err(*failure),
        }
        seen
    }
}

/// What is counted of the rows of a multi-read; `written` are the versions that reads just after writes should find.
fn rows(operation: &Operation, outcome: &Outcome, written: &[Option<u64>]) -> Rows {
    let mut rows = Rows { asked: operation.keys.len() as u64, ..Rows::default() };
    let Outcome::ReadMany(found) = outcome else { return rows };
    for ((key, Found { served, value }), written) in operation.keys.iter().zip(found).zip(written) {
        rows.served[*served as usize] += 1;
        rows.absent += u64::from(value.is_none());
        rows.corrupt += u64::from(value.as_ref().is_some_and(|value| !value.is_intact(key)));
        if let Some(written) = written {
            let is_hit =
                *served == Served::Hit && value.as_ref().is_some_and(|value| value.version >= *written);
            rows.after_write += 1;
            rows.after_write_hits += u64::from(is_hit);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Time;
    use crate::traffic::Think;

    fn tickets(end: u64, deadline: Option<Moment>, pause: Duration) -> Tickets {
        let pauses = Some(Pauses::new(Think::Fixed(Time(pause)), 1));
        Tickets::Closed { next: Arc::default(), end, deadline, pauses }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_thinks_before_each_operation_and_not_after_the_last() {
        let tickets = tickets(3, None, Duration::from_millis(40));
        let start = tokio::time::Instant::now();
        while tickets.next().await.is_some() {}
        assert_eq!(start.elapsed(), Duration::from_millis(120));
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_ends_a_pause() {
        let deadline = Moment::now() + Duration::from_secs(20);
        let tickets = tickets(3, Some(deadline), Duration::from_secs(3_600));
        let start = tokio::time::Instant::now();
        assert!(tickets.next().await.is_some());
        assert!(start.elapsed() <= Duration::from_secs(21), "{:?}", start.elapsed());
        assert!(tickets.is_over(deadline));
    }
}
