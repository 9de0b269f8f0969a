use super::workload::*;

#[track_caller]
pub fn shows(text: &str, overrides: &[&str], expected: &str) {
    let rendered = problems(text, overrides).render(false);
    assert!(rendered == expected.trim_matches('\n'), "{rendered}");
}

#[test]
fn all_unknown_settings_are_told_at_once() {
    let text = with("[traffic]", "[trafic]").replace("rows =", "row =");
    shows(
        &text,
        &[],
        r"
error: unknown setting `data.row`
 --> w.toml:4:1
  |
4 | row = 100_000
  | ^^^ expected `rows`, `value` or `seed`
  |
  = help: did you mean `rows`?

error: unknown setting `trafic`
 --> w.toml:7:2
  |
7 | [trafic]
  |  ^^^^^^
  |
  = help: did you mean `traffic`?",
    );
}

#[test]
fn a_setting_of_another_table_is_sent_home() {
    shows(
        GOOD,
        &["duration=5s"],
        r"
error: unknown setting `duration`
 --> --set:1:1
  |
1 | duration=5s
  | ^^^^^^^^
  |
  = help: did you mean `traffic.duration`?",
    );
    shows(
        &format!("{GOOD}expect = []\n"),
        &[],
        r"
error: unknown setting `fault.0.expect`
  --> w.toml:20:1
   |
20 | expect = []
   | ^^^^^^ expected `at`, `kill` or `pause`
   |
   = help: `expect` stands at the top of the file, before the first table",
    );
}

#[test]
fn a_missing_setting_is_told_where_it_belongs() {
    shows(
        &with("rows = 100_000\n", ""),
        &[],
        r"
error: missing setting `data.rows`
 --> w.toml:3:1
  |
3 | [data]
  | ^^^^^^ `rows` belongs here: a whole number",
    );
    shows(
        "[data]\nrows = 5\nvalue = { fixed = 1 }\n",
        &[],
        r"
error: missing setting `traffic`
 --> w.toml:1:1
  |
1 | [data]
  | ^ the file has no table `[traffic]`",
    );
}

#[test]
fn a_wrong_duration_is_told_with_right_ones() {
    shows(
        &with("\"20s\"", "\"20 sceonds\""),
        &[],
        r#"
error: wrong value for `traffic.duration`
  --> w.toml:11:12
   |
11 | duration = "20 sceonds"
   |            ^^^^^^^^^^^^ `20 sceonds` is no time; write it as "250ms", "5s" or "1m 30s""#,
    );
    shows(
        &with("\"20s\"", "20"),
        &[],
        r#"
error: wrong value for `traffic.duration`
  --> w.toml:11:12
   |
11 | duration = 20
   |            ^^ expected a time such as "250ms", found the number 20
   |
   = help: give it a unit, as in "20s" or "20ms""#,
    );
}

#[test]
fn a_number_out_of_range_is_told_the_range() {
    for (assignment, label) in [
        ("data.rows=0", "expected at least 1, found 0"),
        ("data.seed=-1", "expected at least 0, found -1"),
        ("traffic.load.open.rate=0", "expected more than 0, found 0"),
        ("traffic.keys={ zipfian = { exponent = 11 } }", "expected 0 to 10, found 11"),
        ("cache.nodes=70_000", "expected 1 to 16, found 70_000"),
        ("cache.maxmemory=-1", "expected at least 0, found -1"),
    ] {
        let told = problems(GOOD, &[assignment]).to_string();
        assert!(told.ends_with(&format!("is out of range: {label}")), "{told}");
    }
}

#[test]
fn a_wrong_type_is_told_the_right_one_and_how_it_was_meant() {
    for (assignment, told) in [
        ("data.rows=1e5", "expected a whole number, found the number 1e5 (write 100000)"),
        ("data.rows='5_0'", "expected a whole number, found the text \"5_0\" (write it without quotes: 5_0)"),
        ("name=42", "expected text, found the number 42 (write it in quotes: '\"42\"')"),
        ("cache.tls=yes", "expected true or false, found the text \"yes\""),
        ("cache.ttl=[]", "expected a time such as \"250ms\", found an empty list"),
        ("traffic.warmup=true", "expected a time such as \"250ms\" or a whole number, found true"),
        ("expect=a < 5", "expected a list, found the text \"a < 5\" (write it as a list: [\"a < 5\"])"),
        ("data=5", "expected a table, found the number 5"),
        ("cache.maxmemory=true", "expected a size such as \"64MB\", found true"),
        ("fault={ at = '1s' }", "expected a list, found a table"),
    ] {
        let shown = problems(GOOD, &[assignment]).to_string();
        assert!(shown.ends_with(told), "{shown}");
    }
    assert!(problems(GOOD, &["traffic.warmup=1000", "cache.maxmemory=64MB", "cache.nodes=3"]).is_empty());
}
