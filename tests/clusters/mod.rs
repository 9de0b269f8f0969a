//! Clusters of nodes of our own, for tests over real ones.

#![allow(dead_code, reason = "each test crate uses some of it")]

use std::time::{Duration, Instant};

use cachebench::servers::{ClusterOptions, ManagedRedis, RedisOptions, RunFolder, form, members};
use cachebench::store::{ClusterMember, Endpoint};

/// Far above what anything about a cluster takes.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Nodes of ours, the masters first.
pub struct Cluster {
    pub nodes: Vec<ManagedRedis>,
}

/// A node that knows of no other.
pub fn node() -> ManagedRedis {
    let cluster = Some(ClusterOptions { node_timeout: Duration::from_secs(1) });
    let options = RedisOptions { cluster, ..RedisOptions::default() };
    ManagedRedis::start(&options, &RunFolder::create().unwrap()).unwrap()
}

impl Cluster {
    /// Of three masters, with a replica each or without.
    pub fn of_three(has_replicas: bool) -> Cluster {
        let nodes: Vec<_> = (0..if has_replicas { 6 } else { 3 }).map(|_| node()).collect();
        let ports: Vec<u16> = nodes.iter().map(ManagedRedis::port).collect();
        form(&ports, 3, LIMIT).unwrap();
        Cluster { nodes }
    }

    pub fn port(&self, node: usize) -> u16 {
        self.nodes[node].port()
    }

    /// All nodes, by their addresses.
    pub fn at(&self) -> Endpoint {
        let hosts: Vec<String> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        format!("redis+cluster://{}", hosts.join(",")).into()
    }

    /// The cluster as one of its nodes sees it.
    pub async fn seen_by(&self, node: usize) -> Vec<ClusterMember> {
        members(&self.nodes[node].url().into()).await.unwrap()
    }
}

/// Asks again until it is so, for at most [`LIMIT`].
pub async fn until(what: &str, done: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !done().await {
        assert!(Instant::now() < deadline, "{what}: still not so after {LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
