/// From nothing to all.
const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One character of a plot: a value by its `place` between 0 and 1. What is above 0 leaves a trace wherever it stands.
pub fn bar(value: f64, place: f64) -> char {
    let most = LEVELS.len() - 1;
    // A cast of what is no number is 0.
    let level = (place * most as f64).round() as usize;
    LEVELS[if value > 0.0 { level.clamp(1, most) } else { 0 }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_not_nothing() {
        assert_eq!(
            [(0.0, 0.0), (1.0, 0.001), (1.0, 0.5), (1.0, 1.0)].map(|(value, place)| bar(value, place)),
            [' ', '▁', '▄', '█']
        );
        assert_eq!(bar(3.0, f64::NAN), '▁', "one value alone has no lowest and no highest");
    }
}
