use std::time::Duration;

use bytes::Bytes;

use crate::model::{Key, StoreError, Value};
use crate::store::memory::Entries;
use crate::store::script::{lifetime, name, number, parse, parse_lifetime};
use crate::store::{Cache, Reply, Script};

/// Puts an entry unless the cache has a newer one, or an equally new one that it does not renew; says whether it did.
///
/// An entry is a row as [`Value::encode`] makes it, or a tombstone: the 8 bytes of a version alone, which say that
/// whatever is older must not come back. To a tombstone, a row of the same version is news.
///
/// # Errors
/// As [`Cache::run`].
pub async fn compare_and_set(
    cache: &dyn Cache,
    key: &Key,
    entry: Bytes,
    ttl: Option<Duration>,
    renew: bool,
) -> Result<bool, StoreError> {
    // Lua's numbers are doubles: below 2^53, and no row is written so often, they compare exactly.
    let version = number(Value::peek_version(&entry).unwrap_or(0));
    let args = vec![version, entry, lifetime(ttl), number(renew.into())];
    cache.run(&SCRIPT, vec![name(key)], args).await?.flag()
}

/// KEYS: entry. ARGV: version, row or tombstone, ttl in ms or 0, 1 to renew.
pub(super) static SCRIPT: Script = Script {
    name: "compare-and-set",
    lua: r"
local raw = redis.call('GETRANGE', KEYS[1], 0, 8)
if #raw >= 8 then
  local current, version = struct.unpack('>I8', raw), tonumber(ARGV[1])
  local replaced = ARGV[4] == '1' or #raw == 8 and #ARGV[2] > 8
  if version < current or (version == current and not replaced) then return 0 end
end
if ARGV[3] == '0' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1",
    touches: &["getrange", "set"],
    entry_life: Some((0, 2)),
    model,
};

fn model(entries: &mut Entries, keys: &[Bytes], args: &[Bytes]) -> Reply {
    if let Some(raw) = entries.text(&keys[0])
        && let Some(current) = Value::peek_version(&raw)
    {
        let version = parse(&args[0]);
        let replaced = parse(&args[3]) == 1 || raw.len() == 8 && args[1].len() > 8;
        if version < current || (version == current && !replaced) {
            return Reply::Integer(0);
        }
    }
    entries.put(keys[0].clone(), args[1].clone(), parse_lifetime(&args[2]));
    Reply::Integer(1)
}
