use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Stop;
use super::crew::Service;
use super::entered::Entered;
use super::queue::Queue;
use super::seat::View;
use super::ticks::Ticks;
use super::watchdog::Leash;
use super::witness::{Expected, Witness};
use crate::measure::{BinCounts, Loads, Observation, Recorder, Rows};
use crate::model::{BoxFuture, Failure, Kind, Moment, Operation, Outcome, Served, Timing};
use crate::strategy::read_one_by_one;
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

/// How long a client rests that finds its instance down, so that it does not ask again and again in no time.
const REST: Duration = Duration::from_millis(1);

/// One client: it has one operation in flight at a time. The hot loop of the harness.
pub struct Lane {
    pub tickets: Tickets,
    pub traffic: Arc<Traffic>,
    pub instance: View,
    /// Whose instance takes the writes, where that is another.
    pub writer: Option<View>,
    pub witness: Witness,
    pub loads: Arc<Loads>,
    pub recorder: Arc<Mutex<Recorder>>,
    /// Of the drive.
    pub start: Moment,
    pub leash: Leash,
    /// Logical time, where there is one; it is the only lane then.
    pub ticks: Option<Arc<Ticks>>,
    /// By kind.
    pub timeouts: [Duration; Kind::ALL.len()],
    pub stop: Stop,
}

impl Lane {
    pub async fn run(mut self) {
        while let Some((ticket, intended)) = self.tickets.next().await {
            let operation = self.traffic.operation(ticket);
            let expected = self.witness.before(&operation);
            let entered = Entered::before(&operation, &self.loads);
            let ticked = self.ticks.as_ref().map(|ticks| ticks.begin());
            let started = Moment::now();
            if self.tickets.is_over(started) || self.stop.is_requested() {
                self.witness.leave_out(&operation, &expected);
                break;
            }
            let service = match &mut self.writer {
                Some(writer) if operation.kind.is_write() => writer.service(),
                _ => self.instance.service(),
            };
            let outcome = match &service {
                Some(service) => {
                    let limit = self.timeouts[operation.kind as usize];
                    let call = call(service, &operation, self.traffic.fetch());
                    self.leash.hold(started, limit, call).await.unwrap_or_else(Outcome::Failed)
                }
                None => Outcome::Failed(Failure::Unavailable),
            };
            let finished = Moment::now();
            let is_up = service.is_some();
            if let (Some(ticks), Some(before)) = (&self.ticks, ticked) {
                // What goes on behind the caller's back is over before the next operation, and counted to this one.
                if let Some(service) = &service {
                    // A failure was counted where it happened.
                    let _ = service.drain().await;
                }
                ticks.end(before);
            }
            // Whoever waits for a ticket must not keep an instance alive that has crashed meanwhile.
            drop(service);
            let timing = Timing { intended: intended.unwrap_or(started), started, finished };
            if !is_up {
                // Nobody was there to send it.
                self.witness.leave_out(&operation, &expected);
            }
            self.record(&operation, &outcome, expected, entered, timing);
            if !is_up {
                tokio::time::sleep(REST).await;
            }
        }
    }

    fn record(
        &mut self,
        operation: &Operation,
        outcome: &Outcome,
        expected: Expected,
        entered: Entered,
        timing: Timing,
    ) {
        let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        recorder.record(observe(operation, outcome), timing);
        let of_one_row = (operation.kind == Kind::Read).then_some(timing);
        if let Some(timing) = of_one_row
            && let Some(since) = self.loads.since_expiry(operation.key.id(), timing.started)
        {
            recorder.around(since, timing);
        }
        let since_start = timing.finished.since(self.start);
        let mut ended = ended(operation, outcome);
        entered.after(operation, outcome, |read| recorder.reads.count(read));
        let judge = |judgement| recorder.judge(&judgement, of_one_row);
        self.witness.after(operation, outcome, expected, timing, judge);
        if operation.kind == Kind::MultiRead {
            let rows = rows(operation, outcome);
            ended.reads = rows.asked as u32;
            ended.hits = (rows.served[Served::Hit as usize] + rows.served[Served::Near as usize]) as u32;
            ended.fallbacks = rows.served[Served::Fallback as usize] as u32;
            recorder.record_rows(&rows);
        }
        recorder.bins.record(since_start, ended);
    }
}

