use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::store::Sharing;

/// The connections of an instance to the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CacheConnections {
    /// So many, which all clients use at once, their commands pipelined.
    Shared(#[schemars(range(min = 1, max = 10_000))] usize),
    /// One to each client.
    Each(PerClient),
    /// A pool.
    Lent(Pool),
}

/// As many connections as an instance has clients, so that none waits for another; one request in flight on each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PerClient {
    PerClient,
}

/// Connections that are lent to one command at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// So many; a client that finds none free waits.
    #[schemars(range(min = 1, max = 10_000))]
    pub pool: usize,
}

impl CacheConnections {
    /// The connections of an instance with this many clients.
    pub fn sharing(self, clients: usize) -> Sharing {
        match self {
            CacheConnections::Shared(connections) => {
                Sharing::Shared { connections, run: clients.div_ceil(connections) }
            }
            CacheConnections::Each(PerClient::PerClient) => Sharing::Lent(clients),
            CacheConnections::Lent(Pool { pool }) => Sharing::Lent(pool),
        }
    }
}

/// The connections of an instance to the database; each serves one statement at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DatabasePool {
    /// So many, which its clients share; a client that finds none free waits.
    Connections(#[schemars(range(min = 1, max = 1_000))] usize),
    /// One to each client.
    Each(PerClient),
}

impl DatabasePool {
    /// The connections of an instance with this many clients.
    pub fn connections(self, clients: usize) -> usize {
        match self {
            DatabasePool::Connections(connections) => connections,
            DatabasePool::Each(PerClient::PerClient) => clients,
        }
    }
}
