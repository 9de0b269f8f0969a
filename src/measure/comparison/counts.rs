use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::{chance, figure};
use super::{Better, Outcome};
use crate::measure::inference::{
    Dispersion, Law, dispersion, garwood, holm, newcombe, rate_difference, rate_test, share_test, wilson,
};

/// How often a regression is told though there is none, at most: over all counts of a comparison.
const ALPHA: f64 = 0.01;
/// Changes up to this ratio do not count, however surely they are seen.
const LIMIT: f64 = 1.05;
/// Fewer seeds a side do not tell how much counts differ by themselves.
pub const LEAST_SEEDS: usize = 5;

/// What was counted with one seed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tallied {
    pub seed: u64,
    pub count: f64,
    /// What it was counted of, or over.
    pub of: f64,
}

/// Events of one cell, counted over seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    pub cell: String,
    pub metric: String,
    pub better: Better,
    pub law: Law,
    pub base: Vec<Tallied>,
    pub head: Vec<Tallied>,
}

/// What was counted of one side, over all seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    pub seeds: usize,
    pub count: f64,
    pub of: f64,
    /// The count for each of what it was counted of.
    pub value: f64,
    /// The interval around it, of 98 %.
    pub low: f64,
    pub high: f64,
}

/// A count, judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CountJudged {
    pub cell: String,
    pub metric: String,
    pub better: Better,
    pub law: Law,
    pub base: Told,
    pub head: Told,
    /// The value of head less that of base, and the interval around it, of 98 %: 1 % on either side.
    pub difference: f64,
    pub low: f64,
    pub high: f64,
    /// Head over base; nothing where base has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// How much more counts of the same side differ than their law says, as a ratio of variances.
    pub dispersion: f64,
    /// The probability of a difference as large as this by chance, on the side on which it is.
    pub p: f64,
    /// The same, adjusted for all counts of the comparison (Holm).
    pub p_holm: f64,
    pub outcome: Outcome,
    /// Why, in a sentence.
    pub reason: String,
}

/// Judges counts together: the more there are, the more it takes to tell a change from chance.
///
/// A count regressed if it is worse by more than 5 % and by more than chance; it improved likewise. Seeds of one side tell
/// how much counts differ by themselves, which is more than a binomial or a Poisson draw does, and counts are worth the
/// less by that. What is not shown is unchanged here, and its interval says what that may hide; where a change is likely
/// and not sure, it is inconclusive.
pub fn judge_counts(counted: &[Counted]) -> Vec<CountJudged> {
    let weighed: Vec<Weighed> = counted.iter().map(Weighed::of).collect();
    let testable: Vec<f64> = weighed.iter().filter(|one| one.unusable.is_none()).map(|one| one.p).collect();
    let mut adjusted = holm(&testable).into_iter();
    let p_holm = weighed.iter().map(|one| match one.unusable {
        None => adjusted.next().unwrap_or(1.0),
        Some(_) => 1.0,
    });
    let p_holm: Vec<f64> = p_holm.collect();
    weighed.into_iter().zip(p_holm).map(|(one, p_holm)| one.judged(p_holm, testable.len())).collect()
}

/// A count with its interval and its test.
struct Weighed<'a> {
    counted: &'a Counted,
    base: Told,
    head: Told,
    low: f64,
    high: f64,
    dispersion: Dispersion,
    p: f64,
    /// Why nothing can be said, with what is said then.
    unusable: Option<(Outcome, String)>,
}

