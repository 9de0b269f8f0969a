use std::time::Duration;

use bytes::Bytes;

use super::lease_get::names;
use crate::model::{Key, StoreError};
use crate::store::memory::Entries;
use crate::store::script::{number, parse, parse_lifetime};
use crate::store::{Cache, Reply, Script};

/// Voids the token of a row and removes its entry, which stays as the stale copy for `keep_stale`; with `unthrottle`
/// the throttle goes too. Says whether there was an entry.
///
/// # Errors
/// As [`Cache::run`].
pub async fn lease_invalidate(
    cache: &dyn Cache,
    key: &Key,
    keep_stale: Duration,
    unthrottle: bool,
) -> Result<bool, StoreError> {
    let args = vec![number(keep_stale.as_millis() as u64), number(unthrottle.into())];
    cache.run(&SCRIPT, names(key), args).await?.flag()
}

/// KEYS: entry, token, throttle, stale copy. ARGV: ms for which the copy is kept, 1 to end the throttle.
pub(super) static SCRIPT: Script = Script {
    name: "lease-invalidate",
    lua: r"
redis.call('UNLINK', KEYS[2])
if ARGV[2] == '1' then redis.call('UNLINK', KEYS[3]) end
if ARGV[1] == '0' then return redis.call('UNLINK', KEYS[1]) end
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('RENAME', KEYS[1], KEYS[4])
redis.call('PEXPIRE', KEYS[4], ARGV[1])
return 1",
    touches: &["exists", "pexpire", "rename", "unlink"],
    entry_life: None,
    model,
};

fn model(entries: &mut Entries, keys: &[Bytes], args: &[Bytes]) -> Reply {
    entries.remove(&keys[1]);
    if parse(&args[1]) == 1 {
        entries.remove(&keys[2]);
    }
    let Some(entry) = entries.text(&keys[0]) else { return Reply::Integer(0) };
    entries.remove(&keys[0]);
    if let Some(kept) = parse_lifetime(&args[0]) {
        entries.put(keys[3].clone(), entry, Some(kept));
    }
    Reply::Integer(1)
}
