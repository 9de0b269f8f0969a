use super::exit::{Exit, Failure};
use crate::measure::{Expectation, ExpectationError, names};

/// The expectations of a flag.
pub fn expectations(flag: &str, texts: &[String]) -> Result<Vec<Expectation>, Failure> {
    texts.iter().map(|text| text.parse().map_err(|error| wrong(flag, &error))).collect()
}

/// The metric that a flag names.
pub fn metric(flag: &str, name: &str) -> Result<String, Failure> {
    match names().iter().any(|(known, _)| known == name) {
        true => Ok(name.to_owned()),
        false => Err(wrong(flag, &ExpectationError::Metric(name.to_owned()))),
    }
}

/// A text of a flag that is no expectation.
pub fn wrong(flag: &str, error: &ExpectationError) -> Failure {
    let help = error.help().map_or(String::new(), |help| format!("; {help}"));
    Failure::new(Exit::Usage, format!("{flag}: {error}{help}"))
}
