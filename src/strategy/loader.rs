use std::sync::Arc;

use futures_util::future::join_all;

use super::{Filler, Parts};
use crate::coherence::{Claim, Coherence};
use crate::measure::Load;
use crate::mitigation::{Loaded, Need, Request, Source};
use crate::model::{BoxFuture, Failure, Key, Value};

/// The database behind all guards: loads rows and puts them into the cache.
pub struct Loader {
    parts: Parts,
    coherence: Arc<dyn Coherence>,
    filler: Arc<Filler>,
}

impl Loader {
    pub fn new(parts: Parts, coherence: Arc<dyn Coherence>, filler: Arc<Filler>) -> Loader {
        Loader { parts, coherence, filler }
    }

    async fn answer(&self, mut request: Request) -> Loaded {
        request.claim = self.claim(&request).await;
        if request.claim == Some(Claim::Denied) && request.need() == Need::Nothing {
            return Loaded::AtHand;
        }
        let load = self.begin(&request);
        match self.parts.database.load(&request.key).await {
            Ok(row) => {
                self.keep(&request, row.as_ref(), load).await;
                Loaded::Row(row)
            }
            Err(error) => {
                self.let_go(&request).await;
                Loaded::Failed(error.failure)
            }
        }
    }

    /// Loads several rows by one statement; the fills go out together.
    pub async fn load_many(&self, requests: &[Request]) -> Result<Vec<Option<Value>>, Failure> {
        let keys: Vec<Key> = requests.iter().map(|request| request.key).collect();
        let loads: Vec<Load> = requests.iter().map(|request| self.begin(request)).collect();
        match self.parts.database.load_many(&keys).await {
            Ok(rows) => {
                let kept = requests.iter().zip(&rows).zip(loads);
                join_all(kept.map(|((request, row), load)| self.keep(request, row.as_ref(), load))).await;
                Ok(rows)
            }
            Err(error) => {
                join_all(requests.iter().map(|request| self.let_go(request))).await;
                Err(error.failure)
            }
        }
    }

    fn begin(&self, request: &Request) -> Load {
        self.parts.loads.begin(request.key.id(), request.looked_up, request.cause)
    }

    /// What the cache may be filled with; an entry that is there has to be claimed anew.
    async fn claim(&self, request: &Request) -> Option<Claim> {
        match request.claim {
            // A failure was counted where it happened, and the cache is left alone.
            Some(Claim::None) if request.at_hand.is_some() => self.coherence.renew(&request.key).await.ok(),
            claim => claim,
        }
    }

    /// Fills with what was loaded, or lets go of what was claimed for it.
    async fn keep(&self, request: &Request, row: Option<&Value>, mut load: Load) {
        load.loaded();
        let value = match row {
            _ if !self.filler.fills() => {
                load.offered(false);
                return self.let_go(request).await;
            }
            Some(value) if !value.tombstone || self.parts.guards.keep_absent() => value.clone(),
            None if self.parts.guards.keep_absent() => Value { tombstone: true, ..Value::default() },
            _ => {
                load.offered(false);
                return self.forget(request).await;
            }
        };
        self.filler.fill(request, value, load).await;
    }

    /// There is no row any more: an entry that is still kept must not be served, nor refreshed again and again.
    async fn forget(&self, request: &Request) {
        if request.at_hand.is_some() && request.claim.is_some() {
            // A failure was counted where it happened; the entry ends with its TTL.
            let _ = self.parts.cache.delete(&request.key).await;
        }
        self.let_go(request).await;
    }

    /// There is nothing to fill with.
    async fn let_go(&self, request: &Request) {
        if let Some(claim @ Claim::Held(_)) = request.claim {
            self.coherence.release(&request.key, claim).await;
        }
    }
}

impl Source for Loader {
    fn load(self: Arc<Self>, request: Request) -> BoxFuture<'static, Loaded> {
        Box::pin(async move { self.answer(request).await })
    }
}
