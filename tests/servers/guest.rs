use cachebench::servers::{ServerError, admit_postgres, admit_redis, leave_postgres, leave_redis, move_away};
use sqlx::Connection;

use super::{postgres, redis};

/// Holds a letter that a pattern would read as its own.
const PREFIX: &str = "cache[bench]*:";

#[tokio::test]
async fn a_redis_with_foreign_keys_is_refused_and_only_our_keys_are_removed() {
    let server = redis();
    let url = server.url();
    let client = redis::Client::open(url.clone()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    admit_redis(&url.as_str().into(), PREFIX, false).await.unwrap();
    for key in 0..2_500 {
        let () = redis::cmd("SET")
            .arg(format!("{PREFIX}{key}"))
            .arg(1)
            .query_async(&mut connection)
            .await
            .unwrap();
    }
    admit_redis(&url.as_str().into(), PREFIX, false).await.unwrap();
    let () = redis::cmd("SET").arg("cacheb:of others").arg(1).query_async(&mut connection).await.unwrap();
    let refused = admit_redis(&url.as_str().into(), PREFIX, false).await.unwrap_err();
    assert!(matches!(refused, ServerError::ForeignKeys { keys: 2_501, .. }), "{refused:?}");
    assert!(refused.to_string().contains("--allow-foreign-data"));
    admit_redis(&url.as_str().into(), PREFIX, true).await.unwrap();
    let moved = move_away(&url.as_str().into(), PREFIX, 0.4).await.unwrap();
    assert!(moved.of == 2_500 && (900..1_100).contains(&moved.moved), "{moved:?}");
    let again = move_away(&url.as_str().into(), PREFIX, 0.4).await.unwrap();
    assert_eq!((again.moved, again.of), (0, 2_500 - moved.moved), "the same share means the same keys");
    assert_eq!(leave_redis(&url.as_str().into(), PREFIX).await.unwrap(), again.of);
    let left: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    assert_eq!(left, ["cacheb:of others"]);
}

#[tokio::test]
async fn a_postgres_with_foreign_tables_or_a_schema_of_others_is_refused() {
    let server = postgres();
    let url = server.url();
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    let sql = async |connection: &mut sqlx::PgConnection, text: &'static str| {
        sqlx::raw_sql(text).execute(connection).await.unwrap();
    };
    admit_postgres(&url, "ours", false).await.unwrap();
    sql(&mut connection, "CREATE TABLE ours.t (n int); CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        .await;
    admit_postgres(&url, "ours", false).await.unwrap();

    sql(&mut connection, "CREATE SCHEMA theirs").await;
    for allow_foreign in [false, true] {
        let refused = admit_postgres(&url, "theirs", allow_foreign).await.unwrap_err();
        assert!(matches!(refused, ServerError::ForeignSchema { .. }), "{refused:?}");
    }
    sql(&mut connection, "CREATE TABLE theirs.accounts (n int)").await;
    let refused = admit_postgres(&url, "ours", false).await.unwrap_err().to_string();
    assert!(refused.contains("1 tables") && refused.contains("theirs.accounts"), "{refused}");
    admit_postgres(&url, "ours", true).await.unwrap();

    assert!(!leave_postgres(&url, "theirs").await.unwrap());
    assert!(leave_postgres(&url, "ours").await.unwrap());
    assert!(!leave_postgres(&url, "ours").await.unwrap());
    let left: Vec<String> = sqlx::query_scalar(
        "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('ours', 'theirs')",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert_eq!(left, ["theirs.accounts"]);
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    use cachebench::servers::{ManagedPostgres, PostgresOptions, RunFolder};
    let redis = redis();
    let url = redis.url().replace("redis://", "redis://me:hunter2@");
    let refused = admit_redis(&url.as_str().into(), PREFIX, false).await.unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused:?}");
    let run = RunFolder::create().unwrap();
    let postgres = ManagedPostgres::start(&PostgresOptions::default(), &run).unwrap();
    let url = postgres.url().replace("cachebench@", "nobody:hunter2@");
    let refused = admit_postgres(&url, "ours", false).await.unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused:?}");
}
