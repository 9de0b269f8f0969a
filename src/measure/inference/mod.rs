//! Inference: from numbers that scatter to what they show, and how surely.
//!
//! Pure functions without a clock, a file or a random number; the same numbers always lead to the same verdict.

mod binomial;
mod change_points;
mod distribution;
mod holm;
mod overdispersion;
mod poisson;
mod proportion;
mod signed_rank;

#[cfg(test)]
mod simulated;

pub use change_points::{ChangePoint, change_points};
pub use holm::holm;
pub use overdispersion::{Dispersion, Law, dispersion};
pub use poisson::{garwood, rate_difference, rate_test};
pub use proportion::{newcombe, share_test, wilson};
pub use signed_rank::{SignedRank, least_p, signed_rank};
#[cfg(test)]
pub(in crate::measure) use simulated::Noise;
