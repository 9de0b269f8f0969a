use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cachebench::coherence::COHERENCES;
use cachebench::invalidation::TRANSPORTS;
use cachebench::inventory::INVENTORIES;
use cachebench::measure;
use cachebench::mitigation::MITIGATIONS;
use cachebench::placement::PLACEMENTS;
use cachebench::registry::Entry;
use cachebench::simulation::POLICIES;
use cachebench::strategy::STRATEGIES;
use cachebench::traffic::traces::FORMATS;
use serde_json::Value as Json;

use super::{run, workloads};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn schema(of: &str) -> Json {
    let answer = run(&["schema", of]);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
    serde_json::from_str(&answer.stdout).unwrap()
}

fn problems(schema: &Json, instance: &Json) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).unwrap();
    validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn read(path: &Path) -> Json {
    let text = std::fs::read_to_string(path).unwrap();
    toml::from_str(&text).unwrap()
}

#[test]
fn both_schemas_are_json_schemas() {
    for of in ["workload", "result"] {
        let schema = schema(of);
        assert!(jsonschema::meta::is_valid(&schema), "{of}");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }
    assert_eq!(schema("workload"), serde_json::from_str::<Json>(&run(&["schema"]).stdout).unwrap());
    run(&["schema", "nonsense"]).fails(2, &["nonsense", "workload", "result"]);
}

#[test]
fn every_shipped_workload_has_the_shape_of_the_schema() {
    let schema = schema("workload");
    for path in workloads() {
        assert_eq!(problems(&schema, &read(&path)), [""; 0], "{}", path.display());
    }
}

#[test]
fn the_schema_refuses_what_check_refuses() {
    let schema = schema("workload");
    let right = read(&root().join("workloads/quickstart.toml"));
    for (pointer, wrong) in [
        ("/data/rows", serde_json::json!("many")),
        ("/data/rows", serde_json::json!(0)),
        ("/traffic/keys", serde_json::json!("zipfan")),
        ("/traffic/keys", serde_json::json!({ "zipfian": { "exponant": 1 } })),
        ("/traffic/load", serde_json::json!({ "open": { "rte": 5 } })),
        ("/app", serde_json::json!({ "instnces": 2 })),
        ("/cache", serde_json::json!({ "driver": "rediss" })),
    ] {
        let mut workload = right.clone();
        *workload.pointer_mut(pointer).unwrap() = wrong.clone();
        assert!(!problems(&schema, &workload).is_empty(), "{pointer} may be {wrong}");
    }
}

#[test]
fn the_published_schemas_are_those_of_this_version() {
    for of in ["workload", "result"] {
        let path = format!("docs/{of}.schema.json");
        let published = std::fs::read_to_string(root().join(&path)).unwrap_or_default();
        let same = published == run(&["schema", of]).stdout;
        assert!(same, "{path} is not up to date; refresh it with: cargo run -- schema {of} > {path}");
    }
}

/// The rows of the table between two marks of a document, name and summary.
fn table(document: &str, mark: &str) -> Vec<(String, String)> {
    let (_, rest) = document.split_once(&format!("<!-- {mark} -->")).unwrap();
    let (table, _) = rest.split_once(&format!("<!-- /{mark} -->")).unwrap();
    let cell = |text: &str| text.trim().replace("\\|", "|");
    table
        .lines()
        .filter_map(|line| line.trim().strip_prefix('|')?.strip_suffix('|')?.split_once('|'))
        .skip(2)
        .map(|(name, summary)| (cell(name), cell(summary)))
        .collect()
}

#[test]
fn the_tables_of_names_are_what_list_says() {
    fn registered<T: ?Sized, P>(entries: &[Entry<T, P>]) -> Vec<(String, String)> {
        entries.iter().map(|entry| (entry.name.into(), entry.summary.into())).collect()
    }
    let holds = |page: &str, mark: &str, entries: Vec<(String, String)>| {
        assert_eq!(table(&document(&root().join(page)), mark), entries, "{page}");
    };
    holds("README.md", "strategies", registered(STRATEGIES));
    holds("docs/coherence.md", "coherence", registered(COHERENCES));
    holds("docs/guards.md", "mitigations", registered(MITIGATIONS));
    holds("docs/workload-file.md", "inventories", registered(INVENTORIES));
    holds("docs/invalidation.md", "transports", registered(TRANSPORTS));
    holds("docs/placement.md", "placements", registered(PLACEMENTS));
    holds("docs/traces.md", "trace-formats", registered(FORMATS));
    holds("docs/traces.md", "policies", registered(POLICIES));
}

