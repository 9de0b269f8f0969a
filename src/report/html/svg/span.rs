use super::extent::Extent;
use super::ticks::{nice_step, round_down, round_up};
use crate::report::html::figure::Scale;

/// A range that is laid along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub scale: Scale,
    /// The ends, in values; of nines, the upper end is the last quantile below 1.
    pub low: f64,
    pub high: f64,
    pub has_end: bool,
}

/// How far the end of all operations stands from the last quantile, in nines.
const END: f64 = 0.5;
/// About so many ticks.
pub const TICKS: f64 = 5.0;

impl Span {
    /// From end to end, as an x axis has it.
    pub fn tight(scale: Scale, extent: Option<Extent>) -> Span {
        let Extent { low, high, has_end } = extent.unwrap_or(EMPTY);
        let (low, high) = match scale {
            Scale::Linear if low == high => apart(low),
            Scale::Log if low >= high * 0.999 => (low / 2.0, high * 2.0),
            Scale::Nines if low >= high => (0.0, high.max(0.9)),
            _ => (low, high),
        };
        Span { scale, low, high, has_end }
    }

    /// From one round number to another, as a y axis has it; from 0 unless that would hide the differences.
    pub fn round(scale: Scale, extent: Option<Extent>) -> Span {
        let Span { low, high, has_end, .. } = Span::tight(scale, extent);
        let (low, high) = match scale {
            Scale::Nines => (low, high),
            Scale::Log => (round_down(low), round_up(high)),
            Scale::Linear => {
                let low = if low > 0.0 && high - low > 0.3 * high { 0.0 } else { low };
                let high = if high < 0.0 && high - low > 0.3 * -low { 0.0 } else { high };
                let step = nice_step((high - low) / TICKS);
                // What is round already stays, though a division does not say so exactly.
                ((low / step + 1e-6).floor() * step, (high / step - 1e-6).ceil() * step)
            }
        };
        Span { scale, low, high, has_end }
    }

    /// Where a value stands, from 0 to 1; nothing where it has no place on the scale.
    pub fn place(&self, value: f64) -> Option<f64> {
        let (low, high) = (self.along(self.low)?, self.along(self.high)?);
        let end = if self.has_end { high + END } else { high };
        let along = if self.scale == Scale::Nines && value == 1.0 { end } else { self.along(value)? };
        let place = (along - low) / (end - low);
        place.is_finite().then_some(place)
    }

    fn along(&self, value: f64) -> Option<f64> {
        match self.scale {
            Scale::Linear => Some(value),
            Scale::Log => (value > 0.0).then(|| value.log10()),
            Scale::Nines => (value < 1.0).then(|| -(1.0 - value).log10()),
        }
        .filter(|along| along.is_finite())
    }
}

/// What an axis shows where there is nothing to show.
const EMPTY: Extent = Extent { low: 0.0, high: 0.0, has_end: false };

/// Two ends around a value that stands alone.
fn apart(value: f64) -> (f64, f64) {
    match value {
        0.0 => (0.0, 1.0),
        value if value > 0.0 => (0.0, value),
        value => (value, 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(low: f64, high: f64) -> Option<Extent> {
        Some(Extent { low, high, has_end: false })
    }

    #[test]
    fn nines_are_as_far_from_each_other() {
        let span = Span::tight(Scale::Nines, Some(Extent { low: 0.0, high: 0.999, has_end: true }));
        let place = |value| span.place(value).unwrap();
        assert!((place(0.99) - place(0.9) - (place(0.999) - place(0.99))).abs() < 1e-9);
        assert_eq!((place(0.0), place(1.0)), (0.0, 1.0));
        assert!(place(0.999) < 0.9);
    }

    #[test]
    fn one_value_has_a_place_on_every_scale() {
        for scale in [Scale::Linear, Scale::Log, Scale::Nines] {
            for value in [0.5, 0.9] {
                for span in
                    [Span::tight(scale, extent(value, value)), Span::round(scale, extent(value, value))]
                {
                    let place = span.place(value).unwrap();
                    assert!((0.0..=1.0).contains(&place), "{value} at {place}");
                }
            }
        }
        assert_eq!(Span::round(Scale::Log, extent(3.0, 3.0)).place(0.0), None);
        assert!(Span::round(Scale::Linear, None).place(0.0).is_some());
    }

    #[test]
    fn a_range_begins_at_0_unless_that_hides_the_differences() {
        let ends = |low, high| {
            let span = Span::round(Scale::Linear, extent(low, high));
            (span.low, span.high)
        };
        assert_eq!(ends(20.0, 97.0), (0.0, 100.0));
        assert_eq!(ends(1_990.0, 2_010.0), (1_990.0, 2_010.0));
        assert_eq!(ends(-3.0, 4.0), (-4.0, 4.0));
    }
}
