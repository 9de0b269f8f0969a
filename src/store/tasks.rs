use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio::task::{AbortHandle, JoinSet};

/// What a service instance does behind its callers' backs; it dies with the instance.
#[derive(Clone)]
pub struct Tasks {
    started: Option<Arc<Mutex<JoinSet<()>>>>,
    /// Shared by the rounds that go on, and held alone by whoever wants none.
    rounds: Arc<RwLock<()>>,
}

/// A round of work that comes back by itself goes on while this is there.
pub type Round = OwnedRwLockReadGuard<()>;

/// No round goes on, and none begins, while this is there.
pub type Pause = OwnedRwLockWriteGuard<()>;

impl Default for Tasks {
    fn default() -> Tasks {
        Tasks { started: Some(Arc::default()), rounds: Arc::default() }
    }
}

impl Tasks {
    /// For what is built to be looked at and never runs: nothing is started, so that it can be built without a runtime.
    pub fn none() -> Tasks {
        Tasks { started: None, rounds: Arc::default() }
    }

    /// Work that comes back by itself, such as a flush, asks before each round; it waits here while there is a
    /// [`Pause`].
    pub async fn round(&self) -> Round {
        self.rounds.clone().read_owned().await
    }

    /// Returns once no round goes on.
    pub async fn pause(&self) -> Pause {
        self.rounds.clone().write_owned().await
    }

    /// Starts a piece of work.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> Task {
        let started = self.started.as_ref().map(|tasks| {
            let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
            // What has ended is forgotten here, so that the set does not grow.
            while tasks.try_join_next().is_some() {}
            tasks.spawn(work)
        });
        Task(started)
    }

    /// Ends all of it wherever it is, as a crash does.
    pub fn abort(&self) {
        if let Some(tasks) = &self.started {
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

    #[tokio::test(start_paused = true)]
    async fn a_pause_waits_for_the_round_that_goes_on_and_the_next_one_waits_for_the_pause() {
        let (tasks, begun, ended) =
            (Tasks::default(), Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (rounds, counts) = (tasks.clone(), (begun.clone(), ended.clone()));
        tasks.spawn(async move {
            loop {
                let _round = rounds.round().await;
                counts.0.fetch_add(1, Relaxed);
                tokio::time::sleep(Duration::from_millis(10)).await;
                counts.1.fetch_add(1, Relaxed);
            }
        });
        let seen = || (begun.load(Relaxed), ended.load(Relaxed));
        tokio::time::sleep(Duration::from_millis(25)).await;
        assert_eq!(seen(), (3, 2));
        let pause = tasks.pause().await;
        assert_eq!(seen(), (3, 3));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(seen(), (3, 3));
        drop(pause);
        tokio::time::sleep(Duration::from_millis(15)).await;
        assert_eq!(seen(), (5, 4));
    }

    #[test]
    fn without_a_runtime_nothing_is_started() {
        let tasks = Tasks::none();
        tasks.spawn(async { unreachable!("it was started") }).abort();
        tasks.abort();
    }
}
