//! Recovery: how long after a fault things were as before, from the windows of a measurement.

use super::fault::{Back, FaultRecord, Recovery, Versus};
use super::{Bin, RAMP_BIN, Window};
use crate::model::Kind;

/// How many windows before a fault say what was usual.
const BEFORE: usize = 5;
/// How many windows in a row have to be as before.
const IN_A_ROW: usize = 3;
/// As before is within this share of the mean, or within what was seen.
const WITHIN: f64 = 0.05;
/// Or within so many standard deviations: a window of few reads varies by more than that share by chance.
const DEVIATIONS: f64 = 2.0;
/// With less than this after a fault, nothing can be told of what it did.
const LEAST_S: f64 = 0.5;
/// A window that is shorter says less than the others.
const FULL_S: f64 = 0.9;
/// Parts of a second that the clock of the faults may differ from that of the windows.
const CLOCKS_S: f64 = 0.005;

/// Says of each fault how the measurement came back from it.
pub fn recover(windows: &[Window], faults: &mut [FaultRecord]) {
    // What another fault disturbs says nothing of what was usual: the windows that it touches, and the one after.
    let span = |fault: &FaultRecord| {
        let began_s = fault.began_s?;
        Some((began_s, fault.ended_s.unwrap_or(began_s) + 1.0))
    };
    let spans: Vec<Option<(f64, f64)>> = faults.iter().map(span).collect();
    for (place, fault) in faults.iter_mut().enumerate() {
        let others: Vec<(f64, f64)> = spans
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != place)
            .filter_map(|(_, span)| *span)
            .collect();
        fault.recovery = fault.began_s.and_then(|began_s| recovery(windows, began_s, &others));
    }
}

/// Adds to each fault that has a recovery for how long operations failed after it, and for how long the cache was passed
/// by.
pub fn outages(bins: &[Bin], faults: &mut [FaultRecord]) {
    for fault in faults {
        let Some((began_s, recovery)) = fault.began_s.zip(fault.recovery.as_mut()) else { continue };
        recovery.failed_s = outage(bins, began_s, |bin| bin.failures);
        // A request that tries whether it is back is none of it.
        recovery.bypassed_s = outage(bins, began_s, |bin| bin.fallbacks * 100 / bin.reads.max(1));
    }
}

/// Seconds from then to the end of the last bin that has any, of those that follow each other within a second.
fn outage(bins: &[Bin], began_s: f64, count: impl Fn(&Bin) -> u64) -> Option<f64> {
    let bin_s = RAMP_BIN.as_secs_f64();
    let gap = (1.0 / bin_s) as usize;
    let first = (began_s / bin_s) as usize;
    let mut end = None;
    for (place, bin) in bins.iter().enumerate().skip(first) {
        if place > end.unwrap_or(first) + gap {
            break;
        }
        if count(bin) > 0 {
            end = Some(place + 1);
        }
    }
    end.map(|end| (end as f64 * bin_s - began_s).max(0.0))
}

/// How a measurement came back from what began at `began_s`; nothing if no window has seen it.
fn recovery(windows: &[Window], began_s: f64, others: &[(f64, f64)]) -> Option<Recovery> {
    let end = windows.last().map_or(0.0, |window| window.at_s + window.length_s);
    if end - began_s < LEAST_S {
        return None;
    }
    let hit = windows.iter().position(|window| window.at_s + window.length_s > began_s + CLOCKS_S)?;
    let disturbed = |window: &Window| {
        others.iter().any(|(from, to)| window.at_s < *to && window.at_s + window.length_s > *from)
    };
    let full = windows[..hit].iter().filter(|window| window.length_s >= FULL_S);
    let usual: Vec<&Window> = full.filter(|window| !disturbed(window)).collect();
    let usual = &usual[usual.len().saturating_sub(BEFORE)..];
    let since = &windows[hit..];
    let p99 = format!("{}.response.p99", busiest(windows).name());
    let per_second = |window: &Window| Some(window.metrics.get("db.reads")? / window.length_s);
    let reads = mean(usual, &|window| window.metrics.get("read.count")).unwrap_or(0.0).max(1.0);
    let metrics: [Watched; 3] = [
        Watched {
            read: &|window| window.metrics.get("hit_rate"),
            chance: &|share| (share * (1.0 - share) / reads).sqrt(),
            less_is_as_good: false,
        },
        Watched { read: &|window| window.metrics.get(&p99), chance: &|_| 0.0, less_is_as_good: true },
        Watched { read: &per_second, chance: &f64::sqrt, less_is_as_good: false },
    ];
    let [hit_rate, p99, db_reads] = metrics.map(|metric| back(usual, since, began_s, &metric));
    let all = [hit_rate, p99, db_reads];
    // To the end, where one of them did not come back.
    let lasted = all.iter().flatten().try_fold(0.0, |most: f64, back| Some(most.max(back.after_s?)));
    let end = lasted.map_or(f64::INFINITY, |lasted| began_s + lasted);
    let span: Vec<&Window> =
        since.iter().take(1).chain(since.iter().skip(1).filter(|window| window.at_s < end)).collect();
    let versus = |name: &str| versus(usual, &span, name);
    Some(Recovery {
        hit_rate,
        p99,
        db_reads,
        errors: span.iter().map(|window| count(window, "failures")).sum::<f64>() as u64,
        failed_s: None,
        bypassed_s: None,
        stale_reads: versus("stale_reads"),
        non_monotonic_reads: versus("non_monotonic_reads"),
        ramp: None,
    })
}

