use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::side::Spec;
use crate::cli::exit::{Exit, Failure};
use crate::cli::results;
use crate::engine::Stop;
use crate::measure::Summary;
use crate::servers::end_with_us;

/// How often to look whether a run has ended.
const LOOK: Duration = Duration::from_millis(20);
/// How long a run that was asked to end may take for it, with what it writes.
const GRACE: Duration = Duration::from_secs(20);
/// Of what a run said, the end that an error shows.
const TAIL: usize = 2_000;

/// Runs one side once, in a process of its own, and leaves the result in a folder that is made for it; nothing where the
/// user has ended it.
///
/// A process of its own for each run, so that none finds what another has left in memory, and so that two programs can be
/// compared like two settings.
///
/// # Errors
/// When it cannot be started, ends without a result, or its result is not one that this cachebench reads.
pub fn run(spec: &Spec, more: &[String], folder: &Path, stop: &Stop) -> Result<Option<Summary>, Failure> {
    let failed = |text: String| Failure::new(Exit::Environment, text);
    std::fs::create_dir_all(folder)
        .map_err(|error| failed(format!("cannot write results to {}: {error}", folder.display())))?;
    let said = folder.join("stderr.txt");
    let log =
        File::create(&said).map_err(|error| failed(format!("cannot write {}: {error}", said.display())))?;
    let mut command = Command::new(&spec.program);
    command.arg("--quiet").arg("run").arg(&spec.file);
    for setting in &spec.settings {
        command.args(["--set", setting]);
    }
    command.args(more);
    if spec.allow_foreign_data {
        command.arg("--allow-foreign-data");
    }
    command.args(["--format", "csv", "--output"]).arg(folder);
    command.envs(spec.servers.iter().map(|(variable, path)| (variable, path)));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    // A group of its own, so that a terminal's Ctrl-C reaches us alone, and we ask it once to end.
    command.process_group(0);
    end_with_us(&mut command, Signal::SIGTERM);
    let program = spec.program.display();
    let mut child = command.spawn().map_err(|error| failed(format!("cannot start {program}: {error}")))?;
    let code =
        wait(&mut child, stop).map_err(|error| failed(format!("cannot wait for {program}: {error}")))?;
    if stop.is_requested() {
        return Ok(None);
    }
    match result(folder)? {
        Some(summary) => {
            // A log that says nothing is no use to anybody.
            if std::fs::metadata(&said).is_ok_and(|file| file.len() == 0) {
                let _ = std::fs::remove_file(&said);
            }
            Ok(Some(summary))
        }
        None => {
            let code = code.map_or_else(|| "a signal".into(), |code| format!("exit code {code}"));
            Err(failed(format!("a run of {} ended with {code} and no result:\n{}", spec.name, tail(&said))))
        }
    }
}

/// Waits for a run to end; one that the user ends is asked to write what it has.
fn wait(child: &mut Child, stop: &Stop) -> std::io::Result<Option<i32>> {
    let mut asked: Option<Instant> = None;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.code());
        }
        if stop.is_requested() {
            let since = *asked.get_or_insert_with(|| {
                // It fails where the run has just ended by itself.
                let _ = kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM);
                Instant::now()
            });
            if since.elapsed() > GRACE {
                child.kill()?;
            }
        }
        std::thread::sleep(LOOK);
    }
}

/// The result below a folder, if a run has left one there.
fn result(folder: &Path) -> Result<Option<Summary>, Failure> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(None) };
    let found = entries.flatten().map(|entry| entry.path()).find(|path| path.join("result.json").is_file());
    found.map(|path| results::read(&path)).transpose()
}

fn tail(path: &Path) -> String {
    let mut text = String::new();
    // What cannot be read is not shown.
    let _ = File::open(path).and_then(|mut file| file.read_to_string(&mut text));
    let from = text.char_indices().rev().nth(TAIL).map_or(0, |(at, _)| at);
    text[from..].trim().to_owned()
}