impl Weighed<'_> {
    fn of(counted: &Counted) -> Weighed<'_> {
        let pairs =
            |side: &[Tallied]| -> Vec<(f64, f64)> { side.iter().map(|one| (one.count, one.of)).collect() };
        let (base, head) = (pairs(&counted.base), pairs(&counted.head));
        let sum =
            |side: &[(f64, f64)]| side.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let (base_sum, head_sum) = (sum(&base), sum(&head));
        let unusable = unusable((base.len(), base_sum), (head.len(), head_sum));
        let dispersion = dispersion(&[&base, &head], counted.law);
        // Counts that are worth the less have the same value and wider intervals.
        let worth = |side: (f64, f64)| (side.0 / dispersion.factor, side.1 / dispersion.factor);
        let (ours, theirs) = (worth(head_sum), worth(base_sum));
        let is_told = base_sum.1 > 0.0 && head_sum.1 > 0.0;
        let (mut p, mut interval) = (1.0, (0.0, 0.0));
        if is_told {
            let alpha = dispersion.widened(2.0 * ALPHA);
            (p, interval) = match counted.law {
                Law::Share => (share_test(theirs, ours), newcombe(theirs, ours, alpha)),
                Law::Rate => (rate_test(theirs, ours), rate_difference(theirs, ours, alpha)),
            };
            p = dispersion.carried_over(p);
        }
        Weighed {
            base: told(counted.law, base.len(), base_sum, dispersion),
            head: told(counted.law, head.len(), head_sum, dispersion),
            low: interval.0,
            high: interval.1,
            counted,
            dispersion,
            p,
            unusable,
        }
    }

    fn judged(self, p_holm: f64, counts: usize) -> CountJudged {
        let (outcome, reason) = match &self.unusable {
            Some((outcome, reason)) => (*outcome, reason.clone()),
            None => self.verdict(p_holm, counts),
        };
        let Counted { cell, metric, better, law, .. } = self.counted.clone();
        let (base, head) = (self.base, self.head);
        CountJudged {
            cell,
            metric,
            better,
            law,
            base,
            head,
            difference: head.value - base.value,
            low: self.low,
            high: self.high,
            ratio: (base.value > 0.0).then(|| head.value / base.value),
            dispersion: self.dispersion.factor,
            p: self.p,
            p_holm,
            outcome,
            reason,
        }
    }

    fn verdict(&self, p_holm: f64, counts: usize) -> (Outcome, String) {
        let (base, head, law) = (self.base.value, self.head.value, self.counted.law);
        let (smaller, larger) = (base.min(head), base.max(head));
        let is_beyond = larger > smaller * LIMIT;
        let is_worse = (head > base) == (self.counted.better == Better::Less);
        let way = if is_worse { "worse" } else { "better" };
        let by = match base {
            0.0 => format!("{} instead of none", figure(law, head)),
            base => format!("{} instead of {}", figure(law, head), figure(law, base)),
        };
        let chance = chance(p_holm, counts, "count");
        if is_beyond && p_holm <= ALPHA {
            let outcome = if is_worse { Outcome::Regressed } else { Outcome::Improved };
            return (outcome, format!("{way}: {by}, {chance}"));
        }
        if is_beyond && self.p <= ALPHA {
            return (Outcome::Inconclusive, format!("maybe {way}: {by}, {chance}; more seeds would tell"));
        }
        let worst = match self.counted.better {
            Better::Less => base + self.high.max(0.0),
            Better::More => (base + self.low.min(0.0)).max(0.0),
        };
        (Outcome::Unchanged, format!("nothing worse is shown: {by}; it may be up to {}", figure(law, worst)))
    }
}

/// Why two sides cannot be told apart, and what they are then.
fn unusable(base: (usize, (f64, f64)), head: (usize, (f64, f64))) -> Option<(Outcome, String)> {
    for (name, (seeds, (_, of))) in [("base", base), ("head", head)] {
        if seeds < LEAST_SEEDS {
            let seeds = if seeds == 1 { "1 seed".to_owned() } else { format!("{seeds} seeds") };
            let reason = format!(
                "{seeds} of {name} are too few to tell a change from chance; {LEAST_SEEDS} are needed"
            );
            return Some((Outcome::Inconclusive, reason));
        }
        if of <= 0.0 {
            return Some((Outcome::Inconclusive, format!("{name} had no occasion to count any")));
        }
    }
    (base.1.0 == 0.0 && head.1.0 == 0.0).then(|| (Outcome::Unchanged, "none on either side".into()))
}

