use super::span::{Span, TICKS};
use crate::report::html::figure::Scale;

/// A place on an axis that is marked; one without a label is a smaller one.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub value: f64,
    pub label: String,
}

impl Tick {
    pub fn is_minor(&self) -> bool {
        self.label.is_empty()
    }
}

/// The marked places of a span, in their order.
pub fn ticks(span: &Span, write: fn(f64) -> String) -> Vec<Tick> {
    match span.scale {
        Scale::Linear => linear(span, write),
        Scale::Log => logarithmic(span, write),
        Scale::Nines => nines(span),
    }
}

/// The least of 1, 2 and 5 by powers of ten that is no less than about `least`.
pub fn nice_step(least: f64) -> f64 {
    if !(least.is_finite() && least > 0.0) {
        return 1.0;
    }
    let power = 10f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= least * 0.9);
    factor.unwrap_or(10.0) * power
}

/// The nearest of 1, 2 and 5 by powers of ten that is not above.
pub fn round_down(value: f64) -> f64 {
    let power = 10f64.powf((value.log10() + 1e-9).floor());
    let factor = [5.0, 2.0, 1.0].into_iter().find(|factor| factor * power <= value * 1.000_001);
    factor.unwrap_or(1.0) * power
}

/// The nearest of them that is not below.
pub fn round_up(value: f64) -> f64 {
    let power = 10f64.powf((value.log10() + 1e-9).floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= value * 0.999_999);
    factor.unwrap_or(10.0) * power
}

fn linear(span: &Span, write: fn(f64) -> String) -> Vec<Tick> {
    let mut step = nice_step((span.high - span.low) / TICKS);
    // Labels that say the same of two places say too little.
    for _ in 0..12 {
        let ticks = every(step, span, write);
        if ticks.windows(2).all(|pair| pair[0].label != pair[1].label) {
            return ticks;
        }
        step = nice_step(step * 1.9);
    }
    every(step, span, write)
}

fn every(step: f64, span: &Span, write: fn(f64) -> String) -> Vec<Tick> {
    let (first, last) = ((span.low / step - 1e-6).ceil() as i64, (span.high / step + 1e-6).floor() as i64);
    let tick = |number: i64| {
        let value = number as f64 * step;
        Tick { value, label: shortened(&write(value)) }
    };
    (first..=last.min(first.saturating_add(100))).map(tick).collect()
}

/// Powers of ten with the numbers between them: labelled where there are few powers.
fn logarithmic(span: &Span, write: fn(f64) -> String) -> Vec<Tick> {
    let (first, last) = (span.low.log10().floor() as i32, span.high.log10().ceil() as i32);
    let decades = span.high.log10() - span.low.log10();
    let labelled: &[u32] = match decades {
        few if few < 0.7 => &[1, 2, 3, 4, 5, 6, 7, 8],
        some if some < 2.5 => &[1, 2, 5],
        _ => &[1],
    };
    let every = (decades / 7.0).ceil().max(1.0) as i32;
    let is_in = |value: &f64| *value >= span.low * 0.999_999 && *value <= span.high * 1.000_001;
    let powers = first..=last;
    let numbers = powers.flat_map(|power| (1..10).map(move |number| (power, number)));
    let tick = |(power, number): (i32, u32)| {
        let value = f64::from(number) * 10f64.powi(power);
        let is_labelled = labelled.contains(&number) && (power - first) % every == 0;
        is_in(&value).then(|| Tick {
            value,
            label: if is_labelled { shortened(&write(value)) } else { String::new() },
        })
    };
    numbers.filter_map(tick).collect()
}

fn nines(span: &Span) -> Vec<Tick> {
    let mut ticks = Vec::new();
    let mut mark = |value: f64, label: String| {
        if value >= span.low - 1e-9 && value <= span.high + 1e-9 {
            ticks.push(Tick { value, label });
        }
    };
    mark(0.0, "0".into());
    mark(0.5, "50 %".into());
    for nines in 1..9 {
        let places = (nines - 2i32).max(0) as usize;
        let value = 1.0 - 10f64.powi(-nines);
        mark(value, format!("{:.places$} %", value * 100.0));
    }
    if span.has_end {
        ticks.push(Tick { value: 1.0, label: "max".into() });
    }
    ticks
}

/// A number without the zeros at its end: `20.0 %` is `20 %`.
fn shortened(text: &str) -> String {
    let end =
        text.find(|letter: char| !(letter.is_ascii_digit() || "+-.".contains(letter))).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    match number.contains('.') {
        true => format!("{}{unit}", number.trim_end_matches('0').trim_end_matches('.')),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::html::svg::extent::Extent;
    use crate::report::quantity::{count, duration_us, share};

    fn labels(scale: Scale, low: f64, high: f64, write: fn(f64) -> String) -> Vec<String> {
        let span = Span::round(scale, Some(Extent { low, high, has_end: scale == Scale::Nines }));
        ticks(&span, write).into_iter().filter(|tick| !tick.is_minor()).map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_numbers_and_differ() {
        assert_eq!(labels(Scale::Linear, 0.0, 0.98, share), ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]);
        assert_eq!(labels(Scale::Linear, 0.0, 2.0, count), ["0", "1", "2"]);
        assert_eq!(labels(Scale::Linear, 0.0, 0.0, share).len(), 6);
        assert_eq!(labels(Scale::Linear, 0.0, 1_500.0, duration_us), ["0 us", "500 us", "1 ms", "1.5 ms"]);
    }

    #[test]
    fn decades_are_labelled_or_what_lies_between() {
        assert_eq!(
            labels(Scale::Log, 90.0, 900_000.0, duration_us),
            ["100 us", "1 ms", "10 ms", "100 ms", "1 s"]
        );
        assert_eq!(labels(Scale::Log, 90.0, 400.0, duration_us), ["50 us", "100 us", "200 us", "500 us"]);
        assert!(labels(Scale::Log, 110.0, 190.0, duration_us).len() >= 2);
        assert!(labels(Scale::Log, 1e-9, 1e9, count).len() < 12);
    }

    #[test]
    fn percentiles_are_marked_by_their_nines() {
        assert_eq!(labels(Scale::Nines, 0.0, 0.9995, share), ["0", "50 %", "90 %", "99 %", "99.9 %", "max"]);
    }

    #[test]
    fn zeros_at_the_end_say_nothing() {
        assert_eq!(
            ["20.0 %", "1.00 ms", "100/s", "0.050", "–"].map(shortened),
            ["20 %", "1 ms", "100/s", "0.05", "–"]
        );
    }
}
