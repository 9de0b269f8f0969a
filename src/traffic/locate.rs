use std::path::{Path, PathBuf};

use crate::registry::OptionsError;

/// The first place where a file that a workload names exists; `kind` is what an error calls it.
///
/// A relative path is looked for in the folders, in their order, and then in the current one.
///
/// # Errors
/// When it is in none of them.
pub fn locate(kind: &str, file: &Path, folders: &[PathBuf]) -> Result<PathBuf, OptionsError> {
    let mut places = folders.iter().map(|folder| folder.join(file)).chain([file.to_path_buf()]);
    places.find(|path| path.is_file()).ok_or_else(|| {
        OptionsError(format!(
            "no {kind} {} beside the workload file, in CACHEBENCH_TRACES ({}), or in the current folder",
            file.display(),
            std::env::var("CACHEBENCH_TRACES").map_or("not set".into(), |folder| format!("set to {folder}")),
        ))
    })
}
