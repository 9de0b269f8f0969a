use clap::{ArgGroup, Args};

use super::exit::{Exit, Failure};
use crate::config::Override;
use crate::model::Time;

/// Flags that stand for the settings that are changed most often. They win over the file, and `--set` over them.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Settings (they win over the file; --set wins over them)")]
#[command(group = ArgGroup::new("load").args(["clients", "rate"]))]
#[command(group = ArgGroup::new("end").args(["duration", "operations"]))]
pub struct Flags {
    /// So many clients, each of which waits for its answer before it asks again: traffic.load.closed.clients.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    clients: Option<u64>,

    /// So many operations a second in all, however long answers take: 2000, 2k. traffic.load.open.rate.
    #[arg(long, alias = "rps", value_name = "N", value_parser = rate)]
    rate: Option<f64>,

    /// How long each measurement lasts: 30s, 2m. traffic.duration.
    #[arg(short, long, value_name = "TIME")]
    duration: Option<Time>,

    /// So many operations in each measurement, instead of a time: 100000, 100k. traffic.operations.
    #[arg(short = 'n', long, value_name = "N", value_parser = count)]
    operations: Option<u64>,

    /// Load before each measurement that is not counted: 5s, or "until hit rate is stable". traffic.warmup.
    #[arg(long, value_name = "TIME")]
    warmup: Option<String>,

    /// What rows, values and requests are drawn from: data.seed.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// How often each cell is measured: compare.repeat.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    repeat: Option<u32>,

    /// The strategies, with commas: direct,cache-aside; or with options: '{ write-behind = { batch = 50 } }'.
    #[arg(long, value_name = "NAMES")]
    strategy: Option<String>,
}

/// What a flag sets.
struct Setting {
    flag: &'static str,
    path: &'static str,
    /// What of the file gives way to it.
    instead_of: &'static [&'static str],
}

const STRATEGY: &str = "--strategy";

/// In the order of the fields of [`Flags`].
const SETTINGS: [Setting; 8] = {
    const fn setting(flag: &'static str, path: &'static str, instead_of: &'static [&'static str]) -> Setting {
        Setting { flag, path, instead_of }
    }
    [
        setting("--clients", "traffic.load.closed.clients", &["traffic.load.open", "traffic.load.recorded"]),
        setting(
            "--rate",
            "traffic.load.open.rate",
            &[
                "traffic.load.closed",
                "traffic.load.recorded",
                "traffic.load.open.stages",
                "traffic.load.open.steps",
                "traffic.load.open.pattern",
            ],
        ),
        setting("--duration", "traffic.duration", &["traffic.operations"]),
        setting("--operations", "traffic.operations", &["traffic.duration"]),
        setting("--warmup", "traffic.warmup", &["traffic.warmup"]),
        setting("--seed", "data.seed", &["data.seed"]),
        setting("--repeat", "compare.repeat", &[]),
        setting(STRATEGY, "compare.strategy", &[]),
    ]
};

impl Flags {
    /// How many operations were asked for.
    pub fn operations(&self) -> Option<u64> {
        self.operations
    }

    /// Those that were given, with their values.
    pub fn given(&self) -> Vec<(&'static str, String)> {
        let values = [
            self.clients.map(|clients| clients.to_string()),
            self.rate.map(|rate| rate.to_string()),
            self.duration.map(|time| time.to_string()),
            self.operations.map(|operations| operations.to_string()),
            self.warmup.clone(),
            self.seed.map(|seed| seed.to_string()),
            self.repeat.map(|times| times.to_string()),
            self.strategy.clone(),
        ];
        SETTINGS.iter().zip(values).filter_map(|(setting, value)| Some((setting.flag, value?))).collect()
    }

