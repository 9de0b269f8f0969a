mod notices;
mod options;
mod waiting;

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::pace::Pace;
use super::{Expiry, Lifetime, Loaded, Mitigation, Next, Parts, Request, detached};
use crate::coherence::Coherence;
use crate::measure::{GuardEvent, theory};
use crate::model::{BoxFuture, Key, StoreError, Value};
use crate::registry::{self, Entry, OptionsError};
use crate::store::scripts::{Claimed, HeldClaim, NewClaim, Token, Tokens, announce, claim, free, release};
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
    tokens: Tokens,
    pace: Pace,
    notices: Notices,
    parts: Parts,
}

impl Lock {
    fn new(options: Options, parts: Parts) -> Lock {
        let channel = format!("{}loaded", parts.prefix);
        let notices = Notices::new(parts.cache.clone(), channel, parts.tasks.clone());
        let (tokens, pace) = (Tokens::new(parts.instance), Pace::new(parts.seed, parts.instance));
        Lock { options, tokens, pace, notices, parts }
    }

    /// Asks for the lock, or the entry where that is all that is wanted.
    async fn claim(&self, key: &Key, or_entry: bool) -> Result<(Claimed, Token), StoreError> {
        let token = self.tokens.next();
        let step = NewClaim { key, kind: KIND, token, ttl: self.options.ttl.0, or_entry };
        let claimed = claim(&*self.parts.cache, step).await?;
        if claimed == Claimed::Won {
            self.parts.tally.guard(GuardEvent::Acquired);
        }
        Ok((claimed, token))
    }

    async fn answer(self: &Arc<Self>, request: Request, next: Next) -> Loaded {
        if request.claim.is_none() {
            return next.load(request).await;
        }
        match self.claim(&request.key, false).await {
            Ok((Claimed::Won, token)) => self.load_holding(token, request, next).await,
            Ok(_) => {
                self.parts.tally.guard(GuardEvent::Denied);
                self.denied(request, next).await
            }
            // The failure was counted where it happened; without the cache there is no lock.
            Err(_) => next.load(Request { claim: None, ..request }).await,
        }
    }

    /// Loads under the lock, whether or not the caller goes on waiting for it.
    async fn load_holding(self: &Arc<Self>, token: Token, request: Request, next: Next) -> Loaded {
        let lock = self.clone();
        detached(&self.parts.background, async move { lock.load_and_release(token, request, next).await })
            .await
    }

    /// Loads, unless another did since the reader looked, and gives the lock back.
    async fn load_and_release(&self, token: Token, mut request: Request, next: Next) -> Loaded {
        let key = request.key;
        let found = self.parts.cache.get(&key).await;
        if let Some(value) = found.ok().flatten().and_then(|raw| self.answer_to(&request, raw)) {
            self.release(&key, token).await;
            self.parts.tally.guard(GuardEvent::Joined);
            return Loaded::Row(Some(value));
        }
        request.fenced |= self.options.fenced;
        let began = Instant::now();
        let loaded = next.load(request).await;
        self.pace.note(began.elapsed());
        self.release(&key, token).await;
        loaded
    }

    /// The entry, if it serves the caller.
    fn answer_to(&self, request: &Request, raw: Bytes) -> Option<Value> {
        Value::decode(raw).ok().filter(|found| request.is_answered_by(found, self.parts.clock.now_us()))
    }

    async fn release(&self, key: &Key, token: Token) {
        let (cache, held) = (&*self.parts.cache, HeldClaim { key, kind: KIND, token });
        let released = match (self.options.release, self.options.waiters) {
            (Release::Delete, _) => free(cache, key, KIND).await,
            (_, Waiters::Notify) => announce(cache, held, self.notices.channel()).await,
            (..) => release(cache, held, false).await,
        };
        // One that could not be given back ends with its TTL.
        if matches!(released, Ok(false)) {
            self.parts.tally.guard(GuardEvent::LostLock);
        }
    }

    async fn denied(self: &Arc<Self>, mut request: Request, next: Next) -> Loaded {
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

impl Mitigation for Lock {
    fn decides(&self) -> bool {
        true
    }

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
        // A plain delete releases the lock of the next one too.
        (all_wait && self.options.release != Release::Delete)
            .then(|| theory::loads_per_expiry_lock(expiry.load_s, ttl.0.as_secs_f64()))
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
