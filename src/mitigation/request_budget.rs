use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::{Lifetime, Loaded, Mitigation, Need, Next, Parts, Request};
use crate::measure::{GuardEvent, Tally};
use crate::model::{BoxFuture, Failure, Time, Value};
use crate::registry::{self, Entry, OptionsError};

pub const ENTRY: Entry<dyn Mitigation, Parts> = Entry {
    name: "request-budget",
    summary: "each service instance has so many loads under way at most; who finds no room is turned away",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        if options.loads == 0 {
            return Err(OptionsError("loads must be at least 1: nothing would ever be loaded".into()));
        }
        let keep_stale = options.keep_stale.0;
        if !keep_stale.is_zero() {
            parts.needed_ttl("keep_stale of request-budget")?;
        }
        Ok(Box::new(RequestBudget {
            room: Arc::new(Semaphore::new(options.loads as usize)),
            wait: options.wait.0,
            then: options.then,
            keep_stale,
            tally: parts.tally,
        }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Most loads that one service instance has under way, of all rows together.
    #[schemars(range(min = 1, max = 1_000_000))]
    loads: u32,
    /// How long a caller waits for its turn.
    wait: Time,
    /// What becomes of a caller whose turn does not come.
    then: TurnedAway,
    /// How long past their TTL entries are kept, so that there is something stale to serve.
    keep_stale: Time,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            loads: 8,
            wait: Time(Duration::ZERO),
            then: TurnedAway::Stale,
            keep_stale: Time(Duration::ZERO),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum TurnedAway {
    /// It is served the entry it found, though that is past its TTL; an error if it found none.
    Stale,
    /// It gets an error.
    Error,
}

/// A bound on what readers ask of the database at once, whatever happens to the cache.
///
/// Behind `single-flight` a row takes one place, else one for each reader.
struct RequestBudget {
    room: Arc<Semaphore>,
    wait: Duration,
    then: TurnedAway,
    keep_stale: Duration,
    tally: Arc<Tally>,
}

impl RequestBudget {
    /// A place, held until it is dropped; nothing if there is none in time.
    async fn place(&self, request: &Request) -> Option<OwnedSemaphorePermit> {
        let free = self.room.clone().try_acquire_owned().ok();
        if free.is_some() || self.wait.is_zero() || request.need() == Need::Nothing {
            return free;
        }
        let began = Instant::now();
        let place = timeout(self.wait, self.room.clone().acquire_owned()).await;
        self.tally.guard_wait(began.elapsed());
        // The semaphore is never closed.
        place.ok()?.ok()
    }
}

impl Mitigation for RequestBudget {
    fn needs_fills(&self) -> bool {
        false
    }

    fn lifetime(&self, _: &Value, life: &mut Lifetime) {
        life.stale += self.keep_stale;
    }

    fn load(self: Arc<Self>, request: Request, next: Next) -> BoxFuture<'static, Loaded> {
        Box::pin(async move {
            if let Some(_place) = self.place(&request).await {
                return next.load(request).await;
            }
            match request.need() {
                Need::Nothing => Loaded::AtHand,
                Need::Fresh if self.then == TurnedAway::Stale => Loaded::AtHand,
                Need::Fresh | Need::Row => {
                    self.tally.guard(GuardEvent::Shed);
                    Loaded::Failed(Failure::Shed)
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;
    use crate::measure::Cause;
    use crate::mitigation::tests::{LOAD, Slow, found, missing, refused, row, stack};

    fn with(options: &str) -> String {
        format!(r#"{{"request-budget": {options}}}"#)
    }

    fn shed() -> Loaded {
        Loaded::Failed(Failure::Shed)
    }

    /// What came of 10 requests at once, and how often the source was asked.
    async fn ten(options: &str, request: impl Fn() -> Request) -> (Vec<Loaded>, usize) {
        let (guards, source) = (stack(&with(options), None), Arc::new(Slow::default()));
        let loading = (0..10).map(|_| guards.load(request(), source.clone()));
        (join_all(loading).await, source.loads())
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_loads_are_under_way_than_there_is_room_for() {
        let (loaded, loads) = ten(r#"{"loads": 3}"#, missing).await;
        assert_eq!(loads, 3);
        assert!(loaded[..3].iter().all(|loaded| *loaded == row()));
        assert!(loaded[3..].iter().all(|loaded| *loaded == shed()));
    }

    #[tokio::test(start_paused = true)]
    async fn callers_wait_for_their_turn_as_long_as_they_may() {
        // Three turns of a second each begin within the wait.
        let (loaded, loads) = ten(r#"{"loads": 3, "wait": "2500ms"}"#, missing).await;
        assert_eq!((loads, loaded.iter().filter(|loaded| **loaded == shed()).count()), (9, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_gives_up_leaves_its_place() {
        let (guards, source) = (stack(&with(r#"{"loads": 1}"#), None), Arc::new(Slow::default()));
        assert!(timeout(LOAD / 2, guards.load(missing(), source.clone())).await.is_err());
        assert_eq!(guards.load(missing(), source).await, row());
    }

    #[tokio::test(start_paused = true)]
    async fn who_found_an_entry_is_served_that_unless_it_shall_be_an_error() {
        let expired = || found(Cause::Expired);
        for (options, then) in
            [(r#"{"loads": 1}"#, Loaded::AtHand), (r#"{"loads": 1, "then": "error"}"#, shed())]
        {
            let (loaded, loads) = ten(options, expired).await;
            assert_eq!(loads, 1);
            assert!(loaded[1..].iter().all(|loaded| *loaded == then));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_load_that_can_be_left_out_neither_waits_nor_fails() {
        let began = Instant::now();
        let early = || found(Cause::Early { lead_us: 1 });
        let behind = || Request { awaited: false, ..found(Cause::Expired) };
        let options = r#"{"loads": 1, "wait": "1h", "then": "error"}"#;
        for (loaded, loads) in [ten(options, early).await, ten(options, behind).await] {
            assert_eq!(loads, 1);
            assert!(loaded[1..].iter().all(|loaded| *loaded == Loaded::AtHand));
        }
        assert_eq!(began.elapsed(), 2 * LOAD);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(refused(&with(r#"{"loads": 0}"#), None).contains("loads"));
        let refused = refused(&with(r#"{"keep_stale": "1s"}"#), None);
        assert!(refused.contains("keep_stale of request-budget needs cache.ttl"), "{refused}");
    }
}
