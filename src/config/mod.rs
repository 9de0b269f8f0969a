//! Configuration: the workload file, from its text to the cells of a run.
//!
//! A [`Document`] is the file as a tree that knows where each value was written; [`Workload`] is what it means.

mod at_once;
mod cells;
pub mod check;
mod connections;
mod deserialize;
pub mod document;
mod eviction;
mod fault;
mod load_setting;
mod locate;
mod maxmemory;
mod misfit;
pub mod node;
mod open;
pub mod path;
mod persistence;
mod prewarm;
pub mod problem;
mod render;
mod replay;
mod semantics;
pub mod source;
mod syntax;
#[cfg(test)]
mod tests;
mod timeouts;
mod tls;
mod workload;

pub use cells::{Cell, Loaded, load};
pub use check::check;
pub use connections::{CacheConnections, DatabasePool};
pub use document::Document;
pub use fault::FaultSetting;
pub use load_setting::{LoadSetting, Warmup};
pub use maxmemory::{MaxMemory, MaxMemoryError};
pub use node::{Key, Node, NodeValue, Table};
pub use open::Open;
pub use persistence::Persistence;
pub use prewarm::Prewarm;
pub use problem::{Problem, Problems};
pub use source::{Origin, Source};
pub use timeouts::Timeouts;
pub use tls::{TlsProblem, TlsSettings};
pub use workload::{
    App, CacheSettings, Compare, Data, DatabaseSettings, Freshness, TrafficSettings, Workload,
    schema as workload_schema,
};
