use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{BATCH, Journal};
use crate::model::Time;
use crate::registry::OptionsError;

/// Far more than a read takes, so that who reads is not at the end that is trimmed.
const KEEP_MIN: u64 = 4 * BATCH as u64;
const RECLAIM_MIN: Duration = Duration::from_millis(10);

/// Of a journal that writers append to.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JournalOptions {
    /// Events that the stream keeps, about; who falls further behind has missed some.
    #[schemars(range(min = 1024))]
    pub keep: u64,
    /// How long an instance may take over an event before another instance of its service gets it too.
    pub reclaim_after: Time,
}

impl Default for JournalOptions {
    fn default() -> JournalOptions {
        JournalOptions { keep: 1_000_000, reclaim_after: Time(Duration::from_secs(1)) }
    }
}

impl JournalOptions {
    /// # Errors
    /// When an option is out of its range.
    pub fn journal(&self) -> Result<Journal, OptionsError> {
        let JournalOptions { keep, reclaim_after: Time(reclaim_after) } = *self;
        if keep < KEEP_MIN {
            return Err(OptionsError(format!("keep = {keep} is too few events; write {KEEP_MIN} or more")));
        }
        if reclaim_after < RECLAIM_MIN {
            return Err(OptionsError(format!(
                "reclaim_after = {} is too short; write {} or more",
                Time(reclaim_after),
                Time(RECLAIM_MIN)
            )));
        }
        Ok(Journal { keep, reclaim_after })
    }
}

/// Of a journal that a relay appends to, from the database.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RelayOptions {
    /// How long the relay rests when there was nothing to carry.
    pub poll: Time,
    /// Events that the stream keeps, about; who falls further behind has missed some.
    #[schemars(range(min = 1024))]
    pub keep: u64,
    /// How long an instance may take over an event before another instance of its service gets it too.
    pub reclaim_after: Time,
}

impl Default for RelayOptions {
    fn default() -> RelayOptions {
        let JournalOptions { keep, reclaim_after } = JournalOptions::default();
        RelayOptions { poll: Time(Duration::from_millis(10)), keep, reclaim_after }
    }
}

impl RelayOptions {
    /// # Errors
    /// When an option is out of its range.
    pub fn journal(&self) -> Result<Journal, OptionsError> {
        if self.poll.0 < Duration::from_millis(1) {
            return Err(OptionsError(format!("poll = {} is too short; write 1ms or more", self.poll)));
        }
        JournalOptions { keep: self.keep, reclaim_after: self.reclaim_after }.journal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_out_of_their_range_are_refused_with_what_would_do() {
        let defaults = JournalOptions::default().journal().unwrap();
        assert_eq!(defaults, Journal { keep: 1_000_000, reclaim_after: Duration::from_secs(1) });
        assert_eq!(RelayOptions::default().journal(), Ok(defaults));
        let few = JournalOptions { keep: 1023, ..Default::default() }.journal().unwrap_err();
        assert!(few.0.contains("1024 or more"), "{few}");
        let short = JournalOptions { reclaim_after: Time::default(), ..Default::default() };
        assert!(short.journal().unwrap_err().0.contains("10ms or more"));
        let restless = RelayOptions { poll: Time::default(), ..Default::default() };
        assert!(restless.journal().unwrap_err().0.contains("1ms or more"));
    }
}
