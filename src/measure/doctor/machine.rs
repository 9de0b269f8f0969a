use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit};

/// A look at a run's beginning.
const GLANCE: Duration = Duration::from_millis(50);
/// Readings of the clock that are timed.
const READINGS: u32 = 2_000;

/// What stands in the file of a path; nothing where there is none, or it cannot be read.
pub type Files = Box<dyn Fn(&str) -> Option<String>>;

/// A machine as the checks see it: what its kernel tells in files, and what a short look at it shows.
pub struct Machine {
    pub files: Files,
    /// /proc/stat before and after the look.
    pub stat: [Option<String>; 2],
    /// Ticks of the processor that each process used during the look, by its name; nothing where that was not asked for.
    pub processes: Vec<(String, u64)>,
    /// The open files that this process may have.
    pub file_limit: Option<u64>,
    /// The open files that a workload takes, where there is one.
    pub files_needed: Option<u64>,
    /// Nanoseconds that a reading of the clock takes.
    pub clock_ns: Option<f64>,
}

impl Machine {
    /// This machine, looked at for a twentieth of a second.
    pub fn glance() -> Machine {
        Machine::watch(GLANCE, false)
    }

    /// This machine, looked at for so long, with what else is running there.
    pub fn look(length: Duration) -> Machine {
        Machine::watch(length, true)
    }

    fn watch(length: Duration, with_processes: bool) -> Machine {
        let read = |path: &str| std::fs::read_to_string(path).ok();
        let processes = || if with_processes { processes() } else { BTreeMap::new() };
        let (before, stat) = (processes(), read("/proc/stat"));
        std::thread::sleep(length);
        let stat = [stat, read("/proc/stat")];
        let used = processes().into_iter().filter_map(|(id, (name, ticks))| {
            let (_, ticks_before) = before.get(&id)?;
            Some((name, ticks.saturating_sub(*ticks_before)))
        });
        Machine {
            files: Box::new(read),
            stat,
            processes: used.collect(),
            file_limit: getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(soft, _)| soft),
            files_needed: None,
            clock_ns: Some(clock_ns()),
        }
    }

    /// The text of a file; nothing where there is none, or it cannot be read.
    pub fn read(&self, path: &str) -> Option<String> {
        (self.files)(path)
    }

    /// The text of a file of one line.
    pub fn line(&self, path: &str) -> Option<String> {
        self.read(path).map(|text| text.trim().to_owned()).filter(|line| !line.is_empty())
    }

    /// A machine with these files, and nothing else.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Machine {
        let files: BTreeMap<String, String> =
            files.iter().map(|(path, text)| ((*path).into(), (*text).into())).collect();
        Machine {
            files: Box::new(move |path| files.get(path).cloned()),
            stat: [None, None],
            processes: Vec::new(),
            file_limit: None,
            files_needed: None,
            clock_ns: None,
        }
    }
}

fn clock_ns() -> f64 {
    let began = Instant::now();
    for _ in 0..READINGS {
        std::hint::black_box(Instant::now());
    }
    began.elapsed().as_nanos() as f64 / f64::from(READINGS)
}

/// The name of every process but this one, and the ticks of the processor that it has used.
fn processes() -> BTreeMap<u32, (String, u64)> {
    let own = std::process::id();
    let ids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let others = ids.filter(|id| *id != own);
    others
        .filter_map(|id| Some((id, process(&std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?)?)))
        .collect()
}

/// Name and ticks of /proc/PID/stat (proc(5)): the name stands in parentheses, and may hold some itself.
fn process(stat: &str) -> Option<(String, u64)> {
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let mut fields = after.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((name.to_owned(), user + system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_by_its_name_and_ticks() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 100 0 0 0 7 5 0 0 20 0 1 0 100";
        assert_eq!(process(stat), Some(("a (b) c".into(), 12)));
        assert_eq!(process("42 (short) S 1"), None);
    }
}
