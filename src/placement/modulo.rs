use super::key_hash::key_hash;
use super::{Nodes, Placement};
use crate::measure::theory;
use crate::registry::{self, Entry, NoOptions, OptionsError};

pub const ENTRY: Entry<dyn Placement, Nodes> = Entry {
    name: "modulo",
    summary: "the hash of the key modulo the number of nodes: another number moves nearly every key",
    options: registry::schema_of::<NoOptions>,
    build: |options, nodes| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Modulo { nodes: nodes.alike("modulo")? }))
    },
};

/// From n to m nodes, a key stays with a chance of gcd(n, m) / max(n, m).
struct Modulo {
    nodes: usize,
}

impl Placement for Modulo {
    fn node(&self, key: &[u8]) -> usize {
        (key_hash(key) % self.nodes as u64) as usize
    }

    /// One node after the other, from the key's own.
    fn open_node(&self, key: &[u8], is_open: &dyn Fn(usize) -> bool) -> Option<usize> {
        let first = self.node(key);
        (0..self.nodes).map(|step| (first + step) % self.nodes).find(|&node| is_open(node))
    }

    fn over(&self, nodes: &Nodes) -> Result<Box<dyn Placement>, OptionsError> {
        Ok(Box::new(Modulo { nodes: nodes.alike("modulo")? }))
    }

    fn expected_move(&self, from: usize, to: usize) -> Option<f64> {
        Some(theory::modulo_move(from, to))
    }

    fn knows_names(&self) -> bool {
        false
    }
}
