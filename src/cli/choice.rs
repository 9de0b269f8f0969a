use serde::Deserialize;

use crate::registry::Choice;

/// What an argument chooses: a name alone, or the table of a workload file, `{ csv = { key = 2 } }`.
///
/// # Errors
/// When it is such a table, and a wrong one.
pub fn choice(text: &str) -> Result<Choice, String> {
    #[derive(Deserialize)]
    struct Setting {
        chosen: Choice,
    }
    let text = text.trim();
    if !text.starts_with('{') {
        return Ok(Choice::named(text));
    }
    let setting: Setting = toml::from_str(&format!("chosen = {text}")).map_err(|error| {
        format!("{}; write it as a name, or as {{ name = {{ option = 2 }} }}", error.message())
    })?;
    Ok(setting.chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_a_name_or_a_table() {
        assert_eq!(choice(" csv").unwrap(), Choice::named("csv"));
        assert_eq!(choice("{ csv = { key = 2 } }").unwrap().label(), "csv (key=2)");
        assert!(choice("{ csv = ").unwrap_err().contains("write it as a name"));
    }
}
