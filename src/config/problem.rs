use std::fmt;

use super::source::Origin;

/// One thing that is wrong with a workload file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in a lower-case fragment that can stand alone.
    pub title: String,
    pub origin: Origin,
    /// A few words under the place itself.
    pub label: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// A second place that explains the first, and what it is.
    pub context: Option<(Origin, String)>,
}

impl Problem {
    pub fn new(origin: Origin, title: impl Into<String>) -> Problem {
        Problem { title: title.into(), origin, label: None, help: None, context: None }
    }

    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Problem {
        self.label = Some(label.into());
        self
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn with_context(mut self, origin: Origin, label: impl Into<String>) -> Problem {
        self.context = Some((origin, label.into()));
        self
    }
}

/// On one line, for logs and for readers without the text: place, title, label, help.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.title)?;
        if let Some(label) = &self.label {
            write!(f, ": {label}")?;
        }
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a workload file.
///
/// Reported by source, then by position, in whatever order they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub fn new() -> Problems {
        Problems::default()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a problem, unless the same thing was already said of the same place.
    pub fn push(&mut self, problem: Problem) {
        if self.0.iter().all(|known| known.origin != problem.origin || known.title != problem.title) {
            self.0.push(problem);
        }
    }

    pub fn merge(&mut self, other: Problems) {
        self.extend(other.0);
    }

    /// In the order they are reported.
    pub fn sorted(&self) -> Vec<&Problem> {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort_by_key(|problem| problem.origin.order());
        sorted
    }

    /// `value`, if nothing is wrong.
    ///
    /// # Errors
    /// These problems, if there are any.
    pub fn or<T>(self, value: T) -> Result<T, Problems> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Problems {
        Problems(vec![problem])
    }
}

impl Extend<Problem> for Problems {
    fn extend<I: IntoIterator<Item = Problem>>(&mut self, problems: I) {
        problems.into_iter().for_each(|problem| self.push(problem));
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.sorted().into_iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
