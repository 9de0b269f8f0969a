use std::sync::{Arc, Mutex, PoisonError};

use crate::store::{Endpoint, HotKeys, Member, Membership};

/// Where the cache of a cell is.
#[derive(Clone)]
pub enum Site {
    /// One server: where clients find it, and where it listens itself.
    One { at: Endpoint, direct: Endpoint },
    /// A Redis Cluster, by what names it, and its nodes as far as they are known.
    Cluster { at: Endpoint, nodes: Arc<Mutex<Vec<SiteServer>>> },
    /// Nodes on which the clients place the keys; hot ones on several.
    Sharded { membership: Arc<Membership>, hot: Option<HotKeys> },
}

/// One of its servers.
#[derive(Clone)]
pub struct SiteServer {
    pub name: String,
    pub weight: u32,
    /// Where it listens itself.
    pub at: Endpoint,
}

impl SiteServer {
    pub fn new(name: impl Into<String>, at: Endpoint) -> SiteServer {
        SiteServer { name: name.into(), weight: 1, at }
    }
}

impl Site {
    /// One server without anything in front of it.
    pub fn one(at: Endpoint) -> Site {
        Site::One { direct: at.clone(), at }
    }

    /// A cluster of these nodes.
    pub fn cluster(at: Endpoint, nodes: Vec<SiteServer>) -> Site {
        Site::Cluster { at, nodes: Arc::new(Mutex::new(nodes)) }
    }

    /// Nodes of our own have joined the cluster.
    pub fn joined(&self, more: Vec<SiteServer>) {
        if let Site::Cluster { nodes, .. } = self {
            nodes.lock().unwrap_or_else(PoisonError::into_inner).extend(more);
        }
    }

    /// Every server that is or was part of it, in the order in which they joined.
    pub fn servers(&self) -> Vec<SiteServer> {
        match self {
            Site::One { direct, .. } => vec![SiteServer::new("node-0", direct.clone())],
            Site::Cluster { nodes, .. } => nodes.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            Site::Sharded { membership, .. } => {
                let server = |member: &Arc<Member>| SiteServer {
                    name: member.name.clone(),
                    weight: member.weight,
                    at: member.direct.clone(),
                };
                membership.everyone().iter().map(server).collect()
            }
        }
    }

    /// Where one of its servers listens, for what all tell alike.
    pub fn first(&self) -> Endpoint {
        match self {
            Site::One { direct, .. } => direct.clone(),
            Site::Cluster { at, .. } => {
                self.servers().first().map_or_else(|| at.clone(), |node| node.at.clone())
            }
            Site::Sharded { membership, .. } => membership.roster().members[0].direct.clone(),
        }
    }

    /// Where clients find one of its servers: through the proxy that stands in front of it, if one does.
    pub fn entrance(&self) -> Endpoint {
        match self {
            Site::One { at, .. } => at.clone(),
            Site::Cluster { .. } => self.first(),
            Site::Sharded { membership, .. } => membership.roster().members[0].at.clone(),
        }
    }

    /// The nodes on which the clients place the keys, where they do.
    pub fn membership(&self) -> Option<&Arc<Membership>> {
        match self {
            Site::One { .. } | Site::Cluster { .. } => None,
            Site::Sharded { membership, .. } => Some(membership),
        }
    }
}
