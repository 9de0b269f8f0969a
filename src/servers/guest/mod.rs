//! Guest: conduct on a server that someone else runs, where only our keys and our schema are ours.

mod moved;
mod postgres;
mod redis;
mod scan;

pub use self::moved::move_away;
pub use self::postgres::{admit_postgres, leave_postgres};
pub use self::redis::{admit_redis, leave_redis};
