use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::{chance, percent, range};
use super::{Better, Outcome};
use crate::measure::inference::{SignedRank, holm, least_p, signed_rank};
use crate::measure::{Unit, median};

/// How often something is told though there is nothing, at most: over all metrics of a comparison.
const ALPHA: f64 = 0.05;
/// More metrics than these need more pairs than anybody runs.
pub const MOST_METRICS: usize = 6;
/// Fewer pairs of base and base show nothing about the machine.
pub const LEAST_CANARY: usize = 6;

/// One timing metric of one cell: one number a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub cell: String,
    pub metric: String,
    pub unit: Unit,
    pub better: Better,
    /// By block; as many as of head.
    pub base: Vec<f64>,
    pub head: Vec<f64>,
    /// Base again, for the canary; may be shorter or empty.
    pub again: Vec<f64>,
}

/// One timing metric, judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Judged {
    pub cell: String,
    pub metric: String,
    pub unit: Unit,
    pub better: Better,
    /// The medians of both sides.
    pub base: f64,
    pub head: f64,
    /// Blocks in which both were measured.
    pub pairs: usize,
    /// Head over base, less 1: of the pairs, by Hodges and Lehmann.
    pub change: f64,
    /// The exact interval around it, of 95 %; nothing where there are too few pairs for one.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// The probability of pairs as lopsided as these by chance (Wilcoxon's signed ranks, two-sided).
    pub p: f64,
    /// The same, adjusted for all metrics of the comparison (Holm).
    pub p_holm: f64,
    /// The change that counts, for better or worse.
    pub limit: f64,
    pub outcome: Outcome,
    /// Base against itself, where that was measured often enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
    /// Why, in a sentence.
    pub reason: String,
}

/// Base against itself, in the same blocks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Canary {
    pub pairs: usize,
    /// Base again over base, less 1.
    pub change: f64,
    /// The exact interval around it, of 95 %.
    pub low: f64,
    pub high: f64,
    /// Whether they are alike.
    pub ok: bool,
}

/// Series that cannot be judged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Misfit {
    #[error("{0} timing metrics are too many to tell changes from chance; choose {MOST_METRICS} at most")]
    TooMany(usize),
    #[error(
        "{metric} of {cell} has {base} numbers of base and {head} of head; each block must have one of both"
    )]
    Uneven { cell: String, metric: String, base: usize, head: usize },
}

/// Judges timing metrics together: the more there are, the more it takes to tell a change from chance.
///
/// A metric regressed if it is worse by more than its limit, the middle of its pairs beyond it and their interval beyond
/// 0, and still so after Holm's adjustment; it improved if it is better likewise. It is unchanged if the interval shows that
/// it is not worse by more than the limit: where a change is real and below it, it is no reason to stop anybody.
pub fn judge(series: &[Series]) -> Result<Vec<Judged>, Misfit> {
    if series.len() > MOST_METRICS {
        return Err(Misfit::TooMany(series.len()));
    }
    for one in series {
        if one.base.len() != one.head.len() {
            let (cell, metric) = (one.cell.clone(), one.metric.clone());
            return Err(Misfit::Uneven { cell, metric, base: one.base.len(), head: one.head.len() });
        }
    }
    let ranks: Vec<Option<SignedRank>> =
        series.iter().map(|one| signed_rank(&logarithms(&one.base, &one.head), ALPHA)).collect();
    let p: Vec<f64> = ranks.iter().map(|rank| rank.map_or(1.0, |rank| rank.p)).collect();
    let again: Vec<Option<SignedRank>> = series.iter().map(base_against_itself).collect();
    let canaries: Vec<f64> = again.iter().flatten().map(|rank| rank.p).collect();
    let mut canaries = holm(&canaries).into_iter();
    let told = series.iter().zip(ranks).zip(p.iter().zip(holm(&p))).zip(again);
    let judged = told.map(|(((one, rank), (p, p_holm)), again)| {
        let canary = again.and_then(|again| Some(canary(one, again, canaries.next()?)));
        judged(one, rank, (*p, p_holm), canary, series.len())
    });
    Ok(judged.collect())
}

