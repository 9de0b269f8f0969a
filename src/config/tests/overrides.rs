use super::messages::shows;
use super::workload::*;
use crate::config::node::NodeValue;

#[test]
fn an_override_is_toml_or_else_text() {
    let mut document = document(GOOD);
    for (assignment, path, json) in [
        ("cache.driver=fred", "cache.driver", serde_json::json!("fred")),
        ("traffic.duration = 5s ", "traffic.duration", serde_json::json!("5s")),
        ("data.rows=1_000", "data.rows", serde_json::json!(1000)),
        ("cache.tls=true", "cache.tls", serde_json::json!(true)),
        ("expect=['a == 1']", "expect", serde_json::json!(["a == 1"])),
        ("name=a = b", "name", serde_json::json!("a = b")),
        ("name=2026-01-02", "name", serde_json::json!("2026-01-02")),
        ("name=\"\"", "name", serde_json::json!("")),
        ("compare.\"cache.ttl\"=['2s']", "compare.\"cache.ttl\"", serde_json::json!(["2s"])),
        ("fault.0.at=11s", "fault.0.at", serde_json::json!("11s")),
        ("traffic.load={ closed.clients = 4 }", "traffic.load.closed.clients", serde_json::json!(4)),
    ] {
        document.set(assignment).unwrap();
        assert_eq!(document.get(path).unwrap().to_json(), json, "{assignment}");
    }
    let NodeValue::Table(root) = &document.root().value else { panic!("the root is a table") };
    let names: Vec<_> = root.iter().map(|(key, _)| key.name.as_str()).collect();
    assert_eq!(names, ["name", "data", "traffic", "compare", "fault", "cache", "expect"]);
}

#[test]
fn an_error_in_an_override_is_shown_in_it() {
    shows(
        GOOD,
        &["traffic.duration=5 parsecs", "cache.nodes=17"],
        r#"
error: wrong value for `traffic.duration`
 --> --set:1:18
  |
1 | traffic.duration=5 parsecs
  |                  ^^^^^^^^^ `5 parsecs` is no time; write it as "250ms", "5s" or "1m 30s"

error: `cache.nodes` is out of range
 --> --set:1:13
  |
1 | cache.nodes=17
  |             ^^ expected 1 to 16, found 17"#,
    );
}

#[test]
fn nothing_is_set_inside_a_value_that_is_no_table() {
    shows(
        &with("{ zipfian = { exponent = 0.99 } }", "\"zipfian\""),
        &["traffic.keys.zipfian.exponent=1.1"],
        r#"
error: cannot set `zipfian.exponent` inside `traffic.keys`, which is the text "zipfian"
 --> --set:1:14
  |
1 | traffic.keys.zipfian.exponent=1.1
  |              ^^^^^^^
  |
 ::: w.toml:8:8
  |
8 | keys = "zipfian"
  |        --------- this value
  |
  = help: replace it whole: `traffic.keys={ zipfian.exponent = 1.1 }`"#,
    );
}

#[test]
fn an_override_that_cannot_be_read_says_what_is_missing() {
    let mut document = document(GOOD);
    for (assignment, told) in [
        ("nothing", "--set:1:1: no value to set (write it as `traffic.duration=5s`)"),
        ("=3", "--set:1:1: no path of a setting: a name is missing here"),
        ("a.=3", "--set:1:3: no path of a setting: a name is missing here"),
        ("a.\"b=3", "--set:1:1: no value to set (write it as `traffic.duration=5s`)"),
        ("a=", "--set:1:3: a value is missing: expected a value (an empty text is written \"\")"),
        ("a=[1,2", "--set:1:7: syntax error: unclosed array, expected `]`"),
        ("fault.3.at=5s", "--set:1:7: cannot set `3.at` inside `fault`, which is a list of 1"),
        ("data.rows.x=5", "--set:1:11: cannot set `x` inside `data.rows`, which is the number 100_000"),
    ] {
        assert_eq!(document.set(assignment).unwrap_err().to_string(), told);
    }
    assert_eq!(document.to_json(), super::workload::document(GOOD).to_json());
}
