use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value as Json;
use tempfile::TempDir;

use super::{Answer, program, run};

const TRACE: &str =
    "time,key,op,size,ttl\n0,a,get,,\n0.25,a,set,100,60\n1,b,get,,\n1.5,a,get,100,\n4,c d,delete,,\n";
const LOG: &str = "OK\n100.5 [0 127.0.0.1:1] \"SET\" \"a\" \"xyz\" \"EX\" \"5\"\n100.6 [0 127.0.0.1:1] \"PING\"\n\
    100.75 [0 127.0.0.1:1] \"GET\" \"a\"\nrubbish\n101.0 [0 lua] \"DEL\" \"b\"\n101.1 [0 127.0.0.1:1] \"GE";

/// A folder of its own with a file in it.
struct Folder(TempDir);

impl Folder {
    fn with(name: &str, content: impl AsRef<[u8]>) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        std::fs::write(folder.path(name), content).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `cachebench trace` in this folder.
    fn trace(&self, arguments: &[&str]) -> Answer {
        Answer::from(program(&["trace"]).args(arguments).current_dir(self.0.path()).output().unwrap())
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn every_verb_has_help_with_an_example() {
    for verb in ["stat", "convert", "record", "top"] {
        let help = run(&["trace", verb, "--help"]);
        assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
        assert!(help.stdout.contains(&format!("  cachebench trace {verb} ")), "{}", help.stdout);
    }
    let help = run(&["trace", "record", "--help"]).stdout;
    assert!(help.contains("costs the server throughput") && help.contains("no cryptography"), "{help}");
}

#[test]
fn stat_tells_what_the_trace_holds_and_nothing_else() {
    let folder = Folder::with("a.csv", TRACE);
    let answer = folder.trace(&["stat", "a.csv", "--output", "json"]);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
    let stat: Json = serde_json::from_str(&answer.stdout).unwrap();
    for (pointer, value) in [
        ("/requests", 5.0),
        ("/unique_keys", 3.0),
        ("/popularity/one_hit_wonders", 2.0),
        ("/reuse/reuses", 2.0),
        ("/reuse/max", 1.0),
        ("/times/span_s", 4.0),
        ("/times/mean_per_s", 1.25),
        ("/times/peak_per_s", 2.0),
        ("/sizes/unique_bytes", 100.0),
        ("/operations/reads", 3.0),
        ("/operations/writes_after_read_share", 1.0),
        ("/ttls/p50_s", 60.0),
    ] {
        assert_eq!(stat.pointer(pointer).and_then(Json::as_f64), Some(value), "{pointer}: {stat:#}");
    }
    let table = folder.trace(&["stat", "a.csv"]).stdout;
    for words in ["unique keys", "reuse distance max", "1 keys", "1.25/s", "100 B", "TTL p50", "60 s"] {
        assert!(table.contains(words), "{words}: {table}");
    }
    let keys = Folder::with("a.txt", "7\n8\n7\n").trace(&["stat", "a.txt"]).stdout;
    assert!(keys.contains("LRU hit rate") && !keys.contains("TTL") && !keys.contains("size"), "{keys}");
}

#[test]
fn a_trace_goes_through_other_formats_and_compressions_unchanged() {
    let folder = Folder::with("a.csv", TRACE);
    for out in ["b.csv", "b.csv.gz", "b.csv.xz", "b.csv.zst"] {
        let answer = folder.trace(&["convert", "a.csv", out]);
        assert_eq!((answer.code, answer.stdout.as_str()), (Some(0), ""), "{}", answer.stderr);
        assert!(answer.stderr.contains("5 requests as csv"), "{}", answer.stderr);
        assert_eq!(folder.trace(&["convert", out, "back.csv"]).code, Some(0));
        let expected = TRACE.replace("0.25,", "0.250000,").replace("1.5,", "1.500000,");
        let expected = expected.replace("get", "read").replace("set", "write");
        assert_eq!(folder.read("back.csv"), expected, "{out}");
    }
    assert_eq!(folder.trace(&["convert", "a.csv", "a.txt", "--limit", "3"]).code, Some(0));
    assert_eq!(folder.read("a.txt"), "a\na\nb\n");
    let numbers = Folder::with("a.txt", "7\n4294967295\n");
    assert_eq!(numbers.trace(&["convert", "a.txt", "a.bin", "--to", "int32be"]).code, Some(0));
    assert_eq!(std::fs::read(numbers.path("a.bin")).unwrap(), [0, 0, 0, 7, 255, 255, 255, 255]);
    assert_eq!(numbers.trace(&["convert", "a.bin", "b.txt", "--from", "int32be"]).code, Some(0));
    assert_eq!(numbers.read("b.txt"), "7\n4294967295\n");
}

#[test]
fn what_cannot_be_converted_leaves_no_file() {
    let folder = Folder::with("a.csv", TRACE);
    folder
        .trace(&["convert", "a.csv", "b.int32be"])
        .fails(2, &["b.int32be: record 1", "the key `a`", "2^32"]);
    folder.trace(&["convert", "a.csv", "b"]).fails(2, &["name one of: plain, csv"]);
    folder
        .trace(&["convert", "a.csv", "b.vscsi", "--to", "vscsi"])
        .fails(2, &["cannot be written", "plain, csv"]);
    folder.trace(&["convert", "a.csv", "nowhere/b.csv"]).fails(3, &["nowhere/b.csv: cannot be written"]);
    std::fs::write(folder.path("bad.csv"), format!("{TRACE}5,e,touch,,\n")).unwrap();
    folder
        .trace(&["convert", "bad.csv", "b.csv"])
        .fails(2, &["bad.csv, record 6 (line 7): operation `touch`"]);
    assert_eq!(folder.names(), ["a.csv", "bad.csv"]);
}

#[test]
fn a_wrong_file_or_format_is_told_with_the_way_out() {
    let folder = Folder::with("a.csv", TRACE);
    folder.trace(&["stat", "absent.csv"]).fails(2, &["absent.csv: cannot be opened"]);
    folder
        .trace(&["stat", "a.csv", "--format", "twiter"])
        .fails(2, &["unknown name `twiter`", "did you mean `twitter`?"]);
    folder
        .trace(&["stat", "a.csv", "--format", "{ csv = { kee = 1 } }"])
        .fails(2, &["a.csv: the trace format `csv`", "kee"]);
    folder.trace(&["stat", "a.csv", "--limit", "0"]).fails(2, &["--limit"]);
    let binary = Folder::with("a.bin", [0, 0, 0, 1]);
    binary.trace(&["top", "a.bin"]).fails(2, &["cannot be told from the content", "int32be"]);
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x33, 0xe4];
    Folder::with("a.gz", gzip).trace(&["stat", "a.gz"]).fails(2, &["a.gz, record 1", "its gzip data is cut"]);
    Folder::with("a.csv", "").trace(&["stat", "a.csv"]).fails(2, &["there is no request in it"]);
}

#[test]
fn the_hottest_keys_come_first() {
    let folder = Folder::with("a.csv", TRACE);
    let top = |arguments: &[&str]| folder.trace(&[&["top", "a.csv"], arguments].concat()).stdout;
    assert_eq!(top(&[]), "a\nb\nc d\n");
    assert_eq!(top(&["-n", "1"]), "a\n");
    assert_eq!(top(&["--format", "{ csv = { key = 2 } }"]), "get\nset\ndelete\n");
}

#[test]
fn a_log_of_monitor_becomes_a_trace() {
    let folder = Folder::with("monitor.log", LOG);
    let answer = folder.trace(&["record", "--log", "monitor.log", "a.csv"]);
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(0), ""), "{}", answer.stderr);
    // The second line that is lost is the one that the log was cut in.
    assert!(
        answer.stderr.contains("a.csv: 3 requests, 1 commands skipped, 2 lines lost"),
        "{}",
        answer.stderr
    );
    let expected = "time,key,op,size,ttl\n100.500000,a,write,3,5\n100.750000,a,read,,\n101,b,delete,,\n";
    assert_eq!(folder.read("a.csv"), expected);
    let hashed = folder.trace(&["record", "--log", "monitor.log", "b.csv", "--hash-keys", "--limit", "2"]);
    assert_eq!(hashed.code, Some(0), "{}", hashed.stderr);
    let text = folder.read("b.csv");
    let keys: Vec<_> = text.lines().skip(1).filter_map(|line| line.split(',').nth(1)).collect();
    assert!(keys.len() == 2 && keys[0] == keys[1] && keys[0].parse::<u64>().is_ok(), "{text}");
}

