use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release},
};

use futures_util::future::join_all;

use super::{Fill, Filler, Loader, Parts};
use crate::coherence::{Claim, Coherence, LookUp};
use crate::measure::GuardEvent;
use crate::mitigation::{Loaded, Request, Source, Wish, bounded};
use crate::model::{BoxFuture, Event, Failure, Found, Key, Moment, Outcome, Served, StoreError, Value};
use crate::store::Background;

/// The read path of every caching strategy: the cache first, then the guards, the database behind them, and the fill.
///
/// A cache that fails is no reason to fail a read: the database is asked, and nothing is filled.
pub struct LookAside {
    parts: Parts,
    coherence: Arc<dyn Coherence>,
    loader: Arc<Loader>,
    background: Background,
}

/// The loader, for a request that holds a claim.
struct ForClaim {
    loader: Arc<Loader>,
    /// Whether the request got there, and with it the claim.
    used: AtomicBool,
}

impl Source for ForClaim {
    fn load(self: Arc<Self>, request: Request) -> BoxFuture<'static, Loaded> {
        self.used.store(true, Release);
        self.loader.clone().load(request)
    }
}

/// What the cache's answer for one key comes to.
enum Cached {
    /// The row, to be served.
    Hit(Value),
    /// The guards are to be asked, and the database behind them.
    Ask(Served, Request),
}

impl LookAside {
    pub fn new(parts: &Parts, coherence: Arc<dyn Coherence>, fill: Fill) -> LookAside {
        let background = Background::new(parts.tasks.clone());
        let filler = Filler::new(parts.clone(), coherence.clone(), fill, background.clone());
        let loader = Arc::new(Loader::new(parts.clone(), coherence.clone(), Arc::new(filler)));
        LookAside { parts: parts.clone(), coherence, loader, background }
    }

    pub async fn read(&self, key: &Key) -> Outcome {
        let looked_up = Moment::now();
        let found = self.coherence.look_up(key).await;
        match self.answer(self.cached(key, found, looked_up)).await {
            Ok(Found { served, value }) => Outcome::Read { served, value },
            Err(failure) => Outcome::Failed(failure),
        }
    }

    /// As [`LookAside::read`], with one command for all keys and one query for all rows that the cache did not have.
    ///
    /// The fills go out together and are waited for together, so they take a round trip and not one each. They are
    /// no MSET, which knows no TTL. Guards know of one row at a time: with them, what the cache did not have is asked
    /// for row by row, all at once.
    pub async fn read_many(&self, keys: &[Key]) -> Outcome {
        let looked_up = Moment::now();
        let found: Vec<_> = match self.coherence.look_up_many(keys).await {
            Ok(found) => found.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error); keys.len()],
        };
        let cached = keys.iter().zip(found).map(|(key, found)| self.cached(key, found, looked_up));
        let answers = if self.parts.guards.is_empty() {
            self.load_many(cached.collect()).await
        } else {
            let answers = cached.map(|cached| self.answer(cached));
            join_all(answers).await.into_iter().collect()
        };
        answers.map_or_else(Outcome::Failed, Outcome::ReadMany)
    }

    /// Somebody else has written the row: flights that may have read it before are joined no more, and its entry goes.
    pub async fn invalidate(&self, key: &Key, event: Event) -> Result<u64, StoreError> {
        self.parts.guards.committed(key);
        self.coherence.invalidated(key, event).await
    }

    /// Returns when nothing is being loaded or filled behind the callers' backs.
    pub async fn drain(&self) {
        self.background.idle().await;
        self.parts.guards.idle().await;
    }

    /// What an answer of the cache comes to, before anything else is asked.
    fn cached(&self, key: &Key, found: Result<LookUp, StoreError>, looked_up: Moment) -> Cached {
        let (served, claim) = match found {
            Ok(LookUp::Hit(raw)) => match Value::decode(raw) {
                Ok(value) => return self.hit(key, value, looked_up),
                Err(error) => {
                    self.parts.tally.error(&error);
                    (Served::Fallback, None)
                }
            },
            Ok(LookUp::Miss(claim)) => (Served::Miss, Some(claim)),
            Err(_) => (Served::Fallback, None),
        };
        Cached::Ask(served, Request::missing(*key, claim, looked_up))
    }

    fn hit(&self, key: &Key, value: Value, looked_up: Moment) -> Cached {
        let (wish, cause) = self.parts.guards.on_hit(key, &value);
        match wish {
            Wish::Serve => Cached::Hit(value),
            Wish::Load => Cached::Ask(Served::Miss, Request::found(*key, value, cause, looked_up)),
            Wish::Behind(flight) => {
                let request = Request::found(*key, value.clone(), cause, looked_up);
                let loading =
                    self.parts.guards.load(Request { awaited: false, ..request }, self.loader.clone());
                self.parts.tally.guard(GuardEvent::RefreshedBehind);
                self.background.spawn(async move {
                    bounded(loading).await;
                    drop(flight);
                });
                Cached::Hit(value)
            }
        }
    }

    async fn answer(&self, cached: Cached) -> Result<Found, Failure> {
        let (served, request) = match cached {
            Cached::Hit(value) => return Ok(self.serve(value)),
            Cached::Ask(served, request) => (served, request),
        };
        let (at_hand, is_early) = (request.at_hand.clone(), request.is_early());
        match (self.load(request).await, at_hand) {
            (Loaded::Row(value), _) => Ok(Found { served, value }),
            (Loaded::AtHand, Some(value)) => Ok(self.serve(value)),
            (Loaded::AtHand, None) => Err(Failure::Shed),
            // What is still fresh is served, as it would have been without the attempt.
            (Loaded::Failed(_), Some(value)) if is_early => Ok(self.serve(value)),
            (Loaded::Failed(failure), _) => Err(failure),
        }
    }

    /// Loads through the guards. A claim that no load has used, since a guard answered without it, is given back.
    async fn load(&self, request: Request) -> Loaded {
        let (key, claim) = (request.key, request.claim);
        let Some(held @ Claim::Held(_)) = claim.filter(|_| !self.parts.guards.is_empty()) else {
            return self.parts.guards.load(request, self.loader.clone()).await;
        };
        let source = Arc::new(ForClaim { loader: self.loader.clone(), used: AtomicBool::new(false) });
        let loaded = self.parts.guards.load(request, source.clone()).await;
        if !source.used.load(Acquire) {
            self.coherence.release(&key, held).await;
        }
        loaded
    }

    /// Serves what the cache has.
    fn serve(&self, value: Value) -> Found {
        if value.expires_at_us > 0 && value.expires_at_us <= self.parts.guards.now_us() {
            self.parts.tally.guard(GuardEvent::StaleServed);
        }
        Found { served: Served::Hit, value: Some(value) }
    }

    /// Serves several rows without guards.
    async fn load_many(&self, cached: Vec<Cached>) -> Result<Vec<Found>, Failure> {
        let asked = cached.iter().filter_map(|cached| match cached {
            Cached::Hit(_) => None,
            Cached::Ask(_, request) => Some(request.clone()),
        });
        let asked: Vec<Request> = asked.collect();
        let mut rows = match asked.is_empty() {
            true => Vec::new(),
            false => self.loader.load_many(&asked).await?,
        }
        .into_iter();
        let found = cached.into_iter().map(|cached| match cached {
            Cached::Hit(value) => Found { served: Served::Hit, value: Some(value) },
            Cached::Ask(served, _) => Found { served, value: rows.next().flatten() },
        });
        Ok(found.collect())
    }
}
