//! Nodes: of what the cache is made up, and how clients share it out.

mod check;

pub(super) use self::check::check;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CacheSettings;
use crate::model::Time;
use crate::placement::{Nodes, PLACEMENTS, Placement};
use crate::registry::OptionsError;
use crate::servers::{Address, name_of};
use crate::store::BreakerOptions;

/// The nodes of the cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CacheNodes {
    /// So many of our own, all of the same weight.
    Count(#[schemars(range(min = 1, max = 64))] usize),
    /// Each by itself.
    Each(Vec<CacheNode>),
}

/// One node of the cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheNode {
    /// "managed" for one of our own, or redis://… or rediss://… for one that runs.
    #[serde(default = "managed")]
    #[schemars(with = "String")]
    pub url: Address,
    /// What it takes of the keys, in proportion, where the placement has weights.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 64))]
    pub weight: u32,
}

fn managed() -> Address {
    Address::Managed
}

fn one() -> u32 {
    1
}

impl Default for CacheNodes {
    fn default() -> CacheNodes {
        CacheNodes::Count(1)
    }
}

impl CacheNodes {
    pub fn is_one(&self) -> bool {
        *self == CacheNodes::default()
    }

    pub fn len(&self) -> usize {
        match self {
            CacheNodes::Count(count) => *count,
            CacheNodes::Each(nodes) => nodes.len(),
        }
    }
}

/// Whether clients stop asking a node that does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum BreakerSetting {
    /// They go on asking it.
    Off(Off),
    /// They do.
    On(BreakerOptions),
}

/// The word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Off {
    Off,
}

impl Default for BreakerSetting {
    fn default() -> BreakerSetting {
        BreakerSetting::Off(Off::Off)
    }
}

impl BreakerSetting {
    pub fn is_off(&self) -> bool {
        self.options().is_none()
    }

    pub fn options(&self) -> Option<BreakerOptions> {
        match self {
            BreakerSetting::Off(_) => None,
            BreakerSetting::On(options) => Some(*options),
        }
    }
}

/// A remedy for keys that are too hot for one node: the rows that are asked for most are kept on several, whose reads take
/// turns. Which they are is known ahead, as from the list of an operator, and is the same for all instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HotKeySettings {
    /// So many rows, those that the workload asks for most.
    #[schemars(range(min = 1, max = 100_000))]
    pub rows: usize,
    /// On so many nodes each; 1 for no copies.
    #[schemars(range(min = 1, max = 64))]
    pub copies: usize,
}

/// A Redis Cluster of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterSettings {
    /// Nodes that hold the slots between them; three at least, or no majority can agree that one is gone.
    #[schemars(range(min = 3, max = 32))]
    pub masters: usize,
    /// Replicas of each, one of which takes over when it is gone.
    #[schemars(range(max = 5))]
    pub replicas: usize,
    /// How long a node does not answer the others before they hold it to have failed (`cluster-node-timeout`).
    pub node_timeout: Time,
}

impl ClusterSettings {
    /// Masters and replicas.
    pub fn nodes(&self) -> usize {
        self.masters * (1 + self.replicas)
    }
}

impl Default for ClusterSettings {
    fn default() -> ClusterSettings {
        let node_timeout = Time(std::time::Duration::from_secs(2));
        ClusterSettings { masters: 3, replicas: 1, node_timeout }
    }
}

/// One node of a cache whose clients place the keys, as it is named and weighs.
pub(crate) struct NamedNode {
    pub name: String,
    pub weight: u32,
    pub url: Address,
}

impl CacheSettings {
    /// Whether clients place the keys on nodes themselves; else one server, or a cluster, does.
    pub fn is_sharded(&self) -> bool {
        !self.nodes.is_one() || !self.breaker.is_off()
    }

    /// Whether it is a Redis Cluster, ours or not.
    pub fn is_cluster(&self) -> bool {
        let named = match &self.url {
            Address::External(url) => {
                url.starts_with("redis+cluster://") || url.starts_with("rediss+cluster://")
            }
            Address::Managed => false,
        };
        named || self.cluster.is_some()
    }

    /// Servers of the cache at first; those of a cluster that is not ours are not known here.
    pub fn server_count(&self) -> usize {
        self.cluster.map_or(self.nodes.len(), |cluster| cluster.nodes())
    }

    /// The nodes on which clients place the keys.
    pub(crate) fn named_nodes(&self) -> Vec<NamedNode> {
        let own = |number: usize, weight| NamedNode {
            name: format!("node-{number}"),
            weight,
            url: Address::Managed,
        };
        match &self.nodes {
            CacheNodes::Count(1) => {
                let name = match &self.url {
                    Address::Managed => "node-0".to_owned(),
                    Address::External(url) => name_of(url),
                };
                vec![NamedNode { name, weight: 1, url: self.url.clone() }]
            }
            CacheNodes::Count(count) => (0..*count).map(|number| own(number, 1)).collect(),
            CacheNodes::Each(nodes) => nodes
                .iter()
                .enumerate()
                .map(|(number, node)| match &node.url {
                    Address::Managed => own(number, node.weight),
                    Address::External(url) => {
                        NamedNode { name: name_of(url), weight: node.weight, url: node.url.clone() }
                    }
                })
                .collect(),
        }
    }

    /// The placement chosen, over these nodes.
    ///
    /// # Errors
    /// When it cannot be had over them.
    pub fn place(&self, nodes: &Nodes) -> Result<Box<dyn Placement>, OptionsError> {
        self.placement.build(PLACEMENTS, nodes.clone())
    }

    /// The nodes that are there at first, as a placement knows them.
    fn placed_nodes(&self) -> Result<Nodes, OptionsError> {
        Nodes::new(self.named_nodes().into_iter().map(|node| (node.name, node.weight)).collect())
    }
}
