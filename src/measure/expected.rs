use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric::{OPERATIONS_BEYOND, quantile};
use super::names::names;
use super::{CellExpectation, CellResult, Metric, Metrics, RepeatResult, Status};

/// What became of an expectation in one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Expected {
    pub expectation: CellExpectation,
    /// How tables call the cell.
    pub cell: String,
    /// The worst value among its measurements that count; nothing where none tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Metric>,
    /// Whether each of them shows it. Nothing where one does not tell the metric, which is no pass.
    pub held: Option<bool>,
    /// Why it is not told, or held without a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// Holds every expectation against the cells that it is about, in the order of the cells.
///
/// A cell counts by its valid repeats and those that were aborted, or by whatever numbers it has where there are none.
pub fn judge(expectations: &[CellExpectation], cells: &[CellResult]) -> Vec<Expected> {
    let judged = |cell: &CellResult| {
        let own = expectations.iter().filter(|one| one.selector.chooses(&cell.settings, &cell.strategy));
        own.map(|one| judge_cell(one, cell)).collect::<Vec<_>>()
    };
    cells.iter().flat_map(judged).collect()
}

fn judge_cell(expected: &CellExpectation, cell: &CellResult) -> Expected {
    let repeats = counting(cell);
    let metric = &expected.expectation.metric;
    let told: Vec<Metric> = repeats.iter().filter_map(|repeat| repeat.metrics.metric(metric)).collect();
    let untold = repeats.iter().find(|repeat| repeat.metrics.get(metric).is_none());
    let value = told
        .into_iter()
        .reduce(|one, other| if expected.expectation.is_worse(other.value, one.value) { other } else { one });
    let (held, remark) = match (value, untold) {
        (Some(worst), _) if !expected.expectation.is_met_by(worst.value) => (Some(false), None),
        (_, None) if repeats.is_empty() => (None, Some("the cell was not measured".into())),
        (_, None) => (Some(true), None),
        // Where no read was stale, there is no age to tell, and none that is too high.
        (_, Some(repeat)) if is_fresh(repeat, metric) && expected.expectation.is_met_by(0.0) => {
            (Some(true), Some("no read was stale".into()))
        }
        (_, Some(repeat)) => (None, Some(why_untold(metric, repeat))),
    };
    Expected { expectation: expected.clone(), cell: cell.label(), value, held, remark }
}

/// The repeats that an expectation is held against.
fn counting(cell: &CellResult) -> Vec<&RepeatResult> {
    let counts = |repeat: &&RepeatResult| repeat.status == Status::Valid || repeat.aborted;
    let counting: Vec<_> = cell.repeats.iter().filter(counts).collect();
    if counting.is_empty() { cell.measured() } else { counting }
}

fn is_fresh(repeat: &RepeatResult, metric: &str) -> bool {
    metric.starts_with("stale_age") && repeat.metrics.get("stale_reads") == Some(0.0)
}

/// Why a measurement does not tell a metric.
fn why_untold(metric: &str, repeat: &RepeatResult) -> String {
    if repeat.aborted {
        return "the measurement was aborted before".into();
    }
    let Some(quantile) = quantile(metric) else {
        return "nothing of its kind happened, or it is not part of this workload".into();
    };
    let needed = (OPERATIONS_BEYOND / (1.0 - quantile)).round();
    let had =
        count_of(metric, &repeat.metrics).map_or(String::new(), |count| format!(", and there were {count}"));
    format!("it takes {needed} operations of its kind{had}")
}

