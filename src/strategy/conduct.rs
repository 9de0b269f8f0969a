/// What a strategy, as its options make it, is to those who have to know: they ask for this and not for its name.
///
/// By default it is that of one without a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conduct {
    /// Whether it puts anything into the cache.
    pub caches: bool,
    /// Whether a write takes effect in the cache first, which assigns the version: the cache may be ahead of the database.
    pub cache_first: bool,
    /// Whether it acknowledges writes that the database does not have yet.
    pub defers: bool,
    /// Whether a write that the cache does not take has failed for its caller.
    pub needs_cache: bool,
    /// What a write leaves of the entry of its row.
    pub leaves: Leaves,
    /// Whether it does things after a time, rather than when it is asked something.
    pub timed: bool,
    /// Whether somebody else may fill the cache in its place, as the SETs of a trace do. Nothing is written then, so it is
    /// for strategies that are more than a way of writing.
    pub filled_by_others: bool,
}

/// What a write leaves in the cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leaves {
    /// No entry: the next read loads the row.
    #[default]
    Nothing,
    /// The entry as it was, until its TTL.
    OldEntry,
    /// The row as written.
    Row,
}

impl Conduct {
    /// Whether its reads can be guarded. Without a cache there is nothing to guard; and where the cache may be ahead of the
    /// database, its entries must not be replaced by what is loaded.
    pub fn can_be_guarded(&self) -> bool {
        self.caches && !self.cache_first
    }
}
