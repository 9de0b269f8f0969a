use crate::report::html::figure::{Axis, Scale};

/// From the least to the most of what an axis has to show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    pub low: f64,
    pub high: f64,
    /// Whether quantile 1 is there, which lies beyond any number of nines.
    pub has_end: bool,
}

impl Extent {
    /// Of these values and what the axis shows at least; nothing where none of them has a place on it.
    pub fn of(axis: &Axis, values: impl Iterator<Item = f64>) -> Option<Extent> {
        let least = axis.at_least.into_iter().flat_map(|(low, high)| [low, high]);
        let has_place = |value: &f64| match axis.scale {
            Scale::Linear => value.is_finite(),
            Scale::Log => value.is_finite() && *value > 0.0,
            Scale::Nines => (0.0..=1.0).contains(value),
        };
        let of = |value: f64| match axis.scale {
            // The end alone has no place that nines could tell.
            Scale::Nines if value == 1.0 => Extent { low: 0.9, high: 0.9, has_end: true },
            _ => Extent { low: value, high: value, has_end: false },
        };
        values.chain(least).filter(has_place).map(of).reduce(Extent::join)
    }

    /// What both have to show.
    pub fn join(self, other: Extent) -> Extent {
        Extent {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            has_end: self.has_end || other.has_end,
        }
    }
}
