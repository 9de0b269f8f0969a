//! Strategy: who is asked on a read, and who is told of a write.

mod cache_aside;
mod database_first;
mod direct;
mod look_aside;
mod read_through;
mod write_around;
mod write_behind;
mod write_through;

use std::sync::Arc;
use std::time::Duration;

use database_first::{DatabaseFirst, Then};
use look_aside::{Fill, LookAside};

use crate::measure::Tally;
use crate::model::{BoxFuture, Found, Key, Kind, Operation, Outcome, StoreError, Value};
use crate::registry::Entry;
use crate::store::{Cache, Database, Tasks};

/// A caching strategy, as one service instance runs it.
///
/// An implementer answers with an [`Outcome`] whatever happens, may be called by many clients at once, and
/// must bear that a call is dropped at any await: the caller's time was up.
pub trait Strategy: Send + Sync {
    /// Reads one row.
    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome>;

    /// Reads several rows at once, no key twice; answers [`Outcome::ReadMany`], or fails as a whole.
    fn read_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Outcome>;

    /// Writes, inserts or deletes one row; acknowledges by [`Outcome::Written`].
    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome>;

    /// Returns when every acknowledged write is in the database.
    ///
    /// # Errors
    /// When a store fails; what is not in the database then, may be lost.
    fn drain<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What a strategy is built from: the stores as its service instance is connected to them.
#[derive(Clone)]
pub struct Parts {
    pub cache: Arc<dyn Cache>,
    pub database: Arc<dyn Database>,
    /// How long entries live; without it, until they are evicted or deleted.
    pub ttl: Option<Duration>,
    /// In front of every name in the cache.
    pub prefix: String,
    /// The number of the service instance, from 0.
    pub instance: usize,
    pub tally: Arc<Tally>,
    /// For work behind the callers' backs.
    pub tasks: Tasks,
}

/// Every strategy.
pub static STRATEGIES: &[Entry<dyn Strategy, Parts>] = &[
    direct::ENTRY,
    cache_aside::ENTRY,
    read_through::ENTRY,
    write_through::ENTRY,
    write_behind::ENTRY,
    write_around::ENTRY,
];

/// Whether the strategy called `name` puts anything into the cache.
pub fn caches(name: &str) -> bool {
    name != direct::ENTRY.name
}

/// Reads several rows one after the other, as code does that knows of one row only.
pub async fn read_one_by_one(strategy: &dyn Strategy, keys: &[Key]) -> Outcome {
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        match strategy.read(key).await {
            Outcome::Read { served, value } => found.push(Found { served, value }),
            other => return other,
        }
    }
    Outcome::ReadMany(found)
}

/// Applies a write to the database; answers the version it made, nothing if there was no such row.
async fn write_row(database: &dyn Database, operation: &Operation) -> Result<Option<u64>, StoreError> {
    match operation.kind {
        Kind::Insert => database.insert(&operation.key, &operation.payload).await.map(Some),
        Kind::Delete => database.delete(&operation.key).await,
        // Decrements are no business of a strategy's, and none comes here.
        Kind::Write | Kind::Read | Kind::MultiRead | Kind::Decrement => {
            database.update(&operation.key, &operation.payload).await
        }
    }
}

/// The row as it is after a write that made `version`.
fn written(operation: &Operation, version: u64) -> Value {
    Value {
        version,
        checksum: operation.payload.checksum,
        tombstone: operation.kind == Kind::Delete,
        body: operation.payload.body.clone(),
        ..Value::default()
    }
}
