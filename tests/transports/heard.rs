use std::collections::HashMap;

use cachebench::model::Event;
use futures_util::FutureExt;

use super::{ROWS, Site, alone, sharing, telling};

#[tokio::test]
async fn what_is_written_is_heard_with_its_row_and_version_and_in_the_order_of_versions() {
    for name in telling() {
        let site = Site::new(name).await;
        for listening in [alone(), sharing(0)] {
            let (mut ear, writer) = (site.listener(&listening).await, site.writer().await);
            let mut written = Vec::new();
            for number in 0..3 * ROWS {
                written.push(writer.write(number % ROWS).await);
            }
            writer.publisher.drain().await;
            let heard = ear.until(written[written.len() - 1]).await;
            // A group hears from its beginning on, so also what was written before it had a member.
            let heard: Vec<_> = heard.into_iter().filter(|event| written.contains(event)).collect();
            let by_row = |events: &[Event]| {
                let mut rows: HashMap<u64, Vec<_>> = HashMap::new();
                events.iter().for_each(|event| rows.entry(event.row).or_default().push(event.version));
                rows
            };
            assert_eq!(by_row(&heard), by_row(&written), "{name}, {listening:?}");
        }
        let counts = site.link.tally.counts();
        assert!(counts.event_commands + counts.event_queries > 0, "{name} counts nothing");
        assert_eq!((counts.commands(), counts.queries(), counts.event_reconnects), (0, 0, 0), "{name}");
    }
}

#[tokio::test]
async fn what_comes_while_nobody_waits_is_there_for_who_asks_again() {
    for name in telling() {
        let site = Site::new(name).await;
        for listening in [alone(), sharing(0)] {
            let (mut ear, writer) = (site.listener(&listening).await, site.writer().await);
            for row in 0..ROWS {
                // Gives up in the middle of whatever it does.
                assert!(ear.0.next().now_or_never().is_none(), "{name}");
                let event = writer.write(row).await;
                assert!(ear.until(event).await.contains(&event), "{name}");
            }
        }
    }
}

/// The control of all that is heard.
#[tokio::test]
async fn what_is_published_while_nobody_listens_is_gone_where_nothing_is_kept() {
    for name in ["pubsub", "notify"] {
        let site = Site::new(name).await;
        let writer = site.writer().await;
        let before = writer.write(1).await;
        let mut ear = site.listener(&alone()).await;
        let after = writer.write(1).await;
        assert_eq!(ear.until(after).await, [after], "{name}: {before:?} was kept");
    }
}

#[tokio::test]
async fn a_text_that_is_no_event_is_passed_over() {
    for (name, command) in [("pubsub", "PUBLISH"), ("stream", "XADD")] {
        let site = Site::new(name).await;
        let (mut ear, writer) = (site.listener(&alone()).await, site.writer().await);
        let client = redis::Client::open(site.redis.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut say = redis::cmd(command);
        say.arg("cb:events").arg(if command == "XADD" { &["*", "e"][..] } else { &[] }).arg("seventeen");
        say.query_async::<redis::Value>(&mut connection).await.unwrap();
        let event = writer.write(1).await;
        assert_eq!(ear.until(event).await, [event], "{name}");
    }
}
