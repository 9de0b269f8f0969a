use std::path::{Path, PathBuf};

use cachebench::coherence::COHERENCES;
use cachebench::invalidation::TRANSPORTS;
use cachebench::inventory::INVENTORIES;
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
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    assert_eq!(table(&readme, "strategies"), registered(STRATEGIES));
    assert_eq!(table(&readme, "coherence"), registered(COHERENCES));
    assert_eq!(table(&readme, "mitigations"), registered(MITIGATIONS));
    assert_eq!(table(&readme, "inventories"), registered(INVENTORIES));
    assert_eq!(table(&readme, "transports"), registered(TRANSPORTS));
    assert_eq!(table(&readme, "placements"), registered(PLACEMENTS));
    let guide = std::fs::read_to_string(root().join("docs/guide.md")).unwrap();
    assert_eq!(table(&guide, "trace-formats"), registered(FORMATS));
    assert_eq!(table(&guide, "policies"), registered(POLICIES));
}
