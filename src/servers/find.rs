use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::error::ServerError;
use super::user::ServerUser;

/// The variable that names the redis-server to start.
pub const REDIS_VARIABLE: &str = "CACHEBENCH_REDIS_SERVER";
/// The variable that names the folder of postgres and initdb.
pub const POSTGRES_VARIABLE: &str = "CACHEBENCH_POSTGRES_BIN";
const REDIS_NAMES: [&str; 2] = ["redis-server", "valkey-server"];
/// How far above the executable's folder a project's `.tools` may lie: target/release/deps and then some.
const LEVELS: usize = 5;

/// The redis-server to start, else a valkey-server.
///
/// # Errors
/// When there is none, or only one that the user servers run as cannot reach; the message says the way out.
pub(super) fn redis_server() -> Result<PathBuf, ServerError> {
    Search::of_this_process()?.redis_server(env::var_os(REDIS_VARIABLE).map(PathBuf::from))
}

/// The folder that holds `postgres` and `initdb`.
///
/// # Errors
/// As for [`redis_server`].
pub(super) fn postgres_bin() -> Result<PathBuf, ServerError> {
    Search::of_this_process()?.postgres_bin(env::var_os(POSTGRES_VARIABLE).map(PathBuf::from))
}

/// The places to look, apart from what a variable names.
struct Search {
    /// Folders that may hold the project's `.tools`.
    projects: Vec<PathBuf>,
    path: Vec<PathBuf>,
    /// `/`, except in tests.
    root: PathBuf,
    /// Who must be able to run what is found, where that is not us.
    user: Option<ServerUser>,
}

impl Search {
    fn of_this_process() -> Result<Search, ServerError> {
        let mut projects: Vec<_> = env::current_dir().into_iter().collect();
        if let Ok(executable) = env::current_exe() {
            projects.extend(executable.ancestors().skip(1).take(LEVELS).map(Path::to_path_buf));
        }
        let path = env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
        Ok(Search { projects, path, root: "/".into(), user: ServerUser::needed()? })
    }

    fn redis_server(&self, given: Option<PathBuf>) -> Result<PathBuf, ServerError> {
        if let Some(path) = given {
            return match executable(&path) {
                Some(_) => self.within_reach(path, REDIS_VARIABLE),
                None => {
                    let expected = "an executable file";
                    Err(ServerError::WrongVariable { variable: REDIS_VARIABLE, path, expected })
                }
            };
        }
        let folders = self.tools("bin").chain(self.path.clone()).chain(self.homebrew());
        let found = folders
            .flat_map(|folder| REDIS_NAMES.map(|name| folder.join(name)))
            .filter(|candidate| executable(candidate).is_some());
        let missing = ServerError::NotFound {
            server: "redis-server",
            package: "redis-server (or valkey)",
            variable: REDIS_VARIABLE,
            setting: "cache.url",
        };
        // Started by the name that was found, not by what it links to: one program of several names may ask
        // how it was called, as Debian's redis-server does, which is a link to redis-check-rdb.
        self.first_within_reach(found, REDIS_VARIABLE, missing)
    }

    fn postgres_bin(&self, given: Option<PathBuf>) -> Result<PathBuf, ServerError> {
        if let Some(path) = given {
            return match programs_of(&path) {
                Some(bin) => self.within_reach(bin, POSTGRES_VARIABLE),
                None => {
                    let expected = "a folder with both postgres and initdb";
                    Err(ServerError::WrongVariable { variable: POSTGRES_VARIABLE, path, expected })
                }
            };
        }
        let at = |place: &str| self.root.join(place);
        let bins = |folder: PathBuf, prefix: &str| {
            newest_first(&folder, prefix).into_iter().map(|it| it.join("bin"))
        };
        let folders = self
            .tools("postgres/bin")
            .chain(self.path.clone())
            .chain(bins(at("usr/lib/postgresql"), ""))
            .chain(bins(at("usr"), "pgsql-"))
            .chain([at("usr/local/pgsql/bin")])
            .chain(self.homebrew())
            .chain(bins(at("opt/homebrew/opt"), "postgresql@"))
            .chain(bins(at("usr/local/opt"), "postgresql@"));
        let found = folders.filter_map(|folder| programs_of(&folder));
        let missing = ServerError::NotFound {
            server: "postgres",
            package: "postgresql",
            variable: POSTGRES_VARIABLE,
            setting: "database.url",
        };
        self.first_within_reach(found, POSTGRES_VARIABLE, missing)
    }

    fn tools(&self, folder: &'static str) -> impl Iterator<Item = PathBuf> {
        self.projects.iter().map(move |project| project.join(".tools").join(folder))
    }

    fn homebrew(&self) -> [PathBuf; 2] {
        ["opt/homebrew/bin", "usr/local/bin"].map(|place| self.root.join(place))
    }

