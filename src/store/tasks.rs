use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::{AbortHandle, JoinSet};

/// What a service instance does behind its callers' backs; it dies with the instance.
#[derive(Clone)]
pub struct Tasks(Option<Arc<Mutex<JoinSet<()>>>>);

impl Default for Tasks {
    fn default() -> Tasks {
        Tasks(Some(Arc::default()))
    }
}

impl Tasks {
    /// For what is built to be looked at and never runs: nothing is started, so that it can be built without a runtime.
    pub fn none() -> Tasks {
        Tasks(None)
    }

    /// Starts a piece of work.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> Task {
        let started = self.0.as_ref().map(|tasks| {
            let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
            // What has ended is forgotten here, so that the set does not grow.
            while tasks.try_join_next().is_some() {}
            tasks.spawn(work)
        });
        Task(started)
    }

    /// Ends all of it wherever it is, as a crash does.
    pub fn abort(&self) {
        if let Some(tasks) = &self.0 {
            tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
        }
    }
}

/// A piece of work; it goes on when this is dropped.
pub struct Task(Option<AbortHandle>);

impl Task {
    /// Ends it wherever it is.
    pub fn abort(&self) {
        self.0.iter().for_each(AbortHandle::abort);
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

    #[test]
    fn without_a_runtime_nothing_is_started() {
        let tasks = Tasks::none();
        tasks.spawn(async { unreachable!("it was started") }).abort();
        tasks.abort();
    }
}
