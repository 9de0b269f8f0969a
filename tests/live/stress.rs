use super::bench::Bench;

#[test]
fn a_cache_that_refuses_to_store_costs_hits_and_no_reads() {
    let bench = Bench::new(
        "name = \"full\"\n[data]\nrows = 3_000\nvalue = { fixed = \"2KB\" }\n[traffic]\nkeys = \"uniform\"\n\
         load = { closed = { clients = 4 } }\noperations = 3_000\n[cache]\nmaxmemory = \"2MB\"\n\
         eviction = \"noeviction\"\n",
    );
    let outcome = bench.run(&[]);
    outcome.ends_with(0);
    let one = outcome.only();
    assert!(one.metric("store_errors") > 0.0);
    assert_eq!(one.account("read.hit") + one.account("read.miss"), 3_000, "{:?}", one.accounts());
    assert_eq!((one.metric("failures"), one.metric("cache.evicted_keys")), (0.0, 0.0));
}

#[test]
fn calls_that_overrun_are_counted_as_timeouts() {
    let bench = Bench::new(
        "name = \"slow\"\n[data]\nrows = 1_000\n[traffic]\nkeys = \"uniform\"\ntimeout = \"60ms\"\n\
         load = { closed = { clients = 8 } }\nduration = \"1s\"\n[database]\npool = 1\n\
         query = { sleep = \"50ms\" }\n",
    );
    let outcome = bench.run(&[]);
    outcome.ends_with(0);
    let one = outcome.only();
    assert!(one.account("read.failed.timeout") > 0, "{:?}", one.accounts());
    assert_eq!(one.accounted() as f64, one.metric("operations"));
    assert_eq!(one.account("read.failed.timeout") as f64, one.metric("failures"));
    assert_eq!(one.metric("db.peak_active"), 1.0);
}

#[test]
fn an_overload_ends_soon_and_is_not_valid() {
    let bench = Bench::alone(
        "name = \"overload\"\n[data]\nrows = 100\n[traffic]\nload = { open = { rate = 20_000_000 } }\n\
         duration = \"1s\"\n",
    );
    let outcome = bench.run(&[]);
    outcome.ends_with(4);
    let one = outcome.only();
    assert_eq!(one.status(), "invalid");
    let [reason] = one.reasons()[..] else { panic!("{:?}", one.reasons()) };
    assert!(reason.contains("/s sustained"), "{reason}");
    assert!(
        reason.contains("scheduled operations completed") && reason.contains("lower the rate"),
        "{reason}"
    );
    assert!(outcome.stdout.contains(reason) && outcome.stdout.contains("NOT VALID"), "{}", outcome.stdout);
    // A minute's work was planned for the second; what it has not begun a few seconds later, it leaves.
    assert!(one.seconds() < 20.0, "{}", one.seconds());
}

#[test]
fn a_folder_that_cannot_be_written_ends_the_run_before_it_starts() {
    let bench = Bench::new(
        "name = \"x\"\n[data]\nrows = 10\n[traffic]\nload = { closed = { clients = 1 } }\noperations = 10\n",
    );
    let file = bench.file("file", "");
    for output in [file.clone(), file.join("below")] {
        let outcome = bench.run(&["--output", output.to_str().unwrap()]);
        outcome.ends_with(3);
        assert!(outcome.stderr.contains("cannot write results to"), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("--output"), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("starting servers") && outcome.stdout.is_empty());
        assert!(bench.run_folders().is_empty());
    }
}
