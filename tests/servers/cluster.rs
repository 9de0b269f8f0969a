use std::cell::Cell;
use std::time::Instant;

use cachebench::servers::{RedisCounters, failover, form, join, leave, members, reshard};
use cachebench::store::ClusterMember;

use super::clusters::{Cluster, LIMIT, node, until};
use super::machine;

fn of_port(members: &[ClusterMember], port: u16) -> &ClusterMember {
    members.iter().find(|member| member.port == port).unwrap()
}

async fn set(cluster: &Cluster, key: usize) {
    let at = cluster.at();
    let nodes: Vec<String> = at.nodes().unwrap().into_iter().map(|node| node.url).collect();
    let client = redis::cluster::ClusterClient::new(nodes).unwrap();
    let mut connection = client.get_async_connection().await.unwrap();
    let () = redis::cmd("SET").arg(key).arg(key).query_async(&mut connection).await.unwrap();
}

#[tokio::test]
async fn a_cluster_is_whole_once_it_is_formed() {
    let _seat = machine::seat();
    let began = Instant::now();
    let cluster = Cluster::of_three(true);
    println!("3 masters and 3 replicas formed in {:.1} s", began.elapsed().as_secs_f64());
    for node in 0..6 {
        let seen = cluster.seen_by(node).await;
        let slots: Vec<usize> = (0..6).map(|node| of_port(&seen, cluster.port(node)).slot_count()).collect();
        assert_eq!(slots, [5_461, 5_461, 5_462, 0, 0, 0]);
        for replica in 3..6 {
            let master = of_port(&seen, cluster.port(replica - 3));
            let replica = of_port(&seen, cluster.port(replica));
            assert_eq!((replica.replica_of.as_ref(), replica.is_master), (Some(&master.id), false));
        }
        assert!(
            seen.iter().all(|member| member.is_linked && !member.is_failed && !member.is_new),
            "{seen:?}"
        );
    }
    // By an address of several nodes, of which the first is gone.
    let at = format!("redis+cluster://127.0.0.1:1,127.0.0.1:{}", cluster.port(0));
    assert_eq!(members(&at.into()).await.unwrap().len(), 6);
}

#[test]
fn a_cluster_that_cannot_be_formed_is_told_with_the_nodes_own_words() {
    let (one, plain) = (node(), super::redis());
    let refused = form(&[one.port()], 2, LIMIT).unwrap_err().to_string();
    assert!(refused.contains("2 masters cannot be had from 1 nodes"), "{refused}");
    let refused = form(&[plain.port()], 1, LIMIT).unwrap_err().to_string();
    assert!(refused.contains(&plain.port().to_string()), "{refused}");
    assert!(refused.contains("cluster support disabled") && refused.contains("ADDSLOTSRANGE"), "{refused}");
    let short = std::time::Duration::from_millis(1);
    let late = form(&[one.port()], 1, short).unwrap_err().to_string();
    assert!(late.contains("after 1ms") && late.contains("cluster_state:fail"), "{late}");
}

#[tokio::test]
async fn a_replica_takes_over_as_planned() {
    let _seat = machine::seat();
    let cluster = Cluster::of_three(true);
    let began = Instant::now();
    assert_eq!(failover(cluster.port(0), LIMIT).unwrap(), cluster.port(3));
    println!("planned failover in {:.2} s", began.elapsed().as_secs_f64());
    let seen = cluster.seen_by(3).await;
    let (old, new) = (of_port(&seen, cluster.port(0)), of_port(&seen, cluster.port(3)));
    assert!(new.is_master && new.slot_count() == 5_461);
    assert_eq!(old.replica_of.as_ref(), Some(&new.id));
    let refused = failover(cluster.port(0), LIMIT).unwrap_err().to_string();
    assert!(refused.contains("no replica that is up"), "{refused}");
}

#[tokio::test]
async fn the_replica_of_a_killed_master_takes_over_and_the_master_comes_back_as_its_replica() {
    let _seat = machine::alone();
    let mut cluster = Cluster::of_three(true);
    let began = Instant::now();
    cluster.nodes[1].kill();
    let took_over = async || of_port(&cluster.seen_by(4).await, cluster.port(4)).slot_count() == 5_461;
    until("the replica takes over", took_over).await;
    println!("after a kill the replica took over in {:.1} s", began.elapsed().as_secs_f64());
    until("its failure is known", async || of_port(&cluster.seen_by(0).await, cluster.port(1)).is_failed)
        .await;
    cluster.nodes[1].restart().unwrap();
    until("it follows", async || {
        let seen = cluster.seen_by(1).await;
        let new = of_port(&seen, cluster.port(4));
        of_port(&seen, cluster.port(1)).replica_of.as_ref() == Some(&new.id)
    })
    .await;
    until("all see it", async || {
        let seen = cluster.seen_by(2).await;
        !of_port(&seen, cluster.port(1)).is_failed && seen.len() == 6
    })
    .await;
}

#[tokio::test]
async fn a_node_joins_takes_slots_over_with_their_keys_gives_them_back_and_leaves() {
    let _seat = machine::seat();
    let mut cluster = Cluster::of_three(false);
    for key in 0..300 {
        set(&cluster, key).await;
    }
    cluster.nodes.push(node());
    join(cluster.port(0), cluster.port(3), LIMIT).unwrap();
    for node in 0..4 {
        assert_eq!(cluster.seen_by(node).await.len(), 4);
    }
    let refused = leave(cluster.port(0), cluster.port(1), LIMIT).unwrap_err().to_string();
    assert!(refused.contains("it holds 5461 slots"), "{refused}");
    let keys = async |node: usize| RedisCounters::read(&cluster.nodes[node].url().into()).await.unwrap().keys;
    let (before, began) = (keys(0).await, Instant::now());
    let moved = reshard(cluster.port(0), cluster.port(3), 4_000, &|| false).unwrap();
    println!(
        "{} slots with {} keys moved in {:.2} s",
        moved.slots,
        moved.keys,
        began.elapsed().as_secs_f64()
    );
    assert_eq!((moved.slots, moved.keys), (4_000, keys(3).await));
    assert!(moved.keys > 0 && before == moved.keys + keys(0).await);
    for node in 0..4 {
        assert_eq!(of_port(&cluster.seen_by(node).await, cluster.port(3)).slot_count(), 4_000, "{node}");
    }
    // It ends between two slots when it is told to.
    let asked = Cell::new(0);
    let is_stopped = || asked.replace(asked.get() + 1) == 10;
    assert_eq!(reshard(cluster.port(3), cluster.port(0), 4_000, &is_stopped).unwrap().slots, 10);
    assert_eq!(reshard(cluster.port(3), cluster.port(0), 9_999, &|| false).unwrap().slots, 3_990);
    // Without a slot it becomes a replica of who took the last, and may have their keys by now.
    assert_eq!(keys(0).await, before);
    assert_eq!(of_port(&cluster.seen_by(0).await, cluster.port(3)).slot_count(), 0);
    leave(cluster.port(0), cluster.port(3), LIMIT).unwrap();
    assert_eq!(cluster.seen_by(1).await.len(), 3);
    until("it is alone", async || cluster.seen_by(3).await.len() == 1).await;
}
