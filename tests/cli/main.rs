//! The program as its users meet it, short of a run: words, exit codes, what goes to which stream.

#![allow(clippy::unwrap_used, reason = "a failed step fails its test")]

mod check;
mod compare;
mod docs;
mod documents;
mod doctor;
mod expectations;
mod history;
mod placement;
mod recommend;
mod show;
mod simulate;
#[path = "../snapshot/mod.rs"]
mod snapshot;
mod streams;
mod sweep;
mod trace;
mod verbs;
mod wrong;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const GOOD: &str = "# Which one?\nname = \"good\"\n\n[data]\nrows = 100\n\n[traffic]\n\
    load = { closed = { clients = 2 } }\noperations = 100\n\n[compare]\nstrategy = [\"direct\", \"cache-aside\"]\n";

/// The program, in an environment that says nothing about colours.
fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cachebench"));
    command
        .args(args)
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS");
    command
}

fn run(args: &[&str]) -> Answer {
    Answer::from(program(args).output().unwrap())
}

/// How the program ended, and what it said.
struct Answer {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Answer {
        Answer {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Answer {
    /// Holds an error: its exit code, all of these words on stderr, and nothing on stdout.
    #[track_caller]
    fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not in:\n{}", self.stderr);
        }
        assert_eq!(self.stdout, "");
    }
}

/// A workload file of its own folder, which goes with the value.
struct File {
    folder: TempDir,
    path: PathBuf,
}

impl File {
    fn new(text: &str) -> File {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.toml");
        std::fs::write(&path, text).unwrap();
        File { folder, path }
    }

    fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

/// The shipped workload files.
fn workloads() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "toml")).collect();
    assert!(!files.is_empty());
    files
}

#[test]
fn without_arguments_it_is_told_what_to_do_first() {
    let first = run(&[]);
    assert_eq!((first.code, first.stderr.as_str()), (Some(0), ""));
    for words in ["cachebench init", "--from quickstart", "run FILE", "list", "--help"] {
        assert!(first.stdout.contains(words), "{}", first.stdout);
    }
    assert!(first.stdout.lines().count() < 10);
}

#[test]
fn help_and_version_are_answers_and_no_errors() {
    let help = run(&["--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for word in ["Usage: cachebench", "quickstart.toml", "Exit codes: 0 done", "130 interrupted"] {
        assert!(help.stdout.contains(word), "{}", help.stdout);
    }
    let version = run(&["--version"]);
    assert_eq!(version.code, Some(0));
    assert_eq!(version.stdout, format!("cachebench {}\n", env!("CARGO_PKG_VERSION")));
    for verb in [
        "run",
        "sweep",
        "check",
        "schema",
        "list",
        "show",
        "recommend",
        "history",
        "simulate",
        "placement",
        "trace",
        "init",
        "open",
        "completions",
        "man",
    ] {
        let help = run(&[verb, "--help"]);
        assert_eq!(help.code, Some(0));
        assert!(help.stdout.contains(&format!("Usage: cachebench {verb}")), "{}", help.stdout);
    }
}

#[test]
fn an_unknown_verb_or_flag_is_a_usage_error() {
    run(&["rnu", "w.toml"]).fails(2, &["unrecognized subcommand 'rnu'", "Usage: cachebench"]);
    run(&["run", "--fromat", "json", "w.toml"]).fails(2, &["--fromat", "--format"]);
    run(&["run"]).fails(2, &["<FILE>"]);
}

#[test]
fn an_unknown_format_is_told_the_known_ones_before_anything_runs() {
    let file = File::new(GOOD);
    let results = file.folder.path().join("results");
    let answer = run(&["run", file.path(), "--format", "nonsense", "--output", results.to_str().unwrap()]);
    answer.fails(2, &["nonsense", "table, markdown, json, csv"]);
    assert!(!results.exists());
    run(&["show", "nowhere", "--format", "nonsense"]).fails(2, &["table, markdown, json, csv"]);
}

#[test]
fn every_registered_name_is_listed_with_its_summary() {
    use cachebench::registry::Entry;
    fn lines<T: ?Sized, P>(entries: &[Entry<T, P>]) -> Vec<(&'static str, &'static str)> {
        entries.iter().map(|entry| (entry.name, entry.summary)).collect()
    }
    let listed = run(&["list"]);
    assert_eq!((listed.code, listed.stderr.as_str()), (Some(0), ""));
    let all = [
        lines(cachebench::strategy::STRATEGIES),
        lines(cachebench::coherence::COHERENCES),
        lines(cachebench::mitigation::MITIGATIONS),
        lines(cachebench::traffic::KEYS),
        lines(cachebench::traffic::traces::FORMATS),
        lines(cachebench::store::DRIVERS),
        lines(cachebench::inventory::INVENTORIES),
        lines(cachebench::simulation::POLICIES),
        lines(cachebench::placement::PLACEMENTS),
        lines(cachebench::report::FORMATS),
    ];
    for (name, summary) in all.concat() {
        let is_listed = |line: &str| line.trim_start().starts_with(name) && line.ends_with(summary);
        assert!(listed.stdout.lines().any(is_listed), "{name}: {}", listed.stdout);
    }
}
