use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use crate::model::Time;

/// Where measurements that are made at once wait for each other, so that all loads begin together.
///
/// One that cannot be made lets the others go on when it drops its gate.
pub struct Gate(Option<(Arc<Barrier>, usize)>);

/// What passing a gate came to.
#[derive(Clone, Copy, Debug)]
pub struct Passed {
    /// Measurements that begin together.
    pub at_once: usize,
    /// How long the others were waited for.
    pub waited: Duration,
}

/// Entries that were loaded ahead and waited for more than this share of their lifetime are not what was loaded.
const LONGEST_WAIT: f64 = 0.1;

impl Passed {
    /// What to know of entries that were loaded ahead, and live for `ttl`.
    pub fn note(&self, ttl: Time) -> Option<String> {
        let seconds = self.waited.as_secs_f64();
        (seconds > LONGEST_WAIT * ttl.0.as_secs_f64()).then(|| {
            format!(
                "what was loaded into the cache ahead waited {seconds:.1} s for the measurements beside this one, and \
                 entries live for {ttl}: some may have expired by the first request"
            )
        })
    }
}

impl Gate {
    /// For a measurement on its own.
    pub fn open() -> Gate {
        Gate(None)
    }

    /// One gate for each of `count` measurements.
    pub fn shared(count: usize) -> Vec<Gate> {
        let barrier = Arc::new(Barrier::new(count));
        (0..count).map(|_| Gate(Some((barrier.clone(), count)))).collect()
    }

    /// Waits until all others are here or have given up; says how many there are, this one included, and how long that
    /// took.
    pub fn pass(mut self) -> Passed {
        let began = Instant::now();
        let at_once = self.0.take().map_or(1, |(barrier, count)| {
            barrier.wait();
            count
        });
        Passed { at_once, waited: began.elapsed() }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Some((barrier, _)) = self.0.take() {
            barrier.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_gives_up_does_not_keep_the_others_waiting() {
        let mut gates = Gate::shared(3);
        std::thread::scope(|scope| {
            let given_up = gates.pop();
            let waiting: Vec<_> = gates.drain(..).map(|gate| scope.spawn(|| gate.pass())).collect();
            drop(given_up);
            assert!(waiting.into_iter().all(|thread| thread.join().unwrap().at_once == 3));
        });
        assert_eq!(Gate::open().pass().at_once, 1);
    }

    #[test]
    fn entries_that_waited_for_more_than_a_tenth_of_their_life_are_noted() {
        let note = |millis| {
            let passed = Passed { at_once: 2, waited: Duration::from_millis(millis) };
            passed.note(Time(Duration::from_secs(10)))
        };
        assert_eq!(note(1_000), None);
        assert!(
            note(2_500).unwrap().contains("waited 2.5 s") && note(2_500).unwrap().contains("live for 10s")
        );
    }
}
