use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cachebench::model::Kind;
use cachebench::servers::{ManagedRedis, RedisOptions, RunFolder};
use cachebench::traffic::traces::{Request, TraceKey, open};
use redis::Connection;

use super::eventually;
use super::machine;

/// Records `limit` requests of the server, and ends by itself.
fn record(url: &str, out: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cachebench"));
    command.args(["trace", "record", "--from", url]).args(arguments).arg(out);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).env_remove("CI").spawn().unwrap()
}

/// Waits until so many connections of the server print its commands.
fn monitors(connection: &mut Connection, count: usize) {
    eventually("the recorders listen", || {
        let clients: String = redis::cmd("CLIENT").arg("LIST").query(connection).unwrap();
        (clients.matches(" cmd=monitor").count() == count).then_some(())
    });
}

/// What the recorder said, once it has ended well.
fn told(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b""[..]), "{told}");
    told
}

/// Sends commands, and tells the requests that they are.
fn send(connection: &mut Connection, rounds: u32) -> Vec<Request> {
    let mut sent = Vec::new();
    for round in 0..rounds {
        let (key, value) = (format!("user:{}", round * round % 17), "v".repeat(round as usize % 40));
        let key = key.as_str();
        redis::cmd("SET").arg(key).arg(&value).arg("PX").arg(60_000 + round).exec(connection).unwrap();
        redis::cmd("PING").exec(connection).unwrap();
        redis::cmd("MGET").arg(key).arg("other, \"one\"").exec(connection).unwrap();
        redis::cmd("DEL").arg(round).exec(connection).unwrap();
        let of = |key: &str, op| Request { op: Some(op), ..Request::of(TraceKey::of(key.as_bytes())) };
        sent.push(Request {
            size: Some(value.len() as u32),
            ttl: Some(Duration::from_millis(u64::from(60_000 + round))),
            ..of(key, Kind::Write)
        });
        sent.extend([of(key, Kind::Read), of("other, \"one\"", Kind::Read)]);
        sent.push(of(&round.to_string(), Kind::Delete));
    }
    sent
}

fn read(path: &Path) -> Vec<Request> {
    let mut requests = Vec::new();
    open(path, None).unwrap().read(&mut requests, usize::MAX).unwrap();
    requests
}

/// Which request has the key of which earlier one.
fn equalities(requests: &[Request]) -> Vec<Option<usize>> {
    let same = |(index, request): (usize, &Request)| {
        requests[..index].iter().position(|before| before.key == request.key)
    };
    requests.iter().enumerate().map(same).collect()
}

#[test]
fn what_a_server_is_sent_is_recorded_with_and_without_its_keys() {
    let _seat = machine::seat();
    let server = ManagedRedis::start(&RedisOptions::default(), &RunFolder::create().unwrap()).unwrap();
    let url = server.url();
    let folder = tempfile::tempdir().unwrap();
    let [plain, hashed, users] =
        ["plain.csv", "hashed.csv.zst", "users.csv.gz"].map(|name| folder.path().join(name));
    let mut connection = redis::Client::open(url.as_str()).unwrap().get_connection().unwrap();
    let recorders = [
        record(&url, &plain, &["--limit", "400"]),
        record(&url, &hashed, &["--limit", "400", "--hash-keys"]),
        record(&url, &users, &["--limit", "200", "--prefix", "user:"]),
    ];
    monitors(&mut connection, 3);
    let sent = send(&mut connection, 100);
    let [of_plain, _, of_users] = recorders.map(told);
    assert!(of_plain.contains("400 requests, ") && of_plain.contains(", 0 lines lost"), "{of_plain}");
    assert!(of_users.contains("200 requests, ") && of_users.contains(" of other keys"), "{of_users}");

    let recorded = read(&plain);
    assert!(recorded.is_sorted_by_key(|request| request.at_us) && recorded[0].at_us > Some(0));
    let timeless = |requests: &[Request]| -> Vec<Request> {
        requests.iter().map(|request| Request { at_us: None, ..request.clone() }).collect()
    };
    assert_eq!(timeless(&recorded), sent);

    let named = read(&hashed);
    assert_eq!(equalities(&named), equalities(&recorded));
    let rest = |requests: &[Request]| -> Vec<Request> {
        requests.iter().map(|request| Request { key: TraceKey::Number(0), ..request.clone() }).collect()
    };
    assert_eq!(rest(&named), rest(&recorded));
    assert!(named.iter().zip(&recorded).all(|(one, other)| one.key != other.key));

    let users = timeless(&read(&users));
    let expected = sent.iter().filter(|request| request.key.token().starts_with(b"user:"));
    assert!(users.iter().eq(expected));
}

#[test]
fn a_server_that_goes_away_leaves_a_complete_recording_and_a_failure() {
    let _seat = machine::seat();
    let mut server = ManagedRedis::start(&RedisOptions::default(), &RunFolder::create().unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("part.csv.gz");
    let mut connection = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    let recorder = record(&server.url(), &out, &[]);
    monitors(&mut connection, 1);
    let sent = send(&mut connection, 5);
    server.stop();
    let output = recorder.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("the connection ended before the recording"), "{told}");
    assert_eq!(read(&out).len(), sent.len());
    // Its successor at this place is nobody.
    let refused = record(&server.url(), &out, &["--for", "1s"]).wait_with_output().unwrap();
    assert_eq!(refused.status.code(), Some(3), "{}", String::from_utf8_lossy(&refused.stderr));
    assert_eq!(read(&out).len(), sent.len());
}
