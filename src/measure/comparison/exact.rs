use std::collections::BTreeMap;

use super::{Better, Exact, ExactChange, Outcome};
use crate::measure::{ExactCounts, Summary};

/// By so much counts of bytes and of allocations may differ, as a share: numbers in a protocol's text have more digits or
/// fewer, and an answer that comes in two parts takes a buffer more.
const ROUGHLY: f64 = 0.005;
/// What both sides have to have done alike, or they did not do the same.
const ASKED: [&str; 2] = ["operations", "reads"];
/// What follows from how a program was built, and not from what it does alone.
const BUILT: &str = "allocations";

/// The exact counts of each cell, by its label.
pub type CountsByCell = BTreeMap<String, ExactCounts>;

/// The exact counts of a run, by the labels of its cells.
pub fn exact_counts(summary: &Summary) -> CountsByCell {
    let told = summary.cells.iter().filter_map(|cell| {
        let counts = cell.repeats.first()?.exact.clone()?;
        Some((cell.label(), counts))
    });
    told.collect()
}

/// Holds the counts of two sides against each other: every one must be the same, those of bytes and allocations within
/// 0.5 %. Where one side alone tells a cell or a count, or was asked something else, the verdict is open: nobody may take
/// that for a pass. Allocations are left out where the two were not built alike.
pub fn compare_exact(base: &CountsByCell, head: &CountsByCell, built_alike: bool) -> Exact {
    let mut exact = Exact::default();
    for (cell, base, head) in beside(base, head) {
        let nothing = ExactCounts::default();
        let (told, other) = (base.unwrap_or(&nothing), head.unwrap_or(&nothing));
        let operations = told.get(ASKED[0]).or(other.get(ASKED[0])).unwrap_or(0);
        let mut compare = |count: &str| {
            let (base, head) = (told.get(count), other.get(count));
            let outcome = match (base, head) {
                (Some(before), Some(now)) if alike(count, before, now) => None,
                (Some(_), Some(_)) if ASKED.contains(&count) => Some(Outcome::Inconclusive),
                (Some(before), Some(now)) => Some(outcome(count, before, now)),
                _ => Some(Outcome::Inconclusive),
            };
            exact.counts += 1;
            let Some(outcome) = outcome else { return true };
            let (cell, count) = (cell.clone(), count.to_owned());
            exact.changes.push(ExactChange { cell, count, base, head, operations, outcome });
            false
        };
        // Of those that were not asked the same, nothing else can be said.
        if !ASKED.map(&mut compare).iter().all(|same| *same) {
            continue;
        }
        let mut names: Vec<&String> = told.0.keys().chain(other.0.keys()).collect();
        names.sort();
        names.dedup();
        let others = names.into_iter().filter(|name| !ASKED.contains(&name.as_str()));
        for name in others.filter(|name| built_alike || *name != BUILT) {
            compare(name);
        }
    }
    exact
}

/// Each cell with its counts on both sides, by its label; where both sides have one cell only, these two.
fn beside<'a>(
    base: &'a CountsByCell,
    head: &'a CountsByCell,
) -> Vec<(String, Option<&'a ExactCounts>, Option<&'a ExactCounts>)> {
    if let ([(own, before)], [(other, now)]) =
        (base.iter().collect::<Vec<_>>().as_slice(), head.iter().collect::<Vec<_>>().as_slice())
    {
        let label = if own == other { (*own).clone() } else { format!("{own} → {other}") };
        return vec![(label, Some(*before), Some(*now))];
    }
    let mut labels: Vec<&String> = base.keys().chain(head.keys()).collect();
    labels.sort();
    labels.dedup();
    labels.into_iter().map(|label| (label.clone(), base.get(label), head.get(label))).collect()
}

/// Whether allocations of two runs can be compared: builds of one kind, of one version.
pub fn built_alike(base: &Summary, head: &Summary) -> bool {
    let built = |summary: &Summary| {
        let version = summary.cachebench.split(' ').next().map(str::to_owned);
        (version, summary.host.get("build").cloned())
    };
    built(base) == built(head)
}

