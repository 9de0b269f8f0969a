use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CellResult, CellSetting, Criterion, Demands, Expectation};

/// What a run swept over, and by what a step was to be chosen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sweep {
    /// The dotted paths of the settings, the one whose steps are chosen among first.
    pub axes: Vec<String>,
    /// What a step must show to be chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerate: Vec<Expectation>,
    /// The metric of which the step with the least is chosen.
    pub minimise: String,
    /// What closed forms alone would choose, for each combination of the other settings where they hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_theory: Vec<TheoryChoice>,
    /// Why cells have no closed form beside them, each reason once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_theory: Vec<String>,
}

/// What closed forms alone say of the steps of a sweep.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TheoryChoice {
    /// The other settings.
    pub settings: Vec<CellSetting>,
    /// The best value of the range, in seconds; nothing where none satisfies.
    pub best_s: Option<f64>,
    /// Whether that is an end of the range, so that a better one may lie beyond.
    pub is_at_end: bool,
}

/// The steps of a sweep that differ in nothing but its first setting.
pub struct Row<'a> {
    /// The other settings.
    pub settings: Vec<&'a CellSetting>,
    /// The places of its cells among all, in the order of the steps.
    pub cells: Vec<usize>,
}

impl Sweep {
    /// The dotted path of the setting whose steps are chosen among.
    pub fn path(&self) -> &str {
        self.axes.first().map_or("", String::as_str)
    }

    /// By what a step is chosen.
    pub fn demands(&self) -> Demands {
        Demands { require: self.tolerate.clone(), criteria: vec![Criterion::least(&self.minimise)] }
    }

    /// The cells as rows of steps.
    pub fn rows<'a>(&self, cells: &'a [CellResult]) -> Vec<Row<'a>> {
        let mut rows: Vec<Row> = Vec::new();
        for (index, cell) in cells.iter().enumerate() {
            let of = |row: &&mut Row| cells[row.cells[0]].is_like(cell, self.path());
            match rows.iter_mut().find(of) {
                Some(row) => row.cells.push(index),
                None => {
                    let rest = cell.settings.iter().filter(|setting| setting.path != self.path());
                    rows.push(Row { settings: rest.collect(), cells: vec![index] });
                }
            }
        }
        rows
    }

    /// How tables call what the steps of a row have in common; empty where that is nothing.
    pub fn label(&self, row: &Row) -> String {
        let label = |setting: &&CellSetting| match self.axes.contains(&setting.path) {
            // A number alone says nothing.
            true => format!("{} = {}", setting.path, setting.label),
            false => setting.label.clone(),
        };
        row.settings.iter().map(label).collect::<Vec<_>>().join(" · ")
    }

    /// How tables call the step of a cell.
    pub fn step<'a>(&self, cell: &'a CellResult) -> &'a str {
        let own = cell.settings.iter().find(|setting| setting.path == self.path());
        own.map_or("–", |setting| setting.label.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(settings: &[(&str, &str)]) -> CellResult {
        let setting = |&(path, label): &(&str, &str)| CellSetting {
            path: path.into(),
            value: label.into(),
            label: label.into(),
        };
        CellResult { settings: settings.iter().map(setting).collect(), ..CellResult::default() }
    }

    #[test]
    fn cells_that_differ_in_their_step_alone_are_a_row() {
        let (ttl, strategy) = ("cache.ttl", "strategy");
        let cells: Vec<CellResult> = [("a", "1s"), ("a", "2s"), ("b", "1s"), ("b", "2s")]
            .iter()
            .map(|&(one, step)| cell(&[(strategy, one), (ttl, step)]))
            .collect();
        let sweep = Sweep { axes: vec![ttl.into()], ..Sweep::default() };
        let rows = sweep.rows(&cells);
        let told: Vec<_> = rows.iter().map(|row| (sweep.label(row), row.cells.clone())).collect();
        assert_eq!(told, [("a".to_owned(), vec![0, 1]), ("b".to_owned(), vec![2, 3])]);
        assert_eq!(sweep.step(&cells[3]), "2s");
        let both = Sweep { axes: vec![ttl.into(), strategy.into()], ..Sweep::default() };
        assert_eq!(both.label(&rows[1]), "strategy = b");
    }
}
