use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::breaker::{Circuit, Then};
use super::copies::Copies;
use super::membership::Roster;
use super::node::Node;
use crate::model::{Failure, StoreError};

/// The nodes as one client sees them between two changes.
pub struct View {
    pub roster: Arc<Roster>,
    /// In the order of the roster.
    pub nodes: Vec<Arc<Node>>,
    pub copies: Option<Copies>,
}

impl View {
    /// The nodes that have a copy of what has this name; nothing where it is on one.
    pub fn copies(&self, name: &[u8]) -> Option<&[usize]> {
        self.copies.as_ref()?.nodes(name)
    }

    /// The node that is asked to tell what is under a name: one of those that have a copy, in turn, if it may be asked.
    ///
    /// # Errors
    /// As [`View::route`].
    pub fn route_read(&self, name: &[u8]) -> Result<&Arc<Node>, StoreError> {
        let Some(copies) = &self.copies else { return self.route(name) };
        match copies.nodes(name).map(|nodes| copies.in_turn(nodes)) {
            Some(node) if self.is_closed(node) => Ok(&self.nodes[node]),
            _ => self.route(name),
        }
    }

    /// The node that is asked for a key.
    ///
    /// # Errors
    /// When the circuit of its node is open, and nobody takes its place.
    pub fn route(&self, name: &[u8]) -> Result<&Arc<Node>, StoreError> {
        let placement = &*self.roster.placement;
        let first = match placement.bound() {
            None => placement.node(name),
            Some(bound) => self.with_room(name, bound),
        };
        let node = &self.nodes[first];
        let Some(breaker) = &node.breaker else { return Ok(node) };
        match breaker.circuit() {
            Circuit::Closed => return Ok(node),
            Circuit::Due if breaker.may_try() => return Ok(node),
            Circuit::Due | Circuit::Open => {}
        }
        let others = match breaker.options.then {
            Then::Database => None,
            Then::NextNode => placement.open_node(name, &|node| self.is_closed(node)),
        };
        let Some(other) = others else { return Err(refused(node)) };
        node.member.counts.rerouted.fetch_add(1, Relaxed);
        Ok(&self.nodes[other])
    }

    /// A node, if it may be asked, or is to be tried.
    ///
    /// # Errors
    /// When its circuit is open.
    pub fn admit(&self, node: usize) -> Result<&Arc<Node>, StoreError> {
        let node = &self.nodes[node];
        let Some(breaker) = &node.breaker else { return Ok(node) };
        match breaker.circuit() {
            Circuit::Closed => Ok(node),
            Circuit::Due if breaker.may_try() => Ok(node),
            Circuit::Due | Circuit::Open => Err(refused(node)),
        }
    }

    /// Whether the circuit of a node is.
    fn is_closed(&self, node: usize) -> bool {
        self.nodes[node].breaker.as_ref().is_none_or(|breaker| breaker.circuit() == Circuit::Closed)
    }

    /// The first node of the key's order that has no more than its share of what is in flight, as consistent hashing with
    /// bounded loads has it for requests (Mirrokni, Thorup and Zadimoghaddam, SODA 2018).
    fn with_room(&self, name: &[u8], bound: f64) -> usize {
        let placement = &*self.roster.placement;
        let in_flight: usize = self.nodes.iter().map(|node| node.in_flight()).sum();
        let weights: u32 = self.roster.nodes.weights().sum();
        let each = bound * (in_flight + 1) as f64 / f64::from(weights);
        let has_room = |node: usize| {
            let room = (each * f64::from(self.nodes[node].member.weight)).ceil();
            ((self.nodes[node].in_flight() + 1) as f64) <= room
        };
        // The bound is above the mean, so that somebody has room.
        placement.open_node(name, &has_room).unwrap_or_else(|| placement.node(name))
    }
}

/// Counts what an open circuit keeps from a node.
fn refused(node: &Node) -> StoreError {
    node.member.counts.refused.fetch_add(1, Relaxed);
    StoreError::cache(Failure::Unavailable, "the circuit of the node is open")
}
