mod buffer;
mod due;
mod flusher;
mod overlay;

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use self::buffer::{Buffer, Waiting};
use self::flusher::Flusher;
use self::overlay::Overlay;
use super::{Conduct, Fill, Leaves, LookAside, Parts, Sides, Strategy, WriteSide, write_cache};
use crate::model::{Operation, Outcome, StoreError, Time, unix_us};
use crate::registry::{self, Choice, Entry};
use crate::store::Task;

pub const ENTRY: Entry<dyn Strategy, Parts> = Entry {
    name: "write-behind",
    summary: "a write is acknowledged after the cache; the database is written later, in batches",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let buffer = Arc::new(match options.buffer {
            Place::Cache => Buffer::cache(&parts),
            Place::Process => Buffer::process(&parts),
        });
        let rest = options.flush_every.0.max(Duration::from_millis(1));
        let flusher = Arc::new(Flusher::new(buffer.clone(), options.batch.max(1), parts.clone()));
        let tasks =
            [parts.tasks.spawn(flusher.clone().run(rest)), parts.tasks.spawn(flusher.clone().sample())];
        let parts = match options.buffer {
            Place::Cache => parts,
            Place::Process => {
                let database = Arc::new(Overlay { buffer, database: parts.database.clone() });
                Parts { database, ..parts }
            }
        };
        // The script that writes is what keeps the entry; reads take it as they find it.
        let reads = LookAside::new(&parts, parts.coherence(&Choice::named("keep"))?, Fill::Add);
        Ok(Box::new(Sides::new(reads, WriteBehind { parts, flusher, tasks })))
    },
};

/// Where the writes wait that the database does not have yet.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Place {
    /// In the cache: they outlive the process, and are lost with the cache.
    #[default]
    Cache,
    /// In the memory of the service instance: they outlive the cache, and are lost with the process.
    Process,
}

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// How long the flusher rests between two rounds.
    flush_every: Time,
    /// Most rows in one flush.
    #[schemars(range(min = 1, max = 10_000))]
    batch: usize,
    /// Where the writes wait that the database does not have yet.
    buffer: Place,
}

impl Default for Options {
    fn default() -> Options {
        Options { flush_every: Time(Duration::from_millis(50)), batch: 500, buffer: Place::Cache }
    }
}

/// Writes take effect in the cache, which assigns their versions, and are flushed from there.
///
/// A row written often is flushed once with its last version. A dirty entry has no TTL; if it is evicted or
/// the cache is lost before its flush, the write is lost, and counted.
struct WriteBehind {
    parts: Parts,
    flusher: Arc<Flusher>,
    /// The flusher at work, which a crash of the instance ends too.
    tasks: [Task; 2],
}

impl WriteBehind {
    async fn write_and_note(&self, operation: &Operation) -> Result<Outcome, StoreError> {
        let since_us = unix_us();
        let set = self.flusher.dirty_set(&operation.key, since_us);
        let dirty = set.as_deref().map(|set| (set, since_us));
        let row = write_cache(&self.parts, operation, None, dirty).await?;
        let version = row.as_ref().map(|row| row.version);
        if let Some(row) = row {
            self.flusher.took_on(Waiting::written(operation.key, since_us, row));
        }
        Ok(Outcome::Written { version })
    }
}

impl Drop for WriteBehind {
    fn drop(&mut self) {
        self.tasks.iter().for_each(Task::abort);
    }
}

impl WriteSide for WriteBehind {
    fn conduct(&self) -> Conduct {
        Conduct {
            caches: true,
            cache_first: true,
            defers: true,
            needs_cache: true,
            leaves: Leaves::Row,
            timed: true,
            ..Conduct::default()
        }
    }

    async fn write(&self, operation: &Operation) -> Outcome {
        self.write_and_note(operation).await.unwrap_or_else(Outcome::from)
    }

    async fn drain(&self) -> Result<(), StoreError> {
        self.flusher.recall();
        while self.flusher.flush().await? > 0 {}
        Ok(())
    }
}
