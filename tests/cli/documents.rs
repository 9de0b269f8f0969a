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

/// Verbs that need no server, and do not look at the machine.
const WITHOUT_SERVER: &[&str] = &[
    "check",
    "list",
    "schema",
    "show",
    "recommend",
    "placement",
    "simulate",
    "completions",
    "man",
    "init",
    "open",
];

/// What stands for a name in capitals.
const NAMES: &[(&str, &str)] = &[
    ("FILE", "workloads/quickstart.toml"),
    ("RESULT", "results/tradeoffs"),
    ("OLD", "results/tradeoffs"),
    ("NEW", "results/tradeoffs"),
    ("TRACE", "trace.txt"),
    ("FOLDER", "pages"),
    ("NAME", "stampede"),
    ("SHELL", "bash"),
    ("VERB", "run"),
];

/// A command that can be run here, with names in the place of those in capitals; nothing of one that cannot.
fn runnable(command: &[String], place: &Path) -> Option<Vec<String>> {
    let verb = command.iter().skip(1).find(|word| !word.starts_with('-'))?;
    let is_told_only = command.iter().any(|word| word.contains(['…', '*', '$']));
    if !WITHOUT_SERVER.contains(&verb.as_str()) || is_told_only {
        return None;
    }
    let filled = |word: &String| {
        let known = NAMES.iter().find(|(name, _)| name == word);
        known.map_or(word.clone(), |(_, name)| name.to_string())
    };
    let mut words: Vec<String> = command[1..].iter().map(filled).collect();
    for word in &words {
        let path = place.join(word);
        // A file that the reader has made by then.
        if verb != "init" && word.ends_with(".toml") && !path.exists() {
            std::fs::copy(place.join("workloads/quickstart.toml"), path).unwrap();
        }
        let is_trace = [".xz", ".gz", ".zst", ".bin", ".csv", ".trace"].iter().any(|end| word.ends_with(end));
        let is_made = verb == "init" && word.starts_with("results/");
        if is_made || (is_trace || word.starts_with("results/")) && !place.join(word).exists() {
            return None;
        }
    }
    match verb.as_str() {
        "open" => words.push("--print".into()),
        "init" if !words.contains(&"--list".into()) => words.extend(["--force".into(), "--yes".into()]),
        _ => {}
    }
    // What stands twice is refused.
    let mut once = Vec::new();
    words.into_iter().for_each(|word| {
        if !["--force", "--yes", "--print"].contains(&word.as_str()) || !once.contains(&word) {
            once.push(word);
        }
    });
    Some(once)
}

#[test]
fn every_command_of_the_documents_that_needs_no_server_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    for name in ["results", "docs"] {
        std::os::unix::fs::symlink(root.join(name), folder.path().join(name)).unwrap();
    }
    // A copy: some of the commands write beside them.
    std::fs::create_dir(folder.path().join("workloads")).unwrap();
    for file in std::fs::read_dir(root.join("workloads")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.path().join("workloads").join(file.file_name())).unwrap();
    }
    let trace: String = (0..2_000).map(|line| format!("{}\n", line * line % 97)).collect();
    std::fs::write(folder.path().join("trace.txt"), trace).unwrap();
    let mut ran = std::collections::BTreeSet::new();
    for path in documents() {
        for command in
            blocks(&std::fs::read_to_string(&path).unwrap()).iter().flat_map(|block| commands(block))
        {
            let Some(words) = runnable(&command, folder.path()) else { continue };
            if !ran.insert(words.clone()) {
                continue;
            }
            let run = std::process::Command::new(env!("CARGO_BIN_EXE_cachebench"))
                .args(&words)
                .current_dir(folder.path())
                .output()
                .unwrap();
            let told = String::from_utf8_lossy(&run.stderr);
            // 99 is an answer, too: nothing shows what was asked for.
            let is_answer = matches!(run.status.code(), Some(0 | 99));
            assert!(is_answer, "{}: cachebench {}\n{told}", path.display(), words.join(" "));
        }
    }
    assert!(ran.len() >= 20, "{ran:?}");
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
