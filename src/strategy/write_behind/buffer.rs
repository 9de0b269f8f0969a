use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use super::due::Due;
use crate::measure::Tally;
use crate::model::{Key, Lifetimes, StoreError, Value};
use crate::store::Cache;
use crate::store::scripts::{DirtySet, dirty, settle};
use crate::strategy::Parts;

/// Parts of the cache that are asked at once.
const ASKED: usize = 512;

/// The acknowledged writes that the database does not have yet.
pub struct Buffer {
    /// In the cache they are this set, and the entries themselves; in the process the set stays empty. Where the cache has
    /// several parts, there is a set in each instead.
    set: DirtySet,
    instance: usize,
    /// The parts in which rows may wait.
    due: Due,
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
    /// The part of the cache in whose set it was found; 0 in a process.
    pub part: u16,
    /// When it was first written since its last flush, in microseconds of Unix time.
    pub since_us: u64,
    /// The version up to which it is settled by its flush: its last; 0 where the entry is gone, so that one made
    /// meanwhile waits on, and the largest number where it cannot be read.
    pub version: u64,
    /// The row as last written; nothing where it was evicted, the cache was lost, or it cannot be read.
    pub value: Option<Value>,
}

impl Waiting {
    /// A row as it was written.
    pub fn written(key: Key, since_us: u64, value: Value) -> Waiting {
        Waiting { key, part: 0, since_us, version: value.version, value: Some(value) }
    }
}

impl Buffer {
    /// A buffer that the cache holds.
    pub fn cache(parts: &Parts) -> Buffer {
        Buffer {
            set: DirtySet::new(&parts.prefix, parts.instance),
            instance: parts.instance,
            due: Due::default(),
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

    /// The set into which a write puts its row with the same step, if the cache holds the buffer. The part in which it
    /// lies is asked from then on.
    pub fn dirty_set(&self, key: &Key, since_us: u64) -> Option<Cow<'_, DirtySet>> {
        self.process.is_none().then(|| {
            self.note(key, since_us);
            self.set_in(self.cache.part(key))
        })
    }

    fn set_in(&self, part: u16) -> Cow<'_, DirtySet> {
        match self.cache.tag(part) {
            "" => Cow::Borrowed(&self.set),
            tag => Cow::Owned(DirtySet::in_part(&self.prefix, self.instance, tag)),
        }
    }

    fn note(&self, key: &Key, since_us: u64) {
        if self.cache.parts() > 1 {
            self.due.note(self.cache.part(key), since_us);
        }
    }

    /// All parts in which rows were ever put are asked next: a write that was given up may have taken effect since.
    pub fn recall(&self) {
        self.due.recall();
    }

    /// The last version of a row that waits in this process.
    pub fn waiting(&self, key: &Key) -> Option<Value> {
        let rows = self.process.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        rows.get(&key.id())?.value.clone()
    }

    /// Takes on a row whose write has taken effect in the cache.
    pub fn put(&self, row: Waiting) {
        let Some(rows) = &self.process else { return self.note(&row.key, row.since_us) };
        let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
        match rows.entry(row.key.id()) {
            Entry::Vacant(none) => {
                none.insert(row);
            }
            Entry::Occupied(mut known) => {
                let since_us = known.get().since_us.min(row.since_us);
                // Two writers of one row may come here in the opposite order.
                if known.get().version < row.version {
                    known.insert(row);
                }
                known.get_mut().since_us = since_us;
            }
        }
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
        let dirty = self.dirty(limit).await?;
        if dirty.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<Key> = dirty.iter().map(|row| Key::new(&self.prefix, row.id)).collect();
        let entries = self.cache.get_many(&keys).await?;
        let rows =
            keys.iter().zip(dirty).zip(entries).map(|((&key, Dirty { part, since_us, .. }), raw)| match raw
                .map(Value::decode)
            {
                Some(Ok(value)) => Waiting { part, ..Waiting::written(key, since_us, value) },
                None => Waiting { key, part, since_us, version: 0, value: None },
                Some(Err(error)) => {
                    self.tally.error(&error);
                    Waiting { key, part, since_us, version: u64::MAX, value: None }
                }
            });
        Ok(rows.collect())
    }

    /// Up to `limit` rows of the sets in the cache, those that have waited longest first.
    async fn dirty(&self, limit: usize) -> Result<Vec<Dirty>, StoreError> {
        let row = |part: u16| move |(id, since_us): (u64, u64)| Dirty { part, id, since_us };
        let parts = self.cache.parts();
        if parts <= 1 {
            let found = dirty(&*self.cache, &self.set, limit).await?;
            return Ok(found.into_iter().map(row(0)).collect());
        }
        let (mut rows, mut problem) = (Vec::new(), None);
        for batch in self.due.parts(parts).chunks(limit.clamp(1, ASKED)) {
            let asked = batch.iter().map(|&part| async move {
                self.due.asking(part);
                (part, dirty(&*self.cache, &self.set_in(part), limit).await)
            });
            for (part, found) in join_all(asked).await {
                // The rows of a node that is away wait; those of the others do not wait for it.
                let found = match found {
                    Ok(found) => found,
                    Err(error) => {
                        problem = problem.or(Some(error));
                        continue;
                    }
                };
                match found.first() {
                    None => self.due.emptied(part),
                    Some(&(_, since_us)) => self.due.waits(part, since_us),
                }
                rows.extend(found.into_iter().map(row(part)));
            }
            if rows.len() >= limit {
                break;
            }
        }
        if let (true, Some(error)) = (rows.is_empty(), problem) {
            return Err(error);
        }
        rows.sort_by_key(|row: &Dirty| row.since_us);
        rows.truncate(limit);
        Ok(rows)
    }

