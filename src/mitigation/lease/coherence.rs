use std::sync::Arc;
use std::time::Duration;

use crate::coherence::{Claim, Coherence, Filled, Offer, Parts};
use crate::model::{BoxFuture, Key};
use crate::store::Answer;
use crate::store::scripts::{
    HeldClaim, LEASE, LeaseFill, THROTTLE, free, lease_invalidate, lease_set, release,
};

/// Fills in return for a token, and writes that void it.
pub struct Leases {
    /// What it stands in for.
    pub chosen: Arc<dyn Coherence>,
    /// How long a deleted entry is kept as the stale copy.
    pub keep_stale: Duration,
    /// Whether fills and writes end the throttle.
    pub unthrottle: bool,
}

impl Coherence for Leases {
    fn parts(&self) -> &Parts {
        self.chosen.parts()
    }

    fn fill<'a>(&'a self, key: &'a Key, offer: Offer<'a>, claim: Claim) -> Answer<'a, Filled> {
        Box::pin(async move {
            let Claim::Held(token) = claim else { return Ok(Filled::Rejected) };
            let (value, unthrottle) = (offer.row.encode(), self.unthrottle);
            let fill = LeaseFill { key, token, value, ttl: offer.ttl, unthrottle };
            lease_set(&*self.parts().cache, fill).await.map(Filled::of)
        })
    }

    /// Where fills end the throttle, so does a load that came to nothing; else it stays.
    fn release<'a>(&'a self, key: &'a Key, claim: Claim) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Claim::Held(token) = claim {
                let cache = &*self.parts().cache;
                // What fails here was counted where it failed, and both end with their TTL. As long as there is a
                // throttle nobody gets another token, so that no other's throttle is ended.
                let released = release(cache, HeldClaim { key, kind: LEASE, token }, false).await;
                if self.unthrottle && matches!(released, Ok(true)) {
                    let _ = free(cache, key, THROTTLE).await;
                }
            }
        })
    }

    fn committed<'a>(&'a self, key: &'a Key, _: Option<Offer<'a>>, _: Claim) -> Answer<'a, ()> {
        Box::pin(async move {
            let cache = &*self.parts().cache;
            lease_invalidate(cache, key, self.keep_stale, self.unthrottle).await.map(drop)
        })
    }

    fn claims(&self) -> bool {
        true
    }
}