/// The fewest pairs with which so many metrics can show anything.
pub fn pairs_needed(metrics: usize) -> usize {
    (6..).find(|&pairs| least_p(pairs) * metrics as f64 <= ALPHA).unwrap_or(usize::MAX)
}

/// The change of a metric that counts: 10 % of what few operations decide, else 5 %.
fn limit_of(metric: &str) -> f64 {
    let is_tail = ["p95", "p99", "p99.9", "max"].iter().any(|tail| metric.ends_with(&format!(".{tail}")));
    if is_tail { 0.10 } else { 0.05 }
}

/// The logarithms of the ratios of pairs; those that have none are left out.
fn logarithms(base: &[f64], head: &[f64]) -> Vec<f64> {
    base.iter().zip(head).map(|(base, head)| (head / base).ln()).filter(|ratio| ratio.is_finite()).collect()
}

fn base_against_itself(series: &Series) -> Option<SignedRank> {
    let pairs = logarithms(&series.base, &series.again);
    if pairs.len() < LEAST_CANARY { None } else { signed_rank(&pairs, ALPHA) }
}

/// Judges base against itself: it must be within half of what counts, and its interval, once it is adjusted for all
/// canaries as the metrics are, must not leave out 0.
fn canary(series: &Series, rank: SignedRank, p_holm: f64) -> Canary {
    let [change, low, high] = [rank.estimate, rank.low, rank.high].map(f64::exp_m1);
    let is_within = rank.estimate.abs() <= (1.0 + limit_of(&series.metric)).ln() / 2.0;
    let leaves_out_0 = (rank.low > 0.0 || rank.high < 0.0) && p_holm <= ALPHA;
    let pairs = logarithms(&series.base, &series.again).len();
    Canary { pairs, change, low, high, ok: is_within && !leaves_out_0 }
}

fn judged(
    series: &Series,
    rank: Option<SignedRank>,
    (p, p_holm): (f64, f64),
    canary: Option<Canary>,
    metrics: usize,
) -> Judged {
    let limit = limit_of(&series.metric);
    let pairs = logarithms(&series.base, &series.head).len();
    let middle = |values: &[f64]| median(values.to_vec()).unwrap_or_default();
    let (outcome, reason) = match (rank, canary) {
        (_, Some(canary)) if !canary.ok => (Outcome::TooNoisy, too_noisy(&canary, limit)),
        (None, _) => (Outcome::Inconclusive, "no pair of numbers above 0 was measured".into()),
        (Some(rank), _) if rank.low.is_infinite() => (Outcome::Inconclusive, too_few(pairs, metrics)),
        (Some(rank), _) => verdict(series.better, rank, p_holm, limit, (pairs, metrics)),
    };
    let bound = |of: fn(SignedRank) -> f64| rank.map(of).filter(|bound| bound.is_finite()).map(f64::exp_m1);
    Judged {
        cell: series.cell.clone(),
        metric: series.metric.clone(),
        unit: series.unit,
        better: series.better,
        base: middle(&series.base),
        head: middle(&series.head),
        pairs,
        change: rank.map_or(0.0, |rank| rank.estimate.exp_m1()),
        low: bound(|rank| rank.low),
        high: bound(|rank| rank.high),
        p,
        p_holm,
        limit,
        outcome,
        canary,
        reason,
    }
}

