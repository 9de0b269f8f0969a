use std::path::{Path, PathBuf};

use super::Printer;
use super::results;
use crate::measure::comparison::check_comparable;
use crate::report;

/// Tells on stderr what a user may do next: verbs of this program, one a line.
pub fn tell(verbs: &[String], printer: &Printer) {
    let program = program();
    for (index, verb) in verbs.iter().enumerate() {
        let label = if index == 0 { "next: " } else { "      " };
        printer.note(&format!("{label}{program} {verb}"));
    }
}

/// What may be done with a result that has just been written: to look at it, and to compare it with the one before, where
/// the two can be compared.
pub fn after_a_run(folder: &Path, printer: &Printer) {
    let is_usual = folder.parent() == Some(Path::new(results::FOLDER));
    let mut verbs = vec![match is_usual {
        true => "open".to_owned(),
        false => format!("open {}", quoted(folder)),
    }];
    if let Some(before) = results::before(folder).filter(|before| is_comparable(before, folder)) {
        verbs.push(format!("compare {} {}", quoted(&before), quoted(folder)));
    }
    tell(&verbs, printer);
    // What is a part, or may not be believed, is compared with nothing: not even with itself.
    if verbs.len() == 1 && is_comparable(folder, folder) {
        printer.note("      or change a setting of the file, and run it again: the two can then be compared");
    }
}

/// A path as a shell takes it.
pub fn quoted(path: &Path) -> String {
    report::quoted(&path.display().to_string())
}

/// This program as the user can type it: its name where a shell finds it by that, else its path.
pub fn program() -> String {
    let Ok(own) = std::env::current_exe() else { return env!("CARGO_PKG_NAME").into() };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let here = std::env::current_dir().unwrap_or_default();
    called(&own, std::env::split_paths(&path), &here)
}

fn called(own: &Path, mut path: impl Iterator<Item = PathBuf>, here: &Path) -> String {
    let whole = |path: &Path| path.canonicalize().ok();
    let name = own.file_name().unwrap_or(own.as_os_str());
    if path.any(|folder| whole(&folder.join(name)).is_some_and(|found| Some(found) == whole(own))) {
        return name.to_string_lossy().into_owned();
    }
    match own.strip_prefix(here) {
        // A name without a folder would be looked for in PATH.
        Ok(inside) if inside.components().count() == 1 => quoted(&Path::new(".").join(inside)),
        Ok(inside) => quoted(inside),
        Err(_) => quoted(own),
    }
}

fn is_comparable(base: &Path, head: &Path) -> bool {
    match (results::read(base), results::read(head)) {
        (Ok(base), Ok(head)) => check_comparable(&base, &head).is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{CellResult, FORMAT, RepeatResult, Summary};

    #[test]
    fn a_comparison_that_would_be_refused_is_not_proposed() {
        let parent = tempfile::tempdir().unwrap();
        let make = |name: &str, rows: u64, interrupted: bool| {
            let repeat = RepeatResult { repeat: 1, ..RepeatResult::default() };
            let cell = CellResult { repeats: vec![repeat], ..CellResult::default() };
            let workload = serde_json::json!({ "data": { "rows": rows } });
            let summary =
                Summary { format: FORMAT, workload, cells: vec![cell], interrupted, ..Summary::default() };
            let folder = parent.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("result.json"), serde_json::to_string(&summary).unwrap()).unwrap();
            folder
        };
        let [whole, other, part] =
            [make("whole", 10, false), make("other", 20, false), make("part", 10, true)];
        assert!(is_comparable(&whole, &whole));
        assert!(!is_comparable(&whole, &other) && !is_comparable(&whole, &part));
        assert!(!is_comparable(&whole, &parent.path().join("none")));
    }

    #[test]
    fn the_program_is_called_by_its_name_only_where_a_shell_finds_it() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("bin/cachebench");
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        std::fs::write(&own, "").unwrap();
        let bin = || [folder.path().join("none"), folder.path().join("bin")].into_iter();
        assert_eq!(called(&own, bin(), Path::new("/")), "cachebench");
        assert_eq!(called(&own, bin().take(1), folder.path()), "bin/cachebench");
        assert_eq!(called(&own, bin().take(1), &folder.path().join("bin")), "./cachebench");
        assert_eq!(called(&own, bin().take(1), Path::new("/elsewhere")), own.display().to_string());
    }

    #[test]
    fn a_path_with_a_space_is_quoted() {
        assert_eq!(quoted(Path::new("a/b-1.toml")), "a/b-1.toml");
        assert_eq!(quoted(Path::new("my file.toml")), "'my file.toml'");
    }
}
