use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::check::check;
use super::workload::{self, eviction, expect, semantics, tick, tls};
use super::{Document, Exact, Node, Origin, Override, Problem, Problems, Workload};
use crate::measure::{CellExpectation, CellSetting, label_of};
use crate::mitigation::Stack;
use crate::registry::Choice;
use crate::servers::redact;
use crate::strategy;

/// A workload file that has been read and found right. Each cell expects what is expected of it.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub path: PathBuf,
    /// The workload without its comparison applied.
    pub workload: Workload,
    /// The comment at the head of the file: the question it answers.
    pub question: Option<String>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<String>,
    /// One for every combination of compared settings, in the order of the file.
    pub cells: Vec<Cell>,
    /// The eviction policies that are named, each with its place: only the server knows which there are.
    pub policies: Vec<(String, Origin)>,
}

/// One combination of the compared settings.
#[derive(Clone, Debug)]
pub struct Cell {
    pub settings: Vec<CellSetting>,
    pub workload: Workload,
}

/// Most combinations a run may have.
const MOST_CELLS: usize = 1_000;

/// Reads a workload from its text, applies the overrides, and checks it and every cell of its comparison.
///
/// # Errors
/// All problems that were found, each with its place.
pub fn load(path: &Path, text: String, overrides: &[String]) -> Result<Loaded, Problems> {
    read(path, text, &set(overrides), None)
}

/// As [`load`], to be counted rather than timed. Cells that cannot be are left out, and told.
///
/// # Errors
/// As those of [`load`], and when no cell can be counted.
pub fn load_exact(path: &Path, text: String, overrides: &[String], exact: Exact) -> Result<Loaded, Problems> {
    load_changed(path, text, &set(overrides), Some(exact))
}

/// As [`load`] or, to be counted, as [`load_exact`], with overrides that know where they come from.
///
/// # Errors
/// As those of both.
pub fn load_changed(
    path: &Path,
    text: String,
    overrides: &[Override],
    exact: Option<Exact>,
) -> Result<Loaded, Problems> {
    let Some(exact) = exact else { return read(path, text, overrides, None) };
    let exact = exact.ticking(&read(path, text.clone(), overrides, Some(exact))?.cells);
    read(path, text, overrides, Some(exact))
}

fn set(overrides: &[String]) -> Vec<Override> {
    overrides.iter().map(|assignment| Override::set(assignment)).collect()
}

fn read(path: &Path, text: String, overrides: &[Override], exact: Option<Exact>) -> Result<Loaded, Problems> {
    let question = question(&text);
    let mut document = Document::parse(path, text)?;
    let mut problems = Problems::new();
    for one in overrides {
        problems.merge(one.apply(&mut document).err().unwrap_or_default());
    }
    if let Some(exact) = exact {
        problems.merge(exact.rewrite(&mut document).err().unwrap_or_default());
    }
    let schema = workload::schema();
    problems.merge(check(&document, &schema));
    let combinations = combinations(&document, &mut problems);
    let mut bare = document.clone();
    bare.remove("compare");
    let mut documents = Vec::new();
    for settings in &combinations {
        let mut cell = bare.clone();
        for (path, value) in settings {
            match cell.with(path, value) {
                Ok(with) => cell = with,
                Err(wrong) => problems.merge(wrong),
            }
        }
        problems.merge(check(&cell, &schema));
        documents.push(cell);
    }
    // What does not have the shape of a workload cannot be looked at any closer.
    problems.or(())?;
    let mut workload: Workload = document.deserialize()?;
    workload.compare.settings.iter_mut().for_each(|(path, values)| hide_secrets(path, values));
    let mut described = Vec::new();
    for (document, settings) in documents.into_iter().zip(combinations) {
        let settings = settings.into_iter().map(|(path, value)| setting(path, value)).collect();
        let workload = document.deserialize()?;
        described.push((document, Cell { settings, workload }));
    }
    let mut left_out = leave_out(&mut described, "measured", refusal);
    if exact.is_some() {
        let uncountable = |cell: &Cell| tick::refusal(&cell.workload).map(str::to_owned);
        left_out.extend(leave_out(&mut described, "counted exactly", uncountable));
    }
    let (documents, cells): (Vec<_>, Vec<_>) = described.into_iter().unzip();
    let mut problems = Problems::new();
    let both: Vec<_> = documents.iter().zip(&cells).collect();
    for (document, cell) in &both {
        semantics::check(document, &cell.workload, &mut problems);
    }
    semantics::check_keys(&both, &mut problems);
    semantics::check_together(&document, &workload, &cells, &mut problems);
    tls::check(path, &document, &both, &mut problems);
    let warnings = semantics::warnings(&cells).into_iter().chain(left_out).collect();
    let policies = eviction::named(both.into_iter());
    let mut loaded = Loaded { path: path.to_path_buf(), workload, question, warnings, cells, policies };
    loaded.cells.iter_mut().for_each(Cell::keep_own_expectations);
    problems.or(loaded)
}

