use serde::{Deserialize, Serialize};

use super::Value;

/// Where a read found its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Served {
    /// The cache had it.
    Hit,
    /// The cache did not have it, or there is none: the database was asked.
    Miss,
    /// The cache failed, and the database was asked instead.
    Fallback,
    /// The near cache of the instance had it: neither store was asked.
    Near,
}

impl Served {
    pub const ALL: [Served; 4] = [Served::Hit, Served::Miss, Served::Fallback, Served::Near];

    /// Whether a cache had it, the near one or the one that instances share.
    pub fn is_hit(self) -> bool {
        matches!(self, Served::Hit | Served::Near)
    }

    pub fn name(self) -> &'static str {
        match self {
            Served::Hit => "hit",
            Served::Miss => "miss",
            Served::Fallback => "fallback",
            Served::Near => "near",
        }
    }
}

/// What a strategy answers. Never a `Result`: a timeout under load is a measurement.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A read came back; no value means that there never was such a row, a tombstone that there is none any more.
    Read { served: Served, value: Option<Value> },
    /// A multi-read came back: each row, in the order of the keys.
    ReadMany(Vec<Found>),
    /// A write was acknowledged with the version it made; no version means that there was no such row.
    Written { version: Option<u64> },
    /// A decrement was answered with what is left; nothing means that there were too few units, and none were taken.
    Decremented { left: Option<u64> },
    /// The cache was told to put an entry in or take it out; whether it did.
    Told { done: bool },
    /// The caller got an error.
    Failed(Failure),
}

/// One row of a multi-read; no value means that there never was such a row, a tombstone that there is none any more.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub served: Served,
    pub value: Option<Value>,
}

impl Found {
    /// The row, if there is one.
    pub fn row(&self) -> Option<&Value> {
        self.value.as_ref().filter(|value| !value.tombstone)
    }
}

/// Why an operation failed, as a caller would tell the cases apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// No answer within the workload's timeout; whether it took effect is unknown.
    Timeout,
    /// The server could not be reached, or the connection broke.
    Unavailable,
    /// The server answered with a refusal, such as out of memory under `noeviction`.
    Refused,
    /// What the cache held could not be read as a value.
    Corrupt,
    /// A guard turned the caller away, to spare the database.
    Shed,
}

impl Failure {
    pub const ALL: [Failure; 5] =
        [Failure::Timeout, Failure::Unavailable, Failure::Refused, Failure::Corrupt, Failure::Shed];

    pub fn name(self) -> &'static str {
        match self {
            Failure::Timeout => "timeout",
            Failure::Unavailable => "unavailable",
            Failure::Refused => "refused",
            Failure::Corrupt => "corrupt",
            Failure::Shed => "shed",
        }
    }
}

/// One of the two stores of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    Cache,
    Database,
}

impl std::fmt::Display for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Store::Cache => "cache",
            Store::Database => "database",
        })
    }
}

/// A request that a store did not serve.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{store} {}: {detail}", failure.name())]
pub struct StoreError {
    pub store: Store,
    pub failure: Failure,
    pub detail: String,
}

impl StoreError {
    pub fn cache(failure: Failure, detail: impl ToString) -> StoreError {
        StoreError { store: Store::Cache, failure, detail: detail.to_string() }
    }

    pub fn database(failure: Failure, detail: impl ToString) -> StoreError {
        StoreError { store: Store::Database, failure, detail: detail.to_string() }
    }
}

impl From<StoreError> for Outcome {
    fn from(error: StoreError) -> Outcome {
        Outcome::Failed(error.failure)
    }
}
