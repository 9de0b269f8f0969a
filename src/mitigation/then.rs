use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Loaded, Next, Request};
use crate::measure::{GuardEvent, Tally};
use crate::model::Failure;
use crate::registry::OptionsError;

/// What becomes of a reader who waited for the load of another as long as allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// It loads by itself.
    Database,
    /// It fails.
    Error,
    /// It is served the entry past its freshness, if there is one, and loads by itself if not.
    Stale,
}

impl Then {
    pub async fn answer(self, request: Request, next: Next, tally: &Tally) -> Loaded {
        tally.guard(GuardEvent::GaveUp);
        match self {
            Then::Error => {
                tally.guard(GuardEvent::Shed);
                Loaded::Failed(Failure::Shed)
            }
            Then::Stale if request.at_hand.is_some() => Loaded::AtHand,
            Then::Database | Then::Stale => next.load(request).await,
        }
    }
}

/// Whether entries can be kept as `keep_stale` says, and are where `needed`.
///
/// # Errors
/// When not; the message says what to write.
pub fn check_stale(keep_stale: Duration, needed: bool, ttl: Option<Duration>) -> Result<(), OptionsError> {
    if needed && keep_stale.is_zero() {
        return Err(OptionsError(
            "nothing stale is ever at hand: set keep_stale, for example to \"30s\", or do not use \"stale\""
                .into(),
        ));
    }
    if !keep_stale.is_zero() && ttl.is_none() {
        return Err(OptionsError("keep_stale needs entries that stop being fresh: set cache.ttl".into()));
    }
    Ok(())
}
