use std::collections::BTreeSet;

use super::Report;
use crate::config::Cell;
use crate::measure::{CellExpectation, Condition, Selector};
use crate::registry::closest;

/// Up to this many values are told.
const FEW: usize = 12;

/// Why a selector chooses no cell, or not one setting, and what would be right.
pub struct Unmatched {
    pub title: String,
    pub help: String,
}

/// Reports expectations that are about no cell.
pub fn check(expectations: &[CellExpectation], cells: &[Cell], report: &mut Report) {
    for (index, one) in expectations.iter().enumerate() {
        if let Some(Unmatched { title, help }) = unmatched(&one.selector, cells) {
            report.refuse(&format!("expect.{index}"), format!("{}: {title}", one.expectation.metric), &help);
        }
    }
}

/// What is wrong with a selector over these cells, if anything.
pub fn unmatched(selector: &Selector, cells: &[Cell]) -> Option<Unmatched> {
    let wrong = selector.conditions.iter().find_map(|condition| wrong(condition, cells));
    wrong.or_else(|| {
        let chosen = cells.iter().any(|cell| selector.chooses(&cell.settings, &cell.workload.strategy.name));
        (!chosen).then(|| Unmatched {
            title: format!("no cell has all of {selector}"),
            help: format!("the cells are: {}", listed(cells.iter().map(Cell::label))),
        })
    })
}

fn wrong(condition: &Condition, cells: &[Cell]) -> Option<Unmatched> {
    let Condition { name, value } = condition;
    let about = paths(cells).into_iter().filter(|path| condition.is_about(path)).collect::<Vec<_>>();
    let title = if condition.is_about_label() {
        format!("no cell is called `{value}`")
    } else if about.len() > 1 {
        let help = format!("write one of: {}", listed(about.into_iter().map(str::to_owned)));
        return Some(Unmatched { title: format!("`{name}` is more than one setting"), help });
    } else if about.is_empty() && !condition.is_about_strategy() {
        return Some(not_compared(name, cells));
    } else {
        format!("no cell has {condition}")
    };
    let is_met = |cell: &Cell| condition.is_met(&cell.settings, &cell.workload.strategy.name);
    if cells.iter().any(is_met) {
        return None;
    }
    let values: Vec<String> = cells.iter().map(|cell| value_of(condition, cell)).collect();
    let help = match closest(value, values.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are: {}", listed(values.into_iter())),
    };
    Some(Unmatched { title, help })
}

fn not_compared(name: &str, cells: &[Cell]) -> Unmatched {
    let paths = paths(cells);
    let last = |path: &&str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let lasts: Vec<String> = paths.iter().map(last).collect();
    let known = paths.iter().copied().chain(lasts.iter().map(String::as_str)).chain(["strategy", "cell"]);
    let help = match closest(name, known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if paths.is_empty() => "the file compares nothing: leave the selector out".into(),
        None => format!("compared are: {}", listed(paths.iter().map(|path| (*path).to_owned()))),
    };
    Unmatched { title: format!("`{name}` is not compared"), help }
}

/// The paths of compared settings.
fn paths(cells: &[Cell]) -> BTreeSet<&str> {
    cells.iter().flat_map(|cell| &cell.settings).map(|setting| setting.path.as_str()).collect()
}

/// What a cell has where a condition wants a value.
fn value_of(condition: &Condition, cell: &Cell) -> String {
    let setting = cell.settings.iter().find(|setting| condition.is_about(&setting.path));
    match setting {
        Some(setting) => setting.label.clone(),
        None if condition.is_about_label() => cell.label(),
        None => cell.workload.strategy.name.clone(),
    }
}

/// Names in a row, each once.
fn listed(names: impl Iterator<Item = String>) -> String {
    let mut distinct: Vec<String> = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    let more = distinct.len().saturating_sub(FEW);
    distinct.truncate(FEW);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", distinct.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problems, told};

    fn with(expect: &str) -> String {
        problems(&format!(
            "name = \"w\"\nexpect = [{expect}]\n[data]\nrows = 9\n[traffic]\nload = {{ closed = {{ clients = 1 }} }}\n\
             duration = \"1s\"\n[compare]\nstrategy = [\"direct\", {{ cache-aside = {{ coherence = \"update\" }} }}]\n\
             \"cache.ttl\" = [\"1s\", \"10s\"]\n"
        ))
    }

    #[test]
    fn a_selector_has_to_choose_a_cell() {
        for right in [
            "\"hit_rate > 0.9\"",
            "\"hit_rate{strategy=cache-aside} > 0.9\", \"hit_rate{strategy=direct, ttl=1s} == 0\"",
            "\"hit_rate{cell=cache-aside (coherence=update) · 10s} > 0.9\"",
        ] {
            assert_eq!(with(right), "", "{right}");
        }
        for (wrong, expected) in [
            ("\"hit_rate{strategy=write-behind} > 0.9\"", "no cell has strategy=write-behind"),
            (
                "\"hit_rate{strategy=write-behind} > 0.9\"",
                "there are: direct, cache-aside (coherence=update)",
            ),
            ("\"hit_rate{strategy=cache_aside} > 0.9\"", "no cell has strategy=cache_aside"),
            ("\"hit_rate{ttl=2m} > 0.9\"", "there are: 1s, 10s"),
            ("\"hit_rate{tll=1s} > 0.9\"", "did you mean `ttl`?"),
            ("\"hit_rate{eviction=allkeys-lru} > 0.9\"", "compared are: cache.ttl, strategy"),
            ("\"hit_rate{cell=direct} > 0.9\"", "no cell is called `direct`"),
        ] {
            told(&with(wrong), 2, expected);
        }
    }

    #[test]
    fn what_is_no_expectation_is_told_at_its_place() {
        for (wrong, expected) in [
            ("\"hit_rat > 0.9\"", "did you mean `hit_rate`?"),
            ("\"read.response.p99 < 5\"", "write 250us, 5ms or 1s"),
            ("\"read.response.p99\"", "is no expectation"),
            ("\"hit_rate{strategy} > 0.9\"", "does not choose cells"),
            ("5", "expected an expectation such as \"hit_rate > 0.9\""),
        ] {
            told(&with(wrong), 2, expected);
        }
    }
}
