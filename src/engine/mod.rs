//! Engine: makes the operations happen when the plan wants them, and hands what it saw to `measure`.
//!
//! Worker threads own a current-thread runtime each, with the service instances that live on them; the pacer
//! and whoever calls [`Crew::drive`] stay off these threads.

mod crash;
mod crew;
mod drive;
mod faults;
mod known;
mod lane;
mod pacer;
mod pacing;
mod plan;
mod prober;
mod queue;
mod seat;
mod stop;
mod watch;
mod watchdog;
mod witness;

pub use crew::{Crew, CrewError, Factory, Instance, Service};
pub use drive::{Drive, Flow};
pub use faults::{Action, Fault, Hands, Timeline, Victim, When};
pub use pacing::Pacing;
pub use plan::{Limit, Load, Plan};
pub use prober::Prober;
pub use stop::Stop;
