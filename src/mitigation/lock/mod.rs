mod notices;
mod options;
mod waiting;

use std::sync::Arc;

use tokio::time::Instant;

use super::pace::Pace;
use super::{Expiry, Lifetime, Loaded, Mitigation, Next, Parts, Request};
use crate::coherence::Coherence;
use crate::measure::{GuardEvent, Tally, theory};
use crate::model::{BoxFuture, Key, StoreError, Value, unix_us};
use crate::registry::{self, Entry, OptionsError};
use crate::store::Cache;
use crate::store::scripts::{Claim, Claimed, Token, Tokens, announce, claim, free, release};
use notices::Notices;
use options::{Options, Release, Waiters};

pub const ENTRY: Entry<dyn Mitigation, Parts> = Entry {
    name: "lock",
    summary: "one load of a row at a time over all instances, under a lock in the cache; others wait for its entry",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        options.check(parts.ttl)?;
        Ok(Box::new(Lock::new(options, parts)))
    },
};

/// What the lock is called beside the entry.
const KIND: &str = "load-lock";

/// A lock on each row that is being loaded, for efficiency only: where it fails, a row is loaded more than once.
struct Lock {
    options: Options,
    cache: Arc<dyn Cache>,
    tokens: Tokens,
    pace: Pace,
    notices: Notices,
    tally: Arc<Tally>,
}

impl Lock {
    fn new(options: Options, parts: Parts) -> Lock {
        let Parts { cache, prefix, seed, instance, tally, tasks, .. } = parts;
        let notices = Notices::new(cache.clone(), format!("{prefix}loaded"), tasks);
        let (tokens, pace) = (Tokens::new(instance), Pace::new(seed, instance));
        Lock { options, cache, tokens, pace, notices, tally }
    }

    /// Asks for the lock, or the entry where that is all that is wanted.
    async fn claim(&self, key: &Key, or_entry: bool) -> Result<(Claimed, Token), StoreError> {
        let token = self.tokens.next();
        let step = Claim { key, kind: KIND, token, ttl: self.options.ttl.0, or_entry };
        let claimed = claim(&*self.cache, step).await?;
        if claimed == Claimed::Won {
            self.tally.guard(GuardEvent::Acquired);
        }
        Ok((claimed, token))
    }

    async fn answer(&self, request: Request, next: Next) -> Loaded {
        if request.claim.is_none() {
            return next.load(request).await;
        }
        match self.claim(&request.key, false).await {
            Ok((Claimed::Won, token)) => self.load_holding(token, request, next).await,
            Ok(_) => {
                self.tally.guard(GuardEvent::Denied);
                self.denied(request, next).await
            }
            // The failure was counted where it happened; without the cache there is no lock.
            Err(_) => next.load(Request { claim: None, ..request }).await,
        }
    }

    /// Loads under the lock, unless another did since the reader looked.
    async fn load_holding(&self, token: Token, mut request: Request, next: Next) -> Loaded {
        let key = request.key;
        let found = self.cache.get(&key).await;
        if let Some(value) = found.ok().flatten().and_then(|raw| newer(raw, request.at_hand.as_ref())) {
            self.release(&key, token).await;
            self.tally.guard(GuardEvent::Joined);
            return Loaded::Row(Some(value));
        }
        request.fenced |= self.options.fenced;
        let began = Instant::now();
        let loaded = next.load(request).await;
        self.pace.note(began.elapsed());
        self.release(&key, token).await;
        loaded
    }

    async fn release(&self, key: &Key, token: Token) {
        let cache = &*self.cache;
        let released = match (self.options.release, self.options.waiters) {
            (Release::Delete, _) => free(cache, key, KIND).await,
            (_, Waiters::Notify) => announce(cache, key, KIND, token, self.notices.channel()).await,
            (..) => release(cache, key, KIND, token, false).await,
        };
        // One that could not be given back ends with its TTL.
        if matches!(released, Ok(false)) {
            self.tally.guard(GuardEvent::LostLock);
        }
    }

    async fn denied(&self, mut request: Request, next: Next) -> Loaded {
        if request.is_early() || !request.awaited {
            return Loaded::AtHand;
        }
        match self.options.waiters {
            Waiters::Stale if request.at_hand.is_some() => Loaded::AtHand,
            Waiters::Database => {
                request.fenced |= self.options.fenced;
                next.load(request).await
            }
            Waiters::Poll | Waiters::Notify | Waiters::Stale => self.wait(request, next).await,
        }
    }
}

/// An entry, if it was loaded after what is at hand, and is fresh.
fn newer(raw: bytes::Bytes, at_hand: Option<&Value>) -> Option<Value> {
    let newer = |found: &Value| match at_hand {
        Some(old) => found.expires_at_us > old.expires_at_us,
        None => found.expires_at_us == 0 || found.expires_at_us > unix_us(),
    };
    Value::decode(raw).ok().filter(newer)
}

impl Mitigation for Lock {
    fn lifetime(&self, _: &Value, life: &mut Lifetime) {
        let stale = self.options.keep_stale.0;
        life.stale += stale;
        life.stamped |= !stale.is_zero();
    }

    fn load(self: Arc<Self>, request: Request, next: Next) -> BoxFuture<'static, Loaded> {
        Box::pin(async move { self.answer(request, next).await })
    }

    fn coherence(&self, chosen: Arc<dyn Coherence>) -> Result<Arc<dyn Coherence>, OptionsError> {
        without_claims("lock", chosen)
    }

    fn loads_per_expiry(&self, expiry: &Expiry) -> Option<f64> {
        let Options { ttl, waiters, wait, .. } = &self.options;
        let all_wait =
            matches!(waiters, Waiters::Poll | Waiters::Notify) && wait.0.as_secs_f64() > expiry.load_s;
        all_wait.then(|| theory::loads_per_expiry_lock(expiry.load_s, ttl.0.as_secs_f64()))
    }
}

/// A coherence whose readers claim nothing themselves.
///
/// # Errors
/// When they do: who has the guard's lock could then be refused the fill, and who has the claim wait for the lock.
pub(super) fn without_claims(
    guard: &str,
    chosen: Arc<dyn Coherence>,
) -> Result<Arc<dyn Coherence>, OptionsError> {
    if chosen.claims() {
        return Err(OptionsError(format!(
            "under {guard} one reader at a time loads, but this coherence has readers claim the entry before that, \
             and whoever holds the one may wait for the other: use `delete` or `compare-and-set`"
        )));
    }
    Ok(chosen)
}
