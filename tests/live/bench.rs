use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::eventually;
use super::machine::{self, Seats};
use super::outcome::Outcome;
use super::processes::{self, Process};

/// A workload file in a folder of its own, with a seat on the machine.
pub struct Bench {
    folder: TempDir,
    _seats: Seats,
}

impl Bench {
    /// A bench for this workload, once the machine has a seat for it.
    pub fn new(workload: &str) -> Bench {
        Bench::with(machine::seat(), workload)
    }

    /// A bench with the machine to itself.
    pub fn alone(workload: &str) -> Bench {
        Bench::with(machine::alone(), workload)
    }

    fn with(seats: Seats, workload: &str) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("w.toml"), workload).unwrap();
        let bench = Bench { folder, _seats: seats };
        fs::create_dir(bench.temporary()).unwrap();
        // The user that servers run as has to pass through both.
        for path in [bench.folder.path(), &bench.temporary()] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        bench
    }

    /// A file beside the workload.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The temporary folder that the runs of this bench have to themselves.
    pub fn temporary(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    /// The folders of runs in there.
    pub fn run_folders(&self) -> Vec<PathBuf> {
        fs::read_dir(self.temporary()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    /// Every process whose current folder is in there: the servers, and what starts them.
    pub fn processes(&self) -> Vec<Process> {
        processes::inside(&self.temporary())
    }

    /// Runs another verb over the workload to its end: exit code, stdout, and stderr.
    pub fn verb(&self, verb: &[&str], arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = self.over(verb).args(arguments).output().unwrap();
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), stdout, stderr)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.over(&["run"]);
        if !arguments.contains(&"--output") {
            command.arg("--output").arg(self.folder.path().join("results"));
        }
        command.args(arguments);
        command
    }

    fn over(&self, verb: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cachebench"));
        command.args(verb).arg(self.folder.path().join("w.toml"));
        command.current_dir(self.folder.path()).env("TMPDIR", self.temporary());
        command.env_remove("NO_COLOR").env_remove("CI").env_remove("GITHUB_ACTIONS");
        command
    }

    /// Runs the workload to its end.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.start(arguments).end()
    }

    /// Starts a run, and lets it go on.
    pub fn start(&self, arguments: &[&str]) -> Run<'_> {
        let results = self.folder.path().join("results");
        let before = folders_in(&results);
        let stream = |name: &str| File::create(self.folder.path().join(name)).unwrap();
        let mut command = self.command(arguments);
        let child = command.stdout(stream("stdout")).stderr(stream("stderr")).spawn().unwrap();
        Run { bench: self, child, before }
    }
}

fn folders_in(results: &Path) -> Vec<PathBuf> {
    fs::read_dir(results).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

/// A run under way; it is killed if its test fails.
pub struct Run<'a> {
    pub bench: &'a Bench,
    child: Child,
    before: Vec<PathBuf>,
}

impl Run<'_> {
    /// Sends the tool, and nothing else, a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// The newest Redis, once the load has put something into it, if its number is above this one.
    pub fn busy_redis(&mut self, above: usize) -> Process {
        eventually("the cache is in use", || {
            assert_eq!(self.child.try_wait().unwrap(), None, "the run ended before: {}", self.stderr());
            let redis = self.bench.processes().into_iter().filter(|process| process.kind() == "redis");
            let mut all: Vec<Process> = redis.collect();
            all.sort_by_key(Process::number);
            let server = all.pop().filter(|server| server.number() > above)?;
            (processes::keys(server.redis_port()?)? > 0).then_some(server)
        })
    }

    pub fn stderr(&self) -> String {
        fs::read_to_string(self.bench.folder.path().join("stderr")).unwrap()
    }

    /// Waits until the run has ended, for at most a minute.
    pub fn end(mut self) -> Outcome {
        let deadline = Instant::now() + Duration::from_secs(60);
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "the run goes on and on: {}", self.stderr());
            std::thread::sleep(Duration::from_millis(5));
        };
        let stdout = fs::read_to_string(self.bench.folder.path().join("stdout")).unwrap();
        let mut made = folders_in(&self.bench.folder.path().join("results"));
        made.retain(|folder| !self.before.contains(folder));
        assert!(made.len() <= 1, "{made:?}");
        Outcome::new(status, stdout, self.stderr(), made.pop())
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        // Does nothing to a run that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
