use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::server_settings::{self, ServerSetting};
use super::{
    BreakerSetting, CacheConnections, CacheNodes, ClusterSettings, HotKeySettings, MaxMemory, Persistence,
    Prewarm, Report, TakenOut, TlsSettings, Workload, variants,
};
use crate::config::Cell;
use crate::model::{Key, Kind, Time};
use crate::placement::PLACEMENTS;
use crate::registry::{Choice, choice_schema};
use crate::servers::{Address, redact};
use crate::store::DRIVERS;
use crate::strategy;

/// The cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CacheSettings {
    /// "managed" for a server of our own, or redis://… or rediss://… for one that runs.
    #[schemars(with = "String")]
    pub url: Address,
    /// The nodes: how many of our own, or each by itself, as in [{ url = "redis://…", weight = 2 }, …]. Clients place
    /// the keys on them.
    #[serde(skip_serializing_if = "CacheNodes::is_one")]
    pub nodes: CacheNodes,
    /// Which node a key lives on, where there are several.
    #[schemars(schema_with = "placements")]
    #[serde(skip_serializing_if = "is_ring")]
    pub placement: Choice,
    /// When a client stops asking a node that does not answer, as in { failures = 5, then = "next-node" }; "off" for never.
    #[serde(skip_serializing_if = "BreakerSetting::is_off")]
    pub breaker: BreakerSetting,
    /// Rows that are kept on several nodes, since one does not bear what is asked for them, as in { rows = 16, copies = 3 }.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hot_keys: Option<HotKeySettings>,
    /// A Redis Cluster of our own, which places the keys by their slots. One that runs is named by
    /// url = "redis+cluster://host:port".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterSettings>,
    /// How a rediss:// address is trusted.
    #[serde(skip_serializing_if = "TlsSettings::is_empty")]
    pub tls: TlsSettings,
    /// The client library.
    #[schemars(schema_with = "drivers")]
    pub driver: Choice,
    /// Connections of each instance: a number that its clients share, their commands pipelined; "per-client" for
    /// one to each client; or { pool = N }, each lent to one command at a time.
    pub connections: CacheConnections,
    /// How long entries live; without it, until they are evicted or deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Time>,
    /// Under which other names each row is cached, as in ["slug", "summary"]: beside `PREFIX17` there are then `PREFIXslug:17`
    /// and `PREFIXsummary:17`, and each read asks for one of them, all alike often. A write makes all of them old.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<String>,
    /// Rows that are cached together in a list, beside their own entries: so many with ids one behind the other, under
    /// `PREFIXlist:0`, `PREFIXlist:1` and so on. Reads ask for a list as often as for each other entry, and a write makes the
    /// list of its row old.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 1_000))]
    pub lists: Option<u64>,
    /// Which entries are taken out for a write: all of them, or the row's own alone, as by code that knows of no other.
    #[serde(skip_serializing_if = "TakenOut::is_all")]
    pub taken_out: TakenOut,
    /// A pause injected between the database read and the cache set of every fill, which opens the window for races
    /// on purpose; without it there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fill_delay: Option<Time>,
    /// Whether every row is in the cache from the start, as after a warm-up job; else the cache starts empty.
    pub preload: bool,
    /// Which rows are loaded into the cache ahead of the measurement.
    #[serde(skip_serializing_if = "Prewarm::is_none")]
    pub prewarm: Prewarm,
    /// The limit of the managed server, or of each managed node: bytes, or a share of the rows, whose bytes are found on a server of our own before the
    /// measurement; without it there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maxmemory: Option<MaxMemory>,
    /// What the managed server evicts at its limit: allkeys-lru, allkeys-lfu, noeviction …; `cachebench list` shows those
    /// that it knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eviction: Option<String>,
    /// What the managed server writes to disk: "off", or an append-only file that is synced by "no" rule of ours,
    /// "everysec" or "always".
    #[serde(skip_serializing_if = "Persistence::is_off")]
    pub persistence: Persistence,
    /// In front of every name we put into the cache.
    pub prefix: String,
    /// Further settings of the managed server, as in redis.conf.
    #[serde(deserialize_with = "server_settings::as_texts")]
    #[schemars(with = "BTreeMap<String, ServerSetting>")]
    pub settings: BTreeMap<String, String>,
}

impl Default for CacheSettings {
    fn default() -> CacheSettings {
        CacheSettings {
            url: Address::Managed,
            nodes: CacheNodes::default(),
            placement: ring(),
            breaker: BreakerSetting::default(),
            hot_keys: None,
            cluster: None,
            tls: TlsSettings::default(),
            driver: Choice::named("redis"),
            connections: CacheConnections::Shared(4),
            ttl: None,
            variants: Vec::new(),
            lists: None,
            taken_out: TakenOut::All,
            fill_delay: None,
            preload: false,
            prewarm: Prewarm::None,
            maxmemory: None,
            eviction: None,
            persistence: Persistence::Off,
            prefix: "cachebench:".into(),
            settings: BTreeMap::new(),
        }
    }
}

fn ring() -> Choice {
    Choice::named("ring")
}

fn is_ring(placement: &Choice) -> bool {
    *placement == ring()
}

