use std::time::Duration;

use bytes::Bytes;

use super::DirtySet;
use crate::model::{Key, StoreError, Value};
use crate::store::memory::Entries;
use crate::store::script::{lifetime, name, number, parse, parse_lifetime};
use crate::store::{Cache, Reply, Script};

/// Notes that the database now holds these rows at these versions; answers how many are clean.
///
/// An entry written again meanwhile stays dirty, since the flush began. A clean entry starts to expire.
///
/// # Errors
/// As [`Cache::run`].
pub async fn settle(
    cache: &dyn Cache,
    set: &DirtySet,
    flushed: &[(Key, u64)],
    flush_began_us: u64,
    ttl: Option<Duration>,
) -> Result<u64, StoreError> {
    let mut keys = vec![set.name().clone()];
    let mut args = vec![lifetime(ttl), number(flush_began_us)];
    for (key, version) in flushed {
        keys.push(name(key));
        args.extend([number(key.id()), number(*version)]);
    }
    cache.run(&SCRIPT, keys, args).await?.count()
}

/// KEYS: dirty set, entries … ARGV: ttl in ms or 0, time, then id and flushed version of each entry.
pub(super) static SCRIPT: Script = Script {
    name: "settle",
    lua: r"
local clean = 0
for i = 2, #KEYS do
  local id, flushed = ARGV[2 * i - 1], tonumber(ARGV[2 * i])
  local raw = redis.call('GETRANGE', KEYS[i], 0, 7)
  if #raw == 8 and struct.unpack('>I8', raw) > flushed then
    redis.call('ZADD', KEYS[1], 'XX', ARGV[2], id)
  else
    redis.call('ZREM', KEYS[1], id)
    if ARGV[1] ~= '0' then redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
    clean = clean + 1
  end
end
return clean",
    touches: &["getrange", "zadd", "zrem", "pexpire"],
    entry_life: None,
    model,
};

fn model(entries: &mut Entries, keys: &[Bytes], args: &[Bytes]) -> Reply {
    let mut clean = 0;
    for (key, flushed) in keys[1..].iter().zip(args[2..].chunks_exact(2)) {
        let (id, version) = (&flushed[0], parse(&flushed[1]));
        let current = entries.text(key).and_then(|raw| Value::peek_version(&raw));
        if current.is_some_and(|current| current > version) {
            if let Some(since) = entries.sorted(&keys[0]).get_mut(id) {
                *since = parse(&args[1]);
            }
        } else {
            entries.sorted(&keys[0]).remove(id);
            if let Some(ttl) = parse_lifetime(&args[0]) {
                entries.expire(key, ttl);
            }
            clean += 1;
        }
    }
    Reply::Integer(clean)
}
