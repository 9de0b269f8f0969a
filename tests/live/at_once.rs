use super::bench::Bench;

/// Writes, so that a database or a cache that were shared would not add up.
const WORKLOAD: &str = r#"name = "at-once"
[data]
rows = 300
[traffic]
mix = { read = 70, write = 30 }
load = { open = { rate = 200, arrival = "constant" } }
operations = 300
[compare]
strategy = ["direct", "cache-aside"]
repeat = 2
at_once = 3
"#;

#[test]
fn measurements_made_at_once_have_stores_of_their_own_and_say_so() {
    let outcome = Bench::new(WORKLOAD).run(&[]);
    outcome.ends_with(0);
    let all = outcome.measurements();
    let mut orders: Vec<u64> = all.iter().map(|one| one.order()).collect();
    orders.sort_unstable();
    assert_eq!(orders, [1, 2, 3, 4]);
    for one in &all {
        assert_eq!((one.status(), one.accounted(), one.metric("audit.divergent")), ("valid", 300, 0.0));
        assert!(one.checks().iter().all(|(_, client, server)| client == server), "{:?}", one.checks());
        assert_eq!(one.metric("hit_rate") > 0.0, one.strategy() == "cache-aside");
    }
}
