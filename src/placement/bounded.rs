use schemars::JsonSchema;
use serde::Deserialize;

use super::ring::{self, Ring};
use super::{Nodes, Placement};
use crate::registry::{self, Entry, OptionsError};

pub const ENTRY: Entry<dyn Placement, Nodes> = Entry {
    name: "bounded",
    summary: "a ring on which a node that has more than its share passes keys on",
    options: registry::schema_of::<Options>,
    build: |options, nodes| Ok(Box::new(Bounded::new(registry::options(options)?, &nodes)?)),
};

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// How many times the mean load a node takes, above 1.
    balance: f64,
    /// As those of `ring`.
    #[schemars(range(min = 1, max = 4096))]
    virtual_nodes: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options { balance: 1.25, virtual_nodes: ring::Options::default().virtual_nodes }
    }
}

/// Mirrokni, Thorup and Zadimoghaddam, SODA 2018: consistent hashing with bounded loads.
struct Bounded {
    balance: f64,
    ring: Ring,
}

impl Bounded {
    fn new(Options { balance, virtual_nodes }: Options, nodes: &Nodes) -> Result<Bounded, OptionsError> {
        if !(balance > 1.0 && balance.is_finite()) {
            let text = format!("balance = {balance}; write how many times the mean a node takes, as 1.25");
            return Err(OptionsError(text));
        }
        Ok(Bounded { balance, ring: Ring::new(virtual_nodes, nodes)? })
    }
}

impl Placement for Bounded {
    fn node(&self, key: &[u8]) -> usize {
        self.ring.node(key)
    }

    fn open_node(&self, key: &[u8], is_open: &dyn Fn(usize) -> bool) -> Option<usize> {
        self.ring.open_node(key, is_open)
    }

    fn over(&self, nodes: &Nodes) -> Result<Box<dyn Placement>, OptionsError> {
        let options = Options { balance: self.balance, virtual_nodes: self.ring.virtual_nodes };
        Ok(Box::new(Bounded::new(options, nodes)?))
    }

    fn bound(&self) -> Option<f64> {
        Some(self.balance)
    }

    fn imbalance(&self) -> Option<f64> {
        None
    }

    fn expected_move(&self, _: usize, _: usize) -> Option<f64> {
        None
    }
}
