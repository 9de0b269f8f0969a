use std::path::Path;

/// What a file is recognised by: its name and its first bytes.
pub(super) struct Sample<'a> {
    /// In lower case, without the folder and the suffix of a compression.
    name: String,
    head: &'a [u8],
}

impl<'a> Sample<'a> {
    /// How many bytes a sample takes from a file.
    pub(super) const LENGTH: usize = 4096;
    /// How many lines are looked at.
    const LINES: usize = 8;

    /// A sample of the file at `path`, whose decompressed content begins with `head`.
    pub(super) fn new(path: impl AsRef<Path>, head: &'a [u8]) -> Sample<'a> {
        let name = path.as_ref().file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let name =
            [".gz", ".xz", ".zst"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(&name);
        Sample { name: name.to_owned(), head: head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head) }
    }

    pub(super) fn name_ends_with(&self, suffix: &str) -> bool {
        self.name.ends_with(suffix)
    }

    /// The first bytes, without the mark that Windows puts before text.
    pub(super) fn head(&self) -> &'a [u8] {
        self.head
    }

    /// Whether it can be text: UTF-8 without control characters.
    pub(super) fn is_text(&self) -> bool {
        let utf8 = match std::str::from_utf8(self.head) {
            Ok(_) => true,
            // The sample may end inside a character.
            Err(error) => error.error_len().is_none(),
        };
        let control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
        utf8 && !self.head.iter().any(control)
    }

    /// The first lines that are not blank, without the blanks around them. A line that the sample
    /// may have cut counts only if it is the only one.
    pub(super) fn lines(&self) -> impl Iterator<Item = &'a [u8]> {
        let whole = self.head.iter().rposition(|byte| *byte == b'\n');
        let end = whole.filter(|_| self.head.len() >= Sample::LENGTH).unwrap_or(self.head.len());
        let lines = self.head[..end].split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        lines.filter(|line| !line.is_empty()).take(Sample::LINES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_loses_its_folder_and_its_compression() {
        for path in ["traces.bin/day.CSV", "day.csv.zst", "./day.csv.GZ"] {
            assert!(Sample::new(path, b"").name_ends_with(".csv"), "{path}");
        }
    }

    #[test]
    fn text_is_told_from_binary_even_when_a_character_is_cut() {
        for (head, text) in [
            (&b"key,1\r\n\t"[..], true),
            ("é".as_bytes(), true),
            (b"a\xc3", true),
            (b"a\xc3b", false),
            (b"a\0", false),
        ] {
            assert_eq!(Sample::new("a", head).is_text(), text, "{head:?}");
        }
    }

    #[test]
    fn a_line_that_the_sample_cut_is_left_out() {
        let head = [b"first\n\nsecond\n".to_vec(), vec![b'x'; Sample::LENGTH]].concat();
        let sample = Sample::new("a", &head[..Sample::LENGTH]);
        assert_eq!(sample.lines().collect::<Vec<_>>(), [&b"first"[..], b"second"]);
    }
}
