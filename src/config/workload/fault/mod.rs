mod check;
#[cfg(test)]
mod tests;

pub(super) use self::check::check;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::{Action, Fault, Listeners, Reshard, Victim, When};
use crate::invalidation::Disturb;
use crate::model::{Store, Time};
use crate::servers::Condition;

/// Something that is done to a server or to a service instance: `at`, `every` or `after`, and one of `kill`, `restart`, `pause`, `flush`, `slow`, `scale_out`, `add_nodes`, `remove`, `partition`, `reset`, `delay`, `failover`, `reshard`, `drop_events`, `duplicate_events`, `reorder_events`, `delay_events` and `disconnect`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FaultSetting {
    /// When, from the start of the measured phase; at its length, after the last operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// Once in every period of this length, at a moment that follows from data.seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Time>,
    /// Not during the measurement but after it: the load goes on for so long, uncounted, and ends with the fault. So the
    /// latencies are undisturbed, and what is lost is told all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Time>,
    /// Ends its process at once: "cache", "database", { node = 0 } or { instance = 0 }.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill: Option<Victim>,
    /// Ends its process at once and starts it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart: Option<Victim>,
    /// Stops its execution (SIGSTOP); connections stay open and silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause: Option<Victim>,
    /// Empties the cache; on a server that is not ours, of our own keys only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flush: Option<Victim>,
    /// Stops its execution for a share of every 20 ms, as a noisy neighbour does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow: Option<Victim>,
    /// A node joins the cache that takes over a share of the names, and begins empty: their entries are gone at once; on
    /// a server that is not ours, those of our own keys only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_out: Option<Victim>,
    /// So many nodes of our own join the cache at once, and begin empty: keys that fall to them move.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 64))]
    pub add_nodes: Option<usize>,
    /// A node leaves the cache, as one that is taken out of service: { node = 0 }. Its keys move to the others, and what
    /// it holds is not asked for any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove: Option<Victim>,
    /// Cuts the network between clients and it: connections stay open, and nothing is delivered either way. Servers still
    /// reach each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<Victim>,
    /// Resets the connections of clients to it, and each new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<Victim>,
    /// What clients send to it and what it answers arrive later, `by` this much each way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Victim>,
    /// How much later, each way, what is delayed arrives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Time>,
    /// A master of a cluster of our own hands over to one of its replicas, as before planned work on it: { node = 0 }.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failover: Option<Victim>,
    /// Slots of a cluster of our own move from one master to another while both serve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reshard: Option<Reshard>,
    /// A share of the events does not reach who listens: "all" or { instance = 0 }. Where the transport promises that, they
    /// come again later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop_events: Option<Listeners>,
    /// A share of the events comes twice, the second time behind later ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_events: Option<Listeners>,
    /// A share of the events comes behind later ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reorder_events: Option<Listeners>,
    /// Events come later, `by` this much at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_events: Option<Listeners>,
    /// Who listens loses its connection for events, and gets another when the time is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disconnect: Option<Listeners>,
    /// How long: what is killed is then started again, what is paused, slow or out of reach then goes on. A server that is killed
    /// without it stays down; an instance starts again at once; events are disturbed to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Time>,
    /// The share of the time for which what is slow stands still; of the events that are disturbed; or of the names that a new node takes over, which must
    /// be given: with n nodes before, 1/(n+1) by consistent hashing, and n/(n+1) by a hash modulo their number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.01, max = 0.99))]
    pub share: Option<f64>,
}

/// The share of the time for which a slow server stands still, where none is given.
const SHARE: f64 = 0.8;

impl FaultSetting {
    /// The actions that are given, by name.
    fn actions(&self) -> impl Iterator<Item = (&'static str, Victim)> {
        let all = [
            ("kill", self.kill),
            ("restart", self.restart),
            ("pause", self.pause),
            ("flush", self.flush),
            ("slow", self.slow),
            ("scale_out", self.scale_out),
            ("add_nodes", self.add_nodes.map(|_| Victim::Cache)),
            ("remove", self.remove),
            ("partition", self.partition),
            ("reset", self.reset),
            ("delay", self.delay),
            ("failover", self.failover),
            ("reshard", self.reshard.map(|_| Victim::Cache)),
            ("drop_events", self.drop_events.map(Victim::Events)),
            ("duplicate_events", self.duplicate_events.map(Victim::Events)),
            ("reorder_events", self.reorder_events.map(Victim::Events)),
            ("delay_events", self.delay_events.map(Victim::Events)),
            ("disconnect", self.disconnect.map(Victim::Events)),
        ];
        all.into_iter().filter_map(|(name, victim)| Some((name, victim?)))
    }

    /// Whether it needs clients that place the keys on nodes themselves.
    pub fn needs_placement(&self) -> bool {
        self.changes_nodes().is_some() || self.touches_network_of(Store::Cache)
    }

    /// The action by which it changes the nodes that keys are placed on, if it does.
    pub fn changes_nodes(&self) -> Option<&'static str> {
        self.add_nodes.map(|_| "add_nodes").or(self.remove.map(|_| "remove"))
    }

    /// Whether it is one of the network between clients and a store.
    pub fn touches_network_of(&self, store: Store) -> bool {
        let victims = [self.partition, self.reset, self.delay];
        victims.into_iter().flatten().any(|victim| match victim {
            Victim::Cache | Victim::Node(_) => store == Store::Cache,
            Victim::Database => store == Store::Database,
            Victim::Instance(_) | Victim::Events(_) => false,
        })
    }

    /// The fault, if the setting is complete and it happens during the measurement.
    pub fn during(&self) -> Option<Fault> {
        match (self.at, self.every) {
            (Some(at), None) => self.fault(When::At(at.0)),
            (None, Some(every)) => self.fault(When::Every(every.0)),
            _ => None,
        }
    }

    /// The fault, if the setting is complete and it happens after the measurement; its time is from there.
    pub fn afterwards(&self) -> Option<Fault> {
        self.fault(When::At(self.after?.0))
    }

    fn fault(&self, when: When) -> Option<Fault> {
        let (name, victim) = self.actions().next()?;
        let lasts = self.lasts.map(|lasts| lasts.0);
        let action = match name {
            "kill" => Action::Kill { lasts },
            "restart" => Action::Restart,
            "pause" => Action::Pause { lasts: lasts? },
            "flush" => Action::Flush,
            "add_nodes" => Action::AddNodes(self.add_nodes?),
            "remove" => Action::Remove,
            "failover" => Action::Failover,
            "reshard" => Action::Reshard(self.reshard?),
            "partition" => Action::Network { lasts: lasts?, condition: Condition::Partition },
            "reset" => Action::Network { lasts: lasts?, condition: Condition::Reset },
            "delay" => Action::Network { lasts: lasts?, condition: Condition::Delay(self.by?.0) },
            "scale_out" => Action::ScaleOut { share: self.share? },
            "drop_events" => Action::Disturb { lasts, what: Disturb::Drop(self.share?) },
            "duplicate_events" => Action::Disturb { lasts, what: Disturb::Duplicate(self.share?) },
            "reorder_events" => Action::Disturb { lasts, what: Disturb::Reorder(self.share?) },
            "delay_events" => Action::Disturb { lasts, what: Disturb::Delay(self.by?.0) },
            "disconnect" => Action::Disturb { lasts, what: Disturb::Cut },
            _ => Action::Slow { lasts: lasts?, share: self.share.unwrap_or(SHARE) },
        };
        Some(Fault { when, action, victim })
    }
}
