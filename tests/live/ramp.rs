use serde_json::Value as Json;

use super::bench::Bench;
use super::outcome::Outcome;

/// Reads of 200 rows alone, none hotter than another.
const WORKLOAD: &str = r#"
name = "ramp"
[data]
rows = 2_000
[traffic]
keys = { hotspot = { hot_keys = 200, request_share = 1.0 } }
load = { open = { rate = 600 } }
duration = "2s"
[compare]
"cache.prewarm" = ["none", { top = { keys = 200, period = 20_000, rate = 1_000 } }]
"#;

impl Outcome {
    fn of(&self, cell: usize, name: &str) -> &Json {
        &self.result["cells"][cell]["repeats"][0][name]
    }

    fn hit_rate_of_the_first_second(&self, cell: usize) -> f64 {
        self.of(cell, "windows")[0]["metrics"]["hit_rate"]["value"].as_f64().unwrap()
    }
}

#[test]
fn rows_that_were_loaded_ahead_are_hits_from_the_first_read_on_and_the_others_are_loaded_by_misses() {
    let outcome = Bench::new(WORKLOAD).run(&[]);
    outcome.ends_with(0);
    let [cold, warm] = &outcome.measurements()[..] else { panic!("{}", outcome.stdout) };
    assert_eq!((cold.reasons(), warm.reasons()), (vec![], vec![]));
    // Of 600 reads of 200 rows, some 190 are the first of theirs.
    let first = outcome.hit_rate_of_the_first_second(0);
    assert!((0.5..0.8).contains(&first), "{first}");
    assert_eq!((outcome.hit_rate_of_the_first_second(1), warm.metric("db.reads")), (1.0, 0.0));
    assert!(cold.metric("ramp.reads_to_90") > 0.0 && cold.metric("ramp.excess_loads") > 150.0);
    for name in ["seconds_to_50", "seconds_to_99", "reads_to_99", "excess_loads", "peak_loads_per_s"] {
        assert_eq!(warm.metric(&format!("ramp.{name}")), 0.0, "{name}");
    }
    assert_eq!([warm.metric("prewarm.keys"), warm.metric("prewarm.loads")], [200.0, 200.0]);
    // The last of them starts 199 gaps after the first, but for the 10 ms that a timer may be late.
    assert!(warm.metric("prewarm.seconds") >= 0.199 - 0.010, "{}", warm.metric("prewarm.seconds"));
    assert!(warm.metric("prewarm.bytes") > 200.0 * 256.0);
    assert!(outcome.of(0, "metrics").get("prewarm.keys").is_none());
    // What is told of the bins is what the instances counted.
    let bins = outcome.of(0, "ramp")["bins"].as_array().unwrap();
    let sum = |name: &str| bins.iter().map(|bin| bin[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("reads"), sum("loads") as f64), (cold.reads(), cold.metric("db.reads")));
    assert!(
        outcome.stdout.contains("loaded ahead") && outcome.stdout.contains("hit rate,"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_new_node_takes_its_share_of_the_entries_and_they_come_back_by_misses() {
    let fault = "[cache]\npreload = true\n[[fault]]\nat = \"1500ms\"\nscale_out = \"cache\"\nshare = 0.25\n";
    let keys = WORKLOAD.split("[compare]").next().unwrap().replace("hot_keys = 200", "hot_keys = 2_000");
    let outcome = Bench::new(&format!("{keys}{fault}")).run(&["--set", "traffic.duration=3s"]);
    outcome.ends_with(0);
    let one = outcome.only();
    assert_eq!((one.status(), one.reasons()), ("valid", vec![]));
    let fault = &one.faults()[0];
    assert_eq!((fault["what"].as_str(), fault.get("problem")), (Some("scale-out cache"), None));
    let (moved, of) = (fault["moved"]["moved"].as_f64().unwrap(), fault["moved"]["of"].as_f64().unwrap());
    assert_eq!(of, 2_000.0);
    assert!((moved - 500.0).abs() < 3.0 * (2_000.0f64 * 0.25 * 0.75).sqrt(), "{moved}");
    assert_eq!(outcome.hit_rate_of_the_first_second(0), 1.0, "nothing was gone before");
    let misses = one.account("read.miss") as f64;
    assert!(misses > 0.0 && misses <= moved, "{misses} of {moved}");
    let ramp = &fault["recovery"]["ramp"];
    assert_eq!((ramp["steady_hit_rate"].as_f64(), ramp["began"].as_str()), (Some(1.0), Some("emptied")));
    assert!(ramp["excess_loads"].as_f64().unwrap() > 0.0, "{ramp}");
    assert!(outcome.stdout.contains("cold again after"), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("cold start"), "a full cache is none: {}", outcome.stdout);
}
