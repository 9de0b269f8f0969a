use std::time::Duration;

use bytes::Bytes;

use super::Token;
use crate::model::{Failure, Key, StoreError};
use crate::store::memory::Entries;
use crate::store::script::{lifetime, name, number, parse, parse_lifetime};
use crate::store::{Cache, Reply, Script};

/// What the token of a lease is called beside the entry.
pub const LEASE: &str = "lease";

/// What the throttle is called beside the entry.
pub const THROTTLE: &str = "throttle";

/// Entry, token, throttle and stale copy of a row.
pub(super) fn names(key: &Key) -> Vec<Bytes> {
    vec![name(key), key.beside(LEASE), key.beside(THROTTLE), key.beside("stale")]
}

/// What a reader asks for who found no entry, or an old one.
pub struct Lease<'a> {
    pub key: &'a Key,
    pub token: Token,
    /// How long the token is valid.
    pub ttl: Duration,
    /// How long no other token is given out.
    pub throttle: Duration,
    /// Whether an entry that is there is all that is wanted.
    pub or_entry: bool,
}

/// What it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leased {
    /// There is an entry by now.
    Entry(Bytes),
    /// The token counts: its holder is to load. With the stale copy, if there is one.
    Won(Option<Bytes>),
    /// No token is given out for so long; with the stale copy, if there is one.
    Wait(Duration, Option<Bytes>),
}

/// Answers the entry, if it is wanted and there; else a lease on it, unless one was given out too short a time ago.
///
/// # Errors
/// As [`Cache::run`].
pub async fn lease_get(cache: &dyn Cache, lease: Lease<'_>) -> Result<Leased, StoreError> {
    let Lease { key, token, ttl, throttle, or_entry } = lease;
    let args = vec![token.argument(), lifetime(Some(ttl)), lifetime(Some(throttle)), number(or_entry.into())];
    let reply = cache.run(&SCRIPT, names(key), args).await?;
    let Reply::List(parts) = reply else {
        let Some(entry) = reply.text()? else { return Err(wrong("nil")) };
        return Ok(Leased::Entry(entry));
    };
    let Ok([Reply::Integer(wait_ms), Reply::Text(stale)]) = <[Reply; 2]>::try_from(parts) else {
        return Err(wrong("another list"));
    };
    let stale = (!stale.is_empty()).then_some(stale);
    Ok(match u64::try_from(wait_ms) {
        Ok(wait_ms) if wait_ms > 0 => Leased::Wait(Duration::from_millis(wait_ms), stale),
        _ => Leased::Won(stale),
    })
}

fn wrong(found: &str) -> StoreError {
    StoreError::cache(Failure::Corrupt, format!("a lease was answered by {found}"))
}

/// KEYS: entry, token, throttle, stale copy. ARGV: token, its ttl in ms, throttle in ms, 1 for the entry.
pub(super) static SCRIPT: Script = Script {
    name: "lease-get",
    lua: r"
local entry = ARGV[4] == '1' and redis.call('GETRANGE', KEYS[1], 0, -1) or ''
if entry ~= '' then return entry end
local stale = redis.call('GETRANGE', KEYS[4], 0, -1)
local wait = redis.call('PTTL', KEYS[3])
if wait >= 0 then return {math.max(wait, 1), stale} end
redis.call('SET', KEYS[3], '1', 'PX', ARGV[3])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return {0, stale}",
    touches: &["getrange", "pttl", "set"],
    entry_life: None,
    model,
};

fn model(entries: &mut Entries, keys: &[Bytes], args: &[Bytes]) -> Reply {
    let entry = entries.text(&keys[0]).filter(|entry| parse(&args[3]) == 1 && !entry.is_empty());
    if let Some(entry) = entry {
        return Reply::Text(entry);
    }
    let stale = Reply::Text(entries.text(&keys[3]).unwrap_or_default());
    if entries.text(&keys[2]).is_some() {
        let wait_ms = entries.ttl(&keys[2]).map_or(1, |left| left.as_millis().max(1) as i64);
        return Reply::List(vec![Reply::Integer(wait_ms), stale]);
    }
    entries.put(keys[2].clone(), Bytes::from_static(b"1"), parse_lifetime(&args[2]));
    entries.put(keys[1].clone(), args[0].clone(), parse_lifetime(&args[1]));
    Reply::List(vec![Reply::Integer(0), stale])
}
