use std::cell::RefCell;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use crate::cli::exit::{Exit, Failure};
use crate::experiment::{Event, Observer, Phase};
use crate::report::{Place, Told, event_line};

/// Lines that may wait for a reader; what comes while so many wait is left out.
const MOST_WAITING: usize = 1_024;

/// How long the end waits for a reader.
const PATIENCE: Duration = Duration::from_secs(2);

/// Writes what happens as lines of JSON.
///
/// A thread of its own writes them: a reader that is slow or has gone away loses lines, and the run goes on as if there were
/// none.
pub struct Stream {
    lines: SyncSender<String>,
    /// Lines that were to be written, and those that were.
    told: Arc<AtomicU64>,
    written: Arc<AtomicU64>,
    ended: Receiver<()>,
    place: RefCell<Place>,
}

impl Stream {
    /// To a file that is made anew, to a named pipe, or, as `-`, to stdout.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn open(path: &Path) -> Result<Stream, Failure> {
        let cannot = |error: std::io::Error| {
            Failure::new(Exit::Environment, format!("--stream: cannot write {}: {error}", path.display()))
        };
        if path == Path::new("-") {
            // A descriptor of its own: a reader that stalls must not keep the lock of stdout.
            let out = File::from(std::io::stdout().as_fd().try_clone_to_owned().map_err(cannot)?);
            return Ok(Stream::over(MOST_WAITING, || Ok(out)));
        }
        if std::fs::metadata(path).is_ok_and(|file| file.file_type().is_fifo()) {
            // To open it waits for whoever reads it.
            let path = path.to_owned();
            return Ok(Stream::over(MOST_WAITING, move || File::options().write(true).open(path)));
        }
        let file = File::create(path).map_err(cannot)?;
        Ok(Stream::over(MOST_WAITING, || Ok(file)))
    }

    /// Over whatever `open` gives, with room for so many lines.
    fn over<W: Write + 'static>(
        room: usize,
        open: impl FnOnce() -> std::io::Result<W> + Send + 'static,
    ) -> Stream {
        let (lines, waiting) = sync_channel(room);
        let (end, ended) = sync_channel(1);
        let (told, written) = <(Arc<AtomicU64>, Arc<AtomicU64>)>::default();
        let counts = (Arc::clone(&told), Arc::clone(&written));
        std::thread::spawn(move || {
            // A reader that has gone away ends the writing: what is told from then on counts as lost.
            let _ = open().and_then(|out| write(out, waiting, &counts.0, &counts.1));
            let _ = end.send(());
        });
        Stream { lines, told, written, ended, place: RefCell::default() }
    }

    fn tell(&self, told: &Told) {
        self.told.fetch_add(1, Ordering::Relaxed);
        // What finds no room is not written, and so counts as lost.
        let _ = self.lines.try_send(event_line(&now(), &self.place.borrow(), told));
    }

    /// Waits a little for the last lines; says what was lost.
    pub fn close(self) -> Option<String> {
        let Stream { lines, told, written, ended, .. } = self;
        drop(lines);
        let is_over = ended.recv_timeout(PATIENCE).is_ok();
        let (told, written) = (told.load(Ordering::Relaxed), written.load(Ordering::Relaxed));
        let why = if is_over { "its reader was too slow, or went away" } else { "nobody reads it" };
        (written < told).then(|| format!("{} of {told} events were not written: {why}", told - written))
    }
}

/// Writes lines as they come, each at once, and a last one that tells how many were lost.
fn write(
    mut out: impl Write,
    lines: Receiver<String>,
    told: &AtomicU64,
    written: &AtomicU64,
) -> std::io::Result<()> {
    let mut put = |line: &str| out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
    for line in lines {
        put(&line)?;
        written.fetch_add(1, Ordering::Relaxed);
    }
    let dropped = told.load(Ordering::Relaxed) - written.load(Ordering::Relaxed);
    put(&event_line(&now(), &Place::default(), &Told::End { dropped }))
}

