use std::path::PathBuf;

use clap::Args;

use super::Printer;
use super::exit::{Exit, Failure};
use crate::config::{self, Exact, Loaded};
use crate::servers::Policies;

/// The workload that a verb is about.
#[derive(Debug, Args)]
pub struct WorkloadFile {
    /// The workload file.
    pub file: PathBuf,

    /// Override a setting: --set traffic.duration=5s. Repeatable.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
}

impl WorkloadFile {
    /// The overrides, as they were given.
    pub fn settings(&self) -> &[String] {
        &self.set
    }

    /// Reads it, and warns of what is probably not meant.
    ///
    /// # Errors
    /// When it cannot be read; and all that is wrong with it.
    pub fn load(&self, printer: &Printer) -> Result<Loaded, Failure> {
        self.load_with([], printer)
    }

    /// As [`WorkloadFile::load`], with overrides that come after those of the user.
    pub fn load_with(
        &self,
        overrides: impl IntoIterator<Item = String>,
        printer: &Printer,
    ) -> Result<Loaded, Failure> {
        let loaded = self.read(overrides)?;
        WorkloadFile::warn(&loaded, printer)?;
        Ok(loaded)
    }

    /// As [`WorkloadFile::load_with`], to be counted rather than timed.
    ///
    /// # Errors
    /// As those of [`WorkloadFile::load`], and when no cell can be counted.
    pub fn load_exact(
        &self,
        overrides: impl IntoIterator<Item = String>,
        exact: Exact,
        printer: &Printer,
    ) -> Result<Loaded, Failure> {
        let overrides: Vec<String> = self.set.iter().cloned().chain(overrides).collect();
        let loaded = config::load_exact(&self.file, self.text()?, &overrides, exact)?;
        WorkloadFile::warn(&loaded, printer)?;
        Ok(loaded)
    }

    fn warn(loaded: &Loaded, printer: &Printer) -> Result<(), Failure> {
        // Where no server can be started, that is told when one is needed.
        if !loaded.policies.is_empty()
            && let Ok(Some(policies)) = Policies::installed()
        {
            loaded.check_policies(&policies)?;
        }
        loaded.warnings.iter().for_each(|warning| printer.warning(warning));
        Ok(())
    }

    /// Reads it with more overrides, and looks at nothing that a server would have to tell.
    ///
    /// # Errors
    /// When it cannot be read; and all that is wrong with it.
    pub fn read(&self, overrides: impl IntoIterator<Item = String>) -> Result<Loaded, Failure> {
        let overrides: Vec<String> = self.set.iter().cloned().chain(overrides).collect();
        Ok(config::load(&self.file, self.text()?, &overrides)?)
    }

    fn text(&self) -> Result<String, Failure> {
        std::fs::read_to_string(&self.file).map_err(|error| {
            Failure::new(Exit::Usage, format!("cannot read {}: {error}", self.file.display()))
        })
    }
}
