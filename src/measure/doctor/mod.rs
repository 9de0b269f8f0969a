//! Doctor: what of a machine would spoil a measurement, and what helps. One file a check.

mod busy;
mod clock;
mod cores;
mod files;
mod frequency;
mod harness;
mod kernel;
mod machine;
mod memory;
mod overcommit;
mod pages;
mod quota;
mod sockets;
mod steal;

pub use machine::Machine;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What was looked at.
    pub check: String,
    pub state: State,
    /// What was found, in one line.
    pub found: String,
    /// What helps, where anything has to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// What a finding means for measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// As it should be.
    Good,
    /// To be known when numbers of machines are compared.
    Note,
    /// Numbers may be worse than they had to be, or vary more.
    Warning,
    /// Numbers would mislead.
    Spoils,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Good => "good",
            State::Note => "note",
            State::Warning => "WARNING",
            State::Spoils => "SPOILS",
        }
    }
}

/// What one check says of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Symptom {
    state: State,
    found: String,
    remedy: Option<String>,
}

impl Symptom {
    fn good(found: impl Into<String>) -> Symptom {
        Symptom { state: State::Good, found: found.into(), remedy: None }
    }

    fn bad(state: State, found: impl Into<String>, remedy: impl Into<String>) -> Symptom {
        Symptom { state, found: found.into(), remedy: Some(remedy.into()) }
    }
}

/// A check: what it looks at, and how; nothing where the machine does not tell.
type Check = (&'static str, fn(&Machine) -> Option<Symptom>);

const CHECKS: &[Check] = &[
    ("cachebench", harness::look),
    ("cores", cores::look),
    ("processor quota", quota::look),
    ("stolen time", steal::look),
    ("other load", busy::look),
    ("clock rate", frequency::look),
    ("time source", clock::look),
    ("memory", memory::look),
    ("open files", files::look),
    ("sockets", sockets::look),
    ("huge pages", pages::look),
    ("overcommit", overcommit::look),
    ("kernel", kernel::look),
];

/// What the checks say of a machine. What it does not tell is left out.
pub fn examine(machine: &Machine) -> Vec<Finding> {
    let told = |(check, look): &Check| {
        let Symptom { state, found, remedy } = look(machine)?;
        Some(Finding { check: (*check).to_owned(), state, found, remedy })
    };
    CHECKS.iter().filter_map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a check says of a machine with these files.
    pub(super) fn seen(
        look: fn(&Machine) -> Option<Symptom>,
        files: &[(&str, &str)],
    ) -> Option<(State, String)> {
        look(&Machine::of(files)).map(|it| (it.state, it.found + it.remedy.as_deref().unwrap_or_default()))
    }

    #[test]
    fn a_machine_that_tells_nothing_gets_few_findings_and_no_panic() {
        let found = examine(&Machine::of(&[]));
        assert!(found.iter().all(|it| it.check == "cachebench"), "{found:?}");
    }

    #[test]
    fn files_that_hold_something_else_are_as_good_as_missing() {
        let nonsense = "\u{0}ä nonsense : - 99999999999999999999999999 max [";
        let paths = [
            "/proc/cpuinfo",
            "/proc/stat",
            "/proc/meminfo",
            "/proc/loadavg",
            "/proc/self/cgroup",
            "/proc/self/status",
            "/sys/fs/cgroup/cpu.max",
            "/sys/fs/cgroup/cpu.stat",
            "/proc/sys/net/core/somaxconn",
            "/proc/sys/net/ipv4/ip_local_port_range",
            "/sys/kernel/mm/transparent_hugepage/enabled",
            "/proc/sys/vm/overcommit_memory",
        ];
        for text in [nonsense, ""] {
            let files: Vec<_> = paths.iter().map(|path| (*path, text)).collect();
            let found = examine(&Machine::of(&files));
            assert!(found.iter().all(|it| it.state <= State::Note || it.check == "cachebench"), "{found:?}");
        }
    }

    #[test]
    fn this_machine_is_looked_at_without_waiting_for_long() {
        let found = examine(&Machine::glance());
        assert!(cfg!(not(target_os = "linux")) || found.len() > 4, "{found:?}");
        assert!(found.iter().all(|it| !it.found.contains('\n')));
        assert!(found.iter().all(|it| it.remedy.is_some() || it.state <= State::Note), "{found:?}");
    }
}
