use schemars::JsonSchema;
use serde::Deserialize;

use super::{DatabaseFirst, Fill, LookAside, Parts, Strategy, Then};
use crate::model::{BoxFuture, Key, Operation, Outcome};
use crate::registry::{self, Entry};

pub const ENTRY: Entry<dyn Strategy, Parts> = Entry {
    name: "cache-aside",
    summary: "the application loads on a miss; a write goes to the database, then invalidates or updates the entry",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let then = match options.on_write {
            OnWrite::Invalidate => Then::Invalidate,
            OnWrite::Update => Then::Update,
        };
        Ok(Box::new(CacheAside {
            reads: LookAside::new(&parts, Fill::Replace),
            writes: DatabaseFirst::new(&parts, then),
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
    writes: DatabaseFirst,
}

impl Strategy for CacheAside {
    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read(key))
    }

    fn read_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read_many(keys))
    }

    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        Box::pin(self.writes.write(operation))
    }
}
