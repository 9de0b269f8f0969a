//! The modules of the crate stand in one order, and each uses only those above it.

#![allow(clippy::unwrap_used, reason = "a failed step fails its test")]

mod scanner;

use std::fs;
use std::path::{Path, PathBuf};

use scanner::{Use, uses};

/// Every module the design knows, top to bottom; those without a file yet are left out of `src/lib.rs`.
const ORDER: &[&str] = &[
    "model",
    "registry",
    "traffic",
    "simulation",
    "measure",
    "placement",
    "store",
    "coherence",
    "invalidation",
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
            _ => true,
        })
        .map(|used| format!("line {}: {own} → {}", used.line, used.module))
        .collect()
}

#[test]
fn the_library_lists_its_modules_in_the_order_of_the_design() {
    let library = fs::read_to_string(source().join("lib.rs")).unwrap();
    let listed: Vec<_> = library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_string)
        .collect();
    let there = |name: &str| {
        source().join(name).join("mod.rs").exists() || source().join(name).with_extension("rs").exists()
    };
    let wanted: Vec<_> = ORDER.iter().filter(|name| there(name)).map(ToString::to_string).collect();
    assert_eq!(listed, wanted);
    let private = library.lines().filter(|line| line.starts_with("mod ")).count();
    assert_eq!(private, 0, "a private module at the root has no place in the order");
}

#[test]
fn no_module_uses_one_that_stands_below_it() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (file, module) in modules(&source()) {
        if module == ["lib"] {
            continue;
        }
        let path = if module == ["main"] { Vec::new() } else { module.clone() };
        let uses = uses(&fs::read_to_string(source().join(&file)).unwrap(), &path);
        seen += uses.len();
        wrong.extend(
            arrows(&module, &uses).into_iter().map(|arrow| format!("src/{}, {arrow}", file.display())),
        );
    }
    assert!(wrong.is_empty(), "arrows that point down the list:\n{}", wrong.join("\n"));
    assert!(seen > 200, "the scanner found only {seen} uses");
}

/// The arrows of a fabricated file.
fn told(module: &[&str], text: &str) -> Vec<String> {
    let module: Vec<String> = module.iter().map(ToString::to_string).collect();
    let path = if module == ["main"] { Vec::new() } else { module.clone() };
    arrows(&module, &uses(text, &path))
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
