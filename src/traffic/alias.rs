use std::ops::Range;

use super::Random;

/// Draws from a fixed set of weighted items in constant time: Vose's alias method (1991), in two tables.
///
/// The first few items, which of a skewed distribution are the ones mostly drawn, have a table of their own
/// that stays in the processor's cache: a draw from a large table costs a miss.
pub struct AliasTable {
    head: Slots,
    tail: Slots,
    /// The share of the head, of 2^64.
    head_share: u64,
}

impl AliasTable {
    /// Items beyond which a table takes more memory (8 bytes each) than it is worth.
    pub const MOST: u64 = 1 << 20;
    const HEAD: u64 = 1 << 14;

    /// A table that draws `item(i)` with probability proportional to `weight(i)`, for i below `count`,
    /// which is at least 1 and at most [`AliasTable::MOST`].
    pub fn new(count: u64, weight: impl Fn(u64) -> f64, item: impl Fn(u64) -> u64) -> AliasTable {
        let split = if count > Self::HEAD { Self::HEAD } else { count };
        let sum = |range: Range<u64>| range.map(&weight).sum::<f64>();
        let (head, tail) = (sum(0..split), sum(split..count));
        AliasTable {
            head: Slots::new(0..split, &weight, &item),
            tail: Slots::new(split..count, &weight, &item),
            // A float that is too large for the integer becomes the largest: all of the share.
            head_share: if split == count { u64::MAX } else { (head / (head + tail) * 2f64.powi(64)) as u64 },
        }
    }

    /// An item.
    pub fn draw(&self, random: &mut Random) -> u64 {
        let head = random.bits() <= self.head_share;
        if head { self.head.draw(random) } else { self.tail.draw(random) }
    }
}

/// One alias table.
struct Slots(Box<[Slot]>);

/// An equal share of the probability, split between two items, in eight bytes: the share that is the first item's, of
/// 2^24, then the two items with 20 bits each.
#[derive(Clone, Copy)]
struct Slot(u64);

impl Slot {
    const ITEM_BITS: u32 = AliasTable::MOST.ilog2();
    const SHARE_BITS: u32 = 64 - 2 * Self::ITEM_BITS;
    const ITEM: u64 = (1 << Self::ITEM_BITS) - 1;

    /// The slot whose share up to `share` is the first item's.
    fn new(share: f64, first: u64, second: u64) -> Slot {
        let most = (1u64 << Self::SHARE_BITS) - 1;
        let share = ((share * (1u64 << Self::SHARE_BITS) as f64) as u64).min(most);
        Slot(share << (2 * Self::ITEM_BITS) | first << Self::ITEM_BITS | second)
    }

    fn first(self) -> u64 {
        self.0 >> Self::ITEM_BITS & Self::ITEM
    }

    /// The item at a place in the slot, of 2^64.
    fn at(self, place: u64) -> u64 {
        let is_first = place >> (2 * Self::ITEM_BITS) < self.0 >> (2 * Self::ITEM_BITS);
        if is_first { self.first() } else { self.0 & Self::ITEM }
    }
}

impl Slots {
    fn new(items: Range<u64>, weight: impl Fn(u64) -> f64, item: impl Fn(u64) -> u64) -> Slots {
        let count = (items.end - items.start) as f64;
        let total: f64 = items.clone().map(&weight).sum();
        let mut shares: Vec<f64> = items.clone().map(|i| weight(i) * count / total).collect();
        let mut slots: Vec<Slot> = items.map(item).map(|item| Slot::new(1.0, item, item)).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..slots.len()).partition(|&i| shares[i] < 1.0);
        while let (Some(less), Some(&more)) = (small.pop(), large.last()) {
            slots[less] = Slot::new(shares[less], slots[less].first(), slots[more].first());
            shares[more] -= 1.0 - shares[less];
            if shares[more] < 1.0 {
                large.pop();
                small.push(more);
            }
        }
        Slots(slots.into())
    }

    /// An item. One random number gives both the slot and the place in it.
    fn draw(&self, random: &mut Random) -> u64 {
        let (slot, place) = random.below_with_rest(self.0.len() as u64);
        self.0[slot as usize].at(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::Stream;

    #[test]
    fn items_are_drawn_by_their_weights() {
        let weights = [5.0, 1.0, 3.0, 1.0];
        let table = AliasTable::new(4, |i| weights[i as usize], |i| 10 + i);
        let mut counts = [0.0; 4];
        let draws = 200_000;
        for n in 0..draws {
            counts[table.draw(&mut Random::new(1, Stream::Operation, n)) as usize - 10] += 1.0;
        }
        for (count, weight) in counts.iter().zip(weights) {
            let (share, expected) = (count / draws as f64, weight / 10.0);
            let error = (expected * (1.0 - expected) / draws as f64).sqrt();
            assert!((share - expected).abs() < 4.0 * error, "{share} against {expected}");
        }
    }

    #[test]
    fn one_item_is_always_drawn() {
        let table = AliasTable::new(1, |_| 0.5, |_| 7);
        assert_eq!(table.draw(&mut Random::new(1, Stream::Operation, 0)), 7);
    }
}
