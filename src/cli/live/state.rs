use std::collections::VecDeque;
use std::time::Instant;

use super::eta::Course;
use super::text::{happened, measured, tried};
use crate::cli::terminal::plain;
use crate::experiment::{Event, Phase};
use crate::measure::{FaultRecord, Metrics, Purpose, Window};
use crate::model::Kind;
use crate::report::per_second;

/// Windows that are remembered: more than any terminal shows.
const REMEMBERED: usize = 1_000;

/// What is known of a run under way.
#[derive(Default)]
pub struct State {
    pub cell: String,
    pub course: Course,
    pub phase: Option<(Phase, Instant)>,
    /// Rows or operations of the phase so far.
    pub done: f64,
    /// What the newest window of the phase saw.
    pub latest: Option<Metrics>,
    /// The windows of the measurement, warm-up included.
    pub points: VecDeque<Point>,
    /// What was done to servers and instances, with what became of it.
    pub faults: Vec<Struck>,
    /// What the next window is marked with.
    mark: Option<Mark>,
}

/// A window, as it is drawn.
pub struct Point {
    pub rate: Option<f64>,
    /// The 99th percentile, and of which operations.
    pub p99: Option<(&'static str, f64)>,
    pub hit_rate: Option<f64>,
    pub queries_per_s: Option<f64>,
    pub mark: Option<Mark>,
}

/// What stands below a window.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The phase changed: from here on it counts.
    Phase,
    Fault,
}

/// A fault that was told.
pub struct Struck {
    what: String,
    at_s: f64,
    pub told: String,
}

impl State {
    /// Learns of what happened; returns what is to be said of it once and for all, as a plain line.
    pub fn learn(&mut self, event: &Event, now: Instant) -> Option<String> {
        self.heard(event, now).map(|line| plain(&line))
    }

    fn heard(&mut self, event: &Event, now: Instant) -> Option<String> {
        match event {
            Event::Cell { order, total, label, repeat, repeats } => {
                let cell = match repeats {
                    1 => label.to_string(),
                    _ => format!("{label}, repeat {repeat} of {repeats}"),
                };
                self.begin(cell);
                self.course.begin(*order, *total, now);
            }
            Event::Trial { cell, cells, label, trial, rate, purpose } => {
                let confirming = if *purpose == Purpose::Confirmation { ", confirming" } else { "" };
                self.begin(format!("{label}, trial {trial} at {}{confirming}", per_second(*rate)));
                (self.course.order, self.course.total) = (*cell, *cells);
            }
            Event::Server { .. } => {}
            Event::Phase(phase) => self.enter(*phase, now),
            Event::Seeded(rows) => self.done = *rows as f64,
            Event::Window(window) => self.see(window),
            Event::Fault(record) => {
                self.strike(record);
                return Some(format!("{}: fault: {}", self.cell, happened(record)));
            }
            Event::Measured { result } => return Some(format!("{}: {}", self.place(), measured(result))),
            Event::Tried { trial } => return Some(format!("{}: {}", self.place(), tried(trial))),
        }
        None
    }

    /// What of an event only those hear who want to know what is done, as a plain line; asked before the event is learnt.
    pub fn detail(&self, event: &Event, now: Instant) -> Option<String> {
        let line = match (event, &self.phase) {
            (Event::Server { command, folder, url }, _) => {
                Some(format!("server: {command}, in {}, at {url}", folder.display()))
            }
            (Event::Phase(_) | Event::Measured { .. }, Some((phase, since))) => {
                let took = now.saturating_duration_since(*since).as_secs_f64();
                Some(format!("{}: {took:.2} s", phase.name()))
            }
            _ => None,
        };
        line.map(|line| plain(&line))
    }

    /// Which measurement it is, of how many.
    pub fn place(&self) -> String {
        format!("[{}/{}] {}", self.course.order, self.course.total, self.cell)
    }

    fn begin(&mut self, cell: String) {
        self.cell = plain(&cell);
        (self.phase, self.latest, self.mark) = (None, None, None);
        self.points.clear();
        self.faults.clear();
    }

    fn enter(&mut self, phase: Phase, now: Instant) {
        self.phase = Some((phase, now));
        (self.done, self.latest) = (0.0, None);
        if let Phase::Warmup { expected } | Phase::Measuring { expected, .. } = phase {
            self.course.plan(expected.unwrap_or_default());
        }
        if !self.points.is_empty() {
            self.mark = Some(Mark::Phase);
        }
    }

    fn see(&mut self, window: &Window) {
        let metrics = &window.metrics;
        let p99 = |kind: Kind| Some((kind.name(), metrics.get(&format!("{}.response.p99", kind.name()))?));
        if self.points.len() == REMEMBERED {
            self.points.pop_front();
        }
        self.points.push_back(Point {
            rate: metrics.get("throughput.achieved"),
            p99: Kind::ALL.into_iter().find_map(p99),
            hit_rate: metrics.get("hit_rate"),
            queries_per_s: metrics.get("db.queries").map(|queries| queries / window.length_s),
            mark: self.mark.take(),
        });
        self.done += metrics.get("operations").unwrap_or_default();
        self.latest = Some(metrics.clone());
    }

    fn strike(&mut self, record: &FaultRecord) {
        let told = happened(record);
        let known = |struck: &&mut Struck| struck.what == record.what && struck.at_s == record.at_s;
        match self.faults.iter_mut().find(known) {
            Some(struck) => struck.told = told,
            None => {
                self.faults.push(Struck { what: record.what.clone(), at_s: record.at_s, told });
                self.mark = Some(Mark::Fault);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_or_a_workload_says_is_told_as_a_plain_line() {
        let (mut state, now) = (State::default(), Instant::now());
        state.begin("cache\x1b[31m".into());
        let fault = FaultRecord {
            what: "kill cache".into(),
            problem: Some("ERR\r\n\x1b[2J".into()),
            ..FaultRecord::default()
        };
        let said = state.learn(&Event::Fault(&fault), now);
        assert_eq!(said.as_deref(), Some("cache [31m: fault: kill cache: ERR   [2J"));
        assert!(!state.place().contains('\x1b'));
    }
}
