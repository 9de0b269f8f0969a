use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Printer;
use super::compare::hidden;
use super::exit::{Exit, Failure};
use super::flags::Flags;
use super::next;
use crate::config::{self, Exact, Loaded, Override};
use crate::report;
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

    /// It and all that was changed of it, as words of a command.
    pub fn words(&self, flags: &Flags) -> String {
        let set = self.set.iter().map(|assignment| ("--set", hidden(assignment)));
        let changed = flags.given().into_iter().chain(set);
        let changed = changed.map(|(flag, value)| format!(" {flag} {}", report::quoted(&value)));
        next::quoted(&self.file) + &changed.collect::<String>()
    }

    /// Reads it with what flags say, and warns of what is probably not meant.
    ///
    /// # Errors
    /// When it cannot be read; and all that is wrong with it.
    pub fn load(&self, flags: &Flags, printer: &Printer) -> Result<Loaded, Failure> {
        self.load_with(flags, [], printer)
    }

    /// As [`WorkloadFile::load`], with overrides that come after those of the user.
    pub fn load_with(
        &self,
        flags: &Flags,
        overrides: impl IntoIterator<Item = String>,
        printer: &Printer,
    ) -> Result<Loaded, Failure> {
        let loaded = self.read(flags, overrides)?;
        self.tell(flags, printer)?;
        WorkloadFile::warn(&loaded, printer)?;
        Ok(loaded)
    }

    /// As [`WorkloadFile::load_with`], to be counted rather than timed.
    ///
    /// # Errors
    /// As those of [`WorkloadFile::load`], and when no cell can be counted.
    pub fn load_exact(
        &self,
        flags: &Flags,
        overrides: impl IntoIterator<Item = String>,
        exact: Exact,
        printer: &Printer,
    ) -> Result<Loaded, Failure> {
        let overrides = self.overrides(flags, overrides)?;
        let loaded = config::load_changed(&self.file, self.text()?, &overrides, Some(exact))?;
        self.tell(flags, printer)?;
        WorkloadFile::warn(&loaded, printer)?;
        Ok(loaded)
    }

    /// Tells whoever wants to know which settings are not those of the file.
    fn tell(&self, flags: &Flags, printer: &Printer) -> Result<(), Failure> {
        for Override { by, assignment, .. } in self.overrides(flags, [])? {
            printer.detail(&format!("{by}: {}", hidden(&assignment)));
        }
        Ok(())
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
    pub fn read(
        &self,
        flags: &Flags,
        overrides: impl IntoIterator<Item = String>,
    ) -> Result<Loaded, Failure> {
        let overrides = self.overrides(flags, overrides)?;
        Ok(config::load_changed(&self.file, self.text()?, &overrides, None)?)
    }

    /// The flags, then what is set by path, then the rest: the last one wins.
    fn overrides(
        &self,
        flags: &Flags,
        more: impl IntoIterator<Item = String>,
    ) -> Result<Vec<Override>, Failure> {
        let mut all = flags.overrides()?;
        all.extend(self.set.iter().map(|assignment| Override::set(assignment)));
        all.extend(more.into_iter().map(|assignment| Override::set(&assignment)));
        Ok(all)
    }

    fn text(&self) -> Result<String, Failure> {
        text(&self.file)
    }
}

/// The text of a workload file.
///
/// # Errors
/// When it cannot be read, with what to do about it.
pub fn text(file: &Path) -> Result<String, Failure> {
    let wrong =
        |reason: &str| Err(Failure::new(Exit::Usage, format!("cannot read {}: {reason}", file.display())));
    match std::fs::read_to_string(file) {
        Ok(text) if text.trim().is_empty() => {
            wrong("it is empty; `cachebench init FILE` writes a workload to start from")
        }
        Ok(text) => Ok(text),
        Err(error) => match error.kind() {
            ErrorKind::NotFound => wrong(
                "there is no such file; `cachebench init FILE` writes one, `cachebench list workloads` tells what there is",
            ),
            ErrorKind::IsADirectory => wrong("it is a folder; name a workload file inside"),
            ErrorKind::NotADirectory => wrong("a part of its path is a file and no folder"),
            ErrorKind::PermissionDenied => wrong("you may not read it"),
            ErrorKind::InvalidData => wrong("it is no text in UTF-8; a workload is a TOML file"),
            _ => wrong(&error.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workload_and_what_was_changed_of_it_are_words_without_a_password() {
        let set = vec!["cache.url=redis://me:hunter2@host/0".into(), "cache.ttl=1m 30s".into()];
        let workload = WorkloadFile { file: "my file.toml".into(), set };
        let told = workload.words(&Flags::default());
        assert_eq!(told, "'my file.toml' --set 'cache.url=redis://me:***@host/0' --set 'cache.ttl=1m 30s'");
    }
}
