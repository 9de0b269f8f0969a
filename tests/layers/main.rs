//! The modules of the crate stand in one order, and each uses only those above it.

#![allow(clippy::unwrap_used, reason = "a failed step fails its test")]

mod scanner;

use std::fs;
use std::path::{Path, PathBuf};

use scanner::{Use, uses};

/// Every module, top to bottom.
const ORDER: [&str; 18] = [
    "model",
    "registry",
    "traffic",
    "simulation",
    "measure",
    "placement",
    "store",
    "invalidation",
    "coherence",
    "mitigation",
    "strategy",
    "inventory",
    "servers",
    "engine",
    "report",
    "config",
    "experiment",
    "cli",
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every Rust file below `folder`, relative to it, as the path of its module: `store/mod.rs` is `store`.
fn modules(folder: &Path) -> Vec<(PathBuf, Vec<String>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let file = path.strip_prefix(folder).unwrap().to_path_buf();
                let mut module: Vec<String> =
                    file.with_extension("").iter().map(|part| part.to_str().unwrap().into()).collect();
                if module.last().is_some_and(|last| last == "mod") {
                    module.pop();
                }
                found.push((file, module));
            }
        }
    }
    found.sort();
    found
}

/// What is wrong with what `module` uses: an arrow for each use of a module that stands below it.
fn arrows(module: &[String], uses: &[Use]) -> Vec<String> {
    let place = |name: &str| ORDER.iter().position(|&known| known == name);
    let own = &module[0];
    uses.iter()
        .filter(|used| match (place(own), place(&used.module)) {
            // The binary stands below all, and speaks to the command line only.
            _ if own == "main" => used.module != "cli",
            (Some(own), Some(other)) => other > own,
            // What is not in the list may use nothing, as the library's root, and be used by nobody.
            _ => true,
        })
        .map(|used| format!("line {}: {own} → {}", used.line, used.module))
        .collect()
}

fn library() -> String {
    fs::read_to_string(source().join("lib.rs")).unwrap()
}

#[test]
fn the_library_lists_its_modules_in_their_order() {
    let library = library();
    let modules = library.lines().filter(|line| line.split_whitespace().any(|word| word == "mod"));
    let modules = modules.filter(|line| !line.starts_with("//"));
    assert_eq!(modules.collect::<Vec<_>>(), ORDER.map(|name| format!("pub mod {name};")));
}

#[test]
fn the_map_of_the_library_says_of_every_module_what_it_holds() {
    let library = library();
    let rows = library.lines().filter_map(|line| line.strip_prefix("//! | [`")?.strip_suffix(" |"));
    let rows: Vec<_> = rows.filter_map(|row| row.split_once("`] | ")).collect();
    assert_eq!(rows.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ORDER);
    assert!(rows.iter().all(|(_, holds)| !holds.trim().is_empty()));
}

#[test]
fn no_module_uses_one_that_stands_below_it() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (file, module) in modules(&source()) {
        let uses = uses(&fs::read_to_string(source().join(&file)).unwrap(), path(&module));
        seen += uses.len();
        let arrows = arrows(&module, &uses);
        wrong.extend(arrows.into_iter().map(|arrow| format!("src/{}, {arrow}", file.display())));
    }
    assert!(wrong.is_empty(), "arrows that point down the list:\n{}", wrong.join("\n"));
    assert!(seen > 200, "the scanner found only {seen} uses");
}

/// The path of a file's module from the root of its crate, which library and binary are themselves.
fn path(module: &[String]) -> &[String] {
    if ["lib", "main"].contains(&module[0].as_str()) { &[] } else { module }
}

/// The arrows of a fabricated file.
fn told(module: &[&str], text: &str) -> Vec<String> {
    let module: Vec<String> = module.iter().map(ToString::to_string).collect();
    arrows(&module, &uses(text, path(&module)))
}

#[test]
fn an_arrow_down_the_list_is_told_with_its_line() {
    assert_eq!(told(&["store", "redis"], "\nuse crate::strategy::Parts;"), ["line 2: store → strategy"]);
    assert_eq!(told(&["strategy", "direct"], "use crate::store::Cache;"), [""; 0]);
    assert_eq!(
        told(&["store"], "fn f() { let x = crate::engine::Stop::new(); }"),
        ["line 1: store → engine"]
    );
    assert_eq!(told(&["model"], "use cachebench::registry::Entry;"), ["line 1: model → registry"]);
}

#[test]
fn the_branches_of_a_group_are_told_each() {
    let text = "use crate::{\n    model::{Key, cli},\n    report::write,\n    store::{scripts::{advance, dirty}},\n};";
    assert_eq!(told(&["measure", "tally"], text), ["line 3: measure → report", "line 4: measure → store"]);
    let text = "use {crate::{cli}, super::super::super::experiment};";
    let expected = ["line 1: config → cli", "line 1: config → experiment"];
    assert_eq!(told(&["config", "check", "scalar"], text), expected);
}

#[test]
fn super_is_followed_to_the_root() {
    assert_eq!(told(&["store"], "use super::strategy;"), ["line 1: store → strategy"]);
    assert_eq!(told(&["store", "redis"], "use super::strategy;"), [""; 0]);
    assert_eq!(told(&["store", "redis"], "use super::super::cli::Cli;"), ["line 1: store → cli"]);
    let tests =
        "mod tests {\n use super::*;\n fn f() { super::super::super::cli::run() } }\nuse super::Cache;";
    assert_eq!(told(&["store", "redis"], tests), ["line 3: store → cli"]);
}

#[test]
fn everything_of_the_root_at_once_is_refused() {
    for text in ["use crate::*;", "use crate::{*};", "use crate as all;", "use crate::{self as all};"] {
        assert_eq!(told(&["cli"], text), ["line 1: cli → *"], "{text}");
    }
}

#[test]
fn the_binary_may_use_the_command_line_only() {
    assert_eq!(told(&["main"], "use cachebench::cli::Cli;\nfn main() { cachebench::cli::run() }"), [""; 0]);
    assert_eq!(told(&["main"], "use cachebench::engine::Stop;"), ["line 1: main → engine"]);
}

#[test]
fn the_root_of_the_library_and_a_module_that_is_not_in_the_list_may_use_nothing() {
    assert_eq!(told(&["lib"], "pub mod cli;\npub use crate::cli::Cli;"), ["line 2: lib → cli"]);
    assert_eq!(told(&["other", "part"], "use crate::model::Key;"), ["line 1: other → model"]);
}

#[test]
fn comments_and_texts_use_nothing() {
    let text = r####"
//! See [`crate::cli`].
/* crate::cli /* nested */ crate::cli */
/// [`crate::experiment`]
pub(crate) const A: &str = "crate::cli \" crate::cli";
const B: &str = r#"crate::cli " crate::cli"#;
const C: [char; 3] = ['"', '\'', '\\'];
fn f<'a>(text: &'a str) -> &'a str { text }
use crate::cli;
"####;
    assert_eq!(told(&["model", "key"], text), ["line 9: model → cli"]);
}
