use std::time::Duration;

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Claim, Coherence, Filled, LookUp, Offer, Parts};
use crate::model::{Event, Key, StoreError, Time, Value};
use crate::registry::{self, Entry};
use crate::store::Answer;
use crate::store::scripts::compare_and_set;

pub const ENTRY: Entry<dyn Coherence, Parts> = Entry {
    name: "compare-and-set",
    summary: "an entry is replaced by a newer version only; a deleted row leaves its version behind for a while",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let Options { leave, tombstone_ttl } = registry::options(options)?;
        Ok(Box::new(CompareAndSet { leave, tombstone_ttl: tombstone_ttl.0, parts }))
    },
};

/// What a writer leaves in the cache.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Leave {
    /// The row as written.
    #[default]
    Row,
    /// Its version alone, which readers take for a miss and older fills cannot replace.
    Version,
}

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// What a writer leaves in the cache.
    leave: Leave,
    /// How long a version without its row stays; a fill that takes longer than that is not held back.
    tombstone_ttl: Time,
}

impl Default for Options {
    fn default() -> Options {
        Options { leave: Leave::Row, tombstone_ttl: Time(Duration::from_secs(10)) }
    }
}

/// Versions decide, whatever the order in which sets arrive.
struct CompareAndSet {
    leave: Leave,
    tombstone_ttl: Duration,
    parts: Parts,
}

impl CompareAndSet {
    /// A tombstone is no row: it is missed, and the fill will find out whether it may replace it.
    fn found(entry: Option<Bytes>) -> LookUp {
        LookUp::found(entry.filter(|entry| !is_tombstone(entry)))
    }

    /// Leaves the version alone, unless a newer one is there; says whether it did.
    async fn bury(&self, key: &Key, version: u64) -> Result<bool, StoreError> {
        let tombstone = Bytes::copy_from_slice(&version.to_be_bytes());
        compare_and_set(&*self.parts.cache, key, tombstone, Some(self.tombstone_ttl), false).await
    }

    /// Of a row that is not there, no version is known but that of an entry that outlived it.
    async fn bury_leftover(&self, key: &Key) -> Result<(), StoreError> {
        match self.parts.cache.get(key).await? {
            Some(entry) if !is_tombstone(&entry) => {
                let after = Value::peek_version(&entry).unwrap_or(0).saturating_add(1);
                self.bury(key, after).await.map(drop)
            }
            _ => Ok(()),
        }
    }
}

fn is_tombstone(entry: &[u8]) -> bool {
    entry.len() == size_of::<u64>()
}

impl Coherence for CompareAndSet {
    fn parts(&self) -> &Parts {
        &self.parts
    }

    fn look_up<'a>(&'a self, key: &'a Key) -> Answer<'a, LookUp> {
        Box::pin(async move { Ok(CompareAndSet::found(self.parts.cache.get(key).await?)) })
    }

    fn look_up_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<LookUp>> {
        Box::pin(async move {
            let entries = self.parts.cache.get_many(keys).await?;
            Ok(entries.into_iter().map(CompareAndSet::found).collect())
        })
    }

    fn fill<'a>(&'a self, key: &'a Key, offer: Offer<'a>, _: Claim) -> Answer<'a, Filled> {
        Box::pin(async move {
            let Offer { row, ttl, renews } = offer;
            compare_and_set(&*self.parts.cache, key, row.encode(), ttl, renews).await.map(Filled::of)
        })
    }

    fn checks_fills(&self) -> bool {
        true
    }

    fn committed<'a>(&'a self, key: &'a Key, row: Option<Offer<'a>>, _: Claim) -> Answer<'a, ()> {
        Box::pin(async move {
            match (row, self.leave) {
                (None, _) => self.bury_leftover(key).await,
                (Some(offer), leave) if offer.row.tombstone || leave == Leave::Version => {
                    self.bury(key, offer.row.version).await.map(drop)
                }
                (Some(Offer { row, ttl, .. }), _) => {
                    let (cache, raw) = (&*self.parts.cache, row.encode());
                    compare_and_set(cache, key, raw, ttl, false).await.map(drop)
                }
            }
        })
    }

    /// An entry that is as new stays, so that an event that comes late or twice does no harm.
    fn invalidated<'a>(&'a self, key: &'a Key, event: Event) -> Answer<'a, u64> {
        Box::pin(async move {
            match event.version {
                Some(version) => self.bury(key, version).await.map(u64::from),
                None => self.bury_leftover(key).await.map(|()| 1),
            }
        })
    }

    fn leaves_row(&self) -> bool {
        self.leave == Leave::Row
    }
}
