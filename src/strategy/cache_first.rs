use std::time::Duration;

use super::{Conduct, Leaves, Parts, WriteSide, written};
use crate::measure::QueryClass;
use crate::model::{Kind, Operation, Outcome, StoreError, Value};
use crate::store::scripts::{Advance, DirtySet, advance};

/// The write path of a strategy that writes both stores within the caller's wait, the cache first.
///
/// A write that reached only the cache has failed for its caller, though readers see it.
pub struct CacheFirst(pub Parts);

impl CacheFirst {
    async fn write_both(&self, operation: &Operation) -> Result<Outcome, StoreError> {
        let ttl = self.0.guards.lifetimes().of(&operation.key);
        let row = write_cache(&self.0, operation, ttl, None).await?;
        let version = row.as_ref().map(|row| row.version);
        if let Some(row) = row {
            self.0.database.store(QueryClass::Write, &[(operation.key, row)]).await?;
        }
        Ok(Outcome::Written { version })
    }
}

impl WriteSide for CacheFirst {
    fn conduct(&self) -> Conduct {
        let leaves = Leaves::Row;
        Conduct { caches: true, cache_first: true, needs_cache: true, leaves, ..Conduct::default() }
    }

    async fn write(&self, operation: &Operation) -> Outcome {
        self.write_both(operation).await.unwrap_or_else(Outcome::from)
    }
}

/// Lets a write take effect in the cache, which assigns the version: the next after that of the entry, or of the row
/// where the cache has none. Answers the row as written; nothing if there was none to delete.
///
/// With `dirty`, it is noted there since when the database does not have the row; its entry does not expire then.
///
/// # Errors
/// When the cache fails, or the database that is asked for the row.
pub async fn write_cache(
    parts: &Parts,
    operation: &Operation,
    ttl: Option<Duration>,
    dirty: Option<(&DirtySet, u64)>,
) -> Result<Option<Value>, StoreError> {
    let (cache, key) = (&*parts.cache, &operation.key);
    let value = written(operation, 0);
    let step = Advance { key, value: &value, base: None, ttl, dirty };
    let mut version = advance(cache, step).await?;
    if version.is_none() {
        let row = parts.database.load(key).await?;
        if row.as_ref().is_none_or(|row| row.tombstone) && operation.kind == Kind::Delete {
            return Ok(None);
        }
        let base = Some(row.map_or(0, |row| row.version));
        version = advance(cache, Advance { base, ..step }).await?;
    }
    // With a base the script always assigns a version.
    let Some(version) = version else { return Ok(None) };
    if !value.tombstone {
        parts.loads.entries().enter(key.id());
    }
    Ok(Some(Value { version, ..value }))
}
