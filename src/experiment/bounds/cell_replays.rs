use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::config::{LoadSetting, Workload};
use crate::experiment::parts;
use crate::measure::CellResult;
use crate::model::{Kind, Lifetimes};
use crate::simulation::{Pace, Scenario, Writes};
use crate::strategy::Leaves;
use crate::traffic::Traffic;
use crate::traffic::traces::{Recording, Request, TraceKey};

/// More requests than this are not simulated: it would take longer than a user waits at the end of a run.
const MOST_REQUESTS: u64 = 5_000_000;

/// The requests that cells made, as recordings, by how many there were.
pub struct CellReplays<'a> {
    file: &'a Path,
    known: HashMap<u64, Scenario>,
}

impl<'a> CellReplays<'a> {
    /// Relative paths of recordings are looked for beside `file`.
    pub fn new(file: &'a Path) -> CellReplays<'a> {
        CellReplays { file, known: HashMap::new() }
    }

    /// Those of a cell, which differs from others in nothing that its requests follow from.
    pub fn of(&mut self, cell: &CellResult, workload: &Workload) -> Result<Scenario, String> {
        let operations = cell.median("operations").unwrap_or(0.0) as u64;
        if operations > MOST_REQUESTS {
            return Err(format!(
                "{operations} requests are more than the {MOST_REQUESTS} that are simulated"
            ));
        }
        if let Some(known) = self.known.get(&operations) {
            return Ok(known.clone());
        }
        let rate = requests_per_s(cell).ok_or("its rate is unknown")?;
        let replay = replay(workload, self.file, operations, rate)?;
        self.known.insert(operations, replay.clone());
        Ok(replay)
    }
}

/// The first requests of a workload, as its cache saw them.
fn replay(
    workload: &Workload,
    file: &Path,
    operations: u64,
    requests_per_s: f64,
) -> Result<Scenario, String> {
    let traffic = parts::traffic(workload, file).map_err(|error| error.to_string())?;
    let lifetimes = parts::lifetimes(workload, &traffic);
    let mut sizes = HashMap::new();
    let requests = (0..operations).map(|ticket| request(&traffic, &lifetimes, ticket, &mut sizes));
    let recording = Recording::of(requests).ok_or("there were no requests")?;
    // Where the recording's own SETs are the fills, misses are none.
    let fills = traffic.replay().is_some_and(|replay| replay.fills());
    let by_strategy = writes(workload).ok_or("there is no model of its strategy")?;
    let pace = match workload.traffic.load {
        LoadSetting::Recorded { speed, .. } => Pace::Recorded { speed },
        _ => Pace::PerSecond(requests_per_s),
    };
    Ok(Scenario {
        writes: if fills { Writes::Put } else { by_strategy },
        fill_on_miss: !fills,
        pace,
        ..Scenario::of(Arc::new(recording))
    })
}

fn request(traffic: &Traffic, lifetimes: &Lifetimes, ticket: u64, sizes: &mut HashMap<u64, u32>) -> Request {
    let operation = traffic.operation(ticket);
    let id = operation.key.id();
    let size = match operation.kind {
        Kind::Write | Kind::Insert => {
            let size = operation.payload.body.len() as u32;
            // What a later read finds.
            sizes.insert(id, size);
            size
        }
        _ => *sizes.entry(id).or_insert_with(|| traffic.row(id).body.len() as u32),
    };
    let op = match operation.kind {
        Kind::Fill => Kind::Write,
        Kind::Invalidate => Kind::Delete,
        kind => kind,
    };
    let at_us = traffic.recorded_at(ticket).map(|at| at.as_micros() as u64);
    let (op, size, ttl) = (Some(op), Some(size), lifetimes.of(&operation.key));
    Request { at_us, op, size, ttl, ..Request::of(TraceKey::Number(id)) }
}

/// What a write does to the cache under a strategy that has a model.
pub fn writes(workload: &Workload) -> Option<Writes> {
    let conduct = workload.conduct();
    // Options may have it send more than that; and an entry that is not in the database yet does not expire.
    if !workload.strategy.options.is_null() || !conduct.caches || conduct.cache_first {
        return None;
    }
    match conduct.leaves {
        Leaves::Nothing => Some(Writes::Invalidate),
        Leaves::Row => Some(Writes::Put),
        Leaves::OldEntry => None,
    }
}

/// Requests of all kinds a second, in the first measurement that counts.
pub fn requests_per_s(cell: &CellResult) -> Option<f64> {
    let first = *cell.measured().first()?;
    Some(first.metrics.get("operations")? / first.seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::bounds::tests::workload;

    #[test]
    fn a_replay_asks_for_what_the_traffic_asked_for_at_the_pace_of_all_requests() {
        let workload = workload("mix = { read = 1, write = 1 }\n[cache]\nttl = \"2s\"\n");
        let file = Path::new("w.toml");
        let replay = replay(&workload, file, 400, 100.0).unwrap();
        let traffic = parts::traffic(&workload, file).unwrap();
        assert_eq!((replay.recording.len(), replay.pace), (400, Pace::PerSecond(100.0)));
        assert_eq!((replay.writes, replay.fill_on_miss), (Writes::Invalidate, true));
        for ticket in 0..400 {
            assert_eq!(replay.recording.request(ticket).op, Some(traffic.operation(ticket).kind));
            assert_eq!(replay.recording.ttl(ticket), Some(std::time::Duration::from_secs(2)));
        }
    }
}
