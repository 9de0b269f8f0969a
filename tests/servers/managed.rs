use cachebench::servers::{ManagedPostgres, ManagedRedis, PostgresOptions, RedisOptions, RunFolder};

use super::{eventually, lives, postgres, redis, setting};

#[test]
fn a_dropped_server_takes_its_process_and_its_folder_along() {
    let run = RunFolder::create().unwrap();
    let path = run.path().to_path_buf();
    let redis = ManagedRedis::start(&RedisOptions::default(), &run).unwrap();
    let postgres = ManagedPostgres::start(&PostgresOptions::default(), &run).unwrap();
    drop(run);
    let pids = [redis.pid(), postgres.pid()];
    assert!(pids.into_iter().all(lives) && path.exists());
    drop(redis);
    drop(postgres);
    assert!(!pids.into_iter().any(lives), "{pids:?}");
    assert!(!path.exists());
}

#[test]
fn a_server_never_runs_as_root() {
    use std::os::unix::fs::MetadataExt;
    let (redis, postgres) = (redis(), postgres());
    for pid in [redis.pid(), postgres.pid()] {
        assert_ne!(std::fs::metadata(format!("/proc/{pid}")).unwrap().uid(), 0);
    }
}

#[test]
fn a_stopped_server_is_not_alive() {
    let (mut redis, mut postgres) = (redis(), postgres());
    redis.stop();
    postgres.stop();
    assert!(!redis.is_alive() && !postgres.is_alive());
    assert!(redis.log_tail().contains("bye bye"), "{}", redis.log_tail());
    assert!(postgres.log_tail().contains("database system is shut down"), "{}", postgres.log_tail());
}

#[tokio::test]
async fn a_killed_redis_comes_back_empty_at_its_address() {
    let mut redis = redis();
    let (url, first) = (redis.url(), redis.pid());
    let client = redis::Client::open(url.clone()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let () = redis::cmd("SET").arg("k").arg(1).query_async(&mut connection).await.unwrap();
    redis.kill();
    assert!(!redis.is_alive());
    redis.restart().unwrap();
    assert!(redis.is_alive() && redis.pid() != first && redis.url() == url);
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: u64 = redis::cmd("DBSIZE").query_async(&mut connection).await.unwrap();
    assert_eq!(keys, 0);
}

#[tokio::test]
async fn a_killed_postgres_comes_back_with_what_was_committed() {
    use sqlx::Connection;
    let mut postgres = postgres();
    let mut connection = sqlx::PgConnection::connect(&postgres.url()).await.unwrap();
    sqlx::raw_sql("CREATE TABLE t AS SELECT 7 AS n").execute(&mut connection).await.unwrap();
    postgres.kill();
    assert!(!postgres.is_alive());
    postgres.restart().unwrap();
    let mut connection = sqlx::PgConnection::connect(&postgres.url()).await.unwrap();
    let n: i32 = sqlx::query_scalar("SELECT n FROM t").fetch_one(&mut connection).await.unwrap();
    assert_eq!(n, 7);
}

#[test]
fn a_paused_server_can_still_be_ended() {
    let mut redis = redis();
    let pid = redis.pid();
    redis.pause();
    eventually("the server stops", || {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap().contains(") T ")
    });
    redis.stop();
    assert!(!lives(pid));
}

#[test]
fn a_wrong_setting_comes_with_the_servers_own_words() {
    let run = RunFolder::create().unwrap();
    let options = RedisOptions { settings: setting("maxmemory-polizy", "x"), ..Default::default() };
    let refused = ManagedRedis::start(&options, &run).unwrap_err().to_string();
    assert!(refused.contains("maxmemory-polizy") && refused.contains("Bad directive"), "{refused}");
    let options = PostgresOptions { settings: setting("fsink", "on") };
    let refused = ManagedPostgres::start(&options, &run).unwrap_err().to_string();
    assert!(refused.contains("unrecognized configuration parameter \"fsink\""), "{refused}");
}

#[test]
fn servers_may_start_side_by_side() {
    let starts: Vec<_> = (0..6).map(|_| std::thread::spawn(redis)).collect();
    let servers: Vec<_> = starts.into_iter().map(|start| start.join().unwrap()).collect();
    let mut ports: Vec<_> = servers.iter().map(ManagedRedis::port).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 6);
    // The threads that started them are gone: their death must not have been the servers'.
    assert!(servers.iter().all(ManagedRedis::is_alive));
}
