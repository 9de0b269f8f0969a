use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{LoadSetting, Report, Timeouts, Warmup, Workload};
use crate::config::Cell;
use crate::model::{Kind, Time};
use crate::registry::{Choice, choice_schema};
use crate::traffic::{Absent, KEYS, MultiRead, Scan, Shift, Weights};

/// The requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrafficSettings {
    /// How often each kind of operation comes; a trace that has operations needs none.
    #[serde(default = "reads_only")]
    pub mix: Weights,
    /// How many rows a multi-read asks for, and how they are fetched.
    #[serde(default)]
    pub multi_read: MultiRead,
    /// Which rows are asked for.
    #[serde(default = "default_keys")]
    #[schemars(schema_with = "key_distributions")]
    pub keys: Choice,
    /// Reads of rows that never exist; without it, there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<Absent>,
    /// Reads that go through the rows in their order; without it, there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan: Option<Scan>,
    /// How popularity moves on; without it, the same rows stay popular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<Shift>,
    /// How operations are started.
    pub load: LoadSetting,
    /// Load before the measurement, which is not counted: a time, `{ operations = N }`, or
    /// "until hit rate is stable".
    #[serde(default)]
    pub warmup: Warmup,
    /// How long the measurement lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Time>,
    /// How many operations are measured, instead of a duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub operations: Option<u64>,
    /// Logical time: each operation moves it on by so much, and entries live by it instead of the clock, so that what is
    /// counted follows from the operations alone. For one client; see `cachebench run --exact`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick: Option<Time>,
    /// An operation that takes longer fails: a time for all, or one for each kind.
    #[serde(default)]
    pub timeout: Timeouts,
}

fn default_keys() -> Choice {
    Choice::named("zipfian")
}

fn reads_only() -> Weights {
    Weights { read: 1.0, ..Weights::default() }
}

fn key_distributions(generator: &mut SchemaGenerator) -> Schema {
    choice_schema(KEYS, generator)
}

impl TrafficSettings {
    /// Whether the keys come from a trace.
    pub fn is_trace(&self) -> bool {
        self.keys.name == "trace"
    }

    /// An option of the keys that is a number, where it is given.
    pub(super) fn key_number(&self, name: &str) -> Option<u64> {
        self.keys.options.get(name)?.as_u64()
    }

    /// An option of the keys that is a text, where it is given.
    pub(super) fn key_text(&self, name: &str) -> Option<&str> {
        self.keys.options.get(name)?.as_str()
    }
}

/// Reports what makes no sense about the requests.
pub(super) fn check(workload: &Workload, report: &mut Report) {
    keys(workload, report);
    scan(workload, report);
    multi_read(workload, report);
    load(&workload.traffic, report);
    end(&workload.traffic, report);
    let Workload { traffic, .. } = workload;
    if Kind::ALL.iter().all(|&kind| traffic.mix.of(kind) <= 0.0) {
        let help = "give at least one kind a weight above 0";
        report.refuse("traffic.mix", "the mix asks for nothing", help);
    }
    if Kind::ALL.iter().any(|&kind| traffic.timeout.of(kind).0.is_zero()) {
        report.wrong("traffic.timeout", "the timeout must be above 0");
    }
}

fn keys(workload: &Workload, report: &mut Report) {
    let traffic = &workload.traffic;
    let unshifted = match traffic.keys.name.as_str() {
        "trace" => Some("a recording has its own changes"),
        "latest" => Some("it moves with the inserts"),
        _ => None,
    };
    if let (Some(_), Some(reason)) = (traffic.shift, unshifted) {
        let title = format!("the popularity of `{}` cannot be shifted: {reason}", traffic.keys.name);
        report.refuse("traffic.shift", title, "leave `shift` out, or use other keys");
    }
    for (name, is_set) in [("absent", traffic.absent.is_some()), ("scan", traffic.scan.is_some())] {
        if is_set && traffic.is_trace() {
            let help = format!("leave `{name}` out, or use other keys");
            report.refuse(&format!("traffic.{name}"), "a trace asks for the rows that it names", &help);
        }
    }
}

fn scan(workload: &Workload, report: &mut Report) {
    let scanned = workload.traffic.scan.and_then(|scan| scan.rows);
    if let (Some(scanned), Some(rows)) = (scanned, workload.data.rows)
        && scanned > rows
    {
        let title = format!("a scan of {scanned} rows goes beyond the {rows} that there are");
        report.refuse("traffic.scan.rows", title, "leave it out for all rows, or raise data.rows");
    }
}

fn multi_read(workload: &Workload, report: &mut Report) {
    let traffic = &workload.traffic;
    let (min, max) = traffic.multi_read.keys.bounds();
    if min > max {
        report.wrong("traffic.multi_read.keys.uniform.min", format!("min {min} is above max {max}"));
    }
    if traffic.mix.multi_read <= 0.0 {
        return;
    }
    if traffic.is_trace() {
        let help = "leave multi-read out of the mix";
        report.refuse("traffic.mix.multi-read", "a trace asks for one row at a time", help);
    }
    if let Some(rows) = workload.data.rows.filter(|&rows| max > rows) {
        let title = format!("a multi-read asks for {max} different rows, and there are {rows}");
        let help = "lower traffic.multi_read.keys, or raise data.rows";
        report.refuse("traffic.multi_read.keys", title, help);
    }
}

