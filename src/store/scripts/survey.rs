use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::future::join_all;

use crate::model::{Failure, Key, StoreError};
use crate::store::memory::Entries;
use crate::store::script::name;
use crate::store::{Cache, Reply, Script};

/// What an entry begins with: its version and its checksum.
const HEAD: usize = 16;

/// The head of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surveyed {
    pub version: u64,
    pub checksum: u64,
    /// How long it still lives, in milliseconds; nothing if it does not expire.
    pub ttl_ms: Option<u64>,
}

/// The heads of the entries of `keys`, without their bodies; nothing where there is no row. All parts of the cache are
/// asked at once, each for those that lie in it.
///
/// # Errors
/// As [`Cache::run`].
pub async fn survey(cache: &dyn Cache, keys: &[Key]) -> Result<Vec<Option<Surveyed>>, StoreError> {
    let mut parts: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
    for (place, key) in keys.iter().enumerate() {
        parts.entry(cache.part(key)).or_default().push(place);
    }
    if parts.len() <= 1 {
        return survey_part(cache, keys.iter().map(name).collect()).await;
    }
    let asked = parts.into_values().map(|places| async move {
        let names = places.iter().map(|place| name(&keys[*place])).collect();
        let found = survey_part(cache, names).await;
        (places, found)
    });
    let mut all = vec![None; keys.len()];
    for (places, found) in join_all(asked).await {
        for (place, head) in places.into_iter().zip(found?) {
            all[place] = head;
        }
    }
    Ok(all)
}

async fn survey_part(cache: &dyn Cache, names: Vec<Bytes>) -> Result<Vec<Option<Surveyed>>, StoreError> {
    let Reply::List(items) = cache.run(&SCRIPT, names, Vec::new()).await? else {
        return Err(StoreError::cache(Failure::Corrupt, "a survey answered no list"));
    };
    items
        .chunks_exact(2)
        .map(|pair| match pair {
            [Reply::Text(head), Reply::Integer(ttl)] => Ok(read(head, *ttl)),
            other => Err(StoreError::cache(Failure::Corrupt, format!("a survey answered {other:?}"))),
        })
        .collect()
}

fn read(head: &[u8], ttl: i64) -> Option<Surveyed> {
    let number = |from: usize| head.get(from..)?.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes));
    Some(Surveyed { version: number(0)?, checksum: number(8)?, ttl_ms: u64::try_from(ttl).ok() })
}

/// KEYS: entries. Answers the head and the time to live in ms of each, "" and -2 for none.
pub(super) static SCRIPT: Script = Script {
    name: "survey",
    lua: r"
local found = {}
for i = 1, #KEYS do
  found[2 * i - 1] = redis.call('GETRANGE', KEYS[i], 0, 15)
  found[2 * i] = redis.call('PTTL', KEYS[i])
end
return found",
    touches: &["getrange", "pttl"],
    entry_life: None,
    model,
};

fn model(entries: &mut Entries, keys: &[Bytes], _: &[Bytes]) -> Reply {
    let mut found = Vec::with_capacity(2 * keys.len());
    for key in keys {
        let text = entries.text(key);
        let ttl = match (&text, entries.ttl(key)) {
            (None, _) => -2,
            (Some(_), None) => -1,
            (Some(_), Some(left)) => left.as_millis() as i64,
        };
        let text = text.unwrap_or_default();
        found.extend([Reply::Text(text.slice(..text.len().min(HEAD))), Reply::Integer(ttl)]);
    }
    Reply::List(found)
}
