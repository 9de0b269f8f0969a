use schemars::{Schema, SchemaGenerator};

use super::{Report, Workload};
use crate::invalidation::{Guarantee, TRANSPORTS, Transport};
use crate::registry::{Choice, OptionsError, choice_schema};
use crate::servers::Address;

pub(super) fn transports(generator: &mut SchemaGenerator) -> Schema {
    choice_schema(TRANSPORTS, generator)
}

pub(super) fn none() -> Choice {
    Choice::named("none")
}

pub(super) fn is_none(transport: &Choice) -> bool {
    *transport == none()
}

impl Workload {
    /// What carries the word of writes.
    ///
    /// # Errors
    /// When its options do not go together, which their schema cannot tell.
    pub fn transport(&self) -> Result<Box<dyn Transport>, OptionsError> {
        self.invalidation.build(TRANSPORTS, ())
    }

    /// Whether anybody caches rows and hears of writes that others make to them.
    pub fn is_listening(&self) -> bool {
        let carries = self.transport().is_ok_and(|transport| transport.guarantee() != Guarantee::Nothing);
        carries && (self.is_divided() || self.app.near.is_some())
    }

    /// Settings that a Postgres of our own needs beside the user's.
    pub fn needed_database_settings(&self) -> Vec<(&'static str, String)> {
        match self.transport() {
            Ok(transport) if self.is_listening() => transport.database_settings(),
            _ => Vec::new(),
        }
    }
}

/// Reports what makes no sense about how the word of writes is carried.
pub(super) fn check(workload: &Workload, report: &mut Report) {
    let transport = match workload.transport() {
        Ok(transport) => transport,
        Err(refusal) => return report.unbuildable("invalidation", &workload.invalidation, &refusal),
    };
    if transport.guarantee() == Guarantee::Nothing {
        return;
    }
    let name = workload.invalidation.label();
    if !workload.is_listening() {
        let help = "set app.services for other services that cache the rows, or app.near for near caches";
        return report.refuse("invalidation", format!("{name}, but nobody listens"), help);
    }
    if workload.conduct().defers && transport.reads_database() {
        let title =
            format!("{name} tells of commits, and {} acknowledges writes before", workload.strategy.name);
        report.refuse("invalidation", title, "use pubsub or stream, or another strategy");
    }
    if workload.cache.is_cluster() && transport.uses_cache() {
        let title = format!("{name} goes over one server of the cache, and a cluster has no such");
        report.refuse("invalidation", title, "use notify, or a cache that is no cluster");
    }
    if transport.resumes() && workload.cache.maxmemory.is_some() {
        let title = format!("{name} keeps its events in the cache, and would take its room from the rows");
        report.refuse("invalidation", title, "use pubsub or notify, or leave cache.maxmemory out");
    }
    if transport.follows_cache() {
        check_follower(&name, &*transport, workload, report);
    }
    let is_ours = workload.database.url == Address::Managed;
    let clashes = transport.database_settings().into_iter().filter(|_| is_ours);
    for (setting, needed) in clashes.filter(|(name, _)| workload.database.settings.contains_key(*name)) {
        let path = format!("database.settings.{setting}");
        let given = &workload.database.settings[setting];
        let is_enough = match (given.parse::<u64>(), needed.parse::<u64>()) {
            (Ok(given), Ok(needed)) => given >= needed,
            _ => *given == needed,
        };
        if !is_enough {
            let title = format!("{name} needs {setting} = {needed}");
            report.refuse(&path, title, "leave it out: it is set as needed");
        }
    }
}

/// Reports what makes no sense where near caches follow the entries of the cache itself.
fn check_follower(name: &str, transport: &dyn Transport, workload: &Workload, report: &mut Report) {
    if workload.app.near.is_none() {
        let help = "set app.near, or use another transport";
        report.refuse("invalidation", format!("{name} tells near caches only, and there are none"), help);
    }
    if transport.tracks_reads() && workload.cache.driver.name != "redis" {
        let title = format!("{name} needs the connections of the driver redis");
        let help = "set cache.driver = \"redis\", or use { tracking = { mode = \"broadcast\" } }";
        report.refuse("invalidation", title, help);
    }
    if workload.is_sharded() {
        let help = "use another transport, or a cache of one node without faults of its network";
        report.refuse("invalidation", format!("{name} follows one server, and the cache has several"), help);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problems, told};

    /// A workload by what invalidates, its services, and the rest.
    fn workload(invalidation: &str, app: &str, rest: &str) -> String {
        format!(
            "name = \"test\"\ninvalidation = {invalidation}\n[data]\nrows = 100\n[traffic]\n\
             load = {{ open = {{ rate = 10 }} }}\nduration = \"1s\"\n[app]\n{app}\n{rest}"
        )
    }

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        let near = "near = { entries = 5 }";
        let deferred = "strategy = \"write-behind\"\n";
        let cases = [
            (workload("\"pubsub\"", "instances = 2", ""), 2, "nobody listens"),
            (workload("\"tracking\"", "services = 1", ""), 2, "tells near caches only"),
            (
                workload("\"tracking\"", near, "[cache]\ndriver = \"fred\"\n"),
                2,
                "connections of the driver redis",
            ),
            (workload("\"tracking\"", near, "[cache]\nnodes = 2\n"), 2, "follows one server"),
            (
                workload("\"stream\"", near, "[cache]\nmaxmemory = \"9MB\"\n"),
                2,
                "take its room from the rows",
            ),
            (
                workload("\"pubsub\"", near, "[cache]\ncluster = { masters = 3 }\n"),
                2,
                "a cluster has no such",
            ),
            (
                workload("\"cdc\"", near, "[database]\nsettings = { wal_level = \"minimal\" }\n"),
                11,
                "needs wal_level",
            ),
            (deferred.to_owned() + &workload("\"outbox\"", near, ""), 3, "tells of commits"),
            (deferred.to_owned() + &workload("\"none\"", "services = 1", ""), 10, "no writes of their own"),
            (
                workload("\"none\"", near, "[[fault]]\nat = \"0s\"\ndisconnect = \"all\"\n"),
                12,
                "nobody listens",
            ),
            (
                workload("\"pubsub\"", near, "[[fault]]\nat = \"0s\"\ndrop_events = \"all\"\n"),
                12,
                "needs `share`",
            ),
            (
                workload("\"pubsub\"", near, "[[fault]]\nat = \"0s\"\ndelay_events = \"all\"\n"),
                12,
                "needs `by`",
            ),
            (
                workload("\"pubsub\"", near, "[[fault]]\nafter = \"1s\"\ndisconnect = \"all\"\n"),
                11,
                "not followed after",
            ),
        ];
        for (text, line, expected) in cases {
            told(&problems(&text), line, expected);
        }
    }

    #[test]
    fn what_makes_sense_is_let_through() {
        for (invalidation, app, rest) in [
            ("\"notify\"", "services = 2", "[cache]\ncluster = { masters = 3 }\n"),
            ("{ tracking = { mode = \"broadcast\" } }", "near = {}", "[cache]\ndriver = \"fred\"\n"),
            ("\"cdc\"", "services = 1", "[database]\nsettings = { max_replication_slots = 20 }\n"),
            (
                "\"pubsub\"",
                "near = {}",
                "[[fault]]\nat = \"0s\"\ndisconnect = { instance = 0 }\nlasts = \"1s\"\n",
            ),
        ] {
            assert_eq!(problems(&workload(invalidation, app, rest)), "");
        }
    }
}
