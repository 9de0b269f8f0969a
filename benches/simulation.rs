//! How fast caches are simulated: requests a second on one thread, over the largest of the real traces.
//!
//! The traces are in the folder that CACHEBENCH_TRACES names, by default ../shared/traces; without them, a law of
//! Zipf over as many keys stands in, and this is said.

#[path = "../tests/traces/folder.rs"]
mod folder;

use std::sync::{Arc, LazyLock};

use cachebench::registry::Choice;
use cachebench::simulation::{CacheSize, POLICIES, Scenario, simulate};
use cachebench::traffic::traces::{Recording, Request, TraceKey, load};
use cachebench::traffic::{KEYS, KeyParts, Random, Stream};
use divan::Bencher;
use divan::counter::ItemsCount;

// As in the tool itself.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

static SCENARIO: LazyLock<Scenario> =
    LazyLock::new(|| Scenario::of(Arc::new(recorded().unwrap_or_else(drawn))));

/// 5,000,000 accesses to 76,349 entities.
fn recorded() -> Option<Recording> {
    let path = folder::folder().join("orm-busy.trace.xz");
    let loaded = load(&path, Some(&Choice::named("int32be")), None);
    loaded.inspect_err(|error| println!("{error}; a law of Zipf stands in")).ok()
}

fn drawn() -> Recording {
    let parts = KeyParts { rows: 76_349, seed: 1, folders: Vec::new() };
    let keys = Choice::named("zipfian").build(KEYS, parts).expect("zipfian has defaults");
    let pick = |ticket| keys.pick(ticket, 76_349, &mut Random::new(1, Stream::Operation, ticket));
    let requests = (0..5_000_000).map(|ticket| Request::of(TraceKey::Number(pick(ticket))));
    Recording::of(requests).expect("there are requests, of few keys")
}

#[divan::bench(
    sample_count = 5,
    sample_size = 1,
    args = POLICIES.iter().map(|entry| entry.name),
    consts = [1, 25]
)]
fn percent<const PERCENT: u8>(bencher: Bencher, policy: &str) {
    let recording = &SCENARIO.recording;
    let capacity = CacheSize::Percent(PERCENT.into()).of(recording.unique_keys());
    let policy = Choice::named(policy);
    bencher.counter(ItemsCount::new(recording.len())).bench(|| simulate(&SCENARIO, &policy, capacity, 1));
}

fn main() {
    divan::main();
}
