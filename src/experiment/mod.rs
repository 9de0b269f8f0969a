//! Experiment: the composition root, from a checked workload to a summary.

mod audit;
mod capacity;
mod cell;
mod charge;
mod checks;
mod floor;
mod harm;
mod observer;
mod parts;
mod played;
mod preload;
mod prewarm;
mod servers;
mod stage;
mod stock;
mod tell;
mod theory;
mod warm_up;

use std::time::Instant;

pub use capacity::{find_max, not_searchable};
pub use floor::{Punctuality, measure as measure_floor, punctuality};
pub use observer::{Event, Observer, Phase};

use crate::config::{Loaded, TlsProblem};
use crate::engine::{CrewError, Stop};
use crate::measure::{CellResult, FORMAT, Floor, Status, Summary, host};
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
/// A cell that fails is reported as failed, and the next is measured. Once `stop` is requested, what there is
/// comes back, marked as interrupted.
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
    let repeats = loaded.workload.compare.repeat;
    let total = loaded.cells.len() * repeats as usize;
    let mut order = 0;
    'run: for repeat in 1..=repeats {
        for index in turn(loaded.cells.len(), repeat) {
            if stop.is_requested() {
                break 'run;
            }
            order += 1;
            let cell = &loaded.cells[index];
            observer.event(&Event::Cell { order, total, label: &run.cells[index].label(), repeat, repeats });
            let measured = cell::measure(&cell.workload, &loaded.path, &mut run.servers, observer, stop);
            let mut result = match measured {
                Ok(result) => result,
                Err(ExperimentError::Interrupted) => break 'run,
                // The first cell shows what keeps all of them from running.
                Err(error) if order == 1 => return Err(error),
                Err(error) => cell::failed(&error),
            };
            (result.repeat, result.order) = (repeat, order as u32);
            observer.event(&Event::Measured { result: &result });
            run.cells[index].repeats.push(result);
        }
    }
    run.cells.retain(|cell| !cell.repeats.is_empty());
    Ok(run.end())
}

/// A run under way: its servers, and what it has measured so far.
struct Run<'a> {
    loaded: &'a Loaded,
    stop: &'a Stop,
    began: Instant,
    started_at: String,
    floor: Floor,
    servers: servers::Servers,
    cells: Vec<CellResult>,
}

impl Run<'_> {
    fn begin<'a>(
        loaded: &'a Loaded,
        permissions: Permissions,
        observer: &dyn Observer,
        stop: &'a Stop,
    ) -> Result<Run<'a>, ExperimentError> {
        let began = Instant::now();
        let started_at = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        observer.event(&Event::Phase(Phase::Floor));
        let floor = floor::measure(stop)?;
        let servers = servers::Servers::new(permissions)?;
        let cells = loaded.cells.iter().map(unmeasured).collect();
        Ok(Run { loaded, stop, began, started_at, floor, servers, cells })
    }

    fn end(mut self) -> Summary {
        self.servers.leave();
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
            floor: self.floor,
            cells: self.cells,
        }
    }
}

fn unmeasured(cell: &crate::config::Cell) -> CellResult {
    CellResult {
        settings: cell.settings.clone(),
        strategy: cell.workload.strategy.name.clone(),
        repeats: Vec::new(),
        capacity: None,
    }
}

/// The order of the cells in a repeat: forwards, then backwards, so that a drift of the machine does not
/// fall on the same cells every time.
fn turn(cells: usize, repeat: u32) -> Vec<usize> {
    if repeat % 2 == 1 { (0..cells).collect() } else { (0..cells).rev().collect() }
}
