use std::path::Path;
use std::process::Command;

use cachebench::servers::{ManagedPostgres, ManagedRedis, PostgresOptions, RedisOptions, RunFolder};

use super::machine;
use super::snapshot;

const WORKLOAD: &str = "name = \"wrong\"\n[data]\nrows = 100\n[traffic]\n\
    load = { closed = { clients = 2 } }\noperations = 100\n";

const PASSWORD: &str = "hunter2";

/// Nobody listens there.
const DEAD: &str = "127.0.0.1:1";

#[test]
fn each_server_that_does_not_let_us_in_is_told_with_the_reason_and_without_the_password() {
    let _seat = machine::seat();
    let run = RunFolder::create().unwrap();
    let redis = ManagedRedis::start(&RedisOptions::default(), &run).unwrap();
    let postgres = ManagedPostgres::start(&PostgresOptions::default(), &run).unwrap();
    let mut connection = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    let user = ["me", "on", &format!(">{PASSWORD}"), "~*", "&*", "+@all"];
    let () = redis::cmd("ACL").arg("SETUSER").arg(&user).query(&mut connection).unwrap();

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("w.toml"), WORKLOAD).unwrap();
    let (cache, database) = (redis.url(), postgres.url());
    let host = |url: &str| url.split(['@', '/']).find(|part| part.starts_with("127.")).unwrap().to_owned();
    let (at_cache, at_database) = (host(&cache), host(&database));
    let dead_database = format!("postgres://me:{PASSWORD}@{DEAD}/db");
    for (name, cache, database) in [
        ("redis-dead", format!("redis://me:{PASSWORD}@{DEAD}"), database.clone()),
        ("redis-password", format!("redis://me:{PASSWORD}no@{at_cache}"), database.clone()),
        ("redis-tls", format!("rediss://me:{PASSWORD}@{at_cache}"), database.clone()),
        ("postgres-dead", cache.clone(), dead_database),
        ("postgres-role", cache.clone(), format!("postgres://nobody_here:{PASSWORD}@{at_database}/postgres")),
        ("postgres-database", cache.clone(), database.replace("/postgres", "/nothing")),
        ("postgres-tls", cache.clone(), format!("{database}?sslmode=require")),
    ] {
        let settings = [format!("cache.url={cache}"), format!("database.url={database}")];
        let words = ["run", "w.toml", "-q", "--set", &settings[0], "--set", &settings[1]];
        let output = Command::new(env!("CARGO_BIN_EXE_cachebench"))
            .args(words)
            .current_dir(folder.path())
            .env_remove("CI")
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{name}: {stderr}");
        assert!(!stderr.contains(PASSWORD) && output.stdout.is_empty(), "{name}: {stderr}");
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live/wrong");
        snapshot::hold(&kept, name, &words, &output, &[(PASSWORD, "PASSWORD")]);
    }
    assert_eq!(folder.path().join("results").read_dir().unwrap().count(), 0);
}
