use super::bench::Bench;

/// Closed and uniform, so that nine reads in ten put an entry into the cache whatever the machine.
const WORKLOAD: &str = r#"name = "pressure"
[data]
rows = 20_000
value = { fixed = "1KB" }
[traffic]
keys = "uniform"
load = { closed = { clients = 8 } }
warmup = { operations = 2_500 }
operations = 4_000
[cache]
eviction = "allkeys-random"
[freshness]
audit = false
[compare]
"cache.maxmemory" = ["10% of keys", "1GB"]
"cache.settings.maxmemory-samples" = [3, 10]
"#;

#[test]
fn a_share_of_the_keys_is_held_under_load_and_found_once_for_cells_that_evict_alike() {
    let outcome = Bench::new(WORKLOAD).run(&[]);
    outcome.ends_with(0);
    let all = outcome.measurements();
    let (limited, unlimited) = all.split_at(2);
    let first = limited[0].sizing();
    assert_eq!(first["wanted"], 2_000);
    let steps = first["steps"].as_array().unwrap();
    let held = |step: &serde_json::Value| step["entries"].as_f64().unwrap();
    // The limit is the one that was tried and held them, not one that was computed.
    let chosen = steps.iter().find(|step| step["maxmemory"] == first["maxmemory"]).unwrap();
    assert!((held(chosen) - 2_000.0).abs() <= 20.0, "{first}");
    for one in limited {
        assert_eq!(one.status(), "valid", "{:?}", one.reasons());
        assert_eq!(one.sizing(), first, "found once, for both");
        assert_eq!(one.metric("cache.maxmemory"), first["maxmemory"].as_f64().unwrap());
        let entries = one.metric("cache.entries");
        assert!((entries - 2_000.0).abs() <= 60.0, "{entries} of 2000 held");
        assert!(one.metric("cache.evicted_keys") > 1_000.0);
        let (mean, peak) = (one.metric("cache.evictions_per_s"), one.metric("cache.evictions_per_s.max"));
        assert!(mean > 0.0 && peak >= mean, "{mean} {peak}");
        assert!(one.metric("evicting.read.response.p50") > 0.0);
        let columns = ["at_s", "entries", "evicted", "expired", "used_memory", "rss", "fragmentation"];
        let lengths = columns.map(|name| one.pressure()[name].as_array().unwrap().len());
        assert!(lengths[0] >= 2 && lengths == [lengths[0]; 7], "{lengths:?}");
    }
    for one in unlimited {
        assert_eq!((one.metric("cache.evicted_keys"), one.metric("cache.evictions_per_s")), (0.0, 0.0));
        assert!(one.sizing().is_null() && !one.has_metric("evicting.read.response.p50"));
        assert!(one.metric("cache.entries") > 3_000.0, "without a limit it holds what was read");
    }
    assert!(outcome.stdout.contains("evictions"), "{}", outcome.stdout);
}

#[test]
fn a_policy_that_the_server_does_not_know_is_refused_with_those_that_it_does() {
    let bench = Bench::new(WORKLOAD);
    for (set, meant) in
        [("allkeys-lur", "did you mean `allkeys-lru`?"), ("sieve", "has no eviction policy `sieve`")]
    {
        let outcome = bench.run(&["--set", &format!("cache.eviction={set}")]);
        outcome.ends_with(2);
        assert!(
            outcome.stderr.contains(meant) && outcome.stderr.contains("--set:1:16"),
            "{}",
            outcome.stderr
        );
        for known in ["allkeys-lru", "volatile-ttl", "noeviction"] {
            assert!(outcome.stderr.contains(known), "{}", outcome.stderr);
        }
        assert!(outcome.folder.is_none(), "nothing was measured");
    }
}
