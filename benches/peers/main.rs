//! The whole tool against its peers, on one Redis and one Postgres, in one interleaved run.
//!
//! `cargo bench --bench peers` measures every contender of a group in turn, several rounds, and writes the medians
//! and their ratios to `results/generator.md`. Options after `--`: `--rounds N`, `--seconds N`, `--only GROUP`,
//! `--output FILE`. With any of the first three it is a look, and writes only what `--output` names.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot go on ends")]

mod contenders;
mod groups;
mod machine;
mod ours;
mod report;
mod stage;

use std::path::PathBuf;

use groups::GROUPS;
use stage::Stage;

/// What the command line asks for.
pub struct Options {
    pub rounds: usize,
    pub seconds: u64,
    only: Option<String>,
    output: Option<PathBuf>,
}

impl Options {
    fn parse() -> Options {
        let mut options = Options { rounds: 3, seconds: 8, only: None, output: None };
        let (mut output, mut is_look) = (None, false);
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            is_look |= ["--rounds", "--seconds", "--only"].contains(&argument.as_str());
            let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} needs a value"));
            match argument.as_str() {
                // What cargo itself passes.
                "--bench" => {}
                "--rounds" => options.rounds = value().parse().expect("--rounds takes a number"),
                "--seconds" => options.seconds = value().parse().expect("--seconds takes a number"),
                "--only" => options.only = Some(value()),
                "--output" => output = Some(value().into()),
                unknown => panic!("unknown option {unknown}; see the head of benches/peers/main.rs"),
            }
        }
        options.output = output.or_else(|| (!is_look).then(|| "results/generator.md".into()));
        options
    }
}

fn main() {
    let options = Options::parse();
    let stage = Stage::set();
    let mut text = report::head(&options);
    for group in GROUPS.iter().filter(|group| options.only.as_deref().is_none_or(|only| only == group.name)) {
        let rows = groups::measure(group, &options, &stage);
        let section = report::section(group, &rows);
        println!("{section}");
        text += &section;
    }
    if let Some(output) = &options.output {
        std::fs::write(output, text).expect("the report can be written");
        println!("written to {}", output.display());
    }
}
