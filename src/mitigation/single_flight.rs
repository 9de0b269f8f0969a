use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Expiry, Loaded, Mitigation, Next, Parts, Request};
use crate::measure::{GuardEvent, Tally, theory};
use crate::model::{BoxFuture, Failure, Key};
use crate::registry::{self, Entry};
use crate::store::Tasks;

pub const ENTRY: Entry<dyn Mitigation, Parts> = Entry {
    name: "single-flight",
    summary: "one load of a row at a time in each service instance; other callers share its answer",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let Parts { tally, tasks, .. } = parts;
        Ok(Box::new(SingleFlight { flights: Arc::default(), forget: options.forget, tally, tasks }))
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
    tasks: Tasks,
}

/// The load of each row that is under way and may be joined.
type Flights = Arc<Mutex<HashMap<u64, watch::Receiver<Option<Loaded>>>>>;

fn locked(flights: &Flights) -> MutexGuard<'_, HashMap<u64, watch::Receiver<Option<Loaded>>>> {
    flights.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SingleFlight {
    /// Starts a load that others may join until it has landed.
    fn lead(&self, request: Request, next: Next) -> watch::Receiver<Option<Loaded>> {
        self.tally.guard(GuardEvent::Led);
        let (sender, receiver) = watch::channel(None);
        let (flights, row, own) = (self.flights.clone(), request.key.id(), receiver.clone());
        self.tasks.spawn(async move {
            let loaded = next.load(request).await;
            // Another may have taken its place if this one was forgotten.
            let mut flights = locked(&flights);
            if flights.get(&row).is_some_and(|flight| flight.same_channel(&own)) {
                flights.remove(&row);
            }
            drop(flights);
            sender.send_replace(Some(loaded));
        });
        receiver
    }

    /// The load under way, or a new one; and whether it was joined.
    fn board(&self, request: Request, next: Next) -> (watch::Receiver<Option<Loaded>>, bool) {
        let mut flights = locked(&self.flights);
        // One that died with its instance has no sender any more.
        if let Some(flight) = flights.get(&request.key.id()).filter(|flight| flight.has_changed().is_ok()) {
            return (flight.clone(), true);
        }
        let row = request.key.id();
        let flight = self.lead(request, next);
        flights.insert(row, flight.clone());
        (flight, false)
    }
}

impl Mitigation for SingleFlight {
    fn load(self: Arc<Self>, request: Request, next: Next) -> BoxFuture<'static, Loaded> {
        Box::pin(async move {
            let began = Instant::now();
            let (mut flight, joined) = self.board(request, next);
            if joined {
                self.tally.guard(GuardEvent::Joined);
            }
            let loaded = match flight.wait_for(Option::is_some).await {
                Ok(loaded) => loaded.clone(),
                Err(_) => None,
            };
            if joined {
                self.tally.guard_wait(began.elapsed());
            }
            // It comes to nothing only when its instance dies.
            loaded.unwrap_or(Loaded::Failed(Failure::Unavailable))
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
