use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Expectation, Metrics, Status};
use crate::model::Rate;

/// What a trial is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// To narrow the range down; shortened.
    Search,
    /// To confirm a rate; at full length.
    Confirmation,
}

/// One measurement at one rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trial {
    /// Operations per second that were planned.
    pub rate: Rate,
    pub purpose: Purpose,
    /// The measured phase, in seconds.
    pub seconds: f64,
    pub status: Status,
    /// Whether every expectation held; absent where the measurement does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<bool>,
    /// Why it did not hold, or why it does not tell.
    pub reasons: Vec<String>,
    /// The metrics that the expectations are about, and the throughput.
    pub metrics: Metrics,
}

/// How the search for a capacity ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// A rate was found and confirmed.
    Found,
    /// No rate holds the expectations, down to a hundredth of the workload's own.
    NoRate,
    /// No trial was valid.
    NoValidTrial,
    /// No trial told a metric that is expected of it, or none that held told it.
    NotTold,
    /// No rate was confirmed within the trials that a search may take.
    OutOfTrials,
    /// Stopped by the user.
    Interrupted,
}

/// The highest rate of an open loop at which a cell holds what is expected of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Capacity {
    /// All of them have to hold.
    pub expectations: Vec<Expectation>,
    /// The highest rate that was confirmed, in operations per second; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rate: Option<Rate>,
    pub ended: Ended,
    /// In their order.
    pub trials: Vec<Trial>,
}

impl Capacity {
    /// The highest rate of a trial that held, confirmed or not.
    pub fn highest_held(&self) -> Option<Rate> {
        let held = self.trials.iter().filter(|trial| trial.held == Some(true));
        held.map(|trial| trial.rate).max_by(|left, right| left.0.total_cmp(&right.0))
    }

    /// The trial that did not hold at the lowest rate above the one found; the lowest of all where none was found.
    pub fn first_miss(&self) -> Option<&Trial> {
        let found = self.max_rate.map_or(0.0, |rate| rate.0);
        let missed = self.trials.iter().filter(|trial| trial.held == Some(false) && trial.rate.0 > found);
        missed.min_by(|left, right| left.rate.0.total_cmp(&right.rate.0))
    }
}
