use tabled::grid::util::string::{get_char_width, get_line_width};

/// Before what continues a line of prose.
const INDENT: &str = "  ";

/// The lines of a text, of at most so many columns each; words are kept whole where they fit.
pub fn fold(text: &str, columns: usize) -> String {
    text.split('\n').flat_map(|line| parts(line, columns, "")).collect::<Vec<_>>().join("\n")
}

/// A report for a terminal of this width, if it has one: lines that are not of a table are folded, and what continues one
/// is indented.
pub fn prose(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else { return text.to_owned() };
    let of_line = |line: &str| match line.chars().next() {
        Some('╭' | '│' | '├' | '╰') => vec![line.to_owned()],
        _ => parts(line, width, INDENT),
    };
    text.split('\n').flat_map(of_line).collect::<Vec<_>>().join("\n")
}

/// One line as several, those after the first behind an indent.
fn parts(line: &str, columns: usize, indent: &str) -> Vec<String> {
    if get_line_width(line) <= columns {
        return vec![line.to_owned()];
    }
    // Where an indent takes all the room, there is none.
    let indent = if indent.len() * 4 > columns { "" } else { indent };
    let mut lines = vec![String::new()];
    let begin = |lines: &mut Vec<String>| lines.push(indent.to_owned());
    let mut room = columns;
    for (place, word) in line.split(' ').enumerate() {
        let width = get_line_width(word);
        let space = usize::from(place > 0 && room < columns);
        if width + space > room && room < columns {
            begin(&mut lines);
            room = columns - indent.len();
        } else if space == 1 {
            push(&mut lines, ' ');
            room -= 1;
        }
        for letter in word.chars() {
            let width = get_char_width(letter);
            if width > room {
                begin(&mut lines);
                room = columns - indent.len();
            }
            push(&mut lines, letter);
            room = room.saturating_sub(width);
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

fn push(lines: &mut [String], letter: char) {
    if let Some(line) = lines.last_mut() {
        line.push(letter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_whole_where_they_fit() {
        assert_eq!(fold("DB loads per read", 8), "DB loads\nper read");
        assert_eq!(fold("hits after\nwrite", 20), "hits after\nwrite");
        assert_eq!(fold("throughput", 4), "thro\nughp\nut");
        assert_eq!(fold("a throughput", 5), "a\nthrou\nghput");
        assert_eq!(fold("記憶装置", 4), "記憶\n装置");
    }

    #[test]
    fn prose_is_folded_and_tables_are_not() {
        let text = "a line that is too long\n│ a row │\n";
        assert_eq!(prose(text, None), text);
        assert_eq!(prose(text, Some(12)), "a line that\n  is too\n  long\n│ a row │\n");
        for columns in 1..40 {
            let folded =
                prose("note: cache-aside: a_very_long_word, and  some 記憶装置 more", Some(columns.max(2)));
            assert!(folded.lines().all(|line| get_line_width(line) <= columns.max(2)), "{columns}: {folded}");
        }
    }
}
