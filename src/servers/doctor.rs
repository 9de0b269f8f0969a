//! Doctor: the servers that a run would start here.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::error::ServerError;
use super::find;
use super::folder::RunFolder;
use super::user::ServerUser;
use crate::measure::{Finding, State};

/// The servers that are found, their versions, and whether the user that we would start them as can run them.
///
/// They are asked for their versions, and a folder for a run is made and removed; no server is started.
pub fn examine_servers() -> Vec<Finding> {
    let redis = || find::redis_server().map(|path| (path.clone(), path));
    let postgres = || find::postgres_bin().map(|bin| (bin.clone(), bin.join("postgres")));
    let mut found: Vec<Finding> = [("redis-server", &redis as &dyn Fn() -> _), ("postgres", &postgres)]
        .into_iter()
        .map(|(name, find)| server(name, find()))
        .collect();
    found.push(folder(RunFolder::create().map(drop)));
    found
}

/// What was found of a server: where it lies, and the program to run.
fn server(name: &str, found: Result<(std::path::PathBuf, std::path::PathBuf), ServerError>) -> Finding {
    let version = found.and_then(|(shown, program)| Ok((shown, version(&program)?)));
    match version {
        Ok((path, version)) => {
            let runs_as =
                ServerUser::needed().ok().flatten().map(|user| format!(", started as user {}", user.name));
            let found = format!("{version}, {}{}", path.display(), runs_as.unwrap_or_default());
            Finding { check: name.into(), state: State::Good, found, remedy: None }
        }
        Err(error) => refused(name, &error),
    }
}

fn folder(made: Result<(), ServerError>) -> Finding {
    let check = "temporary folder";
    match made {
        Ok(()) => {
            let found = std::env::temp_dir().display().to_string();
            Finding { check: check.into(), state: State::Good, found, remedy: None }
        }
        Err(error) => refused(check, &error),
    }
}

/// A warning only: a run with servers of somebody else needs none of ours.
fn refused(check: &str, error: &ServerError) -> Finding {
    let text = error.to_string().replace('\n', " ");
    let (found, remedy) = text.split_once("; ").unwrap_or((&text, "give the address of a server that runs"));
    Finding { check: check.into(), state: State::Warning, found: found.into(), remedy: Some(remedy.into()) }
}

/// What a server says of its version, run as the user that would start it.
fn version(program: &Path) -> Result<String, ServerError> {
    let mut command = Command::new(program);
    command.arg("--version").env("LC_ALL", "C");
    if let Some(user) = ServerUser::needed()? {
        command.uid(user.uid).gid(user.gid);
    }
    // A folder that this user can be in.
    let output = command.current_dir("/").output();
    let output = output.map_err(|source| ServerError::Spawn { program: program.to_path_buf(), source })?;
    Ok(short(&String::from_utf8_lossy(&output.stdout)))
}

/// `redis 7.0.15` of `Redis server v=7.0.15 sha=00000000:0 …`, and so on.
fn short(told: &str) -> String {
    let line = told.lines().next().unwrap_or_default().trim();
    let redis = line.split_once(" server v=").map(|(name, rest)| {
        format!("{} {}", name.to_lowercase(), rest.split_whitespace().next().unwrap_or_default())
    });
    let postgres = || {
        let (_, version) = line.split_once("(PostgreSQL) ")?;
        Some(format!("postgres {}", version.split_whitespace().next()?))
    };
    match redis.or_else(postgres) {
        Some(short) => short,
        None if line.is_empty() => "a version that it does not tell".into(),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_in_short() {
        for (told, expected) in [
            ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64\n", "redis 7.0.15"),
            ("Valkey server v=9.1.2 sha=0\n", "valkey 9.1.2"),
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", "postgres 15.18"),
            ("something else\n", "something else"),
            ("", "a version that it does not tell"),
        ] {
            assert_eq!(short(told), expected);
        }
    }

    #[test]
    fn what_is_missing_is_a_warning_with_the_way_out() {
        let missing = || ServerError::NotFound {
            server: "redis-server",
            package: "redis",
            variable: "CACHEBENCH_REDIS_SERVER",
            setting: "cache.url",
        };
        let finding = server("redis-server", Err(missing()));
        assert_eq!(
            (finding.state, finding.found.as_str()),
            (State::Warning, "no redis-server on this machine")
        );
        assert!(finding.remedy.unwrap().contains("make setup"));
        let unrunnable = version(Path::new("/no/such/server"));
        assert!(unrunnable.unwrap_err().to_string().contains("cannot run"));
    }

    #[test]
    fn the_servers_of_this_machine_are_found_and_run() {
        let found = examine_servers();
        let checks: Vec<_> = found.iter().map(|it| it.check.as_str()).collect();
        assert_eq!(checks, ["redis-server", "postgres", "temporary folder"]);
        assert!(found.iter().all(|it| it.state == State::Good), "{found:?}");
    }
}
