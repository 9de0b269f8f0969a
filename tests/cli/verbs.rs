use std::path::Path;

use clap::{Command, CommandFactory};

use super::{File, GOOD, program, run};
use cachebench::cli::Cli;

/// Every command without further verbs, with its words.
fn leaves(command: &Command, words: &str, found: &mut Vec<(String, String)>) {
    let below: Vec<_> = command.get_subcommands().filter(|below| below.get_name() != "help").collect();
    for one in &below {
        leaves(one, &format!("{words} {}", one.get_name()), found);
    }
    if below.is_empty() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        found.push((words.to_owned(), help));
    }
}

#[test]
fn every_verb_has_examples_and_they_can_be_typed() {
    let mut found = Vec::new();
    leaves(&Cli::command(), "cachebench", &mut found);
    assert!(found.len() > 20, "{found:?}");
    for (words, help) in found {
        let (_, examples) =
            help.split_once("Examples:\n").unwrap_or_else(|| panic!("{words} has no examples"));
        let mut lines = examples.lines().take_while(|line| line.starts_with("  "));
        assert!(lines.clone().count() >= 2 && lines.any(|line| line.contains(&words)), "{words}");
        super::documents::parses(&words, examples.split("\n\n").next().unwrap_or_default());
    }
}

#[test]
fn a_new_workload_is_right_and_says_what_is_next() {
    let folder = tempfile::tempdir().unwrap();
    let at =
        |words: &[&str]| super::Answer::from(program(words).current_dir(folder.path()).output().unwrap());
    let new = at(&["init", "shop.toml"]);
    assert_eq!((new.code, new.stdout.as_str()), (Some(0), ""), "{}", new.stderr);
    assert!(new.stderr.contains("written: shop.toml\nnext: ") && new.stderr.contains(" run shop.toml\n"));
    let text = std::fs::read_to_string(folder.path().join("shop.toml")).unwrap();
    assert!(text.starts_with("# ") && text.contains("name = \"shop\""), "{text}");
    assert_eq!(at(&["check", "shop.toml"]).code, Some(0));
    at(&["init", "shop.toml"]).fails(2, &["is there already", "--force"]);
    assert_eq!(at(&["init", "shop.toml", "--force", "-q"]).stderr, "");

    let pattern = at(&["init", "--from", "pattern"]);
    assert_eq!(pattern.code, Some(0), "{}", pattern.stderr);
    assert!(folder.path().join("pattern.csv").exists());
    assert_eq!(at(&["check", "pattern.toml"]).code, Some(0));
    let replay = at(&["init", "--from", "workloads/replay-cloudphysics.toml", "r.toml"]);
    assert!(replay.stderr.contains("it needs cloudPhysicsIO.csv"), "{}", replay.stderr);
    let listed = at(&["init", "--list"]);
    assert_eq!(listed.stdout, at(&["list", "workloads"]).stdout);
    assert!(listed.stdout.lines().any(|line| line.starts_with("quickstart ") && line.ends_with('?')));
}

#[test]
fn a_shell_is_told_what_it_needs_and_each_verb_has_a_page() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]);
        assert_eq!((script.code, script.stderr.as_str()), (Some(0), ""));
        assert!(script.stdout.contains("recommend") && script.stdout.contains("find-max"), "{shell}");
    }
    assert!(run(&["man"]).stdout.contains(".TH cachebench 1"));
    assert!(run(&["man", "trace", "stat"]).stdout.contains("cachebench trace stat"));
    let folder = tempfile::tempdir().unwrap();
    let all = run(&["man", "--all", folder.path().to_str().unwrap()]);
    assert_eq!(all.code, Some(0), "{}", all.stderr);
    for page in ["cachebench.1", "cachebench-run.1", "cachebench-trace-stat.1"] {
        assert!(folder.path().join(page).exists(), "{page}");
    }
}

#[test]
fn results_are_listed_and_the_newest_is_shown_and_opened() {
    let folder = tempfile::tempdir().unwrap();
    let at = |words: &[&str]| {
        let mut command = program(words);
        command.current_dir(folder.path()).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        super::Answer::from(command.output().unwrap())
    };
    let none = at(&["list", "results"]);
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""));
    assert!(none.stderr.contains("no result in results yet"), "{}", none.stderr);
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/stampede/result.json");
    for name in ["stampede-20260101T000000Z", "stampede-20260102T000000Z"] {
        let result = folder.path().join("results").join(name);
        std::fs::create_dir_all(&result).unwrap();
        std::fs::copy(&shipped, result.join("result.json")).unwrap();
        std::fs::write(result.join("report.html"), "<p>").unwrap();
    }
    let listed = at(&["list", "results"]).stdout;
    assert!(listed.starts_with("folder ") && listed.lines().count() == 3, "{listed}");
    assert!(listed.lines().nth(2).unwrap().starts_with("results/stampede-20260102T000000Z  stampede "));
    let shown = at(&["show"]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    assert!(shown.stderr.contains("stampede-20260102T000000Z"), "{}", shown.stderr);
    for words in [&["open"][..], &["open", "--print"], &["open", "results/stampede-20260102T000000Z"]] {
        let opened = at(words);
        let page = "results/stampede-20260102T000000Z/report.html\n";
        assert_eq!((opened.code, opened.stdout.as_str()), (Some(0), page));
    }
}

#[test]
fn a_flag_wins_over_the_file_and_a_set_over_the_flag() {
    let file = File::new(GOOD);
    let told = |more: &[&str]| run(&[&["check", file.path(), "-v"][..], more].concat());
    let one = told(&["--strategy", "direct", "--repeat", "3", "--rate", "2k", "-d", "5s", "--seed", "7"]);
    assert!(one.stdout.ends_with("right; 1 cells, 3 measurements\n"), "{}{}", one.stdout, one.stderr);
    for words in
        ["--rate: traffic.load.open.rate=2000", "--duration: traffic.duration=5s", "--seed: data.seed=7"]
    {
        assert!(one.stderr.contains(words), "{}", one.stderr);
    }
    let set = told(&["--repeat", "3", "--set", "compare.repeat=2"]);
    assert!(set.stdout.ends_with("2 cells, 4 measurements\n"), "{}", set.stdout);
    let both = told(&["--strategy", "direct,{ write-behind = { batch = 5 } }", "-c", "4", "-n", "10k"]);
    assert!(both.stdout.ends_with("2 cells, 2 measurements\n"), "{}", both.stderr);
    assert_eq!(told(&["--warmup", "until hit rate is stable"]).code, Some(0));
    assert!(!run(&["check", file.path(), "--seed", "7"]).stderr.contains("data.seed"));
    run(&["check", file.path(), "-v", "-q"]).fails(2, &["cannot be used with"]);
}

#[test]
fn a_checked_workload_is_to_be_run_next() {
    let file = File::new(GOOD);
    let checked = run(&["check", file.path()]);
    assert!(checked.stderr.starts_with("next: ") && checked.stderr.trim_end().ends_with("w.toml"));
    assert_eq!(run(&["check", file.path(), "-q"]).stderr, "");
}
