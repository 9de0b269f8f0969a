use crate::cli::exit::{Exit, Failure};
use crate::registry::closest;

// `FILES`: name and text of each file in workloads/, made by build.rs.
include!(concat!(env!("OUT_DIR"), "/workloads.rs"));

/// A workload that comes with the program.
pub struct Shipped {
    /// Its file without `.toml`.
    pub name: &'static str,
    pub text: &'static str,
}

/// All of them, by name.
pub fn all() -> impl Iterator<Item = Shipped> {
    FILES.iter().filter_map(|(file, text)| Some(Shipped { name: file.strip_suffix(".toml")?, text }))
}

/// The one with this name; `.toml` may stand behind it, and a folder before it.
///
/// # Errors
/// When there is none, with the name that was probably meant.
pub fn named(name: &str) -> Result<Shipped, Failure> {
    let plain = name.rsplit('/').next().unwrap_or(name);
    let plain = plain.strip_suffix(".toml").unwrap_or(plain);
    all().find(|workload| workload.name == plain).ok_or_else(|| {
        let help = match closest(plain, all().map(|workload| workload.name)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`cachebench init --list` tells them all".into(),
        };
        Failure::new(Exit::Usage, format!("--from: no workload `{name}` comes with cachebench; {help}"))
    })
}

/// The text of a file that a shipped workload reads.
pub fn beside(file: &str) -> Option<&'static str> {
    FILES.iter().find(|(name, _)| *name == file).map(|(_, text)| *text)
}

impl Shipped {
    /// The question that it answers.
    pub fn question(&self) -> String {
        let is_comment = |line: &&str| line.starts_with("# ");
        let lines = self.own_text().lines().take_while(is_comment);
        lines.map(|line| line.trim_start_matches("# ")).collect::<Vec<_>>().join(" ")
    }

    /// Its text without the line for editors, which names a file by where this one is.
    pub fn own_text(&self) -> &'static str {
        match self.text.split_once('\n') {
            Some((first, rest)) if first.starts_with("#:") => rest,
            _ => self.text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_in_the_program() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "README.md")
            .collect();
        files.sort();
        assert_eq!(files, FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        assert!(all().all(|workload| workload.question().contains('?')));
    }

    #[test]
    fn a_wrong_name_is_told_the_right_one() {
        assert_eq!(named("workloads/quickstart.toml").unwrap().name, "quickstart");
        let told = |name| format!("{:?}", named(name).err().unwrap().cause);
        assert!(told("quickstrat").contains("did you mean `quickstart`?"));
        assert!(told("zzzzzz").contains("init --list"));
    }
}