    /// The first that can be run; if none can, the first that was found says why.
    fn first_within_reach(
        &self,
        found: impl Iterator<Item = PathBuf>,
        variable: &'static str,
        missing: ServerError,
    ) -> Result<PathBuf, ServerError> {
        let mut first_refusal = None;
        for candidate in found {
            match self.within_reach(candidate, variable) {
                Ok(path) => return Ok(path),
                Err(error) => first_refusal = first_refusal.or(Some(error)),
            }
        }
        Err(first_refusal.unwrap_or(missing))
    }

    fn within_reach(&self, path: PathBuf, variable: &'static str) -> Result<PathBuf, ServerError> {
        // Servers start in a folder of their own, where a relative path would lead nowhere.
        let path = std::path::absolute(&path).unwrap_or(path);
        let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        match &self.user {
            Some(user) if !(user.may_reach(&path) && user.may_reach(&real)) => {
                Err(ServerError::OutOfReach { path, user: user.name.clone(), variable })
            }
            _ => Ok(path),
        }
    }
}

/// The real place of an executable file.
fn executable(path: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(path).ok()?;
    let found = fs::metadata(&real).ok()?;
    (found.is_file() && found.permissions().mode() & 0o111 != 0).then_some(real)
}

/// The real folder of the `postgres` in `folder`, if `initdb` is there too; a wrapper's folder has no such
/// pair.
///
/// Links are resolved because Postgres finds its shared files relative to the path it was started by.
fn programs_of(folder: &Path) -> Option<PathBuf> {
    let bin = executable(&folder.join("postgres"))?.parent()?.to_path_buf();
    (executable(&bin.join("postgres")).is_some() && executable(&bin.join("initdb")).is_some()).then_some(bin)
}

/// The folders in `parent` named `prefix` and a version, the highest number first.
fn newest_first(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let version = |path: &Path| -> Option<Vec<u32>> {
        let name = path.file_name()?.to_str()?.strip_prefix(prefix)?;
        name.split('.').map(|part| part.parse().ok()).collect()
    };
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<_> =
        entries.filter_map(|entry| Some((version(&entry.path())?, entry.path()))).collect();
    found.sort_by(|one, other| other.cmp(one));
    found.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn search(root: &Path) -> Search {
        let root = fs::canonicalize(root).unwrap();
        Search { projects: vec![root.join("project")], path: vec![root.join("path")], root, user: None }
    }

    #[test]
    fn the_projects_own_tools_come_before_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let search = search(folder.path());
        let missing = search.redis_server(None).unwrap_err().to_string();
        assert!(missing.contains("make setup") && missing.contains(REDIS_VARIABLE), "{missing}");
        program(&search.root.join("path/valkey-server"));
        assert!(search.redis_server(None).unwrap().ends_with("path/valkey-server"));
        program(&search.root.join("project/.tools/bin/redis-server"));
        assert!(search.redis_server(None).unwrap().ends_with(".tools/bin/redis-server"));
        let link = search.root.join("project/valkey-link");
        std::os::unix::fs::symlink(search.root.join("path/valkey-server"), &link).unwrap();
        assert_eq!(
            search.redis_server(Some(link.clone())).unwrap(),
            link,
            "called by the name that was given"
        );
        assert!(search.redis_server(Some("/nowhere".into())).unwrap_err().to_string().contains("/nowhere"));
    }

    #[test]
    fn versions_compare_as_numbers_and_a_link_leads_to_the_real_folder() {
        let folder = tempfile::tempdir().unwrap();
        let search = search(folder.path());
        for version in ["9.6", "15", "9"] {
            for name in ["postgres", "initdb"] {
                program(&search.root.join(format!("usr/lib/postgresql/{version}/bin/{name}")));
            }
        }
        assert!(search.postgres_bin(None).unwrap().ends_with("15/bin"));
        fs::create_dir(search.root.join("path")).unwrap();
        let real = search.root.join("usr/lib/postgresql/9.6/bin");
        std::os::unix::fs::symlink(real.join("postgres"), search.root.join("path/postgres")).unwrap();
        assert_eq!(search.postgres_bin(None).unwrap(), real);
        fs::remove_file(real.join("initdb")).unwrap();
        assert!(search.postgres_bin(None).unwrap().ends_with("15/bin"));
    }

    #[test]
    fn what_the_servers_user_cannot_reach_is_passed_over_or_else_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let mut search = search(folder.path());
        search.user = Some(ServerUser { name: "stranger".into(), uid: 54_321, gid: 54_321 });
        program(&search.root.join("path/redis-server"));
        let refused = search.redis_server(None).unwrap_err().to_string();
        assert!(
            refused.contains("`stranger` cannot reach") && refused.contains("path/redis-server"),
            "{refused}"
        );
    }
}
