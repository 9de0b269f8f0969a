//! Zipf's law, as distributions by rank and by age take it.

use rand_distr::Zipf;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::registry::OptionsError;

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Skew {
    /// The skew: 0 is uniform, 0.99 is YCSB's, above 1 a few rows take nearly all.
    #[schemars(range(min = 0, max = 10))]
    pub exponent: f64,
}

impl Default for Skew {
    fn default() -> Skew {
        Skew { exponent: 0.99 }
    }
}

impl Skew {
    /// The law over 1 to `count`.
    ///
    /// # Errors
    /// When the exponent is below 0 or no number.
    pub fn law(&self, count: u64) -> Result<Zipf<f64>, OptionsError> {
        Zipf::new(count as f64, self.exponent)
            .map_err(|_| OptionsError(format!("exponent {} is not 0 or more", self.exponent)))
    }
}
