//! Engine: makes the operations happen when the plan wants them, and hands what it saw to `measure`.
//!
//! Worker threads own a current-thread runtime each, with the service instances that live on them; the pacer
//! and whoever calls `Crew::drive` stay off these threads.

mod crash;
mod crew;
mod drive;
mod entered;
mod faults;
mod lane;
mod pacer;
mod pacing;
mod plan;
mod prober;
mod queue;
mod seat;
mod stop;
mod ticks;
mod watch;
mod watchdog;
mod witness;
mod worker;

pub use crew::CrewError;
pub use faults::{Action, Fault, Listeners, Reshard, Victim, When};
pub use pacing::Pacing;
pub use stop::Stop;
pub(crate) use watch::SoFar;

pub(crate) use crew::{Crew, Factory, Instance, Service};
pub(crate) use drive::{Drive, Flow};
pub(crate) use faults::{Hands, Timeline};
pub(crate) use plan::{Limit, Load, Plan};
pub(crate) use prober::Prober;
pub(crate) use ticks::Ticks;
