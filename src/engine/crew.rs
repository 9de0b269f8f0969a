use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use super::lane::Lane;
use super::watchdog::{Leash, Watchdog};
use crate::inventory::Inventory;
use crate::measure::{Recorder, Tally, TallyCounts, thread_time};
use crate::model::{BoxFuture, StoreError};
use crate::store::Tasks;
use crate::strategy::Strategy;

/// One service instance: a strategy over stores that it is connected to itself.
#[derive(Clone)]
pub struct Instance {
    pub strategy: Arc<dyn Strategy>,
    /// What decrements go through, where the traffic has any.
    pub inventory: Option<Arc<dyn Inventory>>,
    pub tally: Arc<Tally>,
    pub tasks: Tasks,
}

impl Instance {
    async fn drain(&self) -> Result<(), StoreError> {
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
    #[error("a worker thread ended unexpectedly")]
    Gone,
}

/// Makes a lane for an instance, on a leash, recording into its worker's recorder.
pub(super) type MakeLane = Box<dyn Fn(Instance, Leash, Arc<Mutex<Recorder>>) -> Lane + Send>;

/// The lanes that one worker runs in a drive, made on the worker's own thread.
pub(super) struct Shift {
    /// The shortest time that a call may take.
    pub shortest_timeout: Duration,
    /// For each lane its instance, by its place on this worker.
    pub lanes: Vec<usize>,
    pub make: MakeLane,
    /// Puts the lanes' tickets on their queue, where that is this worker's own work.
    pub pacer: Option<BoxFuture<'static, ()>>,
    /// Gets the processor time that the shift took the worker's thread.
    pub done: Sender<Duration>,
}

enum Command {
    Shift(Shift),
    Drain(Sender<Result<(), StoreError>>),
}

struct Worker {
    thread: Option<std::thread::JoinHandle<()>>,
    commands: Option<UnboundedSender<Command>>,
    instances: usize,
    recorder: Arc<Mutex<Recorder>>,
    lanes: Arc<Mutex<Vec<AbortHandle>>>,
}

/// The worker threads of a cell, with their service instances connected.
pub struct Crew {
    workers: Vec<Worker>,
    tallies: Vec<Arc<Tally>>,
}

impl Crew {
    /// Starts `threads` workers and connects `instances` instances, spread over them.
    ///
    /// # Errors
    /// When a thread cannot be started or an instance cannot be connected.
    pub fn start(threads: usize, instances: usize, factory: &Factory) -> Result<Crew, CrewError> {
        let threads = threads.clamp(1, instances.max(1));
        let mut crew = Crew { workers: Vec::new(), tallies: Vec::new() };
        for worker in 0..threads {
            let numbers: Vec<usize> = (worker..instances.max(1)).step_by(threads).collect();
            let (commands, orders) = unbounded_channel();
            let (ready, connected) = channel();
            let recorder = Arc::new(Mutex::new(Recorder::default()));
            let lanes = Arc::new(Mutex::new(Vec::new()));
            let context =
                Context { recorder: recorder.clone(), lanes: lanes.clone(), factory: factory.clone() };
            let count = numbers.len();
            let thread = std::thread::Builder::new()
                .name(format!("worker-{worker}"))
                .spawn(move || context.run(&numbers, ready, orders))?;
            crew.workers.push(Worker {
                thread: Some(thread),
                commands: Some(commands),
                instances: count,
                recorder,
                lanes,
            });
            crew.tallies.extend(connected.recv().map_err(|_| CrewError::Gone)??);
        }
        Ok(crew)
    }

    pub(super) fn workers(&self) -> usize {
        self.workers.len()
    }

    /// Instances on a worker.
    pub(super) fn instances_on(&self, worker: usize) -> usize {
        self.workers[worker].instances
    }

    pub(super) fn send(&self, worker: usize, shift: Shift) -> Result<(), CrewError> {
        let commands = self.workers[worker].commands.as_ref().ok_or(CrewError::Gone)?;
        commands.send(Command::Shift(shift)).map_err(|_| CrewError::Gone)
    }

    /// Ends the lanes of the current drive wherever they are.
    pub(super) fn abort_lanes(&self) {
        for worker in &self.workers {
            let lanes = std::mem::take(&mut *worker.lanes.lock().unwrap_or_else(PoisonError::into_inner));
            lanes.iter().for_each(AbortHandle::abort);
        }
    }

