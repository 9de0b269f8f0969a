use super::{Findings, Remark};
use crate::model::Kind;

/// Of the schedule, so much has to be completed at least; and of what was due in a window.
const COMPLETED: f64 = 0.99;
const COMPLETED_IN_WINDOW: f64 = 0.95;
/// Operations may start so late, or by this share of the median response.
const LAG_US: f64 = 1_000.0;
const LAG_SHARE: f64 = 0.2;
/// The largest distance of the inter-arrival times' distribution from the planned one.
const ARRIVALS: f64 = 0.05;
/// The windows at the end in which a backlog must not grow.
const LAST: f64 = 0.25;
/// Windows from which a trend can be told.
const LEAST_WINDOWS: usize = 4;

/// Whether the generator kept its schedule; the first way in which it did not.
pub fn kept(findings: &Findings) -> Option<Remark> {
    findings.scheduled?;
    // Of measurements that share the machine one may wait for the others, and nobody asks them for latencies.
    // While a server is down operations wait, as they should; that all of them end is asked for even then.
    let steps: &[fn(&Findings) -> Option<String>] = match findings.faults {
        true => &[given_up, incomplete],
        false if findings.at_once > 1 => &[given_up, incomplete, growing_backlog],
        false => &[given_up, incomplete, slow_windows, growing_backlog],
    };
    if let Some(reason) = steps.iter().find_map(|step| step(findings)) {
        return Some(Remark::Reason(reason));
    }
    let late = late(findings).filter(|_| !findings.faults)?;
    Some(match findings.at_once {
        1 => Remark::Reason(late),
        // Nobody asks such measurements for latencies.
        others => Remark::Note(format!(
            "{others} measurements shared the machine, so latencies tell nothing: {late}"
        )),
    })
}

fn given_up(findings: &Findings) -> Option<String> {
    findings.gave_up.then(|| {
        format!(
            "the schedule was given up, too many operations waiting: {:.0} scheduled operations completed \
             ({:.0}/s sustained); lower the rate",
            findings.metric("operations"),
            findings.metric("throughput.achieved")
        )
    })
}

fn incomplete(findings: &Findings) -> Option<String> {
    let scheduled = findings.scheduled? as f64;
    let completed = findings.metric("operations");
    (scheduled > 0.0 && completed < COMPLETED * scheduled).then(|| {
        format!(
            "only {completed:.0} of {scheduled:.0} scheduled operations completed ({:.0}/s sustained); lower the rate",
            findings.metric("throughput.achieved")
        )
    })
}

fn slow_windows(findings: &Findings) -> Option<String> {
    // A window of few expected arrivals varies by chance: three standard deviations of a Poisson count are allowed.
    let slow = findings.windows.iter().zip(findings.offered).filter(|(window, offered)| {
        let expected = **offered * window.length_s;
        let done = window.metrics.get("operations").unwrap_or(0.0);
        window.length_s > 0.5 && done < COMPLETED_IN_WINDOW * expected - 3.0 * expected.sqrt()
    });
    let slow = slow.count();
    (slow > 0).then(|| {
        format!(
            "{slow} of {} windows completed less than 95 % of what was scheduled in them; lower the rate",
            findings.windows.len()
        )
    })
}

/// A queue that still grows at the end, by more than a second of work: the load has no steady state.
fn growing_backlog(findings: &Findings) -> Option<String> {
    // Not the windows after the schedule's end, in which the queue drains.
    let within = findings.windows.iter().zip(findings.offered).filter(|(_, offered)| **offered > 0.0);
    let backlog: Vec<f64> = within.filter_map(|(window, _)| window.metrics.get("backlog")).collect();
    let last = (backlog.len() as f64 * LAST).ceil().max(LEAST_WINDOWS as f64) as usize;
    let last = backlog.len().checked_sub(last).map(|first| &backlog[first..])?;
    let waiting = *last.last()?;
    let a_second = findings.metric("throughput.achieved");
    (slope(last) > 0.0 && waiting > a_second).then(|| {
        format!(
            "the backlog still grew at the end: {waiting:.0} operations waited, more than a second of work \
             ({a_second:.0}/s sustained); lower the rate"
        )
    })
}

