use std::sync::{Arc, Barrier};

/// Where measurements that are made at once wait for each other, so that all loads begin together.
///
/// One that cannot be made lets the others go on when it drops its gate.
pub struct Gate(Option<(Arc<Barrier>, usize)>);

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

    /// Waits until all others are here or have given up; says how many there are, this one included.
    pub fn pass(mut self) -> usize {
        self.0.take().map_or(1, |(barrier, count)| {
            barrier.wait();
            count
        })
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
            assert!(waiting.into_iter().all(|thread| thread.join().unwrap() == 3));
        });
        assert_eq!(Gate::open().pass(), 1);
    }
}
