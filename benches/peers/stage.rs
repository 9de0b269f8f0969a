use std::path::PathBuf;
use std::process::{Command, Stdio};

use cachebench::servers::{ManagedPostgres, ManagedRedis, PostgresOptions, RedisOptions, RunFolder};
use sqlx::{Connection, PgConnection};

/// Rows and keys of every contender.
pub const ROWS: u64 = 100_000;
/// Bytes of a body.
pub const BYTES: u64 = 256;

/// The servers that every contender meets.
pub struct Stage {
    redis: ManagedRedis,
    postgres: ManagedPostgres,
    /// For workload files and results.
    pub folder: tempfile::TempDir,
    // Dropped last: the servers live in it.
    _run: RunFolder,
}

impl Stage {
    /// Starts the servers and fills the peers' own keys and table.
    pub fn set() -> Stage {
        let run = RunFolder::create().expect("a folder for the servers");
        let redis = ManagedRedis::start(&RedisOptions::default(), &run).expect("redis starts");
        let settings = [("max_connections".to_owned(), "100".to_owned())].into();
        let postgres = ManagedPostgres::start(&PostgresOptions { settings }, &run).expect("postgres starts");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let stage = Stage { redis, postgres, folder, _run: run };
        stage.fill_redis();
        stage.fill_postgres();
        stage
    }

    fn fill_redis(&self) {
        let port = self.redis_port();
        let (rows, bytes) = (ROWS.to_string(), BYTES.to_string());
        // Random keys: twelve times their number leaves six in a million out.
        let count = (12 * ROWS).to_string();
        let mut fill = Command::new("redis-benchmark");
        fill.args(["-h", "127.0.0.1", "-p", &port, "-t", "set", "-d", &bytes, "-r", &rows, "-n", &count]);
        fill.args(["-P", "50", "-q"]).stdout(Stdio::null());
        assert!(fill.status().expect("redis-benchmark is installed with redis").success());
        if installed("memtier_benchmark") {
            let mut fill = Command::new("memtier_benchmark");
            fill.args(["-s", "127.0.0.1", "-p", &port, "--ratio=1:0", "--key-pattern=P:P", "-n", "allkeys"]);
            fill.args(["--key-minimum=1", &format!("--key-maximum={ROWS}"), "-d", &bytes, "-t", "1"]);
            fill.args(["-c", "10", "--pipeline=20", "--hide-histogram"]).stdout(Stdio::null());
            assert!(fill.stderr(Stdio::null()).status().expect("memtier_benchmark runs").success());
        }
    }

    /// A table of the same shape as ours, for pgbench.
    fn fill_postgres(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut connection = PgConnection::connect(&self.postgres_url()).await.expect("postgres answers");
            let (last, repeats) = (ROWS - 1, BYTES / 16);
            let fill = format!(
                "CREATE TABLE kv (id bigint PRIMARY KEY, version bigint NOT NULL, \
                 checksum bigint NOT NULL, body bytea NOT NULL) WITH (autovacuum_enabled = false);
                 ALTER TABLE kv ALTER COLUMN body SET STORAGE EXTERNAL;
                 INSERT INTO kv SELECT n, 1, n, decode(repeat(md5(n::text), {repeats}), 'hex') \
                 FROM generate_series(0, {last}) n;
                 VACUUM ANALYZE kv;"
            );
            for statement in fill.split_inclusive(';') {
                let statement = sqlx::AssertSqlSafe(statement.to_owned());
                sqlx::raw_sql(statement).execute(&mut connection).await.expect("the peers' table");
            }
        });
    }

    pub fn redis_port(&self) -> String {
        self.redis.port().to_string()
    }

    pub fn redis_url(&self) -> String {
        self.redis.url()
    }

    pub fn postgres_port(&self) -> String {
        self.postgres.port().to_string()
    }

    pub fn postgres_url(&self) -> String {
        self.postgres.url()
    }

    /// The user and the database in the address of the Postgres.
    pub fn postgres_names(&self) -> (String, String) {
        let url = self.postgres_url();
        let rest = url.split_once("://").map_or("", |(_, rest)| rest);
        let (user, place) = rest.split_once('@').unwrap_or(("postgres", rest));
        let user = user.split(':').next().unwrap_or_default();
        let database = place.split_once('/').map_or("postgres", |(_, database)| database);
        (user.into(), database.split('?').next().unwrap_or_default().into())
    }

    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("a file in our own folder");
        path
    }
}

/// Whether a program can be found.
pub fn installed(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}