/// A metric whose return is waited for.
struct Watched<'a> {
    read: &'a dyn Fn(&Window) -> Option<f64>,
    /// The standard deviation that chance alone gives a window, of this mean.
    chance: &'a dyn Fn(f64) -> f64,
    less_is_as_good: bool,
}

fn mean(windows: &[&Window], read: &dyn Fn(&Window) -> Option<f64>) -> Option<f64> {
    let seen: Vec<f64> = windows.iter().filter_map(|window| read(window)).collect();
    (!seen.is_empty()).then(|| seen.iter().sum::<f64>() / seen.len() as f64)
}

fn back(usual: &[&Window], since: &[Window], began_s: f64, metric: &Watched) -> Option<Back> {
    let before = mean(usual, metric.read)?;
    let within = (before * WITHIN).max(DEVIATIONS * (metric.chance)(before));
    let seen = usual.iter().filter_map(|window| (metric.read)(window));
    let least = seen.clone().fold(before - within, f64::min);
    let most = seen.fold(before + within, f64::max);
    let failed = usual.iter().map(|window| count(window, "failures")).fold(0.0, f64::max);
    // What is answered with errors may be quick and may spare the database, and is not as before.
    let is_usual = |window: &Window| {
        (metric.read)(window).is_some_and(|value| value <= most && (metric.less_is_as_good || value >= least))
            && count(window, "failures") <= failed
    };
    // A short window at the end decides nothing while there is another.
    let full = since.iter().filter(|window| window.length_s >= FULL_S).count();
    let since = if full > 0 { &since[..=last_full(since)] } else { since };
    let first = (0..since.len())
        .find(|&first| since[first..].iter().take(IN_A_ROW).all(is_usual))
        .map(|first| (since[first].at_s - began_s).max(0.0));
    Some(Back { before, after_s: first })
}

fn last_full(windows: &[Window]) -> usize {
    windows.iter().rposition(|window| window.length_s >= FULL_S).unwrap_or(0)
}

fn count(window: &Window, name: &str) -> f64 {
    window.metrics.get(name).unwrap_or(0.0)
}

fn versus(usual: &[&Window], span: &[&Window], name: &str) -> Versus {
    let total = |windows: &[&Window]| windows.iter().map(|window| count(window, name)).sum::<f64>();
    let length = |windows: &[&Window]| windows.iter().map(|window| window.length_s).sum::<f64>();
    let before = if usual.is_empty() { 0.0 } else { total(usual) / length(usual) * length(span) };
    Versus { count: total(span), before }
}

