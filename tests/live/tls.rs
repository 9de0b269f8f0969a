use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use cachebench::servers::{ManagedPostgres, ManagedRedis, PostgresOptions, RedisOptions, RunFolder};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair};
use sqlx::{Connection, PgConnection};

use super::bench::Bench;
use super::outcome::Outcome;
use super::{eventually, guest};

const PASSWORD: &str = "hunter2";

/// Too few for the checks whose outcome depends on the leisure of the machine.
const OPERATIONS: u64 = 390;

/// What docs/scaling-out.md says that a user of the cache needs.
const ALLOWED: &str = "+get +mget +set +del +unlink +scan +dbsize +info +config|get +script|load +evalsha \
    +getrange +zadd +zrange +zrem +zremrangebyscore +pexpire +pttl";

/// An authority, and what it has signed: PEM files in a folder.
struct Authority {
    folder: tempfile::TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// Two with the same name would be taken for one that has signed itself.
fn named(mut params: CertificateParams, name: &str) -> CertificateParams {
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Authority {
    fn new() -> Authority {
        let mut params = named(CertificateParams::default(), "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        // Servers that run as another user have to pass through.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        let authority = Authority { folder, issuer };
        authority.sign("server", "127.0.0.1");
        authority.sign("private-client", "cachebench");
        authority
    }

    fn sign(&self, name: &str, subject: &str) {
        let key = KeyPair::generate().unwrap();
        let params = named(CertificateParams::new(vec![subject.to_string()]).unwrap(), name);
        let signed = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(self.path(&format!("{name}.pem")), signed.pem()).unwrap();
        fs::write(self.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().into()
    }
}

/// A Redis and a Postgres that speak TLS only, with clients that have a certificate and a password.
struct Theirs {
    authority: Authority,
    redis: ManagedRedis,
    postgres: ManagedPostgres,
    runtime: tokio::runtime::Runtime,
}

impl Theirs {
    fn new(allowed: &str) -> Theirs {
        let run = RunFolder::create().unwrap();
        let authority = Authority::new();
        let files = [("ca-cert", "ca.pem"), ("cert", "server.pem"), ("key", "server.key")];
        let settings =
            files.map(|(setting, name)| (format!("tls-{setting}-file"), authority.text(name))).into();
        let redis = ManagedRedis::start(&RedisOptions { settings, ..Default::default() }, &run).unwrap();
        let postgres = ManagedPostgres::start(&PostgresOptions::default(), &run).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let theirs = Theirs { authority, redis, postgres, runtime };
        theirs.encrypt_redis(allowed);
        theirs.encrypt_postgres();
        theirs
    }

    /// Leaves a user who may do what is allowed under our prefix, and nobody else.
    fn encrypt_redis(&self, allowed: &str) {
        let mut admin = redis::Client::open(self.redis.url()).unwrap().get_connection().unwrap();
        let mut user = redis::cmd("ACL");
        user.arg("SETUSER").arg("bench").arg("on").arg(format!(">{PASSWORD}"));
        user.arg("resetkeys").arg("~cachebench:*").arg("resetchannels").arg("-@all");
        allowed.split_whitespace().for_each(|command| {
            user.arg(command);
        });
        let () = user.query(&mut admin).unwrap();
        let set = |admin: &mut redis::Connection, name: &str, value: &str| {
            let () = redis::cmd("CONFIG").arg(&["SET", name, value]).query(admin).unwrap();
        };
        set(&mut admin, "port", "0");
        set(&mut admin, "tls-port", &self.redis.port().to_string());
        let () = redis::cmd("ACL").arg(&["SETUSER", "default", "off"]).query(&mut admin).unwrap();
    }

    fn encrypt_postgres(&self) {
        self.runtime.block_on(async {
            let mut admin = PgConnection::connect(&self.postgres.url()).await.unwrap();
            let data: String = sqlx::query_scalar("SHOW data_directory").fetch_one(&mut admin).await.unwrap();
            let data = Path::new(&data);
            let owner = fs::metadata(data).unwrap();
            for (from, to) in
                [("ca.pem", "root.crt"), ("server.pem", "server.crt"), ("server.key", "server.key")]
            {
                let to = data.join(to);
                fs::copy(self.authority.path(from), &to).unwrap();
                fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
                chown(&to, Some(owner.uid()), Some(owner.gid())).unwrap();
            }
            let rules = "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n";
            fs::write(data.join("pg_hba.conf"), rules).unwrap();
            for statement in [
                "SET password_encryption = 'scram-sha-256'",
                "CREATE ROLE bench LOGIN SUPERUSER PASSWORD 'hunter2'",
                "ALTER SYSTEM SET ssl_ca_file = 'root.crt'",
                "ALTER SYSTEM SET ssl = on",
                "SELECT pg_reload_conf()",
            ] {
                sqlx::raw_sql(statement).execute(&mut admin).await.unwrap();
            }
        });
        let refused = || self.runtime.block_on(PgConnection::connect(&self.postgres.url())).err().map(drop);
        eventually("the new rules hold", refused);
    }

    fn redis_url(&self) -> String {
        format!("rediss://bench:{PASSWORD}@127.0.0.1:{}/0", self.redis.port())
    }

    fn postgres_url(&self) -> String {
        let file = |name| self.authority.text(name);
        format!(
            "postgres://bench:{PASSWORD}@127.0.0.1:{}/postgres?sslmode=verify-full&sslrootcert={}&sslcert={}&sslkey={}",
            self.postgres.port(),
            file("ca.pem"),
            file("private-client.pem"),
            file("private-client.key"),
        )
    }

    /// The TLS settings, by paths that start at the folder of the workload.
    fn tls(&self) -> String {
        let folder = self.authority.folder.path().file_name().unwrap().to_str().unwrap();
        format!(
            "tls = {{ ca = \"../{folder}/ca.pem\", certificate = \"../{folder}/private-client.pem\", \
             key = \"../{folder}/private-client.key\" }}\n"
        )
    }

    fn workload(&self) -> String {
        format!(
            "name = \"encrypted\"\n[data]\nrows = 200\n[traffic]\nmix = {{ read = 80, write = 20 }}\n\
             load = {{ closed = {{ clients = 2 }} }}\noperations = {OPERATIONS}\n[database]\nurl = \"{}\"\n\
             [cache]\nurl = \"{}\"\n{}[compare]\nstrategy = [\"cache-aside\", \"write-behind\"]\n\
             \"cache.driver\" = [\"redis\", \"fred\"]\n",
            self.postgres_url(),
            self.redis_url(),
            self.tls(),
        )
    }
}

/// Neither the password nor where the key lies is in anything that the run said or filed.
#[track_caller]
fn keeps_the_secrets(outcome: &Outcome) {
    guest::keeps_the_secret(outcome, PASSWORD);
    guest::keeps_the_secret(outcome, "private-client");
}

/// How a run ends that cannot begin.
#[track_caller]
fn refused(bench: &Bench, workload: &str, expected: &[&str]) {
    bench.file("w.toml", workload);
    let outcome = bench.run(&[]);
    outcome.ends_with(3);
    for words in expected {
        assert!(outcome.stderr.contains(words), "no {words:?} in: {}", outcome.stderr);
    }
    assert!(outcome.stdout.is_empty() && outcome.folder.is_none());
    keeps_the_secrets(&outcome);
}

#[test]
fn servers_that_speak_tls_only_are_measured_like_others() {
    let theirs = Theirs::new(ALLOWED);
    let bench = Bench::new(&theirs.workload());
    let run = bench.run(&[]);
    run.ends_with(0);
    let all = run.measurements();
    assert_eq!(all.len(), 4);
    for one in &all {
        assert_eq!((one.status(), one.accounted()), ("valid", OPERATIONS), "{:?}", one.reasons());
        assert!(one.account("read.hit") > 0 && one.account("write.done") > 0);
        let checks = one.checks();
        // A flush may fall between two readings; the tool allows for that.
        let exact = one.strategy() == "cache-aside";
        assert!(!exact || checks.iter().all(|(_, client, server)| client == server), "{checks:?}");
        for what in ["cache get", "database load", "database write"] {
            assert!(checks.iter().any(|check| check.0 == what), "{what} is not in {checks:?}");
        }
    }
    // The last line is another one where the machine was taken from us meanwhile.
    assert!(run.code == Some(4) || run.stdout.contains("both sides' counts agree"), "{}", run.stdout);
    keeps_the_secrets(&run);
    assert!(bench.run_folders().is_empty(), "no server was started");
}

#[test]
fn a_user_without_info_and_config_can_measure_and_is_told_what_is_not_checked() {
    let theirs = Theirs::new(&ALLOWED.replace("+info +config|get ", ""));
    let bench = Bench::new(&theirs.workload());
    let run = bench.run(&[]);
    run.ends_with(0);
    assert_eq!(run.measurements().len(), 4);
    for one in run.measurements() {
        let checks = one.checks();
        assert!(!checks.iter().any(|(what, ..)| what.starts_with("cache")), "{checks:?}");
        assert!(checks.iter().any(|(what, ..)| what.starts_with("database")), "{checks:?}");
    }
    for words in ["the cache's counts cannot be read", "'info'", "counts agree where both sides tell them"] {
        let is_last_line = words.starts_with("counts agree") && run.code == Some(4);
        assert!(is_last_line || run.stdout.contains(words), "no {words:?} in: {}", run.stdout);
    }
    keeps_the_secrets(&run);
}

#[test]
fn a_user_who_may_not_do_what_is_needed_is_told_what() {
    let theirs = Theirs::new(&ALLOWED.replace("+dbsize", ""));
    let bench = Bench::new("");
    refused(&bench, &theirs.workload(), &["rediss://bench:***@127.0.0.1", "'dbsize'"]);
}

#[test]
fn who_is_not_trusted_or_does_not_trust_is_told_why() {
    let theirs = Theirs::new(ALLOWED);
    let right = theirs.workload();
    let (tls, redis, postgres) = (theirs.tls(), theirs.redis_url(), theirs.postgres_url());
    let (ca, identity) = tls.split_once(", ").unwrap();
    let bench = Bench::new("");
    let refused = |workload: &str, expected: &[&str]| refused(&bench, workload, expected);

    refused(&right.replace(&tls, ""), &["UnknownIssuer", "cache.tls = { ca = \"FILE\" }"]);
    refused(
        &right.replace(&tls, &format!("tls = {{ {identity}")),
        &["UnknownIssuer", "cache.tls = { ca = \"FILE\" }"],
    );
    refused(&right.replace(&tls, &format!("{ca} }}\n")), &["cache.tls = { certificate = "]);
    refused(
        &right.replace(&redis, &redis.replace("rediss:", "redis:")).replace(&tls, ""),
        &["redis://bench:***@127.0.0.1", "write rediss://"],
    );
    refused(
        &right.replace(&redis, &redis.replace(PASSWORD, "hunter2hunter")),
        &["rediss://bench:***@127.0.0.1", "Password authentication failed"],
    );

    let root = format!("&sslrootcert={}", theirs.authority.text("ca.pem"));
    refused(&right.replace(&root, ""), &["UnknownIssuer", "sslrootcert=FILE"]);
    let (without, _) = postgres.split_once("&sslcert").unwrap();
    refused(&right.replace(&postgres, without), &["client certificate"]);
    refused(
        &right.replace(&postgres, &postgres.replace("verify-full", "disable")),
        &["no encryption", "sslmode=require"],
    );
    refused(
        &right.replace(&postgres, &postgres.replace(PASSWORD, "hunter2hunter")),
        &["postgres://bench:***@127.0.0.1", "password authentication failed"],
    );
}
