/// What the database does in the transaction of a write to tell others of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InCommit {
    #[default]
    Nothing,
    /// NOTIFY.
    Notify,
    /// A row in the table of events.
    Outbox,
}
