use super::questions::{Answers, Load};

/// A workload after the answers, under this name.
pub fn draft(name: &str, answers: &Answers) -> String {
    let Answers { reads, rows, value, load, strategies, ttl } = answers;
    let load = match load {
        Load::Rate(rate) => format!("{{ open = {{ rate = {rate} }} }}"),
        Load::Clients(clients) => format!("{{ closed = {{ clients = {clients} }} }}"),
    };
    // Nothing lives in a cache that nobody uses.
    let ttl = ttl.filter(|_| strategies.iter().any(|name| name != "direct"));
    let ttl = ttl.map_or(String::new(), |ttl| format!("[cache]\nttl = \"{ttl}\"\n\n"));
    let strategies: Vec<String> = strategies.iter().map(|name| format!("{name:?}")).collect();
    let mix = match reads {
        100 => "{ read = 100 }".into(),
        0 => "{ write = 100 }".into(),
        _ => format!("{{ read = {reads}, write = {} }}", 100 - reads),
    };
    let name = toml::Value::from(name);
    format!(
        "# Which strategy suits {rows} rows of {value}, of which {reads} % of the operations are reads?
#
# `cachebench run` measures it; a line that is changed is another experiment.
name = {name}

[data]
rows = {rows}
value = {{ fixed = \"{value}\" }}
seed = 42

[traffic]
mix = {mix}
keys = {{ zipfian = {{ exponent = 0.99 }} }}
load = {load}
warmup = \"3s\"
duration = \"10s\"

{ttl}[compare]
repeat = 1
strategy = [{}]
",
        strategies.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cli::init::annotate::annotate;
    use crate::config;

    #[test]
    fn whatever_is_answered_the_workload_is_right() {
        let all = |load, reads, ttl| Answers { load, reads, ttl, ..Answers::default() };
        let usual = Answers::default();
        for answers in [
            usual.clone(),
            all(Load::Clients(16), 100, None),
            all(Load::Rate(1), 0, usual.ttl),
            Answers { strategies: vec!["direct".into()], rows: 1, ..usual.clone() },
        ] {
            let loaded = config::load(Path::new("w.toml"), annotate(&draft("new", &answers)), &[]);
            let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
            assert_eq!(loaded.cells.len(), answers.strategies.len());
            assert!(loaded.question.is_some_and(|question| question.ends_with('?')));
        }
    }
}
