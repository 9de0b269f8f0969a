use super::Random;

/// Draws from a fixed set of weighted items in constant time: Vose's alias method (1991).
pub struct AliasTable {
    slots: Box<[Slot]>,
}

/// An equal share of the probability, split between two items.
#[derive(Clone, Copy)]
struct Slot {
    /// The share of the slot that is the first item's, of 2^32.
    threshold: u32,
    first: u32,
    second: u32,
}

impl AliasTable {
    /// Items beyond which a table takes more memory (12 bytes each) than it is worth.
    pub const MOST: u64 = 1 << 20;

    /// A table that draws `item(i)` with probability proportional to `weight(i)`, for i below `count`,
    /// which is at least 1 and at most [`AliasTable::MOST`].
    pub fn new(count: u64, weight: impl Fn(u64) -> f64, item: impl Fn(u64) -> u64) -> AliasTable {
        let total: f64 = (0..count).map(&weight).sum();
        let mut shares: Vec<f64> = (0..count).map(|i| weight(i) * count as f64 / total).collect();
        let mut slots: Vec<Slot> = (0..count)
            .map(|i| Slot { threshold: u32::MAX, first: item(i) as u32, second: item(i) as u32 })
            .collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..count as usize).partition(|&i| shares[i] < 1.0);
        while let (Some(less), Some(&more)) = (small.pop(), large.last()) {
            slots[less].threshold = (shares[less] * 4_294_967_296.0) as u32;
            slots[less].second = slots[more].first;
            shares[more] -= 1.0 - shares[less];
            if shares[more] < 1.0 {
                large.pop();
                small.push(more);
            }
        }
        AliasTable { slots: slots.into() }
    }

    /// An item. One random number gives both the slot and the place in it.
    pub fn draw(&self, random: &mut Random) -> u64 {
        let (slot, place) = random.below_with_rest(self.slots.len() as u64);
        let slot = self.slots[slot as usize];
        u64::from(if (place >> 32) as u32 <= slot.threshold { slot.first } else { slot.second })
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
