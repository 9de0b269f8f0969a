use bytes::Bytes;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::RECONNECT_PAUSE;
use crate::model::{BoxFuture, StoreError};

/// Messages that wait to be taken, at most; what comes then is dropped.
pub(super) const ROOM: usize = 1024;

/// What a subscriber is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Text(Bytes),
    /// Here there may have been texts that are not told: there was no room for them, or no connection.
    Missed,
}

/// What a subscription hears, in the order of the channel; it ends when this is dropped, its connection included.
pub struct Messages {
    heard: Receiver<Message>,
    /// Keeps open what nobody sends to.
    _silent: Option<Sender<Message>>,
}

/// One connection's part of a subscription.
pub(super) trait Source: Send + 'static {
    /// What comes next; nothing once the connection is broken. May be dropped and asked again.
    fn next(&mut self) -> impl Future<Output = Option<Message>> + Send;
}

impl Messages {
    /// Waits for the next message; nothing once the cache itself is gone.
    pub async fn next(&mut self) -> Option<Message> {
        self.heard.recv().await
    }

    /// Never a message.
    pub(super) fn silent() -> Messages {
        let (sender, heard) = mpsc::channel(1);
        Messages { heard, _silent: Some(sender) }
    }

    /// Those of a source, until it ends.
    pub(super) fn of(mut source: impl Source) -> Messages {
        let (to, heard) = mpsc::channel(ROOM);
        tokio::spawn(async move {
            let mut gap = false;
            tokio::select! {
                () = to.closed() => {}
                () = relay(&mut source, &to, &mut gap) => {}
            }
        });
        Messages { heard, _silent: None }
    }

    /// Those of a source that is connected now, and again whenever it breaks.
    pub(super) async fn kept<S: Source>(connect: Connect<S>) -> Result<Messages, StoreError> {
        let source = connect().await?;
        let (to, heard) = mpsc::channel(ROOM);
        tokio::spawn(async move {
            tokio::select! {
                () = to.closed() => {}
                () = keep(source, connect, &to) => {}
            }
        });
        Ok(Messages { heard, _silent: None })
    }
}

/// Makes a subscription, which the server has confirmed.
pub(super) type Connect<S> = Box<dyn Fn() -> BoxFuture<'static, Result<S, StoreError>> + Send + Sync>;

async fn keep<S: Source>(mut source: S, connect: Connect<S>, to: &Sender<Message>) {
    let mut gap = false;
    loop {
        relay(&mut source, to, &mut gap).await;
        loop {
            if let Ok(fresh) = connect().await {
                source = fresh;
                break;
            }
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
        gap = true;
    }
}

/// Passes messages on until the source ends; `gap` says whether some were lost that the receiver is yet to be told of.
async fn relay(source: &mut impl Source, to: &Sender<Message>, gap: &mut bool) {
    loop {
        tokio::select! {
            biased;
            room = to.reserve(), if *gap => {
                let Ok(room) = room else { return };
                room.send(Message::Missed);
                *gap = false;
            }
            message = source.next() => match message {
                None => return,
                // Told by then, what is behind a gap comes after the word of it.
                Some(Message::Text(_)) if *gap => {}
                Some(Message::Missed) => *gap = true,
                Some(text) => *gap = to.try_send(text).is_err(),
            },
        }
    }
}

/// A channel inside the process.
impl Source for broadcast::Receiver<Bytes> {
    async fn next(&mut self) -> Option<Message> {
        match self.recv().await {
            Ok(text) => Some(Message::Text(text)),
            Err(RecvError::Lagged(_)) => Some(Message::Missed),
            Err(RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use std::time::Duration;

    use super::*;

    /// Numbers from the first to below the second; then it breaks, or stays silent.
    struct Numbers(u32, u32, bool);

    impl Source for Numbers {
        async fn next(&mut self) -> Option<Message> {
            if self.0 == self.1 {
                return if self.2 { None } else { std::future::pending().await };
            }
            self.0 += 1;
            Some(text(self.0 - 1))
        }
    }

    fn text(number: u32) -> Message {
        Message::Text(number.to_string().into())
    }

    #[tokio::test(start_paused = true)]
    async fn what_finds_no_room_is_told_where_it_is_missing() {
        let room = ROOM as u32;
        let mut messages = Messages::of(Numbers(0, 3 * room, false));
        // Paused time moves on once every task waits: all of them have come by then.
        tokio::time::sleep(Duration::from_secs(1)).await;
        for number in 0..room {
            assert_eq!(messages.next().await, Some(text(number)));
        }
        assert_eq!(messages.next().await, Some(Message::Missed));
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_breaks_is_connected_again_and_the_receiver_told() {
        let times = AtomicU32::new(0);
        let mut messages = Messages::kept(Box::new(move || {
            let time = times.fetch_add(1, Relaxed);
            Box::pin(async move {
                match time % 2 {
                    0 => Ok(Numbers(time, time + 1, true)),
                    _ => Err(StoreError::cache(crate::model::Failure::Unavailable, "down")),
                }
            })
        }))
        .await
        .unwrap();
        for expected in [text(0), Message::Missed, text(2), Message::Missed, text(4)] {
            assert_eq!(messages.next().await, Some(expected));
        }
    }

    #[tokio::test]
    async fn nothing_is_heard_where_nothing_is_said() {
        let mut silent = Messages::silent();
        let heard = tokio::time::timeout(Duration::from_millis(5), silent.next()).await;
        assert!(heard.is_err());
    }
}
