use std::fmt::Write;

use super::bench::Bench;

const REQUESTS: u64 = 200;

/// A trace of as many requests in 20 s, every fourth a write.
fn recorded() -> String {
    let mut text = "time,key,op\n".to_owned();
    for request in 0..REQUESTS {
        let (tenths, op) = (request, if request % 4 == 0 { "set" } else { "get" });
        writeln!(text, "{}.{},k{},{op}", tenths / 10, tenths % 10, request % 50).unwrap();
    }
    text
}

const LOADS: &str = r#"
name = "loads"
[traffic]
keys = { trace = { file = "recorded.csv" } }
[traffic.load]
closed = { clients = 2 }
[compare]
"traffic.load" = [
    { closed = { clients = 3 } },
    { open = { rate = 200 } },
    { open = { stages = [{ duration = "1s", from = 0, to = 400 }, { duration = "500ms", to = 0 }] } },
    { recorded = { speed = 20 } },
]
"#;

#[test]
fn every_kind_of_load_starts_what_was_planned() {
    let bench = Bench::new(LOADS);
    bench.file("recorded.csv", &recorded());
    let outcome = bench.run(&[]);
    // A machine that is busy with other things may make an open load late, but not drop any of it.
    assert!(matches!(outcome.code, Some(0 | 4)), "{}", outcome.stderr);
    let all = outcome.measurements();
    let [closed, open, staged, replayed] = &all[..] else { panic!("{} measurements", all.len()) };
    for one in [open, staged, replayed] {
        assert_eq!(one.metric("scheduled"), one.metric("operations"));
        assert_eq!(one.accounted() as f64, one.metric("operations"));
    }
    for one in [closed, open, replayed] {
        let writes = REQUESTS / 4;
        assert_eq!((one.reads(), one.account("write.done")), (REQUESTS - writes, writes));
    }
    let area = 300.0_f64;
    let off = (staged.metric("scheduled") - area).abs();
    assert!(off < 5.0 * area.sqrt(), "{} operations under a ramp of {area}", staged.metric("scheduled"));
    // No earlier than planned: the last request comes 19.9 s after the first, at 20 times the speed.
    assert!(replayed.seconds() >= 0.995 && staged.seconds() >= 1.5, "{}", replayed.seconds());
}

const WARMUPS: &str = r#"
name = "warm-up"
[traffic]
keys = { trace = { file = "once.txt" } }
load = { closed = { clients = 1 } }
operations = 40
[compare]
"traffic.warmup" = [{ operations = 60 }, { operations = 100 }, "until hit rate is stable"]
"#;

#[test]
fn what_is_measured_starts_where_the_warm_up_ended() {
    let bench = Bench::new(WARMUPS);
    let keys: String = (0..100).map(|key| format!("{key}\n")).collect();
    bench.file("once.txt", &keys);
    let outcome = bench.run(&[]);
    outcome.ends_with(0);
    let counts: Vec<_> = outcome
        .measurements()
        .iter()
        .map(|one| (one.account("read.hit"), one.account("read.miss")))
        .collect();
    // After 60 of 100 keys come 40 that nobody asked for yet; after all of them, only known ones.
    assert_eq!(counts, [(0, 40), (40, 0), (40, 0)]);
}

#[test]
fn a_trace_without_times_cannot_be_replayed_at_its_times() {
    let bench = Bench::new(WARMUPS);
    bench.file("once.txt", "1\n2\n");
    let outcome = bench.run(&["--set", "traffic.load={ recorded = {} }", "--set", "compare={}"]);
    outcome.ends_with(2);
    assert!(outcome.stderr.contains("the trace has no times"), "{}", outcome.stderr);
    assert!(bench.run_folders().is_empty() && outcome.folder.is_none());
}

const SHAPES: &str = r#"
name = "shapes"
[data]
rows = 100
[traffic]
keys = "uniform"
duration = "2s"
[traffic.load]
closed = { clients = 4, think = { fixed = "20ms" } }
[compare]
"traffic.load" = [
    { open = { steps = { rates = [100, 300], each = "1s", order = "shuffled" } } },
    { open = { rate = 200, burst = { every = "1s", lasts = "250ms", times = 4 } } },
    { open = { pattern = { file = "pattern.csv", scale = 2, speed = 10 } } },
    { closed = { clients = 4, think = { fixed = "20ms" } } },
    { closed = { clients = 4, think = { exponential = "1h" } } },
]
"#;

#[test]
fn every_shape_of_load_starts_what_was_planned() {
    let bench = Bench::new(SHAPES);
    bench.file("pattern.csv", "time_s,rate\n0,50\n20,150\n");
    let outcome = bench.run(&[]);
    assert!(matches!(outcome.code, Some(0 | 4)), "{}", outcome.stderr);
    let all = outcome.measurements();
    let [stepped, bursting, patterned, thinking, resting] = &all[..] else { panic!("{}", all.len()) };
    for (one, area) in [(stepped, 400.0_f64), (bursting, 700.0), (patterned, 400.0)] {
        let scheduled = one.metric("scheduled");
        assert!((scheduled - area).abs() < 5.0 * area.sqrt(), "{scheduled} operations where {area} were due");
        assert_eq!(scheduled, one.metric("operations"));
    }
    // Four clients who think 20 ms before each operation start 400 in two seconds at the very most.
    let started = thinking.metric("operations");
    assert!(started > 0.0 && started <= 400.0, "{started}");
    // The end of the measurement ends a pause too. A first pause below 2 s is drawn once in 1,800.
    assert!(resting.metric("operations") <= 1.0 && resting.seconds() >= 2.0, "{}", resting.seconds());
}

#[test]
fn a_pattern_that_cannot_be_read_is_told_before_anything_is_started() {
    let bench = Bench::new(SHAPES);
    let pattern =
        ["--set", "traffic.load={ open = { pattern = { file = \"pattern.csv\" } } }", "--set", "compare={}"];
    let outcome = bench.run(&pattern);
    outcome.ends_with(2);
    assert!(
        outcome.stderr.contains("no traffic pattern pattern.csv beside the workload file"),
        "{}",
        outcome.stderr
    );
    bench.file("pattern.csv", "time_s,rate\n0,5\n60,many\n");
    let outcome = bench.run(&pattern);
    outcome.ends_with(2);
    assert!(
        outcome.stderr.contains("pattern.csv, line 3: rate `many` is not a number"),
        "{}",
        outcome.stderr
    );
    assert!(bench.run_folders().is_empty() && outcome.folder.is_none());
}
