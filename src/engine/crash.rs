use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::crew::{Crew, CrewError};
use super::seat::Seat;
use super::worker::Worker;

impl Crew {
    /// Ends an instance as a crash of its process does, in the middle of a drive or between drives. Its lanes' calls
    /// fail as unavailable until another is started.
    ///
    /// # Errors
    /// When its worker thread is gone.
    pub fn crash(&self, instance: usize) -> Result<(), CrewError> {
        let (worker, seat) = self.seat(instance)?;
        let (done, crashed) = channel();
        worker.runtime.spawn(async move {
            seat.crash();
            // Whoever asked waits for it.
            let _ = done.send(());
        });
        crashed.recv().map_err(|_| CrewError::Gone)
    }

    /// Connects an instance in the place of one that has crashed; does nothing if it is up.
    ///
    /// # Errors
    /// When it cannot be connected within `limit`, or its worker thread is gone.
    pub fn start_again(&self, instance: usize, limit: Duration) -> Result<(), CrewError> {
        let (worker, seat) = self.seat(instance)?;
        if !seat.is_empty() {
            return Ok(());
        }
        let (done, connected) = channel();
        let factory = self.factory.clone();
        worker.runtime.spawn(async move {
            let made = tokio::time::timeout(limit, factory(instance)).await;
            let made = made.map_err(|_| CrewError::Slow(limit)).and_then(|made| Ok(made?));
            let tally = made.map(|made| {
                let tally = made.tally.clone();
                seat.fill(made);
                tally
            });
            // Whoever asked waits for it.
            let _ = done.send(tally);
        });
        let tally = connected.recv().map_err(|_| CrewError::Gone)??;
        self.lock_tallies().push(tally);
        Ok(())
    }

