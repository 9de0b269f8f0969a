use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::statistics::median;
use super::{
    Audit, Bounds, Capacity, ConsumerRecord, CounterCheck, CurvePoint, ExactCounts, Expected, FaultRecord,
    Finding, IntervalLog, Metrics, NodeLoad, Pressure, Ramp, Recorder, Sizing, Stampede, Sweep, Usage,
    Verdict, Window,
};
use crate::simulation::Simulated;

/// The version of the shape of `result.json`; grows when a field changes its meaning or goes.
pub const FORMAT: u32 = 1;

/// Everything one run measured: what every report is a pure function of.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// The version of this shape.
    pub format: u32,
    /// The name of the workload.
    pub name: String,
    /// The question the workload answers: the comment at the head of its file.
    pub question: Option<String>,
    /// When the run started, RFC 3339 in UTC.
    pub started_at: String,
    /// Seconds from start to end, servers and seeding included.
    pub seconds: f64,
    /// Whether the run was stopped before its end, by the user or over an expectation; what is here is then a part.
    pub interrupted: bool,
    /// The version of cachebench, and the revision it was built from where that is known.
    pub cachebench: String,
    /// The workload as it was run, overrides included; addresses without passwords.
    pub workload: Json,
    /// The machine.
    pub host: BTreeMap<String, String>,
    /// What a look at the machine found before anything was measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doctor: Vec<Finding>,
    /// What the harness itself costs.
    pub floor: Floor,
    pub cells: Vec<CellResult>,
    /// What ideal caches of the same sizes would have done, where entries were evicted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bounds: Vec<Bounds>,
    /// What became of what the workload expects of its cells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<Expected>,
    /// What was swept over, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
}

/// The harness' own cost: `direct` over a store that answers at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Floor {
    /// Operations measured.
    pub operations: u64,
    /// Processor time per operation, in nanoseconds: draw, key, clocks, strategy, recording.
    pub cpu_ns_per_op: f64,
}

/// One value of one compared setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CellSetting {
    /// The dotted path of the setting.
    pub path: String,
    /// Its value, as the workload file writes it.
    pub value: Json,
    /// How tables call the value.
    pub label: String,
}

/// One combination of the compared settings.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct CellResult {
    pub settings: Vec<CellSetting>,
    /// The name of its strategy.
    pub strategy: String,
    pub repeats: Vec<RepeatResult>,
    /// Its capacity, where that was searched for; its repeats are then the measurements that confirmed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// What a model of its eviction policy would have done at the entries that it held, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Simulated>,
}

/// How a measurement ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Measured, and it may be believed.
    #[default]
    Valid,
    /// Measured, but it may not be believed; the verdict says why.
    Invalid,
    /// Not measured to its end because a server or a client failed.
    Failed,
    /// Stopped by the user, or aborted over an expectation; what there is, is a part.
    Interrupted,
}

/// One measurement of a cell.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct RepeatResult {
    /// From 1.
    pub repeat: u32,
    /// Its place in the order in which the run measured its cells, from 1.
    pub order: u32,
    pub status: Status,
    pub verdict: Verdict,
    /// Whether it was ended because it failed an expectation, which the verdict tells.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aborted: bool,
    /// The measured phase, in seconds.
    pub seconds: f64,
    pub metrics: Metrics,
    /// Operations by kind and result: `read.hit`, `write.done`, `write.failed.timeout` …; they add up to all.
    pub accounts: BTreeMap<String, u64>,
    pub windows: Vec<Window>,
    /// The distributions of latencies, by the names of the histograms: `read.response`, `read.hit.response` …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub curves: BTreeMap<String, Vec<CurvePoint>>,
    /// What happened around the expiries, if there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stampede: Option<Stampede>,
    /// How the cache filled, where the measurement began without a warm-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<Ramp>,
    /// What was done to servers and instances meanwhile, in the order in which it was due.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultRecord>,
    /// What was done to servers and instances after the measurement; times are from its end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aftermath: Vec<FaultRecord>,
    /// How the cache's limit was found, where it was given as a share of the keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizing: Option<Sizing>,
    /// What the cache held and gave up meanwhile, where it told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressure: Option<Pressure>,
    /// What each node of the cache took, where there were several.
    #[serde(default, skip_serializing_if = "is_at_most_one")]
    pub nodes: Vec<NodeLoad>,
    /// How each of those who cache rows learned of the writes of others, where any did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consumers: Vec<ConsumerRecord>,
    /// What it came to in whole numbers, where it was counted rather than timed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<ExactCounts>,
    pub checks: Vec<CounterCheck>,
    /// Counts that a server does not tell, and why, so that ours stand alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unchecked: Vec<String>,
    /// What the end left in both stores; nothing where the measurement did not come to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<Audit>,
    pub usage: Usage,
    /// The servers' versions and settings, as they told them.
    pub cache: BTreeMap<String, String>,
    pub database: BTreeMap<String, String>,
    /// How the clients were connected, drivers' settings included.
    pub clients: BTreeMap<String, String>,
    /// The whole measurement's histograms, where this run made them; stored beside, as `.hgrm`.
    #[serde(skip)]
    pub histograms: Recorder,
    /// The windows' histograms as a log; stored beside, as `.hlog`.
    #[serde(skip)]
    pub log: IntervalLog,
}

