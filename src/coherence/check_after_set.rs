use super::{Claim, Coherence, Filled, Offer, Parts};
use crate::model::Key;
use crate::registry::{self, Entry, NoOptions};
use crate::store::Answer;

pub const ENTRY: Entry<dyn Coherence, Parts> = Entry {
    name: "check-after-set",
    summary: "who fills asks the database for the version again, and deletes the entry if there is a newer one",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(CheckAfterSet(parts)))
    },
};

/// A writer deletes after its commit, so an old row that comes after that deletion is seen to be old by its check.
struct CheckAfterSet(Parts);

impl Coherence for CheckAfterSet {
    fn parts(&self) -> &Parts {
        &self.0
    }

    fn fill<'a>(&'a self, key: &'a Key, offer: Offer<'a>, _: Claim) -> Answer<'a, Filled> {
        Box::pin(async move {
            let Parts { cache, database, .. } = &self.0;
            cache.set(key, offer.row.encode(), offer.ttl).await?;
            let version = database.version(key).await;
            if version.as_ref().is_ok_and(|&version| version == Some(offer.row.version)) {
                return Ok(Filled::Stored);
            }
            // Also where the database did not answer: then nobody knows.
            cache.delete(key).await?;
            version.map(|_| Filled::Rejected)
        })
    }

    fn checks_fills(&self) -> bool {
        true
    }

    fn committed<'a>(&'a self, key: &'a Key, _: Option<Offer<'a>>, _: Claim) -> Answer<'a, ()> {
        Box::pin(async move { self.0.cache.delete(key).await.map(drop) })
    }
}
