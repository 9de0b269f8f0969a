use std::sync::Arc;

use super::{Conduct, Leaves, Parts, WriteSide, write_row, written};
use crate::coherence::{Claim, Coherence, Offer};
use crate::model::{Operation, Outcome, StoreError};

/// The write path of strategies that commit to the database first and tell the cache afterwards.
pub struct DatabaseFirst {
    parts: Parts,
    coherence: Arc<dyn Coherence>,
    promise: Promise,
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
    pub fn new(parts: Parts, coherence: Arc<dyn Coherence>, promise: Promise) -> DatabaseFirst {
        DatabaseFirst { parts, coherence, promise }
    }
}

impl WriteSide for DatabaseFirst {
    fn conduct(&self) -> Conduct {
        let leaves = match (self.coherence.leaves_row(), self.coherence.keeps_entry()) {
            (true, _) => Leaves::Row,
            (false, true) => Leaves::OldEntry,
            (false, false) => Leaves::Nothing,
        };
        Conduct {
            caches: true,
            needs_cache: self.promise == Promise::Told,
            leaves,
            timed: self.coherence.is_timed(),
            ..Conduct::default()
        }
    }

    async fn write(&self, operation: &Operation) -> Outcome {
        let Parts { database, guards, loads, .. } = &self.parts;
        let key = &operation.key;
        let claim = self.coherence.before_write(key).await;
        let version = match write_row(&**database, operation).await {
            Ok(version) => version,
            Err(error) => {
                if let Claim::Held(_) = claim {
                    self.coherence.release(key, claim).await;
                }
                return error.into();
            }
        };
        guards.committed(key);
        let row = version.map(|version| guards.stamp(key, written(operation, version)));
        let offer = row.as_ref().map(|(row, ttl)| Offer { row, ttl: *ttl, renews: false });
        let is_left = self.coherence.leaves_row() && offer.is_some_and(|offer| !offer.row.tombstone);
        match self.coherence.committed(key, offer, claim).await {
            Err(error) if self.promise == Promise::Told => return error.into(),
            Ok(()) if is_left => loads.entries().enter(key.id()),
            _ => {}
        }
        Outcome::Written { version }
    }

    /// Returns when nothing is left to tell the cache.
    async fn drain(&self) -> Result<(), StoreError> {
        self.coherence.drain().await;
        Ok(())
    }
}
