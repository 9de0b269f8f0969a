use super::members::Members;
use crate::registry::OptionsError;
use crate::traffic::Random;

/// The candidates that Redis keeps from one eviction to the next, by how much each deserves to go: of every sample
/// those remain that are better than the worst in it. A score is that of the moment of its sampling.
#[derive(Default)]
pub(super) struct Pool {
    /// Score and key, in ascending order of scores.
    candidates: Vec<(u64, u32)>,
}

/// As EVPOOL_SIZE in Redis.
const SIZE: usize = 16;

/// maxmemory-samples, within what Redis takes.
pub(super) fn samples(samples: u32) -> Result<u32, OptionsError> {
    match samples {
        1..=64 => Ok(samples),
        _ => Err(OptionsError(format!("samples is {samples}, it has to be from 1 to 64"))),
    }
}

impl Pool {
    /// Samples keys, until there is a candidate that is still held, and takes the best; `None` where nothing is held.
    pub fn take(
        &mut self,
        members: &mut Members,
        samples: u32,
        random: &mut Random,
        score: impl Fn(u32) -> u64,
    ) -> Option<u32> {
        while !members.is_empty() {
            for _ in 0..samples {
                let key = members.draw(random)?;
                self.offer(score(key), key);
            }
            while let Some((_, key)) = self.candidates.pop() {
                // Those that were deleted stay in the pool until their turn.
                if members.contains(key) {
                    members.remove(key);
                    return Some(key);
                }
            }
        }
        None
    }

    /// A key goes before those of the same score, so of equals the one sampled first is taken first; into a full pool
    /// it comes in the place of the worst, if it is better than that.
    fn offer(&mut self, score: u64, key: u32) {
        let place = self.candidates.iter().take_while(|(other, _)| *other < score).count();
        if self.candidates.len() < SIZE {
            self.candidates.insert(place, (score, key));
        } else if place > 0 {
            self.candidates[..place].rotate_left(1);
            self.candidates[place - 1] = (score, key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::Stream;

    #[test]
    fn a_full_pool_keeps_the_best_and_of_equals_the_first() {
        let mut pool = Pool::default();
        (0..16).for_each(|key| pool.offer(10, key));
        pool.offer(10, 90);
        pool.offer(9, 91);
        assert_eq!(pool.candidates.last(), Some(&(10, 0)));
        assert!(pool.candidates.iter().all(|(_, key)| *key < 16));
        pool.offer(12, 92);
        pool.offer(11, 93);
        let best: Vec<_> = pool.candidates.iter().rev().map(|(_, key)| *key).take(3).collect();
        assert_eq!((best, pool.candidates.len()), (vec![92, 93, 0], 16));
    }

    #[test]
    fn candidates_outlive_an_eviction_and_ghosts_are_passed_over() {
        let (mut members, mut random) = (Members::new(8), Random::new(3, Stream::Eviction, 0));
        members.insert(7);
        let mut pool = Pool::default();
        // 5 is a ghost: it was deleted after it had been sampled. 7 has the least score of all.
        pool.offer(50, 5);
        pool.offer(40, 6);
        members.insert(6);
        assert_eq!(pool.take(&mut members, 0, &mut random, |_| 1), Some(6));
        assert_eq!(pool.take(&mut members, 1, &mut random, |_| 1), Some(7));
        assert_eq!(pool.take(&mut members, 1, &mut random, |_| 1), None);
    }
}
