use std::time::{Duration, Instant};

use cachebench::measure::Command;
use cachebench::model::StoreError;
use cachebench::servers::{ManagedRedis, RedisCounters};
use cachebench::store::scripts::{HeldClaim, Token, announce};
use cachebench::store::{DRIVERS, Message};

use super::{Side, next, server, text};

async fn try_to_say(side: &Side, id: u64) -> Result<bool, StoreError> {
    let claim = HeldClaim { key: &side.key(id), kind: "lock", token: Token(1) };
    announce(&*side.cache, claim, &side.channel()).await
}

async fn say(side: &Side, id: u64) {
    try_to_say(side, id).await.unwrap();
}

/// What the server is told over a connection of the test's own.
async fn ask<T: redis::FromRedisValue>(server: &ManagedRedis, words: &[&str]) -> T {
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd(words[0]).arg(&words[1..]).query_async(&mut connection).await.unwrap()
}

async fn subscribers(server: &ManagedRedis) -> usize {
    ask::<String>(server, &["CLIENT", "LIST", "TYPE", "pubsub"]).await.lines().count()
}

async fn until_subscribers(side: &Side, server: &ManagedRedis, wanted: usize) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while subscribers(server).await != wanted {
        assert!(Instant::now() < deadline, "{}: not {wanted} subscribers after 20 s", side.name);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn what_is_announced_is_heard_by_all_who_listen_and_by_nobody_later() {
    let server = server();
    for side in &Side::all(&server).await {
        // At once: whoever has its answer is subscribed.
        for id in 0..200 {
            let (mut one, mut other) = (side.listen().await, side.listen().await);
            say(side, id).await;
            let mut late = side.listen().await;
            assert_eq!(next(side, &mut one).await, text(id), "{}", side.name);
            assert_eq!(next(side, &mut other).await, text(id), "{}", side.name);
            say(side, 1_000).await;
            assert_eq!(next(side, &mut late).await, text(1_000), "{}", side.name);
        }
    }
}

#[tokio::test]
async fn a_subscription_that_was_cut_off_comes_back_and_says_so() {
    for entry in DRIVERS {
        let mut server = server();
        let side = Side::connect(entry.name, &server).await;
        let mut messages = side.listen().await;
        for id in 0..3 {
            let killed: u64 = ask(&server, &["CLIENT", "KILL", "TYPE", "pubsub"]).await;
            assert_eq!(killed, 1, "{}", side.name);
            assert_eq!(next(&side, &mut messages).await, Message::Missed, "{}", side.name);
            say(&side, id).await;
            assert_eq!(next(&side, &mut messages).await, text(id), "{}", side.name);
        }
        server.kill();
        server.restart().unwrap();
        assert_eq!(next(&side, &mut messages).await, Message::Missed, "{}", side.name);
        assert_eq!(subscribers(&server).await, 1, "{}", side.name);
    }
}

#[tokio::test]
async fn who_listens_no_longer_leaves_no_connection() {
    for entry in DRIVERS {
        let mut server = server();
        let side = Side::connect(entry.name, &server).await;
        let messages = [side.listen().await, side.listen().await];
        assert_eq!(subscribers(&server).await, 2, "{}", side.name);
        let all = ask::<String>(&server, &["CLIENT", "LIST"]).await.lines().count();
        drop(messages);
        until_subscribers(&side, &server, 0).await;
        let left = ask::<String>(&server, &["CLIENT", "LIST"]).await.lines().count();
        assert_eq!(left, all - 2, "{}", side.name);
        // Nor does one come back that was given up while there was no server.
        let messages = side.listen().await;
        server.kill();
        drop(messages);
        server.restart().unwrap();
        let mut other = side.listen().await;
        say_again(&side, &mut other).await;
        assert_eq!(subscribers(&server).await, 1, "{}", side.name);
    }
}

/// Until the commands' connections are back too.
async fn say_again(side: &Side, messages: &mut cachebench::store::Messages) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while try_to_say(side, 1).await.is_err() {
        assert!(Instant::now() < deadline, "{}: no announcement after 20 s", side.name);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(next(side, messages).await, text(1), "{}", side.name);
}

#[tokio::test]
async fn who_does_not_read_holds_nobody_up_and_learns_that_it_missed_some() {
    let server = server();
    for side in &Side::all(&server).await {
        let (mut idle, mut eager) = (side.listen().await, side.listen().await);
        for id in 0..5_000 {
            say(side, id).await;
            assert_eq!(next(side, &mut eager).await, text(id), "{}", side.name);
        }
        let mut read = 0;
        loop {
            match next(side, &mut idle).await {
                Message::Missed => break,
                heard => assert_eq!(heard, text(read), "{}", side.name),
            }
            read += 1;
        }
        assert!(read >= 1_000, "{}: only {read} had room", side.name);
        say(side, 7_000).await;
        while next(side, &mut idle).await != text(7_000) {}
    }
}

#[tokio::test]
async fn subscriptions_and_announcements_leave_the_counts_of_commands_right() {
    let server = server();
    for side in Side::drivers(&server).await {
        let counters = async || RedisCounters::read(&server.url().into()).await.unwrap();
        let (sent, counted) = (side.tally.counts(), counters().await);
        let mut messages = side.listen().await;
        side.cache.get(&side.key(1)).await.unwrap();
        side.cache.delete(&side.key(1)).await.unwrap();
        say(&side, 1).await;
        assert_eq!(next(&side, &mut messages).await, text(1), "{}", side.name);
        let (sent, counted) = (&side.tally.counts() - &sent, counters().await.since(&counted));
        for command in Command::ALL {
            let calls = counted.calls.get(command.name()).copied().unwrap_or(0);
            assert_eq!(calls, sent.command(command), "{}: {}", side.name, command.name());
        }
    }
}
