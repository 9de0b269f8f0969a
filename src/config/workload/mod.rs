//! Workload: what the settings of the file mean, one file a section, with what makes no sense about it.

mod app;
mod at_once;
mod cache;
mod compare;
mod connections;
mod data;
mod database;
pub(super) mod eviction;
pub(super) mod expect;
mod fault;
mod freshness;
mod invalidation;
mod inventory;
mod load_setting;
mod maxmemory;
mod nodes;
mod open;
mod persistence;
mod prewarm;
mod replay;
mod report;
pub(super) mod semantics;
mod server_settings;
#[cfg(test)]
mod tests;
pub(super) mod tick;
mod timeouts;
pub(super) mod tls;
mod traffic;
mod variants;

pub(crate) use self::cache::CacheSettings;
pub(crate) use self::data::Data;
pub(crate) use self::load_setting::{LoadSetting, Warmup};
pub(crate) use self::maxmemory::MaxMemory;
pub(crate) use self::nodes::{ClusterSettings, NamedNode};
pub(crate) use self::open::Open;
pub(crate) use self::prewarm::Prewarm;
pub(crate) use self::tls::TlsProblem;

use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use self::app::App;
use self::compare::Compare;
use self::connections::{CacheConnections, DatabasePool};
use self::database::DatabaseSettings;
use self::fault::FaultSetting;
use self::freshness::Freshness;
use self::inventory::InventorySettings;
use self::nodes::{BreakerSetting, CacheNodes, HotKeySettings};
use self::persistence::Persistence;
use self::report::Report;
use self::timeouts::Timeouts;
use self::tls::TlsSettings;
use self::traffic::TrafficSettings;
use self::variants::TakenOut;
use crate::engine::Fault;
use crate::measure::CellExpectation;
use crate::mitigation::{self, Guards, Stack};
use crate::model::{Store, Time};
use crate::registry::{Choice, OptionsError, choice_schema};
use crate::store::Sharing;
use crate::strategy::{self, Conduct, STRATEGIES};

/// A workload: what is stored, what is asked, through which strategy, and what is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// A short name; results are filed under it.
    pub name: String,
    /// What every cell, or those that a selector chooses, is expected to show: exit code 99 where one does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<CellExpectation>,
    /// Ends the run at an expectation that a measurement of at least this length has failed so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_on_fail: Option<Time>,
    /// How cache and database are used together.
    #[serde(default = "default_strategy")]
    #[schemars(schema_with = "strategies")]
    pub strategy: Choice,
    /// What guards the database against stampedes: a mitigation, or a list of them that nest in their order.
    #[serde(default)]
    pub mitigation: Stack,
    /// How those who cache rows learn of the writes of others: near caches, and other services.
    #[serde(default = "invalidation::none", skip_serializing_if = "invalidation::is_none")]
    #[schemars(schema_with = "invalidation::transports")]
    pub invalidation: Choice,
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
        self.traffic.load.clients().div_ceil(self.readers())
    }

    /// What is done to servers and instances during the measurement.
    pub fn faults(&self) -> Vec<Fault> {
        self.fault.iter().filter_map(FaultSetting::during).collect()
    }

    /// What is done after it, each at its time from there.
    pub fn aftermath(&self) -> Vec<Fault> {
        self.fault.iter().filter_map(FaultSetting::afterwards).collect()
    }

    /// The guards over a cache that holds nothing: to try whether they can be built, and for what needs no cache.
    ///
    /// # Errors
    /// As those of [`Stack::build`].
    pub fn guards(&self) -> Result<Guards, OptionsError> {
        self.mitigation.build(&self.guard_parts())
    }

    /// What guards are built from where nothing is asked of them.
    fn guard_parts(&self) -> mitigation::Parts {
        mitigation::Parts::noop(self.cache.ttl.map(|ttl| ttl.0))
    }

    /// What its strategy is to others; where that cannot be built, which a check tells, it does nothing.
    pub fn conduct(&self) -> Conduct {
        strategy::conduct(&self.strategy).unwrap_or_default()
    }

    /// Whether clients place the keys of the cache on its nodes themselves.
    pub fn is_sharded(&self) -> bool {
        !self.cache.is_cluster()
            && (self.cache.is_sharded() || self.fault.iter().any(FaultSetting::needs_placement))
    }

    /// Whether a proxy of ours stands between the clients and a store: for faults, or to count what goes over the wire.
    pub fn needs_proxy(&self, store: Store) -> bool {
        self.counts_bytes() || self.fault.iter().any(|fault| fault.touches_network_of(store))
    }

    /// The connections of an instance to the cache.
    pub fn sharing(&self) -> Sharing {
        self.cache.connections.sharing(self.clients_per_instance())
    }

    /// The connections of all instances to the database, those that carry events included.
    pub fn connections_to_database(&self) -> usize {
        let of_one = self.database_connections() + usize::from(self.is_listening());
        self.all_instances() * of_one
    }

    /// The connections of all instances to both stores: to each node of the cache as many.
    pub fn connections(&self) -> usize {
        let to_cache = self.sharing().connections() * self.cache.server_count();
        self.connections_to_database() + self.all_instances() * to_cache
    }

    /// The longest that a fault delays events.
    pub fn longest_delay_of_events(&self) -> Duration {
        let delays = self.fault.iter().filter(|fault| fault.delay_events.is_some());
        delays.filter_map(|fault| fault.by).map(|by| by.0).max().unwrap_or_default()
    }

    /// The connections of an instance to the database.
    pub fn database_connections(&self) -> usize {
        self.database.pool.connections(self.clients_per_instance())
    }
}

fn default_strategy() -> Choice {
    Choice::named("cache-aside")
}

fn strategies(generator: &mut SchemaGenerator) -> Schema {
    choice_schema(STRATEGIES, generator)
}

/// The JSON Schema of the workload file.
pub(crate) fn schema() -> serde_json::Value {
    schemars::schema_for!(Workload).to_value()
}
