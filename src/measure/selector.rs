use std::fmt;

use serde_json::Value as Json;

use super::CellSetting;
use super::summary::label_of;

/// Which cells something is about, as users write it: `{strategy=cache-aside, ttl=1s}`; without conditions, all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    pub conditions: Vec<Condition>,
}

/// One value that a cell must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The path of a compared setting, or its last part; `cell` is the whole label of a cell.
    pub name: String,
    /// The label of the value, or the name of what is chosen without its options.
    pub value: String,
}

/// The name of the condition on the label of a cell.
const CELL: &str = "cell";
/// The setting that every cell has, compared or not.
const STRATEGY: &str = "strategy";

impl Selector {
    /// Reads what stands behind a `{`, up to its `}`, and returns the rest of the text.
    ///
    /// Values in quotes may hold anything but those quotes; without them, a comma ends a value unless it is in parentheses.
    pub(super) fn read(text: &str) -> Option<(Selector, &str)> {
        let (mut conditions, mut rest) = (Vec::new(), text);
        loop {
            let (name, after) = rest.split_once('=')?;
            let (value, after) = value(after)?;
            let condition = Condition { name: name.trim().to_owned(), value };
            let is_name = |letter: char| letter.is_alphanumeric() || "._-\"".contains(letter);
            if condition.name.is_empty() || condition.value.is_empty() || !condition.name.chars().all(is_name)
            {
                return None;
            }
            conditions.push(condition);
            let after = after.trim_start();
            if let Some(rest) = after.strip_prefix('}') {
                return Some((Selector { conditions }, rest));
            }
            rest = after.strip_prefix(',')?;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Whether a cell with these settings and this strategy is one of those that are meant.
    pub fn chooses(&self, settings: &[CellSetting], strategy: &str) -> bool {
        self.conditions.iter().all(|condition| condition.is_met(settings, strategy))
    }
}

/// A value up to what ends it, and the rest of the text from there.
fn value(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    if let Some(quote) = text.chars().next().filter(|letter| "\"'".contains(*letter)) {
        let (value, rest) = text[1..].split_once(quote)?;
        return Some((value.to_owned(), rest));
    }
    let mut depth = 0usize;
    let is_end = |(_, letter): &(usize, char)| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '}' => return true,
            ',' => return depth == 0,
            _ => {}
        }
        false
    };
    let (end, _) = text.char_indices().find(is_end)?;
    Some((text[..end].trim().to_owned(), &text[end..]))
}

impl Condition {
    /// Whether it is about the setting at `path`.
    pub fn is_about(&self, path: &str) -> bool {
        path.strip_suffix(self.name.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    }

    /// Whether it is about the label of a cell.
    pub fn is_about_label(&self) -> bool {
        self.name == CELL
    }

    /// Whether it is about the strategy of a cell.
    pub fn is_about_strategy(&self) -> bool {
        self.name == STRATEGY
    }

    /// Whether a cell has the value.
    pub fn is_met(&self, settings: &[CellSetting], strategy: &str) -> bool {
        if self.is_about_label() {
            return label_of(settings, strategy) == self.value;
        }
        let mut meant = settings.iter().filter(|setting| self.is_about(&setting.path)).peekable();
        if meant.peek().is_none() {
            return self.is_about_strategy() && strategy == self.value;
        }
        meant.any(|setting| self.is_value(setting))
    }

    fn is_value(&self, setting: &CellSetting) -> bool {
        let number = || self.value.replace('_', "").parse::<f64>().ok();
        setting.label == self.value
            || match &setting.value {
                Json::String(name) => *name == self.value,
                // A choice with options.
                Json::Object(choice) => choice.len() == 1 && choice.contains_key(&self.value),
                Json::Number(value) => value.as_f64().is_some() && value.as_f64() == number(),
                _ => false,
            }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return Ok(());
        }
        let all: Vec<String> = self.conditions.iter().map(Condition::to_string).collect();
        write!(f, "{{{}}}", all.join(", "))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = match self.value.contains(['{', '}', ',', '\'']) {
            true => "\"",
            false if self.value.contains('"') => "'",
            false => "",
        };
        write!(f, "{}={quote}{}{quote}", self.name, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(path: &str, value: serde_json::Value, label: &str) -> CellSetting {
        CellSetting { path: path.into(), value, label: label.into() }
    }

    fn chooses(text: &str, settings: &[CellSetting]) -> bool {
        let (selector, rest) = Selector::read(text).unwrap();
        assert_eq!(rest, " < 1");
        let (again, _) = Selector::read(&format!("{} < 1", &selector.to_string()[1..])).unwrap();
        assert_eq!(again, selector, "{selector}");
        selector.chooses(settings, "write-behind")
    }

    #[test]
    fn a_setting_goes_by_its_path_or_its_last_part_and_a_value_by_its_label_or_its_name() {
        let options = serde_json::json!({ "write-behind": { "flush_every": "50ms", "batch": 5 } });
        let cell = [
            setting("strategy", options, "write-behind (flush_every=50ms, batch=5)"),
            setting("cache.ttl", "1s".into(), "1s"),
            setting("data.rows", 100_000.into(), "100000"),
        ];
        for (selector, expected) in [
            ("strategy=write-behind} < 1", true),
            ("strategy=write-behind (flush_every=50ms, batch=5), ttl = 1s } < 1", true),
            ("strategy=\"write-behind (flush_every=50ms, batch=5)\"} < 1", true),
            ("strategy='cache-aside'} < 1", false),
            ("cache.ttl=1s} < 1", true),
            ("ttl=1s, rows=100_000} < 1", true),
            ("ttl=1s, rows=100_001} < 1", false),
            ("tl=1s} < 1", false),
            ("cell=write-behind (flush_every=50ms, batch=5) · 1s · 100000} < 1", true),
            ("cell=write-behind} < 1", false),
        ] {
            assert_eq!(chooses(selector, &cell), expected, "{selector}");
        }
    }

    #[test]
    fn what_is_not_compared_is_chosen_by_its_strategy_alone() {
        assert!(chooses("strategy=write-behind} < 1", &[]) && chooses("cell=write-behind} < 1", &[]));
        assert!(!chooses("strategy=direct} < 1", &[]) && !chooses("ttl=1s} < 1", &[]));
    }

    #[test]
    fn what_is_no_selector_is_none() {
        for text in ["", "}", "strategy}", "=x}", "strategy=}", "a=b", "a=\"b}", "a=b,}", "a=b c=d", "a b=c}"]
        {
            assert!(Selector::read(text).is_none(), "{text}");
        }
    }
}
