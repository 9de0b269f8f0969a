use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use super::crew::{CrewError, Factory};
use super::lane::Lane;
use super::prober::Prober;
use super::seat::Seat;
use super::watchdog::{Leash, Watchdog};
use crate::measure::{Recorder, Tally, thread_time};
use crate::model::{BoxFuture, StoreError};

/// Makes a lane for its place.
pub type MakeLane = Box<dyn Fn(Place) -> Lane + Send>;

/// Where a lane works.
pub struct Place {
    /// Its instance.
    pub seat: Arc<Seat>,
    /// Whose instance takes its writes, where that is another.
    pub writer: Option<Arc<Seat>>,
    pub leash: Leash,
    /// Its worker's.
    pub recorder: Arc<Mutex<Recorder>>,
}

/// The lanes that one worker runs in a drive, made on the worker's own thread.
pub struct Shift {
    /// The shortest time that a call may take.
    pub shortest_timeout: Duration,
    /// For each lane its instance, by its place on this worker.
    pub lanes: Vec<usize>,
    /// Whether the last instance here takes the writes of all, and no lane is its own.
    pub writes_apart: bool,
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

/// A worker thread, as its crew holds it.
pub struct Worker {
    thread: Option<JoinHandle<()>>,
    /// Nothing once it is dismissed.
    commands: Option<UnboundedSender<Command>>,
    pub seats: Vec<Arc<Seat>>,
    pub runtime: Handle,
    recorder: Arc<Mutex<Recorder>>,
    /// The lanes of the current drive.
    lanes: Arc<Mutex<Vec<AbortHandle>>>,
}

impl Worker {
    /// Starts the worker of a number and connects its instances; their tallies come with it.
    ///
    /// # Errors
    /// When the thread cannot be started or an instance cannot be connected.
    pub fn start(
        number: usize,
        instances: Vec<usize>,
        factory: Factory,
    ) -> Result<(Worker, Vec<Arc<Tally>>), CrewError> {
        let (commands, orders) = unbounded_channel();
        let (ready, connected) = channel();
        let recorder = Arc::new(Mutex::new(Recorder::default()));
        let lanes = Arc::new(Mutex::new(Vec::new()));
        let inside = Inside { recorder: recorder.clone(), lanes: lanes.clone(), factory };
        let thread = std::thread::Builder::new()
            .name(format!("worker-{number}"))
            .spawn(move || inside.run(&instances, ready, orders))?;
        let Connected { seats, tallies, runtime } = connected.recv().map_err(|_| CrewError::Gone)??;
        let (thread, commands) = (Some(thread), Some(commands));
        Ok((Worker { thread, commands, seats, runtime, recorder, lanes }, tallies))
    }

    pub fn work(&self, shift: Shift) -> Result<(), CrewError> {
        let commands = self.commands.as_ref().ok_or(CrewError::Gone)?;
        commands.send(Command::Shift(shift)).map_err(|_| CrewError::Gone)
    }

    /// Has its instances drain; the receiver gets what came of it, and is cut off where the thread is gone.
    pub fn drain(&self) -> Receiver<Result<(), StoreError>> {
        let (answer, drained) = channel();
        if let Some(commands) = &self.commands {
            // What cannot be sent is dropped, and the answer with it.
            let _ = commands.send(Command::Drain(answer));
        }
        drained
    }

    pub fn abort_lanes(&self) {
        let lanes = std::mem::take(&mut *self.lanes.lock().unwrap_or_else(PoisonError::into_inner));
        lanes.iter().for_each(AbortHandle::abort);
    }

    /// Takes what it has recorded, and leaves `other` in its place.
    pub fn swap_recorder(&self, other: &mut Recorder) {
        // Swapped rather than copied, so that a lane waits for a few nanoseconds only.
        std::mem::swap(other, &mut *self.recorder.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// It ends once it has done what it was told before.
    pub fn dismiss(&mut self) {
        self.commands = None;
    }

    pub fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic of the worker has been printed by then; there is nothing to add.
            let _ = thread.join();
        }
    }
}

/// A worker thread, as it sees itself.
struct Inside {
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

impl Inside {
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
        let writer = seats.last().filter(|_| shift.writes_apart);
        for (lane, &instance) in shift.lanes.iter().enumerate() {
            let (seat, recorder) = (seats[instance].clone(), self.recorder.clone());
            let place = Place { seat, writer: writer.cloned(), leash: watchdog.leash(lane), recorder };
            tasks.push(tokio::spawn((shift.make)(place).run()));
        }
        for (instance, seat) in seats.iter().enumerate() {
            let its = shift.lanes.iter().enumerate().filter(|(_, of)| **of == instance);
            seat.follow(its.map(|(lane, _)| watchdog.slot(lane)).collect());
        }
        *self.lanes.lock().unwrap_or_else(PoisonError::into_inner) =
            tasks.iter().map(|task| task.abort_handle()).collect();
        let watching = tokio::spawn(watchdog.watch());
        let pacing = shift.pacer.map(tokio::spawn);
        let readers = seats[..seats.len() - usize::from(writer.is_some())].to_vec();
        let probing = shift.prober.map(|prober| tokio::spawn(prober.run(readers)));
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
