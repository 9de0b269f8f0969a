use crate::measure::Summary;

/// A column of a table with a row for each cell.
pub struct Column {
    header: &'static str,
    metric: &'static str,
    write: fn(f64) -> String,
    is_seldom: bool,
}

impl Column {
    /// The medians of a metric, as `write` puts them; left out where no cell has one.
    pub const fn new(header: &'static str, metric: &'static str, write: fn(f64) -> String) -> Column {
        Column { header, metric, write, is_seldom: false }
    }

    /// One that is left out as well where all cells have 0 in it.
    pub const fn seldom(header: &'static str, metric: &'static str, write: fn(f64) -> String) -> Column {
        Column { header, metric, write, is_seldom: true }
    }

    fn is_told(&self, summary: &Summary) -> bool {
        let has_number = summary.cells.iter().any(|cell| cell.median(self.metric).is_some());
        has_number && (!self.is_seldom || total(summary, self.metric) > 0.0)
    }
}

/// A header and a row for each cell, without the columns that tell nothing.
pub fn sheet(summary: &Summary, columns: &[Column]) -> Vec<Vec<String>> {
    let columns: Vec<&Column> = columns.iter().filter(|column| column.is_told(summary)).collect();
    let mut rows = vec![vec!["cell".to_owned()]];
    rows[0].extend(columns.iter().map(|column| column.header.to_owned()));
    for cell in &summary.cells {
        let mut row = vec![cell.label()];
        row.extend(columns.iter().map(|column| cell.median(column.metric).map_or("–".into(), column.write)));
        rows.push(row);
    }
    rows
}

/// The sum of a metric over all cells; 0 where there is none.
pub fn total(summary: &Summary, metric: &str) -> f64 {
    summary.cells.iter().filter_map(|cell| cell.median(metric)).sum()
}

#[cfg(test)]
mod tests {
    use crate::measure::names;
    use crate::report::{freshness, pressure, results, stampedes};

    #[test]
    fn every_column_is_a_metric() {
        let names = names();
        let sheets = [
            results::COLUMNS,
            freshness::READS,
            freshness::WRITES,
            stampedes::LOADS,
            stampedes::GUARDS,
            pressure::MEMORY,
        ];
        for column in sheets.into_iter().flatten() {
            assert!(names.iter().any(|(name, _)| name == column.metric), "{}", column.metric);
        }
    }
}
