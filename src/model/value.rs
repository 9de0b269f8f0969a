use bytes::{Buf, BufMut, Bytes, BytesMut};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Failure, Key, StoreError};

/// The checksum of a row's body, seeded with its key: a body under the wrong key does not pass.
pub fn checksum(key: &Key, body: &[u8]) -> u64 {
    xxh3_64_with_seed(body, key.id())
}

/// A row as both stores hold it: the body, and what is needed to judge it.
///
/// In the cache it is one string: a header of [`Value::HEADER`] bytes, big-endian, then the body.
/// `version` comes first, so that a script can read it with `GETRANGE key 0 7`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// Counts the writes of this key, from 1, in the order in which they took effect.
    pub version: u64,
    pub checksum: u64,
    /// A deletion that the database does not know of yet; readers treat it as no row.
    pub tombstone: bool,
    /// What loading it from the database took, in microseconds; 0 when it came from a write.
    pub load_cost_us: u32,
    /// When it stops being fresh, in microseconds of Unix time; 0 where the store's own expiry is all there is.
    pub expires_at_us: u64,
    pub body: Bytes,
}

impl Value {
    /// Bytes in front of the body in a cached value.
    pub const HEADER: usize = 8 + 8 + 1 + 4 + 8;

    /// The cached form.
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(Self::HEADER + self.body.len());
        out.put_u64(self.version);
        self.put_after_version(&mut out);
        out.freeze()
    }

    /// The cached form without its version, for scripts that assign the version themselves.
    pub fn encode_unversioned(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(Self::HEADER - 8 + self.body.len());
        self.put_after_version(&mut out);
        out.freeze()
    }

    fn put_after_version(&self, out: &mut BytesMut) {
        out.put_u64(self.checksum);
        out.put_u8(u8::from(self.tombstone));
        out.put_u32(self.load_cost_us);
        out.put_u64(self.expires_at_us);
        out.put_slice(&self.body);
    }

    /// Reads the cached form; the body shares the buffer.
    ///
    /// # Errors
    /// [`Failure::Corrupt`] when the bytes are too short or carry a flag that no version of this header has.
    pub fn decode(mut raw: Bytes) -> Result<Value, StoreError> {
        if raw.len() < Self::HEADER || raw[16] > 1 {
            return Err(StoreError::cache(
                Failure::Corrupt,
                format!("{} bytes are no cached value", raw.len()),
            ));
        }
        Ok(Value {
            version: raw.get_u64(),
            checksum: raw.get_u64(),
            tombstone: raw.get_u8() == 1,
            load_cost_us: raw.get_u32(),
            expires_at_us: raw.get_u64(),
            body: raw,
        })
    }

    /// The version of a cached form, without decoding the rest.
    pub fn peek_version(raw: &[u8]) -> Option<u64> {
        raw.first_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
    }

    /// Whether the body is what was written under this key.
    pub fn is_intact(&self, key: &Key) -> bool {
        self.tombstone || checksum(key, &self.body) == self.checksum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(key: &Key) -> Value {
        let body = Bytes::from_static(b"a body");
        Value {
            version: 7,
            checksum: checksum(key, &body),
            tombstone: false,
            load_cost_us: 42,
            expires_at_us: 1_700_000_000_000_000,
            body,
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let key = Key::new("cb:", 3);
        let value = sample(&key);
        let raw = value.encode();
        assert_eq!(Value::peek_version(&raw), Some(7));
        assert_eq!(raw[8..], value.encode_unversioned()[..]);
        assert_eq!(Value::decode(raw).unwrap(), value);
    }

    #[test]
    fn a_body_under_another_key_is_not_intact() {
        let key = Key::new("cb:", 3);
        let value = sample(&key);
        assert!(value.is_intact(&key));
        assert!(!value.is_intact(&Key::new("cb:", 4)));
    }

    #[test]
    fn foreign_bytes_are_corrupt_not_a_panic() {
        for raw in [&b""[..], b"short", &[9u8; 64]] {
            assert_eq!(Value::decode(Bytes::copy_from_slice(raw)).unwrap_err().failure, Failure::Corrupt);
        }
    }
}
