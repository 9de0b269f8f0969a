use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure};
use crate::measure::{FORMAT, Summary};

/// Where results go, unless another folder is asked for.
pub const FOLDER: &str = "results";

/// What makes a folder that of a result, and that of a comparison.
const RESULT: &str = "result.json";
pub const COMPARISON: &str = "comparison.json";

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
    let wrong = |text: String| Failure::new(Exit::Usage, text);
    let file = if path.is_dir() { path.join(RESULT) } else { path.to_path_buf() };
    let shown = file.display();
    let text = std::fs::read_to_string(&file).map_err(|error| match error.kind() {
        ErrorKind::NotFound if path.is_dir() => {
            wrong(format!("{} is no result: there is no result.json in it", path.display()))
        }
        ErrorKind::NotFound => {
            wrong(format!("there is no result {shown}; `cachebench list results` tells which there are"))
        }
        ErrorKind::InvalidData => wrong(format!("{shown} is no result: it is no text in UTF-8")),
        _ => wrong(format!("cannot read {shown}: {error}")),
    })?;
    let json: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| wrong(format!("{shown} is no result: {error}")))?;
    match json.get("format").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(FORMAT) => {}
        Some(version) => {
            return Err(wrong(format!(
                "{shown} has result format {version}, this cachebench reads {FORMAT}"
            )));
        }
        None => return Err(wrong(format!("{shown} is no result: it has no `format`"))),
    }
    serde_json::from_value(json).map_err(|error| wrong(format!("{shown} is no result: {error}")))
}

/// Every result in a folder, the oldest first.
pub fn all(parent: &Path) -> Vec<PathBuf> {
    all_with(parent, &[RESULT])
}

/// Every result and every comparison in a folder, the oldest first.
pub fn all_and_comparisons(parent: &Path) -> Vec<PathBuf> {
    all_with(parent, &[RESULT, COMPARISON])
}

/// Every folder in another that holds one of these files, the oldest first: by the time in the name, then by that of the
/// file.
fn all_with(parent: &Path, files: &[&str]) -> Vec<PathBuf> {
    let held = |folder: &Path| files.iter().map(|file| folder.join(file)).find(|file| file.is_file());
    let folders = std::fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<_> = folders.filter(|folder| held(folder).is_some()).collect();
    found.sort_by_cached_key(|folder| {
        let modified = held(folder).and_then(|file| file.metadata().ok()?.modified().ok());
        (begun(folder).map(|(_, time, number)| (time, number)), modified, folder.clone())
    });
    found
}

/// The newest result in a folder.
///
/// # Errors
/// When there is none, with what to do about it.
pub fn newest(parent: &Path) -> Result<PathBuf, Failure> {
    newest_with(parent, RESULT)
}

/// The newest folder in another that holds this file: a result's, or a comparison's.
///
/// # Errors
/// As those of [`newest`].
pub fn newest_with(parent: &Path, file: &str) -> Result<PathBuf, Failure> {
    all_with(parent, &[file]).pop().ok_or_else(|| {
        let shown = parent.display();
        let text = match file == RESULT || all(parent).is_empty() {
            true => {
                format!("there is no result in {shown} yet; `cachebench run FILE` makes one, or name one")
            }
            false => format!(
                "no result in {shown} has a {file}; `cachebench show RESULT --format html > {file}` makes one"
            ),
        };
        Failure::new(Exit::Usage, text)
    })
}

/// The result of the same workload before this one.
pub fn before(folder: &Path) -> Option<PathBuf> {
    let (name, time, number) = begun(folder)?;
    let is_before = |other: &&PathBuf| {
        begun(other).is_some_and(|(its, then, which)| its == name && (then, which) < (time.clone(), number))
    };
    let all = all(folder.parent()?);
    all.iter().rev().find(is_before).cloned()
}

/// What the name of a result's folder tells: the workload, when it began, and which it was of that second.
fn begun(folder: &Path) -> Option<(String, String, u32)> {
    let name = folder.file_name()?.to_str()?;
    let is_time = |text: &str| {
        let shape = |(index, letter): (usize, char)| match index {
            8 => letter == 'T',
            15 => letter == 'Z',
            _ => letter.is_ascii_digit(),
        };
        text.len() == 16 && text.chars().enumerate().all(shape)
    };
    let mut parts = name.rsplitn(3, '-');
    let last = parts.next()?;
    if is_time(last) {
        let workload = name.strip_suffix(last)?.strip_suffix('-')?;
        return Some((workload.into(), last.into(), 1));
    }
    let (number, time, workload) = (last.parse().ok()?, parts.next()?, parts.next()?);
    is_time(time).then(|| (workload.into(), time.into(), number))
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

    #[test]
    fn the_newest_result_is_known_by_the_time_in_its_name() {
        let parent = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let folder = parent.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("result.json"), "{}").unwrap();
            folder
        };
        assert_eq!(newest(parent.path()).unwrap_err().exit, Exit::Usage);
        let kept = make("kept");
        assert_eq!(newest(parent.path()).unwrap(), kept);
        let second = make("a-b-20260102T030405Z-2");
        let first = make("a-b-20260102T030405Z");
        make("b-20260101T000000Z");
        let tenth = make("a-b-20260102T030405Z-10");
        std::fs::create_dir(parent.path().join("a-b-20270101T000000Z")).unwrap();
        assert_eq!(newest(parent.path()).unwrap(), tenth);
        assert_eq!((before(&tenth), before(&second)), (Some(second.clone()), Some(first.clone())));
        assert_eq!((before(&first), before(&kept)), (None, None));
    }

    #[test]
    fn results_without_the_file_that_is_wanted_are_no_missing_results() {
        let parent = tempfile::tempdir().unwrap();
        let reason = || format!("{:?}", newest_with(parent.path(), "report.html").unwrap_err());
        assert!(reason().contains("there is no result in"), "{}", reason());
        let make = |name: &str, file: &str| {
            let folder = parent.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join(file), "{}").unwrap();
            folder
        };
        let comparison = make("compare-a-20260102T030405Z", COMPARISON);
        let result = make("a-20260101T000000Z", RESULT);
        assert!(reason().contains("has a report.html; `cachebench show RESULT"), "{}", reason());
        assert_eq!(all(parent.path()), std::slice::from_ref(&result));
        assert_eq!(all_and_comparisons(parent.path()), [result, comparison]);
    }
}
