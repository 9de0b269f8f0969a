use serde_json::Value as Json;

use super::bench::Bench;

/// Fast enough for the cache to turn over within a tick of Redis' LRU clock.
const WORKLOAD: &str = r#"name = "eviction"
[data]
rows = 2_000
value = { fixed = "4KB" }
[traffic]
keys = { zipfian = { exponent = 0.9 } }
load = { open = { rate = 1_500, pacing = "cheap" } }
operations = 9_000
[cache]
maxmemory = "15% of keys"
[freshness]
audit = false
[compare]
"cache.eviction" = ["allkeys-lru", "allkeys-random", "allkeys-lfu"]
at_once = 3
"#;

fn rate(simulated: &Json) -> f64 {
    simulated["hits"].as_f64().unwrap() / simulated["requests"].as_f64().unwrap()
}

#[test]
fn policies_stand_beside_their_models_and_between_what_is_possible_and_nothing() {
    let outcome = Bench::alone(WORKLOAD).run(&[]);
    outcome.ends_with(0);
    let bounds = &outcome.result["bounds"][0];
    assert_eq!(bounds["cells"], serde_json::json!([0, 1, 2]));
    let entries = bounds["entries"].as_f64().unwrap();
    assert!((entries - 300.0).abs() <= 15.0, "{entries} of 300 held");
    let simulated = bounds["simulated"].as_array().unwrap();
    let bound = |policy: &str| rate(simulated.iter().find(|one| one["policy"] == policy).unwrap());
    assert!(bound("unbounded") > bound("opt") && bound("opt") > bound("lru"));
    let all = outcome.measurements();
    let hit_rates = [0, 1, 2].map(|cell| all[cell].metric("hit_rate"));
    let models = [0, 1, 2].map(|cell| rate(&outcome.result["cells"][cell]["model"]));
    for (hit_rate, model) in hit_rates.iter().zip(models) {
        assert!(*hit_rate < bound("opt"), "{hit_rate} by {}", bound("opt"));
        // A standard error is half a point for each; entries differ by a few, and requests overlap.
        assert!((hit_rate - model).abs() < 0.025, "{hit_rate} measured, {model} by its model");
    }
    // The control: a policy that can tell its entries apart is nearer to its own model than to that of chance.
    assert!(hit_rates[2] - models[1] > 0.025, "lfu {} against random {}", hit_rates[2], models[1]);
    let warned =
        |cell: usize| all[cell].notes().iter().any(|note| note.contains("cannot differ from allkeys-random"));
    assert_eq!([0, 1, 2].map(warned), [true, false, false]);
    for told in ["simulated", "opt", "turned over in"] {
        assert!(outcome.stdout.contains(told), "{}", outcome.stdout);
    }
}
