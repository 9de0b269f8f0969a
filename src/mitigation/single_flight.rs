use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::{Expiry, Loaded, Mitigation, Need, Next, Parts, Request, bounded};
use crate::measure::{GuardEvent, Tally, theory};
use crate::model::{BoxFuture, Failure, Key, Moment};
use crate::registry::{self, Entry};
use crate::store::{Background, Tasks};

pub const ENTRY: Entry<dyn Mitigation, Parts> = Entry {
    name: "single-flight",
    summary: "one load of a row at a time in each service instance; other callers share its answer",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let Parts { tally, background, tasks, .. } = parts;
        let flights = Arc::default();
        Ok(Box::new(SingleFlight { flights, forget: options.forget, tally, background, tasks }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Whether a write of this instance keeps later callers from joining a load that began before it. Without that,
    /// they may be answered with a row that they know to be old.
    forget: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { forget: true }
    }
}

/// Go's singleflight, over one instance.
///
/// The load runs in a task of its own: a caller that gives up, the first one included, takes nothing from the others.
struct SingleFlight {
    flights: Flights,
    forget: bool,
    tally: Arc<Tally>,
    background: Background,
    tasks: Tasks,
}

/// The load of each row that is under way and may be joined.
type Flights = Arc<Mutex<HashMap<u64, Flight>>>;

/// How long after its landing a load may be joined by who looked for the entry before.
const STRAGGLING: Duration = Duration::from_millis(5);

/// A load under way, or just over.
#[derive(Clone)]
struct Flight {
    landed: watch::Receiver<Option<Loaded>>,
    /// When it landed: who looked for the entry before that, and found none, belongs to it still.
    landed_at: Arc<OnceLock<Moment>>,
    /// What its leader needs; what is good enough for that may not be for who needs more.
    need: Need,
}

fn locked(flights: &Flights) -> MutexGuard<'_, HashMap<u64, Flight>> {
    flights.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SingleFlight {
    /// Starts a load that others may join until it has landed.
    fn lead(&self, request: Request, next: Next) -> Flight {
        self.tally.guard(GuardEvent::Led);
        let (sender, landed) = watch::channel(None);
        let (flights, row, need) = (self.flights.clone(), request.key.id(), request.need());
        let (own, landed_at) = (landed.clone(), Arc::new(OnceLock::new()));
        let (landing, tasks) = (landed_at.clone(), self.tasks.clone());
        self.background.spawn(async move {
            let loaded = bounded(next.load(request)).await;
            // It is set once, here.
            let _ = landing.set(Moment::now());
            sender.send_replace(Some(loaded));
            // Apart: the load is over, and nobody has to wait for stragglers who may not come.
            tasks.spawn(async move {
                sleep(STRAGGLING).await;
                drop(sender);
                // Another may have taken its place meanwhile.
                let mut flights = locked(&flights);
                if flights.get(&row).is_some_and(|flight| flight.landed.same_channel(&own)) {
                    flights.remove(&row);
                }
            });
        });
        Flight { landed, landed_at, need }
    }

    /// The load under way, if its leader needs at least so much, or a new one; and whether it was joined.
    fn board(&self, request: &Request, next: &Next, least: Need) -> (Flight, bool) {
        let mut flights = locked(&self.flights);
        let row = request.key.id();
        // One that died with its instance has no sender any more.
        let alive = |flight: &&Flight| {
            let in_time = flight.landed_at.get().is_none_or(|&landed| request.looked_up < landed);
            in_time && flight.landed.has_changed().is_ok() && flight.need >= least
        };
        if let Some(flight) = flights.get(&row).filter(alive) {
            self.tally.guard(GuardEvent::Joined);
            return (flight.clone(), true);
        }
        let flight = self.lead(request.clone(), next.clone());
        flights.insert(row, flight.clone());
        (flight, false)
    }

    /// What comes of the load under way, or of a new one; and what the leader of it needed.
    async fn fly(&self, request: &Request, next: &Next, least: Need) -> (Loaded, Need) {
        let began = Instant::now();
        let (Flight { mut landed, need, .. }, joined) = self.board(request, next, least);
        let loaded = match landed.wait_for(Option::is_some).await {
            Ok(loaded) => loaded.clone(),
            Err(_) => None,
        };
        if joined {
            self.tally.guard_wait(began.elapsed());
        }
        // It comes to nothing only when its instance dies.
        (loaded.unwrap_or(Loaded::Failed(Failure::Unavailable)), need)
    }
}

impl Mitigation for SingleFlight {
    fn needs_fills(&self) -> bool {
        false
    }

    fn load(self: Arc<Self>, request: Request, next: Next) -> BoxFuture<'static, Loaded> {
        Box::pin(async move {
            match self.fly(&request, &next, Need::Nothing).await {
                // A refresh came to nothing, which did for its leader. Those who need more share another load.
                (Loaded::AtHand, need) if need < request.need() => {
                    self.fly(&request, &next, request.need()).await.0
                }
                (loaded, _) => loaded,
            }
        })
    }

    fn committed(&self, key: &Key) {
        if self.forget {
            locked(&self.flights).remove(&key.id());
        }
    }

    fn loads_per_expiry(&self, expiry: &Expiry) -> Option<f64> {
        let Expiry { reads_per_s, load_s, instances, .. } = *expiry;
        Some(theory::loads_per_expiry_single_flight(reads_per_s, load_s, instances))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;
    use crate::measure::Cause;
    use crate::mitigation::tests::{LOAD, Slow, failed, found, key, missing, row, stack};

    #[tokio::test(start_paused = true)]
    async fn one_load_answers_all_and_outlives_its_first_caller() {
        let (guards, source) = (stack(r#""single-flight""#, None), Arc::new(Slow::default()));
        assert!(tokio::time::timeout(LOAD / 2, guards.load(missing(), source.clone())).await.is_err());
        let loaded = join_all((0..9).map(|_| guards.load(missing(), source.clone()))).await;
        assert!(loaded.iter().all(|loaded| *loaded == row()));
        assert_eq!(source.loads(), 1);
        guards.load(missing(), source.clone()).await;
        assert_eq!(source.loads(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_looked_before_the_landing_belongs_to_the_flight_and_who_looks_after_it_does_not() {
        let (guards, source) = (stack(r#""single-flight""#, None), Arc::new(Slow::default()));
        let before = missing();
        guards.load(missing(), source.clone()).await;
        assert_eq!(guards.load(before, source.clone()).await, row());
        assert_eq!(source.loads(), 1);
        guards.load(missing(), source.clone()).await;
        assert_eq!(source.loads(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn an_early_request_joins_the_load_of_who_waits() {
        let (guards, source) = (stack(r#""single-flight""#, None), Arc::new(Slow::default()));
        let early = found(Cause::Early { lead_us: 1 });
        let both = [missing(), early].map(|request| guards.load(request, source.clone()));
        assert_eq!(join_all(both).await, [row(), row()]);
        assert_eq!(source.loads(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_nothing_at_hand_is_not_answered_by_a_refresh_that_came_to_nothing() {
        for leader in
            [found(Cause::Early { lead_us: 1 }), Request { awaited: false, ..found(Cause::Expired) }]
        {
            let guards = stack(r#""single-flight""#, None);
            let source = Slow::answering([Loaded::AtHand]);
            let joiners = [missing(), missing(), found(Cause::Expired), leader.clone()];
            let requests = [leader].into_iter().chain(joiners);
            let loaded = join_all(requests.map(|request| guards.load(request, source.clone()))).await;
            assert_eq!(loaded, [Loaded::AtHand, row(), row(), row(), Loaded::AtHand]);
            // The refresh, and one load for the three.
            assert_eq!(source.loads(), 2);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_did_for_a_leader_in_the_same_need_does_for_all() {
        let (guards, source) =
            (stack(r#""single-flight""#, None), Slow::answering([Loaded::AtHand, failed()]));
        let expired = || (0..5).map(|_| guards.load(found(Cause::Expired), source.clone()));
        assert!(join_all(expired()).await.iter().all(|loaded| *loaded == Loaded::AtHand));
        assert!(join_all(expired()).await.iter().all(|loaded| *loaded == failed()));
        assert_eq!(source.loads(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_after_a_write_of_the_instance_does_not_join_a_load_from_before() {
        for (text, loads) in [(r#""single-flight""#, 2), (r#"{"single-flight": {"forget": false}}"#, 1)] {
            let (guards, source) = (stack(text, None), Arc::new(Slow::default()));
            let load = || tokio::spawn(guards.load(missing(), source.clone()));
            let before = load();
            tokio::time::sleep(LOAD / 2).await;
            guards.committed(&key());
            let after = load();
            assert_eq!((before.await.unwrap(), after.await.unwrap()), (row(), row()));
            assert_eq!(source.loads(), loads);
        }
    }
}
