use std::sync::Arc;
use std::time::Duration;

use super::Recording;
use super::recording::{NO_SIZE, NO_TTL};

/// What a recording says of each of its keys, by the first of the key's requests that says it.
///
/// Requests that found nothing have no size, but those are the ones after which an entry is put in.
pub(super) struct ByKey {
    /// Bytes, [`NO_SIZE`] where none are said; empty in a recording without sizes.
    sizes: Box<[u32]>,
    /// Milliseconds, [`NO_TTL`] where none are said; empty in a recording without times to live.
    ttls: Arc<[u32]>,
}

impl Recording {
    /// Bytes of the object of a key: those of the first of its requests that says more than 0, since 0 bytes are a miss.
    pub fn key_size(&self, key: u64) -> Option<u32> {
        let size = *self.by_key().sizes.get(usize::try_from(key).ok()?)?;
        (size != NO_SIZE).then_some(size)
    }

    /// How long entries of a key live: for the time of the first of its requests that has one.
    pub fn key_ttl(&self, key: u64) -> Option<Duration> {
        let ttl = *self.by_key().ttls.get(usize::try_from(key).ok()?)?;
        (ttl != NO_TTL).then(|| Duration::from_millis(ttl.into()))
    }

    /// [`Recording::key_ttl`] of all keys in milliseconds, [`NO_TTL`] where there is none; empty in a recording without
    /// times to live.
    pub(crate) fn key_ttls(&self) -> &Arc<[u32]> {
        &self.by_key().ttls
    }

    /// The keys whose size is not known.
    pub fn keys_without_size(&self) -> u64 {
        self.unique_keys() - self.by_key().sizes.iter().filter(|size| **size != NO_SIZE).count() as u64
    }

    /// The bytes of the object that the request at `index` says; 0 bytes are a miss, and not known.
    ///
    /// # Panics
    /// When `index` is not below [`Recording::len`].
    pub fn known_size(&self, index: u64) -> Option<u32> {
        self.size(index).filter(|size| *size > 0)
    }

    fn by_key(&self) -> &ByKey {
        self.by_key.get_or_init(|| {
            let ttl = |index| u32::try_from(self.ttl(index)?.as_millis()).ok();
            ByKey {
                sizes: self.firsts(self.has_sizes(), NO_SIZE, |index| self.known_size(index)).into(),
                ttls: self.firsts(self.has_ttls(), NO_TTL, ttl).into(),
            }
        })
    }

    /// By key: what its first request says that says anything, else `none`; empty where none `is_said` at all.
    fn firsts(&self, is_said: bool, none: u32, said: impl Fn(u64) -> Option<u32>) -> Vec<u32> {
        if !is_said {
            return Vec::new();
        }
        let mut firsts = vec![none; self.unique_keys() as usize];
        for (index, &key) in (0..).zip(self.keys()) {
            let first = &mut firsts[key as usize];
            if *first == none {
                *first = said(index).unwrap_or(none);
            }
        }
        firsts
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Request, TraceKey};
    use super::*;

    #[test]
    fn a_key_has_what_the_first_of_its_requests_says_that_says_it() {
        let request = |key, size, seconds: Option<u64>| Request {
            size,
            ttl: seconds.map(Duration::from_secs),
            ..Request::of(TraceKey::Number(key))
        };
        let requests = [
            request(7, None, None),
            request(8, Some(0), None),
            request(7, Some(100), Some(60)),
            request(7, Some(900), Some(5)),
        ];
        let recording = Recording::of(requests).unwrap();
        assert_eq!([0, 1, 2].map(|key| recording.key_size(key)), [Some(100), None, None]);
        assert_eq!([0, 1].map(|key| recording.key_ttl(key)), [Some(Duration::from_secs(60)), None]);
        assert_eq!(
            (recording.keys_without_size(), recording.key_ttls()[..].to_vec()),
            (1, vec![60_000, NO_TTL])
        );
        let plain = Recording::of([request(1, None, None)]).unwrap();
        assert_eq!((plain.key_size(0), plain.key_ttl(0), plain.keys_without_size()), (None, None, 1));
    }
}