/// The verdict of pairs that have an interval, and its reason.
fn verdict(
    better: Better,
    rank: SignedRank,
    p_holm: f64,
    limit: f64,
    (pairs, metrics): (usize, usize),
) -> (Outcome, String) {
    let delta = limit.ln_1p();
    // Above 0 is worse.
    let (estimate, low, high) = match better {
        Better::Less => (rank.estimate, rank.low, rank.high),
        Better::More => (-rank.estimate, -rank.high, -rank.low),
    };
    let change = percent(rank.estimate.exp_m1());
    let range = range(rank.low.exp_m1(), rank.high.exp_m1());
    let chance = chance(p_holm, metrics, "metric");
    let limit = format!("{:.0} %", limit * 100.0);
    let is_sure = p_holm <= ALPHA;
    if estimate > delta && low > 0.0 && is_sure {
        (Outcome::Regressed, format!("worse by more than {limit}: {change} ({range}), {chance}"))
    } else if estimate < -delta && high < 0.0 && is_sure {
        (Outcome::Improved, format!("better by more than {limit}: {change} ({range}), {chance}"))
    } else if high < delta {
        (Outcome::Unchanged, format!("not worse by more than {limit}: {change} ({range})"))
    } else if pairs < pairs_needed(metrics) && estimate.abs() > delta {
        (Outcome::Inconclusive, too_few(pairs, metrics))
    } else {
        let reason =
            format!("whether it is worse by more than {limit} is open: {change} ({range}), {chance}");
        (Outcome::Inconclusive, reason)
    }
}

fn too_few(pairs: usize, metrics: usize) -> String {
    let needed = pairs_needed(metrics);
    let blocks = if pairs == 1 { "1 block is" } else { &format!("{pairs} blocks are") };
    let of = if metrics == 1 { "1 metric" } else { &format!("{metrics} metrics") };
    format!("{blocks} too few to tell a change of {of} from chance; {needed} are needed")
}

