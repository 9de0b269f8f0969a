use std::collections::BTreeMap;
use std::str::FromStr;

/// The lines of a Redis' answer to INFO, by their names.
pub(super) struct Info<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Info<'a> {
    pub fn read(text: &'a str) -> Info<'a> {
        Info(text.lines().filter_map(|line| line.split_once(':')).collect())
    }

    pub fn lines(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().map(|(name, value)| (*name, *value))
    }

    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).copied()
    }

    /// The number on a line; zero where it is missing or is none.
    pub fn number<T: FromStr + Default>(&self, name: &str) -> T {
        self.text(name).and_then(|value| value.parse().ok()).unwrap_or_default()
    }
}
