use schemars::JsonSchema;
use serde::Deserialize;

use super::{DatabaseFirst, Fill, LookAside, Parts, Strategy, Then};
use crate::model::{BoxFuture, Key, Operation, Outcome};
use crate::registry::{self, Entry};

pub const ENTRY: Entry<dyn Strategy, Parts> = Entry {
    name: "read-through",
    summary: "the application asks a loading cache only; the cache loads, fills, and is told of writes",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let fill = match options.fill {
            FillOption::Wait => Fill::Replace,
            FillOption::Behind => Fill::Behind,
        };
        let then = match options.on_write {
            OnWrite::Invalidate => Then::Invalidate,
            OnWrite::Update => Then::Update,
            OnWrite::Keep => Then::Keep,
        };
        Ok(Box::new(LoadingCache {
            reads: LookAside::new(&parts, fill),
            writes: DatabaseFirst::new(&parts, then),
        }))
    },
};

/// What the loading cache does with the entry of a written row.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum OnWrite {
    /// Deletes it.
    #[default]
    Invalidate,
    /// Replaces it by the new row.
    Update,
    /// Leaves it to its TTL.
    Keep,
}

/// Whether the caller of a miss waits for the fill.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum FillOption {
    /// It does, as in cache-aside.
    #[default]
    Wait,
    /// It gets its row at once; the cache fills behind its back.
    Behind,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// What the loading cache does with the entry of a written row.
    on_write: OnWrite,
    /// Whether the caller of a miss waits for the fill.
    fill: FillOption,
}

/// A cache that knows how to load: callers give it a key and get a row.
///
/// With its defaults it sends what cache-aside sends; what differs is whose code it is. The measured
/// difference lies in its options, which an application could not choose for all of its callers at once.
struct LoadingCache {
    reads: LookAside,
    writes: DatabaseFirst,
}

impl Strategy for LoadingCache {
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
