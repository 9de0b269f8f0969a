use schemars::JsonSchema;
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::key_hash::key_hash;
use super::{Nodes, Placement};
use crate::registry::{self, Entry, OptionsError};

pub const ENTRY: Entry<dyn Placement, Nodes> = Entry {
    name: "maglev",
    summary: "a table that nodes fill by turns, each in an order of its own: even shares, few more moves than need be",
    options: registry::schema_of::<Options>,
    build: |options, nodes| Ok(Box::new(Maglev::new(registry::options(options)?, &nodes)?)),
};

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Places of the table: a prime, and a hundred times the nodes or more for even shares.
    table: u32,
}

impl Default for Options {
    /// The smaller one of the paper.
    fn default() -> Self {
        Options { table: 65_537 }
    }
}

/// Eisenbud et al., NSDI 2016, section 3.4. A node of weight w takes w places at each of its turns.
struct Maglev {
    options: Options,
    table: Box<[u16]>,
}

/// The largest table: as much as a cache of the processor holds.
const LARGEST: u32 = 1 << 21;

fn is_prime(number: u32) -> bool {
    number >= 2
        && (2..)
            .take_while(|divisor| divisor * divisor <= number)
            .all(|divisor| !number.is_multiple_of(divisor))
}

impl Maglev {
    fn new(options: Options, nodes: &Nodes) -> Result<Maglev, OptionsError> {
        let size = options.table;
        if size > LARGEST || !is_prime(size) {
            return Err(OptionsError(format!(
                "table = {size}; write a prime up to {LARGEST}, as 65537 or 655373"
            )));
        }
        if (size as usize) < nodes.len() {
            let text = format!("table = {size} has no place for each of {} nodes", nodes.len());
            return Err(OptionsError(text));
        }
        Ok(Maglev { options, table: filled(size as usize, nodes) })
    }

    fn place(&self, key: &[u8]) -> usize {
        (key_hash(key) % self.table.len() as u64) as usize
    }
}

/// Whose each place is, once all have taken their turns.
fn filled(size: usize, nodes: &Nodes) -> Box<[u16]> {
    const FREE: u16 = u16::MAX;
    let order = |name: &str| {
        let [offset, skip] = [0, 1].map(|seed| xxh3_64_with_seed(name.as_bytes(), seed) as usize);
        // Where it looks next, and how far it goes from there: no common divisor with a prime, so that it meets all.
        (offset % size, skip % (size - 1).max(1) + 1)
    };
    let mut orders: Vec<_> = nodes.names().map(order).collect();
    let weights: Vec<_> = nodes.weights().collect();
    let mut table = vec![FREE; size].into_boxed_slice();
    let mut free = size;
    'turns: loop {
        for (node, ((next, skip), weight)) in orders.iter_mut().zip(&weights).enumerate() {
            for _ in 0..*weight {
                while table[*next] != FREE {
                    *next = (*next + *skip) % size;
                }
                table[*next] = node as u16;
                free -= 1;
                if free == 0 {
                    break 'turns;
                }
            }
        }
    }
    table
}

impl Placement for Maglev {
    fn node(&self, key: &[u8]) -> usize {
        self.table[self.place(key)].into()
    }

    /// The places behind the key's own.
    fn open_node(&self, key: &[u8], is_open: &dyn Fn(usize) -> bool) -> Option<usize> {
        let (before, after) = self.table.split_at(self.place(key));
        after.iter().chain(before).map(|node| usize::from(*node)).find(|&node| is_open(node))
    }

    fn over(&self, nodes: &Nodes) -> Result<Box<dyn Placement>, OptionsError> {
        Ok(Box::new(Maglev::new(self.options, nodes)?))
    }

    /// A little above the least, by the size of the table.
    fn expected_move(&self, _: usize, _: usize) -> Option<f64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_node_has_as_many_places_as_it_weighs_but_for_one() {
        let nodes = Nodes::new(vec![("a".into(), 1), ("b".into(), 2), ("c".into(), 1)]).unwrap();
        let table = filled(1_009, &nodes);
        let count = |node: u16| table.iter().filter(|&&other| other == node).count();
        let counts = [0, 1, 2].map(count);
        assert!(counts[0].abs_diff(252) <= 1 && counts[1].abs_diff(505) <= 2, "{counts:?}");
        assert_eq!(counts.iter().sum::<usize>(), 1_009);
    }

    #[test]
    fn a_table_that_is_no_prime_or_too_small_is_refused() {
        let refused =
            |table, nodes| Maglev::new(Options { table }, &Nodes::numbered(nodes).unwrap()).err().unwrap().0;
        assert_eq!(refused(1_000, 3), "table = 1000; write a prime up to 2097152, as 65537 or 655373");
        assert_eq!(refused(7, 8), "table = 7 has no place for each of 8 nodes");
        assert!(is_prime(65_537) && is_prime(655_373) && !is_prime(1) && !is_prime(65_535));
    }
}
