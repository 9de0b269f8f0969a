use serde_json::Value as Json;

use super::{File, run};

/// a b a c a b, of which lru in two entries hits twice and opt too.
fn trace(text: &str) -> File {
    let file = File::new("");
    std::fs::write(file.path(), text).unwrap();
    file
}

const LETTERS: &str = "a\nb\na\nc\na\nb\n";

#[test]
fn a_trace_is_simulated_as_a_table() {
    let file = trace(LETTERS);
    let answer = run(&["simulate", file.path(), "--sizes", "2,100%", "--policies", "fifo,lru"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let lines: Vec<_> = answer.stdout.lines().collect();
    assert!(lines[0].ends_with("6 requests of 3 keys, simulated"), "{}", answer.stdout);
    assert_eq!(answer.stdout.matches("simulated\n").count(), 3);
    let place = |word| answer.stdout.find(word).unwrap();
    assert!(place("lru") < place("fifo"), "the better stands first:\n{}", answer.stdout);
    assert!(
        lines.iter().any(|line| line.contains("lru") && line.contains("33.33 %") && line.contains("100.0 %"))
    );
    assert!(answer.stderr.contains("reading") && !answer.stdout.contains("byte hit rate"));
}

#[test]
fn a_simulation_is_data_too() {
    let file = trace("key,op,size\na,get,10\na,set,10\na,get,10\nb,get,30\n");
    let args = ["--quiet", "simulate", file.path(), "--sizes", "64MB", "--writes", "invalidate", "--output"];
    let answer = run(&[&args[..], &["json", "--policies", "lru,{ redis-lru = { samples = 3 } }"]].concat());
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
    let rows: Json = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!((rows[0]["requests"].as_u64(), rows[0]["hits"].as_u64()), (Some(3), Some(0)));
    assert_eq!(
        (&rows[0]["capacity_bytes"], &rows[1]["policy"]),
        (&64_000_000.into(), &"redis-lru (samples=3)".into())
    );
    let csv = run(&[&args[..], &["csv"]].concat());
    // A header, and every policy.
    assert_eq!((csv.code, csv.stdout.lines().count()), (Some(0), 11), "{}", csv.stdout);
}

#[test]
fn a_simulation_is_a_page_with_a_curve_for_each_policy() {
    let file = trace(LETTERS);
    let args = [
        "--quiet",
        "simulate",
        file.path(),
        "--sizes",
        "1,2,3",
        "--policies",
        "fifo,lru",
        "--output",
        "html",
    ];
    let answer = run(&args);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
    assert!(answer.stdout.starts_with("<!") && answer.stdout.contains("<svg"), "{}", answer.stdout);
    assert!(answer.stdout.contains("6 requests of 3 keys, simulated"), "{}", answer.stdout);
}

#[test]
fn what_cannot_be_simulated_is_told_with_what_could() {
    let file = trace(LETTERS);
    for (args, words) in [
        (&["--sizes", "many"][..], &["--sizes", "`many`", "64MB"][..]),
        (&["--sizes", "1%..50%"], &["1%..50%/8"]),
        (&["--sizes", "64MB"], &["no sizes of 3 of its 3 keys", "--unknown-size"]),
        (&["--policies", "lru,mru"], &["--policies", "mru", "redis-lfu"]),
        (&["--policies", "{ redis-lru = { sample = 3 } }"], &["sample", "samples"]),
        (&["--policies", "{ redis-lru = "], &["--policies"]),
        (&["--format", "xml"], &["--format", "xml", "int32be"]),
        (&["--speed", "2"], &["no times", "rate"]),
        (&["--rate", "0"], &["more than 0"]),
        (&["--shards", "2"], &["--shards", "at most 1"]),
        (&["--ttl", "soon"], &["--ttl", "250ms"]),
        (&["--limit", "0"], &["no request"]),
    ] {
        run(&[&["simulate", file.path()][..], args].concat()).fails(2, words);
    }
    run(&["simulate", "nowhere.trace"]).fails(2, &["nowhere.trace"]);
}
