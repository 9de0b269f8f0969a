use schemars::JsonSchema;
use serde::Deserialize;

/// The unit of a column of times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) enum TimeUnit {
    #[default]
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "us")]
    Microseconds,
    #[serde(rename = "ns")]
    Nanoseconds,
}

/// The microseconds, rounded down, of a decimal number such as `12` or `1700000000.123456`.
///
/// `None` when it is no such number, or too large. Exact: a float would lose the microseconds of
/// today's Unix times in nanoseconds.
pub(super) fn micros(text: &[u8], unit: TimeUnit) -> Option<u64> {
    let nanos_per_unit: u128 = match unit {
        TimeUnit::Seconds => 1_000_000_000,
        TimeUnit::Milliseconds => 1_000_000,
        TimeUnit::Microseconds => 1_000,
        TimeUnit::Nanoseconds => 1,
    };
    let mut parts = text.splitn(2, |byte| *byte == b'.');
    let whole = digits(parts.next()?)?;
    let billionths = match parts.next() {
        None => 0,
        Some(fraction) => {
            digits(fraction)?;
            let places = fraction.iter().chain(std::iter::repeat(&b'0')).take(9);
            places.fold(0, |number, digit| number * 10 + u128::from(digit - b'0'))
        }
    };
    let nanos = u128::from(whole) * nanos_per_unit + billionths * nanos_per_unit / 1_000_000_000;
    u64::try_from(nanos / 1_000).ok()
}

/// The number that digits alone write; `None` when there are others, none, or too many.
pub(super) fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_in_every_unit() {
        use TimeUnit::{Microseconds, Milliseconds, Nanoseconds, Seconds};
        for (text, unit, expected) in [
            ("5633898", Seconds, Some(5_633_898_000_000)),
            ("1700000000.123456", Seconds, Some(1_700_000_000_123_456)),
            ("1700000000.1234567891", Seconds, Some(1_700_000_000_123_456)),
            ("0.5", Milliseconds, Some(500)),
            ("7", Microseconds, Some(7)),
            ("1999", Nanoseconds, Some(1)),
            ("18446744073709551615", Microseconds, Some(u64::MAX)),
            ("18446744073709551615", Seconds, None),
            ("18446744073709551616", Nanoseconds, None),
            ("-1", Seconds, None),
            ("+1", Seconds, None),
            ("1.", Seconds, None),
            (".5", Seconds, None),
            ("1.-5", Seconds, None),
            ("1e9", Seconds, None),
            ("", Seconds, None),
        ] {
            assert_eq!(micros(text.as_bytes(), unit), expected, "{text} {unit:?}");
        }
    }
}
