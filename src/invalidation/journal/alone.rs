use std::time::Duration;

use tokio::time::Instant;

use super::super::{Answer, Heard, Listener};
use super::request::Request;
use super::{BATCH, BLOCK};
use crate::model::{Event, StoreError};
use crate::store::{Bus, RECONNECT_PAUSE, StreamEntry};

/// How often it looks whether the stream is still the one that it reads, which a read does not tell.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// Who hears every event, and knows itself where it is.
pub struct Alone {
    bus: Bus,
    stream: String,
    /// The entry behind which it reads.
    cursor: String,
    /// The last entry of which it is known that it and all before were applied.
    position: String,
    request: Request<Result<Read, StoreError>>,
    has_missed: bool,
    /// Whether what comes was not applied before, so that there is no hurry.
    comes_again: bool,
    check: Instant,
    /// The entries of the last answer's events.
    given: Vec<String>,
}

enum Read {
    /// What there was, and whether it was looked that none is missing before.
    Entries(Vec<StreamEntry>, bool),
    /// The stream does not have all of it any more; from this entry on it is read again.
    Missed(String),
}

impl Alone {
    pub async fn begin(bus: Bus, stream: String, from: Option<String>) -> Result<Alone, StoreError> {
        let span = bus.span(&stream).await?;
        let has_all = |from: &String| span.as_ref().is_some_and(|span| span.has_all_behind(from));
        let has_missed = from.as_ref().is_some_and(|from| !has_all(from));
        let cursor = match (from, span) {
            (Some(from), _) if !has_missed => from,
            // What is still there comes again: nobody else tells a near cache of it.
            (Some(_), Some(span)) => span.beginning(),
            (None, Some(span)) => span.last,
            (_, None) => bus.mark(&stream).await?,
        };
        Ok(Alone {
            bus,
            stream,
            position: cursor.clone(),
            cursor,
            request: Request::default(),
            has_missed,
            comes_again: false,
            check: Instant::now() + CHECK_EVERY,
            given: Vec::new(),
        })
    }
}

async fn read(
    (bus, stream, behind): (Bus, String, String),
    pause: Duration,
    check: bool,
) -> Result<Read, StoreError> {
    tokio::time::sleep(pause).await;
    let entries = bus.read(&stream, &behind, BATCH, BLOCK).await?;
    // Who is far behind may be overtaken by what is trimmed.
    let check = check || entries.len() == BATCH;
    if check {
        match bus.span(&stream).await? {
            Some(span) if span.has_all_behind(&behind) => {}
            Some(span) => return Ok(Read::Missed(span.beginning())),
            None => return bus.mark(&stream).await.map(Read::Missed),
        }
    }
    Ok(Read::Entries(entries, check))
}

impl Listener for Alone {
    fn next(&mut self) -> Answer<'_, Heard> {
        Box::pin(async move {
            loop {
                if std::mem::take(&mut self.has_missed) {
                    return Ok(Heard::Missed);
                }
                let at = (self.bus.clone(), self.stream.clone(), self.cursor.clone());
                let pause = if self.comes_again { RECONNECT_PAUSE } else { Duration::ZERO };
                let check = self.check <= Instant::now();
                match self.request.answer(|| Box::pin(read(at, pause, check))).await? {
                    Read::Missed(last) => {
                        (self.cursor, self.position) = (last.clone(), last);
                        self.has_missed = true;
                    }
                    Read::Entries(entries, checked) => {
                        self.comes_again = false;
                        if checked {
                            self.check = Instant::now() + CHECK_EVERY;
                        }
                        let Some(last) = entries.last().map(|entry| entry.id.clone()) else { continue };
                        let event = |entry: StreamEntry| Some((entry.id, Event::decode(&entry.text?)?));
                        let (given, events): (Vec<_>, Vec<_>) = entries.into_iter().filter_map(event).unzip();
                        self.cursor = last;
                        if events.is_empty() {
                            self.position.clone_from(&self.cursor);
                            continue;
                        }
                        self.given = given;
                        return Ok(Heard::Events(events));
                    }
                }
            }
        })
    }

    /// What was not applied is read again, and with it all that came behind.
    fn settle<'a>(&'a mut self, applied: &'a [bool]) -> Answer<'a, ()> {
        let given = std::mem::take(&mut self.given);
        match applied.iter().position(|applied| !applied) {
            None => self.position.clone_from(&self.cursor),
            Some(first) => {
                if let Some(before) = first.checked_sub(1).and_then(|before| given.get(before)) {
                    self.position.clone_from(before);
                }
                self.cursor.clone_from(&self.position);
                self.comes_again = true;
            }
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn position(&self) -> Option<String> {
        Some(self.position.clone())
    }
}
