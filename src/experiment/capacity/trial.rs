use std::time::Duration;

use super::search::Answer;
use crate::config::{LoadSetting, Workload};
use crate::measure::{Expectation, Metrics, Purpose, RepeatResult, Status, Trial, quantile};
use crate::model::{Kind, Rate, Time};
use crate::report::quantity;

/// A trial of the search lasts this long, or as long as the workload's measurement if that is shorter.
const SHORT: Duration = Duration::from_secs(5);
/// A trial is made longer for the sake of a percentile up to this, or to the workload's own length.
const LONGEST: Duration = Duration::from_secs(60);
/// Operations beyond a percentile, so that it is told, with a fifth to spare.
const BEYOND: f64 = 120.0;

/// The workload at one rate, as long as a trial takes; `longer` is a length that an earlier one proved too short by.
pub fn workload(
    of: &Workload,
    rate: f64,
    purpose: Purpose,
    expectations: &[Expectation],
    longer: f64,
) -> Workload {
    let mut workload = of.clone();
    let LoadSetting::Open(open) = &mut workload.traffic.load else { return workload };
    open.rate = Some(Rate(rate));
    // A trial between two bursts would say nothing of them.
    let short = open.burst.as_ref().map_or(SHORT, |burst| SHORT.max(burst.every.0));
    if purpose == Purpose::Search {
        // Entries that differ are looked at once: waiting for them would take as long as the trial.
        workload.freshness.recheck.clear();
    }
    let traffic = &mut workload.traffic;
    let own = match (traffic.operations, traffic.duration) {
        (Some(operations), _) => {
            Some(Duration::try_from_secs_f64(operations as f64 / rate).unwrap_or(LONGEST))
        }
        (None, duration) => duration.map(|time| time.0),
    };
    let needed =
        expectations.iter().map(|expectation| needed(expectation, of, rate)).max().unwrap_or_default();
    let wanted = match (purpose, own) {
        (Purpose::Search, Some(own)) => own.min(short),
        (Purpose::Search, None) => short,
        (Purpose::Confirmation, Some(own)) => own,
        // A whole trace, which is as long as it is.
        (Purpose::Confirmation, None) => return workload,
    };
    traffic.operations = None;
    let longest = own.unwrap_or_default().max(LONGEST);
    traffic.duration = Some(Time(wanted.max(needed.min(longest)).mul_f64(longer).min(longest.max(wanted))));
    workload
}

/// How long a rate takes to have enough operations beyond the percentile that is expected.
fn needed(expectation: &Expectation, workload: &Workload, rate: f64) -> Duration {
    let Some(quantile) = quantile(&expectation.metric) else { return Duration::ZERO };
    let mix = &workload.traffic.mix;
    let all: f64 = Kind::ALL.iter().map(|&kind| mix.of(kind)).sum();
    let of = expectation.metric.split('.').next().unwrap_or_default();
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == of);
    // An empty mix reads.
    let share = kind.filter(|_| all > 0.0).map_or(1.0, |kind| mix.of(kind) / all);
    let seconds = BEYOND / (1.0 - quantile) / (rate * share);
    Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST)
}

/// By how much longer a trial has to be in which a percentile was not told, where its count says so.
pub fn longer(expectations: &[Expectation], metrics: &Metrics) -> Option<f64> {
    let lacking = |expectation: &Expectation| {
        let metric = &expectation.metric;
        let quantile = quantile(metric).filter(|_| metrics.get(metric).is_none())?;
        // `read.miss.response.p99` is a statistic of `read.miss.count` operations.
        let of = metric.split(".response.").next()?.split(".service.").next()?.split(".lag.").next()?;
        let count = metrics.get(&format!("{of}.count")).or_else(|| metrics.get("operations"))?;
        Some(BEYOND / (1.0 - quantile) / count)
    };
    expectations.iter().filter_map(lacking).max_by(f64::total_cmp).filter(|times| times.is_finite())
}

/// What a measurement says about its rate, and why it does not say that it held.
pub fn judge(expectations: &[Expectation], result: &RepeatResult) -> (Answer, Vec<String>) {
    match result.status {
        Status::Interrupted => return (Answer::Interrupted, vec!["interrupted".into()]),
        Status::Failed => return (Answer::Unfit, result.verdict.reasons.clone()),
        Status::Invalid if result.verdict.disturbed => {
            return (Answer::Unfit, result.verdict.reasons.clone());
        }
        Status::Invalid => return (Answer::Missed, result.verdict.reasons.clone()),
        Status::Valid => {}
    }
    let missed: Vec<String> = expectations
        .iter()
        .filter(|expectation| expectation.holds(&result.metrics) == Some(false))
        .map(|expectation| {
            let metric = result.metrics.iter().find(|(name, _)| *name == expectation.metric);
            let value = metric.map_or_else(String::new, |(_, metric)| quantity(metric));
            format!("{} was {value}, expected {}", expectation.metric, expectation.demand())
        })
        .collect();
    if !missed.is_empty() {
        return (Answer::Missed, missed);
    }
    let untold: Vec<String> = expectations
        .iter()
        .filter(|expectation| expectation.holds(&result.metrics).is_none())
        .map(|expectation| {
            format!("{} is not told: too few operations, or none of its kind", expectation.metric)
        })
        .collect();
    if untold.is_empty() { (Answer::Held, untold) } else { (Answer::NotTold, untold) }
}

