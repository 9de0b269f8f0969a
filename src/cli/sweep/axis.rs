use std::str::FromStr;

use crate::model::{Size, Time};

/// Most values of one setting.
pub const MOST: usize = 64;

/// A setting and the values that are tried of it: `cache.ttl=100ms..1h`, `cache.ttl=1s,10s,60s`.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The dotted path of the setting.
    pub path: String,
    span: Span,
}

#[derive(Clone, Debug, PartialEq)]
enum Span {
    /// These, as they were written.
    Listed(Vec<Number>),
    /// Steps from the one to the other.
    Between { from: Number, to: Number, is_linear: bool },
}

/// A value as it was written, and what it comes to.
#[derive(Clone, Debug, PartialEq)]
struct Number {
    written: String,
    /// Seconds, bytes, or the number itself.
    value: f64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Time,
    Size,
    Whole,
    Fraction,
}

const FORM: &str = "write it as cache.ttl=100ms..1h, or as cache.ttl=1s,10s,60s";

impl FromStr for Axis {
    type Err = String;

    fn from_str(text: &str) -> Result<Axis, String> {
        let form = || format!("`{text}` is no setting with its values; {FORM}");
        let (path, values) = text.split_once('=').ok_or_else(form)?;
        let (path, values) = (path.trim(), values.trim());
        if path.is_empty() || values.is_empty() {
            return Err(form());
        }
        let span = match values.split_once("..") {
            Some((from, to)) => between(from, to)?,
            None => Span::Listed(values.split(',').map(|value| value.parse()).collect::<Result<_, _>>()?),
        };
        let axis = Axis { path: path.to_owned(), span };
        match &axis.span {
            Span::Listed(values) if !(2..=MOST).contains(&values.len()) => {
                Err(format!("{} values of {path}; give it 2 to {MOST}, or a range: {FORM}", values.len()))
            }
            _ => Ok(axis),
        }
    }
}

fn between(from: &str, to: &str) -> Result<Span, String> {
    let (to, is_linear) = match to.trim().strip_suffix(":linear") {
        Some(to) => (to, true),
        None => (to, false),
    };
    let (from, to): (Number, Number) = (from.parse()?, to.parse()?);
    let are_alike = match (from.kind, to.kind) {
        (Kind::Whole | Kind::Fraction, Kind::Whole | Kind::Fraction) => true,
        // A number of bytes needs no unit, and nothing is the same of everything.
        (Kind::Whole, Kind::Size) => true,
        (one, other) => one == other || from.value == 0.0,
    };
    if !are_alike {
        return Err(format!("{} and {} are not of one kind; give both a unit", from.written, to.written));
    }
    if from.value >= to.value {
        return Err(format!("{} is not below {}; write the smaller value first", from.written, to.written));
    }
    if from.value < 0.0 {
        return Err(format!("{} is below 0; no setting takes that", from.written));
    }
    // There is no logarithm of 0.
    let is_linear = is_linear || from.value == 0.0;
    Ok(Span::Between { from, to, is_linear })
}

impl Axis {
    /// The override that makes it a compared setting, its range in so many `steps`.
    pub fn comparison(&self, steps: usize) -> String {
        format!("compare.{:?}=[{}]", self.path, self.values(steps).join(", "))
    }

    /// The override that makes its first value the only one.
    pub fn first(&self) -> String {
        format!("compare.{:?}=[{}]", self.path, self.values(2).swap_remove(0))
    }

    /// The values, as a workload file writes them.
    pub fn values(&self, steps: usize) -> Vec<String> {
        match &self.span {
            Span::Listed(values) => {
                // Neighbours in the list are neighbours in value.
                let mut sorted: Vec<&Number> = values.iter().collect();
                sorted.sort_by(|one, other| one.value.total_cmp(&other.value));
                sorted.into_iter().map(Number::toml).collect()
            }
            Span::Between { from, to, is_linear } => {
                let mut values: Vec<String> =
                    (0..steps).map(|step| at(from, to, *is_linear, step, steps)).collect();
                // Of few whole numbers there are fewer than so many steps.
                values.dedup();
                values
            }
        }
    }
}

/// One of so many steps; both ends stand as they were written.
fn at(from: &Number, to: &Number, is_linear: bool, step: usize, steps: usize) -> String {
    if step == 0 {
        // Nothing has a unit all the same, where it is a time.
        let is_no_time = from.value == 0.0 && to.kind == Kind::Time;
        return if is_no_time { "\"0s\"".into() } else { from.toml() };
    }
    if step + 1 == steps {
        return to.toml();
    }
    let share = step as f64 / (steps - 1) as f64;
    let value = match is_linear {
        true => from.value + (to.value - from.value) * share,
        false => from.value * (to.value / from.value).powf(share),
    };
    let kind = if from.kind == Kind::Whole { to.kind } else { from.kind };
    let value = rounded(value);
    match kind {
        Kind::Time => in_units(value, &[("s", 1.0), ("ms", 1e-3), ("us", 1e-6)]),
        Kind::Size => in_units(value, &[("GB", 1e9), ("MB", 1e6), ("KB", 1e3), ("B", 1.0)]),
        Kind::Whole => format!("{}", value.round()),
        Kind::Fraction => plain(value),
    }
}

