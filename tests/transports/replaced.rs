use cachebench::invalidation::{Heard, Listening, TRANSPORTS};
use cachebench::registry::Choice;
use serde_json::json;

use super::{Site, alone, sharing, telling};

#[tokio::test]
async fn a_listener_that_was_replaced_hears_what_it_missed_where_the_transport_resumes_and_only_there() {
    for name in telling() {
        let site = Site::new(name).await;
        let writer = site.writer().await;
        let ways = if site.transport.shares_out() { vec![alone(), sharing(0)] } else { vec![alone()] };
        for listening in ways {
            let mut ear = site.listener(&listening).await;
            let first = writer.write(1).await;
            ear.until(first).await;
            let from = ear.0.position();
            assert_eq!(from.is_some(), site.transport.resumes() && !listening.shared, "{name}");
            drop(ear);
            let meanwhile = writer.write(1).await;
            let mut ear = site.listener(&Listening { from, ..listening.clone() }).await;
            let last = writer.write(1).await;
            let heard = ear.until(last).await;
            assert_eq!(heard.contains(&meanwhile), site.transport.resumes(), "{name}, {listening:?}");
            assert!(!heard.contains(&first), "{name}, {listening:?}: what was settled came again");
        }
    }
}

#[tokio::test]
async fn what_was_not_applied_comes_again_and_what_was_does_not_where_the_server_knows() {
    for name in telling() {
        if !Choice::named(name).build(TRANSPORTS, ()).unwrap().resumes() {
            continue;
        }
        let site = Site::with(name, json!({ "reclaim_after": "50ms" })).await;
        let writer = site.writer().await;
        for listening in [alone(), sharing(0)] {
            let mut ear = site.listener(&listening).await;
            let (refused, taken) = (writer.write(1).await, writer.write(2).await);
            let mut heard = Vec::new();
            while !(heard.contains(&refused) && heard.contains(&taken)) {
                let Heard::Events(events) = ear.next().await.unwrap() else { panic!("events are missing") };
                let applied: Vec<_> = events.iter().map(|event| *event != refused).collect();
                ear.0.settle(&applied).await.unwrap();
                heard.extend(events);
            }
            let mut again = ear.until(refused).await;
            let last = writer.write(3).await;
            again.extend(ear.until(last).await);
            let count = |event| again.iter().filter(|heard| **heard == event).count();
            // Who is alone hears what follows twice; a group is given only what is open.
            assert_eq!((count(refused), count(last)), (1, 1), "{name}, {listening:?}");
            if listening.shared {
                assert_eq!(count(taken), 0, "{name}");
            }
        }
    }
}

#[tokio::test]
async fn who_is_too_far_behind_is_told_and_who_is_not_is_not() {
    for listening in [alone(), sharing(0)] {
        let site = Site::with("stream", json!({ "keep": 1024 })).await;
        let writer = site.writer().await;
        let mut ear = site.listener(&listening).await;
        let event = writer.write(1).await;
        ear.until(event).await;
        let from = ear.0.position();
        drop(ear);
        for (others, told) in [(100, false), (4_000, true)] {
            for _ in 0..others {
                writer.publisher.publish(event).await.unwrap();
            }
            writer.publisher.drain().await;
            let again = Listening { from: from.clone(), ..listening.clone() };
            let mut ear = site.listener(&again).await;
            match ear.next().await.unwrap() {
                Heard::Missed => assert!(told, "{listening:?}, {others}"),
                Heard::Events(events) => {
                    assert!(!told, "{listening:?}, {others}");
                    ear.0.settle(&vec![true; events.len()]).await.unwrap();
                }
            }
            // What comes behind what is missing is heard, though more of what came before may be trimmed meanwhile.
            let last = writer.write(2).await;
            loop {
                let Heard::Events(events) = ear.next().await.unwrap() else { continue };
                ear.0.settle(&vec![true; events.len()]).await.unwrap();
                if events.contains(&last) {
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_taken_away_is_noticed_by_who_reads_it() {
    for listening in [alone(), sharing(0)] {
        let site = Site::new("stream").await;
        let (mut ear, writer) = (site.listener(&listening).await, site.writer().await);
        let event = writer.write(1).await;
        ear.until(event).await;
        site.redis.flush().unwrap();
        assert_eq!(ear.next().await.unwrap(), Heard::Missed, "{listening:?}");
        let event = writer.write(1).await;
        assert_eq!(ear.until(event).await, [event], "{listening:?}");
    }
}
