use std::cell::RefCell;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::Printer;
use super::printer::{PLAIN_PAUSE, SPINNER, style};
use crate::experiment::{Event, Observer, Phase};
use crate::measure::{FaultRecord, Purpose, RepeatResult, Status, Trial, Window};
use crate::report::{duration_us, per_second, quantity, share};

/// Shows a run as it goes: one line that is redrawn on a terminal, plain lines elsewhere.
pub struct Progress<'a> {
    printer: &'a Printer,
    bar: ProgressBar,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    cell: String,
    order: usize,
    total: usize,
    phase: Option<(Phase, Instant)>,
    run_began: Option<Instant>,
    cell_began: Option<Instant>,
    /// What the phases of the first cell are expected to take together.
    planned: Duration,
    /// When the last plain line was printed.
    said: Option<Instant>,
}

/// A bar that fills, beside a text.
const BAR: &str = "{spinner} {bar:16} {wide_msg}";

impl<'a> Progress<'a> {
    pub fn new(printer: &'a Printer) -> Progress<'a> {
        let bar = printer.bar(None).with_style(style(SPINNER));
        Progress { printer, bar, state: RefCell::new(State::default()) }
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Gives the bar the length of a phase, where it has one: rows, or milliseconds.
    fn measure(&self, phase: &Phase) {
        let length = match phase {
            Phase::Seeding { rows } => Some(*rows),
            Phase::Warmup { expected } | Phase::Measuring { expected, .. } => {
                expected.map(|expected| expected.as_millis() as u64)
            }
            _ => None,
        };
        self.bar.set_position(0);
        match length {
            Some(length) => self.bar.set_length(length),
            None => self.bar.unset_length(),
        }
        self.bar.set_style(style(if length.is_some() { BAR } else { SPINNER }));
    }

    fn line(&self, text: &str) {
        if self.printer.is_live() {
            self.bar.suspend(|| self.printer.note(text));
        } else {
            self.printer.note(text);
        }
    }

    /// Says it to those who want to know what is done.
    fn detail(&self, text: &str) {
        if self.printer.is_verbose() {
            self.bar.suspend(|| self.printer.detail(text));
        }
    }

    /// How long the phase took that ends now.
    fn tell_phase(&self, state: &State) {
        if let Some((phase, since)) = &state.phase {
            self.detail(&format!("{}: {:.2} s", phase.name(), since.elapsed().as_secs_f64()));
        }
    }

    /// Says what has come of a measurement, once and for all.
    fn conclude(&self, state: &mut State, text: &str) {
        self.line(&format!("{}: {text}", state.place()));
        state.said = None;
    }

    fn show(&self, state: &mut State, text: &str) {
        let text = format!("{}: {text}{}", state.place(), eta(state));
        self.bar.set_message(text.clone());
        if !self.printer.is_live() && state.said.is_none_or(|said| said.elapsed() >= PLAIN_PAUSE) {
            state.said = Some(Instant::now());
            self.printer.note(&text);
        }
    }
}

impl State {
    /// Which cell it is, of how many.
    fn place(&self) -> String {
        format!("[{}/{}] {}", self.order, self.total, self.cell)
    }
}

impl Observer for Progress<'_> {
    fn event(&self, event: &Event) {
        let mut state = self.state.borrow_mut();
        match event {
            Event::Cell { order, total, label, repeat, repeats } => {
                state.run_began.get_or_insert_with(Instant::now);
                state.cell_began = Some(Instant::now());
                state.cell = match repeats {
                    1 => label.to_string(),
                    _ => format!("{label}, repeat {repeat} of {repeats}"),
                };
                (state.order, state.total) = (*order, *total);
            }
            Event::Trial { cell, cells, label, trial, rate, purpose } => {
                let confirming = if *purpose == Purpose::Confirmation { ", confirming" } else { "" };
                state.cell = format!("{label}, trial {trial} at {}{confirming}", per_second(*rate));
                (state.order, state.total) = (*cell, *cells);
            }
            Event::Tried { trial } => {
                self.conclude(&mut state, &tried(trial));
            }
            Event::Server { command, folder, url } => {
                self.detail(&format!("server: {command}, in {}, at {url}", folder.display()));
            }
            Event::Phase(phase) => {
                self.tell_phase(&state);
                state.phase = Some((*phase, Instant::now()));
                if let Phase::Warmup { expected } | Phase::Measuring { expected, .. } = phase {
                    state.planned += expected.unwrap_or_default();
                }
                self.measure(phase);
                if state.total == 0 {
                    return self.bar.set_message(phase.name());
                }
                self.show(&mut state, phase.name());
            }
            Event::Seeded(rows) => {
                self.bar.set_position(*rows);
                if let Some((Phase::Seeding { rows: all }, _)) = state.phase {
                    let text = format!("seeding {rows} of {all} rows");
                    self.show(&mut state, &text);
                }
            }
            Event::Window(window) => {
                if let Some((_, since)) = state.phase {
                    self.bar.set_position(since.elapsed().as_millis() as u64);
                }
                let text = told(window, &state);
                self.show(&mut state, &text);
            }
            Event::Fault(record) => self.line(&format!("{}: fault: {}", state.cell, happened(record))),
            Event::Measured { result } => {
                self.tell_phase(&state);
                state.phase = None;
                self.conclude(&mut state, &measured(result));
            }
        }
    }
}

/// What has come of a trial at one rate.
fn tried(trial: &Trial) -> String {
    let outcome = match trial.held {
        Some(true) => "held",
        Some(false) => "missed",
        None => "no answer",
    };
    let values = trial.metrics.iter().filter(|(name, _)| *name != "throughput.achieved");
    let values: Vec<String> = values.map(|(name, metric)| format!("{name} {}", quantity(metric))).collect();
    let why = trial.reasons.first().cloned().unwrap_or_else(|| values.join(", "));
    if why.is_empty() { outcome.into() } else { format!("{outcome}: {why}") }
}

/// What has come of a measurement.
fn measured(result: &RepeatResult) -> String {
    let word = match result.status {
        Status::Valid => "valid",
        Status::Invalid => "INVALID",
        Status::Failed => "FAILED",
        Status::Interrupted => "interrupted",
    };
    let rate = result.metrics.get("throughput.achieved").map_or("nothing".into(), per_second);
    format!("{rate}, {word}")
}

/// What has just become of a fault.
fn happened(record: &FaultRecord) -> String {
    match (&record.problem, record.began_s, record.ended_s) {
        (Some(problem), ..) => format!("{}: {problem}", record.what),
        (None, Some(began_s), Some(ended_s)) => {
            format!("{}: over after {}", record.what, duration_us((ended_s - began_s) * 1e6))
        }
        _ => format!("{} at {:.1} s", record.what, record.began_s.unwrap_or(record.at_s)),
    }
}

/// A window in a line: the phase and how far it is, then rate, latency and hit rate.
fn told(window: &Window, state: &State) -> String {
    let mut text = String::new();
    if let Some((phase, since)) = &state.phase {
        text += phase.name();
        let expected = match phase {
            Phase::Warmup { expected } | Phase::Measuring { expected, .. } => *expected,
            _ => None,
        };
        let elapsed = since.elapsed().as_secs();
        text += &match expected {
            Some(expected) => format!(" {elapsed}/{} s", expected.as_secs()),
            None => format!(" {elapsed} s"),
        };
    }
    let metrics = &window.metrics;
    let mut tell = |name: &str, label: &str, write: fn(f64) -> String| {
        if let Some(value) = metrics.get(name) {
            text += &format!(", {label}{}", write(value));
        }
    };
    tell("throughput.achieved", "", per_second);
    tell("read.response.p50", "p50 ", duration_us);
    tell("read.response.p99", "p99 ", duration_us);
    tell("hit_rate", "hits ", share);
    text
}

/// How long the rest of the run may take: from what the measured cells took or, in the first, from its plan.
fn eta(state: &State) -> String {
    let (Some(run), Some(cell)) = (state.run_began, state.cell_began) else { return String::new() };
    let done = state.order.saturating_sub(1);
    let each = match done {
        0 => state.planned,
        _ => cell.duration_since(run).div_f64(done as f64),
    };
    let left = each * (state.total - done) as u32;
    match left.saturating_sub(cell.elapsed()).as_secs() {
        0 => String::new(),
        seconds => format!(", about {seconds} s left"),
    }
}
