use super::exit::{Exit, Failure};
use crate::measure::{Expectation, ExpectationError, names};
use crate::registry::closest;

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

fn wrong(flag: &str, error: &ExpectationError) -> Failure {
    let help = match error {
        ExpectationError::Metric(name) => {
            let names = names();
            match closest(name, names.iter().map(|(name, _)| name.as_str())) {
                Some(meant) => format!("; did you mean `{meant}`?"),
                None => "; docs/guide.md lists them under \"Metrics\"".into(),
            }
        }
        _ => String::new(),
    };
    Failure::new(Exit::Usage, format!("{flag}: {error}{help}"))
}
