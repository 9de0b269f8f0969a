use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};
use crate::measure::{FORMAT, Summary};

/// Makes the folder for a run's results, and finds out that it can be written before any load starts.
pub fn make(parent: &Path, name: &str) -> Result<PathBuf, Failure> {
    let wrong = |what: &Path, error: std::io::Error| {
        let text = format!(
            "cannot write results to {}: {error}; choose another folder with --output",
            what.display()
        );
        Failure::new(Exit::Environment, text)
    };
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let base = format!("{}-{time}", slug(name));
    std::fs::create_dir_all(parent).map_err(|error| wrong(parent, error))?;
    // Two runs may start in the same second.
    for attempt in 1.. {
        let folder = parent.join(if attempt == 1 { base.clone() } else { format!("{base}-{attempt}") });
        match std::fs::create_dir(&folder) {
            Ok(()) => {
                reserve(&folder).map_err(|error| {
                    let _ = std::fs::remove_dir(&folder);
                    wrong(&folder, error)
                })?;
                return Ok(folder);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && attempt < 1_000 => {}
            Err(error) => return Err(wrong(&folder, error)),
        }
    }
    Err(Failure::new(Exit::Internal, "no free name for the results"))
}

/// Reads a result from its folder or its `result.json`.
pub fn read(path: &Path) -> Result<Summary, Failure> {
    let file = if path.is_dir() { path.join("result.json") } else { path.to_path_buf() };
    let shown = file.display();
    let text = std::fs::read_to_string(&file)
        .map_err(|error| Failure::new(Exit::Usage, format!("cannot read {shown}: {error}")))?;
    let version: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| Failure::new(Exit::Usage, format!("{shown} is no result: {error}")))?;
    match version.get("format").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(FORMAT) => {}
        Some(version) => {
            let text = format!("{shown} has result format {version}, this cachebench reads {FORMAT}");
            return Err(Failure::new(Exit::Usage, text));
        }
        None => return Err(Failure::new(Exit::Usage, format!("{shown} is no result: it has no `format`"))),
    }
    serde_json::from_value(version)
        .map_err(|error| Failure::new(Exit::Usage, format!("{shown} is no result: {error}")))
}

/// Writes and removes as much as results may need, so that a full disk is found now.
fn reserve(folder: &Path) -> std::io::Result<()> {
    const ROOM: usize = 8 << 20;
    let probe = folder.join("probe");
    let written = std::fs::File::create(&probe).and_then(|mut file| {
        std::io::Write::write_all(&mut file, &vec![0xa5; ROOM])?;
        file.sync_all()
    });
    let removed = std::fs::remove_file(&probe);
    written.and(removed)
}

fn slug(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_in_one_second_get_two_folders() {
        let parent = tempfile::tempdir().unwrap();
        let (one, two) = (make(parent.path(), "a b").unwrap(), make(parent.path(), "a b").unwrap());
        assert_ne!(one, two);
        assert!(one.file_name().unwrap().to_string_lossy().starts_with("a-b-20"));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_environment_error() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        std::fs::write(&file, "").unwrap();
        let failure = make(&file, "x").unwrap_err();
        assert_eq!(failure.exit, Exit::Environment);
    }
}
