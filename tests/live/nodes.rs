use serde_json::Value as Json;

use super::bench::Bench;
use super::outcome::{Measurement, Outcome};

/// Reads at a moderate rate by two instances, every row cached.
pub fn workload(rows: u64, rest: &str) -> String {
    format!(
        "name = \"nodes\"\n[data]\nrows = {rows}\n[traffic]\nload = {{ open = {{ rate = 1_500 }} }}\n\
         timeout = \"5s\"\n[app]\ninstances = 2\n{rest}"
    )
}

/// Every repeat of a run of one for each cell, with its first fault.
pub fn by_cell(outcome: &Outcome) -> Vec<(Measurement<'_>, &Json)> {
    let faults = outcome.result["cells"].as_array().unwrap().iter();
    let faults = faults.map(|cell| &cell["repeats"][0]["faults"][0]);
    outcome.measurements().into_iter().zip(faults).collect()
}

impl Outcome {
    /// What each node took in a cell.
    pub fn nodes(&self, cell: usize) -> &[Json] {
        self.result["cells"][cell]["repeats"][0]["nodes"].as_array().map_or(&[], Vec::as_slice)
    }

    /// A count or rate of each second of a cell.
    pub fn by_window(&self, cell: usize, name: &str) -> Vec<f64> {
        let windows = self.result["cells"][cell]["repeats"][0]["windows"].as_array().unwrap();
        windows.iter().map(|window| window["metrics"][name]["value"].as_f64().unwrap_or(0.0)).collect()
    }
}

#[track_caller]
pub fn number(of: &Json, name: &str) -> f64 {
    of[name].as_f64().unwrap_or_else(|| panic!("no {name} in {of}"))
}

fn sum(nodes: &[Json], name: &str) -> f64 {
    nodes.iter().map(|node| number(node, name)).sum()
}

/// Loads that a change caused: as a replay expects them, and as they were measured.
fn extra(remap: &Json) -> (f64, f64) {
    let without = number(remap, "expected_without");
    (number(remap, "expected_loads") - without, number(remap, "loads") - without)
}

#[track_caller]
fn is_within(measured: f64, expected: f64, share: f64) {
    assert!((measured - expected).abs() <= expected * share, "{measured} where {expected} were expected");
}

/// So many standard errors of a share of `count`.
fn errors(share: f64, count: f64, how_many: f64) -> f64 {
    how_many * (share * (1.0 - share) / count).sqrt()
}

#[test]
fn a_node_that_joins_moves_what_theory_says_and_costs_the_loads_that_the_mapping_predicts() {
    let rest = "[cache]\nnodes = 3\npreload = true\n[[fault]]\nat = \"2500ms\"\nadd_nodes = 1\n\
        [compare]\n\"cache.placement\" = [\"modulo\", \"ring\"]\n";
    let outcome = Bench::new(&workload(8_000, rest)).run(&["--set", "traffic.duration=8s"]);
    outcome.ends_with(0);
    for (cell, (one, fault)) in by_cell(&outcome).into_iter().enumerate() {
        assert_eq!((one.status(), one.reasons(), fault.get("problem")), ("valid", vec![], None));
        let remap = &fault["remap"];
        let (expected, measured) = extra(remap);
        let (hit_rate, foretold) = (number(remap, "hit_rate"), number(remap, "expected_hit_rate"));
        println!(
            "{}: keys {:.4}, needless {:.4}, requests {:.3}; extra loads {measured} where {expected} were expected; \
             hit rate of the first second {hit_rate:.3} where {foretold:.3} was",
            ["modulo", "ring"][cell],
            number(remap, "keys"),
            number(remap, "needless"),
            number(remap, "requests"),
        );
        assert_eq!((number(remap, "from"), number(remap, "to")), (3.0, 4.0));
        assert_eq!(number(remap, "entries"), 8_000.0);
        is_within(measured, expected, 0.10);
        assert!(
            (hit_rate - foretold).abs() < errors(foretold, 1_500.0, 3.0) + 0.02,
            "{hit_rate}, {foretold}"
        );
        // Nothing was missed before it; so every load of the measurement is one of those.
        assert_eq!(outcome.by_window(cell, "db.reads")[..2], [0.0, 0.0]);
        is_within(number(remap, "loads"), one.metric("db.reads"), 0.01);
    }
    let [modulo, ring] = [0, 1].map(|cell| &by_cell(&outcome)[cell].1["remap"]);
    let chance = |share: f64| errors(share, 8_000.0, 4.0);
    assert!((number(modulo, "keys") - 0.75).abs() < chance(0.75), "{modulo}");
    assert!((number(modulo, "needless") - 0.50).abs() < chance(0.50), "{modulo}");
    // Besides chance, one ring of 4 × 160 points gives a node 0.25 ± 0.017.
    assert!((number(ring, "keys") - 0.25).abs() < chance(0.25) + 4.0 * 0.017, "{ring}");
    assert_eq!(number(ring, "needless"), 0.0);
    assert!(outcome.stdout.contains("What moved") && outcome.stdout.contains("3 → 4"), "{}", outcome.stdout);
}

