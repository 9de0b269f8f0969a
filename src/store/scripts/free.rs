use bytes::Bytes;

use crate::model::{Key, StoreError};
use crate::store::memory::Entries;
use crate::store::{Cache, Reply, Script};

/// Ends a claim, whoever holds it; says whether there was one. Only [`release`](super::release) spares another's.
///
/// # Errors
/// As [`Cache::run`].
pub async fn free(cache: &dyn Cache, key: &Key, kind: &'static str) -> Result<bool, StoreError> {
    cache.run(&SCRIPT, vec![key.beside(kind)], Vec::new()).await?.flag()
}

/// KEYS: claim.
pub(super) static SCRIPT: Script = Script {
    name: "free",
    lua: "return redis.call('UNLINK', KEYS[1])",
    touches: &["unlink"],
    entry_life: None,
    model,
};

fn model(entries: &mut Entries, keys: &[Bytes], _: &[Bytes]) -> Reply {
    Reply::Integer(i64::from(entries.remove(&keys[0])))
}