/// This moment, RFC 3339 in UTC, to the millisecond.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

impl Observer for Stream {
    fn event(&self, event: &Event) {
        match event {
            Event::Cell { order, total, label, repeat, repeats } => {
                self.place.replace(Place { cell: label.to_string(), repeat: *repeat, phase: "" });
                self.tell(&Told::Cell { order: *order, total: *total, repeats: *repeats });
            }
            Event::Trial { label, trial, rate, .. } => {
                self.place.replace(Place { cell: label.to_string(), repeat: 1, phase: "" });
                self.tell(&Told::Trial { trial: *trial, rate: *rate });
            }
            Event::Phase(phase) => {
                self.place.borrow_mut().phase = phase.name();
                let expected = match phase {
                    Phase::Warmup { expected } | Phase::Measuring { expected, .. } => *expected,
                    _ => None,
                };
                self.tell(&Told::Phase { expected_s: expected.map(|expected| expected.as_secs_f64()) });
            }
            Event::Window(window) => self.tell(&Told::Window(window)),
            Event::Fault(record) => self.tell(&Told::Fault(record)),
            Event::Measured { result } => self.tell(&Told::Measured(result)),
            Event::Tried { trial } => self.tell(&Told::Tried(trial)),
            // How far the seeding is, and what was started, interests nobody but who looks on.
            Event::Seeded(_) | Event::Server { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Metrics, RepeatResult, Window};
    use serde_json::Value as Json;

    fn window() -> Window {
        Window { at_s: 0.0, length_s: 1.0, metrics: Metrics::default() }
    }

    fn lines(text: &str) -> Vec<Json> {
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn each_event_is_a_line_with_its_place_and_the_last_one_is_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let stream = Stream::open(&path).unwrap();
        stream.event(&Event::Cell { order: 1, total: 2, label: "direct", repeat: 1, repeats: 2 });
        stream.event(&Event::Phase(Phase::Measuring { expected: Some(PATIENCE), operations: None }));
        stream.event(&Event::Window(&window()));
        stream.event(&Event::Measured { result: &RepeatResult::default() });
        assert_eq!(stream.close(), None);
        let told = lines(&std::fs::read_to_string(path).unwrap());
        let names: Vec<_> = told.iter().map(|line| line["event"].as_str().unwrap()).collect();
        assert_eq!(names, ["cell", "phase", "window", "measured", "end"]);
        assert_eq!(told[1]["expected_s"], 2.0);
        assert!(told[2]["cell"] == "direct" && told[2]["phase"] == "measuring", "{}", told[2]);
        assert_eq!(told[4]["dropped"], 0);
        assert!(told.iter().all(|line| line["at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok()));
    }

    #[test]
    fn a_reader_that_does_not_read_loses_lines_which_are_counted() {
        let (begin, begun) = sync_channel::<()>(0);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let file = File::create(&path).unwrap();
        let stream = Stream::over(3, move || {
            let _ = begun.recv();
            Ok(file)
        });
        (0..10).for_each(|_| stream.event(&Event::Window(&window())));
        begin.send(()).unwrap();
        let lost = stream.close().unwrap();
        assert!(lost.starts_with("7 of 10 events were not written"), "{lost}");
        let told = lines(&std::fs::read_to_string(path).unwrap());
        assert_eq!((told.len(), &told[3]["dropped"]), (4, &Json::from(7)));
    }

    #[test]
    fn a_reader_that_goes_away_ends_nothing() {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let stream = Stream::over(9, || Ok(writer));
        (0..4).for_each(|_| stream.event(&Event::Window(&window())));
        let lost = stream.close().unwrap();
        assert!(lost.starts_with("4 of 4 events were not written: its reader"), "{lost}");
    }

    #[test]
    fn a_file_that_cannot_be_made_is_told_at_once() {
        let failure = Stream::open(Path::new("/nowhere/at/all")).err().unwrap();
        assert_eq!(failure.exit, Exit::Environment);
    }
}
