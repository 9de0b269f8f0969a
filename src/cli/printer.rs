use std::io::{IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::exit::{Cause, Failure};
use super::paint::paint;
use super::terminal::Size;

/// Decides what each stream shows: data on stdout, everything else on stderr.
pub struct Printer {
    quiet: bool,
    verbose: bool,
    colour: bool,
    /// The same of stdout.
    data_colour: bool,
}

/// The report format that is for people at a terminal.
pub const TABLE: &str = "table";

/// Less than this is no width to lay out a report for.
const NARROWEST: usize = 40;

pub const RED: Style = AnsiColor::Red.on_default().bold();
pub const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = Style::new().dimmed();

impl Printer {
    pub fn new(quiet: bool, no_color: bool, verbose: bool) -> Printer {
        let allowed = !no_color && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let [colour, data_colour] =
            [std::io::stderr().is_terminal(), std::io::stdout().is_terminal()].map(|it| allowed && it);
        Printer { quiet, verbose, colour, data_colour }
    }

    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether stderr is a terminal that may be redrawn.
    pub fn is_live(&self) -> bool {
        let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        std::io::stderr().is_terminal() && std::env::var_os("CI").is_none() && !is_dumb
    }

    /// Whether what is going on is shown by lines that are redrawn.
    pub fn is_redrawn(&self) -> bool {
        !self.quiet && self.is_live()
    }

    /// A bar on stderr, towards a length where it has one; hidden where nobody looks.
    pub fn bar(&self, length: Option<u64>) -> ProgressBar {
        if self.quiet || !self.is_live() {
            return ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
        }
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// Data, for whoever reads stdout. A reader that has gone away is no error.
    pub fn data(&self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// A report, in colours where it is a table on a terminal.
    pub fn report(&self, format: &str, text: &str) {
        if self.data_colour && format == TABLE { self.data(&paint(text)) } else { self.data(text) }
    }

    /// The columns that data may take: nothing where it goes to no terminal.
    pub fn width(&self) -> Option<usize> {
        let out = std::io::stdout();
        let told = || std::env::var("COLUMNS").ok()?.parse().ok();
        let width = out.is_terminal().then(|| Size::of(&out).map(|size| size.columns).or_else(told))?;
        width.map(|width| width.max(NARROWEST))
    }

    /// Data that may be in no encoding.
    pub fn bytes(&self, bytes: &[u8]) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(bytes).and_then(|()| out.flush());
    }

    /// What is going on.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            tell(&self.dimmed(text));
        }
    }

    /// How a note looks.
    pub fn dimmed(&self, text: &str) -> String {
        self.styled(DIM, text)
    }

    /// What is done, for those who want to know.
    pub fn detail(&self, text: &str) {
        if self.is_verbose() {
            tell(&self.styled(DIM, text));
        }
    }

    pub fn is_verbose(&self) -> bool {
        self.verbose && !self.quiet
    }

    /// A question; the answer stands on the same line.
    pub fn prompt(&self, text: &str) {
        let mut out = std::io::stderr().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Something to look at.
    pub fn warning(&self, text: &str) {
        tell(&format!("{} {text}", self.styled(YELLOW, "warning:")));
    }

    /// A line that a CI system reads from stderr.
    pub fn command(&self, line: &str) {
        tell(line);
    }

    /// Why it did not work.
    pub fn failure(&self, failure: &Failure) {
        match &failure.cause {
            Cause::Text(text) => tell(&format!("{} {text}", self.styled(RED, "error:"))),
            Cause::Problems(problems) => tell(&problems.render(self.colour)),
        }
    }

    fn styled(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// How long it is between two lines about the same thing, where there is no bar.
pub const PLAIN_PAUSE: Duration = Duration::from_secs(5);

/// A bar that only turns, beside a text.
pub const SPINNER: &str = "{spinner} {wide_msg}";

/// What a bar looks like, by the library's own language.
pub fn style(template: &str) -> ProgressStyle {
    // Falls back to the library's own style, should a template be misspelt.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// A line on stderr. A reader that has gone away must not end a run, as it would with `eprintln!`.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
