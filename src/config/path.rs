use std::fmt;
use std::ops::Range;

/// One name of a dotted path, and which bytes of the path it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub name: String,
    pub span: Range<usize>,
}

/// A path that cannot be read, and where it goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PathError {
    pub message: &'static str,
    pub span: Range<usize>,
}

/// The names of a dotted path; a name that holds a dot stands in quotes: `compare."cache.ttl"`.
///
/// # Errors
/// When a name is empty or a quote is left open.
pub fn segments(path: &str) -> Result<Vec<Segment>, PathError> {
    let mut segments = Vec::new();
    let mut start = 0;
    loop {
        let rest = &path[start..];
        let indent = rest.len() - rest.trim_start().len();
        let (name, end) = match rest[indent..].chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inside = start + indent + 1;
                let length = path[inside..].find(quote).ok_or_else(|| PathError {
                    message: "this quote is never closed",
                    span: inside - 1..path.len(),
                })?;
                let after = inside + length + 1;
                let gap = path[after..].find('.').unwrap_or(path.len() - after);
                if !path[after..after + gap].trim().is_empty() {
                    return Err(PathError {
                        message: "expected a dot after the quoted name",
                        span: after..after + gap,
                    });
                }
                (&path[inside..inside + length], after + gap)
            }
            _ => {
                let length = rest.find('.').unwrap_or(rest.len());
                (rest[..length].trim(), start + length)
            }
        };
        let span = start + indent..start + path[start..end].trim_end().len();
        if name.is_empty() {
            return Err(PathError { message: "a name is missing here", span: start..end });
        }
        segments.push(Segment { name: name.to_owned(), span });
        if end == path.len() {
            return Ok(segments);
        }
        start = end + 1;
    }
}

/// The bytes before the first `=` that is not inside quotes.
pub(super) fn before_equals(assignment: &str) -> Option<&str> {
    let mut open = None;
    for (index, letter) in assignment.char_indices() {
        match (open, letter) {
            (None, '=') => return Some(&assignment[..index]),
            (None, '"' | '\'') => open = Some(letter),
            (Some(quote), _) if quote == letter => open = None,
            _ => {}
        }
    }
    None
}

/// Where the walk through a document stands, for messages; prints as a path that `--set` accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingPath(Vec<String>);

impl SettingPath {
    #[must_use]
    pub fn join(&self, name: &str) -> SettingPath {
        SettingPath(self.0.iter().cloned().chain([name.to_owned()]).collect())
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl<S: AsRef<str>> FromIterator<S> for SettingPath {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> SettingPath {
        SettingPath(names.into_iter().map(|name| name.as_ref().to_owned()).collect())
    }
}

impl fmt::Display for SettingPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            let dot = if index > 0 { "." } else { "" };
            let bare = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
            let quote = if !name.is_empty() && name.chars().all(bare) { "" } else { "\"" };
            write!(f, "{dot}{quote}{name}{quote}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str) -> Vec<(String, &str)> {
        let segments = segments(path).unwrap();
        segments.into_iter().map(|segment| (segment.name, &path[segment.span])).collect()
    }

    #[test]
    fn a_path_is_names_between_dots_and_quotes_hold_dots() {
        assert_eq!(names("a.b-c"), [("a".into(), "a"), ("b-c".into(), "b-c")]);
        assert_eq!(
            names(r#"compare . "cache.ttl".0"#),
            [("compare".into(), "compare"), ("cache.ttl".into(), "\"cache.ttl\""), ("0".into(), "0")]
        );
        assert_eq!(segments("a..b").unwrap_err().span, 2..2);
        assert_eq!(segments("a.'b").unwrap_err().span, 2..4);
        assert!(segments("").is_err() && segments("'a'b.c").is_err());
        let path: SettingPath = ["compare", "cache.ttl"].iter().collect();
        assert_eq!(path.to_string(), r#"compare."cache.ttl""#);
    }
}
