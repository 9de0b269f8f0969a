//! cachebench measures which caching strategy suits a workload.

pub mod model;
pub mod registry;
