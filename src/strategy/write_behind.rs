use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::{Fill, LookAside, Parts, Strategy, written};
use crate::measure::QueryClass;
use crate::model::{BoxFuture, Key, Kind, Operation, Outcome, StoreError, Time, Value};
use crate::registry::{self, Choice, Entry};
use crate::store::scripts::{Advance, DirtySet, advance, dirty, settle};

pub const ENTRY: Entry<dyn Strategy, Parts> = Entry {
    name: "write-behind",
    summary: "a write is acknowledged after the cache; the database is written later, in batches",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        // The script that writes is what keeps the entry; reads take it as they find it.
        let coherence = parts.coherence(&Choice::named("keep"))?;
        let flusher = Arc::new(Flusher {
            set: DirtySet::new(&parts.prefix, parts.instance),
            batch: options.batch.max(1),
            flushing: Mutex::new(()),
            parts: parts.clone(),
        });
        let task = tokio::spawn(flusher.clone().run(options.flush_every.0.max(Duration::from_millis(1))));
        let reads = LookAside::new(&parts, coherence, Fill::Add);
        Ok(Box::new(WriteBehind { reads, parts, flusher, task }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// How long the flusher rests between two rounds.
    flush_every: Time,
    /// Most rows in one flush.
    #[schemars(range(min = 1, max = 10_000))]
    batch: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { flush_every: Time(Duration::from_millis(50)), batch: 500 }
    }
}

/// Writes take effect in the cache, which assigns their versions, and are flushed from there.
///
/// A row written often is flushed once with its last version. A dirty entry has no TTL; if it is evicted or
/// the cache is lost before its flush, the write is lost, and counted.
struct WriteBehind {
    reads: LookAside,
    parts: Parts,
    flusher: Arc<Flusher>,
    task: JoinHandle<()>,
}

impl WriteBehind {
    async fn write(&self, operation: &Operation) -> Result<Outcome, StoreError> {
        let (cache, key) = (&*self.parts.cache, &operation.key);
        let value = written(operation, 0);
        let dirty = Some((&self.flusher.set, now_us()));
        let step = Advance { key, value: &value, base: None, ttl: None, dirty };
        if let Some(version) = advance(cache, step).await? {
            return Ok(Outcome::Written { version: Some(version) });
        }
        // Not in the cache: the next version follows from the row.
        let row = self.parts.database.load(key).await?;
        if row.is_none() && operation.kind == Kind::Delete {
            return Ok(Outcome::Written { version: None });
        }
        let base = Some(row.map_or(0, |row| row.version));
        let version = advance(cache, Advance { key, value: &value, base, ttl: None, dirty }).await?;
        Ok(Outcome::Written { version })
    }
}

impl Drop for WriteBehind {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Strategy for WriteBehind {
    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read(key))
    }

    fn read_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read_many(keys))
    }

    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { WriteBehind::write(self, operation).await.unwrap_or_else(Outcome::from) })
    }

    fn drain<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            while self.flusher.flush().await? > 0 {}
            Ok(())
        })
    }
}

/// Carries dirty entries to the database, those that have waited longest first.
struct Flusher {
    set: DirtySet,
    batch: usize,
    /// One flush at a time: two would carry the same rows twice.
    flushing: Mutex<()>,
    parts: Parts,
}

impl Flusher {
    async fn run(self: Arc<Flusher>, rest: Duration) {
        loop {
            tokio::time::sleep(rest).await;
            // A full batch means that more is waiting. A failure is counted by the stores; the entries stay dirty.
            while self.flush().await.is_ok_and(|rows| rows == self.batch) {}
        }
    }

    /// Flushes one batch; answers how many entries it took on.
    async fn flush(&self) -> Result<usize, StoreError> {
        let _one = self.flushing.lock().await;
        let (cache, tally) = (&*self.parts.cache, &self.parts.tally);
        let began_us = now_us();
        let ids = dirty(cache, &self.set, self.batch).await?;
        if ids.is_empty() {
            return Ok(0);
        }
        let keys: Vec<Key> = ids.iter().map(|&id| Key::new(&self.parts.prefix, id)).collect();
        let mut rows = Vec::with_capacity(keys.len());
        let mut flushed = Vec::with_capacity(keys.len());
        for (key, raw) in keys.iter().zip(cache.get_many(&keys).await?) {
            match raw.map(Value::decode).transpose() {
                Ok(Some(value)) => {
                    flushed.push((*key, value.version));
                    rows.push((*key, value));
                }
                Ok(None) => flushed.push((*key, u64::MAX)),
                Err(error) => {
                    tally.error(&error);
                    flushed.push((*key, u64::MAX));
                }
            }
        }
        self.parts.database.store(QueryClass::Flush, &rows).await?;
        // Counted once: the round that finds them gone also takes them off the set.
        tally.lost_dirty((flushed.len() - rows.len()) as u64);
        tally.flushed(rows.len() as u64);
        settle(cache, &self.set, &flushed, began_us, self.parts.ttl).await?;
        Ok(ids.len())
    }
}

fn now_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}
