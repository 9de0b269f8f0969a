use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::error::ServerError;
use super::find::postgres_bin;
use super::folder::{RunFolder, ServerFolder};
use super::postgres_layout::has_statement_statistics;
use super::process::Process;
use super::{children, postgres_handshake, startup};

const READY_LIMIT: Duration = Duration::from_secs(15);
const INITDB_LIMIT: Duration = Duration::from_secs(60);
const KILL: (Signal, Duration) = (Signal::SIGKILL, Duration::from_secs(10));
const USER: &str = "cachebench";
/// A socket's path must fit in the kernel's 108 bytes, its closing zero included.
const SOCKET_PATH_BYTES: usize = 107;

/// What keeps a managed Postgres on loopback, in its folder, and reachable; users may set all else.
const RESERVED: &[&str] = &[
    "port",
    "listen_addresses",
    "unix_socket_directories",
    "data_directory",
    "config_file",
    "hba_file",
    "ident_file",
    "external_pid_file",
    "logging_collector",
    "log_destination",
];

/// How a managed Postgres is set up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostgresOptions {
    /// Settings by their names in postgresql.conf; these win over ours.
    pub settings: BTreeMap<String, String>,
}

/// A Postgres of our own on a free loopback port, its data thrown away in the end; dropping it ends it.
#[derive(Debug)]
pub struct ManagedPostgres {
    process: Process,
    options: PostgresOptions,
    port: u16,
    bin: PathBuf,
    folder: ServerFolder,
    is_paused: bool,
}

impl ManagedPostgres {
    /// Makes a new database cluster, starts it, and waits until it lets a client in.
    ///
    /// # Errors
    /// When there is no Postgres to start, or it ends or stays silent; an unknown setting comes with its own words.
    pub fn start(options: &PostgresOptions, run: &RunFolder) -> Result<ManagedPostgres, ServerError> {
        startup::refuse_reserved("postgres", &options.settings, RESERVED)?;
        let bin = postgres_bin()?;
        startup::on_free_port(|port| {
            let folder = run.server("postgres")?;
            initdb(&bin, &folder)?;
            let process = launch(&bin, options, port, &folder)?;
            let (options, bin) = (options.clone(), bin.clone());
            let postgres = ManagedPostgres { process, options, port, bin, folder, is_paused: false };
            postgres.wait_until_ready()?;
            Ok(postgres)
        })
    }

    /// Ends it as a crash would, and starts it again on its data, which it recovers, at the same address.
    ///
    /// # Errors
    /// As for [`ManagedPostgres::start`].
    pub fn restart(&mut self) -> Result<(), ServerError> {
        self.go_on();
        // SIGQUIT is a crash that takes the children along: after SIGKILL, a new server has to wait for them.
        self.process.end(&[(Signal::SIGQUIT, Duration::from_secs(5)), KILL]);
        let mut attempts = 100;
        loop {
            self.process = launch(&self.bin, &self.options, self.port, &self.folder)?;
            match self.wait_until_ready() {
                // Children of a killed server notice its death within a moment; until then its memory is in
                // use.
                Err(ServerError::Ended { log, .. }) if log.contains("still in use") && attempts > 0 => {
                    attempts -= 1
                }
                answer => return answer,
            }
        }
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What was started, with its arguments.
    pub fn command(&self) -> &str {
        self.process.command()
    }

    /// The folder that it runs in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub fn is_alive(&self) -> bool {
        self.process.is_alive()
    }

    /// The last lines of its log.
    pub fn log_tail(&self) -> String {
        self.process.log_tail()
    }

    /// Ends its first process at once, as a crash would; its children end when they notice.
    pub fn kill(&mut self) {
        self.go_on();
        self.process.end(&[KILL]);
    }

    /// Stops the execution of all its processes without ending them; connections stay open and silent.
    ///
    /// # Errors
    /// Where its child processes cannot be found; it then goes on.
    pub fn pause(&mut self) -> Result<(), ServerError> {
        if !self.is_alive() {
            return Ok(());
        }
        self.process.signal(Signal::SIGSTOP);
        self.is_paused = true;
        children::signal_all(self.pid(), Signal::SIGSTOP).inspect_err(|_| self.go_on())
    }

    /// Lets it go on after [`ManagedPostgres::pause`].
    pub fn resume(&mut self) {
        self.go_on();
    }

    /// Without its children going on, its end would not be noticed by them.
    fn go_on(&mut self) {
        if std::mem::take(&mut self.is_paused) && self.is_alive() {
            // Where they cannot be found they were not stopped either.
            let _ = children::signal_all(self.pid(), Signal::SIGCONT);
            self.process.signal(Signal::SIGCONT);
        }
    }

