use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Printer;

/// Shows on stderr how many requests were read, once that takes more than a moment.
pub struct Reading<'a> {
    printer: &'a Printer,
    what: String,
    began: Instant,
    said: Instant,
    bar: Option<ProgressBar>,
}

/// What takes less is not shown.
const MOMENT: Duration = Duration::from_secs(1);
/// Plain lines come no closer together than this.
const PLAIN_PAUSE: Duration = Duration::from_secs(5);

impl<'a> Reading<'a> {
    /// `what` is done to the requests, as in "read".
    pub fn new(printer: &'a Printer, what: impl Into<String>) -> Reading<'a> {
        let now = Instant::now();
        Reading { printer, what: what.into(), began: now, said: now, bar: None }
    }

    /// So many requests were read.
    pub fn at(&mut self, requests: u64) {
        let now = Instant::now();
        if self.printer.is_quiet() || now - self.began < MOMENT {
            return;
        }
        let text = format!("{} requests {}", HumanCount(requests), self.what);
        if self.printer.is_live() {
            let bar = self.bar.get_or_insert_with(|| {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                // Falls back to the library's own style, should the template be misspelt.
                let style = ProgressStyle::with_template("{spinner} {wide_msg}");
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
                bar
            });
            bar.set_message(text);
            bar.tick();
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
