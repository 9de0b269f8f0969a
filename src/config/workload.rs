use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    CacheConnections, DatabasePool, FaultSetting, LoadSetting, MaxMemory, Persistence, Prewarm, Timeouts,
    TlsSettings, Warmup,
};
use crate::engine::Fault;
use crate::inventory::INVENTORIES;
use crate::mitigation::Stack;
use crate::model::{Rate, Size, Time};
use crate::registry::{Choice, choice_schema};
use crate::servers::Address;
use crate::store::postgres::Query;
use crate::store::{DRIVERS, Sharing};
use crate::strategy::STRATEGIES;
use crate::traffic::{Absent, KEYS, MultiRead, Scan, Shift, ValueSize, Weights};

/// A workload: what is stored, what is asked, through which strategy, and what is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// A short name; results are filed under it.
    pub name: String,
    /// How cache and database are used together.
    #[serde(default = "default_strategy")]
    #[schemars(schema_with = "strategies")]
    pub strategy: Choice,
    /// What guards the database against stampedes: a mitigation, or a list of them that nest in their order.
    #[serde(default)]
    pub mitigation: Stack,
    #[serde(default)]
    pub data: Data,
    pub traffic: TrafficSettings,
    #[serde(default)]
    pub app: App,
    #[serde(default)]
    pub cache: CacheSettings,
    #[serde(default)]
    pub database: DatabaseSettings,
    /// The stock that decrements take from.
    #[serde(default)]
    pub inventory: InventorySettings,
    #[serde(default)]
    pub freshness: Freshness,
    /// What is done to servers and instances during each measurement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fault: Vec<FaultSetting>,
    /// Settings to compare, by their dotted paths, each with the list of its values. Every combination is a cell.
    #[serde(default)]
    pub compare: Compare,
}

impl Workload {
    /// The most clients that one instance has.
    fn clients_per_instance(&self) -> usize {
        self.traffic.load.clients().div_ceil(self.app.instances)
    }

    /// What is done to servers and instances during the measurement.
    pub fn faults(&self) -> Vec<Fault> {
        self.fault.iter().filter_map(FaultSetting::during).collect()
    }

    /// What is done after it, each at its time from there.
    pub fn aftermath(&self) -> Vec<Fault> {
        self.fault.iter().filter_map(FaultSetting::afterwards).collect()
    }

    /// The connections of an instance to the cache.
    pub fn sharing(&self) -> Sharing {
        self.cache.connections.sharing(self.clients_per_instance())
    }

    /// The connections of an instance to the database.
    pub fn database_connections(&self) -> usize {
        self.database.pool.connections(self.clients_per_instance())
    }
}

/// The rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Data {
    /// Rows that exist before the first operation. May be left out where the keys come from a trace.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// How large the body of a row is.
    pub value: ValueSize,
    /// Everything random follows from it.
    pub seed: u64,
}

impl Default for Data {
    fn default() -> Data {
        Data { rows: None, value: ValueSize::Fixed(Size(256)), seed: 42 }
    }
}

/// The requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrafficSettings {
    /// How often each kind of operation comes; a trace that has operations needs none.
    #[serde(default = "reads_only")]
    pub mix: Weights,
    /// How many rows a multi-read asks for, and how they are fetched.
    #[serde(default)]
    pub multi_read: MultiRead,
    /// Which rows are asked for.
    #[serde(default = "default_keys")]
    #[schemars(schema_with = "key_distributions")]
    pub keys: Choice,
    /// Reads of rows that never exist; without it, there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<Absent>,
    /// Reads that go through the rows in their order; without it, there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan: Option<Scan>,
    /// How popularity moves on; without it, the same rows stay popular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<Shift>,
    /// How operations are started.
    pub load: LoadSetting,
    /// Load before the measurement, which is not counted: a time, `{ operations = N }`, or
    /// "until hit rate is stable".
    #[serde(default)]
    pub warmup: Warmup,
    /// How long the measurement lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Time>,
    /// How many operations are measured, instead of a duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub operations: Option<u64>,
    /// An operation that takes longer fails: a time for all, or one for each kind.
    #[serde(default)]
    pub timeout: Timeouts,
}

/// The service under test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct App {
    /// Service instances: each with its own connections and its own in-process state.
    #[schemars(range(min = 1, max = 1_000))]
    pub instances: usize,
    /// Worker threads that the instances live on; no more than there are instances.
    #[schemars(range(min = 1, max = 256))]
    pub threads: usize,
}

impl Default for App {
    fn default() -> App {
        App { instances: 1, threads: 1 }
    }
}

/// The cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CacheSettings {
    /// "managed" for a server of our own, or redis://… or rediss://… for one that runs.
    #[schemars(with = "String")]
    pub url: Address,
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
    /// A pause injected between the database read and the cache set of every fill, which opens the window for races
    /// on purpose; without it there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fill_delay: Option<Time>,
    /// Whether every row is in the cache from the start, as after a warm-up job; else the cache starts empty.
    pub preload: bool,
    /// Which rows are loaded into the cache ahead of the measurement.
    #[serde(skip_serializing_if = "Prewarm::is_none")]
    pub prewarm: Prewarm,
    /// The managed server's limit: bytes, or a share of the rows, whose bytes are found on a server of our own before the
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
    #[serde(deserialize_with = "server_settings")]
    #[schemars(with = "BTreeMap<String, ServerSetting>")]
    pub settings: BTreeMap<String, String>,
}