/// The kind of operation of which there were most.
fn busiest(windows: &[Window]) -> Kind {
    let total = |kind: Kind| -> f64 {
        windows.iter().map(|window| count(window, &format!("{}.count", kind.name()))).sum()
    };
    Kind::ALL
        .into_iter()
        .rev()
        .max_by(|one, other| total(*one).total_cmp(&total(*other)))
        .unwrap_or(Kind::Read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Metrics, Unit};

    /// A window of hit rate, p99, database reads and failures.
    fn window(at: usize, (hit_rate, p99, reads, failures): (f64, f64, f64, f64)) -> Window {
        let mut metrics = Metrics::default();
        metrics.put("hit_rate", hit_rate, Unit::Ratio);
        metrics.put("read.count", 1_000.0, Unit::Count);
        metrics.put("read.response.p99", p99, Unit::Us);
        metrics.put("db.reads", reads, Unit::Count);
        metrics.put("failures", failures, Unit::Count);
        metrics.put("stale_reads", failures / 10.0, Unit::Count);
        Window { at_s: at as f64, length_s: 1.0, metrics }
    }

    const USUAL: (f64, f64, f64, f64) = (0.9, 500.0, 100.0, 0.0);

    fn recovered(values: &[(f64, f64, f64, f64)], began_s: f64) -> Recovery {
        let windows: Vec<Window> =
            values.iter().enumerate().map(|(at, values)| window(at, *values)).collect();
        let mut faults = [FaultRecord { began_s: Some(began_s), ..FaultRecord::default() }];
        recover(&windows, &mut faults);
        faults[0].recovery.clone().unwrap()
    }

    #[test]
    fn what_chance_does_is_as_before() {
        // The standard deviation of 100 reads is 10.
        let values = [[USUAL; 5].as_slice(), &[(0.9, 500.0, 119.0, 0.0); 3]].concat();
        assert_eq!(after(recovered(&values, 5.0).db_reads), Some(0.0));
        let values = [[USUAL; 5].as_slice(), &[(0.9, 500.0, 121.0, 0.0); 3]].concat();
        assert_eq!(after(recovered(&values, 5.0).db_reads), None);
    }

    /// Whether reads went wrong that did not before.
    fn went_bad(told: &Recovery) -> bool {
        [told.stale_reads, told.non_monotonic_reads].iter().any(Versus::went_up)
    }

    fn after(back: Option<Back>) -> Option<f64> {
        back.unwrap().after_s
    }

    #[test]
    fn each_metric_is_back_from_the_first_of_three_windows_that_are_as_before() {
        let values = [
            [USUAL; 6].as_slice(),
            // The fault falls into this one.
            &[(0.4, 900.0, 600.0, 50.0), (0.6, 900.0, 400.0, 0.0), (0.88, 480.0, 300.0, 0.0)],
            // Once as before is not enough.
            &[(0.7, 510.0, 300.0, 0.0), (0.9, 510.0, 96.0, 0.0)],
            &[USUAL; 4],
        ]
        .concat();
        let told = recovered(&values, 6.5);
        assert_eq!(after(told.hit_rate), Some(3.5));
        assert_eq!(after(told.p99), Some(1.5));
        assert_eq!(after(told.db_reads), Some(3.5));
        assert_eq!((told.errors, told.stale_reads), (50, Versus { count: 5.0, before: 0.0 }));
        assert!(went_bad(&told));
        assert!((told.hit_rate.unwrap().before - 0.9).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_back_at_the_end_is_none_and_the_windows_that_are_left_suffice() {
        let values = [[USUAL; 3].as_slice(), &[(0.1, 500.0, 900.0, 0.0), (0.1, 500.0, 100.0, 0.0)]].concat();
        let told = recovered(&values, 3.0);
        assert_eq!(
            (after(told.hit_rate), after(told.db_reads), after(told.p99)),
            (None, Some(1.0), Some(0.0))
        );
    }

    #[test]
    fn a_fault_that_nobody_felt_was_over_at_once() {
        let told = recovered(&[USUAL; 8], 4.2);
        assert_eq!([told.hit_rate, told.p99, told.db_reads].map(after), [Some(0.0); 3]);
        assert_eq!((told.errors, went_bad(&told)), (0, false));
    }

    #[test]
    fn an_outage_lasts_to_its_last_failure_and_one_that_comes_later_is_another() {
        let mut bins = vec![Bin::default(); 60];
        for (place, failures, fallbacks) in [(20, 5, 0), (21, 0, 9), (29, 1, 0), (55, 1, 0)] {
            bins[place] = Bin { reads: 100, failures, fallbacks, ..Bin::default() };
        }
        let fault = |began_s| FaultRecord {
            began_s: Some(began_s),
            recovery: Some(Recovery::default()),
            ..FaultRecord::default()
        };
        let mut faults = [fault(2.05), fault(4.0)];
        outages(&bins, &mut faults);
        let told = faults.map(|fault| fault.recovery.map(|told| (told.failed_s, told.bypassed_s)).unwrap());
        assert!((told[0].0.unwrap() - 0.95).abs() < 1e-9 && (told[0].1.unwrap() - 0.15).abs() < 1e-9);
        assert_eq!(told[1], (None, None), "what comes a second later is not of it");
    }

    #[test]
    fn quick_errors_are_no_recovery() {
        let values = [[USUAL; 4].as_slice(), &[(0.9, 20.0, 100.0, 900.0); 3], &[USUAL; 3]].concat();
        assert_eq!(after(recovered(&values, 4.0).p99), Some(3.0));
    }

    #[test]
    fn values_that_were_seen_before_are_as_before_however_far_apart() {
        let values =
            [[(0.9, 200.0, 100.0, 0.0), (0.9, 900.0, 100.0, 0.0)], [(0.9, 880.0, 100.0, 0.0); 2]].concat();
        assert_eq!(after(recovered(&values, 2.0).p99), Some(0.0));
    }

    #[test]
    fn without_a_window_before_there_is_nothing_to_come_back_to() {
        let told = recovered(&[USUAL; 3], 0.5);
        assert_eq!((told.hit_rate, told.p99, told.db_reads), (None, None, None));
    }

    #[test]
    fn a_fault_after_the_last_window_has_no_recovery() {
        let mut faults =
            [FaultRecord { began_s: Some(1.0), ..FaultRecord::default() }, FaultRecord::default()];
        recover(&[window(0, USUAL)], &mut faults);
        assert!(faults.iter().all(|fault| fault.recovery.is_none()));
    }
}