/// How tables call a cell with these settings and this strategy.
pub fn label_of(settings: &[CellSetting], strategy: &str) -> String {
    match settings {
        [] => strategy.to_owned(),
        all => all.iter().map(|setting| setting.label.as_str()).collect::<Vec<_>>().join(" · "),
    }
}

fn is_at_most_one(nodes: &[NodeLoad]) -> bool {
    nodes.len() < 2
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Status::Valid => "valid",
            Status::Invalid => "invalid",
            Status::Failed => "failed",
            Status::Interrupted => "interrupted",
        }
    }
}

impl CellResult {
    /// How tables call the cell: its settings' values.
    pub fn label(&self) -> String {
        label_of(&self.settings, &self.strategy)
    }

    /// Whether it is set like another, but for the setting at `path`.
    pub fn is_like(&self, other: &CellResult, path: &str) -> bool {
        let is_rest = |setting: &&CellSetting| setting.path != path;
        let told = |setting: &CellSetting| (setting.path.clone(), setting.value.clone());
        let (own, theirs) = (self.settings.iter().filter(is_rest), other.settings.iter().filter(is_rest));
        own.map(told).eq(theirs.map(told))
    }

    /// Measurements that count: valid ones, or all that have numbers where none is valid.
    pub fn measured(&self) -> Vec<&RepeatResult> {
        let with = |wanted: fn(Status) -> bool| -> Vec<&RepeatResult> {
            self.repeats.iter().filter(|repeat| wanted(repeat.status)).collect()
        };
        let valid = with(|status| status == Status::Valid);
        if valid.is_empty() { with(|status| status != Status::Failed) } else { valid }
    }

    /// The median of a metric over the measurements that count.
    pub fn median(&self, metric: &str) -> Option<f64> {
        median(self.measured().iter().filter_map(|repeat| repeat.metrics.get(metric)).collect())
    }

    /// The worst status among its measurements.
    pub fn status(&self) -> Status {
        let has = |status| self.repeats.iter().any(|repeat| repeat.status == status);
        [Status::Interrupted, Status::Failed, Status::Invalid]
            .into_iter()
            .find(|&status| has(status))
            .unwrap_or(Status::Valid)
    }
}

impl Summary {
    /// Whether its cells were counted rather than timed.
    pub fn is_exact(&self) -> bool {
        self.cells.iter().flat_map(|cell| &cell.repeats).any(|repeat| repeat.exact.is_some())
    }

    /// Why it may not be believed, or is not whole: the first reason there is.
    pub fn doubt(&self) -> Option<String> {
        let repeats = self.cells.iter().flat_map(|cell| cell.repeats.iter().map(move |one| (cell, one)));
        let mut doubtful = repeats.filter(|(_, repeat)| repeat.status != Status::Valid);
        let told = doubtful.next().map(|(cell, repeat)| {
            let reason = repeat.verdict.reasons.first().map_or("no reason is told", String::as_str);
            format!("{}, repeat {} is {}: {reason}", cell.label(), repeat.repeat, repeat.status.name())
        });
        told.or_else(|| self.interrupted.then(|| "it was interrupted: what it has is a part".into()))
    }

    /// Whether every measurement of every cell may be believed.
    pub fn is_valid(&self) -> bool {
        self.cells.iter().all(|cell| cell.status() == Status::Valid)
    }

    /// Whether a measurement was ended because it failed an expectation, and the run with it.
    pub fn is_aborted(&self) -> bool {
        self.cells.iter().flat_map(|cell| &cell.repeats).any(|repeat| repeat.aborted)
    }

    /// Whether what was expected failed, or could not be told, in any cell.
    pub fn is_unmet(&self) -> bool {
        self.is_aborted() || self.expectations.iter().any(|one| one.held != Some(true))
    }
}
