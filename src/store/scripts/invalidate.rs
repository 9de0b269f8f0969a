use bytes::Bytes;

use crate::model::{Key, StoreError};
use crate::store::memory::Entries;
use crate::store::script::name;
use crate::store::{Cache, Reply, Script};

/// Removes an entry together with whatever claim there is on it; says how many of the two were there.
///
/// # Errors
/// As [`Cache::run`].
pub async fn invalidate(cache: &dyn Cache, key: &Key, kind: &'static str) -> Result<u64, StoreError> {
    cache.run(&SCRIPT, vec![key.beside(kind), name(key)], Vec::new()).await?.count()
}

/// KEYS: claim, entry.
pub(super) static SCRIPT: Script = Script {
    name: "invalidate",
    lua: "return redis.call('UNLINK', KEYS[1], KEYS[2])",
    touches: &["unlink"],
    entry_life: None,
    model,
};

fn model(entries: &mut Entries, keys: &[Bytes], _: &[Bytes]) -> Reply {
    Reply::Integer(keys.iter().map(|key| i64::from(entries.remove(key))).sum())
}
