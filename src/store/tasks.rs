use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::{AbortHandle, JoinSet};

/// What a service instance does behind its callers' backs; it dies with the instance.
#[derive(Clone, Default)]
pub struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl Tasks {
    /// Starts a piece of work.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What has ended is forgotten here, so that the set does not grow.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work)
    }

    /// Ends all of it wherever it is, as a crash does.
    pub fn abort(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_aborted_does_not_happen() {
        let (tasks, done) = (Tasks::default(), Arc::new(AtomicU32::new(0)));
        let later = |ms| {
            let done = done.clone();
            async move {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                done.fetch_add(1, Relaxed);
            }
        };
        [1, 10].into_iter().for_each(|ms| drop(tasks.spawn(later(ms))));
        tokio::time::sleep(Duration::from_millis(5)).await;
        tasks.abort();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(done.load(Relaxed), 1);
    }
}
