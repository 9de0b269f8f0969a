use std::path::Path;

use super::aligned;
use crate::cli::Printer;
use crate::cli::compare::stored;
use crate::cli::results;
use crate::cli::terminal::plain;
use crate::measure::{Status, Summary};

/// Prints a line for each result and each comparison in a folder.
pub fn print(parent: &Path, printer: &Printer) {
    let folders = results::all_and_comparisons(parent);
    if folders.is_empty() {
        let shown = parent.display();
        return printer.note(&format!("there is no result in {shown} yet; `cachebench run FILE` makes one"));
    }
    let mut rows = vec![["folder", "workload", "when", "cells", "verdict"].map(str::to_owned).to_vec()];
    for folder in folders {
        rows.push(row(&folder));
    }
    printer.data(&aligned(&rows));
}

/// What a folder holds, a cell a column.
fn row(folder: &Path) -> Vec<String> {
    let unread = || ["?", "?", "?", "not to be read by this version"].map(str::to_owned);
    let told = match stored::read(folder) {
        Ok(Some(it)) => [it.name, it.started_at, "comparison".into(), it.outcome.name().into()],
        Ok(None) => results::read(folder).map_or_else(
            |_| unread(),
            |it| [it.name.clone(), it.started_at.clone(), it.cells.len().to_string(), verdict(&it)],
        ),
        Err(_) => unread(),
    };
    let shown = folder.display().to_string();
    std::iter::once(shown).chain(told).map(|cell| plain(&cell)).collect()
}

/// How a run ended, in a few words.
fn verdict(summary: &Summary) -> String {
    let bad = summary.cells.iter().filter(|cell| cell.status() != Status::Valid).count();
    let broken = summary.expectations.iter().filter(|one| one.held != Some(true)).count();
    if summary.interrupted && !summary.is_aborted() {
        "interrupted".into()
    } else if bad > 0 {
        format!("{bad} of {} not valid", summary.cells.len())
    } else if broken > 0 {
        format!("{broken} of {} expectations not met", summary.expectations.len())
    } else {
        "valid".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::comparison::{COMPARISON_FORMAT, Comparison};
    use crate::measure::{CellResult, RepeatResult};

    #[test]
    fn a_verdict_is_that_of_the_worst() {
        let cell = |status| CellResult {
            repeats: vec![RepeatResult { status, ..RepeatResult::default() }],
            ..CellResult::default()
        };
        let told = |statuses: &[Status], interrupted| {
            let cells = statuses.iter().map(|&status| cell(status)).collect();
            verdict(&Summary { cells, interrupted, ..Summary::default() })
        };
        assert_eq!(told(&[Status::Valid], false), "valid");
        assert_eq!(told(&[Status::Valid, Status::Failed], false), "1 of 2 not valid");
        assert_eq!(told(&[Status::Valid], true), "interrupted");
    }

    #[test]
    fn a_comparison_is_listed_by_its_outcome_and_a_name_is_a_plain_line() {
        let folder = tempfile::tempdir().unwrap();
        let comparison = Comparison {
            format: COMPARISON_FORMAT,
            name: "gate\x1b[2J".into(),
            started_at: "then".into(),
            ..Comparison::default()
        };
        let text = serde_json::to_string(&comparison).unwrap();
        std::fs::write(folder.path().join(results::COMPARISON), text).unwrap();
        assert_eq!(row(folder.path())[1..], ["gate [2J", "then", "comparison", "inconclusive"]);
    }
}
