//! Placement: which node of a cache a key lives on, one file a scheme.
//!
//! A placement is a pure function of the names and weights of the nodes and of the name of the key, the same on every
//! machine: whole numbers and xxh3 alone decide.

mod bounded;
mod comparison;
mod crc16;
mod jump;
mod key_hash;
mod maglev;
mod mapping;
mod modulo;
mod nodes;
mod popularity;
mod rendezvous;
mod ring;
mod slot_tags;
mod slots;
#[cfg(test)]
mod tests;

pub use comparison::{Compared, Comparison};
pub use mapping::{Mapping, Moved};
pub use nodes::Nodes;
pub use popularity::Popularity;
pub(crate) use slot_tags::{SLOTS, slot, slot_tag};

use crate::measure::theory;
use crate::registry::{Entry, OptionsError};

/// A scheme over the nodes of a cache.
///
/// A scheme owes the same answer for the same key as long as its nodes are the same, in about the time of one command
/// over loopback or less, and without a lock. Keys that share a hash tag (Redis Cluster specification, "Hash tags") go
/// to one node, so that scripts can touch them together.
pub trait Placement: Send + Sync {
    /// The node that holds the key of this name: its place among the nodes, from 0.
    fn node(&self, key: &[u8]) -> usize;

    /// The first node of the key's own order that is open; `None` where none is, or where the scheme knows one node for
    /// each key only. If all are open it is [`Placement::node`].
    fn open_node(&self, key: &[u8], is_open: &dyn Fn(usize) -> bool) -> Option<usize>;

    /// The same scheme over other nodes, by the way it takes from these to those. Nodes are the same by their names.
    ///
    /// # Errors
    /// When the scheme cannot be had over these nodes.
    fn over(&self, nodes: &Nodes) -> Result<Box<dyn Placement>, OptionsError>;

    /// How many times the mean load a node may have until it counts as closed; `None` where loads do not matter.
    fn bound(&self) -> Option<f64> {
        None
    }

    /// The standard deviation of the nodes' shares of the hashes over their mean, if all weigh the same: what is uneven
    /// however many keys there are. `None` where there is no closed form.
    fn imbalance(&self) -> Option<f64> {
        Some(0.0)
    }

    /// The share of the keys that a change of nodes from and to so many moves, if all weigh the same and, where there is
    /// an order, the last come and go. `None` where there is no closed form.
    fn expected_move(&self, from: usize, to: usize) -> Option<f64> {
        Some(theory::least_move(from, to))
    }

    /// Whether a node is known by its name, and not by its place in the order: without one of the middle, those behind
    /// it are still themselves.
    fn knows_names(&self) -> bool {
        true
    }

    /// The share of the keys that moves when of so many nodes the one at this place goes, if all weigh the same. `None`
    /// where there is no closed form.
    ///
    /// By modulo it is the same whichever goes: a place among n and one among n − 1 say nothing of each other.
    fn expected_removal(&self, nodes: usize, gone: usize) -> Option<f64> {
        debug_assert!(gone < nodes, "there is such a node");
        self.expected_move(nodes, nodes - 1)
    }
}

/// Every scheme.
pub const PLACEMENTS: &[Entry<dyn Placement, Nodes>] = &[
    modulo::ENTRY,
    ring::ENTRY,
    rendezvous::ENTRY,
    jump::ENTRY,
    maglev::ENTRY,
    bounded::ENTRY,
    slots::ENTRY,
];