/// Whether two values of a count are the same, as far as it is exact.
pub(in crate::measure) fn alike(count: &str, base: u64, head: u64) -> bool {
    match count.contains("bytes") || count == BUILT {
        true => (head as f64 - base as f64).abs() <= ROUGHLY * base as f64,
        false => base == head,
    }
}

fn outcome(count: &str, base: u64, head: u64) -> Outcome {
    let better = if count == "hits" { Better::More } else { Better::Less };
    if (head > base) == (better == Better::More) { Outcome::Improved } else { Outcome::Regressed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(cell: &str, counts: &[(&str, u64)]) -> CountsByCell {
        let all = [("operations", 100), ("reads", 90)].iter().chain(counts);
        let counts = all.map(|(name, count)| ((*name).to_owned(), *count)).collect();
        [(cell.to_owned(), ExactCounts(counts))].into()
    }

    #[test]
    fn the_same_is_the_same_and_bytes_may_differ_a_little() {
        let base = side("a", &[("cache.get", 90), ("cache.bytes_sent", 10_000), ("hits", 40)]);
        let same = compare_exact(&base, &base, true);
        assert_eq!((same.counts, same.changes.len(), same.left_out), (5, 0, None));
        let near = side("a", &[("cache.get", 90), ("cache.bytes_sent", 10_050), ("hits", 40)]);
        assert!(compare_exact(&base, &near, true).changes.is_empty());
        let far = side("a", &[("cache.get", 90), ("cache.bytes_sent", 10_051), ("hits", 40)]);
        assert_eq!(compare_exact(&base, &far, true).changes[0].count, "cache.bytes_sent");
    }

    #[test]
    fn one_more_is_a_regression_and_one_less_an_improvement_but_for_hits() {
        let base = side("a", &[("cache.get", 90), ("hits", 40)]);
        let told = |head: &CountsByCell| -> Vec<(String, Outcome)> {
            let changes = compare_exact(&base, head, true).changes;
            changes.into_iter().map(|change| (change.count, change.outcome)).collect()
        };
        let more = told(&side("a", &[("cache.get", 91), ("hits", 41)]));
        assert_eq!(more, [("cache.get".into(), Outcome::Regressed), ("hits".into(), Outcome::Improved)]);
        let less = told(&side("a", &[("cache.get", 89), ("hits", 39)]));
        assert_eq!(less, [("cache.get".into(), Outcome::Improved), ("hits".into(), Outcome::Regressed)]);
    }

    #[test]
    fn what_was_not_asked_alike_or_not_told_is_open_and_another_build_says_nothing() {
        let base = side("a", &[("allocations", 5_000), ("db.rows_read", 7)]);
        let told = |head: &CountsByCell, alike: bool| -> Vec<(String, Outcome)> {
            let changes = compare_exact(&base, head, alike).changes;
            changes.into_iter().map(|change| (change.count, change.outcome)).collect()
        };
        let open = |count: &str| (count.to_owned(), Outcome::Inconclusive);
        let other = side("a", &[("allocations", 6_000)]);
        assert_eq!(told(&other, false), [open("db.rows_read")]);
        assert_eq!(told(&other, true), [("allocations".into(), Outcome::Regressed), open("db.rows_read")]);
        let mut asked = base.clone();
        for counts in asked.values_mut() {
            counts.0.insert("reads".into(), 80);
        }
        assert_eq!(told(&asked, true), [open("reads")]);
        // One cell each: they are what is compared, whatever they are called.
        let renamed = side("b", &[("allocations", 5_000), ("db.rows_read", 7)]);
        assert_eq!(told(&renamed, true), []);
        let two: CountsByCell = base.clone().into_iter().chain(renamed).collect();
        let gone = compare_exact(&two, &base, true).changes;
        assert!(gone.iter().all(|change| change.cell == "b" && change.outcome == Outcome::Inconclusive));
        assert!(!gone.is_empty());
    }
}
