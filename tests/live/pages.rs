use super::bench::Bench;
use super::outcome::Measurement;

const WORKLOAD: &str = r#"name = "pages"
[data]
rows = 400
[traffic]
mix = { read = 60, write = 10, multi-read = 30 }
multi_read = { keys = 5 }
load = { closed = { clients = 2 } }
operations = 390
[compare]
strategy = ["direct", "cache-aside", "write-behind"]
"cache.driver" = ["redis", "fred"]
"traffic.multi_read.as" = ["batch", "one-by-one"]
"#;

#[test]
fn every_key_of_a_multi_read_is_in_the_books() {
    let outcome = Bench::new(WORKLOAD).run(&[]);
    outcome.ends_with(0);
    let all = outcome.measurements();
    assert_eq!(all.len(), 12);
    for (at, one) in all.iter().enumerate() {
        let batch = at % 2 == 0;
        let name = format!("{}, {}", one.strategy(), if batch { "batch" } else { "one by one" });
        assert_eq!((one.status(), one.accounted(), one.metric("corrupt")), ("valid", 390, 0.0), "{name}");
        let done = one.account("multi-read.done") as f64;
        assert!(done > 0.0 && one.metric("multi-read.response.p50") > 0.0);
        assert_eq!(
            (one.metric("multi-read.keys"), one.metric("multi-read.count")),
            (5.0 * done, done),
            "{name}"
        );
        the_rows_add_up(one, &name);
        let misses = one.account("read.miss") as f64 + one.metric("multi-read.miss.keys");
        match (one.strategy(), batch) {
            ("direct", true) => assert_eq!(one.metric("db.reads"), one.reads() as f64 + done),
            ("direct", false) => assert_eq!(one.metric("db.reads"), misses),
            ("cache-aside", true) => assert!(one.metric("db.reads") < misses, "{name}"),
            ("cache-aside", false) => assert_eq!(one.metric("db.reads"), misses, "{name}"),
            _ => {}
        }
        if one.strategy() == "cache-aside" {
            assert_eq!(one.checks().iter().any(|(what, ..)| *what == "cache mget"), batch, "{name}");
            assert!(one.checks().iter().all(|(_, client, server)| client == server), "{:?}", one.checks());
        }
    }
}

/// Every row asked for is a hit, a miss or a fallback, and the hit rate is that of rows.
fn the_rows_add_up(one: &Measurement, name: &str) {
    let keys = ["hit", "miss", "fallback"].map(|served| one.metric(&format!("multi-read.{served}.keys")));
    assert_eq!(keys.iter().sum::<f64>(), one.metric("multi-read.keys"), "{name}");
    let rows = one.reads() as f64 + one.metric("multi-read.keys");
    let hits = one.account("read.hit") as f64 + keys[0];
    assert!((one.metric("hit_rate") - hits / rows).abs() < 1e-9, "{name}");
    assert!((one.metric("db.queries_per_read") - one.metric("db.reads") / rows).abs() < 1e-9, "{name}");
}
