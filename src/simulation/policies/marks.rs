/// A set of numbers below a bound, whose lowest and highest are found in a few steps: bits, with a bit above each word
/// that says whether any in it is set, and so on up to a single word.
pub(super) struct Marks {
    /// From the bits themselves up to the single word.
    levels: Vec<Vec<u64>>,
}

impl Marks {
    pub fn new(bound: usize) -> Marks {
        let mut levels = Vec::new();
        let mut bits = bound.max(1);
        loop {
            bits = bits.div_ceil(64);
            levels.push(vec![0; bits]);
            if bits == 1 {
                return Marks { levels };
            }
        }
    }

    #[inline]
    pub fn insert(&mut self, number: u32) {
        let mut at = number as usize;
        for level in &mut self.levels {
            let word = &mut level[at / 64];
            let before = *word;
            *word |= 1 << (at % 64);
            if before != 0 {
                return;
            }
            at /= 64;
        }
    }

    #[inline]
    pub fn remove(&mut self, number: u32) {
        let mut at = number as usize;
        for level in &mut self.levels {
            let word = &mut level[at / 64];
            *word &= !(1 << (at % 64));
            if *word != 0 {
                return;
            }
            at /= 64;
        }
    }

    #[inline]
    pub fn lowest(&self) -> Option<u32> {
        self.descend(u64::trailing_zeros)
    }

    #[inline]
    pub fn highest(&self) -> Option<u32> {
        self.descend(|word| 63 - word.leading_zeros())
    }

    #[inline]
    fn descend(&self, choose: impl Fn(u64) -> u32) -> Option<u32> {
        let mut at = 0;
        for level in self.levels.iter().rev() {
            let word = level[at];
            if word == 0 {
                return None;
            }
            at = at * 64 + choose(word) as usize;
        }
        Some(at as u32)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_ends_are_those_of_an_ordered_set(steps in proptest::collection::vec((any::<bool>(), 0u32..5_000), 0..400)) {
            let (mut marks, mut set) = (Marks::new(5_000), BTreeSet::new());
            for (insert, number) in steps {
                if insert {
                    marks.insert(number);
                    set.insert(number);
                } else {
                    marks.remove(number);
                    set.remove(&number);
                }
                prop_assert_eq!(marks.lowest(), set.first().copied());
                prop_assert_eq!(marks.highest(), set.last().copied());
            }
        }
    }
}
