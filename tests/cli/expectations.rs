use super::{File, GOOD, run};

/// The good workload, with something at its top.
fn with(top: &str) -> File {
    File::new(&GOOD.replace("name = \"good\"\n", &format!("name = \"good\"\n{top}\n")))
}

#[test]
fn expectations_of_a_file_are_checked_with_it() {
    let right =
        "expect = [\"hit_rate{strategy=cache-aside} > 0.9\", \"stale_reads == 0\"]\nabort_on_fail = \"10s\"";
    assert_eq!(run(&["check", with(right).path()]).code, Some(0));
    for (top, words) in [
        (
            "expect = [\"hit_rat > 0.9\"]",
            &["w.toml:3:", "no metric `hit_rat`", "did you mean `hit_rate`?"][..],
        ),
        ("expect = [\"read.response.p99 < 5\"]", &["w.toml:3:", "write 250us, 5ms or 1s"]),
        ("expect = \"hit_rate > 0.9\"", &["w.toml:3:", "expected a list", "[\"hit_rate > 0.9\"]"]),
        (
            "expect = [\"hit_rate{strategy=cache_aside} > 0.9\"]",
            &["w.toml:3:", "did you mean `cache-aside`?"],
        ),
        ("expect = [\"hit_rate{ttl=1s} > 0.9\"]", &["`ttl` is not compared", "compared are: strategy"]),
        ("abort_on_fail = \"soon\"", &["w.toml:3:", "is no time"]),
        ("expct = []", &["did you mean `expect`?"]),
    ] {
        run(&["check", with(top).path()]).fails(2, words);
    }
    let below = File::new(&GOOD.replace("[compare]", "expect = [\"hit_rate > 0.9\"]\n[compare]"));
    run(&["check", below.path()]).fails(2, &["`expect` stands at the top of the file"]);
}

#[test]
fn expectations_of_a_file_are_taken_off_by_an_override() {
    let file = with("expect = [\"hit_rate{strategy=direct} == 0\"]");
    let arguments = ["check", file.path(), "--set", "strategy=cache-aside"];
    run(&arguments).fails(2, &["no cell has strategy=direct", "there are: cache-aside"]);
    assert_eq!(run(&[&arguments[..], &["--set", "expect=[]"]].concat()).code, Some(0));
}

#[test]
fn expectations_of_the_command_line_are_checked_before_anything_runs() {
    let file = with("");
    for (arguments, words) in [
        (&["--expect", "hit_rat > 0.9"][..], &["--expect: there is no metric `hit_rat`; did you mean"][..]),
        (&["--expect", "hit_rate{strategy} > 0.9"], &["does not choose cells; write {strategy=cache-aside}"]),
        (
            &["--expect", "hit_rate{strategy=direkt} > 0.9"],
            &["no cell has strategy=direkt; did you mean `direct`?"],
        ),
        (&["--abort-on-fail", "10s"], &["nothing is expected that could fail"]),
        (&["--abort-on-fail", "soon", "--expect", "hit_rate > 0.9"], &["soon"]),
        (&["--expect", "hit_rate > 0.9", "--find-max", "hit_rate > 0.9"], &["cannot be used with"]),
        (
            &[
                "--set",
                "traffic.load={ open = { rate = 9 } }",
                "--find-max",
                "hit_rate{strategy=direct} > 0.9",
            ],
            &["--find-max: `hit_rate{strategy=direct} > 0.9` chooses cells", "without what stands in braces"],
        ),
    ] {
        run(&[&["run", file.path()], arguments].concat()).fails(2, words);
    }
    run(&["recommend", "nowhere", "--require", "hit_rate{ttl=1s} > 0"])
        .fails(2, &["--require: ", "chooses cells"]);
}

#[test]
fn a_file_for_ci_that_cannot_be_written_is_told_before_anything_runs() {
    let file = with("");
    for flag in ["--markdown", "--junit", "--benchmark-json", "--benchmark-json-bigger"] {
        let results = file.folder.path().join("results");
        let arguments =
            ["run", file.path(), "--output", results.to_str().unwrap(), flag, "/no/such/folder/file"];
        run(&arguments).fails(3, &["cannot write /no/such/folder/file"]);
        assert!(!results.exists());
    }
    run(&["run", file.path(), "--annotations=soon"]).fails(2, &["auto, always, never"]);
}
