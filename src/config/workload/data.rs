use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Report, Workload};
use crate::model::Size;
use crate::traffic::ValueSize;

/// The rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Data {
    /// Rows that exist before the first operation. May be left out where the keys come from a trace.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// How large the body of a row is.
    pub value: ValueSize,
    /// Everything random follows from it.
    pub seed: u64,
}

impl Default for Data {
    fn default() -> Data {
        Data { rows: None, value: ValueSize::Fixed(Size(256)), seed: 42 }
    }
}

/// Reports what makes no sense about the rows.
pub(super) fn check(workload: &Workload, report: &mut Report) {
    let data = &workload.data;
    if data.rows.is_none() && !workload.traffic.is_trace() {
        report.refuse("data", "`data.rows` is missing", "say how many rows there are: rows = 100_000");
    }
    let cut = || format!("bodies are cut at {} bytes", ValueSize::MAX);
    match &data.value {
        ValueSize::Fixed(size) if size.0 > ValueSize::MAX => report.wrong("data.value.fixed", cut()),
        ValueSize::Uniform { min, max } if min > max => {
            report.wrong("data.value.uniform.min", format!("min {min} is above max {max}"));
        }
        ValueSize::Uniform { max, .. } if max.0 > ValueSize::MAX => {
            report.wrong("data.value.uniform.max", cut());
        }
        ValueSize::Lognormal { median: Size(0), .. } => {
            report.wrong("data.value.lognormal.median", "the median must be above 0");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::refused;

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        refused(&[
            ("rows = 100", "", 2, "`data.rows` is missing"),
            ("[data]", "[data]\nvalue = { uniform = { min = 9, max = 5 } }", 3, "min 9B is above max 5B"),
        ]);
    }
}
