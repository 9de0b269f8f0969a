use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use tokio::sync::watch;

use crate::placement::{Nodes, Placement, SLOTS, slot_tag};
use crate::registry::OptionsError;
use crate::store::Endpoint;

/// The nodes of a cache whose clients place the keys themselves, as all service instances see them: they come and go.
pub struct Membership {
    rosters: watch::Sender<Arc<Roster>>,
    changes: Mutex<Vec<Change>>,
    /// Whoever is or was part of it, in the order in which they joined.
    everyone: Mutex<Vec<Arc<Member>>>,
    /// How far each client has followed.
    followers: Mutex<Vec<Weak<AtomicU64>>>,
}

/// The nodes between two changes.
pub struct Roster {
    /// How many changes there were before.
    pub epoch: u64,
    pub placement: Arc<dyn Placement>,
    pub nodes: Nodes,
    /// In the order of `nodes`.
    pub members: Vec<Arc<Member>>,
    /// For each of them, what a name has in braces to be on it.
    tags: Vec<&'static str>,
}

/// A node that is or was part of it.
pub struct Member {
    pub name: String,
    pub weight: u32,
    /// Where clients find it.
    pub at: Endpoint,
    /// Where it listens itself.
    pub direct: Endpoint,
    pub counts: NodeCounts,
}

/// What all clients together sent to a node, and what became of it.
#[derive(Debug, Default)]
pub struct NodeCounts {
    pub requests: AtomicU64,
    /// Requests that failed.
    pub errors: AtomicU64,
    /// Times that a client's circuit to it opened.
    pub opened: AtomicU64,
    /// Requests that an open circuit kept from it and failed at once.
    pub refused: AtomicU64,
    /// Requests that went to another node in its place.
    pub rerouted: AtomicU64,
    /// When a client's circuit to it closed again.
    closed: Mutex<Vec<Instant>>,
}

impl NodeCounts {
    pub(super) fn has_closed(&self) {
        locked(&self.closed).push(Instant::now());
    }

    /// When clients' circuits to it closed again, in the order of time.
    pub fn closings(&self) -> Vec<Instant> {
        locked(&self.closed).clone()
    }
}

/// Nodes came or went.
#[derive(Clone)]
pub struct Change {
    pub at: Instant,
    pub before: Arc<Roster>,
    pub after: Arc<Roster>,
}

impl Member {
    pub fn new(name: impl Into<String>, weight: u32, at: Endpoint) -> Member {
        Member { name: name.into(), weight, direct: at.clone(), at, counts: NodeCounts::default() }
    }

    /// The same, where clients find it somewhere else than it listens.
    #[must_use]
    pub fn behind(self, at: Endpoint) -> Member {
        Member { at, ..self }
    }
}

impl Roster {
    fn new(
        epoch: u64,
        members: Vec<Arc<Member>>,
        place: impl FnOnce(&Nodes) -> Result<Box<dyn Placement>, OptionsError>,
    ) -> Result<Arc<Roster>, OptionsError> {
        let nodes = members.iter().map(|member| (member.name.clone(), member.weight)).collect();
        let nodes = Nodes::new(nodes)?;
        let placement: Arc<dyn Placement> = place(&nodes)?.into();
        let tags = tags(&*placement, nodes.len());
        Ok(Arc::new(Roster { epoch, placement, nodes, members, tags }))
    }

    /// What a name has in braces to be on the node of this number; empty where there is one node.
    pub fn tag(&self, node: usize) -> &'static str {
        self.tags.get(node).copied().unwrap_or_default()
    }
}

/// For each node a short text that is placed on it. There are 16,384 to try: a node with so little of the keys that none
/// of them is on it keeps an empty one.
fn tags(placement: &dyn Placement, nodes: usize) -> Vec<&'static str> {
    let mut tags = vec![""; nodes];
    let mut missing = if nodes > 1 { nodes } else { 0 };
    for text in (0..SLOTS).filter_map(slot_tag) {
        if missing == 0 {
            break;
        }
        let tag = &mut tags[placement.node(text.as_bytes())];
        if tag.is_empty() {
            *tag = text;
            missing -= 1;
        }
    }
    tags
}

impl Membership {
    /// Of these nodes, on which `place` puts the keys.
    ///
    /// # Errors
    /// When the scheme cannot be had over them.
    pub fn new(
        members: Vec<Arc<Member>>,
        place: impl FnOnce(&Nodes) -> Result<Box<dyn Placement>, OptionsError>,
    ) -> Result<Arc<Membership>, OptionsError> {
        let everyone = Mutex::new(members.clone());
        let (rosters, _) = watch::channel(Roster::new(0, members, place)?);
        Ok(Arc::new(Membership { rosters, changes: Mutex::default(), everyone, followers: Mutex::default() }))
    }

