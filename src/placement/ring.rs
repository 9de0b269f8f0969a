use schemars::JsonSchema;
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

use super::key_hash::key_hash;
use super::{Nodes, Placement};
use crate::measure::theory;
use crate::registry::{self, Entry, OptionsError};

pub const ENTRY: Entry<dyn Placement, Nodes> = Entry {
    name: "ring",
    summary: "consistent hashing: a key belongs to the next point of a node on a ring of hashes",
    options: registry::schema_of::<Options>,
    build: |options, nodes| {
        let options: Options = registry::options(options)?;
        Ok(Box::new(Ring::new(options.virtual_nodes, &nodes)?))
    },
};

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Points of a node of weight 1 on the ring, 1 to 4096.
    #[schemars(range(min = 1, max = 4096))]
    pub virtual_nodes: u32,
}

impl Default for Options {
    /// As libketama has it.
    fn default() -> Self {
        Options { virtual_nodes: 160 }
    }
}

/// Karger et al., STOC 1997, with several points for each node, as in libketama, but by xxh3.
pub struct Ring {
    pub virtual_nodes: u32,
    nodes: usize,
    /// Hash and node of each point, by hash.
    points: Box<[(u64, u16)]>,
}

impl Ring {
    /// # Errors
    /// When the number of points makes no sense.
    pub fn new(virtual_nodes: u32, nodes: &Nodes) -> Result<Ring, OptionsError> {
        if !(1..=4_096).contains(&virtual_nodes) {
            let text =
                format!("virtual_nodes = {virtual_nodes}, but a node has 1 to 4096 points on the ring");
            return Err(OptionsError(text));
        }
        let of_node = |(node, (name, weight)): (usize, (&str, u32))| {
            let point = |number| (xxh3_64(format!("{name}-{number}").as_bytes()), node as u16);
            (0..virtual_nodes * weight).map(point).collect::<Vec<_>>()
        };
        let mut points: Box<[_]> = nodes.names().zip(nodes.weights()).enumerate().flat_map(of_node).collect();
        points.sort_unstable();
        Ok(Ring { virtual_nodes, nodes: nodes.len(), points })
    }

    /// The place on the ring of the point that a key belongs to.
    fn point(&self, key: &[u8]) -> usize {
        let hash = key_hash(key);
        let next = self.points.partition_point(|(point, _)| *point < hash);
        if next == self.points.len() { 0 } else { next }
    }
}

impl Placement for Ring {
    fn node(&self, key: &[u8]) -> usize {
        self.points[self.point(key)].1.into()
    }

    /// The next points of the ring belong to those who would have the key without its node.
    fn open_node(&self, key: &[u8], is_open: &dyn Fn(usize) -> bool) -> Option<usize> {
        let (before, after) = self.points.split_at(self.point(key));
        after.iter().chain(before).map(|(_, node)| usize::from(*node)).find(|&node| is_open(node))
    }

    fn over(&self, nodes: &Nodes) -> Result<Box<dyn Placement>, OptionsError> {
        Ok(Box::new(Ring::new(self.virtual_nodes, nodes)?))
    }

    fn imbalance(&self) -> Option<f64> {
        Some(theory::ring_imbalance(self.nodes, self.virtual_nodes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The nodes' shares of the ring, without a key: what stands between a point and the one before it is the point's.
    fn shares(ring: &Ring) -> Vec<f64> {
        let mut shares = vec![0.0; ring.nodes];
        let mut before = ring.points.last().unwrap().0;
        for (point, node) in &ring.points {
            shares[usize::from(*node)] += point.wrapping_sub(before) as f64 / 2f64.powi(64);
            before = *point;
        }
        shares
    }

    /// Over many rings: the squared deviation of one has a standard error of half of it.
    #[test]
    fn shares_deviate_by_the_closed_form() {
        const RINGS: usize = 150;
        for (virtual_nodes, known) in [(1, 0.905), (10, 0.299), (100, 0.095), (160, 0.075), (256, 0.059)] {
            let squares = (0..RINGS).map(|number| {
                let names = (0..10).map(|node| (format!("{number}-{node}"), 1)).collect();
                let shares = shares(&Ring::new(virtual_nodes, &Nodes::new(names).unwrap()).unwrap());
                assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                shares.iter().map(|share| (10.0 * share - 1.0).powi(2)).sum::<f64>() / 10.0
            });
            let squares: Vec<f64> = squares.collect();
            let mean = squares.iter().sum::<f64>() / RINGS as f64;
            let variance = squares.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (RINGS - 1) as f64;
            let error = (variance / RINGS as f64).sqrt();
            let expected = theory::ring_imbalance(10, virtual_nodes);
            assert!((expected - known).abs() < 0.001, "{expected} for {known}");
            assert!(
                (mean - expected.powi(2)).abs() <= 4.0 * error,
                "V = {virtual_nodes}: {mean}, expected {} ± {error}",
                expected.powi(2)
            );
        }
    }

    #[test]
    fn a_heavy_node_has_as_many_points_more() {
        let nodes = Nodes::new(vec![("a".into(), 1), ("b".into(), 3)]).unwrap();
        let ring = Ring::new(256, &nodes).unwrap();
        let share = shares(&ring)[1];
        assert!((share - 0.75).abs() < 0.08, "{share}");
    }
}
