use std::sync::Arc;

use super::{Parts, written};
use crate::measure::{Loads, Tally};
use crate::mitigation::Guards;
use crate::model::{Kind, Operation, Outcome, StoreError};
use crate::store::Cache;

/// The version of a row that nobody has written since it was seeded.
const SEEDED: u64 = 1;

/// What goes into the cache and out of it as a recording has it, past the strategy: fills and invalidations.
///
/// A fill is the row as it was seeded, so it belongs to a replay that writes no rows.
pub struct Entries {
    cache: Arc<dyn Cache>,
    guards: Guards,
    tally: Arc<Tally>,
    loads: Arc<Loads>,
}

impl Entries {
    pub fn new(parts: &Parts) -> Entries {
        Entries {
            cache: parts.cache.clone(),
            guards: parts.guards.clone(),
            tally: parts.tally.clone(),
            loads: parts.loads.clone(),
        }
    }

    /// Puts a row in or takes one out; answers [`Outcome::Told`].
    pub async fn tell(&self, operation: &Operation) -> Outcome {
        let told = match operation.kind {
            Kind::Fill => self.fill(operation).await,
            _ => self.cache.delete(&operation.key).await.map(|deleted| Outcome::Told { done: deleted }),
        };
        told.unwrap_or_else(Outcome::from)
    }

    async fn fill(&self, operation: &Operation) -> Result<Outcome, StoreError> {
        let key = &operation.key;
        let (row, ttl) = self.guards.stamp(key, written(operation, SEEDED));
        self.cache.set(key, row.encode(), ttl).await?;
        self.tally.fill(true);
        self.loads.entries().enter(key.id());
        Ok(Outcome::Told { done: true })
    }
}
