use super::bench::Bench;
use super::outcome::Measurement;

/// A few rows that sell out under sixteen clients: after the last sale of a row nothing comes that would make it good.
const WORKLOAD: &str = r#"name = "stock"
[data]
rows = 6
[traffic]
mix = { decrement = 9, read = 1 }
keys = "uniform"
load = { closed = { clients = 16 } }
operations = 12_000
[app]
instances = 2
threads = 2
[inventory]
stock = 1_000
quantity = 2
[compare]
"inventory.persist" = ["set-level", "conditional", "outbox"]
repeat = 3
"#;

fn the_books_add_up(one: &Measurement) {
    assert_eq!((one.status(), one.reasons()), ("valid", vec![]));
    assert_eq!((one.accounted(), one.metric("operations")), (12_000, 12_000.0));
    assert!(one.accounts().keys().all(|name| !name.contains("failed")), "{:?}", one.accounts());
    let (done, insufficient) = (one.account("decrement.done"), one.account("decrement.insufficient"));
    assert!(done > 3_000 && insufficient > 100, "{done} and {insufficient}");
    assert_eq!(one.metric("decrement.refused"), insufficient as f64);
    assert_eq!(one.metric("decrement.count"), (done + insufficient) as f64);
    assert!(one.checks().len() >= 3, "{:?}", one.checks());
    for (what, client, server) in one.checks() {
        assert_eq!(client, server, "{what}");
    }
}

#[test]
fn a_level_that_is_set_loses_sales_and_a_guard_or_an_outbox_loses_none() {
    let bench = Bench::new(WORKLOAD);
    let outcome = bench.run(&[]);
    outcome.ends_with(0);
    let all = outcome.measurements();
    assert_eq!(all.len(), 9);
    for one in &all {
        the_books_add_up(one);
        let of = |name: &str| one.metric(&format!("stock.{name}"));
        assert_eq!((of("oversold"), of("negative"), of("indeterminate")), (0.0, 0.0, 0.0));
        assert_eq!((of("unaccounted_cache"), of("sold") + of("left_cache")), (0.0, 6_000.0));
        assert_eq!(of("sold") + of("left_database"), 6_000.0 + of("lost_updates"));
        assert_eq!(of("lost_updates"), of("unaccounted_database"));
    }
    let lost: Vec<f64> = all.iter().map(|one| one.metric("stock.lost_updates")).collect();
    // By cell, three repeats each.
    assert!(lost[..3].iter().sum::<f64>() > 0.0, "set-level lost nothing: {lost:?}");
    assert_eq!(lost[3..], [0.0; 6]);
    assert!(all[6].metric("db.flushes") > 0.0 && all[6].metric("db.writes") < all[0].metric("db.writes"));
    assert!(outcome.stdout.contains("lost") && outcome.stdout.contains("sold"), "{}", outcome.stdout);
    println!("units lost by set-level, conditional and outbox, three times each: {lost:?}");
}

/// Timeouts so short that some calls are given up anywhere: what they did is in doubt, and nothing else is.
#[test]
fn what_nobody_was_told_of_is_in_doubt_and_never_guessed() {
    let workload = WORKLOAD.replace("operations = 12_000", "operations = 12_000\ntimeout = \"1ms\"");
    let bench = Bench::new(&workload.replace("\"uniform\"", "\"zipfian\""));
    let outcome = bench.run(&["--set", "compare.repeat=1"]);
    for one in outcome.measurements() {
        let of = |name: &str| one.metric(&format!("stock.{name}"));
        assert_eq!(one.accounted(), 12_000);
        assert_eq!((of("oversold"), of("unaccounted_cache")), (0.0, 0.0));
        let failed = one.accounts().iter().filter(|(name, _)| name.starts_with("decrement.failed"));
        let failed: u64 = failed.map(|(_, count)| count.as_u64().unwrap()).sum();
        assert!(of("indeterminate") >= failed as f64 && of("indeterminate") <= 2.0 * failed as f64);
    }
    for guarded in &outcome.measurements()[1..] {
        assert_eq!(guarded.metric("stock.lost_updates"), 0.0);
    }
}
