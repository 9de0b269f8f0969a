use bytes::Bytes;

use super::HeldClaim;
use crate::model::StoreError;
use crate::store::memory::Entries;
use crate::store::script::number;
use crate::store::{Cache, Reply, Script};

/// Gives a claim back, unless another token counts by now, and tells the channel the row's id, in decimal, either way;
/// says whether it was still this one.
///
/// # Errors
/// As [`Cache::run`].
pub async fn announce(cache: &dyn Cache, claim: HeldClaim<'_>, channel: &str) -> Result<bool, StoreError> {
    let channel = Bytes::copy_from_slice(channel.as_bytes());
    let args = vec![claim.token.argument(), channel, number(claim.key.id())];
    cache.run(&SCRIPT, vec![claim.name()], args).await?.flag()
}

/// KEYS: claim. ARGV: token, channel, id.
pub(super) static SCRIPT: Script = Script {
    name: "announce",
    lua: r"
local ours = redis.call('GETRANGE', KEYS[1], 0, -1) == ARGV[1]
if ours then redis.call('UNLINK', KEYS[1]) end
redis.call('PUBLISH', ARGV[2], ARGV[3])
return ours and 1 or 0",
    touches: &["getrange", "publish", "unlink"],
    entry_life: None,
    model,
};

fn model(entries: &mut Entries, keys: &[Bytes], args: &[Bytes]) -> Reply {
    let ours = entries.text(&keys[0]).as_ref() == Some(&args[0]);
    if ours {
        entries.remove(&keys[0]);
    }
    entries.publish(&args[1], args[2].clone());
    Reply::Integer(i64::from(ours))
}