/// The documents whose links are looked at.
fn documents() -> Vec<PathBuf> {
    let mut documents: Vec<PathBuf> = [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "workloads/README.md",
        "results/README.md",
        "results/generator.md",
        "docker/README.md",
    ]
    .map(|path| root().join(path))
    .into();
    let pages = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    documents.extend(pages.filter(|path| path.extension().is_some_and(|it| it == "md")));
    documents
}

fn document(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines of a document without its comments and blocks of code.
fn prose(document: &str) -> Vec<String> {
    let mut text = String::new();
    let mut rest = document;
    while let Some((before, comment)) = rest.split_once("<!--") {
        text.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let mut code = false;
    text.lines()
        .filter(|line| {
            let fence = line.trim_start().starts_with("```");
            code ^= fence;
            !code && !fence
        })
        .map(str::to_owned)
        .collect()
}

/// Where links of a document lead to.
fn links(document: &str) -> Vec<String> {
    let text = prose(document).join("\n");
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// The names of the headings of a document, as those who show Markdown make them.
fn anchors(document: &str) -> Vec<String> {
    let mut anchors = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for line in prose(document) {
        let Some((level, title)) = line.split_once(' ') else { continue };
        if level.is_empty() || level.chars().any(|letter| letter != '#') {
            continue;
        }
        let kept = |letter: &char| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter);
        let name: String = title.trim().to_lowercase().chars().filter(kept).collect();
        let name = name.replace(' ', "-");
        let before = names.iter().filter(|it| **it == name).count();
        anchors.push(if before == 0 { name.clone() } else { format!("{name}-{before}") });
        names.push(name);
    }
    anchors
}

#[test]
fn a_heading_is_named_as_those_who_show_markdown_do() {
    let document =
        "# `[data]`\n```\n# no heading\n```\n## Redis' clock, once\n## `--set`\n### Lists\n### Lists\n";
    assert_eq!(anchors(document), ["data", "redis-clock-once", "--set", "lists", "lists-1"]);
}

#[test]
fn every_link_within_the_documentation_leads_somewhere() {
    let mut broken = Vec::new();
    let mut known: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for path in documents() {
        for link in links(&document(&path)) {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            let there = if anchor.is_empty() || !target.is_file() {
                anchor.is_empty() && target.exists()
            } else {
                let anchors = known.entry(target.clone()).or_insert_with(|| anchors(&document(&target)));
                anchors.iter().any(|it| it == anchor)
            };
            if !there {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

#[test]
fn the_table_of_contents_names_every_page_of_the_guide() {
    let contents = links(&document(&root().join("docs/README.md")));
    for path in documents() {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.parent().is_some_and(|folder| folder.ends_with("docs")) && name != "README.md" {
            assert!(contents.iter().any(|link| link == name), "docs/README.md does not name {name}");
        }
    }
}

#[test]
fn the_page_of_workloads_names_every_one_of_them() {
    let page = document(&root().join("workloads/README.md"));
    for path in workloads() {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(page.contains(&format!("`{name}`")), "workloads/README.md does not name {name}");
    }
}

#[test]
fn the_page_of_metrics_has_every_name() {
    const STATISTICS: [&str; 7] = [".mean", ".p50", ".p90", ".p95", ".p99.9", ".p99", ".max"];
    let page = document(&root().join("docs/metrics.md"));
    for (name, _) in measure::names() {
        let is_told = page.contains(&format!("`{name}`"))
            || STATISTICS.iter().find_map(|statistic| name.strip_suffix(statistic)).is_some_and(|latency| {
                // Those of kinds are told by their parts.
                let of_kinds = [".response", ".service", ".lag"].iter().any(|clock| latency.ends_with(clock));
                of_kinds || page.contains(&format!("`{latency}."))
            });
        assert!(is_told, "docs/metrics.md does not name {name}");
    }
}
