use std::sync::Arc;

use tokio::time::{Duration, Instant, sleep, timeout};

use super::{Lock, Waiters};
use crate::measure::GuardEvent;
use crate::mitigation::{Loaded, Next, Request};
use crate::model::{StoreError, Value};
use crate::store::scripts::{Claimed, Token};

/// The first of the waits for a message, which may be lost or never sent; each is twice as long as the one before.
const FIRST_NET: Duration = Duration::from_millis(50);

/// What a look has shown.
enum Look {
    /// The entry as another has loaded it.
    Entry(Value),
    /// The lock was free, and is now held.
    Won(Token),
    Nothing,
}

impl Lock {
    /// Waits for the load of another, or for the lock should its holder be gone.
    pub(super) async fn wait(self: &Arc<Self>, request: Request, next: Next) -> Loaded {
        let began = Instant::now();
        let look = self.wait_for_look(&request, began + self.options.wait.0).await;
        self.parts.tally.guard_wait(began.elapsed());
        match look {
            Ok(Look::Entry(value)) => {
                self.parts.tally.guard(GuardEvent::Joined);
                Loaded::Row(Some(value))
            }
            Ok(Look::Won(token)) => self.load_holding(token, request, next).await,
            Ok(Look::Nothing) => {
                let fenced = request.fenced || self.options.fenced;
                self.options.then.answer(Request { fenced, ..request }, next, &self.parts.tally).await
            }
            // The failure was counted where it happened; without the cache there is nothing to wait for.
            Err(_) => next.load(Request { claim: None, ..request }).await,
        }
    }

    /// Looks again and again until there is something, or the time is up.
    async fn wait_for_look(&self, request: &Request, until: Instant) -> Result<Look, StoreError> {
        let (mut pauses, mut net) = (self.pace.pauses(), FIRST_NET);
        let notified = self.options.waiters == Waiters::Notify;
        let mut notice = notified.then(|| self.notices.await_row(&request.key));
        let mut first = notified;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            // Who is registered looks at once: the message may have come before that.
            if !std::mem::take(&mut first) {
                if left.is_zero() {
                    return Ok(Look::Nothing);
                }
                if let Some(waiting) = notice.take() {
                    // Told or not, it looks again.
                    let _ = timeout(net.min(left), waiting.told()).await;
                    net *= 2;
                    notice = Some(self.notices.await_row(&request.key));
                } else {
                    sleep(pauses.next().min(left)).await;
                }
            }
            match self.look(request).await? {
                Look::Nothing => {}
                found => return Ok(found),
            }
        }
    }

    /// One look for the entry, and for the lock where there is none that is new.
    async fn look(&self, request: &Request) -> Result<Look, StoreError> {
        self.parts.tally.guard(GuardEvent::Polled);
        let old = match &request.at_hand {
            None => match self.claim(&request.key, true).await? {
                (Claimed::Entry(raw), _) => Some(raw),
                (Claimed::Won, token) => return Ok(Look::Won(token)),
                (Claimed::Lost, _) => return Ok(Look::Nothing),
            },
            Some(_) => self.parts.cache.get(&request.key).await?,
        };
        if let Some(value) = old.and_then(|raw| self.answer_to(request, raw)) {
            return Ok(Look::Entry(value));
        }
        // What is there is old, and does not keep anyone from loading.
        match self.claim(&request.key, false).await? {
            (Claimed::Won, token) => Ok(Look::Won(token)),
            _ => Ok(Look::Nothing),
        }
    }
}
