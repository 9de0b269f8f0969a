use rand_distr::{Distribution, Zipf};

use super::skew::Skew;
use super::{Keys, Random};
use crate::registry::{self, Entry};

pub const ENTRY: Entry<dyn Keys, super::KeyParts> = Entry {
    name: "latest",
    summary: "the newest rows most often: a zipfian over the age of the row",
    options: registry::schema_of::<Skew>,
    build: |options, parts| {
        let skew: Skew = registry::options(options)?;
        Ok(Box::new(Latest { ages: skew.law(parts.rows.max(1))? }))
    },
};

/// YCSB's latest distribution: age 1 is the newest row. The newest rows are those of whole blocks of
/// tickets (see [`Mix`](crate::traffic::Mix)), so that a row asked for has been inserted well before.
struct Latest {
    ages: Zipf<f64>,
}

impl Keys for Latest {
    fn pick(&self, _: u64, population: u64, random: &mut Random) -> u64 {
        let age = (self.ages.sample(random) as u64).max(1);
        population.saturating_sub(age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Choice;
    use crate::traffic::{KEYS, KeyParts, Stream};

    #[test]
    fn the_newest_row_moves_with_the_population() {
        let parts = KeyParts { rows: 1_000, seed: 1, folders: Vec::new() };
        let keys = Choice::named("latest").build(KEYS, parts).unwrap();
        for population in [1_000, 5_000] {
            let newest = (0..2_000)
                .filter(|&n| {
                    keys.pick(n, population, &mut Random::new(1, Stream::Operation, n)) == population - 1
                })
                .count();
            assert!((200..350).contains(&newest), "{newest} of 2000 asked for the newest of {population}");
        }
    }
}
