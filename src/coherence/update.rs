use super::{Claim, Coherence, Parts};
use crate::model::{Key, Value};
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

    fn committed<'a>(&'a self, key: &'a Key, row: Option<&'a Value>, _: Claim) -> Answer<'a, ()> {
        Box::pin(async move {
            match row.filter(|row| !row.tombstone) {
                Some(row) => self.0.cache.set(key, row.encode(), self.0.ttl).await,
                None => self.0.cache.delete(key).await.map(drop),
            }
        })
    }

    fn leaves_row(&self) -> bool {
        true
    }
}
