use std::path::{Path, PathBuf};

use cachebench::cli::Cli;
use clap::Parser;

/// Every document of the project.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![root.join("README.md"), root.join("workloads/README.md")];
    walk(&root.join("docs"), &mut found);
    assert!(found.len() > 3, "{found:?}");
    found
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// The content of every block of code.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        let fence: String = line.trim_start().chars().take_while(|letter| *letter == '`').collect();
        open = match open.take() {
            None if fence.len() >= 3 => Some((fence, String::new())),
            None => None,
            Some((mark, block)) if fence.len() >= mark.len() => {
                blocks.push(block);
                None
            }
            Some((mark, block)) => Some((mark, block + line + "\n")),
        };
    }
    blocks
}

/// Whether a word is this program: by its name, by its path, or after `run --` of cargo.
fn is_program(word: &str) -> bool {
    word == "cachebench" || word.ends_with("/release/cachebench")
}

/// The commands of this program in a text: each from its name to the end of the command.
fn commands(text: &str) -> Vec<Vec<String>> {
    // A line goes on after a backslash; in a folded text of YAML, as long as flags follow.
    let joined = text.replace("\\\n", " ");
    let mut lines: Vec<String> = Vec::new();
    for line in joined.lines() {
        match lines.last_mut() {
            Some(last) if line.trim_start().starts_with("--") && last.contains("cachebench") => {
                *last += &format!(" {}", line.trim());
            }
            _ => lines.push(line.to_owned()),
        }
    }
    let mut found = Vec::new();
    for line in lines {
        for part in words(&line) {
            let start = part.iter().position(|word| is_program(word));
            if let Some(start) = start.filter(|start| part[..*start].iter().all(|word| may_precede(word))) {
                found.push(part[start..].to_vec());
            }
        }
    }
    found
}

/// What may stand before a program: a prompt, an item of YAML, a variable, a tool that runs another.
fn may_precede(word: &str) -> bool {
    ["$", "-", "run:", "sudo", "exec", "time", "taskset", "nice"].contains(&word) || word.contains('=')
}

/// The words of a line by the rules of a shell, a list for each command of a pipe or a sequence; comments are left out.
fn words(line: &str) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = line.chars().peekable();
    let end = |word: &mut Option<String>, all: &mut Vec<Vec<String>>| {
        if let Some(word) = word.take() {
            all.last_mut().unwrap().push(word);
        }
    };
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(letter),
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, '|' | ';' | '&') => {
                end(&mut word, &mut all);
                all.push(Vec::new());
            }
            // Where its output goes is not for the program.
            (None, '>' | '<') => {
                end(&mut word, &mut all);
                while letters.next_if(|next| *next == '>' || *next == ' ').is_some() {}
                while letters.next_if(|next| !next.is_whitespace()).is_some() {}
            }
            (None, ' ' | '\t') => end(&mut word, &mut all),
            (None, _) => word.get_or_insert_default().push(letter),
        }
    }
    end(&mut word, &mut all);
    all
}

/// Holds every command of a text: it is one that the program accepts.
#[track_caller]
pub fn parses(place: &str, text: &str) -> usize {
    let commands = commands(text);
    for command in &commands {
        let Err(error) = Cli::try_parse_from(command) else { continue };
        use clap::error::ErrorKind::{DisplayHelp, DisplayVersion};
        let is_help = matches!(error.kind(), DisplayHelp | DisplayVersion);
        assert!(is_help || command.iter().any(|word| word == "…"), "{place}: {}\n{error}", command.join(" "));
    }
    commands.len()
}

#[test]
fn every_command_of_the_documents_is_one_that_the_program_accepts() {
    let mut found = 0;
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        for block in blocks(&text) {
            found += parses(&path.display().to_string(), &block);
        }
    }
    assert!(found >= 20, "{found} commands");
}

#[test]
fn commands_are_found_as_a_shell_reads_them() {
    let text = "$ cachebench run w.toml --set 'a={ b = 1 }' # why\n- A=1 target/release/cachebench list > x | wc\n\
        cachebench check \\\n  --quiet w.toml\nls cachebench\n";
    let found = commands(text);
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(found[0][1..], ["run", "w.toml", "--set", "a={ b = 1 }"]);
    assert_eq!(found[1][1..], ["list"]);
    assert_eq!(found[2][1..], ["check", "--quiet", "w.toml"]);
}

/// Blocks of `console` show what a command prints; none of them needs a server. What differs from machine to machine is
/// `[..]` or `...` in there, and `ignore` behind `console` is for what cannot be run.
#[test]
fn every_console_block_of_the_documents_prints_what_it_shows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let cases = trycmd::TestCases::new();
    cases.register_bin("cachebench", trycmd::schema::Bin::Path(env!("CARGO_BIN_EXE_cachebench").into()));
    for (index, path) in documents().iter().enumerate() {
        let text = std::fs::read_to_string(path).unwrap();
        if !text.contains("```console") {
            continue;
        }
        // A copy in a folder of its own, beside what the commands name from the top of the project.
        let copy = folder.path().join(format!("{index}-{}", path.file_name().unwrap().to_str().unwrap()));
        std::fs::write(&copy, text).unwrap();
        let place = copy.with_extension("in");
        std::fs::create_dir(&place).unwrap();
        for name in ["workloads", "results", "docs"] {
            std::os::unix::fs::symlink(root.join(name), place.join(name)).unwrap();
        }
        cases.case(copy);
    }
    cases.env("NO_COLOR", "1");
    cases.run();
}
