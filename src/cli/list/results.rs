use std::path::Path;

use super::aligned;
use crate::cli::Printer;
use crate::cli::results;
use crate::measure::{Status, Summary};

/// Prints a line for each result in a folder.
pub fn print(parent: &Path, printer: &Printer) {
    let folders = results::all(parent);
    if folders.is_empty() {
        let shown = parent.display();
        return printer.note(&format!("there is no result in {shown} yet; `cachebench run FILE` makes one"));
    }
    let mut rows = vec![["folder", "workload", "when", "cells", "verdict"].map(str::to_owned).to_vec()];
    for folder in folders {
        let mut row = vec![folder.display().to_string()];
        match results::read(&folder) {
            Ok(summary) => row.extend([
                summary.name.clone(),
                summary.started_at.clone(),
                summary.cells.len().to_string(),
                verdict(&summary),
            ]),
            Err(_) => row.extend(["?", "?", "?", "not to be read by this version"].map(str::to_owned)),
        }
        rows.push(row);
    }
    printer.data(&aligned(&rows));
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
}
