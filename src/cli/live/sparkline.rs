use crate::report::bar;

/// A measured 0.
const NOTHING: char = '_';

/// The last values that fit, a character each, from nothing to `most`: without it, to the highest that is shown. Nothing
/// is a line at the foot, and what was not measured leaves a blank.
pub fn sparkline(
    values: impl DoubleEndedIterator<Item = Option<f64>>,
    most: Option<f64>,
    columns: usize,
) -> String {
    let mut shown: Vec<Option<f64>> = values.rev().take(columns).collect();
    shown.reverse();
    let most = most.unwrap_or_else(|| shown.iter().flatten().copied().fold(0.0, f64::max));
    let draw = |value: f64| if value > 0.0 { bar(value, value / most) } else { NOTHING };
    shown.into_iter().map(|value| value.map_or(' ', draw)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_values_are_shown_from_nothing_to_the_highest_of_them() {
        let values = [Some(900.0), Some(0.0), None, Some(5.0), Some(10.0)];
        assert_eq!(sparkline(values.into_iter(), None, 4), "_ ▄█");
        assert_eq!(sparkline(values.into_iter(), Some(1_000.0), 9), "▇_ ▁▁");
        assert_eq!(sparkline([Some(0.0)].into_iter(), None, 9), "_");
    }
}
