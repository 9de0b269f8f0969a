use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::join_all;

use super::{Fill, Filler, Parts};
use crate::coherence::{Claim, Coherence, LookUp};
use crate::measure::Tally;
use crate::model::{Found, Key, Outcome, Served, StoreError, Value};
use crate::store::Database;

/// The read path of every caching strategy: the cache first, the database on a miss, then the fill.
///
/// A cache that fails is no reason to fail a read: the database is asked, and nothing is filled.
pub struct LookAside {
    database: Arc<dyn Database>,
    coherence: Arc<dyn Coherence>,
    filler: Arc<Filler>,
    tally: Arc<Tally>,
}

/// What the cache's answer for one key comes to: the row if it has it, and else how the caller is served and what it
/// may fill with, if anything.
type Cached = Result<Option<Value>, (Served, Option<Claim>)>;

impl LookAside {
    pub fn new(parts: &Parts, coherence: Arc<dyn Coherence>, fill: Fill) -> LookAside {
        LookAside {
            database: parts.database.clone(),
            coherence: coherence.clone(),
            filler: Filler::new(parts, coherence, fill),
            tally: parts.tally.clone(),
        }
    }

    pub async fn read(&self, key: &Key) -> Outcome {
        let (served, claim) = match self.cached(self.coherence.look_up(key).await) {
            Ok(value) => return Outcome::Read { served: Served::Hit, value },
            Err(missed) => missed,
        };
        let began = Instant::now();
        let value = match self.database.load(key).await {
            Ok(Some(value)) if !value.tombstone => Value { load_cost_us: micros(began), ..value },
            Ok(none) => {
                self.let_go(key, claim).await;
                return Outcome::Read { served, value: none };
            }
            Err(error) => {
                self.let_go(key, claim).await;
                return error.into();
            }
        };
        if let Some(claim) = claim {
            self.filler.fill(key, &value, claim).await;
        }
        Outcome::Read { served, value: Some(value) }
    }

    /// As [`LookAside::read`], with one command for all keys and one query for all rows that the cache did not have.
    ///
    /// The fills go out together and are waited for together, so they take a round trip and not one each. They are
    /// no MSET, which knows no TTL.
    pub async fn read_many(&self, keys: &[Key]) -> Outcome {
        let cached: Vec<Cached> = match self.coherence.look_up_many(keys).await {
            Ok(found) => found.into_iter().map(|found| self.cached(Ok(found))).collect(),
            Err(_) => keys.iter().map(|_| Err((Served::Fallback, None))).collect(),
        };
        let missed: Vec<Key> =
            keys.iter().zip(&cached).filter(|(_, cached)| cached.is_err()).map(|(key, _)| *key).collect();
        if missed.is_empty() {
            let hit = |value| Found { served: Served::Hit, value };
            return Outcome::ReadMany(cached.into_iter().flatten().map(hit).collect());
        }
        let began = Instant::now();
        let loaded = self.database.load_many(&missed).await;
        let load_cost_us = micros(began);
        let claims = cached.iter().filter_map(|cached| Some(cached.as_ref().err()?.1));
        let rows = match loaded {
            Ok(rows) => rows,
            Err(error) => {
                join_all(missed.iter().zip(claims).map(|(key, claim)| self.let_go(key, claim))).await;
                return error.into();
            }
        };
        let rows: Vec<Option<Value>> =
            rows.into_iter().map(|row| row.map(|value| Value { load_cost_us, ..value })).collect();
        let fills =
            missed.iter().zip(&rows).zip(claims).map(async |((key, row), claim)| match (row, claim) {
                (Some(value), Some(claim)) if !value.tombstone => self.filler.fill(key, value, claim).await,
                (_, claim) => self.let_go(key, claim).await,
            });
        join_all(fills).await;
        let mut rows = rows.into_iter();
        let found = cached.into_iter().map(|cached| match cached {
            Ok(value) => Found { served: Served::Hit, value },
            Err((served, _)) => Found { served, value: rows.next().flatten() },
        });
        Outcome::ReadMany(found.collect())
    }

    /// What an answer of the cache comes to, before the database is asked.
    fn cached(&self, found: Result<LookUp, StoreError>) -> Cached {
        match found {
            Ok(LookUp::Hit(raw)) => match self.decoded(raw) {
                Ok(value) => Ok(Some(value)),
                Err(_) => Err((Served::Fallback, None)),
            },
            Ok(LookUp::Miss(claim)) => Err((Served::Miss, Some(claim))),
            Err(_) => Err((Served::Fallback, None)),
        }
    }

    fn decoded(&self, raw: Bytes) -> Result<Value, StoreError> {
        Value::decode(raw).inspect_err(|error| self.tally.error(error))
    }

    /// There is nothing to fill with.
    async fn let_go(&self, key: &Key, claim: Option<Claim>) {
        if let Some(claim @ Claim::Held(_)) = claim {
            self.coherence.release(key, claim).await;
        }
    }
}

fn micros(since: Instant) -> u32 {
    u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX)
}
