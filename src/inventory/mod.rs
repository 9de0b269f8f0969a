//! Inventory: how a decrement of the stock gets from the cache into the database.
//!
//! Every variant checks and takes the units in the cache, by one script; they differ in what they tell the database.

mod cache_first;
mod conditional;
mod outbox;
mod set_level;

use std::sync::Arc;

use cache_first::{CacheFirst, Takes};

use crate::measure::Tally;
use crate::model::{BoxFuture, Key, Outcome, StockLevel, StoreError};
use crate::registry::Entry;
use crate::store::{Cache, Stock, Tasks};

/// Takes units from the stock of rows, as one service instance does it.
///
/// An implementer answers with an [`Outcome`] whatever happens, may be called by many clients at once, and
/// must bear that a call is dropped at any await: the caller's time was up.
pub trait Inventory: Send + Sync {
    /// Takes `units` from the stock of a row, if that many are left; answers [`Outcome::Decremented`].
    fn decrement<'a>(&'a self, key: &'a Key, units: u32) -> BoxFuture<'a, Outcome>;

    /// Returns when every acknowledged decrement is in the database.
    ///
    /// # Errors
    /// When a store fails; what is not in the database then, may be lost.
    fn drain<'a>(&'a self) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What an inventory is built from: the stores as its service instance is connected to them.
#[derive(Clone)]
pub struct Parts {
    pub cache: Arc<dyn Cache>,
    pub stock: Arc<dyn Stock>,
    /// In front of every name in the cache.
    pub prefix: String,
    /// The number of the service instance, from 0.
    pub instance: usize,
    pub tally: Arc<Tally>,
    /// For work behind the callers' backs.
    pub tasks: Tasks,
}

/// Every inventory.
pub static INVENTORIES: &[Entry<dyn Inventory, Parts>] =
    &[set_level::ENTRY, conditional::ENTRY, outbox::ENTRY];

/// What the caller of a decrement gets to know.
fn done(level: StockLevel) -> Outcome {
    Outcome::Decremented { left: Some(level.units.max(0).unsigned_abs()) }
}

/// Takes units from the row in the database, under its lock: the way of a row whose stock the cache does not have.
async fn from_row(stock: &dyn Stock, key: &Key, units: u32) -> Result<Outcome, StoreError> {
    Ok(Outcome::Decremented { left: stock.decrement(key, units).await? })
}
