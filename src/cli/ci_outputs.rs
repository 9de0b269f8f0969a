use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::Printer;
use super::exit::{Exit, Failure};
use crate::measure::comparison::Better;
use crate::report::{GateReport, annotations, benchmark, gate_markdown, junit};

/// Files and lines for the CI system that a command runs in.
#[derive(Debug, Args)]
#[command(next_help_heading = "For CI")]
pub struct CiOutputs {
    /// Append a summary in Markdown, for a job or a pull request: --markdown "$GITHUB_STEP_SUMMARY".
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,

    /// Write a JUnit file, which GitLab, Jenkins and others show.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Write the numbers of which less is better, for github-action-benchmark's customSmallerIsBetter.
    #[arg(long, value_name = "FILE")]
    benchmark_json: Option<PathBuf>,

    /// Write the numbers of which more is better, for github-action-benchmark's customBiggerIsBetter.
    #[arg(long, value_name = "FILE")]
    benchmark_json_bigger: Option<PathBuf>,

    /// Whether what failed is told to GitHub as annotations, on stderr; auto is where GITHUB_ACTIONS=true.
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value = "auto",
        default_missing_value = "always",
        num_args = 0..=1,
        require_equals = true
    )]
    annotations: When,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

impl CiOutputs {
    /// Finds out that every file can be written, before anything is measured for it.
    ///
    /// # Errors
    /// The first that cannot.
    pub fn check(&self) -> Result<(), Failure> {
        let all = [&self.markdown, &self.junit, &self.benchmark_json, &self.benchmark_json_bigger];
        for path in all.into_iter().flatten() {
            let was_there = path.exists();
            open(path, true).map_err(|error| unwritable(path, &error))?;
            if !was_there || self.markdown.as_ref() != Some(path) {
                // Whoever finds it would take it for an answer.
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    }

    /// Writes what was asked for.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, report: &GateReport, printer: &Printer) -> Result<(), Failure> {
        let write = |path: &Option<PathBuf>, text: &dyn Fn() -> String, appends: bool| {
            let Some(path) = path else { return Ok(()) };
            let written = open(path, appends).and_then(|mut file| file.write_all(text().as_bytes()));
            written.map_err(|error| unwritable(path, &error))
        };
        // Each step of a job adds to its summary; the empty line ends what stands above.
        write(&self.markdown, &|| format!("{}\n", gate_markdown(report)), true)?;
        write(&self.junit, &|| junit(report), false)?;
        write(&self.benchmark_json, &|| benchmark(report, Better::Less), false)?;
        write(&self.benchmark_json_bigger, &|| benchmark(report, Better::More), false)?;
        if self.annotates(std::env::var("GITHUB_ACTIONS").ok().as_deref()) {
            annotations(report).lines().for_each(|line| printer.command(line));
        }
        Ok(())
    }

    fn annotates(&self, github: Option<&str>) -> bool {
        match self.annotations {
            When::Auto => github == Some("true"),
            When::Always => true,
            When::Never => false,
        }
    }
}

fn open(path: &Path, appends: bool) -> std::io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.create(true);
    if appends {
        options.append(true)
    } else {
        options.write(true).truncate(true)
    };
    options.open(path)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Environment, format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        outputs: CiOutputs,
    }

    fn outputs(arguments: &[&str]) -> CiOutputs {
        Line::try_parse_from(["test"].iter().chain(arguments)).unwrap().outputs
    }

    fn report() -> GateReport {
        GateReport {
            title: "shop".into(),
            passed: true,
            conclusion: "valid".into(),
            seconds: 1.0,
            cases: Vec::new(),
            numbers: Vec::new(),
            markdown: String::new(),
        }
    }

    #[test]
    fn a_summary_is_appended_and_the_other_files_are_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let [summary, junit] = ["summary.md", "junit.xml"].map(|name| folder.path().join(name));
        fs::write(&summary, "before\n").unwrap();
        let arguments = ["--markdown", summary.to_str().unwrap(), "--junit", junit.to_str().unwrap()];
        let outputs = outputs(&arguments);
        outputs.check().unwrap();
        assert!(!junit.exists(), "looking leaves nothing");
        for _ in 0..2 {
            outputs.write(&report(), &Printer::new(true, true, false)).unwrap();
        }
        let text = fs::read_to_string(summary).unwrap();
        assert!(text.starts_with("before\n## ✅ shop: passed") && text.matches("## ").count() == 2, "{text}");
        assert_eq!(fs::read_to_string(junit).unwrap().matches("<testsuites").count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_told_before() {
        let failure = outputs(&["--junit", "/no/such/folder/junit.xml"]).check().unwrap_err();
        assert_eq!(failure.exit, Exit::Environment);
        assert!(outputs(&[]).check().is_ok());
    }

    #[test]
    fn annotations_are_for_github_unless_asked_for() {
        for (arguments, github, expected) in [
            (&[][..], None, false),
            (&[], Some("true"), true),
            (&[], Some("false"), false),
            (&["--annotations"], None, true),
            (&["--annotations=never"], Some("true"), false),
        ] {
            assert_eq!(outputs(arguments).annotates(github), expected, "{arguments:?} {github:?}");
        }
    }
}
