use std::time::Duration;

use super::FaultSetting;
use crate::config::Workload;
use crate::config::workload::Report;
use crate::engine::{Listeners, Victim};
use crate::servers::Address;

/// What a fault may be, by name.
const ACTIONS: &str = "kill, restart, pause, flush, slow, scale_out, add_nodes, remove, partition, reset, delay, failover, reshard, drop_events, duplicate_events, reorder_events, delay_events or disconnect";

/// Faults that come closer together than this are one.
const LEAST_PERIOD: Duration = Duration::from_millis(100);

/// The longest delay each way.
const MOST_DELAY: Duration = Duration::from_secs(10);

/// Reports what makes no sense about the faults of a workload.
pub fn check(workload: &Workload, report: &mut Report) {
    for (index, fault) in workload.fault.iter().enumerate() {
        fault.check(index, workload, report);
    }
}

impl FaultSetting {
    fn check(&self, index: usize, workload: &Workload, report: &mut Report) {
        let path = format!("fault.{index}");
        let mut actions = self.actions();
        let Some((action, victim)) = actions.next() else {
            let help = "say what is done to whom: kill = \"cache\", pause = \"database\" …";
            return report.refuse(&path, format!("a fault needs one of {ACTIONS}"), help);
        };
        if let Some((second, _)) = actions.next() {
            let title = format!("a fault does one thing, not `{action}` and `{second}`");
            report.refuse(&format!("{path}.{second}"), title, "write a [[fault]] for each");
        }
        self.check_when(&path, workload, report);
        self.check_options(&path, action, workload, report);
        if let Victim::Events(_) = victim {
            self.check_when_of_events(&|name| format!("{path}.{name}"), report);
        }
        check_victim(&format!("{path}.{action}"), action, victim, workload, report);
    }

    fn check_when(&self, path: &str, workload: &Workload, report: &mut Report) {
        let at = |name: &str| format!("{path}.{name}");
        match (self.at, self.every) {
            _ if self.after.is_some() => self.check_after(&at, report),
            (None, None) => {
                let help = "say when: at = \"10s\", every = \"1m\", or after = \"2s\"";
                report.refuse(path, "a fault needs `at`, `every` or `after`", help);
            }
            (Some(_), Some(_)) => {
                let title = "a fault has `at` or `every`, not both";
                report.refuse(&at("every"), title, "leave out one of them");
            }
            (Some(time), None) => {
                let duration = workload.traffic.duration;
                if let Some(duration) = duration.filter(|duration| time > *duration) {
                    let title = format!("at {time} the measurement of {duration} is over");
                    report.refuse(&at("at"), title, "let it happen earlier, or raise traffic.duration");
                }
            }
            (None, Some(every)) if every.0 < LEAST_PERIOD => {
                report.refuse(&at("every"), "a fault happens every 100ms at most", "raise `every`");
            }
            (None, Some(every)) => {
                if let Some(lasts) = self.lasts.filter(|lasts| *lasts >= every) {
                    let title = format!("a fault of {lasts} is not over before the next, {every} later");
                    report.refuse(&at("lasts"), title, "let it last less than `every`");
                }
            }
        }
    }

    fn check_after(&self, at: &dyn Fn(&str) -> String, report: &mut Report) {
        for (name, time) in [("at", self.at), ("every", self.every)] {
            if time.is_some() {
                let title = format!("a fault happens after the measurement or `{name}`, not both");
                report.refuse(&at(name), title, "leave out one of them");
            }
        }
        if self.after.is_some_and(|after| after.0.is_zero()) {
            report.refuse(&at("after"), "there must be load before the fault", "write after = \"2s\"");
        }
    }

