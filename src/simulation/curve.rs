use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Capacity, Sample, Scenario, Simulated, simulate};
use crate::registry::{Choice, OptionsError};

/// What a curve of hits by size rests on: all requests, or those of a sample of the keys.
pub enum Basis<'a> {
    Whole(&'a Scenario),
    Sampled(&'a Sample),
}

impl Basis<'_> {
    fn simulate(&self, policy: &Choice, capacity: Capacity, seed: u64) -> Result<Simulated, OptionsError> {
        match self {
            Basis::Whole(scenario) => simulate(scenario, policy, capacity, seed),
            Basis::Sampled(sample) => sample.simulate(policy, capacity, seed),
        }
    }
}

/// Simulates each policy at each capacity, as many at a time as the machine has cores, and tells after each how many
/// are done. The answers come in the order of `points`.
///
/// # Errors
/// As [`simulate`].
pub fn curve(
    source: &Basis,
    points: &[(Choice, Capacity)],
    seed: u64,
    told: &(dyn Fn(usize) + Sync),
) -> Result<Vec<Simulated>, OptionsError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(points.len());
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let answers = Mutex::new(vec![None; points.len()]);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((index, (policy, capacity))) = point(points, &next) {
                    let answer = source.simulate(policy, *capacity, seed);
                    answers.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(answer);
                    told(done.fetch_add(1, Ordering::Relaxed) + 1);
                }
            });
        }
    });
    // The threads are joined, and took every point.
    answers.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
}

/// The next point that nobody has taken.
fn point<'a>(
    points: &'a [(Choice, Capacity)],
    next: &AtomicUsize,
) -> Option<(usize, &'a (Choice, Capacity))> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    Some((index, points.get(index)?))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::traffic::traces::{Recording, Request, TraceKey};

    #[test]
    fn a_curve_has_its_points_in_their_order_and_is_told_of_each() {
        let requests = (0..500u64).map(|n| Request::of(TraceKey::Number(n * n % 41)));
        let scenario = Scenario::of(Arc::new(Recording::of(requests).unwrap()));
        let points: Vec<_> = ["lru", "random", "opt"]
            .into_iter()
            .flat_map(|policy| [1, 5, 10].map(|entries| (Choice::named(policy), Capacity::Entries(entries))))
            .collect();
        let told = Mutex::new(Vec::new());
        let found =
            curve(&Basis::Whole(&scenario), &points, 7, &|done| told.lock().unwrap().push(done)).unwrap();
        let alone =
            points.iter().map(|(policy, capacity)| simulate(&scenario, policy, *capacity, 7).unwrap());
        assert_eq!(found, alone.collect::<Vec<_>>());
        let mut told = told.into_inner().unwrap();
        told.sort_unstable();
        assert_eq!(told, (1..=9).collect::<Vec<_>>());
        let wrong =
            curve(&Basis::Whole(&scenario), &[(Choice::named("mru"), Capacity::Entries(1))], 7, &|_| ());
        assert!(wrong.unwrap_err().to_string().contains("redis-lru"));
    }
}
