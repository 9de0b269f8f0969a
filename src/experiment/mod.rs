//! Experiment: the composition root, from a checked workload to a summary.

mod abort;
mod assignment;
mod at_once;
mod audit;
mod blueprint;
mod bounds;
mod capacity;
mod cell;
mod charge;
mod checks;
mod counters;
mod exactness;
mod fleet;
mod floor;
mod gate;
mod gauge;
mod harm;
mod invalidation;
mod node_loads;
mod observer;
mod parts;
mod played;
mod preload;
mod prewarm;
mod remap;
mod servers;
mod site;
mod sizing;
mod stage;
mod stock;
mod tell;
mod theory;
mod urls;
mod warm_up;

use std::time::Instant;

pub use floor::{Punctuality, measure as measure_floor, punctuality};
pub use observer::{Event, Observer, Phase};
pub use theory::choose as choose_by_theory;

pub(crate) use capacity::{find_max, not_searchable};

use assignment::Assignment;
use gate::Gate;
use servers::Servers;

use crate::config::{Cell, Loaded, TlsProblem};
use crate::engine::{CrewError, Stop};
use crate::measure::{
    CellResult, Expected, FORMAT, Finding, Floor, Machine, RepeatResult, Status, Summary, examine, host,
    judge,
};
use crate::model::StoreError;
use crate::registry::OptionsError;
use crate::servers::ServerError;
use crate::store::postgres::SeedError;

