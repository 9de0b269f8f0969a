use schemars::JsonSchema;
use serde::Deserialize;

use super::{Fill, LookAside, Parts, Strategy, write_row, written};
use crate::measure::QueryClass;
use crate::model::{BoxFuture, Key, Kind, Operation, Outcome, StoreError};
use crate::registry::{self, Entry};
use crate::store::scripts::{Advance, advance};

pub const ENTRY: Entry<dyn Strategy, Parts> = Entry {
    name: "write-through",
    summary: "the cache layer writes both stores, one after the other, before it acknowledges",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let fill = match options.order {
            Order::DatabaseFirst => Fill::Replace,
            Order::CacheFirst => Fill::Add,
        };
        Ok(Box::new(WriteThrough { reads: LookAside::new(&parts, fill), order: options.order, parts }))
    },
};

/// Which store is written first.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
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
}

/// Both stores are written, in series, within the caller's wait.
///
/// Two writers of one key may reach the two stores in opposite orders; with the database first, the cache
/// then keeps the older row until its TTL. A write that reached only one of them has failed for its caller, as
/// neither promise was kept, though the row may be changed.
struct WriteThrough {
    reads: LookAside,
    order: Order,
    parts: Parts,
}

impl WriteThrough {
    async fn database_first(&self, operation: &Operation) -> Result<Outcome, StoreError> {
        let version = write_row(&*self.parts.database, operation).await?;
        match (version, operation.kind) {
            (Some(version), Kind::Write | Kind::Insert) => {
                let value = written(operation, version).encode();
                self.parts.cache.set(&operation.key, value, self.parts.ttl).await?;
            }
            _ => drop(self.parts.cache.delete(&operation.key).await?),
        }
        Ok(Outcome::Written { version })
    }

    async fn cache_first(&self, operation: &Operation) -> Result<Outcome, StoreError> {
        let (cache, key) = (&*self.parts.cache, &operation.key);
        let mut value = written(operation, 0);
        let step = Advance { key, value: &value, base: None, ttl: self.parts.ttl, dirty: None };
        let version = match advance(cache, step).await? {
            Some(version) => version,
            None => {
                let row = self.parts.database.load(key).await?;
                if row.as_ref().is_none_or(|row| row.tombstone) && operation.kind == Kind::Delete {
                    return Ok(Outcome::Written { version: None });
                }
                let base = Some(row.map_or(0, |row| row.version));
                let step = Advance { key, value: &value, base, ttl: self.parts.ttl, dirty: None };
                // With a base the script always assigns a version.
                advance(cache, step).await?.unwrap_or(1)
            }
        };
        value.version = version;
        self.parts.database.store(QueryClass::Write, &[(*key, value)]).await?;
        Ok(Outcome::Written { version: Some(version) })
    }
}

impl Strategy for WriteThrough {
    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read(key))
    }

    fn read_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read_many(keys))
    }

    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let outcome = match self.order {
                Order::DatabaseFirst => self.database_first(operation).await,
                Order::CacheFirst => self.cache_first(operation).await,
            };
            outcome.unwrap_or_else(Outcome::from)
        })
    }
}
