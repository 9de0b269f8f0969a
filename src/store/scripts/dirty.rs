use bytes::Bytes;

use crate::model::{Failure, StoreError};
use crate::store::memory::Entries;
use crate::store::script::{number, parse};
use crate::store::{Cache, Reply, Script};

/// The rows that one instance has acknowledged and the database does not know of yet, kept in the cache:
/// a sorted set of row ids by the time of their first unflushed write, in microseconds of Unix time.
///
/// It lies beside its entries, so that one script may touch both: where the cache has several parts, there is one a part.
#[derive(Clone)]
pub struct DirtySet {
    name: Bytes,
}

impl DirtySet {
    /// The set of an instance under the run's prefix.
    pub fn new(prefix: &str, instance: usize) -> DirtySet {
        DirtySet { name: format!("{prefix}dirty:{instance}").into() }
    }

    /// The part of it in a part of the cache whose tag this is; all of it where the cache has one part only.
    pub fn in_part(prefix: &str, instance: usize, tag: &str) -> DirtySet {
        if tag.is_empty() {
            return DirtySet::new(prefix, instance);
        }
        DirtySet { name: format!("{prefix}dirty:{instance}:{{{tag}}}").into() }
    }

    pub(super) fn name(&self) -> &Bytes {
        &self.name
    }
}

/// Up to `limit` row ids with the times since when they wait, those that have waited longest first.
///
/// # Errors
/// As [`Cache::run`].
pub async fn dirty(cache: &dyn Cache, set: &DirtySet, limit: usize) -> Result<Vec<(u64, u64)>, StoreError> {
    let number = |text: &Bytes| {
        let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        number.ok_or_else(|| {
            StoreError::cache(Failure::Corrupt, "a dirty set holds something that is no row id and no time")
        })
    };
    let found = first(cache, &set.name, limit).await?;
    found.iter().map(|(id, since)| Ok((number(id)?, number(since)?))).collect()
}

/// Up to `limit` members of a sorted set with their scores, those of the lowest first.
pub(super) async fn first(
    cache: &dyn Cache,
    set: &Bytes,
    limit: usize,
) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
    let texts = cache.run(&SCRIPT, vec![set.clone()], vec![number(limit as u64)]).await?.texts()?;
    Ok(texts.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
}

/// KEYS: sorted set. ARGV: limit.
pub(super) static SCRIPT: Script = Script {
    name: "dirty",
    lua: r"
if ARGV[1] == '0' then return {} end
return redis.call('ZRANGE', KEYS[1], 0, ARGV[1] - 1, 'WITHSCORES')",
    touches: &["zrange"],
    entry_life: None,
    model,
};

fn model(entries: &mut Entries, keys: &[Bytes], args: &[Bytes]) -> Reply {
    let mut members: Vec<_> =
        entries.sorted(&keys[0]).iter().map(|(member, score)| (*score, member.clone())).collect();
    members.sort();
    members.truncate(parse(&args[0]) as usize);
    let pair = |(score, member): (u64, Bytes)| [Reply::Text(member), Reply::Text(number(score))];
    Reply::List(members.into_iter().flat_map(pair).collect())
}
