use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Loaded;
use crate::model::Failure;
use crate::store::Background;

/// The longest that a load may take which goes on without its callers: they have given up long before. Without an end,
/// a load that hangs would hold its row for ever.
pub const LONGEST_LOAD: Duration = Duration::from_secs(30);

/// Loads in a task of its own: a caller that gives up takes nothing from the others, and what was claimed for the load
/// is given back once it is over.
pub async fn detached(
    background: &Background,
    load: impl Future<Output = Loaded> + Send + 'static,
) -> Loaded {
    let (sender, receiver) = oneshot::channel();
    background.spawn(async move {
        let loaded = bounded(load).await;
        // It fails where the caller has given up.
        let _ = sender.send(loaded);
    });
    // It comes to nothing only when the instance dies.
    receiver.await.unwrap_or(Loaded::Failed(Failure::Unavailable))
}

/// A load that fails after 30 seconds.
pub async fn bounded(load: impl Future<Output = Loaded>) -> Loaded {
    timeout(LONGEST_LOAD, load).await.unwrap_or(Loaded::Failed(Failure::Timeout))
}
