use std::collections::BTreeSet;
use std::{fs, io};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::ServerError;

/// Sends a signal to every process that `parent` has started; they may have left its process group.
///
/// The parent must stand still: it then starts no other, and it reaps none, so that no number is somebody else's.
///
/// # Errors
/// Where there is no /proc to find them in.
pub(super) fn signal_all(parent: u32, signal: Signal) -> Result<(), ServerError> {
    let mut signalled = BTreeSet::new();
    // Once more after each round: a listing may miss one while another ends.
    loop {
        let found = of(parent).map_err(ServerError::NoProcesses)?;
        let fresh: Vec<u32> = found.into_iter().filter(|pid| signalled.insert(*pid)).collect();
        if fresh.is_empty() {
            return Ok(());
        }
        for pid in fresh {
            // One that has ended meanwhile needs no signal.
            let _ = kill(Pid::from_raw(pid.cast_signed()), signal);
        }
    }
}

/// The processes that `parent` has started.
fn of(parent: u32) -> io::Result<Vec<u32>> {
    // The kernel's own list, where it keeps one, is quicker than a look at every process.
    match fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")) {
        Ok(list) => Ok(list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()),
        Err(_) => by_parent(parent),
    }
}

fn by_parent(parent: u32) -> io::Result<Vec<u32>> {
    // Without its processes, a /proc would only look as if there were no children.
    fs::metadata("/proc/self/stat")?;
    let pids = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(pids.filter(|&pid| parent_of(pid) == Some(parent)).collect())
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; after it come the state and the parent.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn both_ways_find_a_child() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let (own, pid) = (std::process::id(), child.id());
        assert!(by_parent(own).unwrap().contains(&pid));
        assert_eq!(parent_of(pid), Some(own));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!by_parent(own).unwrap().contains(&pid));
    }
}
