use bytes::Bytes;

use super::HeldClaim;
use crate::model::StoreError;
use crate::store::memory::Entries;
use crate::store::script::name;
use crate::store::{Cache, Reply, Script};

/// Gives a claim back, unless another token counts by now; says whether it was still this one.
///
/// With `entry`, the entry is removed as well, whichever token counts.
///
/// # Errors
/// As [`Cache::run`].
pub async fn release(cache: &dyn Cache, claim: HeldClaim<'_>, entry: bool) -> Result<bool, StoreError> {
    let mut keys = vec![claim.name()];
    if entry {
        keys.push(name(claim.key));
    }
    cache.run(&SCRIPT, keys, vec![claim.token.argument()]).await?.flag()
}

/// KEYS: claim, [entry]. ARGV: token.
pub(super) static SCRIPT: Script = Script {
    name: "release",
    lua: r"
if KEYS[2] then redis.call('UNLINK', KEYS[2]) end
if redis.call('GETRANGE', KEYS[1], 0, -1) ~= ARGV[1] then return 0 end
redis.call('UNLINK', KEYS[1])
return 1",
    touches: &["getrange", "unlink"],
    entry_life: None,
    model,
};

fn model(entries: &mut Entries, keys: &[Bytes], args: &[Bytes]) -> Reply {
    if let Some(entry) = keys.get(1) {
        entries.remove(entry);
    }
    let ours = entries.text(&keys[0]).as_ref() == Some(&args[0]);
    if ours {
        entries.remove(&keys[0]);
    }
    Reply::Integer(i64::from(ours))
}
