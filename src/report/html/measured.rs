use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::measure::{RepeatResult, Summary};
use crate::report::quantity::duration_us;
use crate::report::results::context;
use crate::report::shell::quoted;

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
    let file = quoted(&format!("{}.toml", summary.name));
    let searched = summary.cells.iter().find_map(|cell| cell.capacity.as_ref());
    let flag = |name: &str, value: &str| format!(" {name} {}", quoted(value));
    let measure = match (searched, &summary.sweep) {
        (Some(capacity), _) => {
            let all = capacity.expectations.iter().map(|one| flag("--find-max", &one.to_string()));
            format!("cachebench run {file}{}", all.collect::<String>())
        }
        (None, Some(sweep)) => {
            let over = sweep.axes.iter().map(|path| flag("--over", &steps(summary, path)));
            let tolerate = sweep.tolerate.iter().map(|one| flag("--tolerate", &one.to_string()));
            let rest = over.chain(tolerate).collect::<String>();
            format!("cachebench sweep {file}{rest}{}", flag("--minimise", &sweep.minimise))
        }
        (None, None) if summary.is_exact() => {
            let operations = summary.workload.pointer("/traffic/operations").and_then(Json::as_u64);
            let operations = operations.map_or(String::new(), |operations| format!(" -n {operations}"));
            format!("cachebench run {file} --exact{operations}")
        }
        (None, None) => format!("cachebench run {file}"),
    };
    vec![measure, "cachebench show result.json --format html".into()]
}

/// A setting with every value that it had, as a flag takes it: `cache.ttl=1s,10s`.
fn steps(summary: &Summary, path: &str) -> String {
    let mut values: Vec<String> = Vec::new();
    for setting in summary.cells.iter().flat_map(|cell| &cell.settings).filter(|one| one.path == path) {
        let value = setting.value.as_str().map_or_else(|| setting.value.to_string(), str::to_owned);
        if !values.contains(&value) {
            values.push(value);
        }
    }
    format!("{path}={}", values.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{CellResult, CellSetting, ExactCounts, Sweep};

    fn summary(name: &str, cells: Vec<CellResult>) -> Summary {
        let workload = serde_json::json!({ "traffic": { "operations": 2_000 } });
        Summary { name: name.into(), workload, cells, ..Summary::default() }
    }

    #[test]
    fn what_was_counted_is_counted_again() {
        let exact = RepeatResult { exact: Some(ExactCounts::default()), ..RepeatResult::default() };
        let cell = |repeat| CellResult { repeats: vec![repeat], ..CellResult::default() };
        let first = |repeat| reproduce(&summary("w", vec![cell(repeat)])).remove(0);
        assert_eq!(first(exact), "cachebench run w.toml --exact -n 2000");
        assert_eq!(first(RepeatResult::default()), "cachebench run w.toml");
    }

    #[test]
    fn values_are_told_as_a_file_writes_them_and_as_a_shell_reads_them() {
        let cell = |value: Json| {
            let setting = CellSetting { path: "cache.ttl".into(), value, label: "a label".into() };
            CellResult { settings: vec![setting], ..CellResult::default() }
        };
        let sweep = Sweep {
            axes: vec!["cache.ttl".into()],
            tolerate: vec!["stale_rate < 1%".parse().unwrap()],
            minimise: "read.response.p50".into(),
            ..Sweep::default()
        };
        let cells = vec![cell("1s".into()), cell(serde_json::json!(2.5)), cell("1s".into())];
        let told = reproduce(&Summary { sweep: Some(sweep), ..summary("it's", cells) });
        let tolerated = "stale_rate < 1%".parse::<crate::measure::Expectation>().unwrap();
        assert_eq!(
            told[0],
            format!(
                "cachebench sweep 'it'\\''s.toml' --over cache.ttl=1s,2.5 --tolerate '{tolerated}' --minimise \
                 read.response.p50"
            )
        );
    }
}
