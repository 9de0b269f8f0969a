use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::measure::{RepeatResult, Summary};
use crate::report::quantity::duration_us;
use crate::report::results::context;

/// How the numbers came about, as pairs: when, on what, against what.
pub fn facts(summary: &Summary) -> Vec<(String, String)> {
    let mut facts = vec![
        ("Started".to_owned(), summary.started_at.clone()),
        ("Took".to_owned(), format!("{}, servers and seeding included", duration_us(summary.seconds * 1e6))),
    ];
    facts.extend(context(summary).into_iter().enumerate().map(|(place, line)| named(place, line)));
    facts.push(("Host".into(), listed(&summary.host)));
    let first = |facts: fn(&RepeatResult) -> &BTreeMap<String, String>| {
        let repeats = summary.cells.iter().flat_map(|cell| &cell.repeats);
        repeats.map(facts).find(|facts| !facts.is_empty()).map(listed).unwrap_or_default()
    };
    facts.push(("Cache".into(), first(|repeat| &repeat.cache)));
    facts.push(("Database".into(), first(|repeat| &repeat.database)));
    facts.push(("Connections".into(), first(|repeat| &repeat.clients)));
    facts.push(("Every number".into(), "result.json, beside this page where the run wrote both".into()));
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

/// A line of the context under what it is about.
fn named(place: usize, line: String) -> (String, String) {
    let split = |name: &str| line.split_once(&format!("{name}: ")).map(|(_, rest)| rest.to_owned());
    let (name, text) = if let Some(rest) = split("floor") {
        ("Floor", Some(rest))
    } else if line.contains("Little's law: ") {
        ("Little's law", split("Little's law").filter(|_| line.starts_with('L')))
    } else if line.contains("worker threads") {
        ("Clients", None)
    } else if place == 0 {
        ("Machine", None)
    } else if line.contains("; postgres ") {
        ("Servers", None)
    } else {
        ("Remark", None)
    };
    (name.to_owned(), text.unwrap_or(line))
}

fn listed(facts: &BTreeMap<String, String>) -> String {
    let told = |(name, value): (&String, &String)| match value.as_str() {
        "" => format!("{name} \"\""),
        value => format!("{name} {value}"),
    };
    facts.iter().map(told).collect::<Vec<_>>().join(" · ")
}

/// The settings as a workload file, headed by the question; nothing where a summary has none.
pub fn settings(summary: &Summary) -> Option<String> {
    let text = toml::to_string_pretty(&told(&summary.workload)?).ok().filter(|text| !text.is_empty())?;
    let question = summary.question.iter().flat_map(|question| question.lines());
    let head: String = question.map(|line| format!("# {line}\n")).collect();
    Some(format!("{head}{text}"))
}

/// A setting without what is null, which a workload file cannot say.
fn told(value: &Json) -> Option<Json> {
    match value {
        Json::Null => None,
        Json::Object(map) => {
            let kept = map.iter().filter_map(|(name, value)| Some((name.clone(), told(value)?)));
            Some(Json::Object(kept.collect()))
        }
        Json::Array(all) => Some(Json::Array(all.iter().filter_map(told).collect())),
        value => Some(value.clone()),
    }
}

/// The commands that show it again and measure it again.
pub fn reproduce(summary: &Summary) -> Vec<String> {
    let file = format!("{}.toml", summary.name);
    let searched = summary.cells.iter().find_map(|cell| cell.capacity.as_ref());
    let measure = match (searched, &summary.sweep) {
        (Some(capacity), _) => {
            let all = capacity.expectations.iter().map(|one| format!(" --find-max '{one}'"));
            format!("cachebench run {file}{}", all.collect::<String>())
        }
        (None, Some(sweep)) => {
            let values = |path: &String| {
                let mut values: Vec<&str> = Vec::new();
                let own =
                    summary.cells.iter().flat_map(|cell| &cell.settings).filter(|one| one.path == *path);
                for setting in own {
                    if !values.contains(&setting.label.as_str()) {
                        values.push(&setting.label);
                    }
                }
                format!(" --over '{path}={}'", values.join(","))
            };
            let tolerate = sweep.tolerate.iter().map(|one| format!(" --tolerate '{one}'"));
            let rest = sweep.axes.iter().map(values).chain(tolerate).collect::<String>();
            format!("cachebench sweep {file}{rest} --minimise {}", sweep.minimise)
        }
        (None, None) => format!("cachebench run {file}"),
    };
    vec![measure, "cachebench show result.json --format html".into()]
}
