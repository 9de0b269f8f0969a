use super::statements::{insert, update};
use super::{InCommit, Statement};

/// The channel of notices.
pub const CHANNEL: &str = "cachebench_events";

/// Around a change that tells of itself by a notice, with its constants. It is one statement, so that it is one round trip
/// and one transaction.
macro_rules! notifying {
    ($change:expr, $channel:literal, $between:literal) => {
        concat!(
            "WITH changed AS (",
            $change,
            " RETURNING id, version) SELECT version FROM changed, pg_notify(",
            $channel,
            ", id || ",
            $between,
            " || version)"
        )
    };
}

/// Around a change that tells of itself by a row in the table of events. The row gets its number under the lock of the row
/// that is changed, so that numbers of events of one row are in the order of its versions.
macro_rules! recording {
    ($change:expr) => {
        concat!(
            "WITH changed AS (",
            $change,
            " RETURNING id, version), \
             told AS (INSERT INTO event_outbox (item, version) SELECT id, version FROM changed) \
             SELECT version FROM changed"
        )
    };
}

impl Statement {
    const UPDATE_NOTIFYING: Statement = Statement::write(notifying!(
        update!("1"),
        "'cachebench_events'",
        "':'"
    ))
    .but_counted_as(notifying!(update!("$4"), "$5", "$6"));
    const INSERT_NOTIFYING: Statement =
        Statement::write(notifying!(insert!("1", "1"), "'cachebench_events'", "':'"))
            .but_counted_as(notifying!(insert!("$4", "$5"), "$6", "$7"));
    const UPDATE_RECORDING: Statement =
        Statement::write(recording!(update!("1"))).but_counted_as(recording!(update!("$4")));
    const INSERT_RECORDING: Statement =
        Statement::write(recording!(insert!("1", "1"))).but_counted_as(recording!(insert!("$4", "$5")));

    /// Every statement that tells of its own write.
    pub(super) const TELLING: [Statement; 4] =
        [Self::UPDATE_NOTIFYING, Self::INSERT_NOTIFYING, Self::UPDATE_RECORDING, Self::INSERT_RECORDING];

    /// Changes a row or deletes it, and tells of it.
    pub(super) fn update(telling: InCommit) -> Statement {
        match telling {
            InCommit::Nothing => Self::UPDATE,
            InCommit::Notify => Self::UPDATE_NOTIFYING,
            InCommit::Outbox => Self::UPDATE_RECORDING,
        }
    }

    /// Makes a row or changes it, and tells of it.
    pub(super) fn insert(telling: InCommit) -> Statement {
        match telling {
            InCommit::Nothing => Self::INSERT,
            InCommit::Notify => Self::INSERT_NOTIFYING,
            InCommit::Outbox => Self::INSERT_RECORDING,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_go_to_the_channel_that_is_listened_to() {
        for statement in [Statement::update(InCommit::Notify), Statement::insert(InCommit::Notify)] {
            assert!(statement.sql().contains(&format!("pg_notify('{CHANNEL}'")));
        }
        assert!(!Statement::update(InCommit::Outbox).sql().contains("pg_notify"));
    }
}
