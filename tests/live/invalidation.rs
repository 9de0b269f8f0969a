use serde_json::Value as Json;

use super::bench::Bench;
use super::outcome::{Measurement, Outcome};

/// A service that writes, and services of one instance that cache rows by versions; the rest of the file is put at its end.
fn workload(services: usize, near: &str, rest: &str) -> String {
    format!(
        "name = \"invalidation\"\nstrategy = {{ cache-aside = {{ coherence = {{ compare-and-set = {{ leave = \"version\" }} }} }} }}\n\
         [data]\nrows = 500\n[traffic]\nmix = {{ read = 80, write = 20 }}\nkeys = \"uniform\"\n\
         load = {{ open = {{ rate = 800 }} }}\nduration = \"4s\"\n[app]\nservices = {services}\nthreads = 1\n{near}\n\
         [freshness]\nrecheck = []\n{rest}"
    )
}

const NEAR: &str = "near = { entries = 1_000 }";
/// Those that tell of every write.
const TELLING: [&str; 5] = ["pubsub", "stream", "notify", "outbox", "cdc"];

fn compare(transports: &[&str]) -> String {
    let quoted: Vec<String> = transports.iter().map(|name| format!("\"{name}\"")).collect();
    format!("[compare]\ninvalidation = [{}]\n", quoted.join(", "))
}

/// Each measurement by its transport, with its consumers.
fn by_transport(outcome: &Outcome) -> Vec<(String, Measurement<'_>, Vec<Json>)> {
    let cells = outcome.result["cells"].as_array().unwrap();
    let of = |(cell, one): (&Json, _)| {
        let label = cell["settings"][0]["label"].as_str().unwrap_or_default().to_owned();
        let consumers = cell["repeats"][0]["consumers"].as_array().cloned().unwrap_or_default();
        (label, one, consumers)
    };
    cells.iter().zip(outcome.measurements()).map(of).collect()
}

fn number(record: &Json, name: &str) -> f64 {
    record[name].as_f64().unwrap_or_else(|| panic!("no {name} in {record}"))
}

#[test]
fn without_loss_every_transport_leaves_nothing_old_and_without_one_all_is_missed() {
    let mut all = vec!["none"];
    all.extend(TELLING);
    let outcome = Bench::new(&workload(2, NEAR, &compare(&all))).run(&[]);
    outcome.ends_with(0);
    for (name, one, consumers) in by_transport(&outcome) {
        println!(
            "{name}: {} missed of {}, near {} old, cache {} off, longest out of sync {:.1} ms, {} stale reads",
            one.metric("events.missed"),
            consumers.iter().map(|it| number(it, "events")).sum::<f64>(),
            one.metric("near.divergent"),
            one.metric("audit.divergent"),
            one.metric("events.longest_out_of_sync") * 1e3,
            one.metric("stale_reads"),
        );
        assert_eq!((one.status(), one.reasons(), consumers.len()), ("valid", vec![], 4), "{name}");
        let [missed, near, cache] =
            ["events.missed", "near.divergent", "audit.divergent"].map(|metric| one.metric(metric));
        if name == "none" {
            let events: f64 = consumers.iter().map(|it| number(it, "events")).sum();
            assert!(
                missed == events && near > 100.0 && cache > 100.0,
                "{missed} of {events}, {near}, {cache}"
            );
            assert!(one.metric("stale_reads") > 100.0);
        } else {
            assert_eq!((missed, near, cache), (0.0, 0.0, 0.0), "{name}");
            assert_eq!(one.metric("divergent_keys"), 0.0, "{name}");
            // Each was applied: out of sync for as long as it was on its way, and not until a TTL.
            assert!(one.metric("events.longest_out_of_sync") < 4.0, "{name}");
        }
    }
}

