use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::ServerError;
use super::folder::ServerFolder;
use super::identity::Identity;
use super::{launch, supervisor};

/// How much of a log an error shows.
const TAIL_BYTES: u64 = 4096;
const TAIL_LINES: usize = 20;

/// A running server: the child, its log, and its pid file.
#[derive(Debug)]
pub(super) struct Process {
    child: Mutex<Child>,
    /// What was started, as a shell would take it.
    command: String,
    pid: u32,
    log: PathBuf,
    /// Where in the log this process begins; a restart appends to the log of its predecessor.
    log_start: u64,
    pid_file: PathBuf,
}

impl Process {
    /// Starts a program in a server's folder and writes the pid file. `death_signal` ends it when this process dies, or
    /// else by a sweep.
    ///
    /// # Errors
    /// When the program cannot be started, or a file of the folder cannot be written.
    pub fn start(
        program: &Path,
        arguments: Vec<OsString>,
        folder: &ServerFolder,
        death_signal: Signal,
    ) -> Result<Process, ServerError> {
        let mut command = launch::command(program, folder, death_signal)
            .map_err(|source| ServerError::Folder { path: folder.log(), source })?;
        let words = [program.as_os_str()].into_iter().chain(arguments.iter().map(OsString::as_os_str));
        let shown = words
            .map(|word| if word.is_empty() { "''".into() } else { word.to_string_lossy() })
            .collect::<Vec<_>>()
            .join(" ");
        command.args(arguments);
        let log_start = fs::metadata(folder.log()).map_or(0, |log| log.len());
        let child = supervisor::spawn(command)
            .map_err(|source| ServerError::Spawn { program: program.to_path_buf(), source })?;
        let pid = child.id();
        let process = Process {
            child: Mutex::new(child),
            command: shown,
            pid,
            log: folder.log(),
            log_start,
            pid_file: folder.pid_file(),
        };
        if let Some(identity) = Identity::of(pid) {
            let line = format!("{identity} {}\n", death_signal as i32);
            if let Err(source) = fs::write(&process.pid_file, line) {
                process.end(&[(Signal::SIGKILL, Duration::from_secs(5))]);
                return Err(ServerError::Folder { path: process.pid_file, source });
            }
        }
        Ok(process)
    }

    /// What was started, with its arguments.
    pub fn command(&self) -> &str {
        &self.command
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    pub fn is_alive(&self) -> bool {
        matches!(self.child().try_wait(), Ok(None))
    }

    /// Whether it ended by itself and well.
    pub fn succeeded(&self) -> bool {
        matches!(self.child().try_wait(), Ok(Some(status)) if status.success())
    }

    /// Sends a signal, unless the process is gone.
    pub fn signal(&self, signal: Signal) {
        // Under the lock: only we reap the child, so until then its pid is no one else's.
        let mut child = self.child();
        if let Ok(None) = child.try_wait() {
            let _ = kill(Pid::from_raw(self.pid.cast_signed()), signal);
        }
    }

    /// Sends each signal in turn until the process is gone, and removes its pid file.
    pub fn end(&self, steps: &[(Signal, Duration)]) {
        for (signal, limit) in steps {
            self.signal(*signal);
            // A paused process takes its signal only once it goes on.
            self.signal(Signal::SIGCONT);
            if self.wait(*limit) {
                let _ = fs::remove_file(&self.pid_file);
                return;
            }
        }
    }

    /// Waits until the process is gone; false if it still lives after `limit`.
    pub fn wait(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while self.is_alive() {
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(Duration::from_millis(2));
        }
        true
    }

    /// The last lines that this process wrote to its log.
    pub fn log_tail(&self) -> String {
        let read = || -> std::io::Result<String> {
            let mut log = File::open(&self.log)?;
            let from = self.log_start.max(log.metadata()?.len().saturating_sub(TAIL_BYTES));
            log.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            log.read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        let text = read().unwrap_or_default();
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
