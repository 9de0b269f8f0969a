use std::time::{Duration, Instant};

use bytes::Bytes;
use cachebench::model::{Failure, Store, Value};
use cachebench::servers::{ManagedRedis, RedisOptions, RunFolder};
use cachebench::store::scripts::{self, Advance};
use cachebench::store::{DRIVERS, Reply, Script};

use super::steps::Step;
use super::{Side, promptly, server};

/// Sends one of each kind of request over each of two connections, again and again until all succeed in a row,
/// for at most 20 s.
async fn recovers(side: &Side) {
    // An odd one between, since the connections take turns.
    let steps: Vec<_> = requests().into_iter().chain([Step::Get(1)]).chain(requests()).collect();
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut done = 0;
    while let Some(step) = steps.get(done) {
        match promptly(&format!("{}, {step:?}", side.name), step.take(side)).await {
            Ok(_) => done += 1,
            Err(error) => {
                assert!(Instant::now() < deadline, "{}, {step:?}: still {error} after 20 s", side.name);
                tokio::time::sleep(Duration::from_millis(10)).await;
                done = 0;
            }
        }
    }
}

fn write(base: u64) -> Step {
    Step::Advance { id: 1, value: Value::default(), base: Some(base), ttl: false, dirty_since: Some(1) }
}

/// One of each kind of request.
fn requests() -> [Step; 6] {
    let raw = Bytes::from_static(b"x");
    [
        Step::Get(1),
        Step::GetMany(vec![1, 2]),
        Step::Set(1, raw.clone(), true),
        Step::Add(1, raw, false),
        Step::Delete(1),
        write(1),
    ]
}

#[tokio::test]
async fn a_killed_server_fails_its_callers_at_once_and_is_found_again() {
    for entry in DRIVERS {
        let mut server = server();
        let side = Side::connect(entry.name, &server).await;
        for step in requests() {
            step.take(&side).await.unwrap();
        }
        server.kill();
        let mut failed = 0;
        for _ in 0..5 {
            for step in requests() {
                let what = format!("{}, {step:?}, {failed} failed", side.name);
                let error = promptly(&what, step.take(&side)).await.unwrap_err();
                assert_eq!(error.failure, Failure::Unavailable, "{}, {step:?}: {error}", side.name);
                failed += 1;
            }
        }
        let counts = side.tally.counts();
        assert_eq!(counts.errors(Store::Cache, Failure::Unavailable), failed, "{}", side.name);
        assert_eq!(counts.all_errors(), failed, "{}", side.name);
        server.restart().unwrap();
        // Over every connection, with the scripts that the server has forgotten.
        recovers(&side).await;
        assert_eq!(side.cache.get(&side.key(7)).await.unwrap(), None, "{}", side.name);
    }
}

#[tokio::test]
async fn a_request_that_is_under_way_when_the_server_dies_fails() {
    for entry in DRIVERS {
        let mut server = server();
        let side = Side::connect(entry.name, &server).await;
        server.pause();
        let (key, other) = (side.key(1), side.key(2));
        let calls = async { tokio::join!(side.cache.get(&key), side.cache.get(&other)) };
        let mut calls = std::pin::pin!(calls);
        // A server that is paused cannot answer: whenever this returns, the requests are under way.
        let answered = tokio::time::timeout(Duration::from_millis(50), calls.as_mut()).await;
        assert!(answered.is_err(), "{}", side.name);
        server.kill();
        let (one, two) = promptly(side.name, async { Ok(calls.await) }).await.unwrap();
        for answer in [one, two] {
            assert_eq!(answer.unwrap_err().failure, Failure::Unavailable, "{}", side.name);
        }
    }
}

#[tokio::test]
async fn no_server_at_all_is_told_when_connecting() {
    use cachebench::registry::Choice;
    use cachebench::store::{DriverParts, Sharing};
    let mut server = server();
    server.kill();
    for entry in DRIVERS {
        let parts = DriverParts {
            at: server.url().into(),
            sharing: Sharing::Shared { connections: 1, run: 1 },
            tally: Default::default(),
            tracked: None,
        };
        let driver = Choice::named(entry.name).build(DRIVERS, ()).unwrap();
        let refused = promptly(entry.name, driver.connect(parts)).await.err().unwrap();
        assert_eq!(refused.failure, Failure::Unavailable, "{}: {refused}", entry.name);
    }
}

#[tokio::test]
async fn a_full_server_refuses_what_needs_memory_and_serves_the_rest() {
    let options = RedisOptions {
        maxmemory: Some(4 << 20),
        eviction: Some("noeviction".into()),
        ..RedisOptions::default()
    };
    for entry in DRIVERS {
        let server = ManagedRedis::start(&options, &RunFolder::create().unwrap()).unwrap();
        let side = Side::connect(entry.name, &server).await;
        let raw = Bytes::from(vec![7; 70_000]);
        let mut id = 0;
        let error = loop {
            match side.cache.set(&side.key(id), raw.clone(), None).await {
                Ok(()) => id += 1,
                Err(error) => break error,
            }
            assert!(id < 1_000, "70 MB fit into 4 MB");
        };
        assert!(id > 0 && error.failure == Failure::Refused, "{} after {id}: {error}", side.name);
        let large = Value { body: raw.clone(), ..Value::default() };
        let advance = Step::Advance { id: 1, value: large, base: None, ttl: true, dirty_since: None };
        for step in [Step::Add(5_000, raw.clone(), true), advance] {
            let error = step.take(&side).await.unwrap_err();
            assert_eq!(error.failure, Failure::Refused, "{}: {error}", side.name);
        }
        assert_eq!(side.tally.counts().errors(Store::Cache, Failure::Refused), 3, "{}", side.name);
        assert_eq!(side.cache.get(&side.key(0)).await.unwrap(), Some(raw), "{}", side.name);
        assert!(side.cache.delete(&side.key(0)).await.unwrap());
        assert!(side.cache.delete(&side.key(1)).await.unwrap());
        let key = side.key(2);
        let value = Value::default();
        let step = Advance { key: &key, value: &value, base: Some(1), ttl: None, dirty: None };
        assert!(scripts::advance(&*side.cache, step).await.unwrap().is_some(), "{}", side.name);
    }
}

static UNKNOWN: Script = Script {
    name: "unknown",
    lua: "return 1",
    touches: &[],
    entry_life: None,
    model: |_, _, _| Reply::Integer(1),
};

#[tokio::test]
async fn a_script_that_was_never_loaded_is_refused() {
    let server = server();
    for side in Side::drivers(&server).await {
        let refused = side.cache.run(&UNKNOWN, Vec::new(), Vec::new()).await.unwrap_err();
        assert_eq!(refused.failure, Failure::Refused, "{}: {refused}", side.name);
    }
}
