//! Coherence: what becomes of the cached entry of a row when the row is written.
//!
//! A reader that loads a row, is overtaken by a writer, and fills the cache with what it loaded leaves an old entry
//! behind. Each variant closes that gap, or leaves it open, in a way of its own.

mod check_after_set;
mod claims;
mod compare_and_set;
mod delete;
mod double_delete;
mod keep;
mod lease;
mod pauses;
mod populate_lock;
mod update;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use claims::Claims;
pub(crate) use pauses::Pauses;

use crate::model::{BoxFuture, Event, Key, Value};
use crate::registry::{self, Choice, Entry, OptionsError};
use crate::store::scripts::Token;
use crate::store::{Answer, Cache, Database, Tasks};

/// How the entries of written rows are kept coherent with the database, as one service instance does it.
///
/// A read looks up, and after a miss either fills or lets go of what it claimed. A write announces itself, and then
/// either tells what it committed or lets go too. Any of these calls may be dropped at any await; what is left in the
/// cache then must end by its own TTL.
pub trait Coherence: Send + Sync {
    /// What it was built from.
    fn parts(&self) -> &Parts;

    /// The entry of a row, or what its reader may do about a miss.
    fn look_up<'a>(&'a self, key: &'a Key) -> Answer<'a, LookUp> {
        Box::pin(async move { Ok(LookUp::found(self.parts().cache.get(key).await?)) })
    }

    /// As [`Coherence::look_up`], for several keys in their order.
    fn look_up_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<LookUp>> {
        Box::pin(async move {
            let entries = self.parts().cache.get_many(keys).await?;
            Ok(entries.into_iter().map(LookUp::found).collect())
        })
    }

    /// The claim to replace an entry that is there; nothing where none is needed.
    fn renew<'a>(&'a self, _: &'a Key) -> Answer<'a, Claim> {
        Box::pin(std::future::ready(Ok(Claim::None)))
    }

    /// Offers a loaded row to the cache.
    fn fill<'a>(&'a self, key: &'a Key, offer: Offer<'a>, _: Claim) -> Answer<'a, Filled> {
        Box::pin(async move {
            self.parts().cache.set(key, offer.row.encode(), offer.ttl).await?;
            Ok(Filled::Stored)
        })
    }

    /// Gives back a claim that came to nothing: the load failed or found no row, or the write failed.
    fn release<'a>(&'a self, _: &'a Key, _: Claim) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Announces a write. A cache that fails is no reason to fail it, so there is nothing to answer but the claim.
    fn before_write<'a>(&'a self, _: &'a Key) -> BoxFuture<'a, Claim> {
        Box::pin(std::future::ready(Claim::None))
    }

    /// Tells the cache of a commit: the row as written, a tombstone, or nothing if there was no such row.
    fn committed<'a>(&'a self, key: &'a Key, row: Option<Offer<'a>>, claim: Claim) -> Answer<'a, ()>;

    /// Takes out what a write of somebody else makes old; answers how many entries it touched.
    fn invalidated<'a>(&'a self, key: &'a Key, _: Event) -> Answer<'a, u64> {
        Box::pin(async move { self.committed(key, None, Claim::None).await.map(|()| 1) })
    }

    /// Whether its fills hold back older rows by themselves.
    fn checks_fills(&self) -> bool {
        self.claims()
    }

    /// Whether a written row is in the cache afterwards.
    fn leaves_row(&self) -> bool {
        false
    }

    /// Whether a write leaves the entry as it was.
    fn keeps_entry(&self) -> bool {
        false
    }

    /// Whether readers claim what they are to fill, and others are denied it meanwhile.
    fn claims(&self) -> bool {
        false
    }

    /// Whether a write deletes the entry, and whatever claim there is on it, and does nothing else.
    fn deletes(&self) -> bool {
        false
    }

    /// Whether it does things after a time.
    fn is_timed(&self) -> bool {
        false
    }

    /// Returns when nothing that was put off is left to do.
    fn drain<'a>(&'a self) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// What a coherence is built from: the stores as its service instance is connected to them.
#[derive(Clone)]
pub struct Parts {
    pub cache: Arc<dyn Cache>,
    pub database: Arc<dyn Database>,
    /// The number of the service instance, from 0.
    pub instance: usize,
    /// For work behind the callers' backs.
    pub tasks: Tasks,
}

/// A row for the cache.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    pub row: &'a Value,
    /// How long its entry lives; without it, until it is evicted or deleted.
    pub ttl: Option<Duration>,
    /// Whether it may take the place of an entry of its own version, whose time it renews.
    pub renews: bool,
}

/// What a reader found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookUp {
    Hit(Bytes),
    Miss(Claim),
}

impl LookUp {
    /// An entry that anyone may fill if it is not there.
    fn found(entry: Option<Bytes>) -> LookUp {
        entry.map_or(LookUp::Miss(Claim::None), LookUp::Hit)
    }
}

/// What a reader that missed, or a writer that announced itself, holds until it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nothing, and nothing is needed.
    None,
    /// A lock or a lease that the cache knows by this token.
    Held(Token),
    /// Another holds it: this caller must not fill.
    Denied,
}

/// What came of a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    Stored,
    /// The cache refused the row, or it was taken out again: it was no longer known to be the newest.
    Rejected,
}

impl Filled {
    /// Of a fill that the cache took or refused.
    pub(crate) fn of(stored: bool) -> Filled {
        if stored { Filled::Stored } else { Filled::Rejected }
    }
}

/// Every coherence.
pub static COHERENCES: &[Entry<dyn Coherence, Parts>] = &[
    delete::ENTRY,
    update::ENTRY,
    keep::ENTRY,
    compare_and_set::ENTRY,
    populate_lock::ENTRY,
    double_delete::ENTRY,
    lease::ENTRY,
    check_after_set::ENTRY,
];

/// Builds the coherence chosen, to be shared by the reads and the writes of a strategy.
///
/// # Errors
/// When the name or an option is unknown.
pub(crate) fn build(choice: &Choice, parts: Parts) -> Result<Arc<dyn Coherence>, OptionsError> {
    let refused = |OptionsError(error)| OptionsError(format!("coherence: {error}"));
    choice.build(COHERENCES, parts).map(Arc::from).map_err(refused)
}

/// The schema of a choice among [`COHERENCES`].
pub(crate) fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    registry::choice_schema(COHERENCES, generator)
}