#[test]
fn a_lost_event_leaves_an_old_entry_until_its_ttl_as_often_as_chance_says_and_a_journal_brings_it_again() {
    let (rows, share) = (20_000f64, 0.01f64);
    let rest = format!(
        "[cache]\npreload = true\nttl = \"12s\"\n[[fault]]\nat = \"0s\"\ndrop_events = \"all\"\nshare = {share}\n{}",
        compare(&["pubsub", "stream"])
    );
    let set = [
        "data.rows=20_000",
        "traffic.mix={ read = 0, write = 100 }",
        "traffic.load.open={ rate = 1_500 }",
        "freshness.recheck=[\"13s\"]",
    ];
    let outcome = Bench::new(&workload(1, "", &rest)).run(&set.map(|it| ["--set", it]).concat());
    outcome.ends_with(0);
    let all = by_transport(&outcome);
    let [(_, pubsub, heard), (_, stream, _)] = &all[..] else { panic!() };
    // Nobody reads, so nothing is filled again: the entry of a row stays old if the events of all its writes were lost, of k
    // writes with the chance of share^k.
    let writes = number(&heard[0], "events");
    let expected = rows * ((1.0 - (1.0 - share) / rows).powf(writes) - (1.0 - 1.0 / rows).powf(writes));
    let (old, dropped) = (pubsub.metric("audit.divergent"), number(&heard[0], "dropped"));
    println!("{writes} writes, {dropped} events dropped, {old} entries old, {expected:.1} expected");
    assert_eq!(number(&heard[0], "missed"), dropped);
    assert!((dropped - writes * share).abs() <= 3.0 * (writes * share * (1.0 - share)).sqrt());
    assert!((old - expected).abs() <= 3.0 * expected.sqrt(), "{old} of {expected:.1}");
    assert!(old > 0.0 && pubsub.metric("divergent_keys") == 0.0, "beyond the TTL they are gone");
    assert_eq!((stream.metric("events.missed"), stream.metric("audit.divergent")), (0.0, 0.0));
    assert!(stream.metric("events.dropped") > 0.0);
}

#[test]
fn a_consumer_that_is_cut_off_misses_what_came_meanwhile_unless_it_goes_on_where_it_was() {
    let rest = format!(
        "[[fault]]\nat = \"1s\"\nlasts = \"5s\"\ndisconnect = {{ instance = 0 }}\n{}",
        compare(&["pubsub", "notify", "stream", "outbox", "cdc"])
    );
    let outcome = Bench::new(&workload(1, NEAR, &rest)).run(&["--set", "traffic.duration=8s"]);
    outcome.ends_with(0);
    for (name, one, consumers) in by_transport(&outcome) {
        let fault = &one.faults()[0];
        let (began, ended) = (number(fault, "began_s"), number(fault, "ended_s"));
        for record in &consumers {
            let missed = number(record, "missed");
            println!(
                "{name} {}: {missed} missed of {}, from {} to {} s, cut off from {began:.3} to {ended:.3} s, {} flushes",
                record["level"],
                record["events"],
                record["missed_from_s"],
                record["missed_to_s"],
                record["flushes"],
            );
            assert_eq!(number(record, "reconnects"), 1.0, "{name}");
            if ["pubsub", "notify"].contains(&name.as_str()) {
                let (from, to) = (number(record, "missed_from_s"), number(record, "missed_to_s"));
                // All of the writes between the first and the last that it missed, and these at the ends of the cut; at 160
                // writes a second the next one is some milliseconds away.
                assert_eq!(number(record, "heard_between"), 0.0, "{name}");
                assert!(missed > 400.0 && from > began - 0.1 && from < began + 0.3, "{name}");
                assert!(to > ended - 0.3 && to < ended + 0.3, "{name}");
            } else {
                assert_eq!((missed, number(record, "flushes")), (0.0, 0.0), "{name}");
            }
        }
        let old = (one.metric("near.divergent"), one.metric("audit.divergent"));
        if ["pubsub", "notify"].contains(&name.as_str()) {
            assert_eq!(
                number(&consumers[1], "flushes"),
                1.0,
                "who knows that it missed some throws away all that is near"
            );
            assert!(old.1 > 0.0, "{name}: nobody takes out what the cache behind has");
        } else {
            assert_eq!(old, (0.0, 0.0), "{name}");
        }
    }
}

#[test]
fn events_that_come_twice_and_out_of_order_leave_nothing_old() {
    let fault = |what: &str| format!("[[fault]]\nat = \"0s\"\n{what} = \"all\"\nshare = 0.3\n");
    let rest = [fault("duplicate_events"), fault("reorder_events"), compare(&TELLING)].concat();
    let set = ["--set", "data.rows=50", "--set", "traffic.duration=3s"];
    let outcome = Bench::new(&workload(1, NEAR, &rest)).run(&set);
    outcome.ends_with(0);
    for (name, one, _) in by_transport(&outcome) {
        assert!(one.metric("events.again") > 100.0, "{name}: nothing came twice");
        let old = (one.metric("events.missed"), one.metric("near.divergent"), one.metric("audit.divergent"));
        assert_eq!(old, (0.0, 0.0, 0.0), "{name}");
    }
}

