use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::lock::without_claims;
use super::{Loaded, Mitigation, Next, Parts, Request};
use crate::coherence::Coherence;
use crate::measure::{GuardEvent, Tally};
use crate::model::{BoxFuture, Failure, Time, Value};
use crate::registry::{self, Entry, OptionsError};
use crate::store::Cache;
use crate::store::scripts::{Claimed, HeldClaim, NewClaim, Tokens, claim, release};

pub const ENTRY: Entry<dyn Mitigation, Parts> = Entry {
    name: "article-lock",
    summary: "a lock as in the article: who does not get it waits once, looks once, and gives up",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let Parts { cache, instance, tally, .. } = parts;
        Ok(Box::new(ArticleLock { options, cache, tokens: Tokens::new(instance), tally }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// How long the lock lasts whose holder does not come back.
    ttl: Time,
    /// The one wait of those who do not get it.
    retry: Time,
}

impl Default for Options {
    fn default() -> Options {
        Options { ttl: Time(Duration::from_secs(5)), retry: Time(Duration::from_millis(50)) }
    }
}

/// What the lock is called beside the entry.
const KIND: &str = "article-lock";

/// The simplified listing: neither a second look under the lock, nor a fence, nor a fallback. Where it answers that
/// there is no row, and leaves it to the caller what to make of that, the caller here fails as one turned away.
struct ArticleLock {
    options: Options,
    cache: Arc<dyn Cache>,
    tokens: Tokens,
    tally: Arc<Tally>,
}

impl ArticleLock {
    async fn answer(&self, request: Request, next: Next) -> Loaded {
        if request.claim.is_none() {
            return next.load(request).await;
        }
        let (key, token) = (request.key, self.tokens.next());
        let step = NewClaim { key: &key, kind: KIND, token, ttl: self.options.ttl.0, or_entry: false };
        match claim(&*self.cache, step).await {
            Ok(Claimed::Won) => {
                self.tally.guard(GuardEvent::Acquired);
                let loaded = next.load(request).await;
                let held = HeldClaim { key: &key, kind: KIND, token };
                // One that could not be given back ends with its TTL.
                if let Ok(false) = release(&*self.cache, held, false).await {
                    self.tally.guard(GuardEvent::LostLock);
                }
                loaded
            }
            Ok(_) => {
                self.tally.guard(GuardEvent::Denied);
                self.retry(request, next).await
            }
            // The failure was counted where it happened; without the cache there is no lock.
            Err(_) => next.load(Request { claim: None, ..request }).await,
        }
    }

    /// Looks once more after a while.
    async fn retry(&self, request: Request, next: Next) -> Loaded {
        if request.is_early() || !request.awaited {
            return Loaded::AtHand;
        }
        let began = Instant::now();
        sleep(self.options.retry.0).await;
        self.tally.guard(GuardEvent::Polled);
        let found = self.cache.get(&request.key).await;
        self.tally.guard_wait(began.elapsed());
        match found.map(|raw| raw.and_then(|raw| Value::decode(raw).ok())) {
            Ok(Some(value)) => {
                self.tally.guard(GuardEvent::Joined);
                Loaded::Row(Some(value))
            }
            Ok(None) => {
                self.tally.guard(GuardEvent::GaveUp);
                self.tally.guard(GuardEvent::Shed);
                Loaded::Failed(Failure::Shed)
            }
            Err(_) => next.load(Request { claim: None, ..request }).await,
        }
    }
}

impl Mitigation for ArticleLock {
    fn decides(&self) -> bool {
        true
    }

    fn load(self: Arc<Self>, request: Request, next: Next) -> BoxFuture<'static, Loaded> {
        Box::pin(async move { self.answer(request, next).await })
    }

    fn coherence(&self, chosen: Arc<dyn Coherence>) -> Result<Arc<dyn Coherence>, OptionsError> {
        without_claims("article-lock", chosen)
    }
}
