use std::process::ExitCode;

use crate::config::Problems;
use crate::experiment::ExperimentError;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    /// A fault of ours.
    Internal = 1,
    /// A wrong argument, or a wrong workload file.
    Usage = 2,
    /// No server, no permission, no room.
    Environment = 3,
    /// Measured, but it may not be believed.
    Invalid = 4,
    /// Compared, and head is better.
    Improved = 95,
    /// Compared, but base differs from itself.
    TooNoisy = 96,
    /// Compared, and neither a difference nor its absence is shown.
    Inconclusive = 97,
    /// Compared, and head is worse; or worse than before.
    Regressed = 98,
    /// Measured, but what was expected of it did not hold.
    Unmet = 99,
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// A command that did not do what was asked.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    pub cause: Cause,
}

/// What to tell the user.
#[derive(Debug)]
pub enum Cause {
    /// What went wrong, and where known what would be right.
    Text(String),
    /// Problems of a workload file, each with its place.
    Problems(Problems),
}

impl Failure {
    pub fn new(exit: Exit, text: impl ToString) -> Failure {
        Failure { exit, cause: Cause::Text(text.to_string()) }
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Failure {
        Failure { exit: Exit::Usage, cause: Cause::Problems(problems) }
    }
}

impl From<ExperimentError> for Failure {
    fn from(error: ExperimentError) -> Failure {
        let exit = match error {
            ExperimentError::Options(_) | ExperimentError::Tls(_) => Exit::Usage,
            ExperimentError::Interrupted => Exit::Interrupted,
            _ => Exit::Environment,
        };
        Failure::new(exit, error)
    }
}
