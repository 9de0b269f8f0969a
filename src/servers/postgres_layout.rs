//! Where an installation keeps its libraries, seen from the folder of its programs.

use std::fs;
use std::path::{Path, PathBuf};

const EXTENSION: &str = "extension/pg_stat_statements.control";

/// Whether this installation can preload pg_stat_statements: packagers ship it apart, and Postgres does not
/// start if it is asked to preload what is not there.
pub(super) fn has_statement_statistics(bin: &Path) -> bool {
    let Some(home) = bin.parent() else { return false };
    let libraries = with_folders_of(&[home.join("lib"), home.join("lib64")]);
    let mut shares = with_folders_of(&[home.join("share")]);
    // Debian: programs in /usr/lib/postgresql/15/bin, shared files in /usr/share/postgresql/15.
    if let (Some(version), Some(root)) = (home.file_name(), home.ancestors().nth(3)) {
        shares.push(root.join("share/postgresql").join(version));
    }
    let library = |folder: &PathBuf| {
        ["so", "dylib"]
            .iter()
            .any(|ending| folder.join("pg_stat_statements").with_extension(ending).is_file())
    };
    libraries.iter().any(library) && shares.iter().any(|folder| folder.join(EXTENSION).is_file())
}

/// The folders themselves, and those directly in them: `lib`, `lib/postgresql`, `share/postgresql@16` …
fn with_folders_of(folders: &[PathBuf]) -> Vec<PathBuf> {
    let inner = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    folders.iter().cloned().chain(inner.map(|entry| entry.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    #[test]
    fn both_the_library_and_its_extension_are_needed_in_either_layout() {
        for (bin, library, share) in [
            ("lib/postgresql/15/bin", "lib/postgresql/15/lib", "share/postgresql/15"),
            ("opt/pg/bin", "opt/pg/lib/postgresql", "opt/pg/share/postgresql@16"),
        ] {
            let root = tempfile::tempdir().unwrap();
            let bin = root.path().join(bin);
            touch(&bin.join("postgres"));
            touch(&root.path().join(library).join("pg_stat_statements.so"));
            assert!(!has_statement_statistics(&bin));
            touch(&root.path().join(share).join(EXTENSION));
            assert!(has_statement_statistics(&bin));
        }
    }
}
