use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::server_settings::{self, ServerSetting};
use super::{DatabasePool, Report, Workload};
use crate::model::Kind;
use crate::servers::Address;
use crate::store::postgres::Query;

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
    #[serde(deserialize_with = "server_settings::as_texts")]
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

/// Reports what makes no sense about the database.
pub(super) fn check(workload: &Workload, report: &mut Report) {
    let database = &workload.database;
    if let Address::External(url) = &database.url {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            let help = "write postgres://user@host:port/database";
            report.refuse("database.url", "no address of a Postgres", help);
        }
        server_settings::refuse_external(&[("database.settings", !database.settings.is_empty())], report);
    }
    let timeout = workload.traffic.timeout.of(Kind::Read);
    if let Query::Sleep(sleep) = database.query
        && sleep >= timeout
    {
        let title = format!("a load sleeps {sleep}, operations time out after {timeout}");
        report.refuse("database.query.sleep", title, "raise traffic.timeout or shorten the sleep");
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::refused;

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        let told = "a load sleeps 2s, operations time out after 1s";
        refused(&[("pool = 2", "query = { sleep = \"2s\" }", 11, told)]);
    }
}
