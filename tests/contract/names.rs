use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use cachebench::coherence::COHERENCES;
use cachebench::inventory::INVENTORIES;
use cachebench::mitigation::MITIGATIONS;
use cachebench::registry::Entry;
use cachebench::simulation::POLICIES;
use cachebench::store::DRIVERS;
use cachebench::store::scripts::SCRIPTS;
use cachebench::strategy::STRATEGIES;
use cachebench::traffic::KEYS;
use cachebench::traffic::traces::FORMATS as TRACES;

fn names<T: ?Sized, P>(entries: &[Entry<T, P>]) -> Vec<&'static str> {
    entries.iter().map(|entry| entry.name).collect()
}

/// Every extension point: its folder, its names, and the words by which a variant's file declares itself.
fn points() -> Vec<(&'static str, Vec<&'static str>, &'static str)> {
    let scripts = SCRIPTS.iter().map(|script| script.name).collect();
    vec![
        ("strategy", names(STRATEGIES), "const ENTRY: Entry<"),
        ("coherence", names(COHERENCES), "const ENTRY: Entry<"),
        ("mitigation", names(MITIGATIONS), "const ENTRY: Entry<"),
        ("inventory", names(INVENTORIES), "const ENTRY: Entry<"),
        ("store", names(DRIVERS), "const ENTRY: Entry<"),
        ("store/scripts", scripts, "static SCRIPT: Script"),
        ("traffic/keys", names(KEYS), "const ENTRY: Entry<"),
        ("traffic/traces", names(TRACES), "const ENTRY: Entry<"),
        ("simulation/policies", names(POLICIES), "const ENTRY: Entry<"),
        ("report", names(cachebench::report::FORMATS), "const ENTRY: Entry<"),
    ]
}

/// The names that the files of a folder stand for, those that hold `declaration`.
fn files(folder: &str, declaration: &str) -> io::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder))? {
        let path = entry?.path();
        let file = if path.is_dir() { path.join("mod.rs") } else { path.clone() };
        if fs::read_to_string(file).is_ok_and(|text| text.contains(declaration)) {
            found.insert(path.file_stem().unwrap().to_string_lossy().replace('_', "-"));
        }
    }
    Ok(found)
}

#[test]
fn every_variant_is_called_as_its_file_and_every_file_is_listed() {
    for (folder, names, declaration) in points() {
        let listed: BTreeSet<_> = names.iter().map(ToString::to_string).collect();
        assert_eq!(listed, files(folder, declaration).unwrap(), "src/{folder}");
        assert_eq!(listed.len(), names.len(), "src/{folder} lists a name twice");
    }
}

#[test]
fn every_name_is_in_kebab_case() {
    let is_kebab = |name: &str| {
        name.split('-').all(|word| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
    };
    assert!(is_kebab("write-behind") && is_kebab("int64be"));
    assert!(["Direct", "write_behind", "-x", "x--y", ""].iter().all(|name| !is_kebab(name)));
    for (folder, names, _) in points() {
        let wrong: Vec<_> = names.iter().filter(|name| !is_kebab(name)).collect();
        assert!(wrong.is_empty(), "src/{folder}: {wrong:?}");
    }
}

#[test]
fn every_summary_is_one_line_without_a_full_stop() {
    let summaries = |point: &str, entries: Vec<(&'static str, &'static str)>| {
        for (name, summary) in entries {
            let fits = !summary.is_empty() && !summary.contains('\n') && !summary.ends_with('.');
            assert!(fits, "{point} {name}: {summary:?}");
        }
    };
    fn told<T: ?Sized, P>(entries: &[Entry<T, P>]) -> Vec<(&'static str, &'static str)> {
        entries.iter().map(|entry| (entry.name, entry.summary)).collect()
    }
    summaries("strategy", told(STRATEGIES));
    summaries("coherence", told(COHERENCES));
    summaries("mitigation", told(MITIGATIONS));
    summaries("inventory", told(INVENTORIES));
    summaries("driver", told(DRIVERS));
    summaries("keys", told(KEYS));
    summaries("traces", told(TRACES));
    summaries("policies", told(POLICIES));
    summaries("report", told(cachebench::report::FORMATS));
}
