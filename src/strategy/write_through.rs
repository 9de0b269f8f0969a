use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{DatabaseFirst, Fill, LookAside, Parts, Promise, Strategy, written};
use crate::coherence::{self, Coherence};
use crate::measure::QueryClass;
use crate::model::{BoxFuture, Key, Kind, Operation, Outcome, StoreError};
use crate::registry::{self, Choice, Entry, OptionsError};
use crate::store::scripts::{Advance, advance};

pub const ENTRY: Entry<dyn Strategy, Parts> = Entry {
    name: "write-through",
    summary: "the cache layer writes both stores, one after the other, before it acknowledges",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        if let Some(coherence) = options.coherence(parts.of_coherence())? {
            let coherence = parts.guards.coherence(coherence)?;
            let reads = LookAside::new(&parts, coherence.clone(), Fill::Wait);
            let writes = DatabaseFirst::new(&parts, coherence, Promise::Told);
            return Ok(Box::new(DatabaseThenCache { reads, writes }));
        }
        let keep = parts.coherence(&Choice::named("keep"))?;
        Ok(Box::new(CacheFirst { reads: LookAside::new(&parts, keep, Fill::Add), parts }))
    },
};

/// Whether the options go together.
///
/// # Errors
/// When they do not; the message says what to write instead.
pub fn check(options: &serde_json::Value) -> Result<(), OptionsError> {
    registry::options::<Options>(options)?.coherence(coherence::Parts::noop()).map(drop)
}

/// Whether the cache is written first.
pub fn is_cache_first(options: &serde_json::Value) -> bool {
    registry::options::<Options>(options).is_ok_and(|options| options.order == Order::CacheFirst)
}

/// Which store is written first.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Order {
    /// The database, which assigns the version; a failure leaves the cache as it was.
    #[default]
    DatabaseFirst,
    /// The cache, which assigns the version; a failure of the database leaves the cache ahead of it.
    CacheFirst,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Which store is written first.
    order: Order,
    /// How the row is put into the cache when the database is written first: by a plain `update`, the default, or by
    /// `compare-and-set`.
    #[schemars(schema_with = "coherence::schema")]
    coherence: Option<Choice>,
}

impl Options {
    /// How the row is put into the cache; nothing where the cache is written first.
    fn coherence(&self, parts: coherence::Parts) -> Result<Option<Arc<dyn Coherence>>, OptionsError> {
        let choice = match (self.order, &self.coherence) {
            (Order::CacheFirst, None) => return Ok(None),
            (Order::CacheFirst, Some(_)) => {
                let text = "with the cache first there is no choice of coherence: the cache assigns the version; \
                            leave `coherence` out";
                return Err(OptionsError(text.into()));
            }
            (Order::DatabaseFirst, choice) => choice.clone().unwrap_or_else(|| Choice::named("update")),
        };
        let coherence = coherence::build(&choice, parts)?;
        if coherence.leaves_row() {
            return Ok(Some(coherence));
        }
        Err(OptionsError(format!(
            "write-through leaves the written row in the cache, and `{}` does not; \
             use `update`, or `compare-and-set` with leave = \"row\"",
            choice.label()
        )))
    }
}

/// Both stores are written within the caller's wait, the database first.
///
/// Two writers of one key may reach the two stores in opposite orders; plain sets then keep the older row until its
/// TTL, versioned ones do not. A write that reached only the database has failed for its caller, as the promise was
/// not kept, though the row is changed.
struct DatabaseThenCache {
    reads: LookAside,
    writes: DatabaseFirst,
}

impl Strategy for DatabaseThenCache {
    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read(key))
    }

    fn read_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read_many(keys))
    }

    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        Box::pin(self.writes.write(operation))
    }

    fn drain<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.reads.drain().await;
            self.writes.drain().await
        })
    }
}

/// Both stores are written within the caller's wait, the cache first.
///
/// A write that reached only the cache has failed for its caller, though readers see it.
struct CacheFirst {
    reads: LookAside,
    parts: Parts,
}

impl CacheFirst {
    async fn write(&self, operation: &Operation) -> Result<Outcome, StoreError> {
        let (cache, key) = (&*self.parts.cache, &operation.key);
        let ttl = self.parts.guards.lifetimes().of(key);
        let mut value = written(operation, 0);
        let step = Advance { key, value: &value, base: None, ttl, dirty: None };
        let version = match advance(cache, step).await? {
            Some(version) => version,
            None => {
                let row = self.parts.database.load(key).await?;
                if row.as_ref().is_none_or(|row| row.tombstone) && operation.kind == Kind::Delete {
                    return Ok(Outcome::Written { version: None });
                }
                let base = Some(row.map_or(0, |row| row.version));
                let step = Advance { key, value: &value, base, ttl, dirty: None };
                // With a base the script always assigns a version.
                advance(cache, step).await?.unwrap_or(1)
            }
        };
        value.version = version;
        if !value.tombstone {
            self.parts.loads.entries().enter(key.id());
        }
        self.parts.database.store(QueryClass::Write, &[(*key, value)]).await?;
        Ok(Outcome::Written { version: Some(version) })
    }
}

impl Strategy for CacheFirst {
    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read(key))
    }

    fn read_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read_many(keys))
    }

    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { CacheFirst::write(self, operation).await.unwrap_or_else(Outcome::from) })
    }
}
