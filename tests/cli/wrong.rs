use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{GOOD, program, snapshot};

/// A folder with what the commands below are given.
fn bench() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("good.toml", GOOD.as_bytes());
    let wrong = [
        ("key", "rows = 100", "rws = 100"),
        ("value", "\"cache-aside\"]", "\"cache-asid\"]"),
        ("option", "\"cache-aside\"]", "{ write-behind = { flush_evry = \"1s\" } }]"),
        ("unit", "operations = 100", "duration = \"5 parsecs\""),
        ("negative", "rows = 100", "rows = -5"),
        ("type", "rows = 100", "rows = \"many\""),
        ("no-name", "name = \"good\"\n", ""),
        ("no-load", "load = { closed = { clients = 2 } }\n", ""),
        ("twice", "rows = 100\n", "rows = 100\nrows = 200\n"),
        ("broken", "[data]", "[data"),
        ("expectation", "name = \"good\"\n", "name = \"good\"\nexpect = [\"hit_rat > 0.9\"]\n"),
        ("no-end", "operations = 100\n", ""),
    ];
    for (name, what, by) in wrong {
        assert!(GOOD.contains(what), "{what}");
        write(&format!("{name}.toml"), GOOD.replacen(what, by, 1).as_bytes());
    }
    write("empty.toml", b"");
    write("bytes.toml", &[0xff, 0xfe, 0, 1]);
    write("words.json", b"not json");
    write("other.json", b"{}");
    write("future.json", br#"{ "format": 99 }"#);
    write("trace.csv", b"time,key,op\n1,a,read\n2,b\n");
    write("empty.csv", b"");
    write("trace.csv.zst", b"this was never compressed");
    let mix = "name = \"t\"\n[traffic]\nkeys = { trace = { file = \"none.csv\" } }\nload = { closed = { clients = 1 } }\n";
    write("no-trace.toml", mix.as_bytes());
    for (name, from) in [("one", "stampede"), ("two", "tradeoffs")] {
        let path = folder.path().join("kept").join(name);
        std::fs::create_dir_all(&path).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let result = root.join("results").join(from).join("result.json");
        std::fs::copy(result, path.join("result.json")).unwrap();
    }
    folder
}

/// The name of a snapshot, the exit code, and the command.
const CASES: &[(&str, i32, &[&str])] = &[
    // The file.
    ("key", 2, &["check", "key.toml"]),
    ("value", 2, &["check", "value.toml"]),
    ("option", 2, &["check", "option.toml"]),
    ("unit", 2, &["check", "unit.toml"]),
    ("negative", 2, &["check", "negative.toml"]),
    ("type", 2, &["check", "type.toml"]),
    ("no-name", 2, &["check", "no-name.toml"]),
    ("no-load", 2, &["check", "no-load.toml"]),
    ("no-end", 2, &["check", "no-end.toml"]),
    ("twice", 2, &["check", "twice.toml"]),
    ("broken", 2, &["check", "broken.toml"]),
    ("expectation", 2, &["check", "expectation.toml"]),
    ("no-file", 2, &["run", "none.toml"]),
    ("folder", 2, &["run", "kept"]),
    ("empty", 2, &["run", "empty.toml"]),
    ("bytes", 2, &["run", "bytes.toml"]),
    ("unreadable", 2, &["run", "good.toml/inside"]),
    // The command line.
    ("verb", 2, &["rnu", "good.toml"]),
    ("flag", 2, &["run", "--fromat", "json", "good.toml"]),
    ("no-value", 2, &["run", "good.toml", "--rate"]),
    ("clients-and-rate", 2, &["run", "good.toml", "-c", "8", "--rate", "100"]),
    ("duration-and-operations", 2, &["run", "good.toml", "-d", "5s", "-n", "100"]),
    ("exact-and-rate", 2, &["run", "good.toml", "--exact", "--rate", "100"]),
    ("rate", 2, &["check", "good.toml", "--rate", "2x"]),
    ("duration", 2, &["check", "good.toml", "-d", "5 parsecs"]),
    ("count", 2, &["check", "good.toml", "-n", "0"]),
    ("warmup", 2, &["check", "good.toml", "--warmup", "a while"]),
    ("strategy", 2, &["check", "good.toml", "--strategy", "direct,cache-asid"]),
    ("set-nothing", 2, &["check", "good.toml", "--set", "nothing"]),
    ("set-path", 2, &["check", "good.toml", "--set", "traffic.duraton=5s"]),
    ("set-value", 2, &["check", "good.toml", "--set", "data.rows=lots"]),
    ("expect-metric", 2, &["run", "good.toml", "--expect", "hit_rat > 0.9"]),
    ("expect-half", 2, &["run", "good.toml", "--expect", "hit_rate >"]),
    ("format", 2, &["run", "good.toml", "--format", "tabel"]),
    ("find-max-closed", 2, &["run", "good.toml", "--find-max", "read.response.p99 < 5ms"]),
    ("baseline", 2, &["run", "good.toml", "--baseline", "none"]),
    ("sweep-nothing", 2, &["sweep", "good.toml", "--over", "cache.tll=1s..2s"]),
    ("schema", 2, &["schema", "everything"]),
    ("list", 2, &["list", "result"]),
    ("init-name", 2, &["init", "--from", "quickstrat"]),
    ("init-there", 2, &["init", "good.toml"]),
    ("shell", 2, &["completions", "tcsh"]),
    ("man", 2, &["man", "rnu"]),
    // Traces.
    ("trace-none", 2, &["simulate", "none.csv"]),
    ("trace-format", 2, &["simulate", "trace.csv", "--format", "cvs"]),
    ("trace-line", 2, &["trace", "stat", "trace.csv", "--format", "{ csv = { key = 'key', op = 'op' } }"]),
    ("trace-empty", 2, &["trace", "stat", "empty.csv"]),
    ("trace-corrupt", 2, &["trace", "stat", "trace.csv.zst"]),
    ("policy", 2, &["simulate", "trace.csv", "--policies", "lruu"]),
    ("scheme", 2, &["placement", "--scheme", "rng"]),
    // Results.
    ("result-none", 2, &["show", "none"]),
    ("result-newest", 2, &["show"]),
    ("result-open", 2, &["open"]),
    ("result-page", 2, &["open", "good.toml"]),
    ("result-folder", 2, &["show", "kept"]),
    ("result-words", 2, &["show", "words.json"]),
    ("result-other", 2, &["show", "other.json"]),
    ("result-future", 2, &["show", "future.json"]),
    ("compare-others", 2, &["compare", "kept/one", "kept/two"]),
    ("compare-kinds", 2, &["compare", "kept/one", "good.toml"]),
    ("compare-same", 2, &["compare", "good.toml"]),
    ("recommend", 2, &["recommend", "kept/one", "--minimise", "hit_rat"]),
    ("history", 2, &["history", "none.csv"]),
    ("metrics-address", 2, &["run", "good.toml", "--metrics", "0.0.0.0:9095"]),
    // The machine.
    ("stream", 3, &["run", "good.toml", "--stream", "none/events"]),
    ("output", 3, &["run", "good.toml", "--output", "good.toml"]),
];

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/wrong")
}

