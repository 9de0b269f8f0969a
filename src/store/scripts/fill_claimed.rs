use std::time::Duration;

use bytes::Bytes;

use super::HeldClaim;
use crate::model::StoreError;
use crate::store::memory::Entries;
use crate::store::script::{lifetime, name, parse_lifetime};
use crate::store::{Cache, Reply, Script};

/// Puts an entry and gives the claim back, if the token is still the one that counts; says whether it did.
///
/// # Errors
/// As [`Cache::run`].
pub async fn fill_claimed(
    cache: &dyn Cache,
    claim: HeldClaim<'_>,
    value: Bytes,
    ttl: Option<Duration>,
) -> Result<bool, StoreError> {
    let keys = vec![claim.name(), name(claim.key)];
    cache.run(&SCRIPT, keys, vec![claim.token.argument(), value, lifetime(ttl)]).await?.flag()
}

/// KEYS: claim, entry. ARGV: token, value, ttl in ms or 0.
pub(super) static SCRIPT: Script = Script {
    name: "fill-claimed",
    lua: r"
if redis.call('GETRANGE', KEYS[1], 0, -1) ~= ARGV[1] then return 0 end
if ARGV[3] == '0' then
  redis.call('SET', KEYS[2], ARGV[2])
else
  redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
end
redis.call('UNLINK', KEYS[1])
return 1",
    touches: &["getrange", "set", "unlink"],
    entry_life: Some((1, 2)),
    model,
};

fn model(entries: &mut Entries, keys: &[Bytes], args: &[Bytes]) -> Reply {
    if entries.text(&keys[0]).as_ref() != Some(&args[0]) {
        return Reply::Integer(0);
    }
    entries.put(keys[1].clone(), args[1].clone(), parse_lifetime(&args[2]));
    entries.remove(&keys[0]);
    Reply::Integer(1)
}