    /// Takes what the workers have recorded since the last call; `spare` is an empty recorder to swap in.
    pub(super) fn collect(&self, spare: &mut Recorder) -> Recorder {
        let mut all = Recorder::default();
        for worker in &self.workers {
            // Swapped rather than copied, so that a lane waits for a few nanoseconds only.
            std::mem::swap(spare, &mut *worker.recorder.lock().unwrap_or_else(PoisonError::into_inner));
            all.merge(spare);
            spare.clear();
        }
        all
    }

    /// The counts of all instances together.
    pub fn counts(&self) -> TallyCounts {
        self.tallies.iter().fold(TallyCounts::default(), |sum, tally| &sum + &tally.counts())
    }

    /// The tallies of the instances.
    pub fn tallies(&self) -> &[Arc<Tally>] {
        &self.tallies
    }

    /// Waits until every acknowledged write is in the database, for at most `limit`.
    ///
    /// # Errors
    /// When a store fails, or the time is up.
    pub fn drain(&self, limit: Duration) -> Result<(), StoreError> {
        let gone =
            || StoreError::database(crate::model::Failure::Timeout, format!("not drained after {limit:?}"));
        let answers: Vec<Receiver<_>> = self
            .workers
            .iter()
            .filter_map(|worker| {
                let (answer, drained) = channel();
                worker.commands.as_ref()?.send(Command::Drain(answer)).ok()?;
                Some(drained)
            })
            .collect();
        answers.into_iter().try_for_each(|drained| drained.recv_timeout(limit).map_err(|_| gone())?)
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.abort_lanes();
        for worker in &mut self.workers {
            worker.commands = None;
        }
        for worker in &mut self.workers {
            if let Some(thread) = worker.thread.take() {
                // A panic of the worker has been printed by then; there is nothing to add.
                let _ = thread.join();
            }
        }
    }
}

/// What a worker thread works with.
struct Context {
    recorder: Arc<Mutex<Recorder>>,
    lanes: Arc<Mutex<Vec<AbortHandle>>>,
    factory: Factory,
}

type Ready = Sender<Result<Vec<Arc<Tally>>, CrewError>>;

impl Context {
    fn run(&self, numbers: &[usize], ready: Ready, orders: UnboundedReceiver<Command>) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(ready.send(Err(error.into()))),
        };
        runtime.block_on(self.serve(numbers, ready, orders));
        // Connections close in the background; a slow server must not hold up the end.
        runtime.shutdown_timeout(Duration::from_millis(100));
    }

    async fn serve(&self, numbers: &[usize], ready: Ready, mut orders: UnboundedReceiver<Command>) {
        let mut instances = Vec::with_capacity(numbers.len());
        for &number in numbers {
            match (self.factory)(number).await {
                Ok(instance) => instances.push(instance),
                Err(error) => return drop(ready.send(Err(error.into()))),
            }
        }
        let tallies = instances.iter().map(|instance| instance.tally.clone()).collect();
        if ready.send(Ok(tallies)).is_err() {
            return;
        }
        while let Some(order) = orders.recv().await {
            match order {
                Command::Shift(shift) => self.work(shift, &instances).await,
                Command::Drain(answer) => {
                    let drained = join_all(instances.iter().map(Instance::drain)).await;
                    // Nobody listens any more if the limit was reached meanwhile.
                    let _ = answer.send(drained.into_iter().collect());
                }
            }
        }
    }

    async fn work(&self, shift: Shift, instances: &[Instance]) {
        let began = thread_time();
        let watchdog = Watchdog::new(shift.shortest_timeout, shift.lanes.len());
        let mut tasks = Vec::with_capacity(shift.lanes.len());
        for (lane, &instance) in shift.lanes.iter().enumerate() {
            let leash = watchdog.leash(lane);
            let lane = (shift.make)(instances[instance].clone(), leash, self.recorder.clone());
            tasks.push(tokio::spawn(lane.run()));
        }
        *self.lanes.lock().unwrap_or_else(PoisonError::into_inner) =
            tasks.iter().map(|task| task.abort_handle()).collect();
        let watching = tokio::spawn(watchdog.watch());
        let pacing = shift.pacer.map(tokio::spawn);
        join_all(tasks).await;
        watching.abort();
        if let Some(pacing) = pacing {
            // Over by now, unless the drive was ended early; awaited, so that its counts are in.
            pacing.abort();
            let _ = pacing.await;
        }
        // Nobody listens any more if the drive was given up.
        let _ = shift.done.send(thread_time().saturating_sub(began));
    }
}