impl Loaded {
    /// Expects this as well, beside what the file expects.
    ///
    /// # Errors
    /// Where it is about no cell: what is wrong, and what would be right.
    pub fn expect(&mut self, more: &[CellExpectation]) -> Result<(), String> {
        for one in more {
            if let Some(expect::Unmatched { title, help }) = expect::unmatched(&one.selector, &self.cells) {
                return Err(format!("{}: {title}; {help}", one.expectation.metric));
            }
        }
        self.workload.expect.extend_from_slice(more);
        for cell in &mut self.cells {
            cell.workload.expect.extend_from_slice(more);
            cell.keep_own_expectations();
        }
        Ok(())
    }
}

impl Cell {
    /// How tables call it.
    pub fn label(&self) -> String {
        label_of(&self.settings, &self.workload.strategy.name)
    }

    /// Leaves out what is expected of other cells.
    fn keep_own_expectations(&mut self) {
        let Cell { settings, workload } = self;
        workload.expect.retain(|one| one.selector.chooses(settings, &workload.strategy.name));
    }
}

/// Leaves out the cells that are refused, where others remain; says which are not measured or counted, and why.
fn leave_out(
    described: &mut Vec<(Document, Cell)>,
    what: &str,
    refusal: impl Fn(&Cell) -> Option<String>,
) -> Vec<String> {
    let refusals: Vec<Option<String>> = described.iter().map(|(_, cell)| refusal(cell)).collect();
    if refusals.iter().all(Option::is_some) {
        return Vec::new();
    }
    let mut left_out = BTreeMap::<&String, BTreeSet<String>>::new();
    for ((_, cell), reason) in described.iter().zip(&refusals) {
        if let Some(reason) = reason {
            let Workload { strategy, mitigation, .. } = &cell.workload;
            let pair = format!("{} with {}", strategy.label(), mitigation.label());
            left_out.entry(reason).or_default().insert(pair);
        }
    }
    let told = left_out.iter().map(|(reason, pairs)| {
        let pairs: Vec<_> = pairs.iter().map(String::as_str).collect();
        format!("not {what}: {} ({reason})", pairs.join(", "))
    });
    let told = told.collect();
    let mut refused = refusals.iter().map(Option::is_some);
    described.retain(|_| !refused.next().unwrap_or(false));
    told
}

/// Why the strategy and the mitigation of a cell do not go together, where both are compared.
fn refusal(cell: &Cell) -> Option<String> {
    let is_compared = |path: &&str| cell.settings.iter().any(|setting| setting.path == **path);
    if !["strategy", "mitigation"].iter().all(is_compared) {
        return None;
    }
    // What is wrong with a mitigation by itself is told elsewhere.
    let guards = cell.workload.guards().ok()?;
    strategy::check_guards(&cell.workload.strategy, guards).err().map(|reason| reason.to_string())
}

/// Every combination of the compared settings: paths with values, the first setting varying slowest.
fn combinations(document: &Document, problems: &mut Problems) -> Vec<Vec<(String, Node)>> {
    let mut all: Vec<Vec<(String, Node)>> = vec![Vec::new()];
    let compared = document.get("compare").and_then(Node::as_table);
    for (key, node) in compared.into_iter().flat_map(|table| table.iter()) {
        let Some(values) = node.as_array().filter(|_| !["repeat", "at_once"].contains(&key.name.as_str()))
        else {
            continue;
        };
        if values.is_empty() {
            problems
                .push(Problem::new(node.origin.clone(), format!("`{}` has no value to compare", key.name)));
        }
        if all.len() * values.len() > MOST_CELLS {
            let text = format!("more than {MOST_CELLS} combinations to compare");
            problems.push(Problem::new(node.origin.clone(), text));
            break;
        }
        all = all
            .iter()
            .flat_map(|settings| {
                values.iter().map(|value| {
                    let mut settings = settings.clone();
                    settings.push((key.name.clone(), value.clone()));
                    settings
                })
            })
            .collect();
    }
    all
}

fn setting(path: String, value: Node) -> CellSetting {
    let mut json = value.to_json();
    hide_secrets(&path, &mut json);
    let choice = || serde_json::from_value::<Choice>(json.clone()).map(|choice| choice.label());
    let stack = || serde_json::from_value::<Stack>(json.clone()).map(|stack| stack.label());
    let label = if path == "mitigation" { stack() } else { choice() };
    let label = options(&json).or(label.ok()).unwrap_or_else(|| json.to_string());
    CellSetting { path, value: json, label }
}

/// The label of a table of plain options, which is no choice of one of several: `failures=5, then=next-node`.
fn options(json: &serde_json::Value) -> Option<String> {
    let option = |(name, value): (&String, &serde_json::Value)| match value {
        serde_json::Value::String(text) => Some(format!("{name}={text}")),
        serde_json::Value::Number(number) => Some(format!("{name}={number}")),
        serde_json::Value::Bool(flag) => Some(format!("{name}={flag}")),
        _ => None,
    };
    let all: Option<Vec<String>> = json.as_object()?.iter().map(option).collect();
    all.filter(|all| !all.is_empty()).map(|all| all.join(", "))
}