/// The number of operations that a percentile is about, where it is that of an operation.
fn count_of(metric: &str, metrics: &Metrics) -> Option<f64> {
    let (of, _) = [".response.", ".service.", ".lag."].iter().find_map(|clock| metric.split_once(clock))?;
    let name = format!("{of}.count");
    // Of a kind that is counted but was not there, there were none.
    let is_counted = || names().iter().any(|(known, _)| *known == name);
    metrics.get(&name).or_else(|| is_counted().then_some(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{CellSetting, Unit};

    fn repeat(hit_rate: f64, status: Status) -> RepeatResult {
        let mut repeat = RepeatResult { status, ..RepeatResult::default() };
        repeat.metrics.put("hit_rate", hit_rate, Unit::Ratio);
        repeat.metrics.put("read.count", 4_000.0, Unit::Count);
        repeat.metrics.put("stale_reads", 0.0, Unit::Count);
        repeat
    }

    fn cell(strategy: &str, hit_rates: &[f64]) -> CellResult {
        let setting = CellSetting { path: "strategy".into(), value: strategy.into(), label: strategy.into() };
        let repeats = hit_rates.iter().map(|&hit_rate| repeat(hit_rate, Status::Valid)).collect();
        CellResult { settings: vec![setting], strategy: strategy.into(), repeats, ..CellResult::default() }
    }

    fn judged(expectation: &str, cells: &[CellResult]) -> Vec<(Option<f64>, Option<bool>, String)> {
        let all = judge(&[expectation.parse().unwrap()], cells);
        let told = |one: Expected| (one.value.map(|it| it.value), one.held, one.remark.unwrap_or_default());
        all.into_iter().map(told).collect()
    }

    #[test]
    fn every_repeat_must_show_it_and_the_worst_is_told() {
        let cells = [cell("cache-aside", &[0.95, 0.85, 0.99]), cell("direct", &[0.0])];
        let expected = [(Some(0.85), Some(false), String::new()), (Some(0.0), Some(false), String::new())];
        assert_eq!(judged("hit_rate > 0.9", &cells), expected);
        assert_eq!(
            judged("hit_rate{strategy=cache-aside} > 0.8", &cells),
            [(Some(0.85), Some(true), String::new())]
        );
        assert_eq!(
            judged("hit_rate{strategy=cache-aside} < 1", &cells),
            [(Some(0.99), Some(true), String::new())]
        );
        assert_eq!(
            judged("hit_rate{strategy=direct} == 0", &cells),
            [(Some(0.0), Some(true), String::new())]
        );
    }

    #[test]
    fn what_is_not_told_is_no_pass_and_says_what_it_would_take() {
        let [(value, held, remark)] = &judged("read.response.p99 < 5ms", &[cell("direct", &[0.0])])[..]
        else {
            panic!("one cell")
        };
        assert_eq!((*value, *held), (None, None));
        assert!(remark.contains("takes 10000 operations of its kind, and there were 4000"), "{remark}");
        let remark_of =
            |metric: &str| judged(&format!("{metric} < 5ms"), &[cell("direct", &[0.0])]).remove(0).2;
        assert!(remark_of("write.response.p99").ends_with("and there were 0"));
        assert!(remark_of("stampede.response.p99").ends_with("operations of its kind"), "nobody counts them");
        let [(_, held, remark)] = &judged("lost_writes == 0", &[cell("direct", &[0.0])])[..] else {
            panic!()
        };
        assert!(held.is_none() && remark.contains("nothing of its kind"), "{remark}");
        let [(_, held, remark)] = &judged("hit_rate > 0", &[cell("direct", &[])])[..] else { panic!() };
        assert!(held.is_none() && remark.contains("not measured"), "{remark}");
    }

    #[test]
    fn where_no_read_was_stale_none_was_too_old() {
        let [(value, held, remark)] = &judged("stale_age.p99 < 5ms", &[cell("direct", &[0.0])])[..] else {
            panic!()
        };
        assert_eq!((*value, *held, remark.as_str()), (None, Some(true), "no read was stale"));
        assert_eq!(judged("stale_age.p99 > 5ms", &[cell("direct", &[0.0])])[0].1, None);
    }

    #[test]
    fn invalid_repeats_do_not_count_beside_valid_ones_and_aborted_ones_do() {
        let mut cell = cell("direct", &[0.95]);
        cell.repeats.push(repeat(0.1, Status::Invalid));
        assert_eq!(judged("hit_rate > 0.9", &[cell.clone()])[0].1, Some(true));
        cell.repeats.push(RepeatResult { aborted: true, ..repeat(0.2, Status::Interrupted) });
        assert_eq!(judged("hit_rate > 0.9", &[cell])[0].0, Some(0.2));
    }
}
