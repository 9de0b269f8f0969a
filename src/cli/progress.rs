use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Printer;
use super::live::{Screen, State, lines, sentence};
use super::printer::PLAIN_PAUSE;
use crate::experiment::{Event, Observer};

/// Shows a run as it goes: lines that are redrawn on a terminal, plain lines elsewhere.
pub struct Progress<'a> {
    printer: &'a Printer,
    state: Arc<Mutex<State>>,
    /// Where the lines are redrawn; nothing before the first event.
    screen: RefCell<Option<Screen>>,
    /// When the last plain line was printed.
    said: Cell<Option<Instant>>,
}

impl<'a> Progress<'a> {
    pub fn new(printer: &'a Printer) -> Progress<'a> {
        Progress { printer, state: Arc::default(), screen: RefCell::default(), said: Cell::default() }
    }

    /// The run is over: nothing of it is under way any more.
    pub fn finish(&self) {
        self.screen.take();
        *lock(&self.state) = State::default();
    }

    fn open(&self) -> Screen {
        let state = Arc::clone(&self.state);
        Screen::open(move |size| lines(&lock(&state), Instant::now(), size))
    }

    /// A line now and then, where nothing can be redrawn.
    fn plain(&self, state: &State, now: Instant) {
        let is_due = self.said.get().is_none_or(|said| now.duration_since(said) >= PLAIN_PAUSE);
        if is_due && state.course.total > 0 && state.phase.is_some() {
            self.said.set(Some(now));
            self.printer.note(&sentence(state, now));
        }
    }
}

impl Observer for Progress<'_> {
    fn event(&self, event: &Event) {
        let now = Instant::now();
        let mut state = lock(&self.state);
        let detail = state.detail(event, now).filter(|_| self.printer.is_verbose());
        let line = state.learn(event, now);
        if self.printer.is_redrawn() {
            let mut screen = self.screen.borrow_mut();
            let screen = screen.get_or_insert_with(|| self.open());
            for line in detail.into_iter().chain(line) {
                screen.say(self.printer.dimmed(&line));
            }
            return;
        }
        if let Some(detail) = detail {
            self.printer.detail(&detail);
        }
        if let Some(line) = line {
            self.printer.note(&line);
            if !matches!(event, Event::Fault(_)) {
                self.said.set(None);
            }
        } else {
            self.plain(&state, now);
        }
    }
}

/// Whatever befell whoever held it, what is told is only shown.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
