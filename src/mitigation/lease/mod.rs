mod coherence;
mod options;

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use super::pace::Pace;
use super::{Expiry, Loaded, Mitigation, Next, Parts, Request, detached};
use crate::coherence::{Claim, Coherence};
use crate::measure::GuardEvent;
use crate::model::{BoxFuture, StoreError, Value};
use crate::registry::{self, Entry, OptionsError};
use crate::store::scripts::{Lease, Leased, Token, Tokens, lease_get};
use coherence::Leases;
use options::{Mode, Options};

pub const ENTRY: Entry<dyn Mitigation, Parts> = Entry {
    name: "lease",
    summary: "a miss comes with a token to load and fill, which is given out now and then only; others wait a little",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        options.check(parts.ttl)?;
        let (tokens, pace) = (Tokens::new(parts.instance), Pace::new(parts.seed, parts.instance));
        Ok(Box::new(LeaseGuard { options, tokens, pace, parts }))
    },
};

/// The leases of Facebook's memcache (NSDI 2013, 3.2.1), against old rows and against stampedes.
///
/// If the cache evicts a token, its holder's fill is refused; if it evicts a throttle, another token is given out.
struct LeaseGuard {
    options: Options,
    tokens: Tokens,
    pace: Pace,
    parts: Parts,
}

impl LeaseGuard {
    async fn ask(&self, request: &Request) -> Result<(Leased, Token), StoreError> {
        let token = self.tokens.next();
        let Options { ttl, throttle, .. } = &self.options;
        let or_entry = request.at_hand.is_none();
        if !or_entry
            && let Some(raw) = self.parts.cache.get(&request.key).await?
            && decoded(raw.clone())
                .is_some_and(|found| request.is_answered_by(&found, self.parts.clock.now_us()))
        {
            return Ok((Leased::Entry(raw), token));
        }
        let lease = Lease { key: &request.key, token, ttl: ttl.0, throttle: throttle.0, or_entry };
        Ok((lease_get(&*self.parts.cache, lease).await?, token))
    }

    async fn answer(&self, mut request: Request, next: Next) -> Loaded {
        if request.claim.is_none() {
            return next.load(request).await;
        }
        let began = Instant::now();
        let until = began + self.options.wait.0;
        let (mut pauses, mut denied) = (self.pace.pauses(), false);
        loop {
            let asked = self.ask(&request).await;
            let (throttled, stale) = match asked {
                Ok((Leased::Wait(throttled, stale), _)) => (throttled, stale),
                Ok((leased, token)) => {
                    if denied {
                        self.parts.tally.guard_wait(began.elapsed());
                    }
                    return self.leased(leased, token, request, next).await;
                }
                // The failure was counted where it happened; without the cache there is nothing to wait for.
                Err(_) => return next.load(Request { claim: None, ..request }).await,
            };
            self.parts.tally.guard(if denied { GuardEvent::Polled } else { GuardEvent::Denied });
            denied = true;
            if request.is_early() || !request.awaited {
                return Loaded::AtHand;
            }
            if let Some(stale) = stale.and_then(decoded) {
                self.parts.tally.guard(GuardEvent::StaleServed);
                return Loaded::Row(Some(stale));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            sleep(pauses.next().min(left).min(throttled)).await;
        }
        self.parts.tally.guard_wait(began.elapsed());
        request.claim = Some(Claim::Denied);
        self.options.then.answer(request, next, &self.parts.tally).await
    }

    /// Answers with the entry of another, or loads in return for the token.
    async fn leased(&self, leased: Leased, token: Token, request: Request, next: Next) -> Loaded {
        let claim = match leased {
            Leased::Entry(entry) => match decoded(entry) {
                Some(value) => {
                    self.parts.tally.guard(GuardEvent::Joined);
                    return Loaded::Row(Some(value));
                }
                None => Claim::Denied,
            },
            _ => {
                self.parts.tally.guard(GuardEvent::Acquired);
                Claim::Held(token)
            }
        };
        let began = Instant::now();
        // The token is given back, or spent, whether or not the caller goes on waiting.
        let loaded =
            detached(&self.parts.background, next.load(Request { claim: Some(claim), ..request })).await;
        self.pace.note(began.elapsed());
        loaded
    }
}

fn decoded(raw: Bytes) -> Option<Value> {
    Value::decode(raw).ok()
}

impl Mitigation for LeaseGuard {
    /// The server's own decides when the next token may be given out.
    fn is_timed(&self) -> bool {
        true
    }

    fn decides(&self) -> bool {
        true
    }

    fn load(self: Arc<Self>, request: Request, next: Next) -> BoxFuture<'static, Loaded> {
        Box::pin(async move { self.answer(request, next).await })
    }

    fn coherence(&self, chosen: Arc<dyn Coherence>) -> Result<Arc<dyn Coherence>, OptionsError> {
        if !chosen.deletes() {
            return Err(OptionsError(
                "a lease is voided by the write that deletes the entry, and this coherence tells the cache of writes \
                 in another way, or not at all: use `delete` or `lease`"
                    .into(),
            ));
        }
        let Options { keep_stale, mode, .. } = &self.options;
        let (keep_stale, unthrottle) = (keep_stale.0, *mode == Mode::PerInvalidation);
        Ok(Arc::new(Leases { chosen, keep_stale, unthrottle }))
    }

    fn loads_per_expiry(&self, expiry: &Expiry) -> Option<f64> {
        let Options { ttl, throttle, wait, mode, .. } = &self.options;
        // A throttle from the last load is over once the entry is, and one waits as long as the load takes.
        let free = *mode == Mode::PerInvalidation || self.parts.ttl.is_some_and(|ttl| throttle.0 <= ttl);
        let holds = [ttl, throttle, wait].iter().all(|time| time.0.as_secs_f64() > expiry.load_s);
        (free && holds).then_some(1.0)
    }
}
