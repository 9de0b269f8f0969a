use serde_json::Value as Json;

use super::run;

/// The table, without the column that is measured.
fn exact(table: &str) -> String {
    let told = |line: &str| match line.rsplit_once('│').and_then(|(rest, _)| rest.rsplit_once('│')) {
        Some((rest, lookup)) if lookup.trim().parse::<f64>().is_ok_and(|ns| ns > 0.0) => {
            format!("{rest}│ LOOKUP │")
        }
        _ => line.to_owned(),
    };
    table.lines().map(told).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_change_of_nodes_is_told_for_each_scheme() {
    let args = ["placement", "--nodes", "10", "--change", "-1", "--keys", "20K"];
    let answer = run(&args);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let table = exact(&answer.stdout);
    assert!(table.starts_with("20000 keys on 10 nodes, and on 9 (node-9 goes)\n"), "{table}");
    assert_eq!(table.matches("LOOKUP").count(), 7, "{table}");
    assert!(table.contains("The hottest of 20000 keys has 9.1 % of the requests"), "{table}");
    assert!(answer.stderr.contains("placing 20000 keys by modulo"), "{}", answer.stderr);
    // All but the time of a look-up is exact.
    assert_eq!(table, exact(&run(&args).stdout));
}

#[test]
fn the_table_is_this_one() {
    let args = ["placement", "--nodes", "4", "--remove", "1", "--keys", "20000", "--scheme", "modulo"];
    let answer =
        run(&[&args[..], &["--scheme", "jump", "--scheme", "{ ring = { virtual_nodes = 100 } }"]].concat());
    let table = exact(&answer.stdout);
    let known = "\
20000 keys on 4 nodes, and on 3 (node-1 goes)
╭──────────────────────────┬────────┬────────┬────────┬──────────┬──────────┬─────────┬────────┬──────────┬──────────┬──────────┬────────────────╮
│ scheme                   │ keys   │ at     │ by     │ requests │ needless │ keys    │ by     │ keys     │ requests │ requests │ lookup, ms per │
│                          │ moved  │ least  │ theory │ moved    │ moves    │ SD/mean │ theory │ max/mean │ SD/mean  │ max/mean │ million keys   │
├──────────────────────────┼────────┼────────┼────────┼──────────┼──────────┼─────────┼────────┼──────────┼──────────┼──────────┼────────────────┤
│ modulo                   │ 75.5 % │ 25.0 % │ 75.0 % │   72.5 % │   50.3 % │  0.67 % │ 1.22 % │    1.011 │  15.38 % │    1.161 │ LOOKUP │
│ jump                     │ 66.6 % │ 25.0 % │ 66.7 % │   68.4 % │   41.7 % │  1.13 % │ 1.22 % │    1.019 │  16.02 % │    1.169 │ LOOKUP │
│ ring (virtual_nodes=100) │ 23.7 % │ 25.0 % │ 25.0 % │   28.6 % │    0.0 % │  5.67 % │ 8.74 % │    1.092 │  16.60 % │    1.143 │ LOOKUP │
╰──────────────────────────┴────────┴────────┴────────┴──────────┴──────────┴─────────┴────────┴──────────┴──────────┴──────────┴────────────────╯
The hottest of 20000 keys has 9.1 % of the requests, 0.364 times the mean of a node: no placement divides a key.
jump can lose only the last of its nodes for 25.0 %: without another, those behind it are renumbered.
SD/mean and max/mean: over the nodes before the change, by weight. Needless: between nodes that stay. All but lookup is exact.";
    assert_eq!(table, known, "{table}");
}

#[test]
fn a_placement_is_data_too() {
    let args = ["--quiet", "placement", "--nodes", "3", "--keys", "50000", "--zipf", "0", "--format"];
    let json = run(&[&args[..], &["json"]].concat());
    assert_eq!((json.code, json.stderr.as_str()), (Some(0), ""));
    let json: Json = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        (&json["nodes_before"], &json["nodes_after"]),
        (&3.into(), &4.into()),
        "one more, unless told"
    );
    let schemes = json["schemes"].as_array().unwrap();
    for scheme in schemes {
        let [keys, requests] = ["moved_keys", "moved_requests"].map(|name| scheme[name].as_f64().unwrap());
        assert!((keys - requests).abs() < 1e-9, "{scheme}: all are asked for alike");
        assert!(scheme["lookup_ns"].as_f64().unwrap() > 0.0);
        // Four standard errors, and what a ring of 160 points is off: four times 8.8 % of a quarter.
        if let Some(expected) = scheme["expected_move"].as_f64() {
            let own = if scheme["scheme"] == "ring" { 0.088 } else { 0.0 };
            assert!((keys - expected).abs() < 0.008 + own, "{scheme}");
        }
    }
    let csv = run(&[&args[..], &["csv"]].concat());
    assert_eq!((csv.code, csv.stdout.lines().count()), (Some(0), schemes.len() + 1));
    let markdown = run(&[&args[..], &["markdown"]].concat());
    assert!(markdown.stdout.contains("| scheme | keys moved |"), "{}", markdown.stdout);
}

