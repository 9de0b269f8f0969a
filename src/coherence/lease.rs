use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Claim, Claims, Coherence, Filled, LookUp, Offer, Parts};
use crate::model::{BoxFuture, Key, Time};
use crate::registry::{self, Entry};
use crate::store::Answer;
use crate::store::scripts::invalidate;

pub const ENTRY: Entry<dyn Coherence, Parts> = Entry {
    name: "lease",
    summary: "a miss comes with a token that the fill must present; deleting the entry voids the token",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        Ok(Box::new(Lease(Claims::new("lease", options.ttl.0, parts))))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// How long a token is valid. While it is, others load without filling, whether or not its holder comes back.
    ttl: Time,
}

impl Default for Options {
    fn default() -> Options {
        Options { ttl: Time(Duration::from_secs(10)) }
    }
}

/// The leases of Facebook's memcache (NSDI 2013, 3.2.1), as far as they are about old rows: who misses while another
/// has the token does not wait for it, but loads without filling.
struct Lease(Claims);

impl Coherence for Lease {
    fn parts(&self) -> &Parts {
        self.0.parts()
    }

    fn look_up<'a>(&'a self, key: &'a Key) -> Answer<'a, LookUp> {
        Box::pin(self.0.claim(key, true))
    }

    fn look_up_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<LookUp>> {
        Box::pin(self.0.claim_missing(keys))
    }

    fn renew<'a>(&'a self, key: &'a Key) -> Answer<'a, Claim> {
        Box::pin(self.0.renew(key))
    }

    fn fill<'a>(&'a self, key: &'a Key, offer: Offer<'a>, claim: Claim) -> Answer<'a, Filled> {
        Box::pin(self.0.fill(key, offer, claim))
    }

    fn release<'a>(&'a self, key: &'a Key, claim: Claim) -> BoxFuture<'a, ()> {
        Box::pin(self.0.release(key, claim))
    }

    fn committed<'a>(&'a self, key: &'a Key, _: Option<Offer<'a>>, _: Claim) -> Answer<'a, ()> {
        Box::pin(async move { invalidate(&*self.parts().cache, key, self.0.kind()).await.map(drop) })
    }

    fn claims(&self) -> bool {
        true
    }

    fn deletes(&self) -> bool {
        true
    }
}
