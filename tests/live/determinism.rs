use super::bench::Bench;
use super::outcome::Measurement;

const WORKLOAD: &str = r#"
name = "again"
[data]
rows = 300
value = { uniform = { min = 10, max = 400 } }
[traffic]
mix = { read = 80, write = 12, insert = 4, delete = 4 }
load = { closed = { clients = 1 } }
operations = 1_000
[cache]
ttl = "1h"
[compare]
strategy = ["direct", "cache-aside", "read-through", "write-through", "write-around", "write-behind"]
"#;

/// What a seed decides, in numbers; when write-behind flushes is a matter of time.
fn decided(one: &Measurement) -> Vec<(String, u64)> {
    let mut all: Vec<(String, u64)> =
        one.accounts().iter().map(|(name, count)| (name.clone(), count.as_u64().unwrap())).collect();
    if one.strategy() != "write-behind" {
        let counts = ["absent", "db.queries", "db.reads", "db.writes", "cache.commands"];
        all.extend(counts.map(|name| (name.into(), one.metric(name) as u64)));
        all.extend(one.checks().into_iter().map(|(what, _, server)| (what.into(), server)));
    }
    all
}

#[test]
fn the_same_seed_gives_the_same_hits_queries_and_commands() {
    let bench = Bench::new(WORKLOAD);
    let (one, again) = (bench.run(&[]), bench.run(&[]));
    one.ends_with(0);
    again.ends_with(0);
    for (one, again) in one.measurements().iter().zip(again.measurements()) {
        assert_eq!(decided(one), decided(&again), "{}", one.strategy());
    }
    let other = bench.run(&["--set", "data.seed=43", "--set", "compare.strategy=['cache-aside']"]);
    other.ends_with(0);
    let same = one.measurements().into_iter().find(|one| one.strategy() == "cache-aside").unwrap();
    assert_ne!(decided(&same), decided(&other.only()), "another seed is another traffic");
}
