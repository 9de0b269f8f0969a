//! Live: what a terminal shows of work under way, redrawn in place.

mod block;
mod eta;
mod meter;
mod screen;
mod sparkline;
mod state;
mod text;

pub use block::{lines, sentence};
pub use eta::told;
pub use meter::meter;
pub use screen::Screen;
pub use state::State;
