//! Faults: what is done to servers and service instances while they are measured, and when.

mod schedule;
mod timeline;

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use timeline::Timeline;

use crate::invalidation::Disturb;
use crate::measure::Effect;
use crate::servers::Condition;

/// Whom a fault befalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Victim {
    /// The cache's server.
    Cache,
    /// The database's server.
    Database,
    /// One node of the cache, from 0.
    Node(usize),
    /// One service instance, from 0.
    Instance(usize),
    /// The way of events to those who listen.
    #[serde(skip)]
    Events(Listeners),
}

/// Whose way of events a fault befalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Listeners {
    /// That of every instance that listens.
    All,
    /// That of one instance, from 0.
    Instance(usize),
}

/// What a fault does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Ends it at once, and starts it again later if that is given. An instance always starts again.
    Kill { lasts: Option<Duration> },
    /// Ends it at once and starts it again.
    Restart,
    /// Stops its execution for so long.
    Pause { lasts: Duration },
    /// Removes what it holds.
    Flush,
    /// Stops its execution for a share of the time, again and again.
    Slow { lasts: Duration, share: f64 },
    /// A node joins a cache that takes over this share of the names, and begins empty.
    ScaleOut { share: f64 },
    /// So many nodes join the cache at once, and begin empty.
    AddNodes(usize),
    /// A node leaves the cache, and is not asked any more.
    Remove,
    /// A master of a cluster hands over to one of its replicas.
    Failover,
    /// Slots of a cluster move from one master to another.
    Reshard(Reshard),
    /// The network between clients and it is in this condition for so long.
    Network { lasts: Duration, condition: Condition },
    /// Events do not come as they were sent for so long, or to the end.
    Disturb { lasts: Option<Duration>, what: Disturb },
}

/// Which slots of a cluster move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reshard {
    /// So many.
    #[schemars(range(min = 1, max = 16_384))]
    pub slots: usize,
    /// The number of the node that has them.
    pub from: usize,
    /// The number of the node that gets them.
    pub to: usize,
}

/// When a fault happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// Once, so long after the start.
    At(Duration),
    /// Once in every period of this length.
    Every(Duration),
}

/// One fault of a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault {
    pub when: When,
    pub action: Action,
    pub victim: Victim,
}

/// Does what the timeline says.
///
/// Faults overlap, so calls come from several threads at once, for one victim too. Each returns once it is done, and
/// says what of it did not work: the record of the fault tells it, and nothing else follows from it.
pub trait Hands: Sync {
    /// Ends it at once, as a crash would; one that is down already stays so.
    fn kill(&self, victim: Victim) -> Result<(), String>;

    /// Starts it again, unless it is up.
    fn start(&self, victim: Victim) -> Result<(), String>;

    /// Stops its execution, if it is up.
    fn pause(&self, victim: Victim) -> Result<(), String>;

    /// Lets it go on, if it stands still.
    fn resume(&self, victim: Victim) -> Result<(), String>;

    /// Removes what it holds of ours.
    fn flush(&self, victim: Victim) -> Result<(), String>;

    /// Removes the entries whose names a new node takes over that gets this share of them. It may take long, and ends
    /// early, as an error, when the run is asked to end.
    fn scale_out(&self, victim: Victim, share: f64) -> Result<(), String>;

    /// Starts so many nodes and has them join the cache; returns once all clients place keys on them.
    fn add_nodes(&self, count: usize) -> Result<(), String>;

    /// Has a node leave the cache; returns once no client places keys on it.
    fn remove(&self, victim: Victim) -> Result<(), String>;

    /// Has a master of a cluster hand over to one of its replicas; returns once it has.
    fn fail_over(&self, victim: Victim) -> Result<(), String>;

    /// Moves slots of a cluster; it ends early, as an error, when the run is asked to end.
    fn reshard(&self, slots: Reshard) -> Result<(), String>;

    /// Brings the network between clients and it into this condition.
    fn set_network(&self, victim: Victim, condition: Condition) -> Result<(), String>;

    /// Makes the way of events wrong in this one thing, or right again.
    fn disturb(&self, listeners: Listeners, what: Disturb, is_wrong: bool) -> Result<(), String>;
}

impl Fault {
    /// How long it is planned to last.
    pub fn lasts(&self) -> Duration {
        match self.action {
            Action::Kill { lasts } | Action::Disturb { lasts, .. } => lasts.unwrap_or_default(),
            Action::Pause { lasts } | Action::Slow { lasts, .. } | Action::Network { lasts, .. } => lasts,
            Action::Restart
            | Action::Flush
            | Action::ScaleOut { .. }
            | Action::AddNodes(_)
            | Action::Remove
            | Action::Failover
            | Action::Reshard(_) => Duration::ZERO,
        }
    }

    /// What it does to the entries of the cache.
    pub fn effect(&self) -> Effect {
        match (self.action, self.victim) {
            (Action::AddNodes(_) | Action::Remove, _) => Effect::Moved,
            (Action::Pause { .. } | Action::Slow { .. } | Action::Network { .. }, _) => Effect::None,
            (Action::Disturb { .. }, _) | (_, Victim::Events(_)) => Effect::None,
            // Entries go with their slots.
            (Action::Failover | Action::Reshard(_), _) => Effect::None,
            (Action::ScaleOut { .. }, _) => Effect::Thinned,
            // All nodes are away for as long as it lasts.
            (Action::Kill { .. }, Victim::Cache) => Effect::Thinned,
            (Action::Kill { .. }, Victim::Node(node)) => Effect::NodeDown(node),
            (_, Victim::Node(node)) => Effect::NodeEmptied(node),
            (_, Victim::Cache) => Effect::Emptied,
            (_, Victim::Database | Victim::Instance(_)) => Effect::None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.action {
            Action::Kill { .. } => "kill",
            Action::Restart => "restart",
            Action::Pause { .. } => "pause",
            Action::Flush => "flush",
            Action::Slow { .. } => "slow",
            Action::ScaleOut { .. } => "scale-out",
            Action::AddNodes(1) => "add 1 node to",
            Action::AddNodes(count) => return write!(f, "add {count} nodes to {}", self.victim),
            Action::Remove => "remove",
            Action::Failover => "fail over",
            Action::Reshard(Reshard { slots, from, to }) => {
                return write!(f, "reshard {slots} slots from cache node {from} to {to}");
            }
            Action::Network { condition: Condition::Clear, .. } => "clear",
            Action::Network { condition: Condition::Partition, .. } => "partition",
            Action::Network { condition: Condition::Reset, .. } => "reset",
            Action::Network { condition: Condition::Delay(_), .. } => "delay",
            Action::Disturb { what, .. } => match what {
                Disturb::Drop(share) => return write!(f, "drop {} % of {}", share * 100.0, self.victim),
                Disturb::Duplicate(share) => {
                    return write!(f, "duplicate {} % of {}", share * 100.0, self.victim);
                }
                Disturb::Reorder(share) => {
                    return write!(f, "reorder {} % of {}", share * 100.0, self.victim);
                }
                Disturb::Delay(_) => "delay",
                Disturb::Cut => "cut off",
            },
        };
        write!(f, "{verb} {}", self.victim)
    }
}

impl fmt::Display for Victim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Victim::Cache => f.write_str("cache"),
            Victim::Database => f.write_str("database"),
            Victim::Node(node) => write!(f, "cache node {node}"),
            Victim::Instance(instance) => write!(f, "instance {instance}"),
            Victim::Events(Listeners::All) => f.write_str("events"),
            Victim::Events(Listeners::Instance(instance)) => write!(f, "events of instance {instance}"),
        }
    }
}
