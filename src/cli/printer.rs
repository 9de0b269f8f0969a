use std::io::{IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use super::exit::{Cause, Failure};

/// Decides what each stream shows: data on stdout, everything else on stderr.
pub struct Printer {
    quiet: bool,
    colour: bool,
}

const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = Style::new().dimmed();

impl Printer {
    pub fn new(quiet: bool, no_color: bool) -> Printer {
        let allowed = !no_color && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Printer { quiet, colour: allowed && std::io::stderr().is_terminal() }
    }

    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether stderr is a terminal that may be redrawn.
    pub fn is_live(&self) -> bool {
        std::io::stderr().is_terminal() && std::env::var_os("CI").is_none()
    }

    /// Data, for whoever reads stdout. A reader that has gone away is no error.
    pub fn data(&self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Data that may be in no encoding.
    pub fn bytes(&self, bytes: &[u8]) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(bytes).and_then(|()| out.flush());
    }

    /// What is going on.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            tell(&self.styled(DIM, text));
        }
    }

    /// Something to look at.
    pub fn warning(&self, text: &str) {
        tell(&format!("{} {text}", self.styled(YELLOW, "warning:")));
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

/// A line on stderr. A reader that has gone away must not end a run, as it would with `eprintln!`.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
