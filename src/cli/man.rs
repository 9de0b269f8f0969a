use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use super::exit::{Exit, Failure};
use super::{Cli, Printer};

const EXAMPLES: &str = "Examples:
  cachebench man run | man -l -
  cachebench man trace stat > cachebench-trace-stat.1
  cachebench man --all ~/.local/share/man/man1";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The page of this verb; without it, that of the program.
    #[arg(num_args = 0..=2, conflicts_with = "all")]
    verb: Vec<String>,

    /// Write the pages of the program and of every verb into this folder.
    #[arg(long, value_name = "FOLDER")]
    all: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    if let Some(folder) = &arguments.all {
        let written = write(program, folder).map_err(|error| {
            Failure::new(Exit::Environment, format!("cannot write pages to {}: {error}", folder.display()))
        })?;
        printer.data(&format!("{written} pages in {}\n", folder.display()));
        return Ok(Exit::Done);
    }
    let mut command = program;
    for word in &arguments.verb {
        let verb = command.find_subcommand(word).cloned();
        command = verb.ok_or_else(|| {
            let known: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
            let text = match known.as_slice() {
                [] => format!("`{}` has no verbs, and no page `{word}`", command.get_name()),
                known => format!("no page `{word}`, expected one of: {}", known.join(", ")),
            };
            Failure::new(Exit::Usage, text)
        })?;
    }
    let page = page(command).map_err(|error| Failure::new(Exit::Internal, error))?;
    printer.bytes(&page);
    Ok(Exit::Done)
}

/// The page of a command, in roff.
fn page(command: Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(page)
}

/// Writes the page of a command and of all that are below it; tells how many.
fn write(command: Command, folder: &Path) -> std::io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let mut written = 1;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()).cloned() {
        written += write(below, folder)?;
    }
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    std::fs::write(folder.join(format!("{name}.1")), page(command)?)?;
    Ok(written)
}
