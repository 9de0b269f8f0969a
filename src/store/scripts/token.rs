use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use crate::store::script::number;

/// What tells one claim from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token(pub u64);

impl Token {
    pub(super) fn argument(self) -> Bytes {
        number(self.0)
    }
}

/// Tokens that no other instance has, nor this one before it was started anew.
pub struct Tokens {
    instance: u64,
    next: AtomicU64,
}

impl Tokens {
    /// The low bits count, those above are the instance's.
    const BITS: u32 = 48;

    /// The tokens of an instance. They are counted from the nanosecond at hand, so that one that died with a claim
    /// does not find it its own.
    pub fn new(instance: usize) -> Tokens {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
        Tokens { instance: (instance as u64) << Tokens::BITS, next: AtomicU64::new(now) }
    }

    pub fn next(&self) -> Token {
        let low = self.next.fetch_add(1, Relaxed) & ((1 << Tokens::BITS) - 1);
        Token(self.instance | low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tokens_are_the_same() {
        let tokens = [0, 1].map(Tokens::new);
        let all: std::collections::HashSet<u64> =
            tokens.iter().flat_map(|tokens| (0..100).map(|_| tokens.next().0)).collect();
        assert_eq!(all.len(), 200);
    }
}
