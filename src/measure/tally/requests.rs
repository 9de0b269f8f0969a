/// A command sent to the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Get,
    Mget,
    Set,
    Del,
    Evalsha,
}

impl Command {
    pub const ALL: [Command; 5] = [Command::Get, Command::Mget, Command::Set, Command::Del, Command::Evalsha];

    /// The name in the server's own statistics.
    pub fn name(self) -> &'static str {
        match self {
            Command::Get => "get",
            Command::Mget => "mget",
            Command::Set => "set",
            Command::Del => "del",
            Command::Evalsha => "evalsha",
        }
    }
}

/// What a statement sent to the database is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryClass {
    /// Reads rows, for a caller or to fill the cache.
    Load,
    /// Writes, inserts or deletes one row for a caller.
    Write,
    /// Writes back rows that were acknowledged before.
    Flush,
}

impl QueryClass {
    pub const ALL: [QueryClass; 3] = [QueryClass::Load, QueryClass::Write, QueryClass::Flush];

    pub fn name(self) -> &'static str {
        match self {
            QueryClass::Load => "load",
            QueryClass::Write => "write",
            QueryClass::Flush => "flush",
        }
    }
}
