use super::bench::Bench;

const WORKLOAD: &str = r#"
name = "absent"
[data]
rows = 300
[traffic]
mix = { read = 80, write = 20 }
absent = { share = 1.0, keys = 20 }
load = { closed = { clients = 2 } }
operations = 390
[cache]
ttl = "1h"
[compare]
strategy = ["direct", "cache-aside", "read-through", "write-through", "write-around", "write-behind"]
"#;

#[test]
fn reads_of_rows_that_never_exist_are_counted_and_leave_the_run_valid() {
    let bench = Bench::new(WORKLOAD);
    let outcome = bench.run(&[]);
    outcome.ends_with(0);
    for one in outcome.measurements() {
        assert!(one.reads() > 0, "{}", one.strategy());
        assert_eq!(one.metric("absent") as u64, one.reads(), "{}", one.strategy());
        for name in ["stale_reads", "non_monotonic_reads", "lost_updates", "lost_writes"] {
            assert_eq!(one.metric(name), 0.0, "{}, {name}", one.strategy());
        }
    }
}
