use crate::model::{Failure, Kind, Served};

/// What one operation came to, as far as it is counted.
#[derive(Clone, Copy, Debug)]
pub struct Observation {
    pub kind: Kind,
    pub result: Result<Option<Served>, Failure>,
    /// No such row: a read found none, a write changed none.
    pub absent: bool,
    /// A decrement found too few units.
    pub refused: bool,
    /// A body that nobody wrote under this key.
    pub corrupt: bool,
}

impl Observation {
    /// One with nothing more to tell of it.
    pub fn of(kind: Kind, result: Result<Option<Served>, Failure>) -> Observation {
        Observation { kind, result, absent: false, refused: false, corrupt: false }
    }
}

/// What the rows of multi-reads came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Rows asked for, those of failed operations included.
    pub asked: u64,
    /// By [`Served`].
    pub served: [u64; Served::ALL.len()],
    pub absent: u64,
    pub corrupt: u64,
}
