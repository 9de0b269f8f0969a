use std::sync::Arc;

use super::Parts;
use crate::coherence::{Claim, Coherence, Filled, Offer};
use crate::measure::Load;
use crate::mitigation::Request;
use crate::model::Value;
use crate::store::Background;
use crate::store::scripts::compare_and_set;

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
}

/// Puts loaded rows into the cache.
pub struct Filler {
    parts: Parts,
    coherence: Arc<dyn Coherence>,
    how: Fill,
    background: Background,
}

impl Filler {
    pub fn new(parts: Parts, coherence: Arc<dyn Coherence>, how: Fill, background: Background) -> Filler {
        Filler { parts, coherence, how, background }
    }

    /// Whether loaded rows are put into the cache at all.
    pub fn fills(&self) -> bool {
        !self.parts.leaves_misses
    }

    /// Offers a loaded row to the cache, unless another caller is about to or the cache is to be left alone.
    pub async fn fill(self: &Arc<Filler>, request: &Request, value: Value, load: Load) {
        match request.claim {
            None => load.offered(false),
            Some(Claim::Denied) => {
                self.parts.tally.denied_fill();
                load.offered(false);
            }
            Some(claim) if self.how == Fill::Behind && self.parts.guards.is_empty() => {
                let (filler, request) = (self.clone(), request.clone());
                self.background.spawn(async move { filler.offer(&request, claim, value, load).await });
            }
            Some(claim) => self.offer(request, claim, value, load).await,
        }
    }

    /// A fill that fails is counted where it failed; the caller has its row all the same.
    async fn offer(&self, request: &Request, claim: Claim, value: Value, load: Load) {
        let Parts { cache, guards, tally, ledger, fill_delay, .. } = &self.parts;
        let key = &request.key;
        if let Some(delay) = fill_delay {
            tokio::time::sleep(*delay).await;
        }
        // A version that had been superseded when the fill was sent; a write in flight is only concurrent.
        let newest = ledger.newest(key.id());
        let (row, ttl) = guards.stamp(key, value);
        let filled = match self.how {
            Fill::Add => cache.add(key, row.encode(), ttl).await.map(Filled::of),
            Fill::Wait | Fill::Behind if request.fenced && !self.coherence.checks_fills() => {
                compare_and_set(&**cache, key, row.encode(), ttl, true).await.map(Filled::of)
            }
            Fill::Wait | Fill::Behind => {
                let offer = Offer { row: &row, ttl, renews: request.at_hand.is_some() };
                self.coherence.fill(key, offer, claim).await
            }
        };
        // The one place where the outcome of every fill is known.
        load.offered(matches!(filled, Ok(Filled::Stored)));
        if let Ok(filled) = filled {
            tally.fill(filled == Filled::Stored);
            if filled == Filled::Stored && row.version < newest {
                tally.stale_set();
            }
        }
    }
}