    fn check_options(&self, path: &str, action: &str, workload: &Workload, report: &mut Report) {
        let at = |name: &str| format!("{path}.{name}");
        match (action, self.lasts) {
            ("pause" | "slow" | "partition" | "reset" | "delay", None) => {
                let help = "say for how long: lasts = \"2s\"";
                report.refuse(&at(action), format!("`{action}` needs `lasts`"), help);
            }
            ("restart", Some(_)) => {
                let help = "use `kill` for one that stays down for a while";
                report.refuse(&at("lasts"), "`restart` takes no `lasts`", help);
            }
            ("flush" | "scale_out" | "add_nodes" | "remove" | "failover" | "reshard", Some(_)) => {
                report.wrong(&at("lasts"), format!("`{action}` takes no `lasts`"));
            }
            (_, Some(lasts)) if lasts.0.is_zero() => report.wrong(&at("lasts"), "a fault must last"),
            _ => {}
        }
        let needs_share = ["drop_events", "duplicate_events", "reorder_events"].contains(&action);
        let has_share = needs_share || ["slow", "scale_out"].contains(&action);
        if !has_share && self.share.is_some() {
            let title = format!("`{action}` has no `share`");
            report.refuse(&at("share"), title, "only `slow`, `scale_out` and faults of events have one");
        }
        if needs_share && self.share.is_none() {
            let title = format!("`{action}` needs `share`");
            report.refuse(&at(action), title, "say how many of the events: share = 0.01");
        }
        let has_by = ["delay", "delay_events"].contains(&action);
        match self.by {
            None if has_by => {
                let title = format!("`{action}` needs `by`");
                report.refuse(&at(action), title, "say how much later: by = \"20ms\"");
            }
            Some(_) if !has_by => {
                let title = format!("`{action}` has no `by`");
                report.refuse(&at("by"), title, "only `delay` and `delay_events` have one");
            }
            Some(by) if by.0 > MOST_DELAY => {
                let title = format!("a delay of {by}: packets that late are lost ones");
                report.refuse(&at("by"), title, "write up to 10s, or use `partition`");
            }
            _ => {}
        }
        if let Some(reshard) = self.reshard {
            let most = most_nodes(workload);
            if reshard.from == reshard.to || reshard.from.max(reshard.to) >= most {
                let title = format!("slots of node {} do not move to node {}", reshard.from, reshard.to);
                let help = format!("name two different nodes, from 0 to {}", most - 1);
                report.refuse(&at("reshard"), title, &help);
            }
            if !(1..=16_384).contains(&reshard.slots) {
                report.wrong(&at("reshard.slots"), "write from 1 to 16384 slots");
            }
        }
        if action == "scale_out" && self.share.is_none() {
            let help = "say how many of the names the new node takes over: share = 0.25";
            report.refuse(&at(action), "`scale_out` needs `share`", help);
        }
    }
}

/// How many nodes the cache comes to have, those included that are removed.
fn most_nodes(workload: &Workload) -> usize {
    let added = workload.fault.iter().filter_map(|fault| fault.add_nodes);
    workload.cache.server_count() + added.sum::<usize>()
}

/// Whether the cache is our own.
fn is_managed(workload: &Workload) -> bool {
    workload.cache.named_nodes().iter().all(|node| node.url == Address::Managed)
}