    /// Asks it to disconnect its clients and end, and makes it end after 5 s.
    pub fn stop(&mut self) {
        self.go_on();
        let patience = Duration::from_secs(5);
        self.process.end(&[(Signal::SIGINT, patience), (Signal::SIGQUIT, patience), KILL]);
    }

    fn wait_until_ready(&self) -> Result<(), ServerError> {
        let pid = self.pid().to_string();
        let lock_file = data(&self.folder).join("postmaster.pid");
        startup::wait_until_ready("postgres", &self.process, READY_LIMIT, || {
            // Line 1 is the pid, line 8 the state: the port alone could be that of another server.
            let Ok(state) = fs::read_to_string(&lock_file) else { return false };
            let line = |number| state.lines().nth(number).map(str::trim);
            line(0) == Some(&pid) && line(7) == Some("ready") && postgres_handshake::lets_in(self.port, USER)
        })
    }
}

impl Drop for ManagedPostgres {
    fn drop(&mut self) {
        self.go_on();
        // The data is thrown away, so nothing need be written; SIGQUIT still frees the shared memory.
        self.process.end(&[(Signal::SIGQUIT, Duration::from_millis(900)), KILL]);
    }
}

fn data(folder: &ServerFolder) -> PathBuf {
    folder.path().join("data")
}

fn initdb(bin: &Path, folder: &ServerFolder) -> Result<(), ServerError> {
    let fixed = "--no-sync -A trust -E UTF8 --locale=C --no-instructions -U".split(' ').chain([USER, "-D"]);
    let arguments = fixed.map(OsString::from).chain([data(folder).into()]).collect();
    let process = Process::start(&bin.join("initdb"), arguments, folder, Signal::SIGKILL)?;
    let ended = process.wait(INITDB_LIMIT);
    process.end(&[KILL]);
    if ended && process.succeeded() { Ok(()) } else { Err(ServerError::Initdb { log: process.log_tail() }) }
}

fn launch(
    bin: &Path,
    options: &PostgresOptions,
    port: u16,
    folder: &ServerFolder,
) -> Result<Process, ServerError> {
    let mut arguments: Vec<OsString> = vec!["-D".into(), data(folder).into()];
    for (name, value) in settings(options, port, folder.path(), has_statement_statistics(bin)) {
        arguments.push("-c".into());
        arguments.push(format!("{name}={value}").into());
    }
    Process::start(&bin.join("postgres"), arguments, folder, Signal::SIGQUIT)
}

/// Every setting that we do not leave to Postgres: durable as in production, so that a write costs what it
/// costs.
fn settings(
    options: &PostgresOptions,
    port: u16,
    folder: &Path,
    statistics: bool,
) -> BTreeMap<String, String> {
    let mut settings: BTreeMap<String, String> = [
        ("listen_addresses", "127.0.0.1"),
        ("port", &port.to_string()),
        ("unix_socket_directories", &socket_folder(folder)),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("shared_buffers", "256MB"),
        ("max_connections", "200"),
        ("autovacuum", "on"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_string(), value.to_string()))
    .collect();
    if statistics {
        settings.insert("shared_preload_libraries".into(), "pg_stat_statements".into());
        settings.insert("pg_stat_statements.track".into(), "top".into());
    }
    settings.extend(options.settings.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())));
    settings
}

/// The server's folder, or nothing where a socket's path would be too long, or would read as a list.
fn socket_folder(folder: &Path) -> String {
    let folder = folder.to_string_lossy().into_owned();
    let plain = folder.chars().all(|it| it.is_ascii_alphanumeric() || "/._-".contains(it));
    let fits = folder.len() + "/.s.PGSQL.65535".len() <= SOCKET_PATH_BYTES;
    if plain && fits { folder } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_setting_wins_over_ours() {
        let options = PostgresOptions { settings: BTreeMap::from([("FSYNC".into(), "off".into())]) };
        let settings = settings(&options, 5000, Path::new("/tmp/run"), false);
        assert_eq!(settings["fsync"], "off");
        assert!(!settings.contains_key("shared_preload_libraries"));
    }

    #[test]
    fn a_socket_needs_a_short_and_plain_path() {
        assert_eq!(socket_folder(Path::new("/tmp/run-1")), "/tmp/run-1");
        assert_eq!(socket_folder(Path::new("/tmp/a,b")), "");
        assert_eq!(socket_folder(Path::new(&format!("/tmp/{}", "x".repeat(90)))), "");
    }
}
