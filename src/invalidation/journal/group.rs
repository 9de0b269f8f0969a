use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::{Answer, Heard, Listener, Listening};
use super::request::Request;
use super::{BATCH, BLOCK, group_of};
use crate::model::{Event, StoreError};
use crate::store::{Bus, StreamEntry};

/// A member of a group: each event goes to one of them, and stays with it until it says that the event need not come
/// again. What stays with one for too long another gets.
pub struct Member {
    reader: Arc<Reader>,
    next: Step,
    /// Where to go on among what stays with others, and when.
    claim: (String, Instant),
    request: Request<Result<Read, StoreError>>,
    has_missed: bool,
    /// The first entry behind what is known to be missing.
    behind_gap: Option<String>,
    /// The entries of the last answer's events.
    given: Vec<String>,
}

/// What a member reads.
#[derive(Clone)]
enum Step {
    /// What it was given already, behind an id: before it went away, or was told that events are missing.
    Again(String),
    /// What nobody was given yet.
    New,
    /// What has stayed with a member for too long, from an id on.
    Claim(String),
}

/// What a step has read.
struct Read {
    step: Step,
    events: Vec<(String, Event)>,
    /// The last entry, events or not.
    last: Option<String>,
    /// Where to go on claiming.
    next: Option<String>,
    has_missed: bool,
}

impl Member {
    pub async fn join(
        bus: Bus,
        stream: String,
        listening: &Listening,
        reclaim_after: Duration,
    ) -> Result<Member, StoreError> {
        let (group, member) = (group_of(listening.service), format!("instance-{}", listening.instance));
        let reader = Arc::new(Reader { bus, stream, group, member, reclaim_after });
        let (has_missed, behind_gap) = reader.gap().await?;
        Ok(Member {
            has_missed,
            behind_gap,
            next: Step::Again("0-0".into()),
            claim: ("0-0".into(), Instant::now() + reclaim_after / 2),
            request: Request::default(),
            given: Vec::new(),
            reader,
        })
    }

    /// The step that is due.
    fn step(&self) -> Step {
        match &self.next {
            Step::New if self.claim.1 <= Instant::now() => Step::Claim(self.claim.0.clone()),
            next => next.clone(),
        }
    }

    /// Moves on behind what was read.
    fn pass(&mut self, read: &Read) {
        match (&read.step, &read.last) {
            (Step::Again(_), Some(last)) => self.next = Step::Again(last.clone()),
            (Step::Again(_), None) => self.next = Step::New,
            (Step::New, _) => {}
            (Step::Claim(_), _) => {
                self.claim = match &read.next {
                    Some(next) => (next.clone(), self.claim.1),
                    None => ("0-0".into(), Instant::now() + self.reader.reclaim_after / 2),
                }
            }
        }
    }
}

impl Listener for Member {
    fn next(&mut self) -> Answer<'_, Heard> {
        Box::pin(async move {
            loop {
                if std::mem::take(&mut self.has_missed) {
                    return Ok(Heard::Missed);
                }
                let (reader, step, behind_gap) = (self.reader.clone(), self.step(), self.behind_gap.clone());
                let read = self.request.answer(|| Box::pin(reader.read(step, behind_gap))).await?;
                self.pass(&read);
                if read.has_missed {
                    // What it was given with that has stayed with it.
                    self.next = Step::Again("0-0".into());
                    self.has_missed = true;
                } else if !read.events.is_empty() {
                    let (given, events) = read.events.into_iter().unzip();
                    self.given = given;
                    return Ok(Heard::Events(events));
                }
            }
        })
    }

    fn settle<'a>(&'a mut self, applied: &'a [bool]) -> Answer<'a, ()> {
        Box::pin(async move {
            let given = std::mem::take(&mut self.given).into_iter().zip(applied);
            let done: Vec<String> = given.filter(|(_, applied)| **applied).map(|(id, _)| id).collect();
            self.reader.acknowledge(&done).await
        })
    }
}

struct Reader {
    bus: Bus,
    stream: String,
    group: String,
    member: String,
    reclaim_after: Duration,
}

impl Reader {
    /// Whether events are missing that nobody of the group was given, and the first entry behind them, if there is one yet.
    /// A group that is gone is made again.
    async fn gap(&self) -> Result<(bool, Option<String>), StoreError> {
        let Some(given) = self.bus.last_delivered(&self.stream, &self.group).await? else {
            self.make_group().await?;
            return Ok((true, None));
        };
        match self.bus.span(&self.stream).await? {
            Some(span) if span.has_all_behind(&given) => Ok((false, None)),
            span => Ok((true, span.and_then(|span| span.first))),
        }
    }

    async fn make_group(&self) -> Result<(), StoreError> {
        if self.bus.span(&self.stream).await?.is_none() {
            self.bus.mark(&self.stream).await?;
        }
        self.bus.make_group(&self.stream, &self.group).await
    }

    async fn acknowledge(&self, ids: &[String]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        self.bus.acknowledge(&self.stream, &self.group, ids).await
    }

    async fn read(self: Arc<Reader>, step: Step, behind_gap: Option<String>) -> Result<Read, StoreError> {
        let (stream, who) = (self.stream.as_str(), (self.group.as_str(), self.member.as_str()));
        let (entries, next, gone) = match &step {
            Step::Again(behind) => (self.bus.read_group(stream, who, behind, BATCH, BLOCK).await?, None, 0),
            Step::New => (self.bus.read_group(stream, who, ">", BATCH, BLOCK).await?, None, 0),
            Step::Claim(from) => match self.bus.claim(stream, who, self.reclaim_after, from, BATCH).await? {
                Some(claimed) => (Some(claimed.entries), claimed.next, claimed.gone),
                None => (None, None, 0),
            },
        };
        let Some(entries) = entries else {
            self.make_group().await?;
            return Ok(Read { step, events: Vec::new(), last: None, next: None, has_missed: true });
        };
        let mut has_missed = gone > 0 || entries.iter().any(|entry| entry.text.is_none());
        if let (Step::New, BATCH, Some(first)) = (&step, entries.len(), entries.first()) {
            // It may have fallen so far behind that what it would have been given was trimmed before.
            let span = self.bus.span(stream).await?;
            let has_before = span.is_some_and(|span| span.has_before(&first.id));
            has_missed |= !has_before && behind_gap.as_ref() != Some(&first.id);
        }
        self.sort(step, entries, next, has_missed).await
    }

    /// Tells events from other entries, which need not come again.
    async fn sort(
        &self,
        step: Step,
        entries: Vec<StreamEntry>,
        next: Option<String>,
        has_missed: bool,
    ) -> Result<Read, StoreError> {
        let last = entries.last().map(|entry| entry.id.clone());
        let (mut events, mut others) = (Vec::new(), Vec::new());
        for StreamEntry { id, text } in entries {
            match text.and_then(|text| Event::decode(&text)) {
                Some(event) => events.push((id, event)),
                None => others.push(id),
            }
        }
        self.acknowledge(&others).await?;
        Ok(Read { step, events, last, next, has_missed })
    }
}
