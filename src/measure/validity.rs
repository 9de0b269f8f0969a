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
    /// Whether the generator gave the rest of the schedule up, its queues full.
    pub gave_up: bool,
    /// Operations per second that the schedule asked for in each window.
    pub offered: &'a [f64],
    /// Requests whose answer was not waited for or was an error: a count may differ by as many.
    pub uncertain: u64,
}

/// Whether a measurement may be believed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Why not, each with what to change; empty if it may.
    pub reasons: Vec<String>,
}

impl Verdict {
    const COMPLETED: f64 = 0.99;
    const WINDOW: f64 = 0.95;
    const LAG_US: f64 = 1_000.0;
    const LAG_SHARE: f64 = 0.2;
    const STEAL: f64 = 0.05;
    /// The kernel counts stolen time in hundredths of a second: fewer than ten tell no share.
    const LEAST_STEAL_S: f64 = 0.1;

    pub fn is_valid(&self) -> bool {
        self.reasons.is_empty()
    }

    /// The verdict on a measurement: did the generator keep its schedule, and do both sides agree?
    pub fn on(findings: &Findings) -> Verdict {
        let mut reasons = Vec::new();
        let completed = findings.metrics.get("operations").unwrap_or(0.0);
        if completed == 0.0 {
            reasons.push("no operation completed".into());
        }
        let failed = findings.metrics.get("failures").unwrap_or(0.0);
        if completed > 0.0 && failed == completed {
            reasons.push("every operation failed: there is nothing to compare".into());
        }
        if let Some(scheduled) = findings.scheduled {
            schedule(findings, completed, scheduled as f64, &mut reasons);
        }
        let corrupt = findings.metrics.get("corrupt").unwrap_or(0.0);
        if corrupt > 0.0 {
            reasons.push(format!("{corrupt} reads returned a body that nobody wrote under their key"));
        }
        for check in findings.checks {
            if check.client.abs_diff(check.server) > findings.uncertain {
                reasons.push(format!(
                    "{}: we sent {}, the server counted {}; is someone else using it?",
                    check.what, check.client, check.server
                ));
            }
        }
        let steal = findings.usage.steal_share(findings.elapsed);
        if steal > Self::STEAL && findings.usage.steal_s >= Self::LEAST_STEAL_S {
            reasons.push(format!(
                "the hypervisor took {:.0} % of the processor time; use a quieter machine",
                steal * 100.0
            ));
        }
        Verdict { reasons }
    }
}

fn schedule(findings: &Findings, completed: f64, scheduled: f64, reasons: &mut Vec<String>) {
    if findings.gave_up {
        reasons.push(format!(
            "the schedule was given up, too many operations waiting: {completed:.0} scheduled operations completed \
             ({:.0}/s sustained); lower the rate",
            findings.metrics.get("throughput.achieved").unwrap_or(0.0)
        ));
        return;
    }
    if scheduled > 0.0 && completed < Verdict::COMPLETED * scheduled {
        reasons.push(format!(
            "only {completed:.0} of {scheduled:.0} scheduled operations completed ({:.0}/s sustained); lower the rate",
            findings.metrics.get("throughput.achieved").unwrap_or(0.0)
        ));
        return;
    }
    // A window of few expected arrivals varies by chance: three standard deviations of a Poisson count are allowed.
    let slow = findings.windows.iter().zip(findings.offered).filter(|(window, offered)| {
        let expected = **offered * window.length_s;
        let done = window.metrics.get("operations").unwrap_or(0.0);
        window.length_s > 0.5 && done < Verdict::WINDOW * expected - 3.0 * expected.sqrt()
    });
    let slow = slow.count();
    if slow > 0 {
        reasons.push(format!(
            "{slow} of {} windows completed less than 95 % of what was scheduled in them; lower the rate",
            findings.windows.len()
        ));
    }
    let lag = findings.metrics.get("lag.p99").unwrap_or(0.0);
    let response = ["read", "write", "insert", "delete"]
        .iter()
        .find_map(|kind| findings.metrics.get(&format!("{kind}.response.p50")))
        .unwrap_or(0.0);
    let limit = Verdict::LAG_US.max(Verdict::LAG_SHARE * response);
    if lag > limit {
        reasons.push(format!(
            "operations started late: lag p99 {lag:.0} us, above {limit:.0} us; lower the rate, leave the generator \
             a core, or raise in_flight if all lanes were busy"
        ));
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
            metrics: &metrics,
            windows: &[],
            checks: &[CounterCheck { what: "cache get".into(), client: 10, server }],
            usage: &Usage::default(),
            elapsed: Duration::from_secs(10),
            scheduled: Some(1_000),
            gave_up: false,
            offered: &[],
            uncertain: 1,
        })
    }

    #[test]
    fn a_run_that_kept_its_schedule_is_valid() {
        assert!(verdict(995.0, 90.0, 10).is_valid());
        assert!(verdict(995.0, 90.0, 11).is_valid(), "one uncertain request may be missing");
    }

    #[test]
    fn each_broken_promise_is_named() {
        assert!(verdict(900.0, 90.0, 10).reasons[0].contains("900 of 1000"));
        assert!(verdict(995.0, 1_500.0, 10).reasons[0].contains("started late"));
        assert!(verdict(995.0, 90.0, 14).reasons[0].contains("cache get"));
        assert!(!verdict(0.0, 0.0, 10).is_valid());
    }

    #[test]
    fn stolen_time_counts_once_there_is_enough_to_tell_its_share() {
        let mut metrics = Metrics::default();
        metrics.put("operations", 1_000.0, Unit::Count);
        let verdict = |steal_s: f64, elapsed: f64| {
            Verdict::on(&Findings {
                metrics: &metrics,
                windows: &[],
                checks: &[],
                usage: &Usage { steal_s, ..Usage::default() },
                elapsed: Duration::from_secs_f64(elapsed),
                scheduled: None,
                gave_up: false,
                offered: &[],
                uncertain: 0,
            })
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        assert!(verdict(0.02, 0.1).is_valid(), "two ticks in a tenth of a second");
        assert!(verdict(0.04 * cores * 10.0, 10.0).is_valid());
        assert!(verdict(0.06 * cores * 10.0, 10.0).reasons[0].contains("hypervisor took 6 %"));
    }
}
