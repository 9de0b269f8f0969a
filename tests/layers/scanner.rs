/// A module of the crate's root that a file uses, and where.
#[derive(Debug)]
pub struct Use {
    /// `*` where it cannot be told which.
    pub module: String,
    pub line: usize,
}

/// What a file uses of its crate: each path that starts at the root, by whatever way it gets there.
/// `module` is the path of the file's own module.
pub fn uses(text: &str, module: &[String]) -> Vec<Use> {
    let tokens = tokens(text);
    let at = |i: usize| tokens.get(i).map_or("", |token| token.text);
    let mut found = Vec::new();
    let mut inline = Inline::default();
    let mut i = 0;
    while i < tokens.len() {
        inline.pass(at(i), at(i + 1), at(i + 2));
        let starts = i == 0 || at(i - 1) != "::";
        match at(i) {
            "crate" | "cachebench" if starts && at(i + 1) == "::" => branches(&tokens, i + 2, &mut found),
            "crate" if at(i + 1) == "as" => found.push(Use { module: "*".into(), line: tokens[i].line }),
            "super" if starts => {
                let mut levels = 1;
                while at(i + 1) == "::" && at(i + 2) == "super" {
                    levels += 1;
                    i += 2;
                }
                if at(i + 1) == "::" && levels == module.len() + inline.depth() {
                    branches(&tokens, i + 2, &mut found);
                }
            }
            _ => {}
        }
        i += 1;
    }
    found
}

/// The modules written in braces around a token.
#[derive(Default)]
struct Inline {
    braces: usize,
    /// For each, the braces that were open before it.
    modules: Vec<usize>,
    opens: bool,
}

impl Inline {
    fn pass(&mut self, token: &str, next: &str, after: &str) {
        match token {
            "mod" if after == "{" && !next.is_empty() => self.opens = true,
            "{" => {
                if std::mem::take(&mut self.opens) {
                    self.modules.push(self.braces);
                }
                self.braces += 1;
            }
            "}" => {
                self.braces = self.braces.saturating_sub(1);
                if self.modules.last() == Some(&self.braces) {
                    self.modules.pop();
                }
            }
            _ => {}
        }
    }

    fn depth(&self) -> usize {
        self.modules.len()
    }
}

/// Notes what follows `crate::`: one name, or the first name of each branch of a group.
fn branches(tokens: &[Token], at: usize, found: &mut Vec<Use>) {
    let Some(first) = tokens.get(at) else { return };
    let mut note = |token: &Token| {
        let named = token.text.starts_with(|c: char| c.is_alphabetic() || c == '_') && token.text != "self";
        let module = if named { token.text } else { "*" };
        found.push(Use { module: module.into(), line: token.line });
    };
    if first.text != "{" {
        return note(first);
    }
    let (mut depth, mut begins) = (0, false);
    for token in &tokens[at..] {
        match token.text {
            "{" => {
                depth += 1;
                begins = depth == 1;
            }
            "}" if depth == 1 => return,
            "}" => depth -= 1,
            "," if depth == 1 => begins = true,
            _ if begins => {
                note(token);
                begins = false;
            }
            _ => {}
        }
    }
}

struct Token<'a> {
    text: &'a str,
    line: usize,
}

/// The names and signs of a Rust source, without its comments, texts, characters and lifetimes.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let skipped = skip(rest, word);
        let length = match skipped {
            Some(length) => length,
            None if rest.starts_with("::") => 2,
            None => word.max(first.len_utf8()),
        };
        if skipped.is_none() && !first.is_whitespace() {
            let line = text[..text.len() - rest.len()].matches('\n').count() + 1;
            tokens.push(Token { text: &rest[..length], line });
        }
        rest = &rest[length..];
    }
    tokens
}

/// How much of `rest` stands for nothing, if it begins so; its first `word` bytes are letters and digits.
fn skip(rest: &str, word: usize) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    if let "r" | "br" | "cr" = &rest[..word] {
        let hashes = rest[word..].bytes().take_while(|&byte| byte == b'#').count();
        if rest[word + hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = word + hashes + 1;
            return Some(rest[body..].find(&end).map_or(rest.len(), |at| body + at + end.len()));
        }
    }
    if rest.starts_with('"') {
        return Some(quoted(rest, '"'));
    }
    if let Some(after) = rest.strip_prefix('\'') {
        let mut characters = after.chars();
        let (first, second) = (characters.next(), characters.next());
        // `'a'` is a character, `'a` a lifetime.
        let character = first == Some('\\') || second == Some('\'');
        return Some(if character { quoted(rest, '\'') } else { 1 });
    }
    None
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let sign = &rest.as_bytes()[at..rest.len().min(at + 2)];
        match sign {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            break;
        }
    }
    at.min(rest.len())
}

/// The length of a text or character in `quotes`, both quotes included.
fn quoted(rest: &str, quotes: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quotes => return at + 1,
            _ => {}
        }
    }
    rest.len()
}
