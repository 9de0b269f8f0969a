use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar};

use super::Printer;
use crate::cli::printer::{PLAIN_PAUSE, SPINNER, style};

/// Shows on stderr how many requests were read, once that takes more than a moment.
pub struct Reading<'a> {
    printer: &'a Printer,
    what: &'static str,
    began: Instant,
    said: Instant,
    bar: Option<ProgressBar>,
}

/// What takes less is not shown.
const MOMENT: Duration = Duration::from_secs(1);

impl<'a> Reading<'a> {
    /// `what` is done to the requests, as in "read".
    pub fn new(printer: &'a Printer, what: &'static str) -> Reading<'a> {
        let now = Instant::now();
        Reading { printer, what, began: now, said: now, bar: None }
    }

    /// So many requests were read.
    pub fn at(&mut self, requests: u64) {
        let now = Instant::now();
        if self.printer.is_quiet() || now - self.began < MOMENT {
            return;
        }
        let text = format!("{} requests {}", HumanCount(requests), self.what);
        if self.printer.is_live() {
            let bar = self.bar.get_or_insert_with(|| self.printer.bar(None).with_style(style(SPINNER)));
            bar.set_message(text);
        } else if now - self.said >= PLAIN_PAUSE {
            self.said = now;
            self.printer.note(&text);
        }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
