use super::{LoadSetting, Report, Warmup, Workload};
use crate::servers::Address;

/// Why a workload cannot have logical time, if it cannot: what it does would follow from more than its operations.
pub fn refusal(workload: &Workload) -> Option<&'static str> {
    let Workload { traffic, app, cache, .. } = workload;
    let conduct = workload.conduct();
    let reasons = [
        (conduct.timed, "its strategy does things after a time by itself"),
        (
            workload.guards().is_ok_and(|guards| guards.is_timed()),
            "its mitigation counts on the server's clock",
        ),
        (app.services > 0, "app.services have clients each"),
        (app.near.is_some(), "entries of app.near expire by the machine's clock"),
        (workload.is_listening(), "events arrive when they arrive"),
        (!workload.fault.is_empty(), "faults come at their times"),
        (cache.maxmemory.is_some(), "what a server evicts is partly chance"),
        (cache.is_cluster(), "a cluster's nodes forward by themselves"),
        (!cache.prewarm.is_none(), "cache.prewarm goes by time"),
        (cache.fill_delay.is_some(), "cache.fill_delay is a time"),
        (traffic.mix.decrement > 0.0, "stock is written back after a time"),
    ];
    reasons.into_iter().find_map(|(is_so, reason)| is_so.then_some(reason))
}

/// Reports what makes no sense about logical time.
pub(super) fn check(workload: &Workload, report: &mut Report) {
    let Some(tick) = workload.traffic.tick else { return };
    if tick.0.is_zero() || tick.0.subsec_nanos() % 1_000 != 0 {
        report.wrong("traffic.tick", "the tick must be a whole number of microseconds above 0");
    }
    if let Some(reason) = refusal(workload) {
        report.refuse("traffic.tick", format!("no logical time for this workload: {reason}"), "leave it out");
    }
    let is_one = matches!(workload.traffic.load, LoadSetting::Closed { clients: 1, think: None });
    if !is_one || workload.app.instances > 1 {
        let help = "set traffic.load = { closed = { clients = 1 } } and app.instances = 1";
        report.refuse("traffic.tick", "logical time is that of one client", help);
    }
    let in_operations = matches!(workload.traffic.warmup, Warmup::Operations(_))
        || workload.traffic.warmup == Warmup::default();
    if workload.traffic.duration.is_some() || !in_operations {
        let help = "give traffic.operations, and the warm-up as { operations = N }";
        report.refuse("traffic.tick", "in logical time a run is measured in operations", help);
    }
}

impl Workload {
    /// Whether entries live by logical time.
    pub fn is_logical(&self) -> bool {
        self.traffic.tick.is_some()
    }

    /// Whether what goes over the wire is counted: by proxies in front of servers of our own.
    pub(super) fn counts_bytes(&self) -> bool {
        self.is_logical() && self.cache.named_nodes().iter().all(|node| node.url == Address::Managed)
    }
}
