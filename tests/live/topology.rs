use super::bench::Bench;
use super::eventually;

/// Clients of the cache that have last sent a GET: the connections that carry the load.
fn connections(port: u16) -> Option<usize> {
    let mut connection = redis::Client::open(("127.0.0.1", port)).ok()?.get_connection().ok()?;
    let list: String = redis::cmd("CLIENT").arg("LIST").query(&mut connection).ok()?;
    Some(list.lines().filter(|client| client.contains(" cmd=get ")).count())
}

const WORKLOAD: &str = r#"
name = "topology"
[data]
rows = 200
[traffic]
load = { closed = { clients = 8 } }
duration = "2s"
[cache]
preload = true
[database]
pool = "per-client"
[compare]
"cache.connections" = [3, "per-client", { pool = 2 }]
"cache.driver" = ["redis", "fred"]
"#;

#[test]
fn the_load_goes_over_the_connections_that_were_asked_for() {
    let bench = Bench::new(WORKLOAD);
    let mut run = bench.start(&[]);
    let expected = [3, 3, 8, 8, 2, 2];
    let mut last = 0;
    for expected in expected {
        let redis = run.busy_redis(last);
        last = redis.number();
        let port = redis.redis_port().unwrap();
        eventually("as many connections carry the load", || {
            connections(port).filter(|&count| count == expected)
        });
    }
    let outcome = run.end();
    // Whether the machine was quiet enough for the numbers makes no difference here.
    assert!(matches!(outcome.code, Some(0 | 4)), "{}", outcome.stderr);
    for (one, expected) in outcome.measurements().iter().zip(expected) {
        assert_eq!((one.client("connections"), one.client("clients")), (expected.to_string(), "8".into()));
        assert_eq!(one.client("database_connections"), "8");
    }
    assert!(outcome.stdout.contains("Little's law:"), "{}", outcome.stdout);
}

/// A staircase down and up through every strategy, under each pacing: everything due is started, once, and both
/// sides count the same.
#[test]
fn every_strategy_goes_through_stages_under_every_pacing() {
    let bench = Bench::new(
        "name = \"stages\"\n[data]\nrows = 500\n[traffic]\n\
         mix = { read = 70, write = 20, insert = 5, delete = 5 }\n\
         timeout = { read = \"2s\", write = \"3s\", insert = \"3s\", delete = \"3s\" }\n[traffic.load.open]\n\
         stages = [{ duration = \"500ms\", from = 100, to = 1_500 }, { duration = \"300ms\", to = 200 }]\n\
         pacing = \"balanced\"\n[compare]\n\
         strategy = [\"direct\", \"cache-aside\", \"read-through\", \"write-through\", \"write-behind\", \"write-around\"]\n\
         \"traffic.load.open.pacing\" = [\"precise\", \"balanced\", \"cheap\"]\n",
    );
    let outcome = bench.run(&[]);
    let all = outcome.measurements();
    assert_eq!(all.len(), 18, "{}", outcome.stderr);
    let scheduled = all[0].metric("scheduled");
    assert!(scheduled > 500.0, "{scheduled}");
    for one in &all {
        assert_eq!((one.metric("scheduled"), one.metric("operations")), (scheduled, scheduled));
        assert!(one.accounts().keys().all(|name| !name.contains("failed")), "{:?}", one.accounts());
        for (what, client, server) in one.checks() {
            assert_eq!(client, server, "{}: {what}", one.strategy());
        }
    }
}
