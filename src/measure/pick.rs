use std::cmp::Ordering;

use super::statistics::median;
use super::{CellResult, Expectation, Status};

/// A metric by which one cell is better than another.
#[derive(Clone, Debug, PartialEq)]
pub struct Criterion {
    pub metric: String,
    /// Whether more is better; else less is.
    pub wants_most: bool,
}

impl Criterion {
    /// Of which the least is best.
    pub fn least(metric: impl Into<String>) -> Criterion {
        Criterion { metric: metric.into(), wants_most: false }
    }

    /// Of which the most is best.
    pub fn most(metric: impl Into<String>) -> Criterion {
        Criterion { metric: metric.into(), wants_most: true }
    }

    /// The better of two values first.
    fn order(&self, one: f64, other: f64) -> Ordering {
        if self.wants_most { other.total_cmp(&one) } else { one.total_cmp(&other) }
    }
}

/// What is required of a cell, and by what the best of those is found that show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Demands {
    pub require: Vec<Expectation>,
    /// The first decides, the others break ties.
    pub criteria: Vec<Criterion>,
}

/// What demands come to among some cells, each by its place among all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picked {
    /// Cells about which nothing can be said, with the reason.
    pub left_out: Vec<(usize, String)>,
    /// Cells that show what is required, the best first.
    pub met: Vec<usize>,
    /// Those of them that no other beats in every criterion.
    pub front: Vec<usize>,
    /// Where none shows it, the one that misses by least.
    pub closest: Option<Closest>,
}

/// The cell that comes closest to what is required.
#[derive(Clone, Debug, PartialEq)]
pub struct Closest {
    pub cell: usize,
    /// What it misses: each requirement, with the value that breaks it.
    pub misses: Vec<(Expectation, f64)>,
}

impl Demands {
    /// The best of the cells of these places.
    ///
    /// A cell counts by its valid repeats. It shows what is required if its median does, and each of them.
    pub fn pick(&self, cells: &[CellResult], among: &[usize]) -> Picked {
        let mut picked = Picked::default();
        let mut missed: Vec<(f64, Closest)> = Vec::new();
        for &index in among {
            let Some(cell) = cells.get(index) else { continue };
            if let Some(reason) = self.unusable(cell) {
                picked.left_out.push((index, reason));
                continue;
            }
            let misses: Vec<_> =
                self.require.iter().filter_map(|one| Some((one.clone(), missed_by(cell, one)?))).collect();
            if misses.is_empty() {
                picked.met.push(index);
            } else {
                let by = misses.iter().map(|(one, value)| one.distance(*value)).sum();
                missed.push((by, Closest { cell: index, misses }));
            }
        }
        picked.met.sort_by(|&one, &other| self.order(&cells[one], &cells[other]));
        let criteria: Vec<&Criterion> = self.criteria.iter().collect();
        picked.front = front(&criteria, cells, &picked.met);
        if picked.met.is_empty() {
            missed.sort_by(|(one, _), (other, _)| one.total_cmp(other));
            picked.closest = missed.into_iter().next().map(|(_, closest)| closest);
        }
        picked
    }

    /// Why nothing can be said about a cell, if so.
    fn unusable(&self, cell: &CellResult) -> Option<String> {
        if !cell.repeats.iter().any(|repeat| repeat.status == Status::Valid) {
            let reason = cell.repeats.iter().flat_map(|repeat| &repeat.verdict.reasons).next();
            let status = cell.status().name();
            return Some(reason.map_or(status.to_owned(), |reason| format!("{status}: {reason}")));
        }
        let wanted =
            self.require.iter().map(|one| &one.metric).chain(self.criteria.iter().map(|one| &one.metric));
        // Where no read was stale, there is no age to tell, and none that is too high.
        let is_fresh = cell.median("stale_reads") == Some(0.0);
        let mut untold = wanted
            .filter(|metric| cell.median(metric).is_none() && !(is_fresh && metric.starts_with("stale_age")));
        untold.next().map(|metric| format!("it does not tell {metric}"))
    }

