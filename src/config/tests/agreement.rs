use std::path::Path;

use schemars::schema_for;

use super::workload::*;
use crate::config::Document;
use crate::config::check::check;
use crate::model::{Size, Time};

fn validator(schema: &serde_json::Value) -> jsonschema::Validator {
    jsonschema::options()
        .should_validate_formats(true)
        .with_format("length-of-time", |text: &str| text.parse::<Time>().is_ok())
        .with_format("size", |text: &str| text.parse::<Size>().is_ok())
        .build(schema)
        .unwrap()
}

/// Files with one mistake each: a letter too few, a letter too many, a line too few, an early end.
fn damaged() -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for (index, letter) in GOOD.char_indices() {
        let (before, after) = (&GOOD[..index], &GOOD[index + letter.len_utf8()..]);
        files.push(format!("{before}{after}"));
        files.push(format!("{before}{letter}{letter}{after}"));
        files.push(format!("{before}ä{after}"));
        files.push(before.to_owned());
    }
    let lines: Vec<_> = GOOD.lines().collect();
    for skipped in 0..lines.len() {
        let kept = lines.iter().enumerate().filter(|(index, _)| *index != skipped);
        files.push(kept.map(|(_, line)| format!("{line}\n")).collect());
    }
    files
}

#[test]
fn the_checker_rejects_what_a_json_schema_validator_rejects() {
    let schema = schema_for!(Workload);
    let validator = validator(schema.as_value());
    let (mut accepted, mut rejected) = (0, 0);
    for text in damaged() {
        match Document::parse(Path::new("w.toml"), text.clone()) {
            Err(problems) => assert!(!problems.render(false).is_empty()),
            Ok(document) => {
                let problems = check(&document, schema.as_value());
                let rendered = problems.render(false);
                assert_eq!(
                    problems.is_empty(),
                    validator.is_valid(&document.to_json()),
                    "{rendered}\n{text}"
                );
                let read = document.deserialize::<Workload>();
                assert!(
                    read.is_ok() || !problems.is_empty(),
                    "{read:?}
{text}"
                );
                *(if problems.is_empty() { &mut accepted } else { &mut rejected }) += 1;
            }
        }
    }
    assert!(accepted > 100 && rejected > 200, "{accepted} accepted, {rejected} rejected");
}