#[test]
fn of_ten_nodes_one_is_killed_and_a_breaker_sends_its_reads_to_the_database_or_to_the_next_node() {
    let rest = "[cache]\nnodes = 10\npreload = true\n[[fault]]\nat = \"2300ms\"\nkill = { node = 3 }\nlasts = \"2s\"\n\
        [compare]\n\"cache.breaker\" = [{ then = \"database\", timeout = \"3s\" }, { then = \"next-node\", timeout = \"3s\" }]\n";
    let outcome = Bench::new(&workload(10_000, rest)).run(&[
        "--set",
        "traffic.duration=8s",
        "--set",
        "traffic.load.open.rate=2_000",
    ]);
    outcome.ends_with(0);
    for (cell, (one, fault)) in by_cell(&outcome).into_iter().enumerate() {
        assert_eq!((one.status(), one.reasons(), fault.get("problem")), ("valid", vec![], None));
        let (expected, measured) = extra(&fault["remap"]);
        let told = ["breaker.opened", "breaker.refused", "breaker.rerouted"].map(|name| one.metric(name));
        let bypassed_s = fault["recovery"]["bypassed_s"].as_f64();
        let failures = outcome.by_window(cell, "failures");
        println!(
            "{}: opened, refused, rerouted {told:?}; extra loads {measured} where {expected} were expected; passed by \
             for {bypassed_s:?} s; failures by second {failures:?}",
            ["database", "next-node"][cell],
        );
        is_within(measured, expected, 0.15);
        assert!(told[0] > 0.0, "{told:?}");
        assert_eq!((told[1] > 0.0, told[2] > 0.0), (cell == 0, cell == 1), "{told:?}");
        let after = failures[3..].iter().sum::<f64>();
        let operations = outcome.by_window(cell, "operations")[3..].iter().sum::<f64>();
        assert!(after < 0.01 * operations, "{after} of {operations} operations failed: {failures:?}");
        let (dead, others): (Vec<&Json>, Vec<&Json>) =
            outcome.nodes(cell).iter().partition(|node| node["name"] == "node-3");
        assert!(number(dead[0], "errors") > 0.0 && others.len() == 9, "{dead:?}");
        assert_eq!((&dead[0]["keys"], &dead[0]["cpu_seconds"]), (&Json::Null, &Json::Null), "it began again");
        for other in others {
            assert_eq!((number(other, "errors"), number(other, "opened")), (0.0, 0.0), "{other}");
            assert!(number(other, "keys") > 0.0, "{other}");
        }
    }
    // Without a next node its reads miss for as long as it is down; with one, only once for each row.
    let loads = [0, 1].map(|cell| extra(&by_cell(&outcome)[cell].1["remap"]).1);
    assert!(loads[0] > loads[1], "{loads:?}");
}

#[test]
fn a_node_that_leaves_is_asked_no_more_and_its_keys_alone_move() {
    let rest = "[cache]\nnodes = 4\npreload = true\n[[fault]]\nat = \"2500ms\"\nremove = { node = 1 }\n\
        [compare]\n\"cache.placement\" = [\"ring\", \"rendezvous\"]\n";
    let outcome = Bench::new(&workload(5_000, rest)).run(&[
        "--set",
        "traffic.duration=6s",
        "--set",
        "traffic.keys=uniform",
    ]);
    outcome.ends_with(0);
    for (cell, (one, fault)) in by_cell(&outcome).into_iter().enumerate() {
        assert_eq!((one.status(), one.reasons(), fault.get("problem")), ("valid", vec![], None));
        let (remap, nodes) = (&fault["remap"], outcome.nodes(cell));
        let (expected, measured) = extra(remap);
        let requests: Vec<f64> = nodes.iter().map(|node| number(node, "requests")).collect();
        println!(
            "{}: keys {:.4}, requests {requests:?}; extra loads {measured} where {expected} were expected",
            ["ring", "rendezvous"][cell],
            number(remap, "keys"),
        );
        assert_eq!((number(remap, "from"), number(remap, "to")), (4.0, 3.0));
        assert_eq!(number(remap, "needless"), 0.0);
        is_within(measured, expected, 0.10);
        // All keys that moved were its own. It was sent their share until then, each a single GET, and nothing since.
        let before = 1_500.0 * number(fault, "began_s");
        let share = number(remap, "keys");
        is_within(requests[1] / before, share, 0.05 + errors(share, before, 4.0) / share);
        assert_eq!(number(&nodes[1], "errors"), 0.0);
        assert_eq!(
            nodes.iter().map(|node| node["stayed"] == true).collect::<Vec<_>>(),
            [true, false, true, true]
        );
        // Both sides count the same, over all nodes, the one that left included.
        assert_eq!(sum(nodes, "requests"), one.metric("cache.commands"));
        let checks = one.checks();
        assert!(checks.iter().any(|(what, ..)| *what == "cache get"), "{checks:?}");
        assert!(checks.iter().all(|(_, client, server)| client == server), "{checks:?}");
    }
}
