use std::sync::Arc;
use std::time::Duration;

use super::Parts;
use crate::coherence::{Claim, Coherence, Filled};
use crate::measure::{Ledger, Tally};
use crate::model::{Key, StoreError, Value};
use crate::store::{Cache, Tasks};

/// How a loaded row gets into the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// The caller waits for it; the coherence decides.
    Wait,
    /// The caller has its row already; the fill follows on its own. The coherence decides.
    Behind,
    /// The caller waits for it; it yields to an entry that came meanwhile. For strategies whose cache
    /// may be ahead of the database.
    Add,
}

/// Puts loaded rows into the cache.
pub struct Filler {
    how: Fill,
    /// A pause in front of every fill, which widens the gap between the load and the fill on purpose.
    delay: Option<Duration>,
    cache: Arc<dyn Cache>,
    ttl: Option<Duration>,
    coherence: Arc<dyn Coherence>,
    tally: Arc<Tally>,
    ledger: Arc<Ledger>,
    tasks: Tasks,
}

impl Filler {
    pub fn new(parts: &Parts, coherence: Arc<dyn Coherence>, how: Fill) -> Arc<Filler> {
        Arc::new(Filler {
            how,
            delay: parts.fill_delay,
            cache: parts.cache.clone(),
            ttl: parts.ttl,
            coherence,
            tally: parts.tally.clone(),
            ledger: parts.ledger.clone(),
            tasks: parts.tasks.clone(),
        })
    }

    /// Offers a row to the cache, unless another caller is about to.
    pub async fn fill(self: &Arc<Filler>, key: &Key, value: &Value, claim: Claim) {
        if claim == Claim::Denied {
            self.tally.denied_fill();
        } else if self.how == Fill::Behind {
            let (filler, key, value) = (self.clone(), *key, value.clone());
            self.tasks.spawn(async move { filler.offer(&key, &value, claim).await });
        } else {
            self.offer(key, value, claim).await;
        }
    }

    /// A fill that fails is counted where it failed; the caller has its row all the same.
    async fn offer(&self, key: &Key, value: &Value, claim: Claim) {
        if let Some(delay) = self.delay {
            tokio::time::sleep(delay).await;
        }
        // A version that had been superseded when the fill was sent; a write in flight is only concurrent.
        let newest = self.ledger.newest(key.id());
        let filled = match self.how {
            Fill::Add => self.add(key, value).await,
            Fill::Wait | Fill::Behind => self.coherence.fill(key, value, claim).await,
        };
        // The one place where the outcome of every fill is known.
        if let Ok(filled) = filled {
            self.tally.fill(filled == Filled::Stored);
            if filled == Filled::Stored && value.version < newest {
                self.tally.stale_set();
            }
        }
    }

    async fn add(&self, key: &Key, value: &Value) -> Result<Filled, StoreError> {
        let added = self.cache.add(key, value.encode(), self.ttl).await?;
        Ok(if added { Filled::Stored } else { Filled::Rejected })
    }
}
