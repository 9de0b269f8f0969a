use super::bench::Bench;
use super::outcome::{Measurement, Outcome};

/// Sixteen clients at full load for a second; where the flusher rests for longer, nothing is flushed by then.
const WORKLOAD: &str = r#"
name = "durability"
[data]
rows = 300
[traffic]
mix = { read = 30, write = 70 }
keys = "uniform"
load = { closed = { clients = 16 } }
duration = "1s"
[freshness]
recheck = ["1s"]
"#;

const CLIENTS: u64 = 16;

/// A bench for a run in which something is killed.
fn bench(victim: &str, at: &str) -> Bench {
    let lasts = if victim.contains("instance") { "" } else { "lasts = \"200ms\"\n" };
    Bench::new(&format!("{WORKLOAD}[[fault]]\nat = \"{at}\"\nkill = {victim}\n{lasts}"))
}

/// A run in which something is killed, which is no reason not to believe it.
fn kill(victim: &str, at: &str, settings: &[&str]) -> Outcome {
    run(&bench(victim, at), settings)
}

fn run(bench: &Bench, settings: &[&str]) -> Outcome {
    let arguments: Vec<&str> = settings.iter().flat_map(|setting| ["--set", *setting]).collect();
    let outcome = bench.run(&arguments);
    outcome.ends_with(0);
    for one in outcome.measurements() {
        assert_eq!((one.status(), one.reasons(), one.audited("unexplained")), ("valid", vec![], 0));
        assert!(one.faults()[0].get("problem").is_none(), "{}", one.faults()[0]);
    }
    outcome
}

const UNFLUSHED: &str = "strategy={ write-behind = { flush_every = \"20s\" } }";
const OFTEN: &str = "strategy={ write-behind = { flush_every = \"50ms\" } }";
const IN_PROCESS: &str = "strategy={ write-behind = { flush_every = \"20s\", buffer = \"process\" } }";

/// The writes that the database did not have when the first fault struck.
fn unflushed(one: &Measurement) -> u64 {
    one.faults()[0]["unflushed"]["writes"].as_u64().unwrap()
}

/// Lost updates, at least and at most.
fn lost(one: &Measurement) -> (u64, u64) {
    (one.audited("lost_updates"), one.audited("lost_updates_at_most"))
}

#[test]
fn a_cache_that_is_killed_at_the_end_takes_what_was_not_flushed_with_it() {
    let outcome = kill("\"cache\"", "1s", &[UNFLUSHED]);
    let one = outcome.only();
    assert!(unflushed(&one) > 1_000, "{}", unflushed(&one));
    assert_eq!(one.audited("indeterminate"), 0);
    assert_eq!(lost(&one), (unflushed(&one), unflushed(&one)), "of {}", one.audited("acknowledged"));
    assert_eq!((one.audited("lost_writes"), one.audited("acknowledged")), (unflushed(&one), unflushed(&one)));
    // With a flusher that rests for 50 ms, a flush may be under way: what it carries is not lost.
    let outcome = kill("\"cache\"", "1s", &[OFTEN]);
    let one = outcome.only();
    println!("flushed every 50 ms: {:?} lost, {} not flushed at the kill", lost(&one), unflushed(&one));
    assert!(lost(&one).0 <= unflushed(&one) && unflushed(&one) < one.audited("acknowledged") / 2);
}

#[test]
fn a_cache_that_is_killed_under_load_loses_what_was_not_flushed_and_no_later_write() {
    // Long enough for clients to be back and write on, however busy the machine.
    let outcome = kill("\"cache\"", "250ms", &[UNFLUSHED, "traffic.duration=3s"]);
    let one = outcome.only();
    let ((least, most), unflushed) = (lost(&one), unflushed(&one));
    println!("killed under load: {least} to {most} lost, {unflushed} not flushed at the kill");
    assert!(unflushed > 500 && one.audited("acknowledged") > unflushed + 500);
    // At the kill an answer may be on its way to each client, which then counts what the toll does not.
    assert!(least.abs_diff(unflushed) <= CLIENTS, "{least} to {most}, {unflushed}");
    assert!(most - least <= one.audited("indeterminate"), "{least} to {most}");
}

#[test]
fn a_cache_that_keeps_a_file_loses_nothing_to_a_crash_of_its_process() {
    // While the disk is busy with the last sync, Redis puts off writing for up to two seconds under "everysec", and a
    // crash then takes what was put off: a busy machine gets three tries.
    for (at, persistence, tries) in [("500ms", "everysec", 3), ("1s", "everysec", 3), ("1s", "always", 1)] {
        let kept = (0..tries).any(|_| {
            let outcome = kill("\"cache\"", at, &[UNFLUSHED, &format!("cache.persistence={persistence}")]);
            let one = outcome.only();
            assert!(unflushed(&one) > 100, "nothing was at stake");
            println!("{persistence}, at {at}: {:?} lost of {}", lost(&one), unflushed(&one));
            (lost(&one).0, one.audited("lost_writes"), one.metric("divergent_keys")) == (0, 0, 0.0)
        });
        assert!(kept, "{persistence}, at {at}");
    }
}

#[test]
fn a_crash_of_the_application_loses_what_waited_in_its_memory() {
    let outcome = kill("{ instance = 0 }", "1s", &[IN_PROCESS]);
    let one = outcome.only();
    assert!(unflushed(&one) > 1_000);
    assert_eq!(lost(&one), (unflushed(&one), unflushed(&one)));
    // The cache still has the rows, and nobody knows that the database does not.
    assert!(one.metric("audit.ahead") > 200.0, "{}", one.metric("audit.ahead"));
    let outcome = kill("{ instance = 0 }", "1s", &[UNFLUSHED]);
    let one = outcome.only();
    assert!(unflushed(&one) > 1_000, "nothing was at stake");
    assert_eq!(lost(&one), (0, 0));
    assert_eq!((one.audited("lost_writes"), one.metric("audit.divergent")), (0, 0.0));
}

#[test]
fn a_buffer_in_the_process_outlives_the_cache() {
    let outcome = kill("\"cache\"", "1s", &[IN_PROCESS]);
    let one = outcome.only();
    assert!(unflushed(&one) > 1_000, "nothing was at stake");
    assert_eq!((lost(&one), one.audited("lost_writes")), ((0, 0), 0));
}

#[test]
fn the_trade_off_table_tells_what_a_kill_lost() {
    let compared = "compare={ strategy = [\"direct\", { write-behind = { flush_every = \"20s\" } }] }";
    let bench = bench("\"cache\"", "1s");
    let outcome = run(&bench, &[compared]);
    let [direct, behind] = &outcome.measurements()[..] else { panic!() };
    assert_eq!((lost(direct), direct.faults()[0].get("unflushed")), ((0, 0), None));
    let table = std::fs::read_to_string(outcome.folder().join("table.md")).unwrap();
    let told = format!("{}.0 lost per kill, window ", lost(behind).0);
    // On the screen the cells are as narrow as it is.
    for (text, told) in [
        (&outcome.stdout, "0 lost in 1 kill: none"),
        (&outcome.stdout, "lost per kill"),
        (&outcome.stdout, "loss window"),
        (&table, "0 lost in 1 kill: none"),
        (&table, &told),
        (&table, ": data loss window"),
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
}
