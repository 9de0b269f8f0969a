use super::exact::forget_compared;
use super::path::segments;
use super::{Document, Problems};

/// A setting from outside of the workload file: a `--set`, or a flag that stands for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// What messages call it.
    pub by: &'static str,
    /// As in `traffic.duration=5s`.
    pub assignment: String,
    /// Settings that say another thing about the same matter, and give way.
    pub instead_of: &'static [&'static str],
}

impl Override {
    /// What a user sets by its path.
    pub fn set(assignment: &str) -> Override {
        Override { by: "--set", assignment: assignment.to_owned(), instead_of: &[] }
    }

    /// Applies it; what is set from outside is not compared any more.
    ///
    /// # Errors
    /// As those of [`Document::set`].
    pub(super) fn apply(&self, document: &mut Document) -> Result<(), Problems> {
        for path in self.instead_of {
            document.remove(path);
            forget_compared(document, path);
        }
        let done = document.impose(self.by, &self.assignment);
        let path = self.assignment.split('=').next().unwrap_or_default().trim();
        document.remove(&format!("compare.\"{path}\""));
        if !self.instead_of.is_empty() {
            forget_around(document, path);
        }
        done
    }
}

/// Takes out of the comparison whatever the setting at `path` is a part of: it would replace the setting again.
fn forget_around(document: &mut Document, path: &str) {
    let mut around = String::new();
    for segment in segments(path).unwrap_or_default() {
        around += &segment.name;
        document.remove(&format!("compare.\"{around}\""));
        around.push('.');
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{LoadSetting, load_changed};

    const TEXT: &str = "name = \"w\"\n[data]\nrows = 10\n[traffic]\nload = { closed = { clients = 2 } }\noperations = 5\n\
        [compare]\n\"traffic.load\" = [{ closed = { clients = 3 } }, { closed = { clients = 4 } }]\n";

    fn loads(overrides: &[Override]) -> Vec<LoadSetting> {
        let loaded = load_changed(Path::new("w.toml"), TEXT.into(), overrides, None).unwrap();
        loaded.cells.into_iter().map(|cell| cell.workload.traffic.load).collect()
    }

    #[test]
    fn a_flag_takes_the_place_of_what_says_another_thing_and_of_what_is_compared() {
        assert_eq!(loads(&[]).len(), 2);
        let rate = Override {
            by: "--rate",
            assignment: "traffic.load.open.rate=50".into(),
            instead_of: &["traffic.load.closed"],
        };
        let loads = loads(std::slice::from_ref(&rate));
        assert!(
            matches!(loads.as_slice(), [LoadSetting::Open(open)] if open.rate.is_some_and(|it| it.0 == 50.0))
        );
    }

    #[test]
    fn the_last_one_that_is_set_wins() {
        let duration = |by, time: &str| Override {
            by,
            assignment: format!("traffic.duration={time}"),
            instead_of: &["traffic.operations"],
        };
        let both = [duration("--duration", "5s"), Override::set("traffic.duration=7s")];
        let loaded = load_changed(Path::new("w.toml"), TEXT.into(), &both, None).unwrap();
        assert_eq!(loaded.workload.traffic.duration, Some("7s".parse().unwrap()));
        assert_eq!(loaded.workload.traffic.operations, None);
    }
}
