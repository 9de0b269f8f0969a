use std::borrow::Cow;
use std::time::Duration;

use super::decimal::digits;
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

/// Whether a request of this kind says a size with these bytes: a read of no bytes has found nothing.
pub(super) fn says_size(kind: Kind, bytes: u32) -> bool {
    bytes > 0 || matches!(kind, Kind::Write | Kind::Insert)
}

/// The name of an object in a trace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TraceKey {
    Number(u64),
    /// Any other token, such as an anonymised key or a number beyond 64 bits.
    Text(Box<[u8]>),
}

impl TraceKey {
    /// The key as a token: what [`TraceKey::of`] would read as this key.
    pub fn token(&self) -> Cow<'_, [u8]> {
        match self {
            TraceKey::Number(number) => number.to_string().into_bytes().into(),
            TraceKey::Text(text) => text.as_ref().into(),
        }
    }

    /// The key written as `token`. Different tokens are different keys: `7` is a number, `07` is a text.
    pub fn of(token: &[u8]) -> TraceKey {
        number(token).map_or_else(|| TraceKey::Text(token.into()), TraceKey::Number)
    }
}

/// The number of a token that is written as numbers are, without leading zeros.
fn number(token: &[u8]) -> Option<u64> {
    let canonical = token == b"0" || !token.starts_with(b"0");
    digits(token).filter(|_| canonical)
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
