use cachebench::servers::{ManagedRedis, RedisOptions, RunFolder};

use super::bench::Bench;
use super::clusters::Cluster;
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

#[test]
fn a_cluster_of_others_is_found_from_one_of_its_nodes_and_left_as_it_was() {
    let cluster = Cluster::of_three(false);
    let connect = |node: &ManagedRedis| redis::Client::open(node.url()).unwrap().get_connection().unwrap();
    let mut all: Vec<redis::Connection> = cluster.nodes.iter().map(connect).collect();
    // The others send us on.
    let set =
        |node: &mut redis::Connection| redis::cmd("SET").arg("session:1").arg("theirs").exec(node).is_ok();
    assert_eq!(all.iter_mut().map(set).filter(|done| *done).count(), 1);
    let rest = format!(
        "[cache]\npreload = true\nurl = \"redis+cluster://127.0.0.1:{}\"\n[compare]\n\
         \"cache.driver\" = [\"redis\", \"fred\"]\n",
        cluster.port(1)
    );
    let bench = Bench::new(&workload(2_000, &rest));
    let theirs = |all: &mut [redis::Connection]| all.iter_mut().flat_map(keys).collect::<Vec<_>>();

    let refused = bench.run(&["--set", "traffic.duration=2s"]);
    refused.ends_with(3);
    assert!(refused.stderr.contains("holds 1 keys"), "{}", refused.stderr);
    assert_eq!(theirs(&mut all), ["session:1"]);

    let allowed = bench.run(&["--set", "traffic.duration=2s", "--allow-foreign-data"]);
    allowed.ends_with(0);
    for (cell, one) in allowed.measurements().into_iter().enumerate() {
        assert_eq!((one.status(), one.reasons()), ("valid", vec![]));
        let requests: Vec<f64> = allowed.nodes(cell).iter().map(|node| number(node, "requests")).collect();
        println!("{}: requests by node {requests:?}", ["redis", "fred"][cell]);
        assert!(requests.len() == 3 && requests.iter().all(|count| *count > 0.0), "{requests:?}");
    }
    assert_eq!(theirs(&mut all), ["session:1"]);
}
