use std::collections::BTreeMap;

use serde::Deserialize;

use super::workload::*;
use crate::config::node::NodeValue;
use crate::config::{Document, Problems};
use crate::model::{Size, Time};

#[test]
fn a_good_file_has_no_problems_and_is_read_into_its_types() {
    assert_eq!(problems(GOOD, &[]).render(false), "");
    let workload: Workload = document(GOOD).deserialize().unwrap();
    assert_eq!(workload.data.rows, 100_000);
    assert!(matches!(workload.data.value, ValueSize::Lognormal { median: Size(512), sigma: 0.6 }));
    assert_eq!(workload.traffic.keys.label(), "zipfian (exponent=0.99)");
    assert!(matches!(workload.traffic.load, Load::Open { rate: 4000.0 }));
    assert!(matches!(workload.traffic.warmup, Some(Warmup::Time(Time(five))) if five.as_secs() == 5));
    assert!(matches!(workload.fault[0].action, Action::Kill { node: 0 }));
    assert_eq!(workload.compare["cache.ttl"], serde_json::json!(["1s", "10s"]));
}

#[test]
fn values_are_found_by_path_with_the_place_they_were_written() {
    let document = document(GOOD);
    let sigma = document.get("data.value.lognormal.sigma").unwrap();
    assert_eq!((sigma.origin.text(), sigma.origin.to_string().as_str()), ("0.6", "w.toml:5:50"));
    assert_eq!(document.get(r#"compare."cache.ttl".1"#).unwrap().as_str(), Some("10s"));
    assert_eq!(document.get("fault.0.kill.node").unwrap().value, NodeValue::Integer(0));
    assert_eq!(document.get("data").unwrap().origin.text(), "[data]");
    assert!(document.get("data.seed").is_none() && document.get("fault.1").is_none());
    assert!(document.get("name.x").is_none() && document.get("..").is_none());
}

#[test]
fn every_kind_of_value_is_kept() {
    let text =
        "a = 1_000\nb = -0x1F\nc = 1e3\nd = true\ne.f = 'x'\ng = [[1], {h = 2}]\ni = 18446744073709551615\n";
    let document = document(&text.replace("-0x", "0x"));
    let expected = serde_json::json!({
        "a": 1000, "b": 31, "c": 1000.0, "d": true, "e": { "f": "x" }, "g": [[1], { "h": 2 }], "i": u64::MAX,
    });
    assert_eq!(document.to_json(), expected);
    let read: BTreeMap<String, serde_json::Value> = document.deserialize().unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), expected);
}

#[test]
fn a_cell_of_a_comparison_is_a_copy_with_other_values() {
    let document = document(GOOD);
    let ttl = document.get("compare.\"cache.ttl\".1").unwrap();
    let cell = document.with("cache.ttl", ttl).unwrap();
    assert_eq!(cell.get("cache.ttl"), Some(ttl));
    assert_eq!(document.get("cache.ttl"), None);
    let wrong = document.with("data.rows", ttl).unwrap().deserialize::<Workload>().unwrap_err();
    assert_eq!(wrong.to_string(), r#"w.toml:15:22: expected a whole number from 0, found the text "10s""#);
    let through = document.with("name.x", ttl).unwrap_err();
    let title = r#"w.toml:15:22: cannot set `x` inside `name`, which is the text "catalogue""#;
    assert_eq!(through.to_string(), title);
    assert!(document.with("a..b", ttl).is_err());
}

#[test]
fn values_can_be_taken_out() {
    let mut document = document(GOOD);
    assert!(document.remove("compare").is_some() && document.remove("compare").is_none());
    assert!(document.remove("fault.0").is_some() && document.remove("fault.0").is_none());
    assert!(document.remove("traffic.load.open").is_some());
    assert_eq!(document.to_json()["traffic"]["load"], serde_json::json!({}));
}

fn misfit(text: &str) -> String {
    let document = Document::parse("w.toml".as_ref(), text.into()).unwrap();
    document.deserialize::<Workload>().unwrap_err().to_string()
}

#[test]
fn a_type_that_reads_more_strictly_than_the_schema_still_names_the_place() {
    for (piece, replacement, message) in [
        ("4_000", "\"x\"", "w.toml:9:26: expected a number, found the text \"x\""),
        ("20s", "soon", "w.toml:11:12: `soon` is no time; write it as \"250ms\", \"5s\" or \"1m 30s\""),
        ("rows =", "row =", "w.toml:4:1: unknown setting `row` (did you mean `rows`?)"),
        ("rows = 100_000\n", "", "w.toml:3:1: missing setting `rows`"),
        ("open", "opn", "w.toml:9:10: unknown name `opn` (did you mean `open`?)"),
        ("{ open = { rate = 4_000 } }", "\"open\"", "w.toml:9:8: `open` needs a value: { open = … }"),
        ("{ open = { rate = 4_000 } }", "5", "w.toml:9:8: expected a name, found the number 5"),
        ("warmup = \"5s\"", "warmup = true", "w.toml:10:10: no form of this setting fits the value"),
    ] {
        assert_eq!(misfit(&with(piece, replacement)), message);
    }
}

#[derive(Debug, Deserialize)]
struct Numbers {
    least: i64,
    most: u64,
    share: f32,
    pair: (u8, String),
    absent: Option<bool>,
    present: Option<bool>,
}

#[test]
fn numbers_and_tuples_are_read_as_their_types_want_them() {
    let text = "least = -9223372036854775808\nmost = 18446744073709551615\nshare = 1\npair = [1, 'x']\npresent = true";
    let numbers: Numbers = document(text).deserialize().unwrap();
    assert_eq!((numbers.least, numbers.most, numbers.share), (i64::MIN, u64::MAX, 1.0));
    assert_eq!((numbers.pair, numbers.absent, numbers.present), ((1, "x".into()), None, Some(true)));
}

#[test]
fn a_meaning_that_is_wrong_is_shown_at_the_value_or_at_what_should_hold_it() {
    let document = document(GOOD);
    let mut problems = Problems::new();
    problems.at(&document, "traffic.load.open.rate", "the rate must be below 10", Some("try 5"));
    problems.at(&document, "traffic.cooldown.length", "no cooldown", None);
    problems.at(&document, "chaos", "no chaos", None);
    assert_eq!(
        problems.to_string(),
        "w.toml:1:1: no chaos\nw.toml:7:1: no cooldown\n\
         w.toml:9:26: the rate must be below 10 (try 5)"
    );
}
