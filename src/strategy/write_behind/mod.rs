mod buffer;
mod flusher;
mod overlay;

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::task::AbortHandle;

use self::buffer::{Buffer, Waiting};
use self::flusher::Flusher;
use self::overlay::Overlay;
use super::{Fill, LookAside, Parts, Strategy, written};
use crate::model::{BoxFuture, Key, Kind, Operation, Outcome, StoreError, Time, unix_us};
use crate::registry::{self, Choice, Entry};
use crate::store::scripts::{Advance, DirtySet, advance};

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
        Ok(Box::new(WriteBehind { reads, parts, flusher, tasks }))
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
    reads: LookAside,
    parts: Parts,
    flusher: Arc<Flusher>,
    /// The flusher at work, which a crash of the instance ends too.
    tasks: [AbortHandle; 2],
}

impl WriteBehind {
    async fn write(&self, operation: &Operation) -> Result<Outcome, StoreError> {
        let since_us = unix_us();
        let mut version = self.advance(operation, None, since_us).await?;
        if version.is_none() {
            // Not in the cache: the next version follows from the row.
            let row = self.parts.database.load(&operation.key).await?;
            if row.as_ref().is_none_or(|row| row.tombstone) && operation.kind == Kind::Delete {
                return Ok(Outcome::Written { version: None });
            }
            let base = Some(row.map_or(0, |row| row.version));
            version = self.advance(operation, base, since_us).await?;
        }
        if let Some(version) = version {
            let value = written(operation, version);
            if !value.tombstone {
                self.parts.loads.entries().enter(operation.key.id());
            }
            self.flusher.took_on(Waiting { key: operation.key, since_us, value: Some(value) });
        }
        Ok(Outcome::Written { version })
    }

    /// Puts the written row into the cache under its next version, if that is known.
    async fn advance(
        &self,
        operation: &Operation,
        base: Option<u64>,
        since_us: u64,
    ) -> Result<Option<u64>, StoreError> {
        let value = written(operation, 0);
        let dirty = self.flusher.dirty_set().map(|set: &DirtySet| (set, since_us));
        let step = Advance { key: &operation.key, value: &value, base, ttl: None, dirty };
        advance(&*self.parts.cache, step).await
    }
}

impl Drop for WriteBehind {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Strategy for WriteBehind {
    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read(key))
    }

    fn read_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Outcome> {
        Box::pin(self.reads.read_many(keys))
    }

    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { WriteBehind::write(self, operation).await.unwrap_or_else(Outcome::from) })
    }

    fn drain<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            while self.flusher.flush().await? > 0 {}
            Ok(())
        })
    }
}
