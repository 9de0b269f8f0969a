//! Validity: whether a measurement is one of the servers, or of the generator and the machine.

mod answers;
mod generator;
mod machine;
mod schedule;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Metrics, Usage, Window};

/// One count that both sides keep: we when we send, the server when it executes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CounterCheck {
    /// What is counted: `cache get`, `database load` …
    pub what: String,
    pub client: u64,
    pub server: u64,
}

/// What a verdict is reached from.
#[derive(Debug)]
pub struct Findings<'a> {
    pub metrics: &'a Metrics,
    pub windows: &'a [Window],
    pub checks: &'a [CounterCheck],
    pub usage: &'a Usage,
    pub elapsed: Duration,
    /// Operations that the schedule held; `None` in a closed loop, which has none.
    pub scheduled: Option<u64>,
    /// Clients of a closed loop that start their next operation at once; `None` where they pause, or in an open loop.
    pub clients: Option<usize>,
    /// Whether the generator spins on purpose, so that its processor time tells nothing.
    pub spins: bool,
    /// Whether the generator gave the rest of the schedule up, its queues full.
    pub gave_up: bool,
    /// Operations per second that the schedule asked for in each window.
    pub offered: &'a [f64],
    /// Whether servers or instances were disturbed on purpose, so that delays are the answer and not a mistake.
    pub faults: bool,
    /// Requests whose answer was not waited for or was an error: a count may differ by as many.
    pub uncertain: u64,
    /// Measurements that shared the machine at the time, this one included.
    pub at_once: usize,
    /// Whether it was counted rather than timed: how fast it went tells nothing then.
    pub exact: bool,
}

impl Findings<'_> {
    /// A metric, 0 where it was not measured.
    fn metric(&self, name: &str) -> f64 {
        self.metrics.get(name).unwrap_or(0.0)
    }
}

#[cfg(test)]
impl<'a> Findings<'a> {
    /// Ten seconds of a closed loop in which nothing was wrong.
    fn quiet(metrics: &'a Metrics, usage: &'a Usage) -> Findings<'a> {
        Findings {
            metrics,
            windows: &[],
            checks: &[],
            usage,
            elapsed: Duration::from_secs(10),
            scheduled: None,
            clients: None,
            spins: false,
            gave_up: false,
            offered: &[],
            faults: false,
            uncertain: 0,
            at_once: 1,
            exact: false,
        }
    }
}

/// Whether a measurement may be believed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Why not, each with what to change; empty if it may.
    pub reasons: Vec<String>,
    /// What a reader should know although it may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Whether one of the reasons has nothing to do with the load: the machine, or somebody else on the servers.
    #[serde(skip)]
    pub disturbed: bool,
}

/// What a check found.
enum Remark {
    /// The measurement may not be believed.
    Reason(String),
    Note(String),
}

/// Every check; those on the schedule stop at the first that fails, since the others follow from it.
const CHECKS: &[fn(&Findings) -> Option<Remark>] = &[
    answers::none_completed,
    answers::all_failed,
    schedule::kept,
    schedule::arrivals,
    generator::processor,
    generator::littles_law,
    answers::corrupt,
    answers::future,
];

/// The checks on a measurement that was counted rather than timed.
const COUNTED: &[fn(&Findings) -> Option<Remark>] =
    &[answers::none_completed, answers::all_failed, answers::corrupt, answers::future];

/// Every check on what surrounds the load.
const SURROUNDINGS: &[fn(&Findings) -> Option<Remark>] = &[machine::steal, machine::throttling];

impl Verdict {
    pub fn is_valid(&self) -> bool {
        self.reasons.is_empty()
    }

    /// The verdict on a measurement: did the generator keep its schedule, did it measure something else than
    /// itself, and do both sides agree?
    pub fn on(findings: &Findings) -> Verdict {
        let mut verdict = Verdict::default();
        let (checks, surroundings) = if findings.exact { (COUNTED, &[][..]) } else { (CHECKS, SURROUNDINGS) };
        checks.iter().filter_map(|check| check(findings)).for_each(|remark| verdict.take(remark));
        let own = verdict.reasons.len();
        let surroundings = surroundings.iter().filter_map(|check| check(findings));
        surroundings.chain(answers::counters(findings)).for_each(|remark| verdict.take(remark));
        verdict.disturbed = verdict.reasons.len() > own;
        verdict
    }

    fn take(&mut self, remark: Remark) {
        match remark {
            Remark::Reason(reason) => self.reasons.push(reason),
            Remark::Note(note) => self.notes.push(note),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Unit;

    fn verdict(completed: f64, lag_us: f64, server: u64) -> Verdict {
        let mut metrics = Metrics::default();
        metrics.put("operations", completed, Unit::Count);
        metrics.put("lag.p99", lag_us, Unit::Us);
        metrics.put("read.response.p50", 300.0, Unit::Us);
        Verdict::on(&Findings {
            checks: &[CounterCheck { what: "cache get".into(), client: 10, server }],
            scheduled: Some(1_000),
            uncertain: 1,
            ..Findings::quiet(&metrics, &Usage::default())
        })
    }

    #[test]
    fn a_run_that_kept_its_schedule_is_valid() {
        assert!(verdict(995.0, 90.0, 10).is_valid());
        assert!(verdict(995.0, 90.0, 11).is_valid(), "one uncertain request may be missing");
    }

    #[test]
    fn with_faults_delays_are_no_broken_promise_and_lost_operations_are() {
        let verdict = |completed: f64| {
            let mut metrics = Metrics::default();
            metrics.put("operations", completed, Unit::Count);
            metrics.put("lag.p99", 90_000.0, Unit::Us);
            Verdict::on(&Findings {
                scheduled: Some(1_000),
                faults: true,
                ..Findings::quiet(&metrics, &Usage::default())
            })
        };
        assert!(verdict(1_000.0).is_valid());
        assert!(verdict(900.0).reasons[0].contains("900 of 1000"));
    }

    #[test]
    fn each_broken_promise_is_named() {
        assert!(verdict(900.0, 90.0, 10).reasons[0].contains("900 of 1000"));
        assert!(verdict(995.0, 1_500.0, 10).reasons[0].contains("started late"));
        assert!(verdict(995.0, 90.0, 14).reasons[0].contains("cache get"));
        assert!(verdict(995.0, 90.0, 14).disturbed && !verdict(900.0, 90.0, 10).disturbed);
        assert!(!verdict(0.0, 0.0, 10).is_valid());
    }
}
