use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a server could not be started, reached, or used. Never holds a password.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error(
        "no {server} on this machine; run \"make setup\", or install {package}, \
         or set {variable}, or give {setting}"
    )]
    NotFound { server: &'static str, package: &'static str, variable: &'static str, setting: &'static str },

    #[error("{variable} names `{}`, which is not {expected}; correct or unset it", path.display())]
    WrongVariable { variable: &'static str, path: PathBuf, expected: &'static str },

    #[error(
        "servers never run as root, and user `{user}` cannot reach `{}`; \
         move it out of the private folder, or set {variable} to another place",
        path.display()
    )]
    OutOfReach { path: PathBuf, user: String, variable: &'static str },

    #[error(
        "there is no user `postgres` or `nobody`, and servers never run as root; start cachebench as another user"
    )]
    NoUser,

    #[error("cannot use `{}` for the run: {source}; set TMPDIR to a folder that can be written", path.display())]
    Folder { path: PathBuf, source: io::Error },

    #[error("cannot run `{}`: {source}", program.display())]
    Spawn { program: PathBuf, source: io::Error },

    #[error("no free port on 127.0.0.1: {0}")]
    NoPort(io::Error),

    #[error("cannot start a proxy on 127.0.0.1: {0}")]
    Proxy(io::Error),

    #[error("`{setting}` of {server} is chosen by cachebench; remove it from the settings")]
    Reserved { server: &'static str, setting: String },

    #[error(
        "a Postgres is paused with its child processes, which only /proc tells, and it cannot be read: {0}"
    )]
    NoProcesses(io::Error),

    #[error("{server} ended while it started; its log says:\n{log}")]
    Ended { server: &'static str, log: String },

    #[error("{server} was not ready after {} s; its log says:\n{log}", limit.as_secs())]
    NotReady { server: &'static str, limit: Duration, log: String },

    #[error("initdb failed; its log says:\n{log}")]
    Initdb { log: String },

    #[error("{url}: {problem}")]
    Server { url: String, problem: String },

    /// What was met before, and would be met again.
    #[error("{0}")]
    Known(String),

    #[error("{0} is empty, so it would cover everything on the server; give it a name")]
    EmptyName(&'static str),

    #[error(
        "{url} holds {keys} keys, and not all begin with `{prefix}`; pass --allow-foreign-data to run beside them, \
         or use another database number (such as /1), or cache.url = \"managed\""
    )]
    ForeignKeys { url: String, keys: u64, prefix: String },

    #[error(
        "{url} holds {tables} tables outside the schema `{schema}`, such as {example}; pass --allow-foreign-data \
         to run beside them, or use an empty database, or database.url = \"managed\""
    )]
    ForeignTables { url: String, tables: u64, schema: String, example: String },

    #[error(
        "{url} has a schema `{schema}` that cachebench did not create; \
         rename it, or use another database, or database.url = \"managed\""
    )]
    ForeignSchema { url: String, schema: String },
}

impl ServerError {
    /// Whether another process took the port between our look and the server's bind.
    pub(super) fn port_was_taken(&self) -> bool {
        matches!(self, ServerError::Ended { log, .. } if log.to_ascii_lowercase().contains("address already in use"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_told_from_other_ends() {
        let ended = |log: &str| ServerError::Ended { server: "redis", log: log.into() };
        assert!(ended("bind: Address already in use").port_was_taken());
        assert!(!ended("Bad directive or wrong number of arguments").port_was_taken());
    }
}
