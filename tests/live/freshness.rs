use super::bench::Bench;
use super::outcome::Measurement;

/// Many clients on few rows, over two instances, for so many operations; the rest of the file is put at its end.
fn workload(strategies: &str, mix: &str, cache: &str) -> String {
    format!(
        "name = \"freshness\"\n[data]\nrows = 20\n[traffic]\nmix = {{ {mix} }}\nkeys = \"uniform\"\n\
         load = {{ closed = {{ clients = 16 }} }}\noperations = 6_000\n[app]\ninstances = 2\nthreads = 2\n\
         [freshness]\nrecheck = [\"1s\"]\n[cache]\n{cache}\n[compare]\nstrategy = [{strategies}]\n"
    )
}

const EVEN: &str = "read = 50, write = 50";

/// What a store or a cache can do wrong.
const WRONGS: [&str; 7] = [
    "stale_reads",
    "non_monotonic_reads",
    "read_your_writes_violations",
    "future_reads",
    "lost_updates",
    "lost_writes",
    "divergent_keys",
];

#[track_caller]
fn nothing_is_wrong(one: &Measurement) {
    nothing_is_wrong_but(one, &[]);
}

#[track_caller]
fn nothing_is_wrong_but(one: &Measurement, allowed: &[&str]) {
    let judged = WRONGS.iter().filter(|name| !allowed.contains(name));
    let found: Vec<(&str, f64)> = judged.map(|name| (*name, one.metric(name))).collect();
    assert!(found.iter().all(|(_, count)| *count == 0.0), "{found:?}");
    assert_eq!((one.status(), one.reasons(), one.audited("unexplained")), ("valid", vec![], 0));
}

#[test]
fn without_a_cache_no_read_is_stale_and_no_write_lost() {
    // The negative control: the same load over a cache that is told of nothing.
    let bench = Bench::new(&workload("\"direct\", \"write-around\"", EVEN, ""));
    let outcome = bench.run(&[]);
    outcome.ends_with(0);
    let [direct, around] = &outcome.measurements()[..] else { panic!() };
    nothing_is_wrong(direct);
    assert!(direct.metric("acknowledged_writes") > 2_500.0);
    assert_eq!(direct.metric("acknowledged_writes"), direct.account("write.done") as f64);
    for name in ["stale_reads", "read_your_writes_violations", "divergent_keys"] {
        assert!(around.metric(name) > 0.0, "{name} of entries that nobody touches");
    }
    assert_eq!((around.metric("lost_updates"), around.metric("lost_writes")), (0.0, 0.0));
}

#[test]
fn a_delayed_fill_is_stale_after_a_plain_delete_and_refused_where_the_cache_knows_better() {
    let strategies = ["delete", "compare-and-set", "lease"]
        .map(|coherence| format!("{{ cache-aside = {{ coherence = \"{coherence}\" }} }}"));
    let cache = "fill_delay = \"20ms\"\nttl = \"2s\"";
    let bench = Bench::new(&workload(&strategies.join(", "), "read = 80, write = 20", cache));
    let outcome = bench.run(&["--set", "traffic.operations=4_000"]);
    outcome.ends_with(0);
    let all = outcome.measurements();
    let of = |name: &str| all.iter().map(|one| one.metric(name)).collect::<Vec<f64>>();
    println!("stale sets {:?}, rejected sets {:?}", of("stale_sets"), of("rejected_sets"));
    let [plain, guarded @ ..] = &all[..] else { panic!() };
    assert!(plain.metric("stale_sets") > 0.0 && plain.metric("stale_reads") > 0.0);
    assert_eq!(plain.metric("rejected_sets"), 0.0);
    assert!(plain.metric("audit.divergent") > 0.0);
    // Whoever misses without the token may read a row that is committed and not yet acknowledged, while its holder fills
    // the one before.
    for (one, allowed) in guarded.iter().zip([&[][..], &["non_monotonic_reads"]]) {
        nothing_is_wrong_but(one, allowed);
        assert_eq!((one.metric("stale_sets"), one.metric("audit.divergent")), (0.0, 0.0));
        assert!(one.metric("rejected_sets") > 0.0, "nothing was refused, so nothing was shown");
    }
}

/// Two writers of a row that put it into the cache in the order opposite to their commits.
#[test]
fn two_writers_through_the_cache_leave_the_older_row_unless_versions_are_compared() {
    let strategies = ["update", "compare-and-set"]
        .map(|coherence| format!("{{ write-through = {{ coherence = \"{coherence}\" }} }}"));
    let bench = Bench::new(&workload(&strategies.join(", "), "read = 30, write = 70", ""));
    let mut overtaken = 0.0;
    for seed in 1..=6 {
        let seed = format!("data.seed={seed}");
        let outcome = bench.run(&["--set", "data.rows=5", "--set", &seed]);
        outcome.ends_with(0);
        let [plain, guarded] = &outcome.measurements()[..] else { panic!() };
        nothing_is_wrong(guarded);
        assert!(guarded.account("read.hit") > 0);
        let found = (plain.metric("stale_reads"), plain.metric("divergent_keys"));
        println!("{seed}: {} stale reads and {} divergent rows", found.0, found.1);
        overtaken += found.0 + found.1;
        if overtaken > 0.0 {
            return;
        }
    }
    panic!("no writer was overtaken on its way to the cache");
}

#[test]
fn whoever_writes_through_one_instance_reads_its_own_writes() {
    let guarded = "{ write-through = { coherence = \"compare-and-set\" } }";
    let bench = Bench::new(&workload(&format!("\"write-around\", {guarded}"), EVEN, ""));
    let outcome = bench.run(&["--set", "app.instances=1", "--set", "app.threads=1"]);
    outcome.ends_with(0);
    let [around, through] = &outcome.measurements()[..] else { panic!() };
    nothing_is_wrong(through);
    assert!(around.metric("read_your_writes_violations") > 0.0);
    assert!(around.metric("stale_reads") >= around.metric("read_your_writes_violations"));
    assert!(
        through.metric("hit_rate_after_write") > 0.9 && around.metric("hit_rate_after_write") < 0.1,
        "{} and {}",
        through.metric("hit_rate_after_write"),
        around.metric("hit_rate_after_write")
    );
}