/// The one call that is measured.
fn call<'a>(service: &'a Service, operation: &'a Operation, fetch: Fetch) -> BoxFuture<'a, Outcome> {
    let strategy = &*service.strategy;
    match operation.kind {
        Kind::Read => strategy.read(&operation.key),
        Kind::MultiRead => match fetch {
            Fetch::Batch => strategy.read_many(&operation.keys),
            Fetch::OneByOne => Box::pin(read_one_by_one(strategy, &operation.keys)),
        },
        Kind::Write | Kind::Insert | Kind::Delete => strategy.write(operation),
        Kind::Fill | Kind::Invalidate => match &service.entries {
            Some(entries) => Box::pin(entries.tell(operation)),
            None => Box::pin(std::future::ready(Outcome::Failed(Failure::Refused))),
        },
        Kind::Decrement => match &service.inventory {
            Some(inventory) => inventory.decrement(&operation.key, operation.quantity),
            None => Box::pin(std::future::ready(Outcome::Failed(Failure::Refused))),
        },
    }
}

/// What the bin in which it ends is told of an operation, but for the rows of a multi-read.
fn ended(operation: &Operation, outcome: &Outcome) -> BinCounts {
    let served = match outcome {
        Outcome::Read { served, .. } => Some(*served),
        _ => None,
    };
    BinCounts {
        reads: u32::from(operation.kind == Kind::Read),
        hits: u32::from(served.is_some_and(Served::is_hit)),
        fallbacks: u32::from(served == Some(Served::Fallback)),
        failures: u32::from(matches!(outcome, Outcome::Failed(_))),
    }
}

/// What is counted of an operation.
fn observe(operation: &Operation, outcome: &Outcome) -> Observation {
    let mut seen = Observation::of(operation.kind, Ok(None));
    match outcome {
        Outcome::Read { served, value } => {
            seen.result = Ok(Some(*served));
            seen.absent = value.as_ref().is_none_or(|value| value.tombstone);
            seen.corrupt = value.as_ref().is_some_and(|value| !value.is_intact(&operation.key));
        }
        Outcome::Written { version } => seen.absent = version.is_none(),
        Outcome::ReadMany(_) | Outcome::Told { .. } => {}
        Outcome::Decremented { left } => seen.refused = left.is_none(),
        Outcome::Failed(failure) => seen.result = Err(*failure),
    }
    seen
}

/// What is counted of the rows of a multi-read.
fn rows(operation: &Operation, outcome: &Outcome) -> Rows {
    let mut rows = Rows { asked: operation.keys.len() as u64, ..Rows::default() };
    let Outcome::ReadMany(found) = outcome else { return rows };
    for (key, found) in operation.keys.iter().zip(found) {
        rows.served[found.served as usize] += 1;
        rows.absent += u64::from(found.row().is_none());
        rows.corrupt += u64::from(found.row().is_some_and(|row| !row.is_intact(key)));
    }
    rows
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::model::{Found, Key, Payload, Time, Value, checksum};
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

    fn operation(kind: Kind, keys: &[Key]) -> Operation {
        Operation {
            ticket: 0,
            kind,
            key: keys[0],
            keys: keys.to_vec(),
            quantity: 0,
            payload: Payload::default(),
            scans: false,
        }
    }

    #[test]
    fn a_body_that_was_written_under_another_key_is_counted_by_reads_and_by_rows_of_multi_reads() {
        let keys = [1, 2, 3].map(|id| Key::new("l:", id));
        let written = |key: &Key| {
            let body = Bytes::from_static(b"a body");
            Some(Value { version: 1, checksum: checksum(key, &body), body, ..Value::default() })
        };
        let served = Served::Hit;
        let read = |value| observe(&operation(Kind::Read, &keys), &Outcome::Read { served, value });
        assert!(!read(written(&keys[0])).corrupt && read(written(&keys[1])).corrupt);
        let found = [0, 0, 2].map(|row: usize| Found { served, value: written(&keys[row]) });
        let rows = rows(&operation(Kind::MultiRead, &keys), &Outcome::ReadMany(found.into()));
        assert_eq!((rows.asked, rows.served[served as usize], rows.corrupt), (3, 3, 1));
    }
}