impl Default for CacheSettings {
    fn default() -> CacheSettings {
        CacheSettings {
            url: Address::Managed,
            tls: TlsSettings::default(),
            driver: Choice::named("redis"),
            connections: CacheConnections::Shared(4),
            ttl: None,
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

/// The database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// "managed" for a server of our own, or postgres://… for one that runs.
    #[schemars(with = "String")]
    pub url: Address,
    /// Connections of each instance, or "per-client" for one to each client. Each serves one statement at a time.
    pub pool: DatabasePool,
    /// What loading a row costs.
    pub query: Query,
    /// Further settings of the managed server, as in postgresql.conf.
    #[serde(deserialize_with = "server_settings")]
    #[schemars(with = "BTreeMap<String, ServerSetting>")]
    pub settings: BTreeMap<String, String>,
}

impl Default for DatabaseSettings {
    fn default() -> DatabaseSettings {
        DatabaseSettings {
            url: Address::Managed,
            pool: DatabasePool::Connections(16),
            query: Query::default(),
            settings: BTreeMap::new(),
        }
    }
}

/// How freshness is looked at, beside the verdict on every read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Freshness {
    /// Whether every row is looked at in both stores when the load has ended.
    pub audit: bool,
    /// How long after that, in rising order, entries that differ from their rows are looked at again.
    pub recheck: Vec<Time>,
    /// Acknowledged writes a second whose rows are read again 0 ms, 10 ms, 100 ms, 1 s and 10 s later; none are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<Rate>,
}

impl Default for Freshness {
    fn default() -> Freshness {
        let after = |seconds| Time(std::time::Duration::from_secs(seconds));
        Freshness { audit: true, recheck: vec![after(1), after(5)], probe: None }
    }
}

/// The stock of each row, and how a decrement of it is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InventorySettings {
    /// How a decrement gets from the cache into the database.
    #[schemars(schema_with = "inventories")]
    pub persist: Choice,
    /// Units of each row before the first operation.
    #[schemars(range(min = 1, max = 1_000_000_000_000_u64))]
    pub stock: u64,
    /// Most units that one decrement takes; each number from 1 to it is as likely as any other.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub quantity: u32,
}

impl Default for InventorySettings {
    fn default() -> InventorySettings {
        InventorySettings { persist: Choice::named("conditional"), stock: 1_000, quantity: 1 }
    }
}

/// The value of a server's setting, which servers take as text.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum ServerSetting {
    Text(String),
    Integer(i64),
    Number(f64),
    Switch(bool),
}

fn server_settings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let settings = BTreeMap::<String, ServerSetting>::deserialize(deserializer)?;
    let text = |setting| match setting {
        ServerSetting::Text(text) => text,
        ServerSetting::Integer(number) => number.to_string(),
        ServerSetting::Number(number) => number.to_string(),
        ServerSetting::Switch(on) => if on { "on" } else { "off" }.into(),
    };
    Ok(settings.into_iter().map(|(name, setting)| (name, text(setting))).collect())
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Compare {
    /// How often each cell is measured; cells are interleaved, not run in blocks.
    #[schemars(range(min = 1, max = 1_000))]
    pub repeat: u32,
    /// How many measurements are made at the same time, each with a cache and a database of its own on the same
    /// machine: for comparing hit rates at a modest pace. Their latencies tell nothing.
    #[schemars(range(min = 1, max = 64))]
    pub at_once: u32,
    /// Lists of values by dotted path.
    #[serde(flatten)]
    #[schemars(with = "BTreeMap<String, Vec<serde_json::Value>>")]
    pub settings: serde_json::Map<String, serde_json::Value>,
}

impl Default for Compare {
    fn default() -> Compare {
        Compare { repeat: 1, at_once: 1, settings: serde_json::Map::new() }
    }
}

fn default_strategy() -> Choice {
    Choice::named("cache-aside")
}

fn default_keys() -> Choice {
    Choice::named("zipfian")
}

fn reads_only() -> Weights {
    Weights { read: 1.0, ..Weights::default() }
}

fn strategies(generator: &mut SchemaGenerator) -> Schema {
    choice_schema(STRATEGIES, generator)
}

fn key_distributions(generator: &mut SchemaGenerator) -> Schema {
    choice_schema(KEYS, generator)
}

fn inventories(generator: &mut SchemaGenerator) -> Schema {
    choice_schema(INVENTORIES, generator)
}

fn drivers(generator: &mut SchemaGenerator) -> Schema {
    choice_schema(DRIVERS, generator)
}

/// The JSON Schema of the workload file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Workload).to_value()
}
