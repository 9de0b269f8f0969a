use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;

use super::Parts;
use crate::measure::Tally;
use crate::model::{Found, Key, Outcome, Served, Value};
use crate::store::{Cache, Database, Tasks};

/// How a loaded row gets into the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// The caller waits for it; it replaces whatever came meanwhile.
    Replace,
    /// The caller waits for it; it yields to an entry that came meanwhile. For strategies whose cache
    /// may be ahead of the database.
    Add,
    /// The caller has its row already; the fill follows on its own.
    Behind,
}

/// The read path of every caching strategy: the cache first, the database on a miss, then the fill.
///
/// A cache that fails is no reason to fail a read: the database is asked, and nothing is filled.
pub struct LookAside {
    cache: Arc<dyn Cache>,
    database: Arc<dyn Database>,
    ttl: Option<Duration>,
    fill: Fill,
    tally: Arc<Tally>,
    tasks: Tasks,
}

impl LookAside {
    pub fn new(parts: &Parts, fill: Fill) -> LookAside {
        LookAside {
            cache: parts.cache.clone(),
            database: parts.database.clone(),
            ttl: parts.ttl,
            fill,
            tally: parts.tally.clone(),
            tasks: parts.tasks.clone(),
        }
    }

    pub async fn read(&self, key: &Key) -> Outcome {
        let cached =
            self.cache.get(key).await.and_then(|raw| {
                raw.map(Value::decode).transpose().inspect_err(|error| self.tally.error(error))
            });
        let served = match cached {
            Ok(Some(value)) => return Outcome::Read { served: Served::Hit, value: Some(value) },
            Ok(None) => Served::Miss,
            Err(_) => Served::Fallback,
        };
        let began = Instant::now();
        let mut value = match self.database.load(key).await {
            Ok(Some(value)) if !value.tombstone => value,
            Ok(none) => return Outcome::Read { served, value: none },
            Err(error) => return error.into(),
        };
        value.load_cost_us = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
        if served == Served::Miss {
            self.fill(key, &value).await;
        }
        Outcome::Read { served, value: Some(value) }
    }

    /// As [`LookAside::read`], with one command for all keys and one query for all rows that the cache did not have.
    ///
    /// The fills go out together and are waited for together, so they take a round trip and not one each. They are
    /// no MSET, which knows no TTL.
    pub async fn read_many(&self, keys: &[Key]) -> Outcome {
        let mut found: Vec<Found> = match self.cache.get_many(keys).await {
            Ok(raw) => raw.into_iter().map(|raw| self.found(raw)).collect(),
            Err(_) => keys.iter().map(|_| Found { served: Served::Fallback, value: None }).collect(),
        };
        let missing = |(_, found): &(&Key, &Found)| found.served != Served::Hit;
        let missed: Vec<Key> = keys.iter().zip(&found).filter(missing).map(|(key, _)| *key).collect();
        if missed.is_empty() {
            return Outcome::ReadMany(found);
        }
        let began = Instant::now();
        let rows = match self.database.load_many(&missed).await {
            Ok(rows) => rows,
            Err(error) => return error.into(),
        };
        let load_cost_us = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
        let loaded = rows.into_iter().map(|row| row.map(|value| Value { load_cost_us, ..value }));
        for (found, row) in found.iter_mut().filter(|found| found.served != Served::Hit).zip(loaded) {
            found.value = row;
        }
        let fills = keys.iter().zip(&found).filter(|(_, found)| found.served == Served::Miss);
        let rows = fills.filter_map(|(key, found)| Some((key, found.row()?)));
        join_all(rows.map(|(key, row)| self.fill(key, row))).await;
        Outcome::ReadMany(found)
    }

    /// What the cache's answer for one key comes to, before the database is asked.
    fn found(&self, raw: Option<Bytes>) -> Found {
        match raw.map(Value::decode).transpose().inspect_err(|error| self.tally.error(error)) {
            Ok(Some(value)) => Found { served: Served::Hit, value: Some(value) },
            Ok(None) => Found { served: Served::Miss, value: None },
            Err(_) => Found { served: Served::Fallback, value: None },
        }
    }

    /// A fill that fails is counted where it failed; the caller has its row all the same.
    async fn fill(&self, key: &Key, value: &Value) {
        let raw = value.encode();
        match self.fill {
            Fill::Replace => drop(self.cache.set(key, raw, self.ttl).await),
            Fill::Add => drop(self.cache.add(key, raw, self.ttl).await),
            Fill::Behind => {
                let (cache, key, ttl) = (self.cache.clone(), *key, self.ttl);
                self.tasks.spawn(async move { drop(cache.set(&key, raw, ttl).await) });
            }
        }
    }
}
