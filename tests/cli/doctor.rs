use serde_json::Value as Json;

use super::run;

fn findings(arguments: &[&str]) -> (Option<i32>, Vec<Json>) {
    let answer = run(&[&["doctor", "--format", "json"], arguments].concat());
    assert_eq!(answer.stderr, "");
    (answer.code, serde_json::from_str(&answer.stdout).unwrap())
}

#[test]
fn the_doctor_tells_what_it_found_and_what_helps() {
    let (code, all) = findings(&[]);
    assert_eq!(code, Some(0));
    let states = ["good", "note", "warning", "spoils"];
    for finding in &all {
        assert!(states.contains(&finding["state"].as_str().unwrap()), "{finding}");
        let (is_good, has_remedy) = (finding["state"] == "good", finding["remedy"].is_string());
        assert_eq!(is_good, !has_remedy, "{finding}");
    }
    for check in ["cachebench", "redis-server", "postgres"] {
        assert!(all.iter().any(|finding| finding["check"] == check), "{check}: {all:?}");
    }
    let table = run(&["doctor"]);
    assert_eq!(table.code, Some(0));
    assert!(table.stdout.contains("remedy") && table.stdout.contains("redis-server"), "{}", table.stdout);
}

#[test]
fn only_what_spoils_measurements_fails_a_strict_look() {
    let (code, all) = findings(&["--strict"]);
    let is_spoiled = all.iter().any(|finding| finding["state"] == "spoils");
    assert_eq!(code, Some(if is_spoiled { 3 } else { 0 }));
    // The program under test is a debug build, unless the tests are built for release.
    assert!(is_spoiled || !cfg!(debug_assertions));
    run(&["doctor", "--format", "csv"]).fails(2, &["table, json"]);
}
