use schemars::JsonSchema;
use serde::Deserialize;

use super::{DatabaseFirst, Fill, LookAside, Parts, Promise, Strategy};
use crate::coherence;
use crate::model::{BoxFuture, Key, Operation, Outcome, StoreError};
use crate::registry::{self, Choice, Entry};

pub const ENTRY: Entry<dyn Strategy, Parts> = Entry {
    name: "cache-aside",
    summary: "the application loads on a miss; a write goes to the database, then deletes or replaces the entry",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let coherence = parts.coherence(&options.coherence)?;
        Ok(Box::new(CacheAside {
            reads: LookAside::new(&parts, coherence.clone(), Fill::Wait),
            writes: DatabaseFirst::new(&parts, coherence, Promise::None),
        }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// How the entry of a written row is kept coherent with the database.
    #[schemars(schema_with = "coherence::schema")]
    coherence: Choice,
}

impl Default for Options {
    fn default() -> Options {
        Options { coherence: Choice::named("delete") }
    }
}

/// Lazy loading, the application in charge of both stores.
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

    fn drain<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.reads.drain().await;
            self.writes.drain().await
        })
    }
}
