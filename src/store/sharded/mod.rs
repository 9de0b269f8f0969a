//! Sharded: a cache of several nodes whose clients place the keys themselves.

mod breaker;
mod copies;
mod membership;
mod merged;
mod node;
mod view;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::try_join_all;

pub use self::breaker::{BreakerOptions, Then};
pub use self::copies::HotKeys;
pub use self::membership::{Change, Member, Membership, NodeCounts, Roster};

use self::copies::Copies;
use self::merged::Merged;
use self::node::Node;
use self::view::View;
use super::messages::Connect;
use super::{Answer, Cache, Driver, DriverParts, Messages, RECONNECT_PAUSE, Reply, Script, Sharing, Tasks};
use crate::measure::Tally;
use crate::model::{Key, StoreError};

/// What a client of several nodes is made from.
#[derive(Clone)]
pub struct ShardedParts {
    pub membership: Arc<Membership>,
    pub driver: Arc<dyn Driver>,
    /// The connections to each node.
    pub sharing: Sharing,
    pub breaker: Option<BreakerOptions>,
    /// What is kept on several nodes, if anything.
    pub hot: Option<HotKeys>,
    pub tally: Arc<Tally>,
}

/// A client of several nodes: each key is on the node that the placement says, under the rule of its breaker.
///
/// It follows the membership: once a node has joined, and it is connected to it, keys go there.
pub struct Sharded {
    parts: ShardedParts,
    view: Arc<RwLock<Arc<View>>>,
}

impl Sharded {
    /// Connects to every node; `tasks` keep it following.
    ///
    /// # Errors
    /// When a node cannot be reached.
    pub async fn connect(parts: ShardedParts, tasks: &Tasks) -> Result<Arc<dyn Cache>, StoreError> {
        let mut changes = parts.membership.subscribe();
        let roster = changes.borrow_and_update().clone();
        let follower = parts.membership.follower(roster.epoch);
        let view = Arc::new(RwLock::new(Arc::new(connect(&parts, roster, &[]).await?)));
        let (following, seen) = (parts.clone(), view.clone());
        tasks.spawn(async move {
            while changes.changed().await.is_ok() {
                follow(&following, &mut changes, &seen, &follower).await;
            }
        });
        Ok(Arc::new(Sharded { parts, view }))
    }

    fn view(&self) -> Arc<View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The node that is asked for a key.
    fn node(&self, name: &[u8]) -> Result<Arc<Node>, StoreError> {
        self.view().route(name).cloned().inspect_err(|error| self.parts.tally.error(error))
    }

    fn node_to_read(&self, key: &Key) -> Result<Arc<Node>, StoreError> {
        self.view().route_read(key.name()).cloned().inspect_err(|error| self.parts.tally.error(error))
    }

    /// The nodes that have a copy of what has this name, the key's own first; nothing where it is on that one only.
    ///
    /// # Errors
    /// When the circuit of one of them is open: a copy that is not told would be stale.
    fn copies(&self, name: &[u8]) -> Result<Option<Vec<Arc<Node>>>, StoreError> {
        if self.parts.hot.is_none() {
            return Ok(None);
        }
        let view = self.view();
        let Some(nodes) = view.copies(name) else { return Ok(None) };
        let nodes = nodes.iter().map(|&node| view.admit(node).cloned());
        let nodes = nodes.collect::<Result<Vec<_>, _>>();
        nodes.map(Some).inspect_err(|error| self.parts.tally.error(error))
    }
}

impl Cache for Sharded {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Option<Bytes>> {
        Box::pin(async move {
            let node = self.node_to_read(key)?;
            node.answer(node.cache.get(key)).await
        })
    }

    /// One request to each node that has any of the keys, all at once.
    fn get_many<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Bytes>>> {
        Box::pin(async move {
            let mut groups: Vec<Group> = Vec::new();
            for (place, key) in keys.iter().enumerate() {
                let node = self.node_to_read(key)?;
                match groups.iter_mut().find(|group| Arc::ptr_eq(&group.node, &node)) {
                    Some(group) => group.put(place, key),
                    None => groups.push(Group { node, places: vec![place], keys: vec![*key] }),
                }
            }
            let answers = try_join_all(groups.iter().map(Group::get)).await?;
            let mut found = vec![None; keys.len()];
            for (group, answer) in groups.iter().zip(answers) {
                group.places.iter().zip(answer).for_each(|(place, raw)| found[*place] = raw);
            }
            Ok(found)
        })
    }

    fn set<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, ()> {
        Box::pin(async move {
            if let Some(nodes) = self.copies(key.name())? {
                let set = |node: &Arc<Node>| {
                    let (node, value) = (node.clone(), value.clone());
                    async move { node.answer(node.cache.set(key, value, ttl)).await }
                };
                return try_join_all(nodes.iter().map(set)).await.map(drop);
            }
            let node = self.node(key.name())?;
            node.answer(node.cache.set(key, value, ttl)).await
        })
    }