fn told(law: Law, seeds: usize, (count, of): (f64, f64), dispersion: Dispersion) -> Told {
    if of <= 0.0 {
        return Told { seeds, count, of, value: 0.0, low: 0.0, high: 0.0 };
    }
    let alpha = dispersion.widened(2.0 * ALPHA);
    let (events, over) = (count / dispersion.factor, of / dispersion.factor);
    let (low, high) = match law {
        Law::Share => wilson(events, over, alpha),
        Law::Rate => {
            let (low, high) = garwood(events, alpha);
            (low / over, high / over)
        }
    };
    Told { seeds, count, of, value: count / of, low, high }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::inference::Noise;

    fn side(counts: &[f64], of: f64) -> Vec<Tallied> {
        counts.iter().zip(1..).map(|(&count, seed)| Tallied { seed, count, of }).collect()
    }

    fn counted(metric: &str, law: Law, better: Better, base: &[f64], head: &[f64]) -> Counted {
        let (cell, metric) = ("cache-aside".into(), metric.into());
        Counted { cell, metric, better, law, base: side(base, 1_000.0), head: side(head, 1_000.0) }
    }

    fn judged(law: Law, better: Better, base: &[f64], head: &[f64]) -> CountJudged {
        judge_counts(&[counted("x", law, better, base, head)]).remove(0)
    }

    const BASE: [f64; 5] = [100.0, 110.0, 95.0, 104.0, 91.0];
    const DOUBLE: [f64; 5] = [200.0, 210.0, 195.0, 204.0, 191.0];

    #[test]
    fn what_is_worse_beyond_chance_and_limit_regressed_and_the_mirror_improved() {
        for law in [Law::Share, Law::Rate] {
            assert_eq!(judged(law, Better::Less, &BASE, &DOUBLE).outcome, Outcome::Regressed);
            assert_eq!(judged(law, Better::Less, &DOUBLE, &BASE).outcome, Outcome::Improved);
            assert_eq!(judged(law, Better::More, &BASE, &DOUBLE).outcome, Outcome::Improved);
            assert_eq!(judged(law, Better::More, &DOUBLE, &BASE).outcome, Outcome::Regressed);
            let alike = judged(law, Better::Less, &BASE, &BASE);
            assert_eq!((alike.outcome, alike.difference), (Outcome::Unchanged, 0.0));
            assert!(alike.low < 0.0 && alike.high > 0.0);
        }
        let double = judged(Law::Rate, Better::Less, &BASE, &DOUBLE);
        assert!(double.base.low < 0.1 && double.base.high > 0.1 && double.low > 0.0, "{double:?}");
        assert_eq!((double.ratio, double.base.count, double.base.seeds), (Some(2.0), 500.0, 5));
        assert!(double.reason.starts_with("worse: 0.200 instead of 0.100, p < 0.0001"), "{}", double.reason);
    }

    #[test]
    fn what_was_none_and_is_some_regressed_and_what_is_none_on_both_sides_is_unchanged() {
        let none = [0.0; 5];
        let some = judged(Law::Share, Better::Less, &none, &[3.0, 2.0, 4.0, 3.0, 2.0]);
        assert_eq!((some.outcome, some.ratio), (Outcome::Regressed, None));
        assert!(some.reason.contains("0.280 % instead of none"), "{}", some.reason);
        // One event may be chance.
        let one = judged(Law::Share, Better::Less, &none, &[0.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(one.outcome, Outcome::Unchanged);
        let nothing = judged(Law::Rate, Better::Less, &none, &none);
        assert_eq!((nothing.outcome, nothing.p_holm), (Outcome::Unchanged, 1.0));
    }

    #[test]
    fn huge_counts_do_not_make_a_trifle_a_regression() {
        let scaled = |by: f64| [1e6 * by; 5];
        let trifle = judged(Law::Rate, Better::Less, &scaled(1.0), &scaled(1.02));
        assert!(trifle.p < 1e-9);
        assert_eq!(trifle.outcome, Outcome::Unchanged);
        let control = judged(Law::Rate, Better::Less, &scaled(1.0), &scaled(1.06));
        assert_eq!(control.outcome, Outcome::Regressed);
    }

    #[test]
    fn counts_that_differ_by_themselves_show_less() {
        // The same sums, in bunches.
        let bunched =
            judged(Law::Rate, Better::Less, &[400.0, 10.0, 5.0, 80.0, 5.0], &[10.0, 590.0, 5.0, 40.0, 5.0]);
        assert_eq!(bunched.outcome, Outcome::Unchanged);
        assert!(bunched.dispersion > 100.0 && bunched.high > 0.1, "{bunched:?}");
        let smooth = judged(Law::Rate, Better::Less, &[100.0; 5], &[130.0; 5]);
        assert_eq!(smooth.outcome, Outcome::Regressed, "the control");
    }

    #[test]
    fn too_few_seeds_and_no_occasion_tell_nothing() {
        let few = judged(Law::Share, Better::Less, &BASE[..4], &DOUBLE);
        assert_eq!(few.outcome, Outcome::Inconclusive);
        assert_eq!(few.reason, "4 seeds of base are too few to tell a change from chance; 5 are needed");
        let mut never = counted("x", Law::Rate, Better::Less, &[0.0; 5], &BASE);
        never.base.iter_mut().for_each(|one| one.of = 0.0);
        let never = judge_counts(&[never]).remove(0);
        assert_eq!(never.outcome, Outcome::Inconclusive);
        assert!([never.low, never.high, never.base.high].iter().all(|bound| bound.is_finite()));
    }

    #[test]
    fn of_many_counts_a_likely_change_is_not_sure() {
        let likely = counted("x", Law::Rate, Better::Less, &[20.0; 5], &[29.0; 5]);
        let alone = &judge_counts(std::slice::from_ref(&likely))[0];
        assert_eq!(alone.outcome, Outcome::Regressed);
        let mut many = vec![counted("y", Law::Rate, Better::Less, &BASE, &BASE); 9];
        many.push(likely);
        let among = judge_counts(&many).pop().unwrap();
        assert_eq!(among.outcome, Outcome::Inconclusive, "{among:?}");
    }

    #[test]
    fn counts_of_the_same_program_regress_no_more_often_than_alpha() {
        let mut noise = Noise::new(5);
        // Each seed has a rate of its own, and a count of about 200 around it.
        let mut drawn = |by: f64| -> Vec<f64> {
            (0..5)
                .map(|_| (200.0 * by * (0.15 * noise.normal()).exp() + 14.0 * noise.normal()).round())
                .collect()
        };
        let mut regressed = |by: f64| {
            let told = (0..600).map(|_| judged(Law::Rate, Better::Less, &drawn(1.0), &drawn(by)).outcome);
            told.filter(|outcome| *outcome == Outcome::Regressed).count()
        };
        let wrong = regressed(1.0);
        // 1 % of 600, and four standard errors.
        assert!(wrong <= 6 + 10, "{wrong}");
        let right = regressed(2.0);
        assert!(right > 540, "{right}");
    }
}
