use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// A request to end early, seen by every thread of a run.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    pub fn request(&self) {
        self.0.store(true, Relaxed);
    }

    pub fn is_requested(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Returns once the end is requested.
    pub async fn requested(&self) {
        while !self.is_requested() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
