use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cachebench::invalidation::{Heard, Link};
use cachebench::model::{Event, Failure, Key};
use cachebench::registry::Choice;
use cachebench::store::{Cache, DRIVERS, DriverParts, Sharing, Tracked};
use serde_json::json;

use super::{Ear, LIMIT, Site, alone, key};

const MODES: [&str; 2] = ["default", "broadcast"];

/// An instance that tracks what it reads, if that is how it hears, and its listener; and another that writes.
struct Pair {
    site: Site,
    reader: Arc<dyn Cache>,
    ear: Ear,
    writer: Arc<dyn Cache>,
}

async fn cache(site: &Site, driver: &str, tracked: Option<Arc<Tracked>>) -> Arc<dyn Cache> {
    let sharing = Sharing::Shared { connections: 1, run: 1 };
    let parts = DriverParts { at: site.redis.url().into(), sharing, tally: Arc::default(), tracked };
    Choice::named(driver).build(DRIVERS, ()).unwrap().connect(parts).await.unwrap()
}

impl Pair {
    async fn new(mode: &str) -> Pair {
        let site = Site::with("tracking", json!({ "mode": mode })).await;
        let tracked = site.transport.tracks_reads().then(|| Tracked::new(site.link.tally.clone()));
        let link = Link { tracked: tracked.clone(), services: 0, ..site.link.clone() };
        let reader = cache(&site, "redis", tracked).await;
        let ear = Ear(site.transport.listener(&link, &alone()).await.unwrap());
        let writer = cache(&site, "fred", None).await;
        Pair { site, reader, ear, writer }
    }

    async fn put(&self, key: &Key) {
        self.writer.set(key, Bytes::from_static(b"value"), None).await.unwrap();
    }

    async fn read(&self, key: &Key) {
        self.reader.get(key).await.unwrap();
    }
}

#[tokio::test]
async fn what_another_writes_or_deletes_is_heard_of_by_who_has_read_it() {
    for mode in MODES {
        let mut pair = Pair::new(mode).await;
        pair.put(&key(1)).await;
        pair.put(&key(2)).await;
        if mode == "broadcast" {
            pair.ear.until(Event::of_row(2)).await;
        }
        pair.read(&key(1)).await;
        // Nobody has read this one, and the other is no row's.
        pair.put(&key(2)).await;
        pair.put(&key(1).stock()).await;
        pair.put(&key(1)).await;
        let heard = pair.ear.until(Event::of_row(1)).await;
        let of_2 = heard.contains(&Event::of_row(2));
        assert_eq!((of_2, heard.iter().all(|event| event.row < 3)), (mode == "broadcast", true), "{mode}");
        pair.read(&key(1)).await;
        pair.writer.delete(&key(1)).await.unwrap();
        pair.ear.until(Event::of_row(1)).await;
        // The control: what was not read again is not told of again, for the next that is heard is another.
        pair.writer.delete(&key(1)).await.unwrap();
        pair.read(&key(2)).await;
        pair.writer.delete(&key(2)).await.unwrap();
        assert_eq!(pair.ear.until(Event::of_row(2)).await[0], Event::of_row(2), "{mode}");
    }
}

#[tokio::test]
async fn all_that_is_gone_at_once_is_missed() {
    for mode in MODES {
        let mut pair = Pair::new(mode).await;
        pair.put(&key(1)).await;
        pair.read(&key(1)).await;
        if mode == "broadcast" {
            pair.ear.until(Event::of_row(1)).await;
        }
        pair.site.redis.flush().unwrap();
        assert_eq!(pair.ear.next().await.unwrap(), Heard::Missed, "{mode}");
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_is_told_and_the_one_in_its_place_tracks_too() {
    for mode in MODES {
        let mut pair = Pair::new(mode).await;
        pair.put(&key(1)).await;
        pair.read(&key(1)).await;
        if mode == "broadcast" {
            pair.ear.until(Event::of_row(1)).await;
        }
        pair.site.redis.kill();
        let told = pair.ear.next().await;
        assert_eq!(told.ok(), (mode == "default").then_some(Heard::Missed), "{mode}");
        pair.site.redis.restart().unwrap();
        let tracks_again = async {
            if mode == "broadcast" {
                let link = Link { services: 0, ..pair.site.link.clone() };
                pair.ear = pair.site.linked_at_last(&link, &alone()).await;
            }
            loop {
                let _ = pair.writer.set(&key(1), Bytes::from_static(b"value"), None).await;
                let _ = pair.reader.get(&key(1)).await;
                let heard = tokio::time::timeout(Duration::from_millis(50), pair.ear.0.next()).await;
                if let Ok(Ok(Heard::Events(events))) = heard {
                    return events;
                }
            }
        };
        let heard = tokio::time::timeout(LIMIT, tracks_again).await.unwrap();
        assert!(heard.iter().all(|event| *event == Event::of_row(1)), "{mode}");
    }
}

#[tokio::test]
async fn who_cannot_track_what_it_reads_refuses() {
    let site = Site::new("tracking").await;
    assert_eq!(site.transport.listener(&site.link, &alone()).await.err().unwrap().failure, Failure::Refused);
    for (driver, url) in [("fred", site.redis.url()), ("redis", "redis+cluster://127.0.0.1:1".into())] {
        let parts = DriverParts {
            at: url.into(),
            sharing: Sharing::Shared { connections: 1, run: 1 },
            tally: Arc::default(),
            tracked: Some(Tracked::new(Arc::default())),
        };
        let refused = Choice::named(driver).build(DRIVERS, ()).unwrap().connect(parts).await.err().unwrap();
        assert_eq!(refused.failure, Failure::Refused, "{driver}: {refused}");
    }
}