fn check_victim(path: &str, action: &str, victim: Victim, workload: &Workload, report: &mut Report) {
    let is_of_cluster = ["failover", "reshard"].contains(&action);
    if is_of_cluster && workload.cache.cluster.is_none() {
        let title = format!("`{action}` is done to a Redis Cluster of our own");
        return report.refuse(path, title, "set cache.cluster, or leave the fault out");
    }
    if action == "failover" && workload.cache.cluster.is_some_and(|cluster| cluster.replicas == 0) {
        let help = "set cache.cluster.replicas to 1 or more";
        return report.refuse(path, "there is no replica to hand over to", help);
    }
    let is_of_clients = ["remove", "partition", "reset", "delay"].contains(&action);
    if is_of_clients && workload.cache.is_cluster() && !matches!(victim, Victim::Database) {
        let title =
            format!("a cluster tells its clients where its nodes are, so `{action}` does not reach them");
        return report.refuse(path, title, "kill or pause a node");
    }
    match victim {
        _ if action == "failover" && !matches!(victim, Victim::Node(_)) => {
            report.refuse(path, "one node of the cluster hands over", "write failover = { node = 0 }");
        }
        Victim::Instance(instance) => {
            if !["kill", "restart"].contains(&action) {
                let title =
                    format!("an instance is killed or restarted; it has no process of its own to {action}");
                report.refuse(path, title, "use kill = { instance = N }");
            }
            check_instance(path, instance, workload, report);
        }
        Victim::Events(listeners) => check_listeners(path, listeners, workload, report),
        Victim::Node(node) if node >= most_nodes(workload) => {
            let most = most_nodes(workload);
            let title =
                format!("there is no cache node {node}: they are numbered from 0, and there are {most}");
            report.refuse(path, title, "raise cache.nodes, or name another");
        }
        _ if action == "remove" && !matches!(victim, Victim::Node(_)) => {
            report.refuse(path, "one node of the cache is removed", "write remove = { node = 0 }");
        }
        // Its keys are placed elsewhere; to the server itself nothing is done.
        Victim::Node(_) if action == "remove" => {
            let removals = workload.fault.iter().filter(|fault| fault.remove.is_some()).count();
            if removals >= most_nodes(workload) {
                report.refuse(path, "no node would be left", "remove fewer, or raise cache.nodes");
            }
        }
        Victim::Cache if action == "add_nodes" && !is_managed(workload) => {
            let help = "leave out the addresses of nodes, or the fault";
            report.refuse(path, "nodes of our own do not join those that are not ours", help);
        }
        Victim::Database if action == "flush" => {
            report.refuse(path, "the database is not flushed: it holds the rows", "flush = \"cache\"");
        }
        Victim::Database if action == "scale_out" => {
            report.refuse(path, "only the cache is scaled out", "scale_out = \"cache\"");
        }
        // These do no harm beyond our own keys.
        Victim::Cache | Victim::Node(_) if ["flush", "scale_out"].contains(&action) => {}
        Victim::Cache | Victim::Node(_) if !is_managed(workload) => {
            refuse_external(path, action, "cache", report);
        }
        Victim::Database if workload.database.url != Address::Managed => {
            refuse_external(path, action, "database", report);
        }
        Victim::Cache | Victim::Node(_) | Victim::Database => {}
    }
}

fn check_instance(path: &str, instance: usize, workload: &Workload, report: &mut Report) {
    let instances = workload.readers();
    if instance >= instances {
        let title =
            format!("there is no instance {instance}: they are numbered from 0, and there are {instances}");
        report.refuse(path, title, "raise app.instances, or name another");
    }
}

impl FaultSetting {
    /// Reports times at which the way of events is not disturbed.
    fn check_when_of_events(&self, at: &dyn Fn(&str) -> String, report: &mut Report) {
        if self.after.is_some() {
            report.refuse(&at("after"), "events are not followed after the measurement", "write at = \"2s\"");
        }
        if self.every.is_some() && self.lasts.is_none() {
            report.refuse(&at("every"), "it would never be over", "say for how long: lasts = \"1s\"");
        }
    }
}

fn check_listeners(path: &str, listeners: Listeners, workload: &Workload, report: &mut Report) {
    if !workload.is_listening() {
        let help = "set invalidation, and app.services or app.near; or leave the fault out";
        return report.refuse(path, "nobody listens to events here", help);
    }
    if let Listeners::Instance(instance) = listeners {
        check_instance(path, instance, workload, report);
    }
}

fn refuse_external(path: &str, action: &str, section: &str, report: &mut Report) {
    let done = match action {
        "kill" => "killed",
        "restart" => "restarted",
        "pause" => "paused",
        "partition" | "reset" | "delay" => "cut off",
        _ => "slowed down",
    };
    let help = format!("use {section}.url = \"managed\", or leave the fault out");
    report.refuse(path, format!("a server that is not ours is not {done}"), &help);
}
