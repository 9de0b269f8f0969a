use crate::measure::{Metric, Unit};

/// Three significant digits.
fn digits(value: f64) -> String {
    // The limits are those of the rounded number: 9.999 is 10.0.
    let places = match value.abs() {
        v if v >= 99.95 || v == 0.0 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        _ => 3,
    };
    format!("{value:.places$}")
}

/// A time given in microseconds: `92 us`, `1.25 ms`, `3.10 s`.
pub fn duration_us(us: f64) -> String {
    match us {
        us if us < 999.5 => format!("{} us", digits(us)),
        us if us < 999_500.0 => format!("{} ms", digits(us / 1e3)),
        us => format!("{} s", digits(us / 1e6)),
    }
}

/// A rate: `950/s`, `4.00 K/s`, `1.20 M/s`.
pub fn per_second(rate: f64) -> String {
    match rate {
        rate if rate < 999.5 => format!("{}/s", digits(rate)),
        rate if rate < 999_500.0 => format!("{} K/s", digits(rate / 1e3)),
        rate => format!("{} M/s", digits(rate / 1e6)),
    }
}

/// A share in percent: `95.2 %`; one that would round to nothing keeps a digit that is not 0: `0.004 %`.
pub fn share(share: f64) -> String {
    let percent = share * 100.0;
    match percent.abs() {
        small if small > 0.0 && small < 0.05 => format!("{percent:.*} %", -small.log10().floor() as usize),
        _ => format!("{percent:.1} %"),
    }
}

/// A number per operation: `0.052`.
pub fn amount(value: f64) -> String {
    format!("{value:.3}")
}

/// How many.
pub fn count(value: f64) -> String {
    format!("{value:.0}")
}

/// Bytes, as of one entry: `153 B`, `1.20 KB`.
pub fn bytes(bytes: f64) -> String {
    match bytes {
        bytes if bytes < 999.5 => format!("{bytes:.0} B"),
        bytes if bytes < 999_500.0 => format!("{} KB", digits(bytes / 1e3)),
        bytes => format!("{} MB", digits(bytes / 1e6)),
    }
}

/// A metric in words, by its unit.
pub fn quantity(metric: Metric) -> String {
    match metric.unit {
        Unit::Us => duration_us(metric.value),
        Unit::S => duration_us(metric.value * 1e6),
        Unit::PerS => per_second(metric.value),
        Unit::Ratio if metric.value <= 1.0 => share(metric.value),
        Unit::Ratio => amount(metric.value),
        Unit::Count => count(metric.value),
        Unit::Bytes => format!("{:.1} MB", metric.value / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_carry_their_units() {
        assert_eq!(duration_us(92.4), "92.4 us");
        assert_eq!(duration_us(1_250.0), "1.25 ms");
        assert_eq!(duration_us(999.9), "1.00 ms");
        assert_eq!(duration_us(9.999), "10.0 us");
        assert_eq!(duration_us(3_100_000.0), "3.10 s");
        assert_eq!(per_second(3_999.0), "4.00 K/s");
        assert_eq!([153.2, 1_204.0].map(bytes), ["153 B", "1.20 KB"]);
        assert_eq!(share(0.9524), "95.2 %");
        assert_eq!([0.0, 0.000_044, 0.000_5].map(share), ["0.0 %", "0.004 %", "0.1 %"]);
    }
}
