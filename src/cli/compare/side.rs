use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::exit::{Exit, Failure};
use crate::cli::workload_file;
use crate::config::{self, Exact, Loaded};
use crate::measure::comparison::Side;
use crate::servers::{POSTGRES_VARIABLE, REDIS_VARIABLE, redact};

/// What makes the two sides different.
#[derive(Debug, Args)]
pub struct SideArguments {
    /// Override a setting on both sides: --set traffic.duration=5s. Repeatable.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,

    /// A setting of base alone: --base cache.driver=redis. Repeatable.
    #[arg(long, value_name = "PATH=VALUE")]
    base: Vec<String>,

    /// A setting of head alone.
    #[arg(long, value_name = "PATH=VALUE")]
    head: Vec<String>,

    /// The cachebench that runs base; without it, this one.
    #[arg(long, value_name = "PROGRAM")]
    base_cachebench: Option<PathBuf>,

    /// The cachebench that runs head.
    #[arg(long, value_name = "PROGRAM")]
    head_cachebench: Option<PathBuf>,

    /// The redis-server or valkey-server of base, where it is managed.
    #[arg(long, value_name = "PROGRAM")]
    base_redis: Option<PathBuf>,

    /// That of head.
    #[arg(long, value_name = "PROGRAM")]
    head_redis: Option<PathBuf>,

    /// The folder with the postgres of base, where it is managed.
    #[arg(long, value_name = "FOLDER")]
    base_postgres: Option<PathBuf>,

    /// That of head.
    #[arg(long, value_name = "FOLDER")]
    head_postgres: Option<PathBuf>,
}

impl SideArguments {
    /// The flags that were given.
    pub fn given(&self) -> impl Iterator<Item = &'static str> {
        let given = [
            (!self.set.is_empty(), "--set"),
            (!self.base.is_empty(), "--base"),
            (!self.head.is_empty(), "--head"),
            (self.base_cachebench.is_some(), "--base-cachebench"),
            (self.head_cachebench.is_some(), "--head-cachebench"),
            (self.base_redis.is_some(), "--base-redis"),
            (self.head_redis.is_some(), "--head-redis"),
            (self.base_postgres.is_some(), "--base-postgres"),
            (self.head_postgres.is_some(), "--head-postgres"),
        ];
        given.into_iter().filter_map(|(is_given, flag)| is_given.then_some(flag))
    }

    fn tells_sides_apart(&self) -> bool {
        self.given().any(|flag| flag != "--set")
    }
}

/// What the command was given.
pub struct Given<'a> {
    /// One workload file for both, or one each.
    pub files: &'a [PathBuf],
    pub sides: &'a SideArguments,
    pub allow_foreign_data: bool,
}

/// One side, ready to be run.
pub struct Spec {
    /// What it is called: base or head.
    pub name: &'static str,
    pub program: PathBuf,
    pub file: PathBuf,
    pub settings: Vec<String>,
    /// Variables that say which servers are started.
    pub servers: Vec<(&'static str, PathBuf)>,
    pub allow_foreign_data: bool,
    /// As the workload is read by this cachebench.
    pub loaded: Loaded,
}

impl Given<'_> {
    /// Both sides, seen to be runnable.
    ///
    /// # Errors
    /// All that is wrong with a workload, a program that is not there, and sides between which there is no difference.
    pub fn specs(&self) -> Result<[Spec; 2], Failure> {
        let sides = self.sides;
        if self.files.len() == 1 && !sides.tells_sides_apart() {
            let text = "base and head are the same; tell them apart by --base and --head, by programs, or by a second \
                 file. To compare a workload with itself, name its file twice";
            return Err(Failure::new(Exit::Usage, text));
        }
        let base = self.spec(
            "base",
            &self.files[0],
            &sides.base,
            &sides.base_cachebench,
            [(REDIS_VARIABLE, &sides.base_redis), (POSTGRES_VARIABLE, &sides.base_postgres)],
        )?;
        let last = self.files.last().unwrap_or(&self.files[0]);
        let head = self.spec(
            "head",
            last,
            &sides.head,
            &sides.head_cachebench,
            [(REDIS_VARIABLE, &sides.head_redis), (POSTGRES_VARIABLE, &sides.head_postgres)],
        )?;
        let (own, others) = (base.loaded.cells.len(), head.loaded.cells.len());
        if own != others {
            let text = format!("base has {own} cells and head {others}; they are compared cell by cell");
            return Err(Failure::new(Exit::Usage, text));
        }
        Ok([base, head])
    }

    fn spec(
        &self,
        name: &'static str,
        file: &Path,
        settings: &[String],
        program: &Option<PathBuf>,
        servers: [(&'static str, &Option<PathBuf>); 2],
    ) -> Result<Spec, Failure> {
        let settings: Vec<String> = self.sides.set.iter().chain(settings).cloned().collect();
        let text = workload_file::text(file)?;
        let loaded = config::load(file, text, &settings)?;
        let own = || std::env::current_exe();
        let program = program.clone().map_or_else(own, Ok).and_then(|program| program.canonicalize());
        let program = program.map_err(|error| {
            Failure::new(Exit::Usage, format!("--{name}-cachebench: no such program: {error}"))
        })?;
        let mut told = Vec::new();
        for (variable, path) in servers {
            let Some(path) = path else { continue };
            let path = path.canonicalize().map_err(|error| {
                let what = if variable == REDIS_VARIABLE { "redis" } else { "postgres" };
                Failure::new(Exit::Usage, format!("--{name}-{what} {}: {error}", path.display()))
            })?;
            told.push((variable, path));
        }
        let allow_foreign_data = self.allow_foreign_data;
        let file = file.to_path_buf();
        Ok(Spec { name, program, file, settings, servers: told, allow_foreign_data, loaded })
    }
}

/// A setting without what nobody else may read.
pub fn hidden(setting: &str) -> String {
    match setting.split_once('=') {
        Some((path, _)) if path.trim().starts_with("cache.tls") => format!("{path}=***"),
        Some((path, value)) if value.contains("://") => format!("{path}={}", redact(value)),
        _ => setting.to_owned(),
    }
}

impl Spec {
    /// Whether the workload can be counted exactly; why not, if not.
    pub fn countable(&self, operations: u64) -> Result<(), String> {
        let exact = Exact { operations, tick: None };
        let text = std::fs::read_to_string(&self.file).map_err(|error| error.to_string())?;
        config::load_exact(&self.file, text, &self.settings, exact)
            .map(drop)
            .map_err(|problems| problems.sorted().first().map_or_else(String::new, ToString::to_string))
    }

    /// The side as a report tells it.
    pub fn told(&self, cachebench: &str) -> Side {
        let settings = self.settings.iter().map(|setting| hidden(setting));
        let servers = self.servers.iter().map(|(variable, path)| {
            let name = path
                .file_name()
                .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into());
            format!("{} {name}", if *variable == REDIS_VARIABLE { "redis" } else { "postgres" })
        });
        Side {
            label: self.name.into(),
            cachebench: cachebench.into(),
            what: [self.file.display().to_string()].into_iter().chain(settings).chain(servers).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_no_report() {
        let told = hidden("cache.url=redis://me:hunter2@host");
        assert!(told.contains("cache.url=redis://") && !told.contains("hunter2"), "{told}");
        assert_eq!(hidden("cache.tls.key=/secret"), "cache.tls.key=***");
        assert_eq!(hidden("cache.ttl=5s"), "cache.ttl=5s");
    }
}