/// The slope of the least-squares line through values one apart.
fn slope(values: &[f64]) -> f64 {
    let middle = (values.len() as f64 - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().enumerate().map(|(at, value)| (at as f64 - middle) * (value - mean)).sum()
}

fn late(findings: &Findings) -> Option<String> {
    // The highest percentile that so many operations tell, up to the 99th.
    let (percentile, lag) = ["p99", "p95", "p90", "p50"]
        .iter()
        .find_map(|percentile| Some((percentile, findings.metrics.get(&format!("lag.{percentile}"))?)))?;
    let response = Kind::ALL
        .iter()
        .find_map(|kind| findings.metrics.get(&format!("{}.response.p50", kind.name())))
        .unwrap_or(0.0);
    let limit = LAG_US.max(LAG_SHARE * response);
    (lag > limit).then(|| {
        format!(
            "operations started late: lag {percentile} {lag:.0} us, above {limit:.0} us; lower the rate, leave the generator \
             a core, or raise in_flight if all lanes were busy"
        )
    })
}

/// Whether the planned starts are the arrivals that the workload names.
pub fn arrivals(findings: &Findings) -> Option<Remark> {
    let (distance, count) = (findings.metrics.get("arrival.ks")?, findings.scheduled? as f64);
    // The distance of a true sample stays below 1.95 / sqrt(n) with probability 0.999 (Kolmogorov).
    let limit = ARRIVALS.max(1.95 / count.sqrt());
    (distance > limit).then(|| {
        Remark::Reason(format!(
            "inter-arrival times are not exponential: their distribution is {distance:.3} away, above {limit:.3}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::measure::{Metrics, Observation, Recorder, Tally, Unit, Usage, Verdict, Window};
    use crate::model::{Moment, Served, Timing};

    fn verdict(backlog: &[f64], arrival_ks: f64) -> Verdict {
        let offered = vec![1.0; backlog.len()];
        let mut metrics = Metrics::default();
        metrics.put("operations", 10_000.0, Unit::Count);
        metrics.put("throughput.achieved", 1_000.0, Unit::PerS);
        metrics.put("arrival.ks", arrival_ks, Unit::Ratio);
        let window = |(at, &waiting): (usize, &f64)| {
            let mut metrics = Metrics::default();
            metrics.put("backlog", waiting, Unit::Count);
            Window { at_s: at as f64, length_s: 1.0, metrics }
        };
        Verdict::on(&Findings {
            windows: &backlog.iter().enumerate().map(window).collect::<Vec<_>>(),
            scheduled: Some(10_000),
            offered: &offered,
            ..Findings::quiet(&metrics, &Usage::default())
        })
    }

    #[test]
    fn a_backlog_that_grows_to_the_end_has_no_steady_state() {
        let growing: Vec<f64> = (0..16).map(|second| 100.0 * f64::from(second)).collect();
        assert!(verdict(&growing, 0.01).reasons[0].contains("1500 operations waited"));
        let falling: Vec<f64> = growing.iter().rev().copied().collect();
        assert!(verdict(&falling, 0.01).is_valid());
        assert!(verdict(&[0.0; 16], 0.01).is_valid());
        assert!(verdict(&growing[..8], 0.01).is_valid(), "less than a second of work");
    }

    #[test]
    fn a_short_run_is_held_to_the_percentile_that_it_tells() {
        let metrics = |lag_ms: u64| {
            let mut recorder = Recorder::default();
            let seen = Observation::of(Kind::Read, Ok(Some(Served::Hit)));
            let intended = Moment::now();
            let started = intended + Duration::from_millis(lag_ms);
            let timing = Timing { intended, started, finished: started + Duration::from_micros(300) };
            (0..1_000).for_each(|_| recorder.record(seen, timing));
            Metrics::of(&recorder, &Tally::default().counts(), Duration::from_secs(10))
        };
        let late = |lag_ms| {
            let metrics = metrics(lag_ms);
            assert_eq!(metrics.get("lag.p99"), None, "too few operations beyond it");
            kept(&Findings { scheduled: Some(1_000), ..Findings::quiet(&metrics, &Usage::default()) })
        };
        // Half of the response is lag, a fifth of it at most may be.
        assert!(late(1_000).is_some());
        assert!(late(0).is_none());
    }

    #[test]
    fn arrivals_that_are_not_what_they_claim_are_told() {
        assert!(verdict(&[], 0.02).is_valid());
        assert!(verdict(&[], 0.3).reasons[0].contains("not exponential"));
    }

    #[test]
    fn the_slope_has_the_sign_of_the_trend() {
        assert!(slope(&[1.0, 2.0, 3.0]) > 0.0);
        assert!(slope(&[3.0, 3.5, 1.0]) < 0.0);
    }
}
