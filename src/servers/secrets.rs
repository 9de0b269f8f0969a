use std::borrow::Cow;
use std::ops::Range;

const MASK: &str = "***";

/// Query parameters that hold no secret; the value of any other is hidden.
const HARMLESS: &[&str] = &[
    "application_name",
    "connect_timeout",
    "db",
    "dbname",
    "host",
    "hostaddr",
    "port",
    "protocol",
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "statement-cache-capacity",
    "target_session_attrs",
    "user",
];

/// What gives a secret away outside a query, as in `host=db password=…`.
const TELLING: &[&str] = &["password", "passwd", "pwd", "secret", "token"];

/// The URL with its password, and any query value that could be one, replaced by `***`.
///
/// For a malformed URL it would rather hide a host than show a password: an `@` may stand in a password that
/// was not encoded, so everything from the first `:` after the scheme to the last `@` is hidden.
pub fn redact(url: &str) -> String {
    let mut shown = String::new();
    let mut end = 0;
    for secret in secrets(url) {
        shown.push_str(&url[end..secret.start]);
        shown.push_str(MASK);
        end = secret.end;
    }
    shown + &url[end..]
}

/// Text that may hold URLs, with each byte of their secrets replaced by `*`, so that places in it stay.
///
/// What follows a URL on its line is taken as part of it: it would rather hide too much.
pub fn mask(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return text.into();
    }
    let mask_line = |line: &str| {
        let scheme = line.find("://").map(|at| {
            let before =
                line[..at].trim_end_matches(|it: char| it.is_ascii_alphanumeric() || "+.-".contains(it));
            before.len()
        });
        let Some(start) = scheme else { return line.to_owned() };
        let mut masked = line[..start].to_owned();
        let mut end = 0;
        let url = &line[start..];
        for secret in secrets(url) {
            masked.push_str(&url[end..secret.start]);
            masked.push_str(&"*".repeat(secret.len()));
            end = secret.end;
        }
        masked + &url[end..]
    };
    text.split('\n').map(mask_line).collect::<Vec<_>>().join("\n").into()
}

/// `message` without the secrets of `url`, raw or decoded: drivers word their errors as they like.
pub(super) fn scrub(message: &str, url: &str) -> String {
    let found =
        secrets(url).into_iter().flat_map(|range| [url[range.clone()].to_string(), decoded(&url[range])]);
    // A password of one or two letters would garble every word of the message.
    found
        .filter(|secret| secret.len() > 2)
        .fold(message.to_string(), |text, secret| text.replace(&secret, MASK))
}

/// Where secrets may stand, in order and without overlap.
fn secrets(url: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    found.extend(password_of_authority(url));
    found.extend(query_values(url));
    found.extend(telling_words(url));
    found.sort_by_key(|range| range.start);
    found.into_iter().fold(Vec::new(), |mut joined: Vec<Range<usize>>, next| {
        match joined.last_mut() {
            Some(last) if next.start <= last.end => last.end = last.end.max(next.end),
            _ => joined.push(next),
        }
        joined
    })
}

/// From the first `:` after the scheme to the last `@`, encoded ones included.
fn password_of_authority(url: &str) -> Option<Range<usize>> {
    let lower = url.to_ascii_lowercase();
    let from = match url.find("://") {
        Some(colon) if url[..colon].bytes().all(|it| it.is_ascii_alphanumeric() || b"+.-".contains(&it)) => {
            colon + 3
        }
        _ => 0,
    };
    let plain = lower[from..].find(':').map(|at| from + at + 1);
    let encoded = lower[from..].find("%3a").map(|at| from + at + 3);
    let start = plain.into_iter().chain(encoded).min()?;
    let end = lower.rfind('@').max(lower.rfind("%40"))?;
    (start <= end).then_some(start..end)
}

fn query_values(url: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let Some(mark) = url.find('?') else { return found };
    let mut start = mark + 1;
    for parameter in url[start..].split('&') {
        let end = start + parameter.len();
        if let Some((name, _)) = parameter.split_once('=')
            && !HARMLESS.contains(&name.to_ascii_lowercase().as_str())
        {
            found.push(start + name.len() + 1..end);
        }
        start = end + 1;
    }
    found
}

