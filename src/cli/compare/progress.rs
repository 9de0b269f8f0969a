use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::cli::Printer;
use crate::cli::printer::style;

/// Tells which run of how many is under way, and how long the rest will take.
pub struct Progress<'a> {
    printer: &'a Printer,
    bar: ProgressBar,
    total: usize,
    done: usize,
    began: Instant,
}

impl<'a> Progress<'a> {
    pub fn new(printer: &'a Printer, total: usize) -> Progress<'a> {
        let bar = printer.bar(Some(total as u64));
        bar.set_style(style("{bar:24} run {pos} of {len}  {wide_msg}"));
        Progress { printer, bar, total, done: 0, began: Instant::now() }
    }

    /// There are so many runs more than was said.
    pub fn more(&mut self, runs: usize) {
        self.total += runs;
        self.bar.set_length(self.total as u64);
        self.printer.note(&format!("undecided: {runs} runs more"));
    }

    pub fn begin(&self, what: &str) {
        let left = match self.done {
            0 => String::new(),
            done => {
                let each = self.began.elapsed().div_f64(done as f64);
                let left = each.mul_f64(self.total.saturating_sub(done) as f64);
                format!(", {} left", told(left))
            }
        };
        self.bar.set_message(format!("{what}{left}"));
        if !self.printer.is_live() {
            self.printer.note(&format!("run {} of {}: {what}{left}", self.done + 1, self.total));
        }
    }

    pub fn end(&mut self) {
        self.done += 1;
        self.bar.inc(1);
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A time to wait, as people say it.
fn told(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..=90 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}