fn placements(generator: &mut SchemaGenerator) -> Schema {
    choice_schema(PLACEMENTS, generator)
}

fn drivers(generator: &mut SchemaGenerator) -> Schema {
    choice_schema(DRIVERS, generator)
}

/// Reports what makes no sense about the cache.
pub(super) fn check(workload: &Workload, report: &mut Report) {
    let cache = &workload.cache;
    if cache.ttl.is_some_and(|ttl| ttl.0.is_zero()) {
        let help = "leave it out for entries that do not expire";
        report.refuse("cache.ttl", "the TTL must be above 0", help);
    }
    let timeout = workload.traffic.timeout.of(Kind::Read);
    if let Some(delay) = cache.fill_delay.filter(|&delay| delay >= timeout) {
        let title = format!("a fill is delayed by {delay}, operations time out after {timeout}");
        report.refuse("cache.fill_delay", title, "raise traffic.timeout or shorten the delay");
    }
    if cache.prefix.is_empty() || cache.prefix.len() > Key::MAX_PREFIX {
        report.wrong("cache.prefix", format!("the prefix must have 1 to {} bytes", Key::MAX_PREFIX));
    }
    variants::check(workload, report);
    check_twice(cache, report);
    let path = if cache.nodes.is_one() { "cache.url" } else { "cache.nodes" };
    let external = cache.named_nodes().into_iter().filter_map(|node| match node.url {
        Address::External(url) => Some(url),
        Address::Managed => None,
    });
    let external: Vec<String> = external.collect();
    if let Some(wrong) = external.iter().find(|url| !is_redis(url, cache.nodes.is_one())) {
        let help = match cache.nodes.is_one() {
            true => "write redis://host:port or rediss://host:port, or redis+cluster://host:port",
            false => "write redis://host:port or rediss://host:port; a cluster stands alone: cache.url",
        };
        report.refuse(path, format!("{} is no address of a Redis", redact(wrong)), help);
    }
    if !external.is_empty() {
        check_external(cache, report);
    }
}

/// Reports settings of the server that one of ours stands for.
fn check_twice(cache: &CacheSettings, report: &mut Report) {
    let persistence = cache.persistence.settings().into_iter().map(|(name, _)| ("cache.persistence", name));
    let maxmemory = cache.maxmemory.map(|_| ("cache.maxmemory", "maxmemory"));
    let eviction = cache.eviction.as_ref().map(|_| ("cache.eviction", "maxmemory-policy"));
    for (ours, name) in persistence.chain(maxmemory).chain(eviction) {
        if cache.settings.contains_key(name) {
            let title = format!("{ours} stands for `{name}`, which is set here too");
            report.refuse(&format!("cache.settings.{name}"), title, "leave out one of them");
        }
    }
}

/// Whether a URL is that of a Redis, or of a cluster where one may stand.
fn is_redis(url: &str, may_be_cluster: bool) -> bool {
    let is = |schemes: &[&str]| schemes.iter().any(|scheme| url.starts_with(scheme));
    is(&["redis://", "rediss://"]) || may_be_cluster && is(&["redis+cluster://", "rediss+cluster://"])
}

fn check_external(cache: &CacheSettings, report: &mut Report) {
    let ours_alone = [
        ("cache.maxmemory", cache.maxmemory.is_some()),
        ("cache.eviction", cache.eviction.is_some()),
        ("cache.persistence", !cache.persistence.is_off()),
        ("cache.settings", !cache.settings.is_empty()),
    ];
    server_settings::refuse_external(&ours_alone, report);
}

/// Reports what is set of a cache into which no cell puts anything.
pub(super) fn check_together(cells: &[Cell], report: &mut Report) {
    // What cannot be built is told elsewhere.
    let does_without = |cell: &Cell| strategy::conduct(&cell.workload.strategy).is_ok_and(|it| !it.caches);
    if !cells.iter().all(does_without) {
        return;
    }
    for (path, what) in [
        ("cache.ttl", "a TTL"),
        ("cache.preload", "a preloaded cache"),
        ("cache.prewarm", "rows to load ahead"),
        ("cache.fill_delay", "a delay of fills"),
    ] {
        if report.is_set(path) {
            let title = format!("{what}, but no strategy here puts anything into the cache");
            report.refuse(path, title, "leave it out, or compare with a caching strategy");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::refused;

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        let not_ours = "not ours is not reconfigured";
        let delayed = "a fill is delayed by 1s, operations time out after 1s";
        let twice = "persistence = \"always\"\nsettings = {\n appendfsync = \"no\" }";
        refused(&[
            ("ttl = \"5s\"", "fill_delay = \"1s\"", 9, delayed),
            ("ttl = \"5s\"", "url = \"redis://h\"\nmaxmemory = \"1MB\"", 10, not_ours),
            ("ttl = \"5s\"", "url = \"redis://h\"\npersistence = \"no\"", 10, not_ours),
            ("ttl = \"5s\"", twice, 11, "stands for `appendfsync`"),
            ("name = \"test\"", "name = \"test\"\nstrategy = \"direct\"", 10, "no strategy here"),
        ]);
    }
}
