//! Configuration: the workload file, from its text to the cells of a run.
//!
//! A `Document` is the file as a tree that knows where each value was written; a `Workload` is what it means.

mod cells;
mod check;
mod deserialize;
mod document;
mod exact;
mod locate;
mod misfit;
mod node;
mod overrides;
mod path;
mod problem;
mod render;
mod source;
mod syntax;
#[cfg(test)]
mod tests;
mod workload;

pub use self::cells::{Cell, Loaded, load, load_changed, load_exact};
pub use self::exact::Exact;
pub use self::overrides::Override;
pub(crate) use self::problem::Problems;
pub(crate) use self::workload::{
    CacheSettings, ClusterSettings, Data, LoadSetting, MaxMemory, NamedNode, Open, Prewarm, TlsProblem,
    Warmup, Workload, schema as workload_schema,
};

use self::document::Document;
use self::node::Node;
use self::problem::Problem;
use self::source::Origin;