    fn order(&self, one: &CellResult, other: &CellResult) -> Ordering {
        let by = |criterion: &Criterion| {
            // Cells that do not tell it have been left out.
            let of = |cell: &CellResult| cell.median(&criterion.metric).unwrap_or(f64::NAN);
            criterion.order(of(one), of(other))
        };
        self.criteria.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    /// Whether the repeats of two cells overlap in the first criterion, so that their order may be chance; nothing where
    /// one of them was measured once.
    pub fn is_close(&self, one: &CellResult, other: &CellResult) -> Option<bool> {
        let metric = &self.criteria.first()?.metric;
        let range = |cell: &CellResult| {
            let values = values(cell, metric);
            let bound = |of: fn(f64, f64) -> f64| values.iter().copied().reduce(of);
            Some((bound(f64::min)?, bound(f64::max)?)).filter(|_| values.len() > 1)
        };
        let ((least, most), (their_least, their_most)) = (range(one)?, range(other)?);
        Some(least <= their_most && their_least <= most)
    }
}

/// Those of some cells that no other of them beats in every criterion, in their order; those that do not tell one are
/// left out.
pub fn front(criteria: &[&Criterion], cells: &[CellResult], among: &[usize]) -> Vec<usize> {
    let told = |index: &usize| -> Option<(usize, Vec<f64>)> {
        let values: Option<Vec<f64>> = criteria.iter().map(|one| cells[*index].median(&one.metric)).collect();
        Some((*index, values?))
    };
    let all: Vec<(usize, Vec<f64>)> = among.iter().filter_map(told).collect();
    let beats = |one: &[f64], other: &[f64]| {
        let orders: Vec<Ordering> =
            criteria.iter().zip(one.iter().zip(other)).map(|(by, (a, b))| by.order(*a, *b)).collect();
        orders.iter().all(|order| order.is_le()) && orders.iter().any(|order| order.is_lt())
    };
    let is_beaten = |own: &[f64]| all.iter().any(|(_, other)| beats(other, own));
    all.iter().filter(|(_, own)| !is_beaten(own)).map(|(index, _)| *index).collect()
}

fn values(cell: &CellResult, metric: &str) -> Vec<f64> {
    cell.measured().iter().filter_map(|repeat| repeat.metrics.get(metric)).collect()
}

/// The value by which a cell misses what is expected, if it does: that of its median, else the worst of its repeats.
fn missed_by(cell: &CellResult, expected: &Expectation) -> Option<f64> {
    let values = values(cell, &expected.metric);
    let middle = median(values.clone())?;
    if !expected.is_met_by(middle) {
        return Some(middle);
    }
    let misses = values.into_iter().filter(|value| !expected.is_met_by(*value));
    misses.max_by(|one, other| expected.distance(*one).total_cmp(&expected.distance(*other)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Metrics, RepeatResult, Unit, Verdict};

    fn cell(repeats: &[(f64, f64)]) -> CellResult {
        let repeat = |&(stale, queries): &(f64, f64)| {
            let mut metrics = Metrics::default();
            metrics.put("stale_rate", stale, Unit::Ratio);
            metrics.put("db.queries_per_read", queries, Unit::Ratio);
            RepeatResult { metrics, ..RepeatResult::default() }
        };
        CellResult { repeats: repeats.iter().map(repeat).collect(), ..CellResult::default() }
    }

    fn demands(require: &[&str]) -> Demands {
        Demands {
            require: require.iter().map(|text| text.parse().unwrap()).collect(),
            criteria: vec![Criterion::least("db.queries_per_read"), Criterion::least("stale_rate")],
        }
    }

    fn all(cells: &[CellResult]) -> Vec<usize> {
        (0..cells.len()).collect()
    }

    #[test]
    fn the_best_of_those_that_show_what_is_required_is_picked() {
        let cells = [
            cell(&[(0.02, 0.05)]),
            cell(&[(0.004, 0.2)]),
            cell(&[(0.002, 0.12)]),
            cell(&[(0.001, 0.12)]),
            cell(&[(0.0, 0.5)]),
        ];
        let picked = demands(&["stale_rate < 1%"]).pick(&cells, &all(&cells));
        assert_eq!((picked.met, picked.front), (vec![3, 2, 1, 4], vec![3, 4]));
        assert_eq!(picked.closest, None);
        let free = demands(&[]).pick(&cells, &all(&cells));
        assert_eq!(free.met[0], 0, "without a requirement the fewest queries win");
    }

    #[test]
    fn every_repeat_must_show_it_and_the_median_decides_the_order() {
        let cells = [cell(&[(0.001, 0.1), (0.02, 0.1), (0.001, 0.1)]), cell(&[(0.001, 0.3), (0.001, 0.2)])];
        assert_eq!(demands(&["stale_rate < 1%"]).pick(&cells, &all(&cells)).met, [1]);
    }

    #[test]
    fn where_none_shows_it_the_one_that_misses_by_least_is_told() {
        let cells = [cell(&[(0.05, 0.1)]), cell(&[(0.02, 0.3)]), cell(&[(0.9, 0.01)])];
        let closest = demands(&["stale_rate < 1%"]).pick(&cells, &all(&cells)).closest.unwrap();
        assert_eq!((closest.cell, closest.misses[0].1), (1, 0.02));
    }

    #[test]
    fn what_is_not_valid_or_does_not_tell_a_metric_is_left_out_with_the_reason() {
        let mut cells = [cell(&[(0.0, 0.1)]), cell(&[(0.0, 0.2)]), cell(&[])];
        let verdict = Verdict { reasons: vec!["too late".into()], ..Verdict::default() };
        cells[0].repeats[0] =
            RepeatResult { status: Status::Invalid, verdict, ..cells[0].repeats[0].clone() };
        let left_out = demands(&["hit_rate > 0.5"]).pick(&cells, &all(&cells)).left_out;
        assert_eq!(left_out[0], (0, "invalid: too late".to_owned()));
        assert_eq!(left_out[1], (1, "it does not tell hit_rate".to_owned()));
        assert_eq!(left_out.len(), 3);
    }

    #[test]
    fn repeats_that_overlap_leave_the_order_to_chance() {
        let (one, apart) = (cell(&[(0.0, 0.1), (0.0, 0.2)]), cell(&[(0.0, 0.3), (0.0, 0.4)]));
        let near = cell(&[(0.0, 0.15), (0.0, 0.3)]);
        let demands = demands(&[]);
        assert_eq!(demands.is_close(&one, &apart), Some(false));
        assert_eq!(demands.is_close(&one, &near), Some(true));
        assert_eq!(demands.is_close(&one, &cell(&[(0.0, 0.1)])), None);
    }
}
