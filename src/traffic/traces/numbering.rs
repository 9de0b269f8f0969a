use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::TraceKey;

/// Numbers keys from 0, in the order in which they come first.
///
/// Its tables hash with little effort: whoever names a trace file has no interest in slow look-ups.
#[derive(Default)]
pub(super) struct Numbering {
    numbers: HashMap<u64, u32, BuildHasherDefault<Quick>>,
    texts: HashMap<Box<[u8]>, u32, BuildHasherDefault<Quick>>,
    count: u32,
}

impl Numbering {
    /// The number of a key; `None` when it is new and 32 bits have no number left.
    pub(super) fn number(&mut self, key: TraceKey) -> Option<u32> {
        let next = self.count;
        let number = match key {
            TraceKey::Number(key) => *self.numbers.entry(key).or_insert(next),
            TraceKey::Text(key) => *self.texts.entry(key).or_insert(next),
        };
        if number == next {
            self.count = next.checked_add(1)?;
        }
        Some(number)
    }

    /// How many different keys there were.
    pub(super) fn count(&self) -> u32 {
        self.count
    }
}

/// Folds a number by a multiplication, and texts by xxh3.
#[derive(Default)]
pub(super) struct Quick(u64);

impl Hasher for Quick {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_u64(&mut self, number: u64) {
        // The golden ratio; the upper half brings every bit of the number into the lower one.
        let product = u128::from(number ^ self.0) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_share_one_numbering() {
        let mut numbering = Numbering::default();
        let tokens = ["7", "07", "x", "7", "x", "18446744073709551615", "07"];
        let numbers = tokens.map(|token| numbering.number(TraceKey::of(token.as_bytes())).unwrap());
        assert_eq!((numbers, numbering.count()), ([0, 1, 2, 0, 2, 3, 1], 4));
    }

    #[test]
    fn keys_that_differ_in_few_bits_do_not_share_a_slot() {
        // Both the lower bits and the seven uppermost choose a slot.
        for shift in [0, 12, 32, 52] {
            let hashes = (0..4_096u64).map(|key| {
                let mut quick = Quick::default();
                quick.write_u64(key << shift);
                quick.finish()
            });
            let (low, high): (Vec<_>, Vec<_>) = hashes.map(|hash| (hash & 0xfff, hash >> 57)).unzip();
            for (slots, most) in [(low, 40), (high, 100)] {
                let mut counts = std::collections::BTreeMap::<u64, u32>::new();
                slots.into_iter().for_each(|slot| *counts.entry(slot).or_default() += 1);
                assert!(counts.values().all(|count| *count < most), "keys << {shift}: {counts:?}");
            }
        }
    }
}
