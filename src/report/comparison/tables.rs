use crate::measure::Metric;
use crate::measure::comparison::{
    Comparison, CountJudged, Exact, Judged, Outcome, Told, figure, percent, range, short,
};
use crate::report::quantity::quantity;

/// One tier: its table, the first row of which is its header, and what is said below.
pub struct Section {
    pub title: &'static str,
    pub rows: Vec<Vec<String>>,
    pub below: Vec<String>,
}

/// The tiers that were compared.
pub fn sections(comparison: &Comparison) -> Vec<Section> {
    let exact = comparison.exact.as_ref().map(exact);
    let counts = (!comparison.counts.is_empty()).then(|| counts(&comparison.counts));
    let times = (!comparison.times.is_empty()).then(|| times(&comparison.times));
    [exact, counts, times].into_iter().flatten().collect()
}

fn header(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// What is not there.
const NONE: &str = "–";

fn exact(exact: &Exact) -> Section {
    let mut rows = vec![header(&["cell", "count", "base", "head", "operations", "verdict"])];
    let told = |count: Option<u64>| count.map_or(NONE.to_owned(), |count| count.to_string());
    for change in &exact.changes {
        let (base, head) = (told(change.base), told(change.head));
        let (cell, count) = (change.cell.clone(), change.count.clone());
        rows.push(vec![cell, count, base, head, change.operations.to_string(), change.outcome.name().into()]);
    }
    let alike = exact.counts.saturating_sub(exact.changes.len() as u64);
    let below = match &exact.left_out {
        Some(reason) => format!("left out: {reason}"),
        None if alike == 1 => "1 count alike.".into(),
        None => format!("{alike} counts alike."),
    };
    Section { title: "Exact counts", rows, below: vec![below] }
}

fn counts(counts: &[CountJudged]) -> Section {
    let mut rows = vec![header(&["cell", "metric", "base", "head", "difference", "p", "verdict"])];
    for count in counts {
        let told = |side: &Told| figure(count.law, side.value);
        let difference = |value: f64| {
            let text = figure(count.law, value.abs());
            format!("{}{}", if value < 0.0 { "-" } else { "+" }, text.trim_end_matches(" %"))
        };
        let (low, high) = (difference(count.low), difference(count.high));
        let unit = if figure(count.law, 1.0).ends_with('%') { " %" } else { "" };
        let between = format!("{} ({low} to {high}{unit})", difference(count.difference));
        rows.push(vec![
            count.cell.clone(),
            count.metric.clone(),
            told(&count.base),
            told(&count.head),
            between,
            short(count.p_holm),
            count.outcome.name().into(),
        ]);
    }
    let reasons = counts.iter().filter(|one| one.outcome != Outcome::Unchanged);
    let below = reasons.map(|one| format!("{} of {}: {}.", one.metric, one.cell, one.reason));
    Section { title: "Counts under concurrency", rows, below: below.collect() }
}

fn times(times: &[Judged]) -> Section {
    let names = ["cell", "metric", "base", "head", "change", "interval", "p", "verdict", "base and base"];
    let mut rows = vec![header(&names)];
    for time in times {
        let told = |value: f64| quantity(Metric { value, unit: time.unit });
        let interval = time.low.zip(time.high).map(|(low, high)| range(low, high));
        let canary = time.canary.map(|canary| {
            let word = if canary.ok { "alike" } else { "too noisy" };
            format!("{} {word}", percent(canary.change))
        });
        rows.push(vec![
            time.cell.clone(),
            time.metric.clone(),
            told(time.base),
            told(time.head),
            percent(time.change),
            interval.unwrap_or(NONE.into()),
            short(time.p_holm),
            time.outcome.name().into(),
            canary.unwrap_or(NONE.into()),
        ]);
    }
    let reasons = times.iter().filter(|one| one.outcome != Outcome::Unchanged);
    let below = reasons.map(|one| format!("{} of {}: {}.", one.metric, one.cell, one.reason));
    let pairs = times.iter().map(|one| one.pairs).min().unwrap_or_default();
    let rule = format!(
        "Medians; the change is that of {pairs} pairs of runs, with its exact interval of 95 %. p is adjusted for {}.",
        if times.len() == 1 { "1 metric".to_owned() } else { format!("{} metrics", times.len()) }
    );
    Section { title: "Times", rows, below: [rule].into_iter().chain(below).collect() }
}

/// A row of CSV for everything that has a verdict.
pub fn records(comparison: &Comparison) -> Vec<[String; 11]> {
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let verdict = |outcome: Outcome| outcome.name().replace(' ', "-");
    let changes = comparison.exact.iter().flat_map(|exact| &exact.changes).map(|one| {
        let told = |count: Option<u64>| count.map(|count| count as f64);
        let change = match (one.base, one.head) {
            (Some(base), Some(head)) if base > 0 => Some(head as f64 / base as f64 - 1.0),
            _ => None,
        };
        let values = [told(one.base), told(one.head), change, None, None, None, None];
        ("exact", &one.cell, &one.count, values, one.outcome)
    });
    let counts = comparison.counts.iter().map(|one| {
        let over = |value: f64| one.ratio.map(|_| value / one.base.value);
        let change = one.ratio.map(|ratio| ratio - 1.0);
        let (low, high) = (over(one.low), over(one.high));
        let values =
            [Some(one.base.value), Some(one.head.value), change, low, high, Some(one.p), Some(one.p_holm)];
        ("counts", &one.cell, &one.metric, values, one.outcome)
    });
    let times = comparison.times.iter().map(|one| {
        let values = [
            Some(one.base),
            Some(one.head),
            Some(one.change),
            one.low,
            one.high,
            Some(one.p),
            Some(one.p_holm),
        ];
        ("times", &one.cell, &one.metric, values, one.outcome)
    });
    let all = changes.chain(counts).chain(times);
    let record = all.map(|(tier, cell, metric, [base, head, change, low, high, p, p_holm], outcome)| {
        let [base, head, change, low, high, p, p_holm] =
            [base, head, change, low, high, p, p_holm].map(number);
        [
            tier.into(),
            cell.clone(),
            metric.clone(),
            base,
            head,
            change,
            low,
            high,
            p,
            p_holm,
            verdict(outcome),
        ]
    });
    record.collect()
}
