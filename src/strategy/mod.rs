//! Strategy: who is asked on a read, and who is told of a write.

mod cache_aside;
mod cache_first;
mod conduct;
mod database_first;
mod direct;
mod entries;
mod filler;
mod listed;
mod loader;
mod look_aside;
mod near;
mod publishing;
mod read_through;
mod renamed;
mod sides;
mod write_around;
mod write_behind;
mod write_through;

use std::sync::Arc;
use std::time::Duration;

pub use conduct::{Conduct, Leaves};
pub use entries::Entries;
pub use listed::{Listed, Lists};
pub use near::{Near, NearCopies};
pub use publishing::{Publishing, Word};
pub use renamed::{CacheCopies, Renamed};

use cache_first::{CacheFirst, write_cache};
use database_first::{DatabaseFirst, Promise};
use filler::{Fill, Filler};
use loader::Loader;
use look_aside::LookAside;
use sides::{Sides, WriteSide};

use crate::coherence::{self, Coherence};
use crate::measure::{Ledger, Loads, Tally};
use crate::mitigation::Guards;
use crate::model::{BoxFuture, Event, Found, Key, Kind, Operation, Outcome, StoreError, Value};
use crate::registry::{Choice, Entry, OptionsError};
use crate::store::{Answer, Cache, Database, NoopCache, NoopDatabase, Tasks};

/// A caching strategy, as one service instance runs it.
///
/// An implementer answers with an [`Outcome`] whatever happens, may be called by many clients at once, and
/// must bear that a call is dropped at any await: the caller's time was up.
pub trait Strategy: Send + Sync {
    /// What it is to others; the same all its life.
    fn conduct(&self) -> Conduct;

    /// Reads one row.
    fn read<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Outcome>;

    /// Reads several rows at once, no key twice; answers [`Outcome::ReadMany`], or fails as a whole.
    fn read_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Outcome>;

    /// Writes, inserts or deletes one row; acknowledges by [`Outcome::Written`].
    fn write<'a>(&'a self, operation: &'a Operation) -> BoxFuture<'a, Outcome>;

    /// Takes out of the cache what a write of somebody else makes old; answers how many entries it touched.
    fn invalidate<'a>(&'a self, _: &'a Key, _: Event) -> Answer<'a, u64> {
        Box::pin(std::future::ready(Ok(0)))
    }

    /// Returns when every acknowledged write is in the database, and nothing that was put off is left to do.
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
    /// What stands between readers and the database; they say how long entries live.
    pub guards: Guards,
    /// Whether misses fill nothing, since others put rows into the cache.
    pub leaves_misses: bool,
    /// A pause between the database read and the fill of every miss.
    pub fill_delay: Option<Duration>,
    /// In front of every name in the cache.
    pub prefix: String,
    /// The number of the service instance, from 0.
    pub instance: usize,
    pub tally: Arc<Tally>,
    /// Where it is noted what has reached the database.
    pub ledger: Arc<Ledger>,
    /// Where every load for readers is noted.
    pub loads: Arc<Loads>,
    /// For work behind the callers' backs.
    pub tasks: Tasks,
}

impl Parts {
    /// The coherence chosen, over the same stores, as the guards need it.
    fn coherence(&self, choice: &Choice) -> Result<Arc<dyn Coherence>, OptionsError> {
        self.guards.coherence(coherence::build(choice, self.of_coherence())?)
    }

    /// Over stores that hold nothing, with nothing at work behind them: to try whether something can be built.
    pub(crate) fn noop(guards: Guards) -> Parts {
        Parts {
            cache: Arc::new(NoopCache),
            database: Arc::new(NoopDatabase),
            guards,
            leaves_misses: false,
            fill_delay: None,
            prefix: String::new(),
            instance: 0,
            tally: Arc::default(),
            ledger: Arc::default(),
            loads: Arc::default(),
            tasks: Tasks::none(),
        }
    }

    /// What a coherence is built from.
    fn of_coherence(&self) -> coherence::Parts {
        coherence::Parts {
            cache: self.cache.clone(),
            database: self.database.clone(),
            instance: self.instance,
            tasks: self.tasks.clone(),
        }
    }
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

/// What the strategy chosen is to others.
///
/// # Errors
/// When it cannot be built: its options do not go together, which their schema cannot tell.
pub fn conduct(choice: &Choice) -> Result<Conduct, OptionsError> {
    Ok(choice.build(STRATEGIES, Parts::noop(Guards::none(None)))?.conduct())
}

/// Whether guards go together with a strategy.
///
/// # Errors
/// When they do not; the message says why.
pub fn check_guards(choice: &Choice, guards: Guards) -> Result<(), OptionsError> {
    if guards.is_empty() {
        return Ok(());
    }
    if !conduct(choice)?.can_be_guarded() {
        let text = "its reads cannot be guarded: there is no cache, or not the database alone fills it";
        return Err(OptionsError(text.into()));
    }
    choice.build(STRATEGIES, Parts::noop(guards)).map(drop)
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
        // The others are no business of a strategy's writes, and none comes here.
        _ => database.update(&operation.key, &operation.payload).await,
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
