use xxhash_rust::xxh3::xxh3_64;

use super::key_hash::{key_hash, mixed};
use super::{Nodes, Placement};
use crate::registry::{self, Entry, NoOptions, OptionsError};

pub const ENTRY: Entry<dyn Placement, Nodes> = Entry {
    name: "rendezvous",
    summary: "highest random weight: each node draws a number for the key, and the highest has it",
    options: registry::schema_of::<NoOptions>,
    build: |options, nodes| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Rendezvous::new(&nodes)))
    },
};

/// Thaler and Ravishankar 1998. A node of weight w draws w times: whole numbers, and so the same on every machine, where
/// the usual −w / ln(u) depends on its logarithm.
struct Rendezvous {
    /// Seed and node of each draw.
    draws: Box<[(u64, u16)]>,
}

impl Rendezvous {
    fn new(nodes: &Nodes) -> Rendezvous {
        let of_node = |(node, (name, weight)): (usize, (&str, u32))| {
            let seed = xxh3_64(name.as_bytes());
            (0..weight).map(move |draw| (mixed(seed.wrapping_add(draw.into())), node as u16))
        };
        let draws = nodes.names().zip(nodes.weights()).enumerate().flat_map(of_node).collect();
        Rendezvous { draws }
    }

    /// The node with the highest number for a key, among those that are let in.
    fn highest(&self, key: &[u8], is_open: impl Fn(usize) -> bool) -> Option<usize> {
        let hash = key_hash(key);
        let open = self.draws.iter().filter(|(_, node)| is_open(usize::from(*node)));
        open.max_by_key(|(seed, _)| mixed(hash ^ seed)).map(|(_, node)| usize::from(*node))
    }
}

impl Placement for Rendezvous {
    fn node(&self, key: &[u8]) -> usize {
        // There is at least one node, which draws at least once.
        self.highest(key, |_| true).unwrap_or_default()
    }

    fn open_node(&self, key: &[u8], is_open: &dyn Fn(usize) -> bool) -> Option<usize> {
        self.highest(key, is_open)
    }

    fn over(&self, nodes: &Nodes) -> Result<Box<dyn Placement>, OptionsError> {
        Ok(Box::new(Rendezvous::new(nodes)))
    }
}
