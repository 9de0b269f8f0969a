use std::time::Duration;

use cachebench::invalidation::{Heard, Listening};
use cachebench::model::Event;
use cachebench::store::Database;
use sqlx::{Connection, PgConnection};

use super::{Ear, LIMIT, Site, Writer, alone, sharing, telling};

/// Writes until the listener hears of it again, whatever it misses until then, and is replaced as it says.
async fn hears_again(site: &Site, mut ear: Ear, writer: &Writer, listening: &Listening) -> Vec<Event> {
    let hears = async {
        let mut heard = Vec::new();
        loop {
            // A write of which the transport could not be told is not told of.
            let told = match writer.database.update(&super::key(1), &super::payload()).await {
                Ok(version) => {
                    let event = Event::new(1, version.unwrap());
                    writer.publisher.publish(event).await.is_ok().then_some(event)
                }
                Err(_) => None,
            };
            let Some(event) = told else {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            let answer = tokio::time::timeout(Duration::from_millis(500), ear.0.next()).await;
            match answer {
                Ok(Ok(Heard::Events(events))) => {
                    ear.0.settle(&vec![true; events.len()]).await.unwrap();
                    heard.extend(&events);
                    if events.contains(&event) {
                        return heard;
                    }
                }
                Ok(Ok(Heard::Missed)) | Err(_) => {}
                Ok(Err(_)) => {
                    let from = ear.0.position();
                    ear = site.listener_at_last(&Listening { from, ..listening.clone() }).await;
                }
            }
        }
    };
    tokio::time::timeout(LIMIT, hears).await.expect("nothing was heard again")
}

#[tokio::test]
async fn after_the_death_of_the_cache_a_listener_is_told_and_hears_again() {
    for name in telling() {
        if name == "notify" {
            continue;
        }
        for listening in [alone(), sharing(0)] {
            let mut site = Site::new(name).await;
            let (mut ear, writer) = (site.listener(&listening).await, site.writer().await);
            let first = writer.write(1).await;
            ear.until(first).await;
            let from = ear.0.position();
            site.redis.kill();
            assert!(ear.next().await.is_err(), "{name}, {listening:?}");
            site.redis.restart().unwrap();
            let mut ear = site.listener_at_last(&Listening { from, ..listening.clone() }).await;
            if site.transport.resumes() {
                assert_eq!(ear.next().await.unwrap(), Heard::Missed, "{name}, {listening:?}");
            }
            hears_again(&site, ear, &writer, &listening).await;
            let replaced = site.link.tally.counts().event_reconnects;
            assert_eq!(replaced, 1, "{name}: the connection of who publishes or carries was replaced");
        }
    }
}

/// Ends every connection to the database but the asker's.
async fn end_connections(site: &Site) {
    let mut connection = PgConnection::connect(&site.postgres.url()).await.unwrap();
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
        .execute(&mut connection)
        .await
        .unwrap();
}

#[tokio::test]
async fn after_connections_to_the_database_were_ended_events_are_carried_on() {
    for name in telling() {
        let site = Site::new(name).await;
        let (mut ear, writer) = (site.listener(&alone()).await, site.writer().await);
        let first = writer.write(1).await;
        ear.until(first).await;
        end_connections(&site).await;
        if name == "notify" {
            assert!(ear.next().await.is_err());
            ear = site.listener_at_last(&alone()).await;
        }
        let heard = hears_again(&site, ear, &writer, &alone()).await;
        assert!(!heard.contains(&Event::of_row(1)), "{name}");
    }
}

#[tokio::test]
async fn what_is_written_while_the_database_restarts_or_the_relay_is_away_is_carried_on() {
    for name in ["outbox", "cdc"] {
        let mut site = Site::new(name).await;
        let (mut ear, writer) = (site.listener(&alone()).await, site.writer().await);
        let first = writer.write(1).await;
        ear.until(first).await;
        // The relay dies, and a write is committed while there is none.
        site.link.tasks.abort();
        let meanwhile = writer.write(1).await;
        site.postgres.restart().unwrap();
        let relay = site.transport.relay(&site.link).unwrap();
        site.link.tasks.spawn(relay);
        assert!(ear.until(meanwhile).await.contains(&meanwhile), "{name}");
    }
}

#[tokio::test]
async fn a_publisher_that_keeps_what_the_stream_does_not_take_tells_it_in_order_when_it_does() {
    let mut site = Site::new("stream").await;
    let writer = site.writer().await;
    site.redis.kill();
    let mut written = Vec::new();
    for _ in 0..10 {
        written.push(writer.write(1).await);
    }
    site.redis.restart().unwrap();
    let mut ear = site.listener_at_last(&Listening { from: Some("1-0".into()), ..alone() }).await;
    assert_eq!(ear.next().await.unwrap(), Heard::Missed);
    drop(ear);
    writer.publisher.drain().await;
    let client = redis::Client::open(site.redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut range = redis::cmd("XRANGE");
    let entries: Vec<(String, Vec<(String, String)>)> =
        range.arg("cb:events").arg("-").arg("+").query_async(&mut connection).await.unwrap();
    let texts: Vec<_> = entries.into_iter().map(|(_, fields)| fields[0].1.clone()).collect();
    let texts: Vec<_> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    let expected: Vec<_> =
        written.iter().map(|event| String::from_utf8(event.encode().to_vec()).unwrap()).collect();
    assert_eq!(texts, expected);
}
