use std::fs::OpenOptions;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use nix::unistd::setsid;

use super::folder::ServerFolder;

/// A command that runs as the server user, in the server's folder, logs to the server's log, and gets
/// `death_signal` when this process dies, however it dies.
///
/// # Errors
/// When the log cannot be opened.
pub(super) fn command(program: &Path, folder: &ServerFolder, death_signal: Signal) -> io::Result<Command> {
    let log = OpenOptions::new().create(true).append(true).open(folder.log())?;
    let mut command = Command::new(program);
    command.current_dir(folder.path()).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    // Only our settings hold, and messages are in the language that we look for.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C");
    if let Some(user) = folder.user() {
        command.uid(user.uid).gid(user.gid);
    }
    let parent = nix::unistd::getpid();
    // SAFETY: between fork and exec the closure makes only system calls; it neither allocates nor locks.
    unsafe {
        command.pre_exec(move || {
            // A session of its own: Ctrl-C and a closed terminal reach us, and we end the servers in order.
            setsid()?;
            die_with_parent(parent, death_signal)
        });
    }
    Ok(command)
}

/// Has a process that is about to be started get this signal when the thread that starts it is gone.
pub fn end_with_us(command: &mut Command, signal: Signal) {
    let parent = nix::unistd::getpid();
    // SAFETY: between fork and exec the closure makes only system calls; it neither allocates nor locks.
    unsafe {
        command.pre_exec(move || die_with_parent(parent, signal));
    }
}

/// Runs after the change of user, which would clear the death signal.
#[cfg(target_os = "linux")]
fn die_with_parent(parent: nix::unistd::Pid, signal: Signal) -> io::Result<()> {
    nix::sys::prctl::set_pdeathsig(signal)?;
    // A parent that died before the call above sends no signal any more.
    if nix::unistd::getppid() != parent {
        return Err(io::Error::from_raw_os_error(nix::libc::ESRCH));
    }
    Ok(())
}

/// Elsewhere there is no such signal: the next run's sweep ends what a killed run left.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_: nix::unistd::Pid, _: Signal) -> io::Result<()> {
    Ok(())
}
