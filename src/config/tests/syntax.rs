use super::messages::shows;
use super::workload::*;

#[test]
fn all_syntax_errors_are_told_at_once() {
    shows(
        &with("\"20s\"", "20s").replace("[compare]", "[compare"),
        &[],
        r#"
error: text needs quotes
  --> w.toml:11:12
   |
11 | duration = 20s
   |            ^^^ write "20s"

error: syntax error
  --> w.toml:13:9
   |
13 | [compare
   |         ^ unclosed table, expected `]`"#,
    );
}

#[test]
fn a_setting_made_twice_is_shown_with_the_first() {
    shows(
        &with("rows = 100_000", "rows = 100_000\nrows = 5"),
        &[],
        r"
error: `rows` is set twice
 --> w.toml:5:1
  |
4 | rows = 100_000
  | ---- first set here
5 | rows = 5
  | ^^^^ set here once more",
    );
}

#[test]
fn an_unclosed_list_is_one_error_where_it_should_close() {
    shows(
        &with("\"10s\"]", "\"10s\""),
        &[],
        r#"
error: unclosed list or table
  --> w.toml:15:27
   |
15 | "cache.ttl" = ["1s", "10s"
   |                           ^ expected `,` or the closing bracket"#,
    );
}

#[test]
fn values_that_no_setting_takes_are_told() {
    for (value, told) in [
        ("", "a value is missing: expected a value"),
        ("none", "text needs quotes: write \"none\""),
        ("inner = 5 }", "a brace is missing: a table stands in `{ … }`"),
        ("Ture", "text needs quotes: write \"Ture\" (did you mean `true`?)"),
        ("2026-01-02", "cannot use `2026-01-02`: no setting takes a date; text stands in quotes"),
        ("inf", "cannot use `inf`: this is no number to measure with"),
        ("99999999999999999999", "cannot use `99999999999999999999`: this is no whole number of 64 bits"),
    ] {
        let shown = problems(&with("\"20s\"", value), &[]).to_string();
        assert_eq!(shown, format!("w.toml:11:12: {told}"));
    }
}

#[test]
fn places_count_characters_and_survive_other_line_ends() {
    let text = "\u{feff}name = 'ä'\r\n[data]\r\nrows = 5\r\nvalue = { 'ä' = 1, fixed = 1 }\r\n";
    let told = problems(text, &[]).to_string();
    assert!(told.contains("w.toml:4:11: unknown setting `data.value.\"ä\"`"), "{told}");
    assert!(
        problems(text, &[]).render(false).contains("4 | value = { 'ä' = 1, fixed = 1 }\n  |           ^^^ ")
    );
}

#[test]
fn colours_are_only_where_they_are_wanted() {
    let problems = problems("", &[]);
    assert!(problems.render(true).contains('\u{1b}') && !problems.render(false).contains('\u{1b}'));
}
