use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Who is late by more than this does not catch up: timers round up to a millisecond.
const LATE: Duration = Duration::from_millis(10);

/// Lets callers through one after the other, never more than so many a second.
pub struct Pace {
    gap: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    pub fn new(rate: f64) -> Pace {
        Pace { gap: Duration::from_secs_f64(1.0 / rate.max(1e-3)), next: Mutex::new(Instant::now()) }
    }

    /// Returns when it is the caller's turn.
    pub async fn turn(&self) {
        let due = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let earliest = Instant::now().checked_sub(LATE).unwrap_or(*next);
            let due = (*next).max(earliest);
            *next = due + self.gap;
            due
        };
        sleep_until(due).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_more_go_through_than_the_rate_though_some_were_late() {
        let pace = Pace::new(100.0);
        let start = Instant::now();
        for _ in 0..51 {
            pace.turn().await;
        }
        assert_eq!(start.elapsed(), Duration::from_millis(500));
        // A second without a caller is not made up for, but for the 10 ms of a timer.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let start = Instant::now();
        for _ in 0..51 {
            pace.turn().await;
        }
        assert_eq!(start.elapsed(), Duration::from_millis(490));
    }
}