fn load(traffic: &TrafficSettings, report: &mut Report) {
    match &traffic.load {
        LoadSetting::Open(open) => open.check(report),
        LoadSetting::Recorded { speed, .. } => {
            if !traffic.is_trace() {
                let help = "use keys = { trace = { file = \"…\" } }, or an open load";
                report.refuse("traffic.load.recorded", "only a trace has recorded times", help);
            }
            if speed.is_nan() || *speed <= 0.0 {
                report.wrong("traffic.load.recorded.speed", "the speed must be above 0");
            }
        }
        LoadSetting::Closed { think: Some(think), .. } if think.mean().0.is_zero() => {
            let title = "who thinks must take time for it";
            report.refuse("traffic.load.closed.think", title, "leave `think` out");
        }
        LoadSetting::Closed { .. } => {}
    }
}

fn end(traffic: &TrafficSettings, report: &mut Report) {
    let load_ends = matches!(&traffic.load, LoadSetting::Open(open) if open.has_end());
    if traffic.duration.is_some() && traffic.operations.is_some() {
        let title = "a run ends after a duration or after operations, not both";
        report.wrong("traffic.operations", title);
    }
    if !(traffic.duration.is_some() || traffic.operations.is_some() || traffic.is_trace() || load_ends) {
        let help = "give it one: duration = \"20s\", or operations = 100_000";
        report.refuse("traffic", "the run has no end", help);
    }
    if traffic.duration.is_some_and(|duration| duration.0.is_zero()) {
        report.wrong("traffic.duration", "the duration must be above 0");
    }
}

/// Reports kinds of requests that are described, and are in the mix of no cell.
pub(super) fn check_together(cells: &[Cell], report: &mut Report) {
    let reads = "give them a weight: mix = { read = 1 }";
    for (path, kind, title, help) in [
        (
            "traffic.multi_read",
            Kind::MultiRead,
            "multi-reads are described, but the mix has none",
            "give them a weight: mix = { multi-read = 1 }",
        ),
        ("traffic.absent", Kind::Read, "reads of absent rows are described, but the mix has no reads", reads),
        ("traffic.scan", Kind::Read, "a scan is described, but the mix has no reads", reads),
    ] {
        let mixed = cells.iter().any(|cell| cell.workload.traffic.mix.of(kind) > 0.0);
        if !mixed && report.is_set(path) {
            report.refuse(path, title, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{problems, refused};

    #[test]
    fn a_scan_of_all_rows_is_let_through() {
        let text = "name = \"test\"\n[data]\nrows = 100\n[traffic]\nscan = { share = 0.5, rows = 100 }\n\
            load = { closed = { clients = 1 } }\noperations = 5\n";
        assert_eq!(problems(text), "");
    }

    #[test]
    fn what_makes_no_sense_of_keys_and_kinds_is_told_with_its_place() {
        let traced = |more: &str| format!("{{ trace = {{ file = \"t\" }} }}\n{more}");
        let keys = |more: &str| format!("\"uniform\"\n{more}");
        let backwards = "[traffic]\nmulti_read = { keys = { uniform = { min = 9, max = 5 } } }";
        let too_many = "[traffic]\nmix = { multi-read = 1 }\nmulti_read = { keys = 101 }";
        let names_rows = "a trace asks for the rows that it names";
        refused(&[
            ("\"uniform\"", "{ hotspot = { hot_keys = 200 } }", 5, "200 hot keys are more than the 100 rows"),
            ("\"uniform\"", "\"latest\"\nshift = { every = 5 }", 6, "it moves with the inserts"),
            ("\"uniform\"", &traced("shift = { every = 5 }"), 6, "a recording has its own changes"),
            ("\"uniform\"", &keys("shift = { every = 0 }"), 6, "expected at least 1"),
            ("\"uniform\"", &keys("shift = { every = 5, replaced = -1 }"), 6, "expected 0 to 1"),
            ("\"uniform\"", &keys("shift = { every = 5, replaced = 1.5 }"), 6, "expected 0 to 1"),
            ("\"uniform\"", &keys("absent = { share = 1.5 }"), 6, "expected 0 to 1"),
            ("\"uniform\"", &keys("absent = { share = 0.5, keys = 0 }"), 6, "expected"),
            (
                "\"uniform\"",
                &keys("mix = { write = 1 }\nabsent = { share = 0.5 }"),
                7,
                "the mix has no reads",
            ),
            ("\"uniform\"", &traced("absent = { share = 0.5 }"), 6, names_rows),
            ("\"uniform\"", &traced("scan = { share = 0.5 }"), 6, names_rows),
            ("\"uniform\"", &keys("scan = { share = 1.5 }"), 6, "expected 0 to 1"),
            ("\"uniform\"", &keys("scan = { share = 0.5, rows = 101 }"), 6, "goes beyond the 100"),
            ("\"uniform\"", &keys("scan = { share = 0.5 }\nmix = { write = 1 }"), 6, "the mix has no reads"),
            ("[traffic]", too_many, 6, "asks for 101 different rows"),
            ("[traffic]", backwards, 5, "min 9 is above max 5"),
        ]);
    }

    #[test]
    fn what_makes_no_sense_of_the_load_is_told_with_its_place() {
        let thoughtless = "{ closed = { clients = 2, think = { fixed = \"0s\" } } }";
        refused(&[
            ("rate = 10", "rate = 0", 6, "the rate must be above 0"),
            ("{ open = { rate = 10 } }", "{ recorded = {} }", 6, "only a trace has recorded times"),
            ("{ open = { rate = 10 } }", thoughtless, 6, "who thinks"),
            ("duration = \"1s\"", "", 4, "the run has no end"),
            ("duration = \"1s\"", "duration = \"1s\"\noperations = 5", 8, "not both"),
        ]);
    }
}
