/// A word as a shell reads it.
pub fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:=@%,".contains(letter);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        assert_eq!(quoted("cache.ttl=1s,10s"), "cache.ttl=1s,10s");
        assert_eq!(["", "a < 1%", "it's", "$(x)"].map(quoted), ["''", "'a < 1%'", "'it'\\''s'", "'$(x)'"]);
    }
}
