use super::{File, GOOD, run, workloads};

#[test]
fn a_right_workload_is_told_its_size() {
    let file = File::new(GOOD);
    let answer = run(&["check", file.path(), "--quiet", "--set", "compare.repeat=3"]);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
    assert!(answer.stdout.ends_with("w.toml: right; 2 cells, 6 measurements\n"), "{}", answer.stdout);
}

#[test]
fn every_shipped_workload_is_right() {
    for path in workloads() {
        let answer = run(&["check", path.to_str().unwrap()]);
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        assert!(answer.stdout.contains("right"), "{}", answer.stdout);
    }
}

#[test]
fn a_file_that_is_not_there_is_a_usage_error() {
    for verb in ["check", "run"] {
        run(&[verb, "no-such.toml"])
            .fails(2, &["cannot read no-such.toml: there is no such file", "cachebench init FILE"]);
    }
}

#[test]
fn a_syntax_error_is_shown_at_its_line_and_column() {
    let file = File::new(&GOOD.replace("[data]", "[data"));
    let answer = run(&["check", file.path()]);
    answer.fails(2, &["error: syntax error", "w.toml:4:6", "4 | [data", "expected `]`"]);
    let caret = answer.stderr.lines().find(|line| line.trim_start_matches(['|', ' ']).starts_with('^'));
    let code = answer.stderr.lines().find(|line| line.contains("| [data"));
    assert_eq!(caret.unwrap().find('^'), code.map(str::len), "{}", answer.stderr);
}

#[test]
fn several_mistakes_are_told_at_once_each_with_what_was_meant() {
    let text = GOOD.replace("\"cache-aside\"", "\"cache-asid\"").replace("[data]", "[dta]")
        + "[cahe]\nttl = \"1s\"\n";
    let file = File::new(&text);
    run(&["check", file.path()]).fails(
        2,
        &[
            "`dta`",
            "`data`",
            "`cahe`",
            "`cache`",
            "`cache-asid`",
            "`cache-aside`",
            "w.toml:4:2",
            "w.toml:13:2",
        ],
    );
}

#[test]
fn a_mistake_in_an_override_is_shown_in_the_override() {
    let file = File::new(GOOD);
    for (assignment, words) in [
        ("nothing", ["--set:1:1", "no value to set"]),
        ("traffic.duraton=5s", ["--set:1:", "did you mean `duration`?"]),
        ("traffic.timeout=5 parsecs", ["--set:1:17", "is no time"]),
        ("data.rows.x=5", ["--set:1:11", "cannot set `x` inside `data.rows`"]),
    ] {
        let answer = run(&["check", file.path(), "--set", assignment]);
        answer.fails(2, &words);
        assert!(answer.stderr.contains(&format!("1 | {assignment}")), "{}", answer.stderr);
    }
    let both = run(&["check", file.path(), "--set", "data.rows=0", "--set", "cache.pool=1"]);
    both.fails(2, &["data.rows", "cache.pool"]);
}

#[test]
fn what_makes_no_sense_together_is_told_at_its_line() {
    let file = File::new(&GOOD.replace("operations = 100\n", "operations = 100\nduration = \"1s\"\n"));
    run(&["check", file.path()]).fails(2, &["w.toml:9:", "not both"]);
    let file = File::new(&(GOOD.to_owned() + "[database]\nquery = { sleep = \"50ms\" }\n"));
    let answer = run(&["check", file.path(), "--set", "traffic.timeout=20ms"]);
    answer.fails(
        2,
        &["a load sleeps 50ms, operations time out after 20ms", "w.toml:14:", "raise traffic.timeout"],
    );
    let answer = run(&["run", file.path(), "--set", "traffic.timeout=20ms"]);
    answer.fails(2, &["a load sleeps 50ms"]);
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let file = File::new(GOOD);
    let settings = ["--set", "compare.strategy=['write-behind']", "--set", "cache.eviction=allkeys-lru"];
    let answer = run(&[["check", file.path()].as_slice(), &settings].concat());
    assert_eq!(answer.code, Some(0));
    assert!(answer.stderr.starts_with("warning: write-behind with an allkeys"), "{}", answer.stderr);
}

#[test]
fn a_mistake_beside_a_password_does_not_show_it() {
    let file = File::new(&(GOOD.to_owned() + "[cache]\nurl = \"postgres://me:hunter2@host/db\"\n"));
    let wrong_scheme = run(&["check", file.path()]);
    wrong_scheme.fails(2, &["no address of a Redis", "me:*******@host/db", "w.toml:14:7"]);
    let unknown = run(&["check", file.path(), "--set", "cache.driver=redis://me:hunter2@host"]);
    let no_address = run(&["check", file.path(), "--set", "cache.url=http://me:hunter2@host"]);
    for answer in [wrong_scheme, unknown, no_address] {
        answer.fails(2, &["error"]);
        assert!(!answer.stderr.contains("hunter2"), "{}", answer.stderr);
    }
}
