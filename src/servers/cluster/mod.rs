//! Cluster: nodes that are ours made into a Redis Cluster, and changed while it serves, without outside tools.
//!
//! What changes a cluster takes ports of 127.0.0.1, so that it is ours by its address; it blocks its thread.

mod failover;
mod form;
mod join;
mod members;
mod node;
mod reshard;

pub use self::failover::failover;
pub use self::form::form;
pub use self::join::{join, leave};
pub use self::members::members;
pub use self::reshard::{Resharded, reshard};
