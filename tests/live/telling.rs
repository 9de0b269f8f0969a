use std::io::{Read, Write};
use std::net::TcpStream;

use nix::sys::signal::Signal;
use serde_json::Value as Json;

use super::bench::Bench;
use super::eventually;

const WORKLOAD: &str = r#"
name = "telling"
strategy = "cache-aside"
[data]
rows = 50
[traffic]
load = { closed = { clients = 2, think = { exponential = "500us" } } }
operations = 2_000
"#;

/// Lines of JSON, and nothing else.
fn events(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

#[test]
fn a_stream_on_stdout_is_lines_of_json_even_where_a_result_is_compared() {
    let bench = Bench::new(WORKLOAD);
    let first = bench.run(&["--stream", "-"]);
    first.ends_with(0);
    let told = events(&first.stdout);
    let kinds = ["cell", "phase", "window", "measured", "end"];
    for kind in kinds {
        assert!(told.iter().any(|event| event["event"] == kind), "{kind}: {}", first.stdout);
    }
    assert_eq!(told.last().unwrap()["dropped"], 0);
    let counted: f64 = told
        .iter()
        .filter(|event| event["event"] == "window" && event["phase"] == "measuring")
        .map(|window| window["metrics"]["operations"]["value"].as_f64().unwrap())
        .sum();
    assert_eq!(counted, 2_000.0, "the windows of a measurement are all of it");

    let baseline = first.folder().to_str().unwrap();
    let second = bench.run(&["--stream", "-", "--baseline", baseline]);
    events(&second.stdout);
    if first.code == Some(0) && second.measurements()[0].status() == "valid" {
        assert!(second.stderr.contains("these runs did not take turns"), "{}", second.stderr);
    }
}

#[test]
fn a_baseline_of_another_question_is_refused_before_anything_is_measured() {
    let bench = Bench::new(WORKLOAD);
    let first = bench.run(&[]);
    first.ends_with(0);
    let baseline = first.folder().to_str().unwrap();
    let (code, stdout, stderr) = bench.verb(&["run"], &["--set", "data.rows=60", "-b", baseline]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
    // On a machine that made the first run invalid, that is the reason.
    assert!(stderr.contains("data.rows is 50 and 60") || first.code == Some(4), "{stderr}");
}

#[test]
fn metrics_can_be_scraped_while_a_run_goes_on_and_not_after_it() {
    let bench = Bench::new(&WORKLOAD.replace("operations = 2_000", "duration = \"50s\""));
    let run = bench.start(&["--metrics", "0"]);
    let address = eventually("the address is told", || {
        let told = run.stderr();
        let start = told.find("http://")? + "http://".len();
        Some(told[start..].split('/').next()?.to_owned())
    });
    let scrape = || {
        let mut server = TcpStream::connect(&address).ok()?;
        server.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").ok()?;
        let mut text = String::new();
        server.read_to_string(&mut text).ok()?;
        Some(text)
    };
    let text = eventually("operations are counted", || {
        scrape().filter(|text| text.contains("cachebench_operations_total{cell=\"cache-aside\"}"))
    });
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("# EOF\n"), "{text}");
    assert!(text.contains("cachebench_hit_rate_ratio{cell=\"cache-aside\"}"), "{text}");
    run.signal(Signal::SIGINT);
    assert_eq!(run.end().code, Some(130));
    assert!(scrape().is_none());
}
