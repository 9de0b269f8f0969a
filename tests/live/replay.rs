use std::collections::BTreeMap;

use cachebench::model::Value;
use cachebench::servers::{ManagedPostgres, ManagedRedis, PostgresOptions, RedisOptions, RunFolder};
use sqlx::{Connection, PgConnection};

use super::bench::Bench;
use super::eventually;

/// Key, operation and size of each request; a has 100 bytes, b 300, c 50, d 1000.
const REQUESTS: &str = "key,op,size\n\
    a,get,0\na,set,100\na,get,100\nb,get,300\nb,get,300\nb,set,300\nb,get,300\na,delete,0\na,get,0\n\
    a,set,100\na,get,100\nc,set,50\nc,get,50\nd,get,1000\nd,get,1000\nd,get,1000\n";

/// One client, so that the requests come one after the other.
const SETS: &str = r#"
name = "sets"
[traffic]
keys = { trace = { file = "small.csv" } }
load = { closed = { clients = 1 } }
[compare]
"traffic.keys" = [
    { trace = { file = "small.csv" } },
    { trace = { file = "small.csv", sets = "writes" } },
    { trace = { file = "small.csv", sets = "fills" } },
    { trace = { file = "small.csv", sets = "skip" } },
    { trace = { file = "small.csv", sets = "skip", sizes = "workload" } },
]
"#;

#[test]
fn what_sets_are_decides_what_hits_and_what_the_database_is_asked() {
    let bench = Bench::new(SETS);
    bench.file("small.csv", REQUESTS);
    let outcome = bench.run(&[]);
    outcome.ends_with(0);
    // By hand, for one client after the other: hits, misses, fills and writes of the database.
    let (as_writes, as_fills) = ([3, 8, 6, 5], [4, 7, 4, 0]);
    let left_out = [6, 5, 5, 0];
    // Bytes hit and read; misses of rows that were never in the cache, and of others; fills and invalidations asked for.
    let of_writes = ([2_300, 4_150], [4, 4], [0, 0]);
    let of_fills = ([550, 4_350], [6, 1], [4, 1]);
    let of_skip = ([2_800, 4_350], [4, 1], [0, 1]);
    let of_workload = ([6 * 256, 11 * 256], [4, 1], [0, 1]);
    let expected = [
        (as_writes, of_writes),
        (as_writes, of_writes),
        (as_fills, of_fills),
        (left_out, of_skip),
        (left_out, of_workload),
    ];
    let all = outcome.measurements();
    assert_eq!(all.len(), expected.len());
    for (cell, (one, (counts, ([hit, read], misses, told)))) in all.iter().zip(expected).enumerate() {
        let count = |name| one.metric(name) as u64;
        let found =
            [one.account("read.hit"), one.account("read.miss"), count("cache.fills"), count("db.writes")];
        assert_eq!(found, counts, "cell {cell}");
        assert_eq!(count("db.reads"), counts[1], "cell {cell}");
        assert_eq!(count("read_bytes"), read, "cell {cell}");
        assert!((one.metric("byte_hit_rate") - hit as f64 / read as f64).abs() < 1e-9, "cell {cell}");
        assert_eq!([count("misses.first"), count("misses.again")], misses, "cell {cell}");
        assert_eq!([one.account("fill.done"), one.account("invalidate.done")], told, "cell {cell}");
        assert_eq!(one.metric("stale_reads"), 0.0, "cell {cell}");
        let suspected =
            one.notes().iter().any(|note| note.contains("75.0 % of the trace's SETs come right after"));
        assert_eq!(suspected, cell == 0, "cell {cell}: {:?}", one.notes());
    }
}

/// Sizes of bodies by key, then seconds to live by key; the last request keeps the run going while we look.
const SIZED: &str = "time,key,op,size,ttl\n\
    0,plain,get,40,0\n0,short,get,0,90\n0,short,get,700,30\n0,long,set,65536,3600\n0,long,get,9,0\n\
    0,huge,get,70000,0\n0,unknown,get,0,0\n0,written,get,10,60\n0,written,set,20,5\n0,written,get,20,0\n\
    3,plain,get,40,0\n";
