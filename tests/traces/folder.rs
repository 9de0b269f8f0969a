use std::path::{Path, PathBuf};

/// The folder of real traces: what CACHEBENCH_TRACES names, else one beside the repository.
pub fn folder() -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/traces");
    std::env::var_os("CACHEBENCH_TRACES").map_or_else(default, PathBuf::from)
}
