use crate::traffic::Random;

/// The keys that are held, in no order, to draw from.
pub(super) struct Members {
    keys: Vec<u32>,
    /// By key: where it stands, or [`ABSENT`].
    places: Vec<u32>,
}

const ABSENT: u32 = u32::MAX;

impl Members {
    pub fn new(keys: usize) -> Members {
        Members { keys: Vec::new(), places: vec![ABSENT; keys] }
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    #[inline]
    pub fn contains(&self, key: u32) -> bool {
        self.places[key as usize] != ABSENT
    }

    /// Adds a key that is not held.
    #[inline]
    pub fn insert(&mut self, key: u32) {
        self.places[key as usize] = self.keys.len() as u32;
        self.keys.push(key);
    }

    #[inline]
    pub fn remove(&mut self, key: u32) {
        let place = std::mem::replace(&mut self.places[key as usize], ABSENT);
        if place == ABSENT {
            return;
        }
        self.keys.swap_remove(place as usize);
        if let Some(&moved) = self.keys.get(place as usize) {
            self.places[moved as usize] = place;
        }
    }

    /// Any of the keys, each as likely as the others.
    #[inline]
    pub fn draw(&self, random: &mut Random) -> Option<u32> {
        self.keys.get(random.below(self.keys.len() as u64) as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::Stream;

    #[test]
    fn only_what_is_held_is_drawn_and_all_of_it_as_often() {
        let mut members = Members::new(6);
        (0..6).for_each(|key| members.insert(key));
        [0, 5, 2].into_iter().for_each(|key| members.remove(key));
        members.remove(2);
        members.insert(0);
        let mut random = Random::new(1, Stream::Eviction, 0);
        let mut drawn = [0u32; 6];
        for _ in 0..40_000 {
            drawn[members.draw(&mut random).unwrap() as usize] += 1;
        }
        assert_eq!([drawn[2], drawn[5]], [0, 0]);
        // Four standard errors of a share of a quarter.
        assert!([0, 1, 3, 4].iter().all(|&key: &usize| drawn[key].abs_diff(10_000) < 350), "{drawn:?}");
        assert!(members.contains(0) && !members.contains(5));
    }
}