    /// The settings that they stand for.
    ///
    /// # Errors
    /// When `--strategy` names nothing.
    pub fn overrides(&self) -> Result<Vec<Override>, Failure> {
        let mut all = Vec::new();
        for (flag, value) in self.given() {
            let value = if flag == STRATEGY { strategies(&value)? } else { value };
            all.extend(SETTINGS.iter().filter(|setting| setting.flag == flag).map(|setting| Override {
                by: flag,
                assignment: format!("{}={value}", setting.path),
                instead_of: setting.instead_of,
            }));
        }
        Ok(all)
    }
}

/// Names and tables between commas, as a list of the workload file has them: a comparison of one is told like any other.
fn strategies(names: &str) -> Result<String, Failure> {
    let names: Vec<String> = split(names)
        .map(str::trim)
        .map(|name| if name.starts_with('{') { name.to_owned() } else { format!("{name:?}") })
        .collect();
    match names.iter().any(|name| name == "\"\"") {
        true => Err(Failure::new(
            Exit::Usage,
            "--strategy: a name is missing; write it as direct,cache-aside; `cachebench list` has the names",
        )),
        false => Ok(format!("[{}]", names.join(", "))),
    }
}

/// The parts of a text between commas, those inside of braces and brackets aside.
pub fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    text.split(move |letter: char| {
        depth += match letter {
            '{' | '[' => 1,
            '}' | ']' => -1,
            _ => 0,
        };
        letter == ',' && depth == 0
    })
}

/// A number with a unit of thousands, or none.
fn number(text: &str) -> Option<f64> {
    let (digits, unit) = match text.as_bytes().last()? {
        b'K' | b'k' => (&text[..text.len() - 1], 1e3),
        b'M' | b'm' => (&text[..text.len() - 1], 1e6),
        _ => (text, 1.0),
    };
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit() || b"_.".contains(&byte));
    let number = digits.replace('_', "").parse::<f64>().ok().filter(|_| is_plain)? * unit;
    Some(number).filter(|number| *number > 0.0)
}

fn rate(text: &str) -> Result<f64, String> {
    let text = text.strip_suffix("/s").unwrap_or(text);
    number(text).ok_or_else(|| "write operations per second, above 0, as 2000, 2k or 1.5k".into())
}

fn count(text: &str) -> Result<u64, String> {
    let whole = number(text).filter(|number| number.fract() == 0.0 && *number < 1e15);
    whole
        .map(|number| number as u64)
        .ok_or_else(|| "write a whole number above 0, as 5000, 5_000 or 5k".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_counts_have_a_unit_or_none() {
        assert_eq!(["2000", "2_000", "2k", "2K/s"].map(|text| rate(text).ok()), [Some(2_000.0); 4]);
        assert_eq!(rate("1.5M").ok(), Some(1_500_000.0));
        assert_eq!(["0", "-5", "k", "", "1e3", "inf", "2x"].map(|text| rate(text).is_err()), [true; 7]);
        assert_eq!(["5000", "5k"].map(|text| count(text).ok()), [Some(5_000); 2]);
        assert_eq!(["0", "1.5", "many"].map(|text| count(text).is_err()), [true; 3]);
    }

    #[test]
    fn each_flag_that_was_given_is_told_with_its_value_and_its_setting() {
        let flags = Flags { rate: Some(1_500.0), repeat: Some(3), ..Flags::default() };
        assert_eq!(flags.given(), [("--rate", "1500".to_owned()), ("--repeat", "3".to_owned())]);
        let set: Vec<_> = flags.overrides().unwrap().into_iter().map(|one| one.assignment).collect();
        assert_eq!(set, ["traffic.load.open.rate=1500", "compare.repeat=3"]);
    }

    #[test]
    fn strategies_stand_between_commas_and_may_have_options() {
        let all =
            strategies("direct, { write-behind = { batch = 5, flush_every = '1s' } },cache-aside").unwrap();
        assert_eq!(all, r#"["direct", { write-behind = { batch = 5, flush_every = '1s' } }, "cache-aside"]"#);
        assert!(strategies("direct,").is_err() && strategies("").is_err());
    }
}
