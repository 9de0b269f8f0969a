use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::Kind;

/// What a SET of a recording is: a write of the application, or the fill after a miss of the cache it was recorded at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sets {
    /// A write, which goes through the strategy; a DELETE deletes the row.
    #[default]
    Writes,
    /// The fill: a read that misses loads its row and fills nothing, a SET puts the row into the cache and does not ask
    /// the database, and a DELETE takes the entry out of the cache and leaves the row.
    Fills,
    /// A fill that this replay makes by itself: SETs are left out, misses fill as the strategy does, and a DELETE takes
    /// the entry out of the cache and leaves the row.
    Skip,
}

impl Sets {
    /// What a recorded operation is replayed as; nothing where it is left out.
    pub fn replayed(self, kind: Kind) -> Option<Kind> {
        match (self, kind) {
            (Sets::Fills, Kind::Write | Kind::Insert) => Some(Kind::Fill),
            (Sets::Skip, Kind::Write | Kind::Insert) => None,
            (Sets::Fills | Sets::Skip, Kind::Delete) => Some(Kind::Invalidate),
            (_, kind) => Some(kind),
        }
    }
}
