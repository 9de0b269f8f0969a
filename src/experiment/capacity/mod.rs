//! Capacity: the highest rate of an open loop at which a cell holds what is expected of it.

mod search;
mod trial;

use search::{Answer, search};

use super::assignment::Assignment;
use super::gate::Gate;
use super::observer::{Event, Observer};
use super::servers::Servers;
use super::{ExperimentError, Permissions, Run, cell};
use crate::config::{LoadSetting, Loaded};
use crate::engine::Stop;
use crate::measure::{
    Capacity, CellResult, Ended, Expectation, Purpose, RepeatResult, Status, Summary, Trial,
};
use crate::model::Rate;

/// A trial that was no measurement for reasons other than its rate is repeated so often.
const REPEATS: u32 = 2;
/// Full-length trials that confirm a rate, at least; a workload with more repeats has as many.
const CONFIRMATIONS: u32 = 2;

/// Why the capacity of a workload cannot be searched: what its load is instead of one that has a rate.
pub fn not_searchable(loaded: &Loaded) -> Option<&'static str> {
    loaded.cells.iter().find_map(|cell| match &cell.workload.traffic.load {
        LoadSetting::Open(open) if open.rate.is_some() => None,
        LoadSetting::Open(_) => Some("an open load without one rate"),
        LoadSetting::Closed { .. } => Some("a closed load"),
        LoadSetting::Recorded { .. } => Some("a recorded load"),
    })
}

/// Searches for every cell of a workload the highest rate at which all expectations hold.
///
/// A cell's measurements are then those that confirmed its rate; it has none where no rate was found. Once `stop`
/// is requested, what there is comes back, marked as interrupted.
///
/// # Errors
/// When nothing can be measured at all: no server, no permission, no trace file.
pub fn find_max(
    loaded: &Loaded,
    expectations: &[Expectation],
    permissions: Permissions,
    observer: &dyn Observer,
    stop: &Stop,
) -> Result<Summary, ExperimentError> {
    let mut run = Run::begin(loaded, permissions, observer, stop)?;
    for index in 0..loaded.cells.len() {
        if stop.is_requested() {
            break;
        }
        let mut trials = Trials {
            assignment: run.assignment(index),
            expectations,
            label: run.cells[index].label(),
            place: (index + 1, loaded.cells.len()),
            servers: &mut run.servers,
            tried: Vec::new(),
            confirming: Vec::new(),
            is_first: index == 0,
        };
        let capacity = trials.search(loaded.workload.compare.repeat)?;
        let repeats = trials.confirmed(capacity.max_rate);
        let cell: &mut CellResult = &mut run.cells[index];
        (cell.repeats, cell.capacity) = (repeats, Some(capacity));
    }
    run.cells.retain(|cell| cell.capacity.is_some());
    Ok(run.end())
}

/// The trials of one cell.
struct Trials<'a> {
    assignment: Assignment<'a>,
    expectations: &'a [Expectation],
    label: String,
    /// The number of the cell, and of how many.
    place: (usize, usize),
    servers: &'a mut Servers,
    tried: Vec<Trial>,
    /// Measurements that confirm a rate, each with the rate and the number of its trial.
    confirming: Vec<(f64, usize, RepeatResult)>,
    /// Whether these are the first of the run: an error then shows what keeps all of them from running.
    is_first: bool,
}

impl Trials<'_> {
    fn search(&mut self, repeats: u32) -> Result<Capacity, ExperimentError> {
        let LoadSetting::Open(open) = &self.assignment.workload.traffic.load else {
            return Ok(self.capacity(Ended::NoValidTrial, None));
        };
        let start = open.rate.map_or(1.0, |rate| rate.0);
        let confirmations = repeats.max(CONFIRMATIONS);
        let (mut ended, found) =
            search(start, confirmations, &mut |rate, purpose| self.answer(rate, purpose))?;
        let valid = self.tried.iter().any(|trial| trial.status == Status::Valid);
        if !valid && ended != Ended::Interrupted {
            ended = Ended::NoValidTrial;
        }
        Ok(self.capacity(ended, found))
    }

    fn capacity(&mut self, ended: Ended, found: Option<f64>) -> Capacity {
        Capacity {
            expectations: self.expectations.to_vec(),
            max_rate: found.map(Rate),
            ended,
            trials: std::mem::take(&mut self.tried),
        }
    }

    /// The measurements that confirmed the rate found.
    fn confirmed(self, found: Option<Rate>) -> Vec<RepeatResult> {
        let confirmed = self.confirming.into_iter().filter(|(rate, ..)| Some(Rate(*rate)) == found);
        (1..)
            .zip(confirmed)
            .map(|(repeat, (_, order, result))| RepeatResult { repeat, order: order as u32, ..result })
            .collect()
    }

    /// The answer of one rate; a disturbed trial is repeated, and one too short for a percentile made longer.
    fn answer(&mut self, rate: f64, purpose: Purpose) -> Result<Answer, ExperimentError> {
        let (mut repeats, mut longer) = (REPEATS, 1.0);
        loop {
            let result = self.measure(rate, purpose, longer)?;
            let (answer, trial) = trial::record(self.expectations, rate, purpose, &result);
            self.assignment.observer.event(&Event::Tried { trial: &trial });
            self.tried.push(trial);
            match answer {
                Answer::Unfit if repeats > 0 => repeats -= 1,
                Answer::NotTold if longer == 1.0 => match trial::longer(self.expectations, &result.metrics) {
                    Some(times) if times > 1.0 => longer = times,
                    _ => return Ok(answer),
                },
                answer => {
                    if (answer, purpose) == (Answer::Held, Purpose::Confirmation) {
                        self.confirming.push((rate, self.tried.len(), result));
                    }
                    return Ok(answer);
                }
            }
        }
    }

    fn measure(&mut self, rate: f64, purpose: Purpose, longer: f64) -> Result<RepeatResult, ExperimentError> {
        let (number, of) = self.place;
        let trial = self.tried.len() + 1;
        self.assignment.observer.event(&Event::Trial {
            cell: number,
            cells: of,
            label: &self.label,
            trial,
            rate,
            purpose,
        });
        let workload = trial::workload(self.assignment.workload, rate, purpose, self.expectations, longer);
        let assignment = Assignment { workload: &workload, ..self.assignment };
        match cell::measure(assignment, self.servers, Gate::open()) {
            Ok(result) => Ok(result),
            Err(ExperimentError::Interrupted) => {
                Ok(RepeatResult { status: Status::Interrupted, ..RepeatResult::default() })
            }
            Err(error) if self.is_first && self.tried.is_empty() => Err(error),
            Err(error) => Ok(cell::failed(&error)),
        }
    }
}
