use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::exit::{Exit, Failure};
use super::{Cli, Printer};

const EXAMPLES: &str = "Examples:
  cachebench completions bash > ~/.local/share/bash-completion/completions/cachebench
  cachebench completions zsh > ~/.zfunc/_cachebench
  cachebench completions fish > ~/.config/fish/completions/cachebench.fish

For zsh, the folder has to be in fpath before compinit.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// For which shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    printer.bytes(&script);
    Ok(Exit::Done)
}
