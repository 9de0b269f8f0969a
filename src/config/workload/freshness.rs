use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Report, Workload};
use crate::model::{Rate, Time};

/// How freshness is looked at, beside the verdict on every read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Freshness {
    /// Whether every row is looked at in both stores when the load has ended.
    pub audit: bool,
    /// How long after that, in rising order, entries that differ from their rows are looked at again.
    pub recheck: Vec<Time>,
    /// Acknowledged writes a second whose rows are read again 0 ms, 10 ms, 100 ms, 1 s and 10 s later; none are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<Rate>,
}

impl Default for Freshness {
    fn default() -> Freshness {
        let after = |seconds| Time(Duration::from_secs(seconds));
        Freshness { audit: true, recheck: vec![after(1), after(5)], probe: None }
    }
}

/// Reports what makes no sense about how freshness is looked at.
pub(super) fn check(workload: &Workload, report: &mut Report) {
    let Freshness { recheck, probe, .. } = &workload.freshness;
    if !recheck.is_sorted() {
        report.refuse("freshness.recheck", "the times must rise", "write them in order: [\"1s\", \"5s\"]");
    }
    if probe.is_some_and(|rate| !(rate.0.is_finite() && rate.0 > 0.0)) {
        report.refuse("freshness.probe", "the rate must be above 0", "leave it out for no probes");
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::refused;

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        refused(&[
            ("[cache]", "[freshness]\nrecheck = [\"5s\", \"1s\"]\n[cache]", 9, "the times must rise"),
            ("[cache]", "[freshness]\nprobe = 0\n[cache]", 9, "the rate must be above 0"),
        ]);
    }
}
