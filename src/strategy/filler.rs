use std::sync::Arc;
use std::time::Duration;

use super::Parts;
use crate::coherence::{Claim, Coherence, Filled, Offer};
use crate::measure::{Ledger, Load, Tally};
use crate::mitigation::{Guards, Request};
use crate::model::{Key, StoreError, Value};
use crate::store::scripts::compare_and_set;
use crate::store::{Background, Cache};

/// How a loaded row gets into the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// The caller waits for it; the coherence decides.
    Wait,
    /// The caller has its row already; the fill follows on its own, unless a guard stands in front: what it holds while a
    /// row is loaded, it must not give back before the fill. The coherence decides.
    Behind,
    /// The caller waits for it; it yields to an entry that came meanwhile. For strategies whose cache
    /// may be ahead of the database.
    Add,
    /// It does not: others put rows into the cache.
    Never,
}

/// Puts loaded rows into the cache.
pub struct Filler {
    how: Fill,
    /// A pause in front of every fill, which widens the gap between the load and the fill on purpose.
    delay: Option<Duration>,
    cache: Arc<dyn Cache>,
    guards: Guards,
    coherence: Arc<dyn Coherence>,
    tally: Arc<Tally>,
    ledger: Arc<Ledger>,
    background: Background,
}

impl Filler {
    pub fn new(
        parts: &Parts,
        coherence: Arc<dyn Coherence>,
        how: Fill,
        background: Background,
    ) -> Arc<Filler> {
        Arc::new(Filler {
            how,
            delay: parts.fill_delay,
            cache: parts.cache.clone(),
            guards: parts.guards.clone(),
            coherence,
            tally: parts.tally.clone(),
            ledger: parts.ledger.clone(),
            background,
        })
    }

    /// Whether loaded rows are put into the cache at all.
    pub fn fills(&self) -> bool {
        self.how != Fill::Never
    }

    /// Offers a loaded row to the cache, unless another caller is about to or the cache is to be left alone.
    pub async fn fill(self: &Arc<Filler>, request: &Request, value: Value, load: Load) {
        let Some(claim) = request.claim else { return load.offered(false) };
        let fill =
            Offered { key: request.key, claim, fenced: request.fenced, renews: request.at_hand.is_some() };
        if claim == Claim::Denied {
            self.tally.denied_fill();
            load.offered(false);
        } else if self.how == Fill::Behind && self.guards.is_empty() {
            let filler = self.clone();
            self.background.spawn(async move { filler.offer(fill, value, load).await });
        } else {
            self.offer(fill, value, load).await;
        }
    }

    /// A fill that fails is counted where it failed; the caller has its row all the same.
    async fn offer(&self, fill: Offered, value: Value, load: Load) {
        let Offered { key, claim, fenced, renews } = fill;
        if let Some(delay) = self.delay {
            tokio::time::sleep(delay).await;
        }
        // A version that had been superseded when the fill was sent; a write in flight is only concurrent.
        let newest = self.ledger.newest(key.id());
        let (row, ttl) = self.guards.stamp(&key, value);
        let offer = Offer { row: &row, ttl, renews };
        let filled = match self.how {
            Fill::Add => self.add(&key, offer).await,
            Fill::Never => Ok(Filled::Rejected),
            Fill::Wait | Fill::Behind if fenced && !self.coherence.checks_fills() => {
                self.replace(&key, offer).await
            }
            Fill::Wait | Fill::Behind => self.coherence.fill(&key, offer, claim).await,
        };
        // The one place where the outcome of every fill is known.
        load.offered(matches!(filled, Ok(Filled::Stored)));
        if let Ok(filled) = filled {
            self.tally.fill(filled == Filled::Stored);
            if filled == Filled::Stored && row.version < newest {
                self.tally.stale_set();
            }
        }
    }

    async fn add(&self, key: &Key, offer: Offer<'_>) -> Result<Filled, StoreError> {
        Ok(stored(self.cache.add(key, offer.row.encode(), offer.ttl).await?))
    }

    async fn replace(&self, key: &Key, offer: Offer<'_>) -> Result<Filled, StoreError> {
        Ok(stored(compare_and_set(&*self.cache, key, offer.row.encode(), offer.ttl, true).await?))
    }
}

/// How a loaded row is to be offered to the cache.
struct Offered {
    key: Key,
    claim: Claim,
    /// Whether it yields to a newer version.
    fenced: bool,
    /// Whether it takes the place of an entry that was found.
    renews: bool,
}

fn stored(stored: bool) -> Filled {
    if stored { Filled::Stored } else { Filled::Rejected }
}
