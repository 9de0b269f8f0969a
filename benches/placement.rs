//! What a look-up costs, by scheme: nanoseconds for one key of 16,384 whose names are made ahead, over 10 and 1,000 nodes.
//!
//! `cargo bench --bench placement`. An iteration is a look-up.

use std::cell::Cell;

use cachebench::model::Key;
use cachebench::placement::{Nodes, PLACEMENTS, Placement};
use cachebench::registry::Choice;
use cachebench::traffic::Bijection;
use divan::{Bencher, black_box};

// As in the tool itself.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A power of two, whose keys fit into the processor's cache.
const NAMES: usize = 16_384;

/// Names as a workload over a million rows has them, in no order.
fn names() -> Vec<Key> {
    let (template, rows) = (Key::template("cachebench:product:"), Bijection::new(1_000_000, 1));
    (0..NAMES as u64).map(|draw| template.with_id(rows.apply(draw))).collect()
}

fn placement(scheme: &str, nodes: usize) -> Box<dyn Placement> {
    let nodes = Nodes::numbered(nodes).expect("there can be so many");
    Choice::named(scheme).build(PLACEMENTS, nodes).expect("every scheme has defaults")
}

#[divan::bench(
    sample_count = 100,
    sample_size = 20_000,
    args = PLACEMENTS.iter().map(|entry| entry.name),
    consts = [10, 1_000]
)]
fn lookup<const NODES: usize>(bencher: Bencher, scheme: &str) {
    let (placement, names, next) = (placement(scheme, NODES), names(), Cell::new(0));
    bencher.bench_local(|| {
        let place = next.get();
        next.set((place + 1) % NAMES);
        placement.node(black_box(names[place].name()))
    });
}

fn main() {
    divan::main();
}