/// A text of the value in the largest unit, by falling size, that is no larger than it.
fn in_units(value: f64, units: &[(&str, f64)]) -> String {
    let fitting = units.iter().find(|(_, size)| value >= *size).or(units.last());
    // There is always one.
    let (unit, size) = fitting.copied().unwrap_or(("", 1.0));
    format!("\"{}{unit}\"", plain(value / size))
}

/// To three significant digits.
fn rounded(value: f64) -> f64 {
    if value == 0.0 {
        return value;
    }
    let scale = 10f64.powi(2 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

/// Without what a binary fraction adds at its end.
fn plain(value: f64) -> String {
    let places = (2 - value.abs().max(1e-9).log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{value:.places$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

impl FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Number, String> {
        let written = text.trim().trim_matches('"').to_owned();
        let number = |value: f64, kind| Ok(Number { written: written.clone(), value, kind });
        if let Ok(whole) = written.replace('_', "").parse::<u64>() {
            return number(whole as f64, Kind::Whole);
        }
        if let Ok(value) = written.replace('_', "").parse::<f64>() {
            let wrong = || format!("`{written}` is no number; write 0.5, 250ms or 64MB");
            return if value.is_finite() { number(value, Kind::Fraction) } else { Err(wrong()) };
        }
        if let Ok(time) = written.parse::<Time>() {
            return number(time.0.as_secs_f64(), Kind::Time);
        }
        match written.parse::<Size>() {
            Ok(size) => number(size.0 as f64, Kind::Size),
            Err(_) => Err(format!(
                "`{written}` is no number, no time and no size, and only those can be swept over; write 0.5, 250ms \
                 or 64MB"
            )),
        }
    }
}

impl Number {
    fn toml(&self) -> String {
        match self.kind {
            Kind::Time | Kind::Size => format!("{:?}", self.written),
            Kind::Whole | Kind::Fraction => self.written.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, steps: usize) -> String {
        text.parse::<Axis>().unwrap().values(steps).join(" ").replace('"', "")
    }

    #[test]
    fn a_range_is_cut_into_steps_of_equal_ratio() {
        assert_eq!(values("cache.ttl=100ms..100s", 4), "100ms 1s 10s 100s");
        assert_eq!(values("cache.ttl=100ms..1h", 5), "100ms 1.38s 19s 261s 1h");
        assert_eq!(values("cache.ttl=1ms..100ms", 3), "1ms 10ms 100ms");
        assert_eq!(values("cache.maxmemory=1MB..100MB", 3), "1MB 10MB 100MB");
        assert_eq!(values("cache.maxmemory=512..1GB", 4), "512 64KB 8MB 1GB");
        assert_eq!(values("app.instances=1..8", 4), "1 2 4 8");
        assert_eq!(values("data.rows=1_000..1000000", 4), "1_000 10000 100000 1000000");
        assert_eq!(values("mitigation.jitter.spread=0.1..0.4", 3), "0.1 0.2 0.4");
    }

    #[test]
    fn from_nothing_or_on_demand_steps_are_of_equal_length() {
        assert_eq!(values("traffic.absent.share=0..0.4", 5), "0 0.1 0.2 0.3 0.4");
        assert_eq!(values("cache.ttl=1s..5s:linear", 5), "1s 2s 3s 4s 5s");
        assert_eq!(values("cache.fill_delay=0..40ms", 3), "0s 20ms 40ms");
    }

    #[test]
    fn a_list_stays_as_it_was_written_and_few_numbers_are_few_steps() {
        assert_eq!(values("cache.ttl=100ms,1m 30s", 9), "100ms 1m 30s");
        assert_eq!(values("app.instances=1..3", 8), "1 2 3");
    }

    #[test]
    fn it_becomes_a_compared_setting() {
        let axis: Axis = "cache.ttl = 1s, 10s".parse().unwrap();
        assert_eq!(axis.comparison(8), r#"compare."cache.ttl"=["1s", "10s"]"#);
        assert_eq!(axis.first(), r#"compare."cache.ttl"=["1s"]"#);
    }

    #[test]
    fn what_cannot_be_swept_over_is_told_with_what_could() {
        for (text, told) in [
            ("cache.ttl", "cache.ttl=100ms..1h"),
            ("=1..2", "cache.ttl=100ms..1h"),
            ("cache.ttl=", "cache.ttl=100ms..1h"),
            ("cache.ttl=1s", "1 values of cache.ttl"),
            ("cache.ttl=10s..1s", "10s is not below 1s"),
            ("cache.ttl=1s..10", "not of one kind"),
            ("cache.ttl=1s..10MB", "not of one kind"),
            ("traffic.mix.read=-1..3", "below 0"),
            ("strategy=direct,cache-aside", "only those can be swept over"),
            ("cache.ttl=1s..NaN", "`NaN` is no number"),
        ] {
            let error = text.parse::<Axis>().unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
