use std::collections::BTreeSet;
use std::time::Duration;

use cachebench::invalidation::{Heard, TRANSPORTS};
use cachebench::model::Event;
use cachebench::registry::Choice;
use serde_json::json;

use super::{LIMIT, ROWS, Site, alone, sharing};

/// The transports by which the instances of a service share its events.
fn sharing_out() -> Vec<&'static str> {
    let shares = |name: &&str| Choice::named(name).build(TRANSPORTS, ()).unwrap().shares_out();
    TRANSPORTS.iter().map(|entry| entry.name).filter(shares).collect()
}

#[tokio::test]
async fn two_instances_hear_each_event_once_together_and_a_near_cache_hears_all() {
    for name in sharing_out() {
        // Nobody is taken for dead here, however slow the machine.
        let site = Site::with(name, json!({ "reclaim_after": "60s" })).await;
        let writer = site.writer().await;
        let mut near = site.listener(&alone()).await;
        let mut ears = [site.listener(&sharing(0)).await, site.listener(&sharing(1)).await];
        let (mut written, mut heard) = (BTreeSet::new(), [Vec::new(), Vec::new()]);
        let mut last = Event::of_row(0);
        for row in 0..2 * ROWS {
            last = writer.write(row % ROWS).await;
            written.insert((last.row, last.version));
        }
        let count = |heard: &[Vec<Event>; 2]| heard.iter().map(Vec::len).sum::<usize>();
        while count(&heard) < written.len() {
            let [one, two] = &mut ears;
            let (member, answer) = tokio::select! {
                answer = one.next() => (0, answer),
                answer = two.next() => (1, answer),
            };
            let Heard::Events(events) = answer.unwrap() else { panic!("events are missing") };
            ears[member].0.settle(&vec![true; events.len()]).await.unwrap();
            heard[member].extend(events);
        }
        let together: BTreeSet<_> = heard.iter().flatten().map(|event| (event.row, event.version)).collect();
        assert_eq!((count(&heard), together), (written.len(), written.clone()), "{name}");
        let near: BTreeSet<_> =
            near.until(last).await.iter().map(|event| (event.row, event.version)).collect();
        assert_eq!(near, written, "{name}");
    }
}

#[tokio::test]
async fn what_a_dead_instance_was_given_another_gets() {
    for name in sharing_out() {
        let site = Site::with(name, json!({ "reclaim_after": "100ms" })).await;
        let writer = site.writer().await;
        let mut dying = site.listener(&sharing(0)).await;
        let event = writer.write(1).await;
        assert_eq!(dying.next().await.unwrap(), Heard::Events(vec![event]), "{name}");
        drop(dying);
        let mut other = site.listener(&sharing(1)).await;
        assert_eq!(other.until(event).await, [event], "{name}");
        // The control: what was settled nobody gets again.
        let mut third = site.listener(&sharing(2)).await;
        let last = writer.write(2).await;
        let told = tokio::time::timeout(LIMIT, async {
            tokio::select! {
                events = other.events() => events,
                events = third.events() => events,
            }
        });
        assert_eq!(told.await.unwrap(), [last], "{name}");
    }
}

#[tokio::test]
async fn an_instance_that_comes_back_gets_at_once_what_it_had_not_settled() {
    for name in sharing_out() {
        let site = Site::with(name, json!({ "reclaim_after": "1h" })).await;
        let writer = site.writer().await;
        let mut ear = site.listener(&sharing(0)).await;
        let event = writer.write(1).await;
        assert_eq!(ear.next().await.unwrap(), Heard::Events(vec![event]), "{name}");
        drop(ear);
        let mut ear = site.listener(&sharing(0)).await;
        let again = tokio::time::timeout(Duration::from_secs(10), ear.until(event)).await;
        assert_eq!(again.unwrap(), [event], "{name}");
    }
}