/// The record of a trial.
pub fn record(
    expectations: &[Expectation],
    rate: f64,
    purpose: Purpose,
    result: &RepeatResult,
) -> (Answer, Trial) {
    let (answer, reasons) = judge(expectations, result);
    let mut metrics = Metrics::default();
    let expected = |name: &str| expectations.iter().any(|expectation| expectation.metric == name);
    for (name, metric) in
        result.metrics.iter().filter(|(name, _)| expected(name) || *name == "throughput.achieved")
    {
        metrics.put(name, metric.value, metric.unit);
    }
    let held = match answer {
        Answer::Held => Some(true),
        Answer::Missed => Some(false),
        Answer::NotTold | Answer::Unfit | Answer::Interrupted => None,
    };
    let trial = Trial {
        rate: Rate(rate),
        purpose,
        seconds: result.seconds,
        status: result.status,
        held,
        reasons,
        metrics,
    };
    (answer, trial)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::measure::{Unit, Verdict};

    fn read(end: &str) -> Workload {
        let text = format!(
            "name = \"test\"\n[data]\nrows = 100\n[traffic]\nmix = {{ read = 3, write = 1 }}\n\
             load = {{ open = {{ rate = 10 }} }}\n{end}\n"
        );
        crate::config::load(Path::new("w.toml"), text, &[]).unwrap().workload
    }

    fn expect(text: &str) -> Vec<Expectation> {
        vec![text.parse().unwrap()]
    }

    #[test]
    fn a_trial_is_short_but_long_enough_for_its_percentile() {
        let seconds = |end: &str, rate: f64, purpose, expectation: &str| {
            let workload = workload(&read(end), rate, purpose, &expect(expectation), 1.0);
            assert!(workload.traffic.operations.is_none());
            workload.traffic.duration.unwrap().0.as_secs_f64()
        };
        use Purpose::{Confirmation, Search};
        let (long, p50, p99) = ("duration = \"30s\"", "read.response.p50 < 1ms", "read.response.p99 < 1ms");
        assert_eq!(seconds(long, 10_000.0, Search, p99), 5.0);
        assert_eq!(seconds(long, 10_000.0, Confirmation, p99), 30.0);
        assert_eq!(seconds("duration = \"2s\"", 10_000.0, Search, p99), 2.0);
        assert_eq!(seconds("operations = 10_000", 10_000.0, Search, p99), 1.6);
        // 12,000 reads, three operations in four.
        assert_eq!(seconds(long, 800.0, Search, p99), 20.0);
        assert_eq!(seconds(long, 800.0, Search, p50), 5.0);
        assert_eq!(seconds(long, 1.0, Search, p99), 60.0, "there is a limit");
    }

    #[test]
    fn what_was_not_told_says_how_much_longer_it_takes() {
        let mut metrics = Metrics::default();
        metrics.put("read.miss.count", 4_000.0, Unit::Count);
        metrics.put("operations", 6_000.0, Unit::Count);
        assert_eq!(longer(&expect("read.miss.response.p99 < 1ms"), &metrics).map(f64::round), Some(3.0));
        assert_eq!(longer(&expect("lag.p99 < 1ms"), &metrics).map(f64::round), Some(2.0));
        assert_eq!(longer(&expect("read.response.p50 < 1ms"), &metrics), None);
    }

    #[test]
    fn a_verdict_on_the_load_is_a_miss_and_one_on_the_machine_is_none() {
        let expectations = expect("hit_rate > 90%");
        let mut result = RepeatResult::default();
        assert_eq!(judge(&expectations, &result).0, Answer::NotTold);
        result.metrics.put("hit_rate", 0.95, Unit::Ratio);
        assert_eq!(judge(&expectations, &result).0, Answer::Held);
        result.metrics.put("hit_rate", 0.5, Unit::Ratio);
        let (answer, reasons) = judge(&expectations, &result);
        assert_eq!((answer, reasons[0].as_str()), (Answer::Missed, "hit_rate was 50.0 %, expected > 90%"));
        result.status = Status::Invalid;
        result.verdict = Verdict { reasons: vec!["late".into()], ..Verdict::default() };
        assert_eq!(judge(&expectations, &result).0, Answer::Missed);
        result.verdict.disturbed = true;
        assert_eq!(judge(&expectations, &result).0, Answer::Unfit);
    }
}
