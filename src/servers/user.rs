use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{User, geteuid};

use super::error::ServerError;

/// The user that servers run as where the tool itself runs as root.
#[derive(Clone, Debug)]
pub(super) struct ServerUser {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

impl ServerUser {
    /// `postgres`, else `nobody`, where we are root; nothing where we are not.
    ///
    /// # Errors
    /// When we are root and neither user exists.
    pub fn needed() -> Result<Option<ServerUser>, ServerError> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| ServerUser { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() })
            .map(Some)
            .ok_or(ServerError::NoUser)
    }

    /// Whether this user may execute `path`, or enter it if it is a folder: each folder above it counts.
    pub fn may_reach(&self, path: &Path) -> bool {
        path.ancestors().filter(|part| !part.as_os_str().is_empty()).all(|part| {
            fs::metadata(part).is_ok_and(|found| {
                let shift = match () {
                    () if found.uid() == self.uid => 6,
                    () if found.gid() == self.gid => 3,
                    () => 0,
                };
                (found.mode() >> shift) & 1 == 1
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_private_folder_above_hides_what_is_below() {
        let outer = tempfile::tempdir().unwrap();
        fs::set_permissions(outer.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let inner = outer.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
        let stranger = ServerUser { name: "stranger".into(), uid: 54_321, gid: 54_321 };
        assert!(!stranger.may_reach(&inner));
        fs::set_permissions(outer.path(), fs::Permissions::from_mode(0o711)).unwrap();
        assert!(stranger.may_reach(&inner));
    }
}
