//! What both drivers need of a Redis Cluster beside their own clients: all of its nodes, and slots as parts of a cache.

mod nodes;
mod slots;

pub(super) use nodes::Nodes;
pub(super) use slots::{in_order, in_slots, slot_of};
