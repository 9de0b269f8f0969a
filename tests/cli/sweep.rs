use super::{File, run};

const WORKLOAD: &str = "name = \"swept\"\nstrategy = \"write-around\"\n[data]\nrows = 100\n[traffic]\n\
    load = { open = { rate = 100 } }\nduration = \"1s\"\n[cache]\nttl = \"1s\"\n";

#[test]
fn the_help_has_examples_and_says_how_ranges_are_cut() {
    let help = run(&["sweep", "--help"]).stdout;
    for word in
        ["Examples:", "--over cache.ttl=100ms..3s", "--tolerate", "equal ratio", ":linear", "[default: 8]"]
    {
        assert!(help.contains(word), "`{word}` is not in:\n{help}");
    }
}

#[test]
fn what_cannot_be_swept_over_is_told_before_anything_runs() {
    let file = File::new(WORKLOAD);
    for (args, words) in [
        (&[][..], &["--over"][..]),
        (&["--over", "cache.ttl"], &["cache.ttl=100ms..1h"]),
        (&["--over", "cache.ttl=10s..1s"], &["10s is not below 1s"]),
        (&["--over", "cache.ttll=1s..10s"], &["unknown setting `cache.ttll`", "did you mean `ttl`?"]),
        (&["--over", "data.rows=1s..10s"], &["expected a whole number"]),
        (&["--over", "mitigation.jitter.spred=0.1..0.5"], &["did you mean `spread`?"]),
        (&["--over", "mitigation.jitter.spread=0.1..7"], &["spread"]),
        (&["--over", "cache.ttl=1s..2s", "--over", "cache.ttl=5s..9s"], &["given twice"]),
        (
            &["--over", "cache.ttl=1s..2s", "--over", "app.instances=1..2", "--over", "data.rows=10..20"],
            &["3 settings at once"],
        ),
        (&["--over", "cache.ttl=1s..9s", "--steps", "1"], &["--steps", "2..=64"]),
        (&["--over", "cache.ttl=1s..9s", "--steps", "65"], &["--steps", "2..=64"]),
        (&["--over", "cache.ttl=1s..9s", "--tolerate", "stale_rat < 1%"], &["did you mean `stale_rate`?"]),
        (&["--over", "cache.ttl=1s..9s", "--tolerate", "stale_rate"], &["--tolerate", "is no expectation"]),
        (
            &["--over", "cache.ttl=1s..9s", "--minimise", "db.querys"],
            &["--minimise", "did you mean `db.queries`?"],
        ),
        (&["--over", "cache.ttl=1s..9s", "--format", "xml"], &["table, markdown, json, csv"]),
    ] {
        run(&[&["sweep", file.path()], args].concat()).fails(2, words);
    }
    // One mistake in a path is one problem, however many values it has.
    let told = run(&["sweep", file.path(), "--over", "cache.ttll=1s..10s"]).stderr;
    assert_eq!(told.matches("unknown setting").count(), 1, "{told}");
}
