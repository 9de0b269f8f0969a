//! Real traces, against what others found for them: how much is in each, and the exact hits of caches.
//!
//! The files are in the folder that CACHEBENCH_TRACES names; without it, these tests say so and pass.

#![allow(clippy::unwrap_used, reason = "a failed step fails its test")]

mod counts;
mod folder;
mod simulation;

use std::path::PathBuf;

use serde_json::Value as Json;

/// A file of the folder of real traces, if there is one.
fn trace(name: &str) -> Option<PathBuf> {
    let folder = folder::folder();
    let found = folder.is_dir().then(|| folder.join(name));
    if found.is_none() {
        println!("skipped: no traces in {}, name their folder in CACHEBENCH_TRACES", folder.display());
    }
    found
}

/// What others found for a trace; nothing when there are no traces.
fn reference(name: &str) -> Option<Json> {
    let text =
        std::fs::read_to_string(trace("reference.json")?).expect("the reference stands beside the traces");
    let mut reference: Json = serde_json::from_str(&text).expect("the reference is JSON");
    Some(reference["traces"][name].take())
}
