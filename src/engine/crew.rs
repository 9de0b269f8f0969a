use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use super::lane::Lane;
use super::prober::Prober;
use super::seat::Seat;
use super::watchdog::{Leash, Watchdog};
use crate::inventory::Inventory;
use crate::measure::{Recorder, Tally, TallyCounts, thread_time};
use crate::model::{BoxFuture, StoreError};
use crate::store::Tasks;
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
    pub strategy: Box<dyn Strategy>,
    /// What decrements go through, where the traffic has any.
    pub inventory: Option<Box<dyn Inventory>>,
    /// What the fills and invalidations of a recording go through, where the traffic has any.
    pub entries: Option<Entries>,
}

impl Service {
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
    #[error("not connected after {0:?}")]
    Slow(Duration),
    #[error("a worker thread ended unexpectedly")]
    Gone,
}

/// Makes a lane for an instance, on a leash, recording into its worker's recorder.
pub(super) type MakeLane = Box<dyn Fn(Arc<Seat>, Leash, Arc<Mutex<Recorder>>) -> Lane + Send>;

/// The lanes that one worker runs in a drive, made on the worker's own thread.
pub(super) struct Shift {
    /// The shortest time that a call may take.
    pub shortest_timeout: Duration,
    /// For each lane its instance, by its place on this worker.
    pub lanes: Vec<usize>,
    pub make: MakeLane,
    /// Puts the lanes' tickets on their queue, where that is this worker's own work.
    pub pacer: Option<BoxFuture<'static, ()>>,
    pub prober: Option<Arc<Prober>>,
    /// Gets the processor time that the shift took the worker's thread.
    pub done: Sender<Duration>,
}

enum Command {
    Shift(Shift),
    Drain(Sender<Result<(), StoreError>>),
}

pub(super) struct Worker {
    thread: Option<std::thread::JoinHandle<()>>,
    commands: Option<UnboundedSender<Command>>,
    pub seats: Vec<Arc<Seat>>,
    pub runtime: Handle,
    recorder: Arc<Mutex<Recorder>>,
    lanes: Arc<Mutex<Vec<AbortHandle>>>,
}

/// The worker threads of a cell, with their service instances connected.
pub struct Crew {
    pub(super) workers: Vec<Worker>,
    pub(super) factory: Factory,
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
        let mut crew = Crew { workers: Vec::new(), factory: factory.clone(), tallies: Mutex::default() };
        for worker in 0..threads {
            let numbers: Vec<usize> = (worker..instances.max(1)).step_by(threads).collect();
            let (commands, orders) = unbounded_channel();
            let (ready, connected) = channel();
            let recorder = Arc::new(Mutex::new(Recorder::default()));
            let lanes = Arc::new(Mutex::new(Vec::new()));
            let context =
                Context { recorder: recorder.clone(), lanes: lanes.clone(), factory: factory.clone() };
            let thread = std::thread::Builder::new()
                .name(format!("worker-{worker}"))
                .spawn(move || context.run(&numbers, ready, orders))?;
            let Connected { seats, tallies, runtime } = connected.recv().map_err(|_| CrewError::Gone)??;
            crew.workers.push(Worker {
                thread: Some(thread),
                commands: Some(commands),
                seats,
                runtime,
                recorder,
                lanes,
            });
            crew.known().extend(tallies);
        }
        Ok(crew)
    }

    pub(super) fn workers(&self) -> usize {
        self.workers.len()
    }

    /// Instances on a worker.
    pub(super) fn instances_on(&self, worker: usize) -> usize {
        self.workers[worker].seats.len()
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
        self.known().iter().fold(TallyCounts::default(), |sum, tally| &sum + &tally.counts())
    }

    /// The tallies of the instances, those that have crashed included.
    pub fn tallies(&self) -> Vec<Arc<Tally>> {
        self.known().clone()
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Vec<Arc<Tally>>> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
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

/// What a worker has to show once its instances are connected.
struct Connected {
    seats: Vec<Arc<Seat>>,
    tallies: Vec<Arc<Tally>>,
    runtime: Handle,
}

type Ready = Sender<Result<Connected, CrewError>>;

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
        let (mut seats, mut tallies) = (Vec::new(), Vec::new());
        for &number in numbers {
            match (self.factory)(number).await {
                Ok(instance) => {
                    tallies.push(instance.tally.clone());
                    seats.push(Arc::new(Seat::of(instance)));
                }
                Err(error) => return drop(ready.send(Err(error.into()))),
            }
        }
        let connected = Connected { seats: seats.clone(), tallies, runtime: Handle::current() };
        if ready.send(Ok(connected)).is_err() {
            return;
        }
        while let Some(order) = orders.recv().await {
            match order {
                Command::Shift(shift) => self.work(shift, &seats).await,
                Command::Drain(answer) => {
                    let up: Vec<_> = seats.iter().filter_map(|seat| seat.service()).collect();
                    let drained = join_all(up.iter().map(|service| service.drain())).await;
                    // Nobody listens any more if the limit was reached meanwhile.
                    let _ = answer.send(drained.into_iter().collect());
                }
            }
        }
        // Here, where their connections live.
        seats.iter().for_each(|seat| drop(seat.clear()));
    }

    async fn work(&self, shift: Shift, seats: &[Arc<Seat>]) {
        let began = thread_time();
        let watchdog = Watchdog::new(shift.shortest_timeout, shift.lanes.len());
        let mut tasks = Vec::with_capacity(shift.lanes.len());
        for (lane, &instance) in shift.lanes.iter().enumerate() {
            let leash = watchdog.leash(lane);
            let lane = (shift.make)(seats[instance].clone(), leash, self.recorder.clone());
            tasks.push(tokio::spawn(lane.run()));
        }
        for (instance, seat) in seats.iter().enumerate() {
            let its = shift.lanes.iter().enumerate().filter(|(_, of)| **of == instance);
            seat.follow(its.map(|(lane, _)| watchdog.slot(lane)).collect());
        }
        *self.lanes.lock().unwrap_or_else(PoisonError::into_inner) =
            tasks.iter().map(|task| task.abort_handle()).collect();
        let watching = tokio::spawn(watchdog.watch());
        let pacing = shift.pacer.map(tokio::spawn);
        let probing = shift.prober.map(|prober| tokio::spawn(prober.run(seats.to_vec())));
        join_all(tasks).await;
        watching.abort();
        if let Some(probing) = probing {
            // Awaited, so that no probe is on its way when the books are read.
            probing.abort();
            let _ = probing.await;
        }
        if let Some(pacing) = pacing {
            // Over by now, unless the drive was ended early; awaited, so that its counts are in.
            pacing.abort();
            let _ = pacing.await;
        }
        // Nobody listens any more if the drive was given up.
        let _ = shift.done.send(thread_time().saturating_sub(began));
    }
}