#[test]
fn schemes_without_weights_are_left_out_and_told() {
    let answer =
        run(&["placement", "--nodes", "3", "--weights", "1,1,2", "--keys", "9000", "--format", "csv"]);
    assert_eq!((answer.code, answer.stdout.lines().count()), (Some(0), 6), "{}", answer.stdout);
    for scheme in ["modulo", "jump"] {
        assert!(answer.stderr.contains(&format!("left out: {scheme} has no weights")), "{}", answer.stderr);
    }
}

#[test]
fn what_cannot_be_placed_is_told_with_what_could() {
    for (args, words) in [
        (&["--nodes", "0"][..], &["--nodes", "0 nodes", "from 1 to 1024"][..]),
        (&["--nodes", "2000"], &["--nodes", "from 1 to 1024"]),
        (&["--nodes", "3", "--change", "-3"], &["--change", "-3 of 3 nodes leaves none"]),
        (&["--change", "+2000"], &["--change", "from 1 to 1024"]),
        (&["--change", "more"], &["--change", "more"]),
        (&["--nodes", "1", "--remove", "0"], &["--remove", "leaves no node"]),
        (&["--nodes", "3", "--remove", "3"], &["--remove", "no node 3", "0 to 2"]),
        (&["--remove", "1", "--change", "+1"], &["--remove", "--change +1"]),
        (&["--scheme", "rign"], &["--scheme", "did you mean `ring`?"]),
        (&["--scheme", "{ ring = { vnodes = 3 } }"], &["--scheme", "ring", "virtual_nodes"]),
        (&["--scheme", "{ ring = "], &["--scheme"]),
        (&["--scheme", "{ maglev = { table = 1000 } }"], &["--scheme", "maglev", "65537"]),
        (&["--nodes", "3", "--weights", "1,2"], &["--weights", "2 weights for 3 nodes"]),
        (&["--nodes", "2", "--weights", "1,0"], &["--weights", "write 1 to 64"]),
        (&["--nodes", "2", "--weights", "1,2", "--scheme", "jump"], &["--scheme", "jump has no weights"]),
        (&["--keys", "0"], &["--keys", "500K"]),
        (&["--keys", "many"], &["--keys", "1M"]),
        (&["--zipf", "-1"], &["--zipf", "0.99"]),
        (&["--zipf", "NaN"], &["--zipf", "0.99"]),
        (&["--prefix", "a prefix that is much too long"], &["--prefix", "bytes"]),
        (&["--format", "xml"], &["--format", "markdown"]),
    ] {
        run(&[&["placement"], args].concat()).fails(2, words);
    }
}

#[test]
fn a_placement_is_a_page_with_figures() {
    let args = ["--quiet", "placement", "--nodes", "3", "--keys", "5000", "--format", "html"];
    let answer = run(&args);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
    assert!(answer.stdout.starts_with("<!") && answer.stdout.contains("<svg"), "{}", answer.stdout);
    assert!(answer.stdout.contains("rendezvous"), "{}", answer.stdout);
}
