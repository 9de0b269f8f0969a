use std::io::BufRead;

use crate::model::{Size, Time};
use crate::registry::{Choice, closest};
use crate::strategy::STRATEGIES;

/// No workload takes more.
const MOST_ROWS: u64 = 1_000_000_000;
const MOST_CLIENTS: u64 = 100_000;
const MOST_RATE: u64 = 1_000_000_000;

/// What a new workload is to be like.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    /// How many operations of a hundred are reads.
    pub reads: u8,
    pub rows: u64,
    pub value: Size,
    pub load: Load,
    pub strategies: Vec<String>,
    /// How long entries live; without it, for ever.
    pub ttl: Option<Time>,
}

/// How operations are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// So many a second.
    Rate(u64),
    /// By so many clients that wait for their answers.
    Clients(u64),
}

impl Default for Answers {
    fn default() -> Answers {
        let strategies = ["direct", "cache-aside", "write-through", "write-behind"];
        Answers {
            reads: 95,
            rows: 50_000,
            value: Size(512),
            load: Load::Rate(2_000),
            strategies: strategies.map(str::to_owned).to_vec(),
            ttl: Some(Time(std::time::Duration::from_secs(60))),
        }
    }
}

/// Asks for everything, one line each. An empty answer, and the end of the input, take what is proposed.
pub fn ask(input: &mut dyn BufRead, say: &mut dyn FnMut(&str)) -> Answers {
    let usual = Answers::default();
    let mut asked = Asked { input, say };
    Answers {
        reads: asked.about("How many of 100 operations are reads?", "95", reads).unwrap_or(usual.reads),
        rows: asked.about("How many rows are there?", "50000", rows).unwrap_or(usual.rows),
        value: asked.about("How large is a value?", "512B", value).unwrap_or(usual.value),
        load: asked
            .about("How many operations a second? Or how many clients, as in `16 clients`?", "2000", load)
            .unwrap_or(usual.load),
        strategies: asked
            .about("Which strategies?", &usual.strategies.join(","), strategies)
            .unwrap_or(usual.strategies),
        ttl: asked.about("How long does an entry live? `none` is for ever.", "60s", ttl).unwrap_or(usual.ttl),
    }
}

struct Asked<'a> {
    input: &'a mut dyn BufRead,
    say: &'a mut dyn FnMut(&str),
}

impl Asked<'_> {
    /// The answer; nothing where what is proposed is right.
    fn about<T>(&mut self, question: &str, proposed: &str, read: fn(&str) -> Result<T, String>) -> Option<T> {
        loop {
            (self.say)(&format!("{question} [{proposed}] "));
            let mut line = String::new();
            let length = self.input.read_line(&mut line).unwrap_or(0);
            if length == 0 || line.trim().is_empty() {
                return None;
            }
            match read(line.trim()) {
                Ok(answer) => return Some(answer),
                Err(reason) => (self.say)(&format!("{reason}\n")),
            }
        }
    }
}

fn reads(text: &str) -> Result<u8, String> {
    let share = text.trim_end_matches('%').trim().parse().ok().filter(|share| *share <= 100);
    share.ok_or_else(|| "write a whole number from 0 to 100".into())
}

fn rows(text: &str) -> Result<u64, String> {
    whole(text, MOST_ROWS)
        .ok_or_else(|| "write a whole number from 1 to 1_000_000_000, as 50000 or 50_000".into())
}

fn value(text: &str) -> Result<Size, String> {
    text.parse().map_err(|error: crate::model::UnitError| error.to_string())
}

fn load(text: &str) -> Result<Load, String> {
    let clients = text.strip_suffix("clients").or_else(|| text.strip_suffix("client"));
    let load = match clients {
        Some(clients) => whole(clients.trim(), MOST_CLIENTS).map(Load::Clients),
        None => whole(text.trim_end_matches("/s"), MOST_RATE).map(Load::Rate),
    };
    load.ok_or_else(|| {
        "write operations per second, as 2000, or `16 clients`: at most 1_000_000_000 a second, or 100_000 clients".into()
    })
}

fn strategies(text: &str) -> Result<Vec<String>, String> {
    let names = text.split([',', ' ']).filter(|name| !name.is_empty());
    let known = |name: &str| match Choice::named(name).entry(STRATEGIES) {
        Ok(_) => Ok(name.to_owned()),
        Err(_) => {
            let all = || STRATEGIES.iter().map(|entry| entry.name);
            let help = match closest(name, all()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("there are {}", all().collect::<Vec<_>>().join(", ")),
            };
            Err(format!("no strategy `{name}`; {help}"))
        }
    };
    let names: Vec<String> = names.map(known).collect::<Result<_, String>>()?;
    match names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)) {
        _ if names.is_empty() => Err("name at least one strategy".into()),
        Some((_, name)) => Err(format!("`{name}` is named twice")),
        None => Ok(names),
    }
}

fn ttl(text: &str) -> Result<Option<Time>, String> {
    match text {
        "none" => Ok(None),
        text => text.parse().map(Some).map_err(|error: crate::model::UnitError| error.to_string()),
    }
}

/// A whole number above 0, and not above this.
fn whole(text: &str, most: u64) -> Option<u64> {
    text.trim().replace('_', "").parse().ok().filter(|number| (1..=most).contains(number))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cli::init::draft::draft;
    use crate::config;

    fn answers(text: &str) -> (Answers, String) {
        let mut said = String::new();
        let answers = ask(&mut text.as_bytes(), &mut |words| said += words);
        (answers, said)
    }

    #[test]
    fn empty_answers_and_none_are_what_is_proposed() {
        assert_eq!(answers("").0, Answers::default());
        assert_eq!(answers("\n\n\n\n\n\n").0, Answers::default());
        assert!(answers("").1.contains("How many rows are there? [50000] "));
    }

    #[test]
    fn each_question_is_asked_again_until_its_answer_can_be_read() {
        let (answers, said) =
            answers("120\n80%\n1_000\n4KB\n16 clients\ndirct\ndirect, cache-aside\nsoon\nnone\n");
        let expected = Answers {
            reads: 80,
            rows: 1_000,
            value: Size(4_000),
            load: Load::Clients(16),
            strategies: vec!["direct".into(), "cache-aside".into()],
            ttl: None,
        };
        assert_eq!(answers, expected);
        for words in ["from 0 to 100", "did you mean `direct`?", "is no time"] {
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn what_no_workload_takes_is_asked_again() {
        for wrong in ["0", "1000000001", "9223372036854775808", "18446744073709551616"] {
            assert!(rows(wrong).is_err() && load(wrong).is_err(), "{wrong}");
        }
        assert_eq!(load("100_000 clients"), Ok(Load::Clients(100_000)));
        assert!(load("100001 clients").is_err());
        assert_eq!(strategies(","), Err("name at least one strategy".into()));
        assert_eq!(strategies("direct,direct"), Err("`direct` is named twice".into()));
    }

    #[test]
    fn the_most_that_is_taken_makes_a_right_workload() {
        for load in [Load::Rate(MOST_RATE), Load::Clients(MOST_CLIENTS)] {
            let answers = Answers { rows: MOST_ROWS, load, ..Answers::default() };
            let loaded = config::load(Path::new("w.toml"), draft("most", &answers), &[]);
            assert!(loaded.is_ok(), "{}", loaded.unwrap_err());
        }
    }
}
