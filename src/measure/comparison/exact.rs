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
/// 0.5 %. Those that
/// only one side tells are left out, and allocations too where the two were not built alike.
pub fn compare_exact(base: &CountsByCell, head: &CountsByCell, built_alike: bool) -> Exact {
    let mut exact = Exact::default();
    for (cell, base) in base {
        let Some(head) = head.get(cell) else {
            exact.left_out = Some(format!("head has no counts of {cell}"));
            continue;
        };
        let asked = |counts: &ExactCounts| ASKED.map(|name| counts.get(name).unwrap_or(0));
        if asked(base) != asked(head) {
            let ([operations, reads], [other, others]) = (asked(base), asked(head));
            exact.left_out = Some(format!(
                "the sides did not do the same in {cell}: {operations} operations with {reads} reads, and \
                 {other} with {others}"
            ));
            continue;
        }
        for (count, &before) in &base.0 {
            let Some(now) = head.get(count).filter(|_| built_alike || count != BUILT) else { continue };
            exact.counts += 1;
            if !alike(count, before, now) {
                exact.changes.push(ExactChange {
                    cell: cell.clone(),
                    count: count.clone(),
                    base: Some(before),
                    head: Some(now),
                    operations: base.get(ASKED[0]).unwrap_or(0),
                    outcome: outcome(count, before, now),
                });
            }
        }
    }
    if let Some(cell) = head.keys().find(|cell| !base.contains_key(*cell)) {
        exact.left_out.get_or_insert_with(|| format!("base has no counts of {cell}"));
    }
    exact
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
    fn what_was_not_asked_alike_or_built_alike_is_not_compared() {
        let base = side("a", &[("allocations", 500), ("db.rows_read", 7)]);
        let other = side("a", &[("allocations", 600)]);
        assert!(compare_exact(&base, &other, false).changes.is_empty());
        assert_eq!(compare_exact(&base, &other, true).changes.len(), 1);
        let mut asked = other.clone();
        for counts in asked.values_mut() {
            counts.0.insert("reads".into(), 80);
        }
        let left_out = compare_exact(&base, &asked, true).left_out.unwrap();
        assert!(left_out.contains("100 operations with 90 reads, and 100 with 80"), "{left_out}");
        let gone = compare_exact(&base, &side("b", &[]), true);
        assert_eq!(gone.left_out.as_deref(), Some("head has no counts of a"));
    }
}