    fn add<'a>(&'a self, key: &'a Key, value: Bytes, ttl: Option<Duration>) -> Answer<'a, bool> {
        Box::pin(async move {
            if let Some(nodes) = self.copies(key.name())? {
                // The key's own node decides.
                let first = &nodes[0];
                let added = first.answer(first.cache.add(key, value.clone(), ttl)).await?;
                if added {
                    let others =
                        nodes[1..].iter().map(|node| node.answer(node.cache.set(key, value.clone(), ttl)));
                    try_join_all(others).await?;
                }
                return Ok(added);
            }
            let node = self.node(key.name())?;
            node.answer(node.cache.add(key, value, ttl)).await
        })
    }

    fn delete<'a>(&'a self, key: &'a Key) -> Answer<'a, bool> {
        Box::pin(async move {
            if let Some(nodes) = self.copies(key.name())? {
                let removed =
                    try_join_all(nodes.iter().map(|node| node.answer(node.cache.delete(key)))).await?;
                return Ok(removed.contains(&true));
            }
            let node = self.node(key.name())?;
            node.answer(node.cache.delete(key)).await
        })
    }

    /// On the node of its first key, where the others have to be too; and on each that has a copy of it, the answer of the
    /// first of which counts.
    fn run<'a>(&'a self, script: &'static Script, keys: Vec<Bytes>, args: Vec<Bytes>) -> Answer<'a, Reply> {
        Box::pin(async move {
            let name = keys.first().map_or(&[] as &[u8], |key| &key[..]);
            if let Some(nodes) = self.copies(name)? {
                let run = |node: &Arc<Node>| {
                    let (node, keys, args) = (node.clone(), keys.clone(), args.clone());
                    async move { node.answer(node.cache.run(script, keys, args)).await }
                };
                let mut replies = try_join_all(nodes.iter().map(run)).await?;
                return Ok(replies.swap_remove(0));
            }
            let node = self.node(name)?;
            node.answer(node.cache.run(script, keys, args)).await
        })
    }

    /// On every node, as whoever says something says it on the node of its key.
    fn subscribe<'a>(&'a self, channel: &'a str) -> Answer<'a, Messages> {
        let (view, membership) = (self.view.clone(), self.parts.membership.clone());
        let channel = channel.to_owned();
        let connect: Connect<Merged> = Box::new(move || {
            let view = view.read().unwrap_or_else(PoisonError::into_inner).clone();
            Box::pin(Merged::listen(view, membership.subscribe(), channel.clone()))
        });
        Box::pin(Messages::kept(connect))
    }

    /// A node is a part: what is under other names on it can be touched together.
    fn part(&self, key: &Key) -> u16 {
        self.view().roster.placement.node(key.name()) as u16
    }

    fn parts(&self) -> u16 {
        self.view().nodes.len() as u16
    }

    fn tag(&self, part: u16) -> &str {
        self.view().roster.tag(part.into())
    }

    fn client(&self) -> Vec<(&'static str, String)> {
        let view = self.view();
        let mut client = view.nodes.first().map_or_else(Vec::new, |node| node.cache.client());
        client.push(("nodes", view.nodes.len().to_string()));
        if let Some(breaker) = self.parts.breaker {
            client.push(("breaker", breaker.to_string()));
        }
        client
    }
}

/// Those of several keys that are on one node, with their places among all.
struct Group {
    node: Arc<Node>,
    places: Vec<usize>,
    keys: Vec<Key>,
}

impl Group {
    fn put(&mut self, place: usize, key: &Key) {
        self.places.push(place);
        self.keys.push(*key);
    }

    async fn get(&self) -> Result<Vec<Option<Bytes>>, StoreError> {
        self.node.answer(self.node.cache.get_many(&self.keys)).await
    }
}

/// Connects to those nodes of a roster that `known` does not have.
async fn connect(parts: &ShardedParts, roster: Arc<Roster>, known: &[Arc<Node>]) -> Result<View, StoreError> {
    let mut nodes = Vec::with_capacity(roster.members.len());
    for member in &roster.members {
        let node = match known.iter().find(|node| Arc::ptr_eq(&node.member, member)) {
            Some(node) => node.clone(),
            None => {
                let ShardedParts { driver, sharing, breaker, tally, .. } = parts;
                let (at, tally) = (member.at.clone(), tally.clone());
                let parts = DriverParts { at, sharing: *sharing, tally: tally.clone(), tracked: None };
                let cache = driver.connect(parts).await?;
                Arc::new(Node::new(member.clone(), cache, *breaker, tally))
            }
        };
        nodes.push(node);
    }
    let copies = parts.hot.as_ref().map(|hot| Copies::of(hot, &roster));
    Ok(View { roster, nodes, copies })
}

/// Takes up the nodes that there are now; tries until it is connected to all of them.
async fn follow(
    parts: &ShardedParts,
    changes: &mut tokio::sync::watch::Receiver<Arc<Roster>>,
    view: &RwLock<Arc<View>>,
    follower: &AtomicU64,
) {
    loop {
        let roster = changes.borrow_and_update().clone();
        let known = view.read().unwrap_or_else(PoisonError::into_inner).nodes.clone();
        if let Ok(fresh) = connect(parts, roster, &known).await {
            let epoch = fresh.roster.epoch;
            *view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
            return follower.store(epoch, Relaxed);
        }
        tokio::time::sleep(RECONNECT_PAUSE).await;
    }
}
