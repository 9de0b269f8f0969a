use std::time::Duration;

use crate::model::Kind;

/// One request of a trace; what a format does not hold is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Microseconds since the trace's own epoch, which is seldom that of Unix.
    pub at_us: Option<u64>,
    pub key: TraceKey,
    pub op: Option<Kind>,
    /// Bytes of the object.
    pub size: Option<u32>,
    /// How long the entry may live; `None` also where it never expires.
    pub ttl: Option<Duration>,
}

impl Request {
    /// A request of which only the key is known.
    pub fn of(key: TraceKey) -> Request {
        Request { at_us: None, key, op: None, size: None, ttl: None }
    }
}

/// The name of an object in a trace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TraceKey {
    Number(u64),
    /// Any other token, such as an anonymised key or a number beyond 64 bits.
    Text(Box<[u8]>),
}

impl TraceKey {
    /// The key written as `token`. Different tokens are different keys: `7` is a number, `07` is a text.
    pub fn of(token: &[u8]) -> TraceKey {
        number(token).map_or_else(|| TraceKey::Text(token.into()), TraceKey::Number)
    }
}

fn number(token: &[u8]) -> Option<u64> {
    let canonical = token == b"0" || !token.starts_with(b"0");
    if token.is_empty() || !canonical {
        return None;
    }
    token.iter().try_fold(0u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_number_up_to_64_bits_and_a_text_otherwise() {
        for (token, number) in [("0", 0), ("42", 42), ("18446744073709551615", u64::MAX)] {
            assert_eq!(TraceKey::of(token.as_bytes()), TraceKey::Number(number));
        }
        for token in ["18446744073709551616", "07", "00", "-1", "+1", "1.0", "user:7", "é", ""] {
            assert_eq!(TraceKey::of(token.as_bytes()), TraceKey::Text(token.as_bytes().into()));
        }
    }
}
