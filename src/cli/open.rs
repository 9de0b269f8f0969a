use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;

use super::exit::{Exit, Failure};
use super::results;
use super::{Printer, next};

const EXAMPLES: &str = "Examples:
  cachebench open
  cachebench open results/quickstart-20260101T120000Z
  cachebench open --print";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The folder of a result or of a comparison, its JSON file, or a page; without it, the newest of all.
    result: Option<PathBuf>,

    /// The folder that results are in.
    #[arg(short, long, default_value = results::FOLDER, value_name = "FOLDER")]
    output: PathBuf,

    /// Only print the path of the page.
    #[arg(long)]
    print: bool,
}

/// The page of a result, or of a comparison.
const PAGE: &str = "report.html";

/// How long an opener has to tell that it cannot.
const PATIENCE: Duration = Duration::from_millis(300);

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    let page = match &arguments.result {
        Some(result) => page(result)?,
        None => page(&results::newest_with(&arguments.output, PAGE)?)?,
    };
    printer.data(&format!("{}\n", page.display()));
    if !arguments.print
        && let Err(reason) = show(&page)
    {
        printer.note(&format!("{reason}: open it by hand"));
    }
    next::tell(&["init".into()], printer);
    Ok(Exit::Done)
}

/// The page of a result or of a comparison: in its folder, or beside its JSON file; a page is its own.
fn page(result: &Path) -> Result<PathBuf, Failure> {
    let wrong = |text: String| Err(Failure::new(Exit::Usage, text));
    let shown = result.display();
    if !result.exists() {
        return wrong(format!("there is no result {shown}; `cachebench list results` tells which there are"));
    }
    let page = match (result.is_dir(), result.extension()) {
        (true, _) => result.join(PAGE),
        (false, Some(extension)) if extension == "html" => result.to_path_buf(),
        (false, _) => result.with_file_name(PAGE),
    };
    match page.is_file() {
        true => Ok(page),
        false => wrong(format!(
            "{shown} has no {PAGE}; `cachebench show {shown}` prints it, with `--format html > {PAGE}` as a page"
        )),
    }
}

/// Hands the page to the desktop, in the background.
fn show(page: &Path) -> Result<(), String> {
    let opener = match cfg!(target_os = "macos") {
        true => "open",
        false if ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some()) => {
            "xdg-open"
        }
        false => return Err("no display".into()),
    };
    hand(opener, page, PATIENCE)
}

/// Starts an opener with a page, in a group of its own: a Ctrl-C is not for it. One that goes on is left alone.
fn hand(opener: &str, page: &Path, patience: Duration) -> Result<(), String> {
    let quiet = Stdio::null;
    // A whole path is no option, and the same wherever the opener looks from.
    let page = page.canonicalize().map_err(|error| format!("{}: {error}", page.display()))?;
    let mut command = Command::new(opener);
    command.arg(page).stdin(quiet()).stdout(quiet()).stderr(quiet()).process_group(0);
    let mut child = command.spawn().map_err(|_| format!("no {opener}"))?;
    let end = Instant::now() + patience;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if !status.success() => return Err(format!("{opener} could not")),
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(10)),
            _ => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_found_from_the_folder_the_json_and_itself() {
        let folder = tempfile::tempdir().unwrap();
        let (json, html) = (folder.path().join("result.json"), folder.path().join(PAGE));
        std::fs::write(&json, "{}").unwrap();
        let failure = page(folder.path()).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        std::fs::write(&html, "").unwrap();
        for result in [folder.path(), &json, &html] {
            assert_eq!(page(result).unwrap(), html);
        }
        assert!(page(&folder.path().join("none")).is_err());
    }

    #[test]
    fn an_opener_that_could_not_is_told() {
        let page = tempfile::NamedTempFile::new().unwrap();
        let hand = |opener| hand(opener, page.path(), Duration::from_secs(600));
        assert_eq!(hand("true"), Ok(()));
        assert_eq!(hand("false"), Err("false could not".into()));
        assert_eq!(hand("no-such-opener"), Err("no no-such-opener".into()));
    }
}
