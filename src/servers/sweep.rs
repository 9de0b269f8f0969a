use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use super::folder::{OWNER, PREFIX};
use super::identity::Identity;

/// Ends the servers and removes the folders of runs that died without cleaning up.
///
/// A folder of a living run, or of another user, is left alone; a process is ended only if both its number
/// and its start time are those in the pid file. What cannot be removed now waits for the next sweep.
pub fn sweep() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(pid_in_name) else { continue };
        let path = entry.path();
        // Not following links: a link that another user laid here leads to a folder that is not a run's.
        let ours = fs::symlink_metadata(&path).is_ok_and(|it| it.is_dir() && it.uid() == geteuid().as_raw());
        if ours {
            remove_if_abandoned(&path, pid);
        }
    }
}

/// The pid in `cachebench-<pid>-<random>`.
fn pid_in_name(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.split_once('-')?.0.parse().ok()
}

fn remove_if_abandoned(path: &Path, pid_in_name: u32) {
    let owner = File::open(path.join(OWNER));
    let named = fs::read_to_string(path.join(OWNER)).ok().and_then(|text| text.parse::<Identity>().ok());
    let alive = match named {
        Some(identity) => identity.is_alive(),
        // The owner died between making the folder and naming itself, or is about to name itself.
        None => Identity::of(pid_in_name).is_some(),
    };
    // The owner may also live where we cannot see its pid: then it still holds the lock.
    let locked = owner.as_ref().is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
    if alive || locked {
        return;
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "pid") {
            end_leftover(&entry.path());
        }
    }
    let _ = fs::remove_dir_all(path);
}

/// Ends the server of a pid file: its own signal first, SIGKILL after a second.
fn end_leftover(pid_file: &Path) {
    let Ok(text) = fs::read_to_string(pid_file) else { return };
    let Ok(server) = text.parse::<Identity>() else { return };
    let gentle = text.split_ascii_whitespace().nth(2).and_then(|word| word.parse::<i32>().ok());
    let gentle = gentle.and_then(|number| Signal::try_from(number).ok()).unwrap_or(Signal::SIGKILL);
    for signal in [gentle, Signal::SIGKILL] {
        if !server.is_alive() {
            return;
        }
        let pid = Pid::from_raw(server.pid.cast_signed());
        let _ = kill(pid, signal);
        // A paused process takes its signal only once it goes on.
        let _ = kill(pid, Signal::SIGCONT);
        let deadline = Instant::now() + Duration::from_secs(1);
        while server.is_alive() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use std::process::{Child, Command, Stdio};

    /// A process that waits until it is ended.
    fn waiting() -> Child {
        Command::new("cat").stdin(Stdio::piped()).spawn().unwrap()
    }

    fn dead_pid() -> u32 {
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        child.id()
    }

    /// The folder of a run that lives until [`die`]: other tests sweep while this one still fills it.
    fn living_run() -> PathBuf {
        let ours = Identity::of(std::process::id()).unwrap();
        let prefix = format!("{PREFIX}{}-", ours.pid);
        let path = tempfile::Builder::new().prefix(&prefix).tempdir().unwrap().keep();
        fs::write(path.join(OWNER), ours.to_string()).unwrap();
        path
    }

    fn die(run: &Path) {
        fs::write(run.join(OWNER), format!("{} 1", dead_pid())).unwrap();
    }

    /// Sweeps until `done`: a sweep of another test may be removing the same folder just now.
    fn sweep_until(done: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !done() && Instant::now() < deadline {
            sweep();
        }
        assert!(done());
    }

    #[test]
    fn the_folder_and_the_server_of_a_dead_run_go() {
        let path = living_run();
        let mut server = waiting();
        let mut stranger = waiting();
        fs::write(path.join("redis-1.pid"), format!("{} 9", Identity::of(server.id()).unwrap())).unwrap();
        fs::write(path.join("redis-2.pid"), format!("{} 1 9", stranger.id())).unwrap();
        die(&path);
        sweep_until(|| !path.exists());
        assert!(Identity::of(server.id()).is_none());
        assert!(Identity::of(stranger.id()).is_some(), "its pid was reused: the start times differ");
        stranger.kill().unwrap();
        stranger.wait().unwrap();
        server.wait().unwrap();
    }

    #[test]
    fn the_folder_of_a_living_run_stays() {
        let living = living_run();
        let locked = living_run();
        let lock = File::open(locked.join(OWNER)).unwrap();
        lock.lock().unwrap();
        die(&locked);
        sweep();
        assert!(living.exists() && locked.exists());
        drop(lock);
        sweep_until(|| !locked.exists());
        assert!(living.exists());
        fs::remove_dir_all(living).unwrap();
    }

    #[test]
    fn only_names_of_runs_are_looked_at() {
        assert_eq!(pid_in_name("cachebench-12-ab"), Some(12));
        assert_eq!(pid_in_name("cachebench-results-ab"), None);
        assert_eq!(pid_in_name("cachebench"), None);
    }
}
