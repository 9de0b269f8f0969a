use std::sync::Arc;

use super::{Inventory, Parts, done, from_row};
use crate::model::{BoxFuture, Key, Outcome, StoreError};
use crate::store::scripts::{Decrement, Decremented, decrement};
use crate::store::{Cache, Stock};

/// How the database takes a level that the cache has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Whatever it has itself.
    Any,
    /// If it is newer than its own, by its version.
    Newer,
}

/// A decrement that takes the units in the cache, and is acknowledged once the database has been told.
///
/// If the database cannot be told, the caller gets an error and the cache keeps the decrement: whether the units
/// are sold is in doubt.
pub struct CacheFirst {
    cache: Arc<dyn Cache>,
    stock: Arc<dyn Stock>,
    database: Takes,
}

impl CacheFirst {
    pub fn new(parts: Parts, database: Takes) -> CacheFirst {
        CacheFirst { cache: parts.cache, stock: parts.stock, database }
    }

    async fn take(&self, key: &Key, units: u32) -> Result<Outcome, StoreError> {
        match decrement(&*self.cache, Decrement { key, units, outbox: None }).await? {
            Decremented::Miss => from_row(&*self.stock, key, units).await,
            Decremented::Insufficient => Ok(Outcome::Decremented { left: None }),
            Decremented::Done(level) => {
                match self.database {
                    Takes::Any => self.stock.set_level(key, level.units.unsigned_abs()).await?,
                    Takes::Newer => self.stock.set_level_if_newer(key, level).await?,
                }
                Ok(done(level))
            }
        }
    }
}

impl Inventory for CacheFirst {
    fn decrement<'a>(&'a self, key: &'a Key, units: u32) -> BoxFuture<'a, Outcome> {
        Box::pin(async move { self.take(key, units).await.unwrap_or_else(Outcome::from) })
    }
}
