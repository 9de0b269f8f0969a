use super::{Claim, Coherence, Offer, Parts};
use crate::model::{Event, Key};
use crate::registry::{self, Entry, NoOptions};
use crate::store::Answer;

pub const ENTRY: Entry<dyn Coherence, Parts> = Entry {
    name: "keep",
    summary: "the entry is left to its TTL",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Keep(parts)))
    },
};

/// The cache is not told: the TTL is the only bound on how old a row may be.
struct Keep(Parts);

impl Coherence for Keep {
    fn parts(&self) -> &Parts {
        &self.0
    }

    fn committed<'a>(&'a self, _: &'a Key, _: Option<Offer<'a>>, _: Claim) -> Answer<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// A write of one's own leaves the entry; who listens to those of others wants it gone.
    fn invalidated<'a>(&'a self, key: &'a Key, _: Event) -> Answer<'a, u64> {
        Box::pin(async move { self.0.cache.delete(key).await.map(u64::from) })
    }

    fn keeps_entry(&self) -> bool {
        true
    }
}
