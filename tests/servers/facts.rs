use cachebench::servers::{
    ManagedPostgres, ManagedRedis, PostgresCounters, PostgresOptions, RedisCounters, RedisOptions, RunFolder,
    postgres_facts, redis_facts,
};
use sqlx::Connection;

use super::{postgres, setting};

#[tokio::test]
async fn the_facts_of_a_redis_are_its_settings() {
    let options = RedisOptions {
        maxmemory: Some(64 << 20),
        eviction: Some("allkeys-lfu".into()),
        settings: setting("lfu-log-factor", "5"),
        ..RedisOptions::default()
    };
    let redis = ManagedRedis::start(&options, &RunFolder::create().unwrap()).unwrap();
    let facts = redis_facts(&redis.url().into()).await.unwrap();
    for (name, value) in [
        ("maxmemory", "67108864"),
        ("maxmemory-policy", "allkeys-lfu"),
        ("lfu-log-factor", "5"),
        ("appendonly", "no"),
        ("save", ""),
    ] {
        assert_eq!(facts[name], value, "{name}");
    }
    assert!(["redis", "valkey"].contains(&&*facts["server"]) && !facts["redis_version"].is_empty());
    assert!(facts.contains_key("lazyfree-lazy-eviction") && facts.contains_key("io-threads"));
}

#[tokio::test]
async fn a_redis_that_refuses_config_is_described_without_its_settings() {
    let redis = super::redis();
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let () =
        redis::cmd("ACL").arg(&["SETUSER", "default", "-config"]).query_async(&mut connection).await.unwrap();
    let facts = redis_facts(&redis.url().into()).await.unwrap();
    assert!(facts.contains_key("redis_version") && !facts.contains_key("maxmemory"), "{facts:?}");
}

#[tokio::test]
async fn redis_counts_each_command() {
    let redis = super::redis();
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let before = RedisCounters::read(&redis.url().into()).await.unwrap();
    for key in 0..10 {
        let () = redis::cmd("SET").arg(key).arg("v").query_async(&mut connection).await.unwrap();
    }
    let () = redis::cmd("CONFIG").arg("GET").arg("save").query_async(&mut connection).await.unwrap();
    let between = RedisCounters::read(&redis.url().into()).await.unwrap().since(&before);
    assert_eq!((between.calls["set"], between.calls["config|get"], between.keys), (10, 1, 10));
    assert!(between.commands >= 11 && between.input_bytes > 0 && between.used_memory > 0, "{between:?}");
}

#[tokio::test]
async fn the_facts_of_a_postgres_are_its_settings() {
    let options = PostgresOptions { settings: setting("shared_buffers", "32MB") };
    let postgres = ManagedPostgres::start(&options, &RunFolder::create().unwrap()).unwrap();
    let facts = postgres_facts(&postgres.url()).await.unwrap();
    for (name, value) in [
        ("shared_buffers", "32MB"),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("max_connections", "200"),
    ] {
        assert_eq!(facts[name], value, "{name}");
    }
    assert!(facts.contains_key("version") && facts.contains_key("jit") && facts.contains_key("wal_level"));
}

#[tokio::test]
async fn postgres_counts_each_statement_by_the_text_that_was_sent() {
    const STATEMENT: &str = "SELECT  $1::int  -- as it is written";
    let postgres = postgres();
    let facts = postgres_facts(&postgres.url()).await.unwrap();
    let before = PostgresCounters::read(&postgres.url()).await.unwrap();
    let Some(before) = before else {
        assert_eq!(facts["shared_preload_libraries"], "", "preloaded, yet not counted");
        return;
    };
    let mut connection = sqlx::PgConnection::connect(&postgres.url()).await.unwrap();
    for n in 0..5 {
        let _: i32 = sqlx::query_scalar(STATEMENT).bind(n).fetch_one(&mut connection).await.unwrap();
    }
    let between = PostgresCounters::read(&postgres.url()).await.unwrap().unwrap().since(&before);
    assert_eq!(between.calls.get(STATEMENT), Some(&5), "{between:?}");
}

#[tokio::test]
async fn a_postgres_without_the_library_has_no_counters() {
    let options = PostgresOptions { settings: setting("shared_preload_libraries", "") };
    let postgres = ManagedPostgres::start(&options, &RunFolder::create().unwrap()).unwrap();
    assert_eq!(PostgresCounters::read(&postgres.url()).await.unwrap(), None);
}
