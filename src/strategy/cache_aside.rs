use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Fill, LookAside, Parts, Strategy, write_row, written};
use crate::model::{BoxFuture, Key, Kind, Operation, Outcome};
use crate::registry::{self, Entry};
use crate::store::{Cache, Database};

pub const ENTRY: Entry<dyn Strategy, Parts> = Entry {
    name: "cache-aside",
    summary: "the application loads on a miss; a write goes to the database, then invalidates or updates the entry",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        Ok(Box::new(CacheAside {
            reads: LookAside::new(&parts, Fill::Replace),
            on_write: options.on_write,
            ttl: parts.ttl,
            cache: parts.cache,
            database: parts.database,
        }))
    },
};

/// What happens to the entry of a written row.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum OnWrite {
    /// It is deleted: the next read loads the new row.
    #[default]
    Invalidate,
    /// It is replaced by the new row.
    Update,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// What happens to the entry of a written row.
    on_write: OnWrite,
}

/// Lazy loading, the application in charge of both stores.
///
/// A read that loaded before a write and fills after its invalidation leaves a stale entry until the TTL.
struct CacheAside {
    reads: LookAside,
    on_write: OnWrite,
    ttl: Option<Duration>,
    cache: Arc<dyn Cache>,
    database: Arc<dyn Database>,
}

impl Strategy for CacheAside {
    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read(key))
    }

    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let version = match write_row(&*self.database, operation).await {
                Ok(version) => version,
                Err(error) => return error.into(),
            };
            // The write is committed and so acknowledged, even if the cache could not be told: that is counted
            // as an error of the cache, and readers may see the old row until its TTL.
            let _ = match (self.on_write, version, operation.kind) {
                (OnWrite::Update, Some(version), Kind::Write | Kind::Insert) => {
                    self.cache.set(&operation.key, written(operation, version).encode(), self.ttl).await
                }
                _ => self.cache.delete(&operation.key).await.map(drop),
            };
            Outcome::Written { version }
        })
    }
}
