//! Seats on the machine, for tests that measure: too many at once would make one another slow.

use std::sync::{Condvar, Mutex, PoisonError};

/// Runs that leave one another alone on two cores: each keeps less than half of one busy.
const SEATS: usize = 3;

static TAKEN: Mutex<usize> = Mutex::new(0);
static LEFT: Condvar = Condvar::new();

/// Given back when dropped.
pub struct Seats(usize);

/// For a run that bears others beside it.
pub fn seat() -> Seats {
    take(1)
}

/// For a run that uses the machine up, or whose assertions are about how fast it is: nobody else measures meanwhile.
pub fn alone() -> Seats {
    take(SEATS)
}

fn take(seats: usize) -> Seats {
    let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let too_few = |taken: &mut usize| *taken + seats > SEATS;
    *LEFT.wait_while(taken, too_few).unwrap_or_else(PoisonError::into_inner) += seats;
    Seats(seats)
}

impl Drop for Seats {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
        LEFT.notify_all();
    }
}
