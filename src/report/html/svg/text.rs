/// The size of letters by which room is left; on wide screens they are a little smaller.
pub const SIZE: f64 = 15.0;
/// From one line to the next.
pub const LINE: f64 = 19.0;

/// About how wide a text is, in the units of the drawing; rather more than less.
pub fn width(text: &str) -> f64 {
    let of = |letter: char| match letter {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | ' ' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | '('
        | ')' | '/' => 0.36,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.92,
        'A'..='Z' => 0.72,
        '+' | '−' | '=' | '<' | '>' | '~' => 0.84,
        '0'..='9' => 0.64,
        _ => 0.58,
    };
    text.chars().map(of).sum::<f64>() * SIZE
}

/// A text in lines that are no wider than that; a word that is wider alone is broken.
pub fn wrapped(text: &str, most: f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut put = |word: &str, gap: &str| {
        let line = &mut lines[0];
        let joined = format!("{line}{}{word}", if line.is_empty() { "" } else { gap });
        if line.is_empty() || width(&joined) <= most {
            *line = joined;
        } else {
            lines.insert(0, word.to_owned());
        }
    };
    for word in text.split_whitespace() {
        if width(word) <= most {
            put(word, " ");
            continue;
        }
        for (number, letter) in word.chars().enumerate() {
            put(letter.encode_utf8(&mut [0; 4]), if number == 0 { " " } else { "" });
        }
    }
    lines.reverse();
    lines
}

/// A text as XML has it.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            // No document may hold these, however they are written.
            control if control.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_no_wider_than_asked() {
        let label = "stale-while-revalidate (stale=1s, guard=none) · 4 nodes · modulo";
        for most in [60.0, 120.0, 300.0] {
            let lines = wrapped(label, most);
            assert!(lines.iter().all(|line| width(line) <= most), "{lines:?}");
            let whole = |text: &str| text.replace(' ', "");
            assert_eq!(whole(&lines.concat()), whole(label));
        }
        assert_eq!(wrapped("two words", 500.0), ["two words"]);
        assert_eq!(wrapped("", 500.0), [""]);
    }

    #[test]
    fn markup_in_a_text_stays_text() {
        assert_eq!(escaped("<b a='1'>&\"\u{1}"), "&lt;b a=&#39;1&#39;&gt;&amp;&quot; ");
    }
}
