use crate::measure::{CellResult, Summary};

/// The most cells that are named each.
const NAMED: usize = 3;

/// Who has the least of a metric.
pub struct Best {
    /// Those that cannot be told from the least, it first.
    pub names: Vec<String>,
    pub value: f64,
    /// The one with the most of it, where that is not alike.
    pub worst: Option<(String, f64)>,
    /// How many have the metric.
    of: usize,
}

impl Best {
    /// The cells with the least of `metric`; nothing where fewer than two cells have it.
    pub fn least(summary: &Summary, metric: &str) -> Option<Best> {
        let has = |cell: &CellResult| Some((cell.label(), cell.median(metric)?, spread(cell, metric)));
        let mut all: Vec<(String, f64, f64)> = summary.cells.iter().filter_map(has).collect();
        if all.len() < 2 {
            return None;
        }
        all.sort_by(|one, other| one.1.total_cmp(&other.1));
        let (_, value, own) = all[0];
        let is_alike = |one: &&(String, f64, f64)| one.1 - value <= own.max(one.2);
        let names: Vec<String> = all.iter().take_while(is_alike).map(|one| one.0.clone()).collect();
        let worst = all.last().filter(|last| !names.contains(&last.0)).map(|last| (last.0.clone(), last.1));
        Some(Best { names, value, worst, of: all.len() })
    }

    /// Whether no cell can be told from another.
    pub fn is_nobody(&self) -> bool {
        self.worst.is_none()
    }

    /// Who it is: `a`, `a and b, alike,`, `all but c, alike,`, `5 cells, alike,`.
    pub fn who(&self) -> String {
        match self.names.as_slice() {
            [one] => one.clone(),
            few if few.len() <= NAMED => format!("{}, alike,", joined(few)),
            _ if self.is_all_but_one() => {
                format!("all but {}, alike,", self.worst.as_ref().map_or("", |worst| worst.0.as_str()))
            }
            many => format!("{} cells, alike,", many.len()),
        }
    }

    /// Whether who it is names the one with the most.
    pub fn is_all_but_one(&self) -> bool {
        self.names.len() > NAMED && self.names.len() + 1 == self.of
    }

    /// Whether who it is takes the verb of several.
    pub fn is_several(&self) -> bool {
        self.names.len() > 1
    }
}

/// How far the measurements of a cell lie apart.
fn spread(cell: &CellResult, metric: &str) -> f64 {
    let values = || cell.measured().into_iter().filter_map(|repeat| repeat.metrics.get(metric));
    let (least, most) = (values().reduce(f64::min), values().reduce(f64::max));
    most.zip(least).map_or(0.0, |(most, least)| most - least)
}

/// Names as a text lists them.
pub fn joined(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
