use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::measure::Tally;
use crate::model::{Key, Lifetimes, StoreError, Value};
use crate::store::Cache;
use crate::store::scripts::{DirtySet, dirty, settle};
use crate::strategy::Parts;

/// The acknowledged writes that the database does not have yet.
pub struct Buffer {
    /// In the cache they are this set, and the entries themselves; in the process the set stays empty.
    set: DirtySet,
    process: Option<Mutex<HashMap<u64, Waiting>>>,
    cache: Arc<dyn Cache>,
    prefix: String,
    lifetimes: Lifetimes,
    tally: Arc<Tally>,
}

/// A row that waits to be flushed.
#[derive(Clone)]
pub struct Waiting {
    pub key: Key,
    /// When it was first written since its last flush, in microseconds of Unix time.
    pub since_us: u64,
    /// Its last version; nothing where it was evicted or the cache was lost.
    pub value: Option<Value>,
}

impl Buffer {
    /// A buffer that the cache holds.
    pub fn cache(parts: &Parts) -> Buffer {
        Buffer {
            set: DirtySet::new(&parts.prefix, parts.instance),
            process: None,
            cache: parts.cache.clone(),
            prefix: parts.prefix.clone(),
            lifetimes: parts.guards.lifetimes().clone(),
            tally: parts.tally.clone(),
        }
    }

    /// A buffer in this process.
    pub fn process(parts: &Parts) -> Buffer {
        Buffer { process: Some(Mutex::default()), ..Buffer::cache(parts) }
    }

    /// The set into which a write puts its row with the same step, if the cache holds the buffer.
    pub fn dirty_set(&self) -> Option<&DirtySet> {
        self.process.is_none().then_some(&self.set)
    }

    /// The last version of a row that waits in this process.
    pub fn waiting(&self, key: &Key) -> Option<Value> {
        let rows = self.process.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        rows.get(&key.id())?.value.clone()
    }

    /// Takes on a row whose write has taken effect in the cache.
    pub fn put(&self, row: Waiting) {
        let Some(rows) = &self.process else { return };
        let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
        let version = |row: &Waiting| row.value.as_ref().map_or(0, |value| value.version);
        rows.entry(row.key.id())
            .and_modify(|known| {
                // Two writers of one row may come here in the opposite order.
                if version(known) < version(&row) {
                    known.value.clone_from(&row.value);
                }
                known.since_us = known.since_us.min(row.since_us);
            })
            .or_insert(row);
    }

    /// Up to `limit` rows, those that have waited longest first.
    ///
    /// # Errors
    /// When the cache fails that holds them.
    pub async fn oldest(&self, limit: usize) -> Result<Vec<Waiting>, StoreError> {
        if let Some(rows) = &self.process {
            let rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
            let mut oldest: Vec<Waiting> = rows.values().cloned().collect();
            oldest.sort_unstable_by_key(|row| row.since_us);
            oldest.truncate(limit);
            return Ok(oldest);
        }
        let dirty = dirty(&*self.cache, &self.set, limit).await?;
        if dirty.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<Key> = dirty.iter().map(|&(id, _)| Key::new(&self.prefix, id)).collect();
        let entries = self.cache.get_many(&keys).await?;
        let rows = keys.iter().zip(dirty).zip(entries).map(|((key, (_, since_us)), raw)| {
            let value = raw.map(Value::decode).transpose().inspect_err(|error| self.tally.error(error));
            Waiting { key: *key, since_us, value: value.unwrap_or(None) }
        });
        Ok(rows.collect())
    }

    /// Lets go of rows that the database now holds at these versions; one written again meanwhile stays, since the
    /// flush began. Entries that are clean begin to expire.
    ///
    /// # Errors
    /// When the cache fails.
    pub async fn settle(&self, flushed: &[(Key, u64)], flush_began_us: u64) -> Result<(), StoreError> {
        if let Some(rows) = &self.process {
            let_go(&mut rows.lock().unwrap_or_else(PoisonError::into_inner), flushed, flush_began_us);
            // They are stored and off the buffer; a cache that cannot be told leaves entries without a TTL.
            if self.lifetimes.any() {
                let _ = self.settle_in_cache(flushed, flush_began_us).await;
            }
            return Ok(());
        }
        self.settle_in_cache(flushed, flush_began_us).await
    }

    /// One step for all rows that live equally long.
    async fn settle_in_cache(&self, flushed: &[(Key, u64)], flush_began_us: u64) -> Result<(), StoreError> {
        let mut by_ttl: BTreeMap<Option<Duration>, Vec<(Key, u64)>> = BTreeMap::new();
        for row in flushed {
            by_ttl.entry(self.lifetimes.of(&row.0)).or_default().push(*row);
        }
        for (ttl, rows) in by_ttl {
            settle(&*self.cache, &self.set, &rows, flush_began_us, ttl).await?;
        }
        Ok(())
    }
}

/// Takes rows off that are stored at these versions; one written again meanwhile waits on, since the flush began.
fn let_go(rows: &mut HashMap<u64, Waiting>, flushed: &[(Key, u64)], flush_began_us: u64) {
    for (key, version) in flushed {
        let Some(row) = rows.get_mut(&key.id()) else { continue };
        if row.value.as_ref().is_some_and(|value| value.version > *version) {
            row.since_us = flush_began_us;
        } else {
            rows.remove(&key.id());
        }
    }
}