/// Hides the passwords of addresses, and where keys are: what is compared names its cell, in tables and in results.
fn hide_secrets(path: &str, value: &mut Json) {
    match value {
        Json::String(text) if path.starts_with("cache.tls") => *text = "***".into(),
        Json::String(text) if text.contains("://") => *text = redact(text),
        Json::Array(items) => items.iter_mut().for_each(|item| hide_secrets(path, item)),
        Json::Object(settings) => settings.values_mut().for_each(|value| hide_secrets(path, value)),
        _ => {}
    }
}

/// The comment lines at the head of the file, without their marks; a `#:schema` line is none of them.
fn question(text: &str) -> Option<String> {
    let lines: Vec<&str> = text
        .lines()
        .skip_while(|line| line.trim().is_empty() || line.starts_with("#:"))
        .take_while(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim())
        .collect();
    let first = lines.split(|line| line.is_empty()).next().unwrap_or_default();
    (!first.is_empty()).then(|| first.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::Address;

    const HEAD: &str = "# Which one?\n# And why?\n#\n# Notes.\nname = \"test\"\n[data]\nrows = 100\n\
        [traffic]\nload = { closed = { clients = 2 } }\nduration = \"1s\"\n";

    fn loaded(tail: &str, overrides: &[&str]) -> Result<Loaded, Problems> {
        let overrides: Vec<String> = overrides.iter().map(|text| text.to_string()).collect();
        load(Path::new("test.toml"), format!("{HEAD}{tail}"), &overrides)
    }

    #[test]
    fn every_combination_is_a_cell() {
        let tail = "[compare]\nstrategy = [\"direct\", { cache-aside = { coherence = \"update\" } }]\n\
            \"cache.ttl\" = [\"1s\", \"10s\"]\nrepeat = 3\n";
        let loaded = loaded(tail, &["cache.driver=fred"]).unwrap();
        assert_eq!(loaded.question.as_deref(), Some("Which one? And why?"));
        assert_eq!(loaded.workload.compare.repeat, 3);
        let labels: Vec<String> = loaded
            .cells
            .iter()
            .map(|cell| cell.settings.iter().map(|s| s.label.clone()).collect::<Vec<_>>().join(" · "))
            .collect();
        assert_eq!(
            labels,
            [
                "direct · 1s",
                "direct · 10s",
                "cache-aside (coherence=update) · 1s",
                "cache-aside (coherence=update) · 10s"
            ]
        );
        assert!(loaded.cells.iter().all(|cell| cell.workload.cache.driver.name == "fred"));
    }

    #[test]
    fn a_compared_address_is_used_with_its_password_and_shown_without() {
        let loaded = loaded("[compare]\n\"cache.url\" = [\"redis://me:hunter2@host\"]\n", &[]).unwrap();
        let (cell, setting) = (&loaded.cells[0], &loaded.cells[0].settings[0]);
        assert!(matches!(&cell.workload.cache.url, Address::External(url) if url.contains("hunter2")));
        let shown = format!("{setting:?} {}", serde_json::to_string(&loaded.workload).unwrap());
        assert!(shown.contains("redis://me:***@host") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn without_a_comparison_there_is_one_cell() {
        let loaded = loaded("", &[]).unwrap();
        assert_eq!(loaded.cells.len(), 1);
        assert_eq!(loaded.cells[0].workload.strategy.name, "cache-aside");
    }

    #[test]
    fn what_is_set_is_not_compared() {
        let tail = "[compare]\nstrategy = [\"direct\", \"cache-aside\"]\n\"cache.ttl\" = [\"1s\", \"10s\"]\n";
        let loaded = loaded(tail, &["strategy=cache-aside", "cache.ttl=5s"]).unwrap();
        assert_eq!(loaded.cells.len(), 1);
        assert_eq!(loaded.cells[0].workload.cache.ttl.unwrap().to_string(), "5s");
    }

    #[test]
    fn several_unknown_names_are_reported_at_once() {
        let tail = "[compare]\nstrategy = [\"dirct\", \"cache-asid\"]\n[cahe]\nttl = \"1s\"\n";
        let text = loaded(tail, &[]).unwrap_err().render(false);
        for wrong in ["dirct", "cache-asid", "cahe"] {
            assert!(text.contains(wrong), "{text}");
        }
        assert!(text.contains("direct") && text.contains("cache-aside"), "{text}");
    }

    #[test]
    fn a_compared_path_that_is_no_setting_is_an_error() {
        let text = loaded("[compare]\n\"cache.ttll\" = [\"1s\"]\n", &[]).unwrap_err().render(false);
        assert!(text.contains("`cache.ttll`") && text.contains("did you mean `ttl`"), "{text}");
    }
}
