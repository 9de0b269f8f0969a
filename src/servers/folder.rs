use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use super::error::ServerError;
use super::identity::Identity;
use super::sweep::sweep;
use super::user::ServerUser;

/// How the folder of every run begins; the tool's pid and a random part follow.
pub(super) const PREFIX: &str = "cachebench-";
/// The file that names the run's process, locked as long as that process lives.
pub(super) const OWNER: &str = "owner";

/// The private temporary folder of one run, removed when its last user is gone.
///
/// A clone is another handle on the same folder: each server holds one, so that the folder outlives its
/// servers.
#[derive(Clone, Debug)]
pub struct RunFolder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    user: Option<ServerUser>,
    servers: AtomicU32,
    /// Keeps the lock by which a sweep, even one in another container, sees that this run lives.
    _owner: File,
}

impl RunFolder {
    /// Removes what dead runs left behind, then makes a new folder in the system's temporary folder.
    ///
    /// # Errors
    /// When the folder cannot be made, or the user that servers run as could not enter it.
    pub fn create() -> Result<RunFolder, ServerError> {
        sweep();
        let parent = std::env::temp_dir();
        let user = ServerUser::needed()?;
        if let Some(user) = user.as_ref().filter(|user| !user.may_reach(&parent)) {
            let user = user.name.clone();
            return Err(ServerError::OutOfReach { path: parent, user, variable: "TMPDIR" });
        }
        // As root the folder stays ours, so that no one else can write the pid files that a later sweep
        // trusts; the server user may pass through to its own folder, and see nothing on the way.
        let mode = if user.is_some() { 0o711 } else { 0o700 };
        let make = || -> io::Result<(PathBuf, File)> {
            let folder = tempfile::Builder::new()
                .prefix(&format!("{PREFIX}{}-", std::process::id()))
                .permissions(fs::Permissions::from_mode(0o700))
                .tempdir_in(&parent)?;
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode))?;
            let mut owner = File::create_new(folder.path().join(OWNER))?;
            owner.lock()?;
            if let Some(identity) = Identity::of(std::process::id()) {
                writeln!(owner, "{identity}")?;
            }
            Ok((folder.keep(), owner))
        };
        let (path, owner) = make().map_err(|source| ServerError::Folder { path: parent.clone(), source })?;
        let servers = AtomicU32::new(1);
        Ok(RunFolder { inner: Arc::new(Inner { path, user, servers, _owner: owner }) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// A new folder for a server of this kind, numbered in the order of their starts.
    pub(super) fn server(&self, kind: &str) -> Result<ServerFolder, ServerError> {
        let number = self.inner.servers.fetch_add(1, Ordering::Relaxed);
        let name = format!("{kind}-{number}");
        let path = self.path().join(&name);
        let make = || -> io::Result<()> {
            fs::create_dir(&path)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700))?;
            match &self.inner.user {
                Some(user) => chown(&path, Some(user.uid), Some(user.gid)),
                None => Ok(()),
            }
        };
        make().map_err(|source| ServerError::Folder { path: path.clone(), source })?;
        Ok(ServerFolder { path, name, run: self.clone() })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // A child of a killed postgres may write its last file while we remove; then the next try succeeds.
        for _ in 0..20 {
            match fs::remove_dir_all(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    thread::sleep(Duration::from_millis(10));
                }
                _ => return,
            }
        }
    }
}

/// The folder of one server, owned by the user it runs as; its pid file stands beside it, owned by us.
#[derive(Debug)]
pub(super) struct ServerFolder {
    path: PathBuf,
    name: String,
    run: RunFolder,
}

impl ServerFolder {
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn user(&self) -> Option<&ServerUser> {
        self.run.inner.user.as_ref()
    }

    /// What the server writes to its standard output and error.
    pub fn log(&self) -> PathBuf {
        self.run.path().join(format!("{}.log", self.name))
    }

    /// Holds the server's [`Identity`] and the number of the signal that ends it.
    pub fn pid_file(&self) -> PathBuf {
        self.run.path().join(format!("{}.pid", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_private_names_its_owner_and_goes_with_its_last_user() {
        let run = RunFolder::create().unwrap();
        let path = run.path().to_path_buf();
        let server = run.server("redis").unwrap();
        assert_eq!(fs::metadata(server.path()).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o066, 0);
        let owner: Identity = fs::read_to_string(path.join(OWNER)).unwrap().parse().unwrap();
        assert!(owner.is_alive());
        drop(run);
        assert!(path.exists());
        drop(server);
        assert!(!path.exists());
    }
}
