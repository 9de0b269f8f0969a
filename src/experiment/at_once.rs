use std::sync::mpsc::{Sender, channel};

use super::assignment::Assignment;
use super::gate::Gate;
use super::observer::{Event, Observer, Phase};
use super::servers::Servers;
use super::{ExperimentError, Job, Run, cell};
use crate::config::Workload;
use crate::measure::{FaultRecord, RepeatResult, Window};

/// Measures so many at a time, each on servers of its own; the loads of a batch begin together.
///
/// # Errors
/// When none of the first batch could be measured.
pub fn measure(run: &mut Run, jobs: &[Job], at_once: usize) -> Result<(), ExperimentError> {
    let Run { loaded, observer, stop, .. } = *run;
    observer.event(&Event::Phase(Phase::Servers));
    let mut all_servers = run.servers.beside(&most_connections(run), at_once.min(jobs.len()))?;
    for batch in jobs.chunks(at_once) {
        if run.is_over() {
            break;
        }
        announce(run, batch, jobs.len());
        let (sender, news) = channel();
        let gates = Gate::shared(batch.len());
        let measured = std::thread::scope(|scope| {
            let mut threads = Vec::new();
            for ((job, servers), gate) in batch.iter().zip(&mut all_servers).zip(gates) {
                let relay = Relay { news: sender.clone(), is_shown: job.order == batch[0].order };
                let workload = &loaded.cells[job.index].workload;
                threads.push(scope.spawn(move || {
                    let assignment = Assignment { workload, file: &loaded.path, observer: &relay, stop };
                    cell::measure(assignment, servers, gate)
                }));
            }
            drop(sender);
            // Ends with the last relay.
            news.iter().for_each(|news| tell(&news, observer));
            let ended = threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            ended.collect::<Vec<_>>()
        });
        keep(run, batch, jobs.len(), measured)?;
    }
    all_servers.iter_mut().for_each(Servers::leave);
    Ok(())
}

/// The workload with the most database connections, for which the shared server has to have room.
fn most_connections(run: &Run) -> Workload {
    let connections = |workload: &&Workload| workload.connections_to_database();
    let workloads = run.loaded.cells.iter().map(|cell| &cell.workload);
    workloads.max_by_key(connections).unwrap_or(&run.loaded.workload).clone()
}

fn announce(run: &Run, batch: &[Job], total: usize) {
    let first = batch[0];
    let label = match batch.len() - 1 {
        0 => run.cells[first.index].label(),
        others => format!("{} and {others} more at once", run.cells[first.index].label()),
    };
    // The last of a batch tells how much is done when it is.
    let order = batch.last().map_or(first.order, |last| last.order);
    run.observer.event(&Event::Cell { order, total, label: &label, repeat: 1, repeats: 1 });
}

fn keep(
    run: &mut Run,
    batch: &[Job],
    total: usize,
    measured: Vec<Result<RepeatResult, ExperimentError>>,
) -> Result<(), ExperimentError> {
    let none = measured.iter().all(Result::is_err);
    for (&job, measured) in batch.iter().zip(measured) {
        match measured {
            Err(ExperimentError::Interrupted) => {}
            Err(error) if none && batch[0].order == 1 => return Err(error),
            measured => {
                run.announce(job, total);
                run.keep(job, measured);
            }
        }
    }
    Ok(())
}

/// What a measurement tells of itself while others are made.
enum News {
    Phase(Phase),
    Seeded(u64),
    Window(Box<Window>),
    Fault(Box<FaultRecord>),
}

/// Passes on what one measurement of a batch tells: what the others tell would be taken for its.
struct Relay {
    news: Sender<News>,
    is_shown: bool,
}

impl Observer for Relay {
    fn event(&self, event: &Event) {
        let news = match event {
            _ if !self.is_shown => return,
            Event::Fault(record) => News::Fault(Box::new((*record).clone())),
            Event::Phase(phase) => News::Phase(*phase),
            Event::Seeded(rows) => News::Seeded(*rows),
            Event::Window(window) => News::Window(Box::new((*window).clone())),
            Event::Cell { .. }
            | Event::Server { .. }
            | Event::Trial { .. }
            | Event::Measured { .. }
            | Event::Tried { .. } => return,
        };
        // The receiver lives as long as the measurements.
        let _ = self.news.send(news);
    }
}

fn tell(news: &News, observer: &dyn Observer) {
    match news {
        News::Phase(phase) => observer.event(&Event::Phase(*phase)),
        News::Seeded(rows) => observer.event(&Event::Seeded(*rows)),
        News::Window(window) => observer.event(&Event::Window(window)),
        News::Fault(record) => observer.event(&Event::Fault(record)),
    }
}