    /// Instance i lives on worker i mod W.
    fn seat(&self, instance: usize) -> Result<(&Worker, Arc<Seat>), CrewError> {
        let workers = self.workers.len();
        let worker = &self.workers[instance % workers];
        let seat = worker.seats.get(instance / workers).ok_or(CrewError::Gone)?;
        Ok((worker, seat.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    use std::thread;

    use super::super::crew::Service;
    use super::*;
    use crate::engine::{Drive, Factory, Flow, Instance, Limit, Load, Plan, Stop};
    use crate::measure::{Command, Ledger, Sales, Tally};
    use crate::model::{BoxFuture, Failure, Key, Kind, Operation, Outcome, Served, Size};
    use crate::registry::Choice;
    use crate::store::Tasks;
    use crate::strategy::{Conduct, Strategy};
    use crate::traffic::{Bodies, KEYS, KeyParts, Mix, Traffic, ValueSize, Weights};

    const FOREVER: Duration = Duration::from_secs(60);

    /// Counts what becomes of instances.
    #[derive(Default)]
    struct Lives {
        begun: AtomicU64,
        ended: AtomicU64,
        answered: AtomicU64,
        /// Calls that will never be.
        unanswered: AtomicU64,
        /// Rounds of work behind the callers' backs.
        rounds: AtomicU64,
    }

    /// The first life of instance 1 never answers; all others do, after a millisecond.
    struct Sometimes {
        is_mute: bool,
        lives: Arc<Lives>,
        tally: Arc<Tally>,
    }

    impl Drop for Sometimes {
        fn drop(&mut self) {
            self.lives.ended.fetch_add(1, Relaxed);
        }
    }

    impl Strategy for Sometimes {
        fn conduct(&self) -> Conduct {
            Conduct::default()
        }
        fn read<'a>(&'a self, _: &'a Key) -> BoxFuture<'a, Outcome> {
            Box::pin(async move {
                self.tally.command(Command::Get);
                let time = if self.is_mute { FOREVER } else { Duration::from_millis(1) };
                self.lives.unanswered.fetch_add(u64::from(self.is_mute), Relaxed);
                tokio::time::sleep(time).await;
                self.lives.answered.fetch_add(1, Relaxed);
                Outcome::Read { served: Served::Hit, value: None }
            })
        }
        fn read_many<'a>(&'a self, _: &'a [Key]) -> BoxFuture<'a, Outcome> {
            unreachable!("the mix has none")
        }
        fn write<'a>(&'a self, _: &'a Operation) -> BoxFuture<'a, Outcome> {
            unreachable!("the mix has none")
        }
    }

    fn crew(lives: &Arc<Lives>) -> Crew {
        let lives = lives.clone();
        let factory: Factory = Arc::new(move |instance| {
            let (lives, tally, tasks) = (lives.clone(), Arc::new(Tally::default()), Tasks::default());
            Box::pin(async move {
                let is_mute = instance == 1 && lives.begun.fetch_add(1, Relaxed) == 0;
                if is_mute {
                    let lives = lives.clone();
                    tasks.spawn(async move {
                        loop {
                            tokio::time::sleep(Duration::from_millis(1)).await;
                            lives.rounds.fetch_add(1, Relaxed);
                        }
                    });
                }
                let strategy = Arc::new(Sometimes { is_mute, lives, tally: tally.clone() });
                let service = Arc::new(Service { strategy, inventory: None, entries: None });
                Ok(Instance { service, tally, tasks })
            })
        });
        Crew::start(1, 2, &factory).unwrap()
    }

    fn drive(crew: &Crew, load: Load, time: Duration) -> Drive {
        let parts = KeyParts { rows: 100, seed: 1, folders: Vec::new() };
        let keys = Choice::named("uniform").build(KEYS, parts).unwrap();
        let mix = Mix::new(&Weights { read: 1.0, ..Weights::default() }, 1);
        let bodies = Bodies::new(ValueSize::Fixed(Size(1)), 1);
        let plan = Plan {
            ticks: None,
            load,
            limit: Limit::Time(time),
            first: 0,
            timeouts: [FOREVER; Kind::ALL.len()],
            traffic: Arc::new(Traffic::new(1, 100, "test:", mix, keys, bodies)),
            ledger: Arc::new(Ledger::new(100, 100)),
            loads: Arc::default(),
            sales: Arc::new(Sales::new(0)),
            prober: None,
            stop: Stop::default(),
        };
        crew.drive(plan, |_, _| Flow::Continue).unwrap()
    }

    /// Drives two clients over both instances; the second one crashes, and starts again if that is wanted.
    fn crashed(lives: &Arc<Lives>, again: bool) -> (Crew, Drive) {
        let crew = crew(lives);
        let drive = thread::scope(|scope| {
            scope.spawn(|| {
                // A call is under way, which the crash ends.
                let waits = (0..10_000).take_while(|_| lives.unanswered.load(Relaxed) == 0);
                waits.for_each(|_| thread::sleep(Duration::from_millis(1)));
                assert_eq!((lives.unanswered.load(Relaxed), lives.ended.load(Relaxed)), (1, 0));
                thread::sleep(Duration::from_millis(20));
                crew.crash(1).unwrap();
                thread::sleep(Duration::from_millis(60));
                if again {
                    crew.start_again(1, FOREVER).unwrap();
                    crew.start_again(1, FOREVER).unwrap();
                }
            });
            drive(&crew, Load::Closed { clients: 2, think: None }, Duration::from_millis(500))
        });
        (crew, drive)
    }

    #[test]
    fn a_crash_ends_the_calls_and_the_work_of_its_instance_and_of_no_other() {
        let lives = Arc::new(Lives::default());
        let (crew, drive) = crashed(&lives, false);
        let unavailable = drive.recorder.failed(Kind::Read, Failure::Unavailable);
        // The call in flight, then one a millisecond at most, to the end.
        assert!((2..=500).contains(&unavailable), "{unavailable}");
        assert_eq!(drive.recorder.failures(), unavailable);
        assert_eq!(lives.ended.load(Relaxed), 1, "nothing keeps a crashed instance");
        assert_eq!(drive.recorder.operations() - unavailable, lives.answered.load(Relaxed));
        let rounds = lives.rounds.load(Relaxed);
        thread::sleep(Duration::from_millis(20));
        assert!(rounds > 0 && rounds == lives.rounds.load(Relaxed));
        crew.drain(FOREVER).unwrap();
    }

    #[test]
    fn a_successor_answers_and_both_are_counted() {
        let lives = Arc::new(Lives::default());
        let (crew, drive) = crashed(&lives, true);
        assert_eq!((lives.begun.load(Relaxed), lives.ended.load(Relaxed)), (2, 1));
        assert_eq!(crew.tallies().len(), 3);
        let by_hand = crew.tallies()[2].counts().command(Command::Get);
        assert!(by_hand > 0, "the successor was asked");
        // The call that the crash ended had been sent too.
        assert_eq!(crew.counts().command(Command::Get), lives.answered.load(Relaxed) + 1);
        let unavailable = drive.recorder.failed(Kind::Read, Failure::Unavailable);
        assert_eq!(drive.recorder.operations(), lives.answered.load(Relaxed) + unavailable);
    }

    #[test]
    fn an_instance_may_crash_between_drives() {
        let lives = Arc::new(Lives::default());
        let crew = crew(&lives);
        crew.crash(1).unwrap();
        crew.crash(1).unwrap();
        assert_eq!(lives.ended.load(Relaxed), 1);
        let down = drive(&crew, Load::Closed { clients: 2, think: None }, Duration::from_millis(100));
        assert!(down.recorder.failures() > 0);
        crew.start_again(1, FOREVER).unwrap();
        let up = drive(&crew, Load::Closed { clients: 2, think: None }, Duration::from_millis(30));
        assert_eq!(up.recorder.failures(), 0);
        assert!(crew.crash(2).is_err(), "there is no third");
    }
}
