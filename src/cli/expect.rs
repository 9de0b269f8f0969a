use clap::Args;

use super::Printer;
use super::demands;
use super::exit::{Exit, Failure};
use super::flags::Flags;
use super::workload_file::WorkloadFile;
use crate::config::{Exact, Loaded};
use crate::measure::CellExpectation;
use crate::model::Time;

/// What a run is expected to show, beside what its workload file says of that.
#[derive(Debug, Args)]
pub struct Expect {
    /// What every cell must show: --expect "hit_rate > 0.9"; or those that it chooses:
    /// --expect "hit_rate{strategy=cache-aside} > 0.9". Repeatable, beside the `expect` of the file, which
    /// --set expect=[] takes off. Where one fails, the exit code is 99.
    #[arg(long, value_name = "EXPECTATION", conflicts_with = "find_max")]
    expect: Vec<String>,

    /// End the run at an expectation that a measurement has failed so far, not before this time: 10s.
    #[arg(long, value_name = "TIME", conflicts_with = "find_max")]
    abort_on_fail: Option<Time>,
}

impl Expect {
    /// Reads the workload, with what is expected of it; to be counted rather than timed where `exact` says so.
    ///
    /// # Errors
    /// As those of [`WorkloadFile::load`]; what is no expectation, or is about no cell; and nothing that could abort.
    pub fn load(
        &self,
        file: &WorkloadFile,
        flags: &Flags,
        exact: Option<Exact>,
        printer: &Printer,
    ) -> Result<Loaded, Failure> {
        let more = self.expect.iter().map(|text| text.parse::<CellExpectation>());
        let more: Vec<_> = more
            .map(|one| one.map_err(|error| demands::wrong("--expect", &error)))
            .collect::<Result<_, _>>()?;
        let abort = self.abort_on_fail.map(|time| format!("abort_on_fail={time}"));
        let mut loaded = match exact {
            Some(exact) => file.load_exact(flags, abort, exact, printer)?,
            None => file.load_with(flags, abort, printer)?,
        };
        loaded.expect(&more).map_err(|error| Failure::new(Exit::Usage, format!("--expect: {error}")))?;
        if self.abort_on_fail.is_some() && loaded.workload.expect.is_empty() {
            let text =
                "--abort-on-fail: nothing is expected that could fail; add --expect, or `expect` to the file";
            return Err(Failure::new(Exit::Usage, text));
        }
        Ok(loaded)
    }
}