/// Bytes in the database and milliseconds to live of each row, in the order of the keys above.
const EXPECTED: [(i64, i64); 6] =
    [(40, -1), (700, 90_000), (65_536, 3_600_000), (65_536, -1), (256, -1), (20, 60_000)];

#[test]
fn bodies_have_the_recorded_sizes_and_entries_the_recorded_times() {
    let run = RunFolder::create().unwrap();
    let redis = ManagedRedis::start(&RedisOptions::default(), &run).unwrap();
    let postgres = ManagedPostgres::start(&PostgresOptions::default(), &run).unwrap();
    let bench = Bench::new(&format!(
        "name = \"sized\"\n[traffic]\nkeys = {{ trace = {{ file = \"sized.csv\" }} }}\n\
         load = {{ recorded = {{ in_flight = 1 }} }}\n[cache]\nurl = \"{}\"\n[database]\nurl = \"{}\"\n",
        redis.url(),
        postgres.url()
    ));
    bench.file("sized.csv", SIZED);
    let running = bench.start(&[]);
    let mut cache = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    let entries = eventually("every row has its entry", || {
        let names: Vec<String> = redis::cmd("KEYS").arg("cachebench:*").query(&mut cache).unwrap();
        let entries = names.into_iter().filter_map(|name| {
            let id: usize = name.rsplit(':').next()?.parse().ok()?;
            let length: i64 = redis::cmd("STRLEN").arg(&name).query(&mut cache).unwrap();
            let left: i64 = redis::cmd("PTTL").arg(&name).query(&mut cache).unwrap();
            Some((id, (length - Value::HEADER as i64, left)))
        });
        let entries: BTreeMap<usize, (i64, i64)> = entries.collect();
        // The write of the last row takes the entry out; the read after it puts it back.
        let is_done = entries.len() == EXPECTED.len() && entries[&5].0 == EXPECTED[5].0;
        is_done.then_some(entries)
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let rows: Vec<i32> = runtime.block_on(async {
        let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
        let query = sqlx::query_scalar("SELECT octet_length(body) FROM cachebench.items ORDER BY id");
        query.fetch_all(&mut connection).await.unwrap()
    });
    for (row, (bytes, millis)) in EXPECTED.into_iter().enumerate() {
        let (length, left) = entries[&row];
        assert_eq!((length, i64::from(rows[row])), (bytes, bytes), "row {row}");
        // A machine that is busy with other things may have taken a while to let us look.
        let is_right = if millis < 0 { left == -1 } else { left <= millis && left > millis - 25_000 };
        assert!(is_right, "row {row} has {left} of {millis} ms left");
    }
    let outcome = running.end();
    assert!(matches!(outcome.code, Some(0 | 4)), "{}", outcome.stderr);
    let one = outcome.only();
    assert!(
        one.notes().iter().any(|note| note.contains("9.1 % of the trace's requests")),
        "{:?}",
        one.notes()
    );
}

const SCAN: &str = r#"
name = "scan"
[data]
rows = 100
[traffic]
keys = { hotspot = { hot_keys = 1, request_share = 1.0 } }
scan = { share = 0.5 }
load = { closed = { clients = 1 } }
operations = 400
"#;

#[test]
fn a_scan_is_told_apart_from_the_traffic_that_it_is_mixed_into() {
    let bench = Bench::new(SCAN);
    let outcome = bench.run(&[]);
    outcome.ends_with(0);
    let one = outcome.only();
    // Everybody else reads one row: it misses once, or never where the scan was there first.
    assert_eq!((one.metric("scan.count"), one.metric("misses.first")), (200.0, 100.0));
    assert!(one.metric("hit_rate_without_scan") >= 0.995);
    assert!((0.5..=0.505).contains(&one.metric("scan.hit_rate")), "{}", one.metric("scan.hit_rate"));
}
