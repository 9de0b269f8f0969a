use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};

use super::DirtySet;
use crate::model::{Key, StoreError, Value};
use crate::store::memory::Entries;
use crate::store::script::{lifetime, name, number, parse, parse_lifetime};
use crate::store::{Cache, Reply, Script};

/// A write that takes effect in the cache first: the entry's next version, assigned by the cache.
#[derive(Clone, Copy)]
pub struct Advance<'a> {
    pub key: &'a Key,
    /// The new value; its version is ignored.
    pub value: &'a Value,
    /// The row's version in the database, where it is known; 0 for no row.
    pub base: Option<u64>,
    /// Ignored for a dirty entry: it must not expire before it is flushed.
    pub ttl: Option<Duration>,
    /// Where to note that the database does not know of it yet, and since when.
    pub dirty: Option<(&'a DirtySet, u64)>,
}

/// Puts the value under the next version and answers it.
///
/// Answers nothing, and changes nothing, if the cache has no entry and no base was given: the version is
/// then unknown, and the caller must ask the database for it.
///
/// # Errors
/// As [`Cache::run`].
pub async fn advance(cache: &dyn Cache, step: Advance<'_>) -> Result<Option<u64>, StoreError> {
    let mut keys = vec![name(step.key)];
    let base = step.base.map_or_else(Bytes::new, number);
    let mut args = vec![base, step.value.encode_unversioned(), lifetime(step.ttl)];
    if let Some((set, since_us)) = step.dirty {
        keys.push(set.name().clone());
        args.extend([number(since_us), number(step.key.id())]);
    }
    let version = cache.run(&SCRIPT, keys, args).await?.integer()?;
    Ok(version.map(|version| version as u64))
}

/// KEYS: entry, [dirty set]. ARGV: base or '', value without version, ttl in ms or 0, [time, id].
pub(super) static SCRIPT: Script = Script {
    name: "advance",
    lua: r"
local raw = redis.call('GETRANGE', KEYS[1], 0, 7)
local current = #raw == 8 and struct.unpack('>I8', raw)
local base = tonumber(ARGV[1])
if not current and not base then return false end
local version = math.max(current or 0, base or 0) + 1
local value = struct.pack('>I8', version) .. ARGV[2]
if KEYS[2] then
  redis.call('SET', KEYS[1], value)
  redis.call('ZADD', KEYS[2], 'NX', ARGV[4], ARGV[5])
elseif ARGV[3] == '0' then
  redis.call('SET', KEYS[1], value)
else
  redis.call('SET', KEYS[1], value, 'PX', ARGV[3])
end
return version",
    touches: &["getrange", "set", "zadd"],
    entry_life: Some((0, 2)),
    model,
};

fn model(entries: &mut Entries, keys: &[Bytes], args: &[Bytes]) -> Reply {
    let current = entries.text(&keys[0]).and_then(|raw| Value::peek_version(&raw));
    let base = (!args[0].is_empty()).then(|| parse(&args[0]));
    if current.is_none() && base.is_none() {
        return Reply::Nil;
    }
    let version = current.unwrap_or(0).max(base.unwrap_or(0)) + 1;
    let mut value = BytesMut::with_capacity(8 + args[1].len());
    value.put_u64(version);
    value.put_slice(&args[1]);
    let ttl = parse_lifetime(&args[2]).filter(|_| keys.len() == 1);
    entries.put(keys[0].clone(), value.freeze(), ttl);
    if let Some(set) = keys.get(1) {
        entries.sorted(set).entry(args[4].clone()).or_insert_with(|| parse(&args[3]));
    }
    Reply::Integer(version as i64)
}
