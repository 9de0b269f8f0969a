use std::sync::Arc;

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ProtocolVersion, PushInfo, PushKind, RedisError, Value};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::bus::speaking;
use super::failed;
use crate::measure::Tally;
use crate::model::StoreError;
use crate::store::{CONNECT_TIMEOUT, Endpoint};

/// What connections are told of the entries that were read over them, which the server keeps in mind for them (Redis
/// documentation, "Client-side caching"). It goes on when they are replaced.
pub struct Tracked {
    to: UnboundedSender<Told>,
    told: Mutex<UnboundedReceiver<Told>>,
    tally: Arc<Tally>,
}

/// What a connection is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The entries of these names were written, or are gone.
    Names(Vec<Bytes>),
    /// All entries are gone.
    All,
    /// The connection has broken, or another has taken its place: what it was not told of is unknown.
    Lost,
}

impl Tracked {
    /// Its commands are counted in `tally` as those of events.
    pub fn new(tally: Arc<Tally>) -> Arc<Tracked> {
        let (to, told) = mpsc::unbounded_channel();
        Arc::new(Tracked { to, told: Mutex::new(told), tally })
    }

    /// Waits for what is told next. It may be dropped, and asked again.
    pub async fn next(&self) -> Told {
        // It ends only if its other end is gone, and that is ours.
        self.told.lock().await.recv().await.unwrap_or(Told::Lost)
    }

    /// What was told already.
    pub fn come(&self) -> Option<Told> {
        self.told.try_lock().ok()?.try_recv().ok()
    }

    /// The connection may have been told of something that did not get here.
    pub(super) fn lose(&self) {
        // Nobody listens any more if it cannot be sent.
        let _ = self.to.send(Told::Lost);
    }

    /// The protocol that can tell without being asked.
    pub(super) fn client(client: &Client) -> Result<Client, RedisError> {
        speaking(client, ProtocolVersion::RESP3)
    }

    /// Has a connection pass on what it is told.
    pub(super) fn heed(&self, settings: AsyncConnectionConfig) -> AsyncConnectionConfig {
        let to = self.to.clone();
        settings.set_push_sender(move |push: PushInfo| told(push).map_or(Ok(()), |told| to.send(told)))
    }

    /// Turns tracking on: of what is read over the connection, or of all names that begin with a prefix.
    ///
    /// Without NOLOOP, so that a connection is told of its own writes too: the server forgets who has read a name with each
    /// write of it, also where it tells nobody, and after a fill of one's own it would never tell again.
    pub(super) async fn start(
        &self,
        connection: &mut MultiplexedConnection,
        prefix: Option<&str>,
    ) -> Result<(), RedisError> {
        let mut command = redis::cmd("CLIENT");
        command.arg("TRACKING").arg("ON");
        if let Some(prefix) = prefix {
            command.arg("BCAST").arg("PREFIX").arg(prefix);
        }
        self.tally.event_command();
        connection.send_packed_command(&command).await.and_then(Value::extract_error).map(drop)
    }
}

fn told(push: PushInfo) -> Option<Told> {
    match push.kind {
        PushKind::Disconnection => Some(Told::Lost),
        PushKind::Invalidate => match push.data.into_iter().next() {
            Some(Value::Array(names)) => {
                let name = |name| match name {
                    Value::BulkString(name) => Some(Bytes::from(name)),
                    _ => None,
                };
                Some(Told::Names(names.into_iter().filter_map(name).collect()))
            }
            _ => Some(Told::All),
        },
        _ => None,
    }
}

/// A connection of its own that is told of all entries whose names begin with a prefix.
pub struct Broadcast {
    tracked: Arc<Tracked>,
    _connection: MultiplexedConnection,
}

impl Broadcast {
    /// From now on.
    ///
    /// # Errors
    /// When the server does not let us in within the time that any driver has for that, or the URL names a cluster.
    pub async fn open(at: &Endpoint, prefix: &str, tally: Arc<Tally>) -> Result<Broadcast, StoreError> {
        let tracked = Tracked::new(tally);
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(CONNECT_TIMEOUT));
        let connect = async {
            let client = Tracked::client(&at.redis()?)?;
            let settings = tracked.heed(settings);
            let mut connection = client.get_multiplexed_async_connection_with_config(&settings).await?;
            tracked.start(&mut connection, Some(prefix)).await?;
            Ok(connection)
        };
        let connection = connect.await.map_err(|error: RedisError| failed(&error))?;
        Ok(Broadcast { tracked, _connection: connection })
    }

    /// What it is told.
    pub fn tracked(&self) -> &Tracked {
        &self.tracked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(kind: PushKind, data: Vec<Value>) -> Option<Told> {
        told(PushInfo { kind, data })
    }

    #[tokio::test]
    async fn names_are_told_and_so_is_that_all_are_gone_or_the_connection_is() {
        let names = Value::Array(vec![Value::BulkString("cb:1".into()), Value::BulkString("cb:2".into())]);
        let expected = Told::Names(vec!["cb:1".into(), "cb:2".into()]);
        assert_eq!(push(PushKind::Invalidate, vec![names]), Some(expected));
        assert_eq!(push(PushKind::Invalidate, vec![Value::Nil]), Some(Told::All));
        assert_eq!(push(PushKind::Disconnection, Vec::new()), Some(Told::Lost));
        assert_eq!(push(PushKind::Message, vec![Value::Nil]), None);

        let tracked = Tracked::new(Arc::default());
        assert_eq!(tracked.come(), None);
        tracked.lose();
        tracked.lose();
        assert_eq!(
            (tracked.next().await, tracked.come(), tracked.come()),
            (Told::Lost, Some(Told::Lost), None)
        );
    }
}
