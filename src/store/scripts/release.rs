use bytes::Bytes;

use super::Token;
use crate::model::{Key, StoreError};
use crate::store::memory::Entries;
use crate::store::{Cache, Reply, Script};

/// Gives a claim back, unless another token counts by now; says whether it was still this one.
///
/// With `entry`, the entry is removed as well, whichever token counts.
///
/// # Errors
/// As [`Cache::run`].
pub async fn release(
    cache: &dyn Cache,
    key: &Key,
    kind: &'static str,
    token: Token,
    entry: bool,
) -> Result<bool, StoreError> {
    let mut keys = vec![key.beside(kind)];
    if entry {
        keys.push(Bytes::copy_from_slice(key.name()));
    }
    let released = cache.run(&SCRIPT, keys, vec![token.argument()]).await?.integer()?;
    Ok(released == Some(1))
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
