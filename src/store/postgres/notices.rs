use futures_util::FutureExt;
use sqlx::postgres::{PgListener, PgNotification, PgPoolOptions};

use super::telling::CHANNEL;
use super::{failed, options};
use crate::measure::Tally;
use crate::model::{Failure, StoreError};
use crate::store::CONNECT_TIMEOUT;

/// What writes notify of, over a connection of its own.
pub struct Notices {
    listener: PgListener,
    is_broken: bool,
}

impl Notices {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the server does not let us in within the time that any driver has for that.
    pub async fn listen(url: &str, tally: &Tally) -> Result<Notices, StoreError> {
        tally.event_query();
        let listening = async {
            let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
            let mut listener = PgListener::connect_with(&pool.connect_with(options(url)?).await?).await?;
            listener.ignore_pool_close_event(true);
            // A connection that is replaced unseen would miss what is said meanwhile.
            listener.eager_reconnect(false);
            listener.listen(CHANNEL).await?;
            Ok(Notices { listener, is_broken: false })
        };
        match tokio::time::timeout(CONNECT_TIMEOUT, listening).await {
            Ok(listening) => listening.map_err(|error| failed(&error)),
            Err(_) => Err(StoreError::database(Failure::Unavailable, "no subscription in time")),
        }
    }

    /// Waits for the next text. It may be dropped, and asked again.
    ///
    /// # Errors
    /// When the connection is broken.
    pub async fn next(&mut self) -> Result<String, StoreError> {
        let lost = || StoreError::database(Failure::Unavailable, "the connection that listens is lost");
        if self.is_broken {
            return Err(lost());
        }
        let heard = self.listener.try_recv().await;
        // Asked once more, the listener would connect again.
        self.is_broken = !matches!(heard, Ok(Some(_)));
        heard.map_err(|error| failed(&error))?.map(text).ok_or_else(lost)
    }

    /// A text that has come already.
    pub fn come(&mut self) -> Option<String> {
        self.next().now_or_never()?.ok()
    }
}

fn text(notice: PgNotification) -> String {
    notice.payload().into()
}