/// Outside a URL nothing says where a value ends, so all that follows is hidden.
fn telling_words(url: &str) -> Option<Range<usize>> {
    let before_query = url.find('?').unwrap_or(url.len());
    let lower = url[..before_query].to_ascii_lowercase();
    TELLING
        .iter()
        .filter_map(|word| {
            let end = lower.find(word)? + word.len();
            let rest = lower[end..].trim_start();
            rest.starts_with('=').then(|| lower.len() - rest.len() + 1)
        })
        .min()
        .map(|start| start..url.len())
}

/// Percent-decoded; what is no valid text afterwards is replaced.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_well_formed_url_loses_its_password_and_nothing_else() {
        for (url, shown) in [
            ("redis://:hunter2@host:6379/0", "redis://:***@host:6379/0"),
            (
                "postgres://me:hunter2@[::1]:5432/db?sslmode=require",
                "postgres://me:***@[::1]:5432/db?sslmode=require",
            ),
            ("postgres://me@host/db?password=hunter2&user=me", "postgres://me@host/db?password=***&user=me"),
            ("redis://host:6379/0", "redis://host:6379/0"),
            ("redis+cluster://me:hunter2@one:1,two:2", "redis+cluster://me:***@one:1,two:2"),
            ("rediss+cluster://:hunter2@one:1,[::2]:2", "rediss+cluster://:***@one:1,[::2]:2"),
            ("redis+cluster://one:1,two:2", "redis+cluster://one:1,two:2"),
            ("rediss://me:hunter2@host/0#insecure", "rediss://me:***@host/0#insecure"),
        ] {
            assert_eq!(redact(url), shown);
        }
    }

    #[test]
    fn a_nasty_url_never_shows_its_password() {
        for url in [
            "postgres://me:hunt@er2@host/db",
            "postgres://me:hunt/er2@host/db",
            "postgres://me:hunt?er2=hunter2@host/db",
            "postgres://me:hunt%40er2@host/db",
            "postgres://me:hunter2%40host/db",
            "postgres://me%3Ahunter2@host/db",
            "postgres:me:hunter2@host",
            "postgres:/me:hunter2@host",
            "me:hunter2@host",
            " redis://me:hunter2@host",
            "redis://me:hunter2@one,redis://me:hunter2@two",
            "redis+cluster://me:hunter2@one:1,me:hunter2@two:2",
            "redis+cluster://me:hunt,er2@one:1,two:2",
            "me:hunter2://x@host",
            "postgres://host/db?password=hunt@er2",
            "postgres://host/db?PassWord=hunt:hunter2@er2",
            "postgres://host/db?pass%77ord=hunter2",
            "postgres://me:x@host/db?password=hunt%40er2",
            "postgres://host/db?sslmode=require&sslpassword=hunter2#hunter2",
            "host=db password=hunter2 user=me",
            "host=db password = 'hunt er2'",
            "redis://mé:hunter2é@höst/ü?ö=hunter2",
        ] {
            let shown = redact(url);
            assert!(!shown.contains("hunt") && !shown.contains("er2"), "{url} shows as {shown}");
        }
    }

    #[test]
    fn a_masked_text_keeps_its_places() {
        let text = "a = 1\nurl = \"redis://me:hunter2@host\" # x\nb = [\"redis://a:b@c\", \"redis://d:e@f\"]\nc: d@e";
        let masked = mask(text);
        assert_eq!(masked.len(), text.len());
        let cluster = mask("url = \"redis+cluster://me:hunter2@one:1,two:2\"");
        assert_eq!(cluster, "url = \"redis+cluster://me:*******@one:1,two:2\"");
        assert_eq!(
            masked,
            "a = 1\nurl = \"redis://me:*******@host\" # x\nb = [\"redis://a:******************@f\"]\nc: d@e"
        );
    }

    #[test]
    fn a_message_loses_the_password_raw_and_decoded() {
        for url in ["redis://me:hunt%40er2@host", "redis+cluster://me:hunt%40er2@one:1,two:2"] {
            assert_eq!(scrub("no user me with hunt@er2 or hunt%40er2", url), "no user me with *** or ***");
        }
    }
}
