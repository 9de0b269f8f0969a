use cachebench::servers::{ManagedRedis, RedisOptions, RunFolder};

use super::bench::Bench;
use super::guest::keeps_the_secret;
use super::nodes::{by_cell, number, workload};

const PASSWORD: &str = "correct-horse";

/// A Redis of somebody else, who lets us in with a password.
fn theirs(run: &RunFolder) -> (ManagedRedis, redis::Connection, String) {
    let redis = ManagedRedis::start(&RedisOptions::default(), run).unwrap();
    let mut connection = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    let user = ["me", "on", &format!(">{PASSWORD}"), "~*", "&*", "+@all"];
    let () = redis::cmd("ACL").arg("SETUSER").arg(&user).query(&mut connection).unwrap();
    let url = redis.url().replace("redis://", &format!("redis://me:{PASSWORD}@"));
    (redis, connection, url)
}

fn keys(connection: &mut redis::Connection) -> Vec<String> {
    redis::cmd("KEYS").arg("*").query(connection).unwrap()
}

#[test]
fn nodes_of_others_are_left_as_they_were_the_one_that_was_removed_too() {
    let run = RunFolder::create().unwrap();
    let (_one, mut first, first_url) = theirs(&run);
    let (_other, mut second, second_url) = theirs(&run);
    let rest = format!(
        "[cache]\npreload = true\nnodes = [{{ url = \"{first_url}\" }}, {{ url = \"{second_url}\", weight = 2 }}]\n\
         [[fault]]\nat = \"1500ms\"\nremove = {{ node = 0 }}\n"
    );
    let bench = Bench::new(&workload(2_000, &rest));
    let () = redis::cmd("SET").arg("session:1").arg("theirs").query(&mut second).unwrap();

    let refused = bench.run(&["--set", "traffic.duration=3s"]);
    refused.ends_with(3);
    for word in ["holds 1 keys", "--allow-foreign-data"] {
        assert!(refused.stderr.contains(word), "{}", refused.stderr);
    }
    assert_eq!((keys(&mut first), keys(&mut second)), (vec![], vec!["session:1".to_owned()]));
    keeps_the_secret(&refused, PASSWORD);

    let allowed =
        bench.run(&["--set", "traffic.duration=3s", "--set", "traffic.keys=uniform", "--allow-foreign-data"]);
    allowed.ends_with(0);
    let (one, fault) = by_cell(&allowed).remove(0);
    assert_eq!((one.status(), one.reasons(), fault.get("problem")), ("valid", vec![], None));
    let (remap, nodes) = (&fault["remap"], allowed.nodes(0));
    let names: Vec<&str> = nodes.iter().map(|node| node["name"].as_str().unwrap()).collect();
    println!(
        "nodes of others {names:?}: the one of weight 1 of 3 had {:.4} of the keys",
        number(remap, "keys")
    );
    assert!(names.iter().all(|name| name.starts_with("127.0.0.1:")), "{names:?}");
    assert_eq!(nodes.iter().map(|node| number(node, "weight")).collect::<Vec<_>>(), [1.0, 2.0]);
    // One ring of 3 × 160 points gives it 1/3 ± 0.03.
    assert!((number(remap, "keys") - 1.0 / 3.0).abs() < 0.12, "{remap}");
    assert_eq!((keys(&mut first), keys(&mut second)), (vec![], vec!["session:1".to_owned()]));
    let theirs: String = redis::cmd("GET").arg("session:1").query(&mut second).unwrap();
    assert_eq!(theirs, "theirs");
    keeps_the_secret(&allowed, PASSWORD);
}
