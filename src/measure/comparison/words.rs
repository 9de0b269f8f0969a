use crate::measure::inference::Law;

/// A change in percent with its sign.
pub fn percent(change: f64) -> String {
    format!("{:+.1} %", change * 100.0)
}

/// An interval of changes.
pub fn range(low: f64, high: f64) -> String {
    format!("{:+.1} to {:+.1} %", low * 100.0, high * 100.0)
}

/// A probability among so many tests, as the end of a sentence.
pub(super) fn chance(p_holm: f64, tests: usize, what: &str) -> String {
    let p = short(p_holm);
    if tests == 1 { format!("p {p}") } else { format!("p {p} among {tests} {what}s") }
}

/// A probability in as few digits as tell it.
pub fn short(p: f64) -> String {
    match p {
        p if p < 0.0001 => "< 0.0001".into(),
        p if p < 0.01 => format!("{p:.4}"),
        p => format!("{p:.2}"),
    }
}

/// A value in three digits: a share in percent, a rate as it is.
pub fn figure(law: Law, value: f64) -> String {
    let (value, unit) = if law == Law::Share { (value * 100.0, " %") } else { (value, "") };
    if value == 0.0 {
        return format!("0{unit}");
    }
    let places = (2 - value.abs().log10().floor() as i32).clamp(0, 9);
    format!("{value:.*}{unit}", places as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_in_as_few_digits_as_tell_them() {
        assert_eq!([percent(0.148), percent(-0.02)], ["+14.8 %", "-2.0 %"]);
        assert_eq!(range(-0.012, 0.1), "-1.2 to +10.0 %");
        assert_eq!([short(0.5), short(0.0078), short(1e-9)], ["0.50", "0.0078", "< 0.0001"]);
        assert_eq!(
            [chance(0.031, 1, "metric"), chance(0.031, 2, "metric")],
            ["p 0.03", "p 0.03 among 2 metrics"]
        );
        assert_eq!([0.0, 0.00103, 0.953].map(|it| figure(Law::Share, it)), ["0 %", "0.103 %", "95.3 %"]);
        assert_eq!(
            [0.0, 0.0519, 12.34, 4_321.0].map(|it| figure(Law::Rate, it)),
            ["0", "0.0519", "12.3", "4321"]
        );
    }
}
