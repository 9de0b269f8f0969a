use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Random;

/// What a multi-read asks for, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MultiRead {
    /// How many rows: a number, or `{ uniform = { min, max } }`.
    pub keys: KeyCount,
    /// How they are fetched.
    #[serde(rename = "as")]
    pub fetch: Fetch,
}

/// How the rows of a multi-read are fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fetch {
    /// One command for all keys, one query for all rows that missed.
    #[default]
    Batch,
    /// One read after the other: the N+1 problem.
    OneByOne,
}

/// How many rows a multi-read asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum KeyCount {
    Fixed(#[schemars(range(min = 1, max = 500))] u64),
    Drawn(Drawn),
}

/// A number that is drawn for each multi-read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Drawn {
    /// Each from `min` to `max` as likely as any other.
    Uniform {
        #[schemars(range(min = 1, max = 500))]
        min: u64,
        #[schemars(range(min = 1, max = 500))]
        max: u64,
    },
}

impl Default for KeyCount {
    fn default() -> KeyCount {
        KeyCount::Fixed(10)
    }
}

impl KeyCount {
    /// The least and the most.
    pub fn bounds(self) -> (u64, u64) {
        match self {
            KeyCount::Fixed(count) => (count, count),
            KeyCount::Drawn(Drawn::Uniform { min, max }) => (min, max),
        }
    }

    fn draw(self, random: &mut Random) -> u64 {
        let (min, max) = self.bounds();
        if min < max { min + random.below(max - min + 1) } else { min }
    }
}

/// Draws of a row before the next free one is taken instead.
const DRAWS: u32 = 8;

impl MultiRead {
    /// The rows of one multi-read, each once, all below `population`; `pick` draws one.
    ///
    /// A row that is drawn again is drawn anew, up to eight times; then it is the next one by id. So a skew stays one,
    /// `sequential` asks for neighbours, and as many rows as there are can be asked for.
    pub fn rows(&self, population: u64, random: &mut Random, pick: impl Fn(&mut Random) -> u64) -> Vec<u64> {
        let count = self.keys.draw(random).min(population);
        let mut rows: Vec<u64> = Vec::with_capacity(count as usize);
        while (rows.len() as u64) < count {
            let mut row = pick(random);
            for _ in 1..DRAWS {
                if !rows.contains(&row) {
                    break;
                }
                row = pick(random);
            }
            while rows.contains(&row) {
                row = (row + 1) % population;
            }
            rows.push(row);
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::Stream;

    fn rows(multi_read: MultiRead, population: u64, pick: impl Fn(&mut Random) -> u64) -> Vec<u64> {
        multi_read.rows(population, &mut Random::new(3, Stream::Operation, 9), pick)
    }

    #[test]
    fn rows_are_distinct_whatever_is_drawn() {
        let ten = MultiRead::default();
        assert_eq!(rows(ten, 100, |_| 97), [97, 98, 99, 0, 1, 2, 3, 4, 5, 6]);
        let mut all = rows(ten, 10, |random| random.below(10));
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        assert_eq!(rows(ten, 3, |random| random.below(3)).len(), 3, "no more than there are");
    }

    #[test]
    fn every_number_of_rows_is_as_likely() {
        let keys = KeyCount::Drawn(Drawn::Uniform { min: 3, max: 6 });
        let mut random = Random::new(3, Stream::Operation, 0);
        let mut counts = [0u32; 7];
        (0..40_000).for_each(|_| counts[keys.draw(&mut random) as usize] += 1);
        // Five standard errors of a count with p = 1/4: sqrt(40,000 * 3/16) = 87.
        assert!(counts[3..].iter().all(|&count| count.abs_diff(10_000) < 433), "{counts:?}");
        assert_eq!(counts[..3], [0, 0, 0]);
    }
}
