use std::sync::Arc;
use std::time::Duration;

use super::{Pacing, Prober, Stop, Ticks};
use crate::measure::{Ledger, Loads, Sales};
use crate::model::{Kind, Moment};
use crate::traffic::{Schedule, Think, Traffic};

/// How operations are started.
#[derive(Clone)]
pub enum Load {
    /// Each client starts its next operation when the last is done and it has thought, if it thinks.
    Closed { clients: usize, think: Option<Think> },
    /// At the times of a schedule, whatever is still in flight, up to `in_flight` at once; beyond that they
    /// queue and keep their times.
    Open { schedule: Box<Schedule>, in_flight: usize, pacing: Pacing },
    /// At the times of the recording, `speed` times as fast.
    Recorded { speed: f64, in_flight: usize, pacing: Pacing },
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
    /// By kind: a call that takes longer fails with a timeout.
    pub timeouts: [Duration; Kind::ALL.len()],
    /// Logical time, where there is one.
    pub ticks: Option<Arc<Ticks>>,
    pub traffic: Arc<Traffic>,
    pub ledger: Arc<Ledger>,
    pub loads: Arc<Loads>,
    pub sales: Arc<Sales>,
    /// Follows acknowledged writes, where it is asked for.
    pub prober: Option<Arc<Prober>>,
    pub stop: Stop,
}

/// The planned start of a ticket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    /// From the start of the drive.
    pub at: Duration,
    /// The gap before it in unit-rate time, where the plan says how gaps are distributed.
    pub gap: Option<f64>,
}

/// The planned starts of the tickets.
pub(super) type Starts = Box<dyn Iterator<Item = Start> + Send>;

impl Load {
    /// Operations that may be in flight at once.
    pub fn lanes(&self) -> usize {
        match self {
            Load::Closed { clients, .. } => *clients,
            Load::Open { in_flight, .. } | Load::Recorded { in_flight, .. } => *in_flight,
        }
    }

    /// How the starts are waited for; nothing in a closed loop.
    pub(super) fn pacing(&self) -> Option<Pacing> {
        match self {
            Load::Closed { .. } => None,
            Load::Open { pacing, .. } | Load::Recorded { pacing, .. } => Some(*pacing),
        }
    }

    /// How long a stretch of it is expected to last, where that follows from the plan.
    pub fn expected_time(&self, limit: Limit) -> Option<Duration> {
        match (limit, self) {
            (Limit::Time(time), _) => Some(time),
            (Limit::Operations(count), Load::Open { schedule, .. }) => schedule.time_of(count),
            (Limit::Operations(_), _) => None,
        }
    }
}

impl Plan {
    /// The planned starts from its first ticket on, up to its limit; none in a closed loop.
    pub(super) fn starts(&self) -> Starts {
        let starts: Starts = match &self.load {
            Load::Closed { .. } => Box::new(std::iter::empty()),
            Load::Open { schedule, .. } => {
                let mut schedule = schedule.clone();
                let is_poisson = schedule.is_poisson();
                let next = move || schedule.next_arrival();
                Box::new(
                    std::iter::from_fn(next)
                        .map(move |(at, gap)| Start { at, gap: is_poisson.then_some(gap) }),
                )
            }
            &Load::Recorded { speed, .. } => {
                let (traffic, first) = (self.traffic.clone(), self.first);
                let origin = traffic.recorded_at(first).unwrap_or_default();
                let start = move |ticket| {
                    let at = traffic.recorded_at(ticket)?.saturating_sub(origin).div_f64(speed);
                    Some(Start { at, gap: None })
                };
                Box::new((first..).map_while(start))
            }
        };
        match self.limit {
            Limit::Operations(count) => Box::new(starts.take(usize::try_from(count).unwrap_or(usize::MAX))),
            Limit::Time(time) => Box::new(starts.take_while(move |start| start.at < time)),
        }
    }
}

impl Limit {
    /// The ticket before which a drive ends that begins with ticket `first`.
    pub(super) fn end(self, first: u64) -> u64 {
        match self {
            Limit::Operations(count) => first.saturating_add(count),
            Limit::Time(_) => u64::MAX,
        }
    }

    /// The moment at which a drive ends that began at `start`.
    pub(super) fn deadline(self, start: Moment) -> Option<Moment> {
        self.time().map(|time| start + time)
    }

    pub fn time(self) -> Option<Duration> {
        match self {
            Limit::Time(time) => Some(time),
            Limit::Operations(_) => None,
        }
    }

    pub fn operations(self) -> Option<u64> {
        match self {
            Limit::Operations(count) => Some(count),
            Limit::Time(_) => None,
        }
    }
}
