use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A living process, told by the folder that it works in.
#[derive(Clone, Debug)]
pub struct Process {
    pub pid: i32,
    folder: PathBuf,
}

/// Every living process that works in this folder or below.
pub fn inside(folder: &Path) -> Vec<Process> {
    let pids = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        // A zombie works nowhere.
        let folder = fs::read_link(entry.path().join("cwd")).ok()?;
        Some(Process { pid, folder })
    });
    pids.filter(|process| process.folder.starts_with(folder)).collect()
}

impl Process {
    /// The folder of its server, such as `redis-2`.
    fn server(&self) -> &str {
        let mut names = self.folder.iter().filter_map(|name| name.to_str());
        names.rfind(|name| name.starts_with("redis-") || name.starts_with("postgres-")).unwrap_or("")
    }

    /// `redis` or `postgres`.
    pub fn kind(&self) -> &str {
        self.server().split('-').next().unwrap_or("")
    }

    /// Servers of a run are numbered from 1 in the order of their starts.
    pub fn number(&self) -> usize {
        self.server().rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    fn command_line(&self) -> Option<String> {
        Some(fs::read_to_string(format!("/proc/{}/cmdline", self.pid)).ok()?.replace('\0', " "))
    }

    /// Redis shows its address as its title: `redis-server 127.0.0.1:6379`.
    pub fn redis_port(&self) -> Option<u16> {
        let title = self.command_line()?;
        title.trim().rsplit(':').next()?.split(' ').next()?.parse().ok()
    }

    /// Whether it is a Postgres' first process, which starts the others.
    pub fn is_postmaster(&self) -> bool {
        self.command_line().is_some_and(|line| line.contains(" -D ") && line.contains("listen_addresses"))
    }

    /// Whether it is the Postgres process of a connection that fills a table, as its title says.
    pub fn copies(&self) -> bool {
        self.command_line().is_some_and(|title| title.starts_with("postgres: ") && title.contains(" COPY"))
    }

    pub fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid), signal).unwrap();
    }
}

/// How many keys the Redis at a port holds, if it answers.
pub fn keys(port: u16) -> Option<u64> {
    let mut connection = redis::Client::open(("127.0.0.1", port)).ok()?.get_connection().ok()?;
    redis::cmd("DBSIZE").query(&mut connection).ok()
}
