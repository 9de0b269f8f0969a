use std::time::Duration;

use super::*;
use crate::model::Kind;
use crate::traffic::traces::TraceKey;

/// The requests of these commands, all at the second 100.
fn read(commands: &[&str]) -> Vec<Request> {
    let lines: String =
        commands.iter().map(|command| format!("100.000000 [0 127.0.0.1:5000] {command}\r\n")).collect();
    let mut monitor = Monitor::new(Source::of("OK\r\n".to_owned() + &lines), None);
    let mut requests = Vec::new();
    monitor.read(&mut requests, 1_000).unwrap();
    requests
}

fn request(key: &str, op: Kind, size: Option<u32>, ttl_ms: Option<u64>) -> Request {
    Request {
        at_us: Some(100_000_000),
        key: TraceKey::of(key.as_bytes()),
        op: Some(op),
        size,
        ttl: ttl_ms.map(Duration::from_millis),
    }
}

#[test]
fn commands_are_reads_writes_and_deletes_of_their_keys() {
    use Kind::{Delete, Read, Write};
    for (command, expected) in [
        (r#""get" "user:7""#, vec![request("user:7", Read, None, None)]),
        (r#""MGET" "1" "2""#, vec![request("1", Read, None, None), request("2", Read, None, None)]),
        (r#""HGET" "h" "f""#, vec![request("h", Read, None, None)]),
        (r#""SET" "k" "abc""#, vec![request("k", Write, Some(3), None)]),
        (r#""SET" "k" "a\x00\n" "NX" "EX" "60""#, vec![request("k", Write, Some(3), Some(60_000))]),
        (r#""SET" "k" "EX" "px" "1500""#, vec![request("k", Write, Some(2), Some(1_500))]),
        (r#""SET" "k" "v" "EXAT" "103""#, vec![request("k", Write, Some(1), Some(3_000))]),
        (r#""SET" "k" "v" "PXAT" "90000""#, vec![request("k", Write, Some(1), None)]),
        (r#""SETEX" "k" "60" "abcd""#, vec![request("k", Write, Some(4), Some(60_000))]),
        (r#""PSETEX" "k" "60" "abcd""#, vec![request("k", Write, Some(4), Some(60))]),
        (
            r#""MSET" "a" "1" "b" "22""#,
            vec![request("a", Write, Some(1), None), request("b", Write, Some(2), None)],
        ),
        (r#""HSET" "h" "f" "v""#, vec![request("h", Write, None, None)]),
        (r#""GETEX" "k" "PX" "9""#, vec![request("k", Read, None, Some(9))]),
        (r#""DEL" "a" "b""#, vec![request("a", Delete, None, None), request("b", Delete, None, None)]),
        (r#""UNLINK" "a""#, vec![request("a", Delete, None, None)]),
        (r#""GETDEL" "a""#, vec![request("a", Delete, None, None)]),
    ] {
        assert_eq!(read(&[command]), expected, "{command}");
    }
}

#[test]
fn what_touches_no_entry_is_skipped_and_counted() {
    let skipped = [r#""PING""#, r#""AUTH" "(redacted)""#, r#""TTL" "k""#, r#""GET""#, r#""FLUSHALL""#];
    assert_eq!(read(&skipped), []);
    let lines = skipped.map(|command| format!("1.5 [0 a] {command}\n")).concat();
    let mut monitor = Monitor::new(Source::of(lines), None);
    assert_eq!((monitor.next().unwrap(), monitor.skipped()), (None, 5));
}

#[test]
fn a_script_counts_by_what_it_does_and_not_by_its_call() {
    let text = "1.5 [0 127.0.0.1:5000] \"EVAL\" \"return 1\" \"1\" \"k\"\n1.5 [0 lua] \"INCR\" \"k\"\n";
    let mut monitor = Monitor::new(Source::of(text), None);
    let request = monitor.next().unwrap().unwrap();
    assert_eq!((request.op, request.key), (Some(Kind::Write), TraceKey::of(b"k")));
    assert_eq!((monitor.next().unwrap(), monitor.skipped()), (None, 1));
}

#[test]
fn one_database_may_be_chosen() {
    let text = "1.5 [0 a:1] \"GET\" \"a\"\n1.6 [2 a:1] \"GET\" \"b\"\n";
    for (options, keys) in [(serde_json::json!({}), 2), (serde_json::json!({ "db": 2 }), 1)] {
        let mut trace = (ENTRY.build)(&options, Source::of(text)).unwrap();
        let mut requests = Vec::new();
        trace.read(&mut requests, 9).unwrap();
        assert_eq!(requests.len(), keys, "{options}");
    }
}

#[test]
fn a_wrong_line_is_told_with_its_number() {
    let mut monitor = Monitor::new(Source::of("OK\n1.5 [0 a] \"GET\" \"a\"\n1.5 [0 a] \"GET\" \"a\n"), None);
    assert!(monitor.next().is_ok());
    let error = monitor.next().unwrap_err().to_string();
    assert!(error.starts_with("some.trace, record 3 (line 3): a quote that stays open in `1.5"), "{error}");
    assert!(error.contains("expected a line of MONITOR: 1700000000.123456 [0 "), "{error}");
}

#[test]
fn logs_are_recognised_with_and_without_their_ok() {
    for (head, recognised) in [
        ("OK\n1.5 [0 127.0.0.1:1] \"GET\" \"a\"\n", true),
        ("1.5 [0 lua] \"GET\" \"a\"\n", true),
        ("+OK\n", false),
        ("OK\nfine\n", false),
    ] {
        assert_eq!(recognises(&Sample::new("a.log", head.as_bytes())), recognised, "{head}");
    }
}