#[test]
fn a_connection_that_breaks_under_a_transport_is_replaced_and_what_it_may_have_cost_is_told() {
    let fault =
        |what: &str, at: &str| format!("[[fault]]\nat = \"{at}\"\nlasts = \"400ms\"\nreset = \"{what}\"\n");
    let rest = [fault("cache", "1s"), fault("database", "2500ms"), compare(&TELLING)].concat();
    let outcome = Bench::new(&workload(1, NEAR, &rest)).run(&[]);
    outcome.ends_with(0);
    for (name, one, consumers) in by_transport(&outcome) {
        let [shared, near] = &consumers[..] else { panic!("{name}") };
        println!(
            "{name}: {} and {} reconnects, {} flushes, {} and {} missed, {} of what carries events",
            shared["reconnects"],
            near["reconnects"],
            near["flushes"],
            shared["missed"],
            near["missed"],
            one.metric("events.carriers_replaced"),
        );
        assert_eq!((one.reasons(), one.faults().len()), (vec![], 2), "{name}");
        let replaced = number(near, "reconnects") + one.metric("events.carriers_replaced");
        assert!(replaced >= 1.0, "{name}: no connection broke");
        if ["pubsub", "notify"].contains(&name.as_str()) {
            assert!(number(near, "flushes") >= 1.0, "{name}");
        } else {
            assert_eq!((number(shared, "missed"), number(near, "missed")), (0.0, 0.0), "{name}");
            assert_eq!((one.metric("near.divergent"), one.metric("audit.divergent")), (0.0, 0.0), "{name}");
        }
    }
}

#[test]
fn a_cache_that_dies_takes_its_journal_along_and_nothing_near_stays_old() {
    let rest = [
        "[[fault]]\nat = \"1500ms\"\nrestart = \"cache\"\n",
        &compare(&["pubsub", "stream", "outbox", "tracking"]),
    ]
    .concat();
    let outcome = Bench::new(&workload(1, NEAR, &rest)).run(&[]);
    outcome.ends_with(0);
    for (name, one, consumers) in by_transport(&outcome) {
        let near = consumers.last().unwrap();
        println!("{name}: {} reconnects, {} flushes", near["reconnects"], near["flushes"]);
        assert!(number(near, "flushes") >= 1.0, "{name}");
        // What was told while the cache was down is gone, but for what a journal is still to be told of.
        if ["stream", "outbox"].contains(&name.as_str()) {
            assert_eq!((one.metric("near.divergent"), one.metric("divergent_keys")), (0.0, 0.0), "{name}");
        }
    }
}

#[test]
fn near_caches_of_one_service_hear_of_what_its_other_instances_write() {
    let modes = "[\"none\", \"pubsub\", \"stream\", \"tracking\", { tracking = { mode = \"broadcast\" } }]";
    let rest = format!("[compare]\ninvalidation = {modes}\n");
    let text = workload(1, "instances = 2\nnear = { entries = 1_000 }", &rest).replace("services = 1\n", "");
    let outcome = Bench::new(&text).run(&[]);
    outcome.ends_with(0);
    for (name, one, consumers) in by_transport(&outcome) {
        println!(
            "{name}: {} near old, {} stale near",
            one.metric("near.divergent"),
            one.metric("stale_reads.near")
        );
        assert_eq!((one.reasons(), consumers.len()), (vec![], 2), "{name}");
        assert!(one.metric("near.hit_rate") > 0.1, "{name}");
        assert_eq!(one.metric("near.divergent") > 0.0, name == "none", "{name}");
    }
}

#[test]
fn all_entries_of_a_row_go_together_or_the_others_stay_old() {
    let rest = "[cache]\nvariants = [\"slug\", \"summary\"]\nlists = 20\n[compare]\n\"cache.taken_out\" = [\"all\", \"own\"]\n";
    let text = format!("invalidation = \"stream\"\n{}", workload(1, NEAR, rest));
    let outcome = Bench::new(&text).run(&["--set", "data.rows=100"]);
    outcome.ends_with(0);
    let all = by_transport(&outcome);
    let [(_, together, _), (_, alone, _)] = &all[..] else { panic!() };
    println!(
        "together: {} off, {} keys an event; the row's own alone: {} off, {} stale reads",
        together.metric("audit.divergent"),
        together.metric("events.keys_per_event"),
        alone.metric("audit.divergent"),
        alone.metric("stale_reads"),
    );
    // A list is filled without a look at what was written meanwhile, so that a race may leave a near row old.
    assert_eq!(together.metric("audit.divergent"), 0.0);
    assert!(together.metric("stale_reads") < alone.metric("stale_reads") / 4.0);
    assert!(alone.metric("audit.divergent") > 50.0 && alone.metric("stale_reads") > 100.0);
}
