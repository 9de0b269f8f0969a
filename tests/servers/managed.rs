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

#[test]
fn a_killed_server_is_given_no_time_to_end_in_order() {
    let (mut redis, mut postgres) = (redis(), postgres());
    redis.kill();
    postgres.kill();
    assert!(!redis.log_tail().contains("bye bye"), "{}", redis.log_tail());
    assert!(!postgres.log_tail().contains("database system is shut down"), "{}", postgres.log_tail());
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

/// Sets a key, kills the server at once, starts it again, and says how many keys it has.
async fn keys_after_a_crash(settings: &[(&str, &str)]) -> u64 {
    let settings = settings.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let options = RedisOptions { settings, ..Default::default() };
    let mut redis = ManagedRedis::start(&options, &RunFolder::create().unwrap()).unwrap();
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let () = redis::cmd("SET").arg("k").arg(1).query_async(&mut connection).await.unwrap();
    redis.restart().unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("DBSIZE").query_async(&mut connection).await.unwrap()
}

#[tokio::test]
async fn an_append_only_file_survives_a_crash_of_the_process_however_rarely_it_is_synced() {
    for sync in ["no", "everysec", "always"] {
        assert_eq!(keys_after_a_crash(&[("appendonly", "yes"), ("appendfsync", sync)]).await, 1, "{sync}");
    }
    assert_eq!(keys_after_a_crash(&[]).await, 0);
}

#[tokio::test]
async fn a_flushed_redis_has_no_keys_and_goes_on() {
    let redis = redis();
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let () = redis::cmd("SET").arg("k").arg(1).query_async(&mut connection).await.unwrap();
    redis.flush().unwrap();
    let keys: u64 = redis::cmd("DBSIZE").query_async(&mut connection).await.unwrap();
    assert_eq!(keys, 0);
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_paused_postgres_is_silent_on_every_connection_until_it_goes_on() {
    use sqlx::Connection;
    use std::time::Duration;
    let mut postgres = postgres();
    let mut connections = Vec::new();
    for _ in 0..3 {
        connections.push(sqlx::PgConnection::connect(&postgres.url()).await.unwrap());
    }
    postgres.pause().unwrap();
    for connection in &mut connections {
        let answer = sqlx::query_scalar::<_, i32>("SELECT 7").fetch_one(connection);
        assert!(tokio::time::timeout(Duration::from_millis(100), answer).await.is_err());
    }
    assert!(postgres.is_alive());
    postgres.resume();
    for connection in &mut connections {
        let answer: i32 = sqlx::query_scalar("SELECT 7").fetch_one(connection).await.unwrap();
        assert_eq!(answer, 7);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_paused_postgres_can_be_killed_and_started_again() {
    let mut postgres = postgres();
    postgres.pause().unwrap();
    postgres.kill();
    assert!(!postgres.is_alive());
    postgres.restart().unwrap();
    postgres.pause().unwrap();
    postgres.restart().unwrap();
    assert!(postgres.is_alive());
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
