//! Whole pages of what is no run.

mod comparison;
mod placement;
mod simulation;

pub use comparison::page as comparison;
pub use placement::page as placement;
pub use simulation::page as simulation;
