//! `cachebench init`: a workload to start from, with a comment at each setting.

mod annotate;
mod draft;
mod questions;
pub mod shipped;

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use self::annotate::annotate;
use self::draft::draft;
use self::questions::{Answers, ask};
use super::exit::{Exit, Failure};
use super::{Printer, next};
use crate::config;

const EXAMPLES: &str = "Examples:
  cachebench init shop.toml
  cachebench init --from stampede
  cachebench init --from ttl-sweep mine.toml --force
  cachebench init --list";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The file to write; without it, workload.toml, or NAME.toml of --from.
    file: Option<PathBuf>,

    /// Start from a workload that comes with cachebench, instead of from a few questions.
    #[arg(long, value_name = "NAME")]
    from: Option<String>,

    /// Only print the workloads that --from knows, each with its question.
    #[arg(long, conflicts_with_all = ["file", "from", "force"])]
    list: bool,

    /// Ask nothing, and take what is proposed.
    #[arg(short, long)]
    yes: bool,

    /// Write over files that are there.
    #[arg(long)]
    force: bool,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    if arguments.list {
        super::list::workloads(printer);
        return Ok(Exit::Done);
    }
    let shipped = arguments.from.as_deref().map(shipped::named).transpose()?;
    let usual = shipped.as_ref().map_or("workload.toml".into(), |shipped| format!("{}.toml", shipped.name));
    let file = arguments.file.clone().unwrap_or_else(|| usual.into());
    // What is wrong with the name, and what is in the way, is told before anything is asked.
    check_name(&file)?;
    if file.exists() && !arguments.force {
        return Err(in_the_way(&file));
    }
    let text = match &shipped {
        Some(shipped) => annotate(shipped.own_text()),
        None => annotate(&draft(&name(&file), &answers(arguments, printer))),
    };
    config::load(&file, text.clone(), &[])?;
    write(&file, &text, arguments.force)?;
    printer.note(&format!("written: {}", file.display()));
    for other in files(&text) {
        bring(&other, &file, arguments.force, printer)?;
    }
    next::tell(&[format!("run {}", next::quoted(&file))], printer);
    Ok(Exit::Done)
}

/// Refuses a name that a terminal would obey, and that no workload can have.
fn check_name(file: &Path) -> Result<(), Failure> {
    let name = file.to_string_lossy();
    if name.chars().any(char::is_control) {
        let text = format!("{name:?} has a control character; name another file");
        return Err(Failure::new(Exit::Usage, text));
    }
    Ok(())
}

/// What the user answers, where there is one to ask.
fn answers(arguments: &Arguments, printer: &Printer) -> Answers {
    let stdin = std::io::stdin();
    let is_asked = stdin.is_terminal() && std::io::stderr().is_terminal() && !arguments.yes;
    if is_asked { ask(&mut stdin.lock(), &mut |text| printer.prompt(text)) } else { Answers::default() }
}

/// The name of a workload by that of its file.
fn name(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    if stem.is_empty() { "workload".into() } else { stem.into_owned() }
}

/// Writes a file that must not be there yet, or may.
fn write(file: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create(force).truncate(force).create_new(!force);
    let written = options.open(file).and_then(|mut out| out.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => in_the_way(file),
        _ => Failure::new(Exit::Environment, format!("cannot write {}: {error}", file.display())),
    })
}

fn in_the_way(file: &Path) -> Failure {
    let text =
        format!("{} is there already; name another file, or write over it with --force", file.display());
    Failure::new(Exit::Usage, text)
}

/// The files that a workload reads, as it names them.
fn files(text: &str) -> Vec<String> {
    fn find(value: &serde_json::Value, found: &mut Vec<String>) {
        use serde_json::Value;
        match value {
            Value::Object(settings) => {
                let file = settings.get("file").and_then(Value::as_str);
                found.extend(file.map(str::to_owned));
                settings.values().for_each(|value| find(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| find(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    // What was just written can be read; if not, `check` tells more of it.
    find(&toml::from_str(text).unwrap_or_default(), &mut found);
    found.sort();
    found.dedup();
    found
}

/// Puts a file that a workload reads beside it, or tells that it is needed.
fn bring(other: &str, file: &Path, force: bool, printer: &Printer) -> Result<(), Failure> {
    let beside = file.with_file_name(other);
    match shipped::beside(other) {
        Some(text) if fs::read_to_string(&beside).is_ok_and(|own| own == text) => {}
        Some(_) if beside.exists() && !force => {
            printer.warning(&format!("{} is there already, and is left as it is", beside.display()));
        }
        Some(text) => {
            write(&beside, text, force)?;
            printer.note(&format!("written: {}", beside.display()));
        }
        None => printer.warning(&format!(
            "it needs {other}, which does not come with cachebench: put it beside the workload, or name its folder in \
             CACHEBENCH_TRACES"
        )),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_workload_is_right_when_it_is_annotated_and_each_setting_has_a_comment() {
        for shipped in shipped::all() {
            let text = annotate(shipped.own_text());
            let before = config::load(Path::new("w.toml"), shipped.own_text().into(), &[]).unwrap();
            let after = config::load(Path::new("w.toml"), text.clone(), &[]);
            let after = after.unwrap_or_else(|problems| panic!("{}: {problems}", shipped.name));
            assert_eq!(
                (after.workload, after.question),
                (before.workload, before.question),
                "{}",
                shipped.name
            );
            let top = |line: &&str| line.starts_with(|letter: char| letter.is_alphabetic() || letter == '"');
            let lines: Vec<&str> = text.lines().collect();
            for pair in lines.windows(2).filter(|pair| top(&pair[1]) && pair[1].contains(" = ")) {
                assert!(pair[0].starts_with('#'), "{}: {}", shipped.name, pair[1]);
            }
        }
    }

    #[test]
    fn the_files_that_a_workload_reads_are_known() {
        let of = |name| files(shipped::named(name).unwrap().text);
        assert_eq!(of("pattern"), ["pattern.csv"]);
        assert_eq!(of("replay-cloudphysics"), ["cloudPhysicsIO.csv"]);
        assert_eq!(of("quickstart"), [""; 0]);
    }

    #[test]
    fn a_name_with_a_control_character_is_refused_and_any_other_makes_a_right_workload() {
        for wrong in ["a\x1b[2J.toml", "a\nb.toml", "a\u{9b}.toml"] {
            assert_eq!(check_name(Path::new(wrong)).unwrap_err().exit, Exit::Usage);
        }
        for right in
            ["my \"own\".toml", "it's.toml", "back\\slash.toml", "e\u{301}\u{200b}.toml", "記憶.toml"]
        {
            let file = Path::new(right);
            check_name(file).unwrap();
            let text = annotate(&draft(&name(file), &Answers::default()));
            let loaded =
                config::load(file, text, &[]).unwrap_or_else(|problems| panic!("{right}: {problems}"));
            assert_eq!(loaded.workload.name, name(file));
        }
    }

    #[test]
    fn a_file_that_is_there_is_written_over_by_force_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("w.toml");
        write(&file, "long and old", false).unwrap();
        assert_eq!(write(&file, "x", false).unwrap_err().exit, Exit::Usage);
        write(&file, "new", true).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    }
}
