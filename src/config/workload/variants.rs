use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Report, Workload};
use crate::model::Key;
use crate::strategy::Lists;

/// Which entries of a row are taken out of the cache when it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TakenOut {
    /// All of them: the names are made from the row's id.
    #[default]
    All,
    /// The row's own alone; the others are old until their TTL.
    Own,
}

impl TakenOut {
    pub fn is_all(&self) -> bool {
        *self == TakenOut::All
    }
}

/// The most variants of a row.
const MOST: usize = 16;

impl Workload {
    /// The marks of the names of a row's other entries.
    pub fn marks(&self) -> Vec<String> {
        self.cache.variants.iter().map(|name| format!("{name}:")).collect()
    }

    /// The entries of row 0 alone under a template: its own first, then its variants.
    pub fn entries_of(&self, template: &Key) -> Vec<Key> {
        let marks = self.marks();
        let variants = (1..).zip(&marks).map(|(number, mark)| template.of_variant(number, mark));
        std::iter::once(*template).chain(variants).collect()
    }

    /// The keys by which reads ask for row 0: those of its entries, then that of its list.
    pub fn asked_by(&self, template: &Key) -> Vec<Key> {
        let mut keys = self.entries_of(template);
        let list = self.lists().map(|lists| template.of_variant(lists.variant, "list:"));
        keys.extend(list);
        keys
    }

    /// Which keys ask for lists, where there are any.
    pub fn lists(&self) -> Option<Lists> {
        let variant = self.cache.variants.len() as u8 + 1;
        self.cache.lists.map(|rows| Lists { variant, rows })
    }

    /// How many entries of a row go with its own when it is written.
    pub fn taken_along(&self) -> u8 {
        match self.cache.taken_out {
            TakenOut::All => self.cache.variants.len() as u8 + u8::from(self.cache.lists.is_some()),
            TakenOut::Own => 0,
        }
    }
}

/// Reports what makes no sense about variants.
pub(super) fn check(workload: &Workload, report: &mut Report) {
    let cache = &workload.cache;
    let names = &cache.variants;
    if names.len() > MOST {
        report.wrong("cache.variants", format!("a row has {MOST} variants at most"));
    }
    for (place, name) in names.iter().enumerate() {
        let fits =
            (1..Key::MAX_MARK).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase());
        let path = format!("cache.variants.{place}");
        if !fits || ["stock", "list"].contains(&name.as_str()) {
            let title = format!("`{name}` is no name of a variant");
            report.refuse(
                &path,
                title,
                "write 1 to 8 small letters, as in \"slug\"; `stock` and `list` are taken",
            );
        } else if names[..place].contains(name) {
            report.refuse(&path, format!("`{name}` is there twice"), "leave out one of them");
        }
    }
    if cache.lists.is_some_and(|rows| !(2..=1_000).contains(&rows)) {
        report.wrong("cache.lists", "a list has 2 to 1000 rows");
    }
    if names.is_empty() && cache.lists.is_none() {
        if !cache.taken_out.is_all() {
            report.refuse(
                "cache.taken_out",
                "a row has one entry only",
                "set cache.variants or cache.lists, or leave this out",
            );
        }
        return;
    }
    let conduct = workload.conduct();
    if conduct.cache_first {
        let title = format!(
            "{}: what is written to the cache first is there under one name",
            workload.strategy.label()
        );
        let path = if names.is_empty() { "cache.lists" } else { "cache.variants" };
        report.refuse(path, title, "use another strategy, or leave it out");
    }
    for (path, what, is_set) in [
        ("cache.prewarm", "rows to load ahead", !cache.prewarm.is_none()),
        ("cache.hot_keys", "copies of hot keys", cache.hot_keys.is_some()),
    ] {
        if is_set {
            report.refuse(
                path,
                format!("{what}: under which name is not said"),
                "leave it out, or cache.variants",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::refused;

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        refused(&[
            ("ttl = \"5s\"", "variants = [\"slug\", \"Slug\"]", 9, "`Slug` is no name"),
            ("ttl = \"5s\"", "variants = [\"slug\", \"slug\"]", 9, "there twice"),
            ("ttl = \"5s\"", "taken_out = \"own\"", 9, "one entry only"),
            ("ttl = \"5s\"", "lists = 1", 9, "2"),
        ]);
    }
}
