use super::{Claim, Coherence, Offer, Parts};
use crate::model::Key;
use crate::registry::{self, Entry, NoOptions};
use crate::store::Answer;

pub const ENTRY: Entry<dyn Coherence, Parts> = Entry {
    name: "update",
    summary: "the entry is replaced by the new row after the commit; whoever sets last has the last word",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Update(parts)))
    },
};

/// The next read hits. Both an overtaken reader and an overtaken writer put an older row over a newer one.
struct Update(Parts);

impl Coherence for Update {
    fn parts(&self) -> &Parts {
        &self.0
    }

    fn committed<'a>(&'a self, key: &'a Key, row: Option<Offer<'a>>, _: Claim) -> Answer<'a, ()> {
        Box::pin(async move {
            match row.filter(|offer| !offer.row.tombstone) {
                Some(Offer { row, ttl, .. }) => self.0.cache.set(key, row.encode(), ttl).await,
                None => self.0.cache.delete(key).await.map(drop),
            }
        })
    }

    fn leaves_row(&self) -> bool {
        true
    }
}