#[test]
fn each_wrong_input_is_answered_by_one_message_that_says_what_is_right() {
    let folder = bench();
    let mut wrong: Vec<&str> = Vec::new();
    for (name, code, words) in CASES {
        let output = program(words).current_dir(folder.path()).env("COLUMNS", "100").output().unwrap();
        let held = std::panic::catch_unwind(|| {
            assert_eq!(output.status.code(), Some(*code), "{}", String::from_utf8_lossy(&output.stderr));
            assert!(output.stdout.is_empty());
            snapshot::hold(&kept(), name, words, &output, &[(folder.path().to_str().unwrap(), "FOLDER")]);
        });
        wrong.extend(held.is_err().then_some(*name));
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn no_snapshot_is_left_of_a_case_that_is_gone() {
    let known: Vec<&str> =
        CASES.iter().map(|(name, ..)| *name).chain(["servers", "disk", "metrics-port"]).collect();
    for entry in std::fs::read_dir(kept()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(known.contains(&name.as_str()), "{}", path.display());
    }
}

/// Where Postgres is found without PATH, it is the cache that is missing.
#[test]
fn a_machine_without_a_redis_is_told_how_to_get_one() {
    let folder = bench();
    let copy = folder.path().join("cachebench");
    std::fs::copy(env!("CARGO_BIN_EXE_cachebench"), &copy).unwrap();
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = std::process::Command::new(copy);
    command.args(["run", "good.toml", "-q"]).current_dir(folder.path()).env("PATH", "");
    command.env_remove("CACHEBENCH_REDIS_SERVER");
    let output = command.output().unwrap();
    if output.status.code() == Some(0) {
        return eprintln!("skipped: there is a server outside of PATH");
    }
    assert_eq!(output.status.code(), Some(3));
    snapshot::hold(&kept(), "servers", &["run", "good.toml", "-q"], &output, &[]);
    assert!(!folder.path().join("results").read_dir().is_ok_and(|mut all| all.next().is_some()));
}

#[test]
fn a_port_that_is_taken_is_told_before_anything_is_measured() {
    let folder = bench();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let words = ["run", "good.toml", "--metrics", &address];
    let output = program(&words).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    snapshot::hold(&kept(), "metrics-port", &words, &output, &[]);
    assert!(!folder.path().join("results").exists());
}

#[test]
fn a_disk_that_is_full_is_found_before_anything_is_measured() {
    let folder = bench();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let tool = |name: &str, args: &[&str]| {
        let done = std::process::Command::new(name).args(args).arg(&disk).output();
        done.is_ok_and(|output| output.status.success())
    };
    if !tool("mount", &["-t", "tmpfs", "-o", "size=1m", "tmpfs"]) {
        return eprintln!("skipped: a small disk cannot be mounted here");
    }
    let words = ["run", "good.toml", "--output", "disk"];
    let output = program(&words).current_dir(folder.path()).output().unwrap();
    let left = disk.read_dir().unwrap().count();
    assert!(tool("umount", &[]));
    assert_eq!((output.status.code(), left), (Some(3), 0));
    let time = String::from_utf8_lossy(&output.stderr);
    let time = time.split("good-").nth(1).and_then(|rest| rest.get(..16)).unwrap_or("none").to_owned();
    snapshot::hold(&kept(), "disk", &words, &output, &[(&time, "TIME")]);
}
