use tokio::sync::watch;

use super::Tasks;

/// Work behind the callers' backs that can be waited for. What dies with its instance counts as done.
#[derive(Clone)]
pub struct Background {
    tasks: Tasks,
    /// How much of it is under way.
    running: watch::Sender<usize>,
}

/// A piece of work; it counts as long as it exists.
struct Running(watch::Sender<usize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}

impl Background {
    pub fn new(tasks: Tasks) -> Background {
        Background { tasks, running: watch::Sender::new(0) }
    }

    /// Starts a piece of work.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.running.send_modify(|running| *running += 1);
        let running = Running(self.running.clone());
        self.tasks.spawn(async move {
            work.await;
            drop(running);
        });
    }

    /// Returns when none is under way.
    pub async fn idle(&self) {
        // It fails only if the sender is gone, and that is ours.
        let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
    }
}
