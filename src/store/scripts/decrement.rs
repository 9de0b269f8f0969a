use bytes::Bytes;

use super::Outbox;
use crate::model::{Failure, Key, StockLevel, StoreError};
use crate::store::memory::Entries;
use crate::store::script::{name, number, parse};
use crate::store::{Cache, Reply, Script};

/// Units to be taken from the stock of a row in the cache.
pub struct Decrement<'a> {
    pub key: &'a Key,
    pub units: u32,
    /// Where to note that the database does not know of it yet, and the time in microseconds of Unix time.
    pub outbox: Option<(&'a Outbox, u64)>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decremented {
    /// The cache has no stock of this row.
    Miss,
    /// There are too few units; nothing has changed.
    Insufficient,
    /// The level after it.
    Done(StockLevel),
}

/// Checks that there are enough units and takes them; no other client comes between the two.
///
/// # Errors
/// As [`Cache::run`].
pub async fn decrement(cache: &dyn Cache, step: Decrement<'_>) -> Result<Decremented, StoreError> {
    let mut keys = vec![name(&step.key.stock())];
    let mut args = vec![number(step.units.into())];
    if let Some((outbox, now_us)) = step.outbox {
        keys.extend([outbox.name().clone(), outbox.counter().clone()]);
        args.extend([number(now_us), number(step.key.id())]);
    }
    let Some(text) = cache.run(&SCRIPT, keys, args).await?.text()? else { return Ok(Decremented::Miss) };
    if text.is_empty() {
        return Ok(Decremented::Insufficient);
    }
    let level = StockLevel::decode(&text).map(Decremented::Done);
    level.ok_or_else(|| StoreError::cache(Failure::Corrupt, "a decrement answered what is no level"))
}

/// KEYS: stock, [outbox, counter]. ARGV: units, [time, id].
///
/// The number of an intent is above the counter's and above the time: were the counter lost, numbers that the
/// database has seen would not be given again.
pub(super) static SCRIPT: Script = Script {
    name: "decrement",
    lua: r"
local level, version = string.match(redis.call('GETRANGE', KEYS[1], 0, -1), '^(%d+) (%d+)$')
if not level then return false end
local left = tonumber(level) - tonumber(ARGV[1])
if left < 0 then return '' end
local after = string.format('%.0f %.0f', left, tonumber(version) + 1)
redis.call('SET', KEYS[1], after)
if KEYS[2] then
  local last = tonumber(redis.call('GETRANGE', KEYS[3], 0, -1)) or 0
  local seq = string.format('%.0f', math.max(last, tonumber(ARGV[2])) + 1)
  redis.call('SET', KEYS[3], seq)
  redis.call('ZADD', KEYS[2], seq, seq .. ' ' .. ARGV[3] .. ' ' .. ARGV[1])
end
return after",
    touches: &["getrange", "set", "zadd"],
    entry_life: None,
    model,
};

fn model(entries: &mut Entries, keys: &[Bytes], args: &[Bytes]) -> Reply {
    let level = entries.text(&keys[0]).and_then(|raw| StockLevel::decode(&raw));
    let Some(StockLevel { units, version }) = level.filter(|level| level.units >= 0) else {
        return Reply::Nil;
    };
    let left = units - parse(&args[0]) as i64;
    if left < 0 {
        return Reply::Text(Bytes::new());
    }
    let after = StockLevel { units: left, version: version + 1 }.encode();
    entries.put(keys[0].clone(), after.clone(), None);
    if let [_, outbox, counter] = keys {
        let last = entries.text(counter).map_or(0, |raw| parse(&raw));
        let seq = last.max(parse(&args[1])) + 1;
        entries.put(counter.clone(), number(seq), None);
        let member = [number(seq), args[2].clone(), args[0].clone()].join(&b' ');
        entries.sorted(outbox).insert(member.into(), seq);
    }
    Reply::Text(after)
}
