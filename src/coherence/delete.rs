use super::{Claim, Coherence, Offer, Parts};
use crate::model::{Event, Key};
use crate::registry::{self, Entry, NoOptions};
use crate::store::Answer;

pub const ENTRY: Entry<dyn Coherence, Parts> = Entry {
    name: "delete",
    summary: "the entry is deleted after the commit; a fill that was loaded before may come later and stay",
    options: registry::schema_of::<NoOptions>,
    build: |options, parts| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Delete(parts)))
    },
};

/// The next read loads the new row; a reader that was overtaken puts the old one back.
struct Delete(Parts);

impl Coherence for Delete {
    fn parts(&self) -> &Parts {
        &self.0
    }

    fn committed<'a>(&'a self, key: &'a Key, _: Option<Offer<'a>>, _: Claim) -> Answer<'a, ()> {
        Box::pin(async move { self.0.cache.delete(key).await.map(drop) })
    }

    fn invalidated<'a>(&'a self, key: &'a Key, _: Event) -> Answer<'a, u64> {
        Box::pin(async move { self.0.cache.delete(key).await.map(u64::from) })
    }

    fn deletes(&self) -> bool {
        true
    }
}
