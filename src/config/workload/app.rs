use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Report, Workload};
use crate::model::{Key, Time};
use crate::store::NearOptions;

/// The service under test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct App {
    /// Service instances, of each service: each with its own connections and its own in-process state.
    #[schemars(range(min = 1, max = 1_000))]
    pub instances: usize,
    /// Worker threads that the instances live on; no more than there are instances.
    #[schemars(range(min = 1, max = 256))]
    pub threads: usize,
    /// Services that cache the rows, each under names of its own, and only read them: another service, which owns the rows and
    /// caches nothing, writes them. Without it, one service does both.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1, max = 99))]
    pub services: usize,
    /// The near cache of each instance: rows inside its process, in front of the cache, as in { entries = 10_000 }.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub near: Option<NearSettings>,
}

impl Default for App {
    fn default() -> App {
        App { instances: 1, threads: 1, services: 0, near: None }
    }
}

/// A near cache.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NearSettings {
    /// Entries that it holds, at most.
    #[schemars(range(min = 1))]
    pub entries: u64,
    /// How long it holds them; without it, until they are taken out or make room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Time>,
    /// Whether a row is turned away that was read before an event and comes after it; without that check it may stay, old.
    #[serde(skip_serializing_if = "is_true")]
    pub check: bool,
}

impl Default for NearSettings {
    fn default() -> NearSettings {
        NearSettings { entries: 10_000, ttl: None, check: true }
    }
}

impl NearSettings {
    pub fn options(&self) -> NearOptions {
        NearOptions { entries: self.entries, ttl: self.ttl.map(|ttl| ttl.0), checks: self.check }
    }
}

fn is_zero(services: &usize) -> bool {
    *services == 0
}

fn is_true(check: &bool) -> bool {
    *check
}

impl Workload {
    /// Whether one service writes the rows and others cache them.
    pub fn is_divided(&self) -> bool {
        self.app.services > 0
    }

    /// Instances that have clients.
    pub fn readers(&self) -> usize {
        self.app.instances * self.app.services.max(1)
    }

    /// All instances, those of the service that only writes included.
    pub fn all_instances(&self) -> usize {
        let writers = if self.is_divided() { self.app.threads.min(self.readers()) } else { 0 };
        self.readers() + writers
    }

    /// Whether a row has one entry in the cache only, so that what is loaded of it after an expiry is loaded for one.
    pub fn has_one_entry_a_row(&self) -> bool {
        self.app.services <= 1 && self.cache.variants.is_empty() && self.cache.lists.is_none()
    }

    /// What the names of each service begin with in the cache.
    pub fn templates(&self) -> Vec<Key> {
        let prefix = &self.cache.prefix;
        match self.app.services {
            0 => vec![Key::template(prefix)],
            services => (0..services).map(|number| Key::template(&format!("{prefix}s{number}:"))).collect(),
        }
    }
}

/// Reports what makes no sense about the services.
pub(super) fn check(workload: &Workload, report: &mut Report) {
    let App { services, near, .. } = workload.app;
    if near.is_some_and(|near| near.ttl.is_some_and(|ttl| ttl.0.is_zero())) {
        let help = "leave it out for rows that stay until they are taken out";
        report.refuse("app.near.ttl", "the TTL must be above 0", help);
    }
    if services == 0 {
        return;
    }
    let conduct = workload.conduct();
    if conduct.cache_first {
        let title = format!(
            "{}: services that only read have no writes of their own to defer",
            workload.strategy.label()
        );
        report.refuse("app.services", title, "use cache-aside or read-through, or leave app.services out");
    }
    if workload.traffic.mix.decrement > 0.0 {
        let help = "leave decrements out of traffic.mix, or app.services";
        report.refuse("app.services", "the stock is not divided among services", help);
    }
    let is_share = workload.cache.maxmemory.is_some_and(|limit| limit.bytes().is_none());
    for (path, what, is_set) in [
        ("cache.prewarm", "rows to load ahead", !workload.cache.prewarm.is_none()),
        ("cache.hot_keys", "copies of hot keys", workload.cache.hot_keys.is_some()),
        ("cache.maxmemory", "a share of the rows", is_share),
    ] {
        if is_set {
            let title = format!("{what}: which service they are for is not said");
            report.refuse(path, title, "leave it out, or app.services");
        }
    }
}

/// What is allowed but probably not meant.
pub(super) fn warning(workload: &Workload) -> Option<String> {
    (workload.app.threads > workload.readers()).then(|| {
        "app.threads is above the number of instances: an instance lives on one thread, so some stay idle"
            .into()
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::refused;

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        let divided = "[app]\nservices = 2\n[cache]";
        refused(&[
            ("[cache]", "[app]\nnear = { ttl = \"0s\" }\n[cache]", 9, "the TTL must be above 0"),
            ("[cache]", &format!("{divided}\nprewarm = {{ top = {{ keys = 5 }} }}"), 11, "which service"),
        ]);
    }
}
