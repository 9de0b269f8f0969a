/// What a guard against stampedes did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardEvent {
    /// A load that others may join.
    Led,
    /// A caller served by the load of another.
    Joined,
    /// Answered from an entry past its freshness (RFC 5861).
    StaleServed,
    /// Turned away to spare the database.
    Shed,
    /// One look for the value while waiting.
    Polled,
    /// A lock or lease asked for and got.
    Acquired,
    /// A lock or lease asked for and not got.
    Denied,
    /// A holder found at its release that the lock was no longer its own.
    LostLock,
    /// Waited for as long as allowed.
    GaveUp,
    /// A refresh behind the callers' backs.
    RefreshedBehind,
}

impl GuardEvent {
    pub const ALL: [GuardEvent; 10] = [
        GuardEvent::Led,
        GuardEvent::Joined,
        GuardEvent::StaleServed,
        GuardEvent::Shed,
        GuardEvent::Polled,
        GuardEvent::Acquired,
        GuardEvent::Denied,
        GuardEvent::LostLock,
        GuardEvent::GaveUp,
        GuardEvent::RefreshedBehind,
    ];
}
