use std::sync::Arc;

use crate::store::{Endpoint, HotKeys, Member, Membership};

/// Where the cache of a cell is.
#[derive(Clone)]
pub enum Site {
    /// One address: a server, or a cluster that places the keys itself.
    One(Endpoint),
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

impl Site {
    /// Every server that is or was part of it, in the order in which they joined.
    pub fn servers(&self) -> Vec<SiteServer> {
        match self {
            Site::One(at) => vec![SiteServer { name: "node-0".into(), weight: 1, at: at.clone() }],
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
            Site::One(at) => at.clone(),
            Site::Sharded { membership, .. } => membership.roster().members[0].direct.clone(),
        }
    }

    /// The nodes on which the clients place the keys, where they do.
    pub fn membership(&self) -> Option<&Arc<Membership>> {
        match self {
            Site::One(_) => None,
            Site::Sharded { membership, .. } => Some(membership),
        }
    }
}
