use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

use super::counters::Counters;
use super::site::Site;
use crate::measure::NodeLoad;
use crate::model::Kind;
use crate::servers::RedisCounters;
use crate::traffic::Traffic;

/// What the clients had sent to each node at one moment; empty where they do not place the keys.
#[derive(Clone, Default)]
pub struct SentToNodes(Vec<NodeLoad>);

impl SentToNodes {
    pub fn read(site: &Site) -> SentToNodes {
        let Some(membership) = site.membership() else { return SentToNodes::default() };
        let changes = membership.changes();
        let first = changes.first().map_or_else(|| membership.roster(), |change| change.before.clone());
        let last = membership.roster();
        let load = |member: &std::sync::Arc<crate::store::Member>| {
            let [requests, errors, opened, refused, rerouted] = [
                &member.counts.requests,
                &member.counts.errors,
                &member.counts.opened,
                &member.counts.refused,
                &member.counts.rerouted,
            ]
            .map(|count| count.load(Relaxed));
            NodeLoad {
                name: member.name.clone(),
                weight: member.weight,
                stayed: [&first, &last].iter().all(|roster| roster.nodes.place(&member.name).is_some()),
                requests: Some(requests),
                errors,
                opened,
                refused,
                rerouted,
                ..NodeLoad::default()
            }
        };
        SentToNodes(membership.everyone().iter().map(load).collect())
    }

    /// What was sent since an earlier moment.
    pub fn since(self, before: &SentToNodes) -> SentToNodes {
        let mut all = self.0;
        for (now, before) in all.iter_mut().zip(&before.0) {
            now.requests = now.requests.zip(before.requests).map(|(now, before)| now - before);
            now.errors -= before.errors;
            now.opened -= before.opened;
            now.refused -= before.refused;
            now.rerouted -= before.rerouted;
        }
        SentToNodes(all)
    }
}

/// What each node took, from what was sent to it and what it counted between two moments.
pub fn node_loads(site: &Site, sent: SentToNodes, before: &Counters, after: &Counters) -> Vec<NodeLoad> {
    let mut loads = match sent.0.is_empty() {
        false => sent.0,
        true => site
            .servers()
            .into_iter()
            .map(|server| NodeLoad {
                name: server.name,
                weight: server.weight,
                stayed: true,
                ..NodeLoad::default()
            })
            .collect(),
    };
    for load in &mut loads {
        let told = |counters: &Counters| -> Option<RedisCounters> {
            counters.nodes.iter().find(|(name, _)| *name == load.name)?.1.clone()
        };
        let Some(now) = told(after) else { continue };
        // One that was not there before has counted from nothing.
        let was_there = before.nodes.iter().any(|(name, _)| *name == load.name);
        let Some(earlier) = (if was_there { told(before) } else { Some(RedisCounters::default()) }) else {
            continue;
        };
        let since = now.since(&earlier);
        (load.keys, load.used_memory) = (Some(now.keys), Some(now.used_memory));
        load.cpu_seconds = Some(since.cpu_seconds);
        if let Site::Cluster { .. } = site {
            (load.moved, load.asked) = (Some(since.moved), Some(since.asked));
            // What a replica does is what its master does once more, and one that changed sides has done both.
            load.stayed = was_there && !now.is_replica && !earlier.is_replica;
            load.requests = load.stayed.then(|| requests(&since));
        }
    }
    loads
}

/// The share of all rows read that are reads of the one most asked for, among up to so many of the drive's tickets: it is
/// on one node, whatever the placement.
pub fn hottest_key(traffic: &Traffic, tickets: Range<u64>) -> Option<f64> {
    let mut counts: HashMap<u64, u64> = HashMap::new();
    let mut reads = 0;
    let mut count = |id: u64| {
        *counts.entry(id).or_default() += 1;
        reads += 1;
    };
    for ticket in tickets.take(LOOKED_AT) {
        let operation = traffic.operation(ticket);
        match operation.kind {
            Kind::Read => count(operation.key.id()),
            Kind::MultiRead => operation.keys.iter().for_each(|key| count(key.id())),
            _ => {}
        }
    }
    counts.into_values().max().map(|most| most as f64 / reads as f64)
}

/// Tickets that are looked at for the hottest key.
const LOOKED_AT: usize = 200_000;

/// Commands of the kinds that clients send.
fn requests(counters: &RedisCounters) -> u64 {
    let names = crate::measure::Command::ALL.map(|command| command.name());
    counters.calls.iter().filter(|(name, _)| names.contains(&name.as_str())).map(|(_, calls)| calls).sum()
}
