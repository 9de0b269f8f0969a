//! What the harness itself costs, in nanoseconds per call: best of five rounds, on one thread.
//!
//! `cargo bench` prints one line for each part of an operation's way through the harness.

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cachebench::engine::{Pacing, Stop};
use cachebench::experiment::{measure_floor, punctuality};
use cachebench::measure::{Cause, Ledger, Loads, Observation, Recorder};
use cachebench::model::{Key, Kind, Moment, Rate, Served, Size, Timing};
use cachebench::registry::Choice;
use cachebench::traffic::{Bodies, KEYS, KeyParts, Keys, Mix, Random, Stream, Traffic, ValueSize, Weights};

// As in the tool itself.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CALLS: u64 = 1_000_000;
const ROWS: u64 = 100_000;

fn measure(name: &str, mut call: impl FnMut(u64)) {
    let round = |call: &mut dyn FnMut(u64)| {
        let began = Instant::now();
        (0..CALLS).for_each(&mut *call);
        began.elapsed().as_nanos() as f64 / CALLS as f64
    };
    let best = (0..5).map(|_| round(&mut call)).fold(f64::INFINITY, f64::min);
    println!("{name:32} {best:8.1} ns");
}

/// What the ledger adds to an operation, over rows that are touched in no order, and the memory that it takes.
fn ledger() {
    let times = (Moment::now(), Moment::now());
    for rows in [ROWS, 10_000_000] {
        let ledger = Ledger::new(rows, rows);
        let id = |n: u64| n.wrapping_mul(7_919) % rows;
        let write = |id| {
            ledger.before_write(id);
            ledger.acknowledged(id, ledger.newest(id) + 1, times);
        };
        (0..rows).for_each(write);
        measure(&format!("ledger: a fresh read, {rows} rows"), |n| {
            let floor = ledger.before_read(id(n));
            black_box(ledger.after_read(id(n), floor, 2, times));
        });
        measure(&format!("ledger: a stale read, {rows} rows"), |n| {
            let floor = ledger.before_read(id(n));
            black_box(ledger.after_read(id(n), floor, 1, times));
        });
        measure(&format!("ledger: a write, {rows} rows"), |n| write(id(n)));
        println!("{:32} {:8.0} MiB", format!("memory with {rows} rows"), resident_mib());
    }
}

/// What is noted of loads, and of reads around them, over rows that are touched in no order.
fn loads() {
    let (loads, now) = (Arc::new(Loads::default()), Moment::now());
    let id = |n: u64| n.wrapping_mul(7_919) % ROWS;
    measure("a read without an expiry", |n| {
        black_box(loads.since_expiry(id(n), now));
    });
    measure("a load from begin to end", |n| loads.begin(id(n), Moment::now(), Cause::Missing).offered(true));
    let started = Moment::now();
    measure("a read around an expiry", |n| {
        black_box(loads.since_expiry(id(n), started));
    });
}

/// The memory that this process has, in MiB; nothing where the kernel does not tell.
fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1024.0)
}

fn keys(name: &str) -> Box<dyn Keys> {
    let parts = KeyParts { rows: ROWS, seed: 1, folders: Vec::new() };
    Choice::named(name).build(KEYS, parts).expect("a distribution has defaults")
}

/// What an operation costs before its clock starts.
fn operations() {
    let template = Key::template("cachebench:");
    measure("make a key", |id| {
        black_box(template.with_id(black_box(id)));
    });
    for entry in KEYS.iter().filter(|entry| entry.name != "trace") {
        let keys = keys(entry.name);
        measure(&format!("pick a row, {}", entry.name), |ticket| {
            black_box(keys.pick(ticket, ROWS, &mut Random::new(1, Stream::Operation, ticket)));
        });
    }
    for (name, write) in [("reads only", 0.0), ("half writes of 512 B", 1.0)] {
        let weights = Weights { read: 1.0, write, ..Weights::default() };
        let bodies = Bodies::new(ValueSize::Fixed(Size(512)), 1);
        let traffic = Traffic::new(1, ROWS, "cachebench:", Mix::new(&weights, 1), keys("zipfian"), bodies);
        measure(&format!("draw an operation, {name}"), |ticket| {
            black_box(traffic.operation(ticket));
        });
    }
}

fn recorder() {
    let recorder = Mutex::new(Recorder::default());
    let now = Moment::now();
    let seen = Observation::of(Kind::Read, Ok(Some(Served::Hit)));
    measure("record an operation", |n| {
        let finished = now + Duration::from_nanos(50_000 + n % 100_000);
        if let Ok(mut recorder) = recorder.lock() {
            recorder.record(seen, Timing { intended: now, started: now, finished });
        }
    });
}

/// How late operations start, and what keeping time costs, by pacing and rate.
fn pacings() {
    println!("\n{:32} {:>12} {:>12} {:>12}", "pacing", "lag p50", "lag p99", "of a core");
    for pacing in [Pacing::Precise, Pacing::Balanced, Pacing::Cheap] {
        for rate in [100.0, 1_000.0, 10_000.0, 100_000.0] {
            let Ok(found) = punctuality(pacing, Rate(rate), Duration::from_secs(2), &Stop::default()) else {
                continue;
            };
            println!(
                "{:32} {:9.1} us {:9.1} us {:10.1} %",
                format!("{pacing:?} at {rate}/s").to_lowercase(),
                found.lag_p50_us,
                found.lag_p99_us,
                found.cpu * 100.0
            );
        }
    }
}

fn main() {
    measure("read the clock", |_| {
        black_box(Moment::now());
    });
    operations();
    recorder();
    ledger();
    loads();
    // Processor time rather than time: what a run charges to each of its operations.
    let floors = (0..5).filter_map(|_| measure_floor(&Stop::default()).ok()).map(|floor| floor.cpu_ns_per_op);
    let best = floors.fold(f64::INFINITY, f64::min);
    println!("{:32} {best:8.1} ns", "an operation over the noop store");
    pacings();
}