/// What keeps a cell, or the whole run, from being measured.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Crew(#[from] CrewError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Seed(#[from] SeedError),
    #[error(transparent)]
    Options(#[from] OptionsError),
    #[error(transparent)]
    Tls(#[from] TlsProblem),
    #[error("could not start a runtime: {0}")]
    Runtime(#[from] std::io::Error),
    #[error("interrupted")]
    Interrupted,
}

/// How a run treats servers that are not ours.
#[derive(Clone, Copy, Debug, Default)]
pub struct Permissions {
    /// Use a Redis or a Postgres database that holds somebody else's data.
    pub foreign_data: bool,
}

/// Measures every cell of a workload, its repeats interleaved, and sums up.
///
/// A cell that fails is reported as failed, and the next is measured. Once `stop` is requested, or a measurement is
/// aborted over an expectation, what there is comes back, marked as interrupted.
///
/// # Errors
/// When nothing can be measured at all: no server, no permission, no trace file.
pub fn run(
    loaded: &Loaded,
    permissions: Permissions,
    observer: &dyn Observer,
    stop: &Stop,
) -> Result<Summary, ExperimentError> {
    let mut run = Run::begin(loaded, permissions, observer, stop)?;
    let jobs = jobs(loaded.cells.len(), loaded.workload.compare.repeat);
    match loaded.workload.compare.at_once {
        0 | 1 => one_by_one(&mut run, &jobs)?,
        at_once => at_once::measure(&mut run, &jobs, at_once as usize)?,
    }
    let expectations = run.expectations();
    run.cells.retain(|cell| !cell.repeats.is_empty());
    Ok(Summary { expectations, ..run.end() })
}

/// One measurement of one cell.
#[derive(Clone, Copy)]
struct Job {
    /// Of the cell.
    index: usize,
    /// From 1.
    repeat: u32,
    /// Its place among all, from 1.
    order: usize,
}

/// Every measurement of a run in its order: the cells forwards, then backwards, so that a drift of the machine does not
/// fall on the same cells every time.
fn jobs(cells: usize, repeats: u32) -> Vec<Job> {
    let turn = |repeat: u32| -> Vec<usize> {
        if repeat % 2 == 1 { (0..cells).collect() } else { (0..cells).rev().collect() }
    };
    let all = (1..=repeats).flat_map(|repeat| turn(repeat).into_iter().map(move |index| (index, repeat)));
    all.zip(1..).map(|((index, repeat), order)| Job { index, repeat, order }).collect()
}

fn one_by_one(run: &mut Run, jobs: &[Job]) -> Result<(), ExperimentError> {
    for &job in jobs {
        if run.is_over() {
            break;
        }
        run.announce(job, jobs.len());
        let measured = cell::measure(run.assignment(job.index), &mut run.servers, Gate::open());
        match measured {
            Err(ExperimentError::Interrupted) => break,
            // The first cell shows what keeps all of them from running.
            Err(error) if job.order == 1 => return Err(error),
            measured => run.keep(job, measured),
        }
    }
    Ok(())
}

/// A run under way: its servers, and what it has measured so far.
struct Run<'a> {
    loaded: &'a Loaded,
    observer: &'a dyn Observer,
    stop: &'a Stop,
    began: Instant,
    started_at: String,
    doctor: Vec<Finding>,
    floor: Floor,
    servers: Servers,
    cells: Vec<CellResult>,
}

impl<'a> Run<'a> {
    fn begin(
        loaded: &'a Loaded,
        permissions: Permissions,
        observer: &'a dyn Observer,
        stop: &'a Stop,
    ) -> Result<Run<'a>, ExperimentError> {
        let began = Instant::now();
        let started_at = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let doctor = examine(&Machine { files_needed: files_needed(loaded), ..Machine::glance() });
        observer.event(&Event::Phase(Phase::Floor));
        let floor = floor::measure(stop)?;
        let servers = Servers::new(permissions)?;
        let cells = loaded.cells.iter().map(unmeasured).collect();
        Ok(Run { loaded, observer, stop, began, started_at, doctor, floor, servers, cells })
    }

    /// Whether nothing more is to be measured.
    fn is_over(&self) -> bool {
        self.stop.is_requested() || self.cells.iter().flat_map(|cell| &cell.repeats).any(|one| one.aborted)
    }

    /// What became of what the workload expects; a cell that was not reached shows none of it.
    fn expectations(&self) -> Vec<Expected> {
        judge(&self.loaded.workload.expect, &self.cells)
    }

    /// To measure a cell as it is.
    fn assignment(&self, index: usize) -> Assignment<'a> {
        let (loaded, observer, stop) = (self.loaded, self.observer, self.stop);
        Assignment { workload: &loaded.cells[index].workload, file: &loaded.path, observer, stop }
    }

    /// Tells which measurement of how many this is.
    fn announce(&self, job: Job, total: usize) {
        let label = &self.cells[job.index].label();
        let (order, repeat, repeats) = (job.order, job.repeat, self.loaded.workload.compare.repeat);
        self.observer.event(&Event::Cell { order, total, label, repeat, repeats });
    }

    /// Puts what came of a measurement to its cell.
    fn keep(&mut self, job: Job, measured: Result<RepeatResult, ExperimentError>) {
        let mut result = measured.unwrap_or_else(|error| cell::failed(&error));
        (result.repeat, result.order) = (job.repeat, job.order as u32);
        self.observer.event(&Event::Measured { result: &result });
        self.cells[job.index].repeats.push(result);
    }

    fn end(mut self) -> Summary {
        self.servers.leave();
        let bounds = bounds::tell(self.loaded, &mut self.cells, self.observer, self.stop);
        let mut repeats = self.cells.iter().flat_map(|cell| &cell.repeats);
        let interrupted =
            self.stop.is_requested() || repeats.any(|repeat| repeat.status == Status::Interrupted);
        Summary {
            format: FORMAT,
            name: self.loaded.workload.name.clone(),
            question: self.loaded.question.clone(),
            started_at: self.started_at,
            seconds: self.began.elapsed().as_secs_f64(),
            interrupted,
            cachebench: format!(
                "{}{}",
                env!("CARGO_PKG_VERSION"),
                option_env!("CACHEBENCH_REVISION").unwrap_or("")
            ),
            workload: serde_json::to_value(&self.loaded.workload).unwrap_or_default(),
            host: host(),
            doctor: self.doctor,
            floor: self.floor,
            cells: self.cells,
            bounds,
            expectations: Vec::new(),
            sweep: None,
        }
    }
}

/// The open files that the connections of the cell with most of them take.
fn files_needed(loaded: &Loaded) -> Option<u64> {
    let of = |cell: &Cell| cell.workload.connections() as u64;
    let most = loaded.cells.iter().map(of).max()?;
    Some(most * u64::from(loaded.workload.compare.at_once.max(1)))
}

fn unmeasured(cell: &Cell) -> CellResult {
    CellResult {
        settings: cell.settings.clone(),
        strategy: cell.workload.strategy.name.clone(),
        repeats: Vec::new(),
        capacity: None,
        model: None,
    }
}

#[cfg(test)]
mod tests {
    use super::jobs;

    #[test]
    fn every_second_repeat_goes_through_the_cells_backwards() {
        let told: Vec<_> = jobs(3, 3).iter().map(|job| (job.repeat, job.index, job.order)).collect();
        let (there, back) = ([(1, 0, 1), (1, 1, 2), (1, 2, 3)], [(2, 2, 4), (2, 1, 5), (2, 0, 6)]);
        assert_eq!(told, [there, back, [(3, 0, 7), (3, 1, 8), (3, 2, 9)]].concat());
    }
}
