use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cli::Printer;
use crate::cli::live::{Screen, meter, told};
use crate::cli::terminal::{Size, cut, wide};

/// Tells which run of how many is under way, and how long the rest will take.
pub struct Progress<'a> {
    printer: &'a Printer,
    course: Arc<Mutex<Course>>,
    /// Where a line is redrawn, on a terminal.
    screen: Option<Screen>,
}

/// How far the runs are.
struct Course {
    what: String,
    total: usize,
    done: usize,
    began: Instant,
    run_began: Instant,
}

impl<'a> Progress<'a> {
    pub fn new(printer: &'a Printer, total: usize) -> Progress<'a> {
        let now = Instant::now();
        let course = Course { what: String::new(), total, done: 0, began: now, run_began: now };
        let course = Arc::new(Mutex::new(course));
        let shown = Arc::clone(&course);
        let open = || {
            Screen::open(move |size| {
                let course = shown.lock().unwrap_or_else(PoisonError::into_inner);
                vec![course.line(Instant::now(), size)]
            })
        };
        Progress { printer, course, screen: printer.is_redrawn().then(open) }
    }

    /// There are so many runs more than was said.
    pub fn more(&mut self, runs: usize) {
        self.change(|course| course.total += runs);
        let text = format!("undecided: {runs} runs more");
        match &self.screen {
            Some(screen) => screen.say(self.printer.dimmed(&text)),
            None => self.printer.note(&text),
        }
    }

    pub fn begin(&self, what: &str) {
        let told = self.change(|course| {
            (course.what, course.run_began) = (what.into(), Instant::now());
            course.told(course.run_began)
        });
        if self.screen.is_none() {
            self.printer.note(&told);
        }
    }

    pub fn end(&mut self) {
        self.change(|course| course.done += 1);
    }

    pub fn finish(&mut self) {
        self.screen = None;
    }

    fn change<T>(&self, change: impl FnOnce(&mut Course) -> T) -> T {
        change(&mut self.course.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Course {
    /// How long the rest takes, from what the runs so far took.
    fn left(&self, now: Instant) -> Option<Duration> {
        let each = self.run_began.duration_since(self.began).checked_div(self.done as u32)?;
        let rest = each.saturating_mul(self.total.saturating_sub(self.done) as u32);
        Some(rest.saturating_sub(now.duration_since(self.run_began)))
    }

    fn told(&self, now: Instant) -> String {
        let left = self.left(now).map(|left| format!(", {} left", told(left))).unwrap_or_default();
        format!("run {} of {}: {}{left}", (self.done + 1).min(self.total), self.total, self.what)
    }

    /// All of it in one line of a terminal.
    fn line(&self, now: Instant, size: Size) -> String {
        let text = self.told(now);
        let room = size.columns.saturating_sub(wide(&text) + 1);
        let bar = (room >= 8).then(|| meter(self.done as f64 / self.total as f64, room.min(24)) + " ");
        cut(&(bar.unwrap_or_default() + &text), size.columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_fits_every_terminal() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let what = "block-02-head".to_owned();
        let course = Course { what, total: 4, done: 1, began: now, run_began: now + 10 * second };
        let line = |columns| course.line(now + 12 * second, Size { columns, rows: 24 });
        assert_eq!(line(80), "━━━━━━────────────────── run 2 of 4: block-02-head, 28 s left");
        for columns in [1, 20, 30, 40, 44, 45, 60] {
            assert!(wide(&line(columns)) <= columns, "{columns}");
        }
    }
}