#[test]
fn a_line_that_is_no_command_is_lost_once_any_was_one_though_of_another_key() {
    let folder =
        Folder::with("monitor.log", "1 [0 a:1] \"GET\" \"a\"\nrubbish\n2 [0 a:1] \"GET\" \"user:1\"\n");
    let answer = folder.trace(&["record", "--log", "monitor.log", "--prefix", "user:", "a.csv"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let told = "a.csv: 1 requests, 0 commands skipped, 1 lines lost, 1 of other keys";
    assert!(answer.stderr.contains(told), "{}", answer.stderr);
}

#[test]
fn a_pipe_that_has_fallen_silent_hears_the_signal_to_end() {
    let folder = Folder::with("none", "");
    let mut recording = program(&["trace", "record", "--log", "-", "a.csv"])
        .current_dir(folder.0.path())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = recording.stdin.take().unwrap();
    // More than a pipe holds: once it is written, it is being read, and signals have been watched for since before.
    pipe.write_all("1 [0 a:1] \"GET\" \"a\"\n".repeat(100_000).as_bytes()).unwrap();
    kill(Pid::from_raw(recording.id() as i32), Signal::SIGTERM).unwrap();
    let answer = Answer::from(recording.wait_with_output().unwrap());
    drop(pipe);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let kept = folder.read("a.csv");
    assert!(kept.lines().count() > 1 && kept.lines().skip(1).all(|line| line == "1,a,read,,"));
}

#[test]
fn a_recording_needs_one_source_and_shows_no_password() {
    let folder = Folder::with("wrong.log", "key,op\n1,get\n");
    folder.trace(&["record", "a.csv"]).fails(2, &["--from", "--log"]);
    folder
        .trace(&["record", "--log", "wrong.log", "a.csv"])
        .fails(2, &["record 1 (line 1)", "a line of MONITOR"]);
    for url in ["postgres://me:hunter2@localhost/db", "http://me:hunter2@localhost", "managed"] {
        let answer = folder.trace(&["record", "--from", url, "a.csv"]);
        answer.fails(2, &["--from: ", "redis://"]);
        assert!(!answer.stderr.contains("hunter2"), "{}", answer.stderr);
    }
    // Nobody listens on the first port.
    let answer = folder.trace(&["record", "--from", "redis://me:hunter2@127.0.0.1:1", "a.csv"]);
    answer.fails(3, &["redis://me:***@127.0.0.1:1"]);
    assert!(!answer.stderr.contains("hunter2"), "{}", answer.stderr);
    assert_eq!(folder.names(), ["wrong.log"]);
}
