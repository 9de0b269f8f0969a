use std::path::Path;
use std::time::Duration;

use crate::config::load;
use crate::config::workload::tests::told;
use crate::engine::{Action, Fault, Victim, When};

const HEAD: &str = "name = \"test\"\n[data]\nrows = 100\n[traffic]\nload = { closed = { clients = 2 } }\n\
    duration = \"10s\"\n[app]\ninstances = 2\n[[fault]]\n";

fn loaded(fault: &str, overrides: &[&str]) -> Result<Vec<Fault>, String> {
    let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
    let loaded = load(Path::new("w.toml"), format!("{HEAD}{fault}\n"), &overrides);
    loaded.map(|loaded| loaded.workload.faults()).map_err(|problems| problems.render(false))
}

#[test]
fn every_form_is_read() {
    let (s, ms) = (Duration::from_secs, Duration::from_millis);
    for (text, when, action, victim) in [
        (
            "at = \"10s\"\nkill = \"cache\"\nlasts = \"500ms\"",
            When::At(s(10)),
            Action::Kill { lasts: Some(ms(500)) },
            Victim::Cache,
        ),
        ("at = \"0s\"\nkill = { node = 0 }", When::At(s(0)), Action::Kill { lasts: None }, Victim::Node(0)),
        (
            "every = \"2s\"\nrestart = { instance = 1 }",
            When::Every(s(2)),
            Action::Restart,
            Victim::Instance(1),
        ),
        (
            "every = \"2s\"\npause = \"database\"\nlasts = \"1s\"",
            When::Every(s(2)),
            Action::Pause { lasts: s(1) },
            Victim::Database,
        ),
        ("at = \"1s\"\nflush = \"cache\"", When::At(s(1)), Action::Flush, Victim::Cache),
        (
            "at = \"1s\"\nslow = \"cache\"\nlasts = \"1s\"",
            When::At(s(1)),
            Action::Slow { lasts: s(1), share: 0.8 },
            Victim::Cache,
        ),
        (
            "at = \"1s\"\nslow = \"cache\"\nlasts = \"1s\"\nshare = 0.5",
            When::At(s(1)),
            Action::Slow { lasts: s(1), share: 0.5 },
            Victim::Cache,
        ),
        (
            "at = \"1s\"\nscale_out = \"cache\"\nshare = 0.25",
            When::At(s(1)),
            Action::ScaleOut { share: 0.25 },
            Victim::Cache,
        ),
    ] {
        assert_eq!(loaded(text, &[]), Ok(vec![Fault { when, action, victim }]), "{text}");
    }
    assert_eq!(loaded("at = \"1s\"\nflush = \"cache\"", &["fault=[]"]), Ok(Vec::new()));
}

#[test]
fn what_happens_after_the_measurement_is_kept_out_of_it() {
    let text = format!("{HEAD}after = \"2s\"\nkill = \"cache\"\n");
    let workload = load(Path::new("w.toml"), text, &[]).unwrap().workload;
    let (when, action) = (When::At(Duration::from_secs(2)), Action::Kill { lasts: None });
    assert_eq!(workload.faults(), []);
    assert_eq!(workload.aftermath(), [Fault { when, action, victim: Victim::Cache }]);
}

#[test]
fn a_fault_on_a_server_that_is_not_ours_is_refused_unless_it_does_no_harm() {
    let external = ["cache.url=redis://h", "database.url=postgres://h"];
    for (fault, expected) in [
        ("kill = \"cache\"", "a server that is not ours is not killed"),
        ("restart = { node = 0 }", "a server that is not ours is not restarted"),
        ("pause = \"database\"\nlasts = \"1s\"", "a server that is not ours is not paused"),
        ("slow = \"cache\"\nlasts = \"1s\"", "a server that is not ours is not slowed down"),
    ] {
        let text = loaded(&format!("at = \"1s\"\n{fault}"), &external).unwrap_err();
        assert!(text.contains(expected) && text.contains("url = \"managed\""), "{text}");
        assert!(text.contains("w.toml:11:"), "{text}");
    }
    assert!(loaded("at = \"1s\"\nflush = \"cache\"", &external).is_ok());
    assert!(loaded("at = \"1s\"\nscale_out = \"cache\"\nshare = 0.5", &external).is_ok());
    assert!(loaded("at = \"1s\"\nkill = { instance = 0 }", &external).is_ok());
}

#[test]
fn what_makes_no_sense_is_told_with_its_place() {
    for (fault, line, expected) in [
        (
            "at = \"1s\"",
            9,
            "needs one of kill, restart, pause, flush, slow, scale_out, add_nodes, remove, partition",
        ),
        ("at = \"1s\"\nscale_out = \"cache\"", 11, "`scale_out` needs `share`"),
        ("at = \"1s\"\nscale_out = \"database\"\nshare = 0.5", 11, "only the cache is scaled out"),
        ("at = \"1s\"\nscale_out = { instance = 0 }\nshare = 0.5", 11, "an instance is killed or"),
        ("kill = \"cache\"", 9, "needs `at`, `every` or `after`"),
        ("at = \"1s\"\nafter = \"2s\"\nkill = \"cache\"", 10, "after the measurement or `at`, not both"),
        ("after = \"0s\"\nkill = \"cache\"", 10, "there must be load before the fault"),
        ("at = \"1s\"\nevery = \"2s\"\nkill = \"cache\"", 11, "`at` or `every`, not both"),
        ("at = \"1s\"\nkill = \"cache\"\nflush = \"cache\"", 12, "not `kill` and `flush`"),
        ("at = \"11s\"\nkill = \"cache\"", 10, "at 11s the measurement of 10s is over"),
        ("every = \"1ms\"\nkill = \"cache\"", 10, "every 100ms at most"),
        ("every = \"2s\"\nkill = \"cache\"\nlasts = \"2s\"", 12, "is not over before the next"),
        ("at = \"1s\"\npause = \"cache\"", 11, "`pause` needs `lasts`"),
        ("at = \"1s\"\nrestart = \"cache\"\nlasts = \"2s\"", 12, "`restart` takes no `lasts`"),
        ("at = \"1s\"\npause = \"cache\"\nlasts = \"0s\"", 12, "a fault must last"),
        ("at = \"1s\"\nkill = \"cache\"\nshare = 0.5", 12, "`kill` has no `share`"),
        ("at = \"1s\"\nslow = \"cache\"\nlasts = \"1s\"\nshare = 1.5", 13, "expected 0.01 to 0.99"),
        ("at = \"1s\"\nflush = \"database\"", 11, "the database is not flushed"),
        ("at = \"1s\"\nkill = { node = 1 }", 11, "there is no cache node 1"),
        ("at = \"1s\"\nkill = { instance = 2 }", 11, "there is no instance 2"),
        ("at = \"1s\"\nflush = { instance = 0 }", 11, "an instance is killed or restarted"),
        ("at = \"1s\"\nkil = \"cache\"", 11, "did you mean `kill`"),
        ("at = \"1s\"\nkill = \"cahce\"", 11, "did you mean `cache`"),
        ("at = \"1s\"\nkill = { instnce = 0 }", 11, "did you mean `instance`"),
        ("at = \"soon\"\nkill = \"cache\"", 10, "soon"),
    ] {
        told(&loaded(fault, &[]).unwrap_err(), line, expected);
    }
}
