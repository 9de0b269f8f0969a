use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::{Claim, Claims, Coherence, Filled, LookUp, Offer, Parts, Pauses};
use crate::model::{BoxFuture, Key, StoreError, Time};
use crate::registry::{self, Entry};
use crate::store::Answer;
use crate::store::scripts::release;
use crate::traffic::{Random, Stream};

pub const ENTRY: Entry<dyn Coherence, Parts> = Entry {
    name: "populate-lock",
    summary: "a miss is filled under a lock that writers take too; others wait for the entry",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let claims = Claims::new("lock", options.ttl.0, parts);
        Ok(Box::new(PopulateLock { claims, wait: options.wait.0, writers: options.writers }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// How long the lock lasts whose holder does not come back.
    ttl: Time,
    /// The longest wait for it. Then a reader loads without filling, and a writer writes without the lock.
    wait: Time,
    /// Whether writers hold it from before their commit until the entry is deleted.
    writers: bool,
}

impl Default for Options {
    fn default() -> Options {
        let (ttl, wait) = (Duration::from_secs(5), Duration::from_millis(500));
        Options { ttl: Time(ttl), wait: Time(wait), writers: true }
    }
}

/// One reader of a missing entry loads and fills at a time, and none while the row is written.
struct PopulateLock {
    claims: Claims,
    wait: Duration,
    writers: bool,
}

/// The longest that the first pause of who waits for the lock may be.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

impl PopulateLock {
    /// Asks for the entry or the lock until there is one, or the time is up; answers what was last found.
    ///
    /// The entry is asked for in the same step as the lock. So a reader whose entry came meanwhile does not fill again.
    async fn claim(&self, key: &Key, or_entry: bool) -> Result<LookUp, StoreError> {
        let until = Instant::now() + self.wait;
        let mut pauses = None;
        loop {
            let found = self.claims.claim(key, or_entry).await?;
            let left = until.saturating_duration_since(Instant::now());
            if found != LookUp::Miss(Claim::Denied) || left.is_zero() {
                return Ok(found);
            }
            // Most find the lock free: they draw nothing.
            let pauses = pauses.get_or_insert_with(|| {
                let random = Random::new(key.id(), Stream::Backoff, self.claims.token().0);
                Pauses::new(FIRST_PAUSE, random)
            });
            sleep(pauses.next().min(left)).await;
        }
    }
}

impl Coherence for PopulateLock {
    fn parts(&self) -> &Parts {
        self.claims.parts()
    }

    fn look_up<'a>(&'a self, key: &'a Key) -> Answer<'a, LookUp> {
        Box::pin(async move {
            match self.parts().cache.get(key).await? {
                Some(entry) => Ok(LookUp::Hit(entry)),
                None => self.claim(key, true).await,
            }
        })
    }

    fn look_up_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<LookUp>> {
        Box::pin(self.claims.claim_missing(keys))
    }

    fn renew<'a>(&'a self, key: &'a Key) -> Answer<'a, Claim> {
        Box::pin(self.claims.renew(key))
    }

    fn fill<'a>(&'a self, key: &'a Key, offer: Offer<'a>, claim: Claim) -> Answer<'a, Filled> {
        Box::pin(self.claims.fill(key, offer, claim))
    }

    fn release<'a>(&'a self, key: &'a Key, claim: Claim) -> BoxFuture<'a, ()> {
        Box::pin(self.claims.release(key, claim))
    }

    fn before_write<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Claim> {
        Box::pin(async move {
            if !self.writers {
                return Claim::None;
            }
            match self.claim(key, false).await {
                Ok(LookUp::Miss(claim)) => claim,
                // The failure was counted where it happened; the write goes on without the lock.
                Ok(LookUp::Hit(_)) | Err(_) => Claim::Denied,
            }
        })
    }

    fn committed<'a>(&'a self, key: &'a Key, _: Option<Offer<'a>>, claim: Claim) -> Answer<'a, ()> {
        Box::pin(async move {
            let cache = &*self.parts().cache;
            match claim {
                Claim::Held(token) => release(cache, self.claims.held(key, token), true).await.map(drop),
                Claim::None | Claim::Denied => cache.delete(key).await.map(drop),
            }
        })
    }

    fn claims(&self) -> bool {
        true
    }
}
