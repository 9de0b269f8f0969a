use std::time::Duration;

use bytes::Bytes;

use super::Token;
use crate::model::{Failure, Key, StoreError};
use crate::store::memory::Entries;
use crate::store::script::{lifetime, name, parse_lifetime};
use crate::store::{Cache, Reply, Script};

/// A claim on an entry that is asked for: a lock or a lease, kept beside it until `ttl` is over or it is given back.
pub struct NewClaim<'a> {
    pub key: &'a Key,
    /// What kind of claim: those of one name exclude each other.
    pub kind: &'static str,
    pub token: Token,
    pub ttl: Duration,
    /// Whether an entry that is there is all that is wanted.
    pub or_entry: bool,
}

/// A claim that was won, as it is given back.
#[derive(Clone, Copy)]
pub struct HeldClaim<'a> {
    pub key: &'a Key,
    pub kind: &'static str,
    pub token: Token,
}

impl HeldClaim<'_> {
    /// Where the cache keeps it.
    pub(super) fn name(self) -> Bytes {
        self.key.beside(self.kind)
    }
}

/// What came of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// There is an entry, and nothing was claimed.
    Entry(Bytes),
    /// The token is now the one that counts.
    Won,
    /// Another token counts.
    Lost,
}

/// Answers the entry, if it is wanted and there; else claims it, unless another has.
///
/// # Errors
/// As [`Cache::run`].
pub async fn claim(cache: &dyn Cache, claim: NewClaim<'_>) -> Result<Claimed, StoreError> {
    let mut keys = vec![claim.key.beside(claim.kind)];
    if claim.or_entry {
        keys.push(name(claim.key));
    }
    match cache.run(&SCRIPT, keys, vec![claim.token.argument(), lifetime(Some(claim.ttl))]).await? {
        Reply::Text(entry) => Ok(Claimed::Entry(entry)),
        Reply::Integer(1) => Ok(Claimed::Won),
        Reply::Integer(0) => Ok(Claimed::Lost),
        other => Err(StoreError::cache(Failure::Corrupt, format!("a claim was answered by {other:?}"))),
    }
}

/// KEYS: claim, [entry]. ARGV: token, ttl in ms.
pub(super) static SCRIPT: Script = Script {
    name: "claim",
    lua: r"
local entry = KEYS[2] and redis.call('GETRANGE', KEYS[2], 0, -1) or ''
if entry ~= '' then return entry end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0",
    touches: &["getrange", "set"],
    entry_life: None,
    model,
};

fn model(entries: &mut Entries, keys: &[Bytes], args: &[Bytes]) -> Reply {
    let entry = keys.get(1).and_then(|key| entries.text(key)).filter(|entry| !entry.is_empty());
    if let Some(entry) = entry {
        return Reply::Text(entry);
    }
    let free = entries.text(&keys[0]).is_none();
    if free {
        entries.put(keys[0].clone(), args[0].clone(), parse_lifetime(&args[1]));
    }
    Reply::Integer(i64::from(free))
}
