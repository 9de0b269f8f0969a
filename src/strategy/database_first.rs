use std::sync::Arc;

use super::{Parts, write_row, written};
use crate::coherence::{Claim, Coherence, Offer};
use crate::measure::Loads;
use crate::mitigation::Guards;
use crate::model::{Operation, Outcome, StoreError};
use crate::store::Database;

/// The write path of strategies that commit to the database first and tell the cache afterwards.
pub struct DatabaseFirst {
    database: Arc<dyn Database>,
    coherence: Arc<dyn Coherence>,
    guards: Guards,
    loads: Arc<Loads>,
    cache: Promise,
}

/// What the acknowledgement of a write says about the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Nothing: the write is acknowledged once it is committed. That the cache could not be told is counted as an
    /// error of the cache, and readers may see the old row until its TTL.
    None,
    /// That it was told as well: else the write has failed for its caller, though the row is changed.
    Told,
}

impl DatabaseFirst {
    pub fn new(parts: &Parts, coherence: Arc<dyn Coherence>, cache: Promise) -> DatabaseFirst {
        let (database, guards, loads) = (parts.database.clone(), parts.guards.clone(), parts.loads.clone());
        DatabaseFirst { database, coherence, guards, loads, cache }
    }

    pub async fn write(&self, operation: &Operation) -> Outcome {
        let key = &operation.key;
        let claim = self.coherence.before_write(key).await;
        let version = match write_row(&*self.database, operation).await {
            Ok(version) => version,
            Err(error) => {
                if let Claim::Held(_) = claim {
                    self.coherence.release(key, claim).await;
                }
                return error.into();
            }
        };
        self.guards.committed(key);
        let row = version.map(|version| self.guards.stamp(key, written(operation, version)));
        let offer = row.as_ref().map(|(row, ttl)| Offer { row, ttl: *ttl, renews: false });
        let is_left = self.coherence.leaves_row() && offer.is_some_and(|offer| !offer.row.tombstone);
        match self.coherence.committed(key, offer, claim).await {
            Err(error) if self.cache == Promise::Told => return error.into(),
            Ok(()) if is_left => self.loads.entries().enter(key.id()),
            _ => {}
        }
        Outcome::Written { version }
    }

    /// Returns when nothing is left to tell the cache.
    pub async fn drain(&self) -> Result<(), StoreError> {
        self.coherence.drain().await;
        Ok(())
    }
}
