use std::sync::Mutex;

use tokio::sync::mpsc;

use super::*;
use crate::invalidation::{Disturb, Guarantee, Publisher};
use crate::model::Failure;
use crate::store::Tasks;

/// Passes on what it is given; what is not settled comes again, if it resumes.
struct Given {
    resumes: bool,
    heard: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Option<Heard>>>>,
}

struct Ear {
    heard: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Option<Heard>>>>,
    last: Vec<Event>,
    again: Vec<Event>,
    resumes: bool,
}

impl Transport for Given {
    fn guarantee(&self) -> Guarantee {
        if self.resumes { Guarantee::AtLeastOnce } else { Guarantee::AtMostOnce }
    }

    fn resumes(&self) -> bool {
        self.resumes
    }

    fn publisher<'a>(&'a self, _: &'a Link) -> Answer<'a, Box<dyn Publisher>> {
        Box::pin(std::future::ready(Err(StoreError::cache(Failure::Refused, "nobody publishes"))))
    }

    fn listener<'a>(&'a self, _: &'a Link, _: &'a Listening) -> Answer<'a, Box<dyn Listener>> {
        let (heard, resumes) = (self.heard.clone(), self.resumes);
        let ear = Ear { heard, last: Vec::new(), again: Vec::new(), resumes };
        Box::pin(std::future::ready(Ok(Box::new(ear) as _)))
    }
}

impl Listener for Ear {
    fn next(&mut self) -> Answer<'_, Heard> {
        Box::pin(async move {
            if !self.again.is_empty() {
                self.last = std::mem::take(&mut self.again);
                return Ok(Heard::Events(self.last.clone()));
            }
            match self.heard.lock().await.recv().await {
                Some(Some(heard)) => {
                    if let Heard::Events(events) = &heard {
                        self.last = events.clone();
                    }
                    Ok(heard)
                }
                Some(None) => Err(StoreError::cache(Failure::Unavailable, "broken")),
                None => std::future::pending().await,
            }
        })
    }

    fn settle<'a>(&'a mut self, applied: &'a [bool]) -> Answer<'a, ()> {
        Box::pin(async move {
            let kept = self.last.iter().zip(applied).filter(|(_, applied)| !**applied && self.resumes);
            self.again = kept.map(|(event, _)| *event).collect();
            Ok(())
        })
    }
}

/// Notes what it is told to take out, and holds the newest version that it may have.
#[derive(Default)]
struct Noted(Mutex<Vec<Event>>, Mutex<u32>);

impl Copies for Noted {
    fn take_out(&self, event: Event) -> Answer<'_, u64> {
        self.0.lock().unwrap().push(event);
        Box::pin(std::future::ready(Ok(1)))
    }

    fn flush(&self) -> bool {
        *self.1.lock().unwrap() += 1;
        true
    }
}

struct Scene {
    say: mpsc::UnboundedSender<Option<Heard>>,
    noted: Arc<Noted>,
    events: Arc<Events>,
    disturbance: Arc<Disturbance>,
}

impl Scene {
    async fn set(resumes: bool) -> Scene {
        let (say, heard) = mpsc::unbounded_channel();
        let heard = Arc::new(tokio::sync::Mutex::new(heard));
        let noted = Arc::new(Noted::default());
        let events = Arc::new(Events::new(0, 1));
        let disturbance = Arc::new(Disturbance::default());
        let consumer = Consumer {
            transport: Arc::new(Given { resumes, heard }),
            link: Link {
                cache: "redis://nobody".into(),
                database: String::new(),
                prefix: String::new(),
                services: 0,
                tally: Arc::default(),
                tasks: Tasks::default(),
                tracked: None,
            },
            listening: Listening { service: 0, instance: 0, shared: false, from: None },
            copies: vec![(0, noted.clone() as _)],
            events: events.clone(),
            disturbance: disturbance.clone(),
            seed: 1,
        };
        consumer.start().await.unwrap();
        Scene { say, noted, events, disturbance }
    }

