use std::fs;
use std::path::Path;

use cachebench::servers::{ManagedPostgres, ManagedRedis, PostgresOptions, RedisOptions, RunFolder};
use sqlx::{Connection, PgConnection};

use super::bench::Bench;
use super::outcome::Outcome;

const PASSWORD: &str = "hunter2";

/// Servers that hold somebody else's data, and let us in with a password.
struct Theirs {
    redis: ManagedRedis,
    postgres: ManagedPostgres,
    runtime: tokio::runtime::Runtime,
}

/// Everything on a server, in a form that shows any touch.
type Everything = Vec<String>;

impl Theirs {
    fn new() -> Theirs {
        let run = RunFolder::create().unwrap();
        let redis = ManagedRedis::start(&RedisOptions::default(), &run).unwrap();
        let postgres = ManagedPostgres::start(&PostgresOptions::default(), &run).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let theirs = Theirs { redis, postgres, runtime };
        let mut connection = theirs.connection();
        let user = ["me", "on", &format!(">{PASSWORD}"), "~*", "&*", "+@all"];
        let () = redis::cmd("ACL").arg("SETUSER").arg(&user).query(&mut connection).unwrap();
        // Not named as our schema is, which would make that one its default.
        theirs.execute("CREATE ROLE app SUPERUSER LOGIN");
        theirs
    }

    fn connection(&self) -> redis::Connection {
        redis::Client::open(self.redis.url()).unwrap().get_connection().unwrap()
    }

    fn sql(&self, text: &'static str) -> Everything {
        self.runtime.block_on(async {
            let mut connection = PgConnection::connect(&self.postgres.url()).await.unwrap();
            sqlx::query_scalar(text).fetch_all(&mut connection).await.unwrap()
        })
    }

    fn add_keys(&self) {
        let mut connection = self.connection();
        let () =
            redis::cmd("SET").arg("session:1").arg(b"\x00raw\xff".as_slice()).query(&mut connection).unwrap();
        // As ours begin, but not one of ours.
        let () = redis::cmd("HSET").arg("cachebench").arg(&["a", "1"]).query(&mut connection).unwrap();
    }

    fn execute(&self, statements: &'static str) {
        self.runtime.block_on(async {
            let mut connection = PgConnection::connect(&self.postgres.url()).await.unwrap();
            sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
        });
    }

    fn add_tables(&self) {
        self.execute(
            "CREATE TABLE accounts (id int PRIMARY KEY, body text);
             INSERT INTO accounts SELECT n, repeat('x', n) FROM generate_series(1, 50) n",
        );
    }

    fn keys(&self) -> Everything {
        let mut connection = self.connection();
        let mut names: Vec<Vec<u8>> = redis::cmd("KEYS").arg("*").query(&mut connection).unwrap();
        names.sort();
        let content = |name: Vec<u8>| {
            let dump: Vec<u8> = redis::cmd("DUMP").arg(&name).query(&mut connection).unwrap();
            let ttl: i64 = redis::cmd("PTTL").arg(&name).query(&mut connection).unwrap();
            format!("{} {ttl} {dump:?}", String::from_utf8(name).unwrap())
        };
        names.into_iter().map(content).collect()
    }

    /// Every schema, table and extension, and every row with where and by whom it was written.
    fn tables(&self) -> Everything {
        let mut all =
            self.sql("SELECT nspname::text FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_t%' ORDER BY 1");
        all.extend(self.sql("SELECT extname::text FROM pg_extension ORDER BY 1"));
        all.extend(self.sql("SELECT oid::text || relname FROM pg_class WHERE oid >= 16384 ORDER BY 1"));
        if all.iter().any(|name| name.ends_with("accounts")) {
            all.extend(self.sql("SELECT ctid::text || xmin::text || xmax::text || t::text FROM accounts t"));
        }
        all
    }