fn too_noisy(canary: &Canary, limit: f64) -> String {
    format!(
        "base differs from itself by {} ({}): too noisy for a limit of {:.0} %",
        percent(canary.change),
        range(canary.low, canary.high),
        limit * 100.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::inference::Noise;

    /// Blocks of base, of head that is `change` away from it, and of base again, which is `drift` away.
    fn series(metric: &str, better: Better, change: f64, drift: f64, blocks: usize) -> Series {
        let mut noise = Noise::new(metric.len() as u64 + blocks as u64);
        let mut drawn = |by: f64| -> Vec<f64> {
            (0..blocks).map(|_| 500.0 * (1.0 + by) * (0.01 * noise.normal()).exp()).collect()
        };
        let (base, head, again) = (drawn(0.0), drawn(change), drawn(drift));
        let (cell, metric) = ("cache-aside".into(), metric.into());
        Series { cell, metric, unit: Unit::Us, better, base, head, again }
    }

    fn outcome(series: Series) -> Outcome {
        judge(&[series]).unwrap().remove(0).outcome
    }

    #[test]
    fn a_change_is_judged_by_its_side_and_by_the_limit_of_its_metric() {
        let p50 = |change, better| outcome(series("read.response.p50", better, change, 0.0, 8));
        assert_eq!(p50(0.15, Better::Less), Outcome::Regressed);
        assert_eq!(p50(0.15, Better::More), Outcome::Improved);
        assert_eq!(p50(-0.15, Better::Less), Outcome::Improved);
        assert_eq!(p50(-0.15, Better::More), Outcome::Regressed);
        assert_eq!(p50(0.0, Better::Less), Outcome::Unchanged);
        let p99 = |change| outcome(series("read.response.p99", Better::Less, change, 0.0, 8));
        assert_eq!((p99(0.07), p99(0.15)), (Outcome::Unchanged, Outcome::Regressed));
        for (metric, limit) in
            [("a.p99.9", 0.1), ("a.max", 0.1), ("a.p50", 0.05), ("throughput.achieved", 0.05)]
        {
            assert_eq!(limit_of(metric), limit);
        }
    }

    #[test]
    fn a_change_that_is_real_and_below_the_limit_is_none() {
        let judged = judge(&[series("read.response.p50", Better::Less, 0.02, 0.0, 12)]).unwrap().remove(0);
        assert!(judged.p < 0.05 && judged.low > Some(0.0), "{judged:?}");
        assert_eq!(judged.outcome, Outcome::Unchanged);
        // Around the limit itself, nothing is shown.
        assert_eq!(outcome(series("read.response.p50", Better::Less, 0.05, 0.0, 8)), Outcome::Inconclusive);
    }

    #[test]
    fn the_numbers_are_those_of_the_pairs() {
        let base = vec![100.0; 6];
        let head: Vec<f64> = [1.12, 1.14, 1.15, 1.13, 1.16, 1.11].iter().map(|by| by * 100.0).collect();
        let one =
            Series { base: base.clone(), head, again: base, ..series("x.p50", Better::Less, 0.0, 0.0, 1) };
        let judged = judge(&[one]).unwrap().remove(0);
        let close = |found: f64, expected: f64| (found - expected).abs() < 1e-3;
        assert!(
            close(judged.change, 0.135) && close(judged.base, 100.0) && close(judged.head, 113.5),
            "{judged:?}"
        );
        assert!(close(judged.low.unwrap(), 0.11) && close(judged.high.unwrap(), 0.16), "{judged:?}");
        assert_eq!((judged.pairs, judged.p, judged.p_holm), (6, 0.03125, 0.03125));
        assert_eq!(judged.reason, "worse by more than 5 %: +13.5 % (+11.0 to +16.0 %), p 0.03");
        let canary = judged.canary.unwrap();
        assert_eq!(canary, Canary { pairs: 6, change: 0.0, low: 0.0, high: 0.0, ok: true });
    }

    #[test]
    fn a_machine_on_which_base_differs_from_itself_is_too_noisy() {
        let judged = judge(&[series("read.response.p50", Better::Less, 0.3, 0.08, 8)]).unwrap().remove(0);
        assert_eq!(judged.outcome, Outcome::TooNoisy);
        assert!(judged.reason.starts_with("base differs from itself by +"), "{}", judged.reason);
        let mut short = series("read.response.p50", Better::Less, 0.3, 0.08, 8);
        short.again.truncate(5);
        let judged = judge(&[short]).unwrap().remove(0);
        assert_eq!((judged.outcome, judged.canary), (Outcome::Regressed, None), "five pairs are no canary");
    }

    #[test]
    fn too_few_blocks_for_so_many_metrics_are_told() {
        let of = |blocks, metrics: usize| {
            judge(&vec![series("read.response.p50", Better::Less, 0.3, 0.0, blocks); metrics])
                .unwrap()
                .remove(0)
        };
        assert_eq!((of(6, 1).outcome, of(8, 6).outcome), (Outcome::Regressed, Outcome::Regressed));
        assert_eq!((of(5, 1).outcome, of(5, 1).low), (Outcome::Inconclusive, None));
        assert_eq!(
            of(5, 1).reason,
            "5 blocks are too few to tell a change of 1 metric from chance; 6 are needed"
        );
        assert_eq!(
            of(6, 2).reason,
            "6 blocks are too few to tell a change of 2 metrics from chance; 7 are needed"
        );
        assert_eq!((pairs_needed(1), pairs_needed(6)), (6, 8));
    }

    #[test]
    fn what_cannot_be_judged_is_told() {
        let one = series("a.p50", Better::Less, 0.0, 0.0, 6);
        assert_eq!(judge(&vec![one.clone(); 7]), Err(Misfit::TooMany(7)));
        let mut uneven = one.clone();
        uneven.head.pop();
        let text = judge(&[uneven]).unwrap_err().to_string();
        assert_eq!(
            text,
            "a.p50 of cache-aside has 6 numbers of base and 5 of head; each block must have one of both"
        );
        let nothing = Series { base: vec![0.0; 6], head: vec![1.0; 6], again: vec![], ..one };
        let judged = judge(&[nothing]).unwrap().remove(0);
        assert_eq!((judged.outcome, judged.pairs), (Outcome::Inconclusive, 0));
        assert_eq!(judge(&[]), Ok(vec![]));
    }
}
