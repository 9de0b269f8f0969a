use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::membership::Roster;
use crate::model::Key;

/// Rows that are known to be asked for most, and on how many nodes each of them is kept.
#[derive(Clone, Debug)]
pub struct HotKeys {
    pub keys: Arc<[Key]>,
    pub copies: usize,
}

/// On which nodes hot keys are: the first of each key's own order.
pub struct Copies {
    nodes: HashMap<Box<[u8]>, Vec<usize>>,
    /// Reads so far: they take turns.
    turns: AtomicUsize,
}

impl Copies {
    /// Those of a roster. Under a scheme that knows one node for each key there is one copy.
    pub fn of(hot: &HotKeys, roster: &Roster) -> Copies {
        let order = |key: &Key| {
            let mut nodes = vec![roster.placement.node(key.name())];
            while nodes.len() < hot.copies.min(roster.members.len()) {
                let others = |node: usize| !nodes.contains(&node);
                let Some(next) = roster.placement.open_node(key.name(), &others) else { break };
                nodes.push(next);
            }
            (key.name().into(), nodes)
        };
        Copies { nodes: hot.keys.iter().map(order).collect(), turns: AtomicUsize::new(0) }
    }

    /// The nodes that have a copy of what has this name, the key's own first; nothing where it is on that one only.
    pub fn nodes(&self, name: &[u8]) -> Option<&[usize]> {
        self.nodes.get(name).map(Vec::as_slice).filter(|nodes| nodes.len() > 1)
    }

    /// The node that is asked this time.
    pub fn in_turn(&self, nodes: &[usize]) -> usize {
        nodes[self.turns.fetch_add(1, Relaxed) % nodes.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::super::membership::{Member, Membership};
    use super::*;
    use crate::placement::PLACEMENTS;
    use crate::registry::Choice;

    fn copies(scheme: &str, copies: usize) -> Copies {
        let member = |name: &str| Arc::new(Member::new(name, 1, "redis://127.0.0.1:1".into()));
        let members = ["a", "b", "c"].map(member).to_vec();
        let membership =
            Membership::new(members, |nodes| Choice::named(scheme).build(PLACEMENTS, nodes.clone())).unwrap();
        let keys: Vec<Key> = (0..20).map(|id| Key::new("c:", id)).collect();
        Copies::of(&HotKeys { keys: keys.into(), copies }, &membership.roster())
    }

    #[test]
    fn a_hot_key_is_on_several_nodes_that_take_turns_and_any_other_on_its_own() {
        let copies_of = copies("ring", 2);
        for id in 0..20 {
            let nodes = copies_of.nodes(Key::new("c:", id).name()).unwrap();
            assert!(nodes.len() == 2 && nodes[0] != nodes[1], "{nodes:?}");
            let asked: Vec<usize> = (0..4).map(|_| copies_of.in_turn(nodes)).collect();
            assert_eq!(asked[..2], asked[2..]);
            assert_ne!(asked[0], asked[1]);
        }
        assert_eq!(copies_of.nodes(b"c:20"), None);
        let all = copies("rendezvous", 9);
        assert_eq!(all.nodes(b"c:3").map(<[usize]>::len), Some(3), "there are no more nodes");
    }

    #[test]
    fn a_scheme_without_an_order_has_one_copy_as_has_who_wants_no_more() {
        assert_eq!(copies("slots", 3).nodes(b"c:1"), None);
        assert_eq!(copies("ring", 1).nodes(b"c:1"), None);
    }
}