    /// The nodes now.
    pub fn roster(&self) -> Arc<Roster> {
        self.rosters.borrow().clone()
    }

    /// Whoever is or was part of it, in the order in which they joined.
    pub fn everyone(&self) -> Vec<Arc<Member>> {
        locked(&self.everyone).clone()
    }

    /// What has changed so far, in its order.
    pub fn changes(&self) -> Vec<Change> {
        locked(&self.changes).clone()
    }

    /// Nodes join, in their order after those that are there.
    ///
    /// # Errors
    /// When the scheme cannot be had over all of them.
    pub fn add(&self, members: Vec<Arc<Member>>) -> Result<(), OptionsError> {
        self.change(members.clone(), |roster| [roster.members.clone(), members].concat())
    }

    /// A node leaves; what it holds is left where it is.
    ///
    /// # Errors
    /// When there is none of this name, or the scheme cannot be had over the others.
    pub fn remove(&self, name: &str) -> Result<(), OptionsError> {
        if self.roster().nodes.place(name).is_none() {
            return Err(OptionsError(format!("there is no node {name}")));
        }
        self.change(Vec::new(), |roster| {
            roster.members.iter().filter(|member| member.name != name).cloned().collect()
        })
    }

    fn change(
        &self,
        joining: Vec<Arc<Member>>,
        members: impl FnOnce(&Roster) -> Vec<Arc<Member>>,
    ) -> Result<(), OptionsError> {
        // Held to the end: changes come one after the other.
        let mut changes = locked(&self.changes);
        let before = self.roster();
        let place = |nodes: &Nodes| before.placement.over(nodes);
        let after = Roster::new(before.epoch + 1, members(&before), place)?;
        locked(&self.everyone).extend(joining);
        changes.push(Change { at: Instant::now(), before, after: after.clone() });
        self.rosters.send_replace(after);
        Ok(())
    }

    /// Whether every client that is left places keys on the nodes that there are now.
    pub fn is_followed(&self) -> bool {
        let epoch = self.roster().epoch;
        let mut followers = locked(&self.followers);
        followers.retain(|follower| follower.strong_count() > 0);
        followers.iter().filter_map(Weak::upgrade).all(|follower| follower.load(Relaxed) >= epoch)
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Arc<Roster>> {
        self.rosters.subscribe()
    }

    /// Takes on a client that has followed up to the epoch of what is returned.
    pub(super) fn follower(&self, epoch: u64) -> Arc<AtomicU64> {
        let follower = Arc::new(AtomicU64::new(epoch));
        locked(&self.followers).push(Arc::downgrade(&follower));
        follower
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::PLACEMENTS;
    use crate::registry::Choice;

    fn members(names: &[&str]) -> Vec<Arc<Member>> {
        let member = |name: &&str| Arc::new(Member::new(*name, 1, "redis://127.0.0.1:1".into()));
        names.iter().map(member).collect()
    }

    fn names(membership: &Membership) -> Vec<String> {
        membership.roster().nodes.names().map(str::to_owned).collect()
    }

    #[test]
    fn each_node_has_a_tag_that_brings_a_name_to_it() {
        for scheme in ["modulo", "ring", "rendezvous", "jump", "maglev", "slots"] {
            let place = |nodes: &Nodes| Choice::named(scheme).build(PLACEMENTS, nodes.clone());
            let names: Vec<String> = (0..64).map(|node| format!("n{node}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let roster = Membership::new(members(&names), place).unwrap().roster();
            for node in 0..64 {
                let name = format!("cb:dirty:0:{{{}}}", roster.tag(node));
                assert_eq!(roster.placement.node(name.as_bytes()), node, "{scheme}");
            }
        }
    }

    #[test]
    fn nodes_come_and_go_by_their_names_and_clients_follow() {
        let place = |nodes: &Nodes| Choice::named("ring").build(PLACEMENTS, nodes.clone());
        let membership = Membership::new(members(&["a", "b"]), place).unwrap();
        let client = membership.follower(0);
        membership.add(members(&["c"])).unwrap();
        assert!(!membership.is_followed());
        client.store(1, Relaxed);
        assert!(membership.is_followed());
        membership.remove("a").unwrap();
        drop(client);
        assert!(membership.is_followed(), "one that is gone is not waited for");
        assert_eq!(names(&membership), ["b", "c"]);
        assert!(membership.remove("a").is_err() && membership.add(members(&["c"])).is_err());
        let counts = membership.changes().iter().map(|change| change.after.nodes.len()).collect::<Vec<_>>();
        assert_eq!((counts, membership.roster().epoch), (vec![3, 2], 2));
    }
}
