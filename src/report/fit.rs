use tabled::builder::Builder;
use tabled::grid::util::string::{get_line_width, get_text_width};
use tabled::settings::object::{Columns, Rows};
use tabled::settings::{Alignment, Style, Width};

use super::fold::fold;

/// No column of texts is made narrower to fit.
const NARROWEST: usize = 12;

/// A table whose first column names and whose others are numbers.
///
/// Where it is wider than `width`, its header is wrapped; where that is not enough, it is told in several tables, one below
/// the other, that all begin with the first column.
pub fn numbers(rows: Vec<Vec<String>>, width: Option<usize>) -> String {
    match width {
        Some(width) if total(&widths(&rows)) > width => {
            let tables = blocks(&narrowed(rows, width), width);
            tables.into_iter().map(aligned).collect::<Vec<_>>().join("\n")
        }
        _ => aligned(rows),
    }
}

/// A table of texts, each column at most so many letters wide: less, where the whole is wider than `width`.
pub fn wrapped(rows: Vec<Vec<String>>, letters: usize, width: Option<usize>) -> String {
    let natural = widths(&rows);
    let fits = |letters: &usize| {
        let taken: Vec<usize> = natural.iter().map(|&column| column.min(*letters)).collect();
        width.is_none_or(|width| total(&taken) <= width)
    };
    match (NARROWEST.min(letters)..=letters).rev().find(fits) {
        Some(letters) => folded(rows, letters),
        None => {
            let width = width.unwrap_or(usize::MAX);
            let rows = each(rows, |_, cell| fold(&cell, NARROWEST));
            let tables = blocks(&rows, width).into_iter().map(|rows| folded(rows, NARROWEST));
            tables.collect::<Vec<_>>().join("\n")
        }
    }
}

fn aligned(rows: Vec<Vec<String>>) -> String {
    let mut table = Builder::from_iter(rows).build();
    table
        .with(Style::rounded())
        .modify(Columns::new(1..), Alignment::right())
        .modify(Rows::first(), Alignment::left());
    table.to_string()
}

fn folded(rows: Vec<Vec<String>>, letters: usize) -> String {
    let mut table = Builder::from_iter(rows).build();
    table.with(Style::rounded()).modify(Columns::new(..), Width::wrap(letters).keep_words(true));
    table.to_string()
}

/// The letters that each column takes.
fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let of = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| get_text_width(cell))
            .max()
            .unwrap_or_default()
    };
    (0..columns).map(of).collect()
}

/// What a table of such columns takes, with its borders.
fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + 3 * widths.len() + 1
}

fn each(rows: Vec<Vec<String>>, change: impl Fn(usize, String) -> String) -> Vec<Vec<String>> {
    let row =
        |row: Vec<String>| row.into_iter().enumerate().map(|(column, cell)| change(column, cell)).collect();
    rows.into_iter().map(row).collect()
}

/// With headers no wider than what is below them, where their words allow it, and columns of which two fit side by side.
fn narrowed(mut rows: Vec<Vec<String>>, width: usize) -> Vec<Vec<String>> {
    let body = widths(rows.get(1..).unwrap_or_default());
    if let Some(header) = rows.first_mut() {
        for (column, cell) in header.iter_mut().enumerate() {
            let longest = cell.split([' ', '\n']).map(get_line_width).max().unwrap_or_default();
            *cell = fold(cell, body.get(column).copied().unwrap_or_default().max(longest).max(1));
        }
    }
    let first = widths(&rows).first().copied().unwrap_or_default().min((width / 3).max(NARROWEST));
    let most = width.saturating_sub(total(&[first, 0])).max(1);
    each(rows, |column, cell| fold(&cell, if column == 0 { first } else { most }))
}

/// The table as several that fit, column after column, each with the first column.
fn blocks(rows: &[Vec<String>], width: usize) -> Vec<Vec<Vec<String>>> {
    let widths = widths(rows);
    let mut blocks: Vec<Vec<usize>> = vec![vec![0]];
    for column in 1..widths.len() {
        let Some(block) = blocks.last_mut() else { break };
        let taken: Vec<usize> = block.iter().chain([&column]).map(|&column| widths[column]).collect();
        if total(&taken) > width && block.len() > 1 {
            blocks.push(vec![0, column]);
        } else {
            block.push(column);
        }
    }
    let part = |columns: &Vec<usize>| {
        let row = |row: &Vec<String>| columns.iter().filter_map(|&column| row.get(column).cloned()).collect();
        rows.iter().map(row).collect()
    };
    blocks.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(columns: usize) -> Vec<Vec<String>> {
        let row = |name: &str, cell: fn(usize) -> String| {
            [name.to_owned()].into_iter().chain((0..columns).map(cell)).collect()
        };
        vec![
            row("cell", |column| format!("metric number {column}")),
            row("cache-aside", |column| column.to_string()),
        ]
    }

    #[test]
    fn what_fits_is_left_alone() {
        assert_eq!(numbers(rows(3), None), numbers(rows(3), Some(200)));
        assert_eq!(wrapped(rows(3), 60, None), wrapped(rows(3), 60, Some(200)));
    }

    #[test]
    fn headers_are_wrapped_first_and_columns_told_below_then() {
        let table = numbers(rows(2), Some(40));
        assert_eq!(
            table,
            "╭─────────────┬────────┬────────╮\n\
             │ cell        │ metric │ metric │\n\
             │             │ number │ number │\n\
             │             │ 0      │ 1      │\n\
             ├─────────────┼────────┼────────┤\n\
             │ cache-aside │      0 │      1 │\n\
             ╰─────────────┴────────┴────────╯"
        );
        let tables = numbers(rows(6), Some(40));
        let names = tables.lines().filter(|line| line.contains("cache-aside"));
        let told: Vec<&str> = names.collect();
        assert_eq!(
            told,
            [
                "│ cache-aside │      0 │      1 │",
                "│ cache-aside │      2 │      3 │",
                "│ cache-aside │      4 │      5 │"
            ]
        );
    }

    #[test]
    fn no_line_is_wider_than_what_it_has_to_fit() {
        for width in [30, 40, 60, 80, 120, 200] {
            for columns in 1..14 {
                for table in [numbers(rows(columns), Some(width)), wrapped(rows(columns), 23, Some(width))] {
                    let widest = table.lines().map(get_line_width).max();
                    assert!(widest <= Some(width), "{width}, {columns}:\n{table}");
                }
            }
        }
    }
}