    /// Lets go of rows that the database now holds at these versions; one written again meanwhile stays, since the
    /// flush began. Entries that are clean begin to expire.
    ///
    /// # Errors
    /// When the cache fails.
    pub async fn settle(&self, flushed: &[Waiting], flush_began_us: u64) -> Result<(), StoreError> {
        if let Some(rows) = &self.process {
            let_go(&mut rows.lock().unwrap_or_else(PoisonError::into_inner), flushed, flush_began_us);
            // They are stored and off the buffer; a cache that cannot be told leaves entries without a TTL.
            if self.lifetimes.any() {
                let in_cache = flushed.iter().map(|row| (self.cache.part(&row.key), row));
                let _ = self.settle_in_cache(in_cache, flush_began_us).await;
            }
            return Ok(());
        }
        self.settle_in_cache(flushed.iter().map(|row| (row.part, row)), flush_began_us).await
    }

    /// One step for all rows of a part that live equally long.
    async fn settle_in_cache<'a>(
        &self,
        flushed: impl Iterator<Item = (u16, &'a Waiting)>,
        flush_began_us: u64,
    ) -> Result<(), StoreError> {
        let mut steps: BTreeMap<(u16, Option<Duration>), Rows> = BTreeMap::new();
        for (part, row) in flushed {
            steps.entry((part, self.lifetimes.of(&row.key))).or_default().push((row.key, row.version));
        }
        let settled = steps.iter().map(|((part, ttl), rows)| async move {
            settle(&*self.cache, &self.set_in(*part), rows, flush_began_us, *ttl).await
        });
        join_all(settled).await.into_iter().try_for_each(|clean| clean.map(drop))
    }
}

/// Rows with the versions at which the database holds them.
type Rows = Vec<(Key, u64)>;

/// A row in a set of the cache.
struct Dirty {
    part: u16,
    id: u64,
    since_us: u64,
}

/// Takes rows off that are stored at these versions; one written again meanwhile waits on, since the flush began.
fn let_go(rows: &mut HashMap<u64, Waiting>, flushed: &[Waiting], flush_began_us: u64) {
    for Waiting { key, version, .. } in flushed {
        let Some(row) = rows.get_mut(&key.id()) else { continue };
        if row.version > *version {
            row.since_us = flush_began_us;
        } else {
            rows.remove(&key.id());
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::mitigation::Guards;
    use crate::store::memory::MemoryCache;
    use crate::store::scripts::{Advance, advance};

    async fn write(cache: &MemoryCache, buffer: &Buffer, key: &Key) {
        let value = Value::default();
        let dirty = Some((&buffer.set, 5));
        advance(cache, Advance { key, value: &value, base: Some(0), ttl: None, dirty }).await.unwrap();
    }

    /// Ids, since when they wait, and up to which version a flush settles them.
    fn told(rows: &[Waiting]) -> Vec<(u64, u64, u64)> {
        rows.iter().map(|row| (row.key.id(), row.since_us, row.version)).collect()
    }

    #[tokio::test]
    async fn an_entry_that_was_gone_is_let_go_unless_it_was_made_anew_during_the_flush() {
        let cache = Arc::new(MemoryCache::default());
        let parts = Parts { cache: cache.clone(), prefix: "cb:".into(), ..Parts::noop(Guards::none(None)) };
        let (buffer, key) = (Buffer::cache(&parts), Key::new("cb:", 1));
        for (is_made_anew, left) in [(true, vec![(1, 7, 1)]), (false, vec![])] {
            write(&cache, &buffer, &key).await;
            cache.delete(&key).await.unwrap();
            let batch = buffer.oldest(9).await.unwrap();
            assert!(batch.len() == 1 && batch[0].value.is_none());
            if is_made_anew {
                write(&cache, &buffer, &key).await;
            }
            buffer.settle(&batch, 7).await.unwrap();
            assert_eq!(told(&buffer.oldest(9).await.unwrap()), left, "{is_made_anew}");
        }
    }

    #[tokio::test]
    async fn an_entry_that_cannot_be_read_is_let_go() {
        let cache = Arc::new(MemoryCache::default());
        let parts = Parts { cache: cache.clone(), prefix: "cb:".into(), ..Parts::noop(Guards::none(None)) };
        let (buffer, key) = (Buffer::cache(&parts), Key::new("cb:", 1));
        write(&cache, &buffer, &key).await;
        cache.set(&key, Bytes::from_static(b"no row at all"), None).await.unwrap();
        let batch = buffer.oldest(9).await.unwrap();
        assert!(batch.len() == 1 && batch[0].value.is_none());
        buffer.settle(&batch, 7).await.unwrap();
        assert_eq!(told(&buffer.oldest(9).await.unwrap()), []);
    }
}
