/// A bar that fills: a share of so many columns.
pub fn meter(share: f64, columns: usize) -> String {
    // A cast of what is no number is 0.
    let halves = ((share * 2.0 * columns as f64).round() as usize).min(2 * columns);
    let mut bar = "━".repeat(halves / 2);
    if halves % 2 == 1 {
        bar.push('╸');
    }
    bar + &"─".repeat(columns - halves.div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fills_by_half_columns() {
        let drawn = [0.0, 0.375, 0.5, 1.0, 7.0].map(|share| meter(share, 4));
        assert_eq!(drawn, ["────", "━╸──", "━━──", "━━━━", "━━━━"]);
        assert_eq!(meter(f64::NAN, 2), "──");
        assert_eq!(meter(0.5, 0), "");
    }
}
