use std::time::Duration;

use bytes::Bytes;

use super::Token;
use super::lease_get::names;
use crate::model::{Key, StoreError};
use crate::store::memory::Entries;
use crate::store::script::{lifetime, number, parse, parse_lifetime};
use crate::store::{Cache, Reply, Script};

/// An entry in return for the token of a lease.
pub struct LeaseFill<'a> {
    pub key: &'a Key,
    pub token: Token,
    pub value: Bytes,
    /// How long the entry lives; without it, until it is evicted or deleted.
    pub ttl: Option<Duration>,
    /// Whether the throttle goes too.
    pub unthrottle: bool,
}

/// Puts the entry, if the token still counts; says whether it did. The stale copy goes.
///
/// # Errors
/// As [`Cache::run`].
pub async fn lease_set(cache: &dyn Cache, fill: LeaseFill<'_>) -> Result<bool, StoreError> {
    let LeaseFill { key, token, value, ttl, unthrottle } = fill;
    let args = vec![token.argument(), value, lifetime(ttl), number(unthrottle.into())];
    cache.run(&SCRIPT, names(key), args).await?.flag()
}

/// KEYS: entry, token, throttle, stale copy. ARGV: token, value, ttl in ms or 0, 1 to end the throttle.
pub(super) static SCRIPT: Script = Script {
    name: "lease-set",
    lua: r"
if redis.call('GETRANGE', KEYS[2], 0, -1) ~= ARGV[1] then return 0 end
if ARGV[3] == '0' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
redis.call('UNLINK', KEYS[2], KEYS[4])
if ARGV[4] == '1' then redis.call('UNLINK', KEYS[3]) end
return 1",
    touches: &["getrange", "set", "unlink"],
    entry_life: Some((0, 2)),
    model,
};

fn model(entries: &mut Entries, keys: &[Bytes], args: &[Bytes]) -> Reply {
    if entries.text(&keys[1]).as_ref() != Some(&args[0]) {
        return Reply::Integer(0);
    }
    entries.put(keys[0].clone(), args[1].clone(), parse_lifetime(&args[2]));
    entries.remove(&keys[1]);
    entries.remove(&keys[3]);
    if parse(&args[3]) == 1 {
        entries.remove(&keys[2]);
    }
    Reply::Integer(1)
}
