use std::io::Write;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::cli::terminal::{Size, wide};

/// How long it is at least between two drawings.
const PAUSE: Duration = Duration::from_millis(100);

/// Lines at the foot of a terminal that are redrawn in place.
///
/// A thread of their own draws them: whoever has something to tell never waits for a terminal.
pub struct Screen {
    above: Option<Sender<String>>,
    drawer: Option<JoinHandle<()>>,
}

impl Screen {
    /// Shows what `lines` makes of the size of the terminal, on stderr, until it is closed or dropped.
    pub fn open(lines: impl Fn(Size) -> Vec<String> + Send + 'static) -> Screen {
        let (above, told) = channel();
        let drawer = std::thread::spawn(move || draw(lines, &told));
        Screen { above: Some(above), drawer: Some(drawer) }
    }

    /// Leaves a line above the others, for good.
    pub fn say(&self, line: String) {
        // The drawer lives as long as the sender.
        let _ = self.above.as_ref().map(|above| above.send(line));
    }
}

impl Drop for Screen {
    /// What was said stays, the rest is wiped away.
    fn drop(&mut self) {
        self.above = None;
        let _ = self.drawer.take().map(JoinHandle::join);
    }
}

fn draw(lines: impl Fn(Size) -> Vec<String>, told: &Receiver<String>) {
    let mut drawn: Vec<String> = Vec::new();
    let mut size = Size::USUAL;
    let mut is_open = true;
    while is_open {
        let mut above = Vec::new();
        is_open = collect(told, &mut above);
        let now = Size::of(std::io::stderr()).unwrap_or(Size::USUAL);
        let wanted = if is_open { lines(now) } else { Vec::new() };
        if !above.is_empty() || wanted != drawn || now != size {
            // A terminal that has gone away must not end a run.
            let _ = std::io::stderr()
                .lock()
                .write_all(redraw(&drawn, &above, &wanted, now.columns, now != size).as_bytes());
            (drawn, size) = (wanted, now);
        }
    }
}

/// What is told until the next drawing; says whether more may come.
fn collect(told: &Receiver<String>, above: &mut Vec<String>) -> bool {
    let next = Instant::now() + PAUSE;
    loop {
        match told.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(line) => above.push(line),
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}

/// The letters that turn the lines that are drawn into others; the cursor stands below the last of them, before and after.
///
/// All of them are one update, for terminals that know such. A terminal that has become narrower has wrapped the lines that
/// were drawn.
fn redraw(drawn: &[String], above: &[String], wanted: &[String], columns: usize, is_resized: bool) -> String {
    let rows: usize = drawn.iter().map(|line| wide(line).div_ceil(columns).max(1)).sum();
    let mut text = String::from("\x1b[?2026h\r");
    if rows > 0 {
        text += &format!("\x1b[{rows}A");
    }
    if is_resized || !above.is_empty() {
        text += "\x1b[J";
    }
    for line in above.iter().chain(wanted) {
        // The rest of a row is cleared before it is written: after a last letter at the edge, that would be cleared too.
        text += &format!("\x1b[2K{line}\r\n");
    }
    text + "\x1b[J\x1b[?2026l"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redrawn(drawn: &[&str], above: &[&str], wanted: &[&str], columns: usize) -> String {
        let [drawn, above, wanted] =
            [drawn, above, wanted].map(|lines| lines.iter().map(|line| line.to_string()).collect::<Vec<_>>());
        redraw(&drawn, &above, &wanted, columns, false)
    }

    #[test]
    fn lines_are_written_over_those_that_were_drawn() {
        assert_eq!(redrawn(&[], &[], &["a"], 80), "\x1b[?2026h\r\x1b[2Ka\r\n\x1b[J\x1b[?2026l");
        assert_eq!(
            redrawn(&["a", "b"], &[], &["c"], 80),
            "\x1b[?2026h\r\x1b[2A\x1b[2Kc\r\n\x1b[J\x1b[?2026l"
        );
    }

    #[test]
    fn what_is_said_stays_above_the_lines() {
        assert_eq!(
            redrawn(&["a"], &["said"], &["a"], 80),
            "\x1b[?2026h\r\x1b[1A\x1b[J\x1b[2Ksaid\r\n\x1b[2Ka\r\n\x1b[J\x1b[?2026l"
        );
    }

    #[test]
    fn lines_that_a_narrower_terminal_wrapped_are_found_again() {
        assert!(redrawn(&["12345678", ""], &[], &["1"], 4).contains("\x1b[3A"));
        assert!(redrawn(&["123456789"], &[], &["1"], 4).contains("\x1b[3A"));
    }
}