    fn workload(&self) -> String {
        let redis = self.redis.url().replace("redis://", &format!("redis://me:{PASSWORD}@"));
        let postgres = self.postgres.url().replace("cachebench@", &format!("app:{PASSWORD}@"));
        format!(
            "name = \"guest\"\n[data]\nrows = 200\n[traffic]\nmix = {{ read = 80, write = 20 }}\n\
             load = {{ closed = {{ clients = 2 }} }}\noperations = 500\n[database]\nurl = \"{postgres}\"\n[compare]\n\
             strategy = [\"cache-aside\", \"write-behind\"]\n\"cache.driver\" = [\"redis\", \"fred\"]\n\
             \"cache.url\" = [\"{redis}\"]\n"
        )
    }
}

/// The secret is in nothing that the run said or filed.
#[track_caller]
pub fn keeps_the_secret(outcome: &Outcome, secret: &str) {
    assert!(!outcome.stdout.contains(secret) && !outcome.stderr.contains(secret), "{}", outcome.stderr);
    outcome.folder.iter().for_each(|folder| no_file_has(folder, secret));
}

fn no_file_has(folder: &Path, secret: &str) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        assert!(!path.to_str().unwrap().contains(secret));
        if path.is_dir() {
            no_file_has(&path, secret);
        } else {
            let bytes = fs::read(&path).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains(secret), "{}", path.display());
        }
    }
}

#[test]
fn a_server_of_others_is_used_only_if_allowed_and_left_as_it_was() {
    let theirs = Theirs::new();
    let bench = Bench::new(&theirs.workload());
    let empty = theirs.tables();
    theirs.add_keys();
    let keys = theirs.keys();

    let refused = bench.run(&[]);
    refused.ends_with(3);
    for word in ["holds 2 keys", "--allow-foreign-data", "another database number", "cache.url = \"managed\""]
    {
        assert!(refused.stderr.contains(word), "{}", refused.stderr);
    }
    assert_eq!((theirs.keys(), theirs.tables()), (keys.clone(), empty), "a refused run leaves no trace");

    theirs.add_tables();
    let tables = theirs.tables();
    let refused_again = bench.run(&[]);
    refused_again.ends_with(3);
    for word in ["holds 1 tables", "public.accounts", "--allow-foreign-data", "database.url = \"managed\""] {
        assert!(refused_again.stderr.contains(word), "{}", refused_again.stderr);
    }
    for refused in [&refused, &refused_again] {
        assert!(refused.stdout.is_empty() && refused.folder.is_none());
        keeps_the_secret(refused, PASSWORD);
    }

    let allowed = bench.run(&["--allow-foreign-data"]);
    allowed.ends_with(0);
    let all = allowed.measurements();
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|one| one.accounted() == 500 && one.account("read.hit") > 0));
    assert_eq!((theirs.keys(), theirs.tables()), (keys, tables), "theirs is untouched, ours is gone");
    keeps_the_secret(&allowed, PASSWORD);
    assert!(allowed.stdout.contains("redis://me:***"), "{}", allowed.stdout);
    assert!(bench.run_folders().is_empty(), "no server was started");
}

#[test]
fn a_flush_on_a_server_of_others_removes_our_keys_and_no_others() {
    let theirs = Theirs::new();
    let bench = Bench::new(&theirs.workload());
    theirs.add_keys();
    let keys = theirs.keys();
    let flush = "fault=[{ every = \"100ms\", flush = \"cache\" }]";
    let flushed = bench.run(&["--allow-foreign-data", "--set", flush, "--set", "traffic.operations=20_000"]);
    flushed.ends_with(0);
    for cell in flushed.result["cells"].as_array().unwrap() {
        let faults = cell["repeats"][0]["faults"].as_array().unwrap();
        assert!(
            !faults.is_empty() && faults.iter().all(|fault| fault.get("problem").is_none()),
            "{faults:?}"
        );
    }
    assert_eq!(theirs.keys(), keys);
}

#[test]
fn a_server_that_does_not_let_us_in_is_told_without_the_password() {
    let theirs = Theirs::new();
    let bench = Bench::new(&theirs.workload().replace("me:", "nobody:"));
    let refused = bench.run(&[]);
    refused.ends_with(3);
    assert!(refused.stderr.contains("redis://nobody:***@127.0.0.1"), "{}", refused.stderr);
    keeps_the_secret(&refused, PASSWORD);
    assert!(!theirs.tables().iter().any(|name| name.contains("cachebench")), "{:?}", theirs.tables());
}
