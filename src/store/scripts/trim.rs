use bytes::Bytes;

use super::dirty::first;
use crate::model::{Failure, Intent, StoreError};
use crate::store::memory::Entries;
use crate::store::script::{number, parse};
use crate::store::{Cache, Reply, Script};

/// The decrements that one instance has acknowledged and the database does not know of yet, kept in the cache:
/// a sorted set of intents by their number, and beside it the last number that was given.
pub struct Outbox {
    name: Bytes,
    counter: Bytes,
}

impl Outbox {
    /// The outbox of an instance under the run's prefix.
    pub fn new(prefix: &str, instance: usize) -> Outbox {
        let name = format!("{prefix}outbox:{instance}");
        Outbox { counter: format!("{name}:last").into(), name: name.into() }
    }

    pub(super) fn name(&self) -> &Bytes {
        &self.name
    }

    pub(super) fn counter(&self) -> &Bytes {
        &self.counter
    }
}

/// Up to `limit` intents, in the order of their numbers.
///
/// # Errors
/// As [`Cache::run`].
pub async fn pending(cache: &dyn Cache, outbox: &Outbox, limit: usize) -> Result<Vec<Intent>, StoreError> {
    let intent = |(text, _): (Bytes, Bytes)| {
        let intent = Intent::decode(&text);
        intent
            .ok_or_else(|| StoreError::cache(Failure::Corrupt, "an outbox holds something that is no intent"))
    };
    first(cache, &outbox.name, limit).await?.into_iter().map(intent).collect()
}

/// Takes the intents up to a number off the outbox; answers how many there were.
///
/// # Errors
/// As [`Cache::run`].
pub async fn trim(cache: &dyn Cache, outbox: &Outbox, seq: u64) -> Result<u64, StoreError> {
    cache.run(&SCRIPT, vec![outbox.name.clone()], vec![number(seq)]).await?.count()
}

/// KEYS: outbox. ARGV: the last number that is taken off.
pub(super) static SCRIPT: Script = Script {
    name: "trim",
    lua: r"return redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])",
    touches: &["zremrangebyscore"],
    entry_life: None,
    model,
};

fn model(entries: &mut Entries, keys: &[Bytes], args: &[Bytes]) -> Reply {
    let (intents, last) = (entries.sorted(&keys[0]), parse(&args[0]));
    let before = intents.len();
    intents.retain(|_, seq| *seq > last);
    Reply::Integer((before - intents.len()) as i64)
}