    /// Events of so many rows, and then what had been noted once all was quiet.
    async fn tell(&self, rows: std::ops::Range<u64>) -> Vec<u64> {
        for row in rows {
            self.events.committed(row, 2);
            self.say.send(Some(Heard::Events(vec![Event::new(row, 2)]))).unwrap();
        }
        self.quiet().await
    }

    async fn quiet(&self) -> Vec<u64> {
        // Paused time moves on once every task waits.
        tokio::time::sleep(Duration::from_secs(60)).await;
        self.noted.0.lock().unwrap().iter().map(|event| event.row).collect()
    }

    fn flushes(&self) -> u32 {
        *self.noted.1.lock().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_event_is_lost_or_comes_again_as_the_transport_promises() {
    for (resumes, missed) in [(false, true), (true, false)] {
        let scene = Scene::set(resumes).await;
        scene.disturbance.set(Disturb::Drop(0.3), true);
        let noted = scene.tell(0..1_000).await;
        let distinct: std::collections::BTreeSet<_> = noted.iter().collect();
        assert_eq!(distinct.len() < 1_000, missed);
        let expected = if missed { 700.0 } else { 1_000.0 };
        // Three standard errors of 1,000 draws.
        assert!((distinct.len() as f64 - expected).abs() < 3.0 * (1_000.0 * 0.3 * 0.7f64).sqrt());
        scene.disturbance.set(Disturb::Drop(0.3), false);
        let before = scene.quiet().await.len();
        assert_eq!(scene.tell(2_000..2_100).await.len(), before + 100, "nothing is wrong any more");
    }
}

#[tokio::test(start_paused = true)]
async fn duplicates_come_twice_and_what_is_reordered_comes_behind_and_nothing_is_lost() {
    let scene = Scene::set(false).await;
    assert_eq!(
        scene.tell(0..100).await,
        (0..100).collect::<Vec<_>>(),
        "in order as long as nothing is wrong"
    );
    scene.disturbance.set(Disturb::Duplicate(1.0), true);
    assert_eq!(scene.tell(100..150).await.len(), 200);
    scene.disturbance.set(Disturb::Duplicate(1.0), false);
    scene.disturbance.set(Disturb::Reorder(0.5), true);
    let noted = scene.tell(200..300).await.split_off(200);
    let mut sorted = noted.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (200..300).collect::<Vec<_>>());
    assert_ne!(noted, sorted);
}

#[tokio::test(start_paused = true)]
async fn whoever_cannot_know_what_it_missed_throws_away_everything_and_who_goes_on_does_not() {
    for (resumes, flushes) in [(false, 2), (true, 0)] {
        let scene = Scene::set(resumes).await;
        scene.disturbance.set(Disturb::Cut, true);
        assert_eq!(scene.tell(0..10).await, [0u64; 0], "nobody listens");
        scene.disturbance.set(Disturb::Cut, false);
        assert_eq!(scene.quiet().await.len(), 10);
        scene.say.send(None).unwrap();
        scene.quiet().await;
        assert_eq!(scene.flushes(), flushes);
        scene.say.send(Some(Heard::Missed)).unwrap();
        scene.quiet().await;
        assert_eq!(scene.flushes(), flushes + 1);
        let record = &scene.events.summary(Default::default()).consumers[0];
        assert_eq!((record.reconnects, record.flushes), (2, u64::from(flushes) + 1));
    }
}

#[tokio::test(start_paused = true)]
async fn events_that_are_late_come_later_all_by_the_same_and_not_before() {
    let scene = Scene::set(false).await;
    scene.disturbance.set(Disturb::Delay(Duration::from_millis(300)), true);
    for row in 0..3 {
        scene.say.send(Some(Heard::Events(vec![Event::new(row, 2)]))).unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let noted = || scene.noted.0.lock().unwrap().len();
    assert!(noted() <= 1);
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(noted(), 3, "one does not wait for the other");
}
