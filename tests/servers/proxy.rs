use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use cachebench::servers::{Condition, ManagedRedis, Proxy};

use super::redis;

fn proxied(redis: &ManagedRedis) -> (Proxy, redis::Client) {
    let proxy = Proxy::start(SocketAddr::from((Ipv4Addr::LOCALHOST, redis.port()))).unwrap();
    let client = redis::Client::open(format!("redis://127.0.0.1:{}/0", proxy.port())).unwrap();
    (proxy, client)
}

fn connect(client: &redis::Client, patience: Duration) -> redis::RedisResult<redis::Connection> {
    let connection = client.get_connection_with_timeout(patience)?;
    connection.set_read_timeout(Some(patience))?;
    Ok(connection)
}

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);

#[test]
fn a_delayed_redis_answers_two_delays_later() {
    const DELAY: Duration = Duration::from_millis(30);
    let redis = redis();
    let (proxy, client) = proxied(&redis);
    let mut connection = connect(&client, LONG).unwrap();
    let mut ping = || {
        let started = Instant::now();
        let () = redis::cmd("PING").exec(&mut connection).unwrap();
        started.elapsed()
    };
    let clear = ping();
    proxy.set(Condition::Delay(DELAY));
    let delayed = ping();
    println!("PING {clear:?} while clear, {delayed:?} under {DELAY:?} each way");
    assert!(delayed >= 2 * DELAY, "{delayed:?}");
}

#[test]
fn a_redis_behind_a_partition_is_silent_and_gets_what_was_sent_meanwhile() {
    let redis = redis();
    let (proxy, client) = proxied(&redis);
    let mut connection = connect(&client, LONG).unwrap();
    let () = redis::cmd("SET").arg("k").arg(0).exec(&mut connection).unwrap();
    proxy.set(Condition::Partition);
    connection.set_read_timeout(Some(SHORT)).unwrap();
    let silent = redis::cmd("INCR").arg("k").exec(&mut connection).unwrap_err();
    assert!(silent.is_timeout(), "{silent}");
    assert!(connect(&client, SHORT).is_err(), "a new connection gets no answer");
    let mut beside = connect(&redis::Client::open(redis.url()).unwrap(), LONG).unwrap();
    let value =
        |connection: &mut redis::Connection| -> u32 { redis::cmd("GET").arg("k").query(connection).unwrap() };
    assert_eq!(value(&mut beside), 0);
    proxy.set(Condition::Clear);
    super::eventually("what was sent arrives", || value(&mut connect(&client, LONG).unwrap()) == 1);
}

#[test]
fn a_reset_redis_is_an_error_at_once_and_there_again_after() {
    let redis = redis();
    let (proxy, client) = proxied(&redis);
    let mut connection = connect(&client, LONG).unwrap();
    let () = redis::cmd("SET").arg("k").arg(7).exec(&mut connection).unwrap();
    proxy.set(Condition::Reset);
    let broken = redis::cmd("PING").exec(&mut connection).unwrap_err();
    assert!(broken.is_connection_dropped() || broken.is_io_error(), "{broken}");
    assert!(!broken.is_timeout() && connect(&client, LONG).is_err(), "{broken}");
    proxy.set(Condition::Clear);
    let value: u32 = redis::cmd("GET").arg("k").query(&mut connect(&client, LONG).unwrap()).unwrap();
    assert_eq!(value, 7);
}
