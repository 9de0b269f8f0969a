use super::crc16::crc16;
use super::key_hash::tag;
use super::{Nodes, Placement};
use crate::registry::{self, Entry, NoOptions, OptionsError};

pub const ENTRY: Entry<dyn Placement, Nodes> = Entry {
    name: "slots",
    summary: "the 16,384 slots of Redis Cluster: CRC16 of the key, and a table of who has which slot",
    options: registry::schema_of::<NoOptions>,
    build: |options, nodes| {
        registry::options::<NoOptions>(options)?;
        Ok(Box::new(Slots::new(&nodes)))
    },
};

/// As in Redis Cluster: a slot has one node, and moves only when somebody moves it.
struct Slots {
    nodes: Nodes,
    owners: Box<[u16]>,
}

const SLOTS: usize = 16_384;
/// Of a slot that has no node yet.
const NOBODY: u16 = u16::MAX;

impl Slots {
    /// Contiguous ranges, as a new cluster has them.
    fn new(nodes: &Nodes) -> Slots {
        Slots { nodes: nodes.clone(), owners: dealt(vec![NOBODY; SLOTS].into(), nodes) }
    }
}

/// How many slots each node is to have: by its weight, and one more of what is left for those that have the most now.
fn targets(nodes: &Nodes, held: &[usize]) -> Vec<usize> {
    let all: usize = nodes.weights().map(|weight| weight as usize).sum();
    let mut targets: Vec<usize> = nodes.weights().map(|weight| SLOTS * weight as usize / all).collect();
    let left = SLOTS - targets.iter().sum::<usize>();
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|&node| std::cmp::Reverse(held[node]));
    order.iter().take(left).for_each(|&node| targets[node] += 1);
    targets
}

/// The slots dealt out so that each node has its share, and no slot moves that need not.
fn dealt(mut owners: Box<[u16]>, nodes: &Nodes) -> Box<[u16]> {
    let mut held = vec![0; nodes.len()];
    for owner in owners.iter().filter(|owner| **owner != NOBODY) {
        held[usize::from(*owner)] += 1;
    }
    let targets = targets(nodes, &held);
    // From the end, as it is the last ones that a node with too many gives away.
    for owner in owners.iter_mut().rev().filter(|owner| **owner != NOBODY) {
        let node = usize::from(*owner);
        if held[node] > targets[node] {
            held[node] -= 1;
            *owner = NOBODY;
        }
    }
    let mut node = 0;
    for owner in owners.iter_mut().filter(|owner| **owner == NOBODY) {
        // Targets add up to the slots, so there is one that wants more.
        while held[node] >= targets[node] {
            node += 1;
        }
        held[node] += 1;
        *owner = node as u16;
    }
    owners
}

impl Placement for Slots {
    fn node(&self, key: &[u8]) -> usize {
        self.owners[usize::from(crc16(tag(key))) % SLOTS].into()
    }

    fn open_node(&self, key: &[u8], is_open: &dyn Fn(usize) -> bool) -> Option<usize> {
        Some(self.node(key)).filter(|&node| is_open(node))
    }

    fn over(&self, nodes: &Nodes) -> Result<Box<dyn Placement>, OptionsError> {
        let places: Vec<u16> =
            self.nodes.names().map(|name| nodes.place(name).map_or(NOBODY, |place| place as u16)).collect();
        let kept = self.owners.iter().map(|owner| places[usize::from(*owner)]).collect();
        Ok(Box::new(Slots { nodes: nodes.clone(), owners: dealt(kept, nodes) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_cluster_has_contiguous_ranges_and_a_change_moves_what_it_must() {
        let three = Slots::new(&Nodes::numbered(3).unwrap());
        let starts = [0, 1, 2].map(|node| three.owners.iter().position(|&owner| owner == node).unwrap());
        assert_eq!((starts, three.owners.is_sorted()), ([0, 5_462, 10_923], true));
        let four = dealt(three.owners.clone(), &Nodes::numbered(4).unwrap());
        let moved = three.owners.iter().zip(&four).filter(|(before, after)| before != after);
        assert_eq!((moved.clone().count(), moved.filter(|(_, after)| **after != 3).count()), (4_096, 0));
        let back =
            dealt(four.iter().map(|&owner| if owner == 3 { NOBODY } else { owner }).collect(), &three.nodes);
        assert_eq!(back.iter().zip(&four).filter(|(after, before)| after != before).count(), 4_096);
    }
}
