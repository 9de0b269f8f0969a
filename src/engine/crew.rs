use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::worker::{Shift, Worker};
use crate::inventory::Inventory;
use crate::measure::{Recorder, Tally, TallyCounts};
use crate::model::{BoxFuture, Failure, StoreError};
use crate::store::{Pause, Tasks};
use crate::strategy::{Entries, Strategy};

/// One service instance: a strategy over stores that it is connected to itself.
#[derive(Clone)]
pub struct Instance {
    pub service: Arc<Service>,
    pub tally: Arc<Tally>,
    pub tasks: Tasks,
}

/// What answers the operations of an instance.
pub struct Service {
    pub strategy: Arc<dyn Strategy>,
    /// What decrements go through, where the traffic has any.
    pub inventory: Option<Box<dyn Inventory>>,
    /// What the fills and invalidations of a recording go through, where the traffic has any.
    pub entries: Option<Entries>,
}

impl Service {
    pub(super) async fn drain(&self) -> Result<(), StoreError> {
        self.strategy.drain().await?;
        match &self.inventory {
            Some(inventory) => inventory.drain().await,
            None => Ok(()),
        }
    }
}

/// Connects the instance of a number, on the thread that it will live on.
pub type Factory = Arc<dyn Fn(usize) -> BoxFuture<'static, Result<Instance, StoreError>> + Send + Sync>;

/// A crew that could not start.
#[derive(Debug, thiserror::Error)]
pub enum CrewError {
    #[error("could not start a worker thread: {0}")]
    Thread(#[from] std::io::Error),
    #[error("could not connect: {0}")]
    Connect(#[from] StoreError),
    #[error("not connected after {0:?}")]
    Slow(Duration),
    #[error("a worker thread ended unexpectedly")]
    Gone,
}

/// The worker threads of a cell, with their service instances connected.
pub struct Crew {
    pub(super) workers: Vec<Worker>,
    pub(super) factory: Factory,
    /// Instances that take the writes of all others: the last one of each worker, or none.
    writers: usize,
    /// Those of crashed instances too: what they sent was sent.
    tallies: Mutex<Vec<Arc<Tally>>>,
}

impl Crew {
    /// Starts `threads` workers and connects `instances` instances, spread over them.
    ///
    /// # Errors
    /// When a thread cannot be started or an instance cannot be connected.
    pub fn start(threads: usize, instances: usize, factory: &Factory) -> Result<Crew, CrewError> {
        let threads = threads.clamp(1, instances.max(1));
        Crew::connect(threads, instances.max(1), 0, factory)
    }

    /// The same, with an instance more on each worker that takes the writes of the others there. They are numbered after
    /// those.
    ///
    /// # Errors
    /// As [`Crew::start`].
    pub fn start_divided(threads: usize, instances: usize, factory: &Factory) -> Result<Crew, CrewError> {
        let threads = threads.clamp(1, instances.max(1));
        Crew::connect(threads, instances.max(1), threads, factory)
    }

    fn connect(threads: usize, readers: usize, writers: usize, factory: &Factory) -> Result<Crew, CrewError> {
        let (workers, tallies) = (Vec::new(), Mutex::default());
        let mut crew = Crew { workers, factory: factory.clone(), writers, tallies };
        for number in 0..threads {
            // Instance i lives on worker i mod W; of as many writers as workers, each has one, its last.
            let instances = (number..readers + writers).step_by(threads).collect();
            let (worker, tallies) = Worker::start(number, instances, factory.clone())?;
            crew.workers.push(worker);
            crew.lock_tallies().extend(tallies);
        }
        Ok(crew)
    }

    pub(super) fn workers(&self) -> usize {
        self.workers.len()
    }

    /// Instances that have clients.
    pub(super) fn readers(&self) -> usize {
        self.workers.iter().map(|worker| worker.seats.len()).sum::<usize>() - self.writers
    }

    /// Whether others take the writes.
    pub(super) fn writes_apart(&self) -> bool {
        self.writers > 0
    }

    pub(super) fn send(&self, worker: usize, shift: Shift) -> Result<(), CrewError> {
        self.workers[worker].work(shift)
    }

    /// Ends the lanes of the current drive wherever they are.
    pub(super) fn abort_lanes(&self) {
        self.workers.iter().for_each(Worker::abort_lanes);
    }

    /// Takes what the workers have recorded since the last call; `spare` is an empty recorder to swap in.
    pub(super) fn collect(&self, spare: &mut Recorder) -> Recorder {
        let mut all = Recorder::default();
        for worker in &self.workers {
            worker.swap_recorder(spare);
            all.merge(spare);
            spare.clear();
        }
        all
    }

    /// The counts of all instances together.
    pub fn counts(&self) -> TallyCounts {
        self.lock_tallies().iter().fold(TallyCounts::default(), |sum, tally| &sum + &tally.counts())
    }

    /// The tallies of the instances, those that have crashed included.
    pub fn tallies(&self) -> Vec<Arc<Tally>> {
        self.lock_tallies().clone()
    }

    pub(super) fn lock_tallies(&self) -> MutexGuard<'_, Vec<Arc<Tally>>> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no instance is amid a round of work that comes back by itself, for at most `limit`; none begins
    /// until what this answers is dropped. Those that go on longer go on.
    pub async fn pause(&self, limit: Duration) -> Vec<Pause> {
        let seats = self.workers.iter().flat_map(|worker| &worker.seats);
        let pauses = seats
            .filter_map(|seat| seat.tasks())
            .map(|tasks| async move { tokio::time::timeout(limit, tasks.pause()).await.ok() });
        join_all(pauses).await.into_iter().flatten().collect()
    }

    /// Waits until every acknowledged write is in the database, for at most `limit`.
    ///
    /// # Errors
    /// When a store fails, the time is up, or a worker thread is gone.
    pub fn drain(&self, limit: Duration) -> Result<(), StoreError> {
        let deadline = Instant::now() + limit;
        let failed = |error| match error {
            RecvTimeoutError::Timeout => {
                StoreError::database(Failure::Timeout, format!("not drained after {limit:?}"))
            }
            RecvTimeoutError::Disconnected => StoreError::database(Failure::Unavailable, CrewError::Gone),
        };
        let answers: Vec<_> = self.workers.iter().map(Worker::drain).collect();
        answers.into_iter().try_for_each(|drained| {
            let left = deadline.saturating_duration_since(Instant::now());
            drained.recv_timeout(left).map_err(failed)?
        })
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.abort_lanes();
        // All are told before any is waited for.
        self.workers.iter_mut().for_each(Worker::dismiss);
        self.workers.iter_mut().for_each(Worker::join);
    }
}
