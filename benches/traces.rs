//! What reading traces costs: records a second, single-threaded, of the formats that are read most.
//!
//! `cargo bench --bench traces`. The traces are looked for in the folder that CACHEBENCH_TRACES names.

#[path = "../tests/traces/folder.rs"]
mod folder;

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use cachebench::registry::Choice;
use cachebench::traffic::traces::stat::Stat;
use cachebench::traffic::traces::{FORMATS, Request, Source, load};
use divan::Bencher;
use divan::counter::ItemsCount;
use folder::folder;

// As in the tool itself.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    if trace("reference.json").is_none() {
        println!("no traces in {}: name their folder in CACHEBENCH_TRACES", folder().display());
    }
    divan::main();
}

fn trace(name: &str) -> Option<PathBuf> {
    Some(folder().join(name)).filter(|path| path.is_file())
}

/// The decompressed bytes of a trace, 16 MB of them at most.
fn bytes(name: &str) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    let file = std::fs::File::open(trace(name)?).ok()?;
    let reader: Box<dyn Read> = match name.rsplit('.').next() {
        Some("xz") => Box::new(lzma_rust2::XzReader::new(file, true)),
        _ => Box::new(file),
    };
    reader.take(16_000_000).read_to_end(&mut content).ok()?;
    Some(content)
}

/// Reads every record of `bytes`, as a loader does; tells how many there were.
fn parse(format: &str, bytes: &[u8], batch: &mut Vec<Request>) -> u64 {
    let source = Source::new(Path::new("bench"), Box::new(Cursor::new(bytes.to_vec())));
    let Ok(mut trace) = Choice::named(format).build(FORMATS, source) else { return 0 };
    let mut count = 0;
    while trace.read(batch, 1_024).is_ok() && !batch.is_empty() {
        count += batch.len() as u64;
        batch.clear();
    }
    count
}

/// Parsing alone: the bytes are in memory, the requests are thrown away.
#[divan::bench(args = [
    ("int32be", "orm-busy.trace.xz"),
    ("oracle-general", "cloudPhysicsIO.oracleGeneral.bin"),
    ("vscsi", "cloudPhysicsIO.vscsi"),
    ("plain", "cloudPhysicsIO.txt"),
    ("csv", "cloudPhysicsIO.csv"),
    ("mooncake", "conversation_trace.jsonl"),
])]
fn parsed(bencher: Bencher, (format, name): (&str, &str)) {
    let Some(bytes) = bytes(name) else { return };
    let mut batch = Vec::new();
    let count = parse(format, &bytes, &mut batch);
    bencher.counter(ItemsCount::new(count)).bench_local(|| parse(format, &bytes, &mut batch));
}

/// From the compressed file to a recording.
#[divan::bench(sample_count = 10, args = [("int32be", "orm-busy.trace.xz", 5_000_000u64)])]
fn loaded(bencher: Bencher, (format, name, requests): (&str, &str, u64)) {
    let Some(path) = trace(name) else { return };
    bencher.counter(ItemsCount::new(requests)).bench(|| load(&path, Some(&Choice::named(format)), None).ok());
}

/// The decompression alone, to be taken off.
#[divan::bench(sample_count = 10, args = ["orm-busy.trace.xz"])]
fn decompressed(bencher: Bencher, name: &str) {
    let Some(path) = trace(name) else { return };
    bencher.counter(ItemsCount::new(5_000_000u64)).bench(|| {
        let mut content = Vec::new();
        let file = std::fs::File::open(&path).ok()?;
        lzma_rust2::XzReader::new(file, true).read_to_end(&mut content).ok()
    });
}

/// What `trace stat` computes.
#[divan::bench(sample_count = 3, args = [("int32be", "orm-busy.trace.xz")])]
fn told(bencher: Bencher, (format, name): (&str, &str)) {
    let Some(path) = trace(name) else { return };
    let Ok(recording) = load(&path, Some(&Choice::named(format)), None) else { return };
    bencher.counter(ItemsCount::new(recording.len())).bench(|| Stat::of(&recording));
}
