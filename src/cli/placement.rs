use clap::{Args, ValueEnum};

use super::Printer;
use super::choice::choice;
use super::exit::{Exit, Failure};
use crate::model::Key;
use crate::placement::{Comparison, Nodes, PLACEMENTS, Popularity};
use crate::registry::{Choice, OptionsError};
use crate::report::{
    Placements, placements_csv, placements_html, placements_json, placements_markdown, placements_table,
};

const EXAMPLES: &str = "Examples:
  cachebench placement --nodes 10 --change -1
  cachebench placement --nodes 3 --change +1 --scheme modulo --scheme ring --scheme slots
  cachebench placement --nodes 10 --remove 3 --zipf 0 --format csv
  cachebench placement --nodes 3 --weights 1,1,2 --scheme '{ ring = { virtual_nodes = 100 } }'

The names of schemes, and their options: cachebench list";

/// As many as fit in a gigabyte with their popularity and their places before and after.
const MOST_KEYS: u64 = 50_000_000;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// How many nodes there are before the change.
    #[arg(long, value_name = "N", default_value_t = 10)]
    nodes: usize,

    /// How many nodes come (+1, +4) or go (-1): the last ones.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    change: Option<i32>,

    /// Which node goes instead of the last, from 0.
    #[arg(long, value_name = "NODE")]
    remove: Option<usize>,

    /// A scheme: a name, or a table with options; as often as wanted. Without it, all.
    #[arg(long = "scheme", value_name = "SCHEME", value_parser = choice)]
    schemes: Vec<Choice>,

    /// The weights of the nodes before the change, with commas; nodes that come have the weight 1.
    #[arg(long, value_name = "WEIGHTS", value_delimiter = ',')]
    weights: Vec<u32>,

    /// How many keys: 1000, 500K, 1M.
    #[arg(long, value_name = "N", default_value = "1M", value_parser = keys)]
    keys: u64,

    /// The exponent of the Zipf law by which keys are asked for; 0 is all alike.
    #[arg(long, value_name = "EXPONENT", default_value_t = 0.99, allow_negative_numbers = true)]
    zipf: f64,

    /// What names of keys begin with, in front of their number.
    #[arg(long, default_value = "cachebench:")]
    prefix: String,

    /// Which key is how hot follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How to print the result.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Table,
    Markdown,
    Json,
    Csv,
    Html,
}

pub fn run(arguments: &Arguments, printer: &Printer) -> Result<Exit, Failure> {
    for scheme in &arguments.schemes {
        scheme.entry(PLACEMENTS).map_err(|error| usage("--scheme", error))?;
    }
    if !(0.0..=10.0).contains(&arguments.zipf) {
        return Err(usage("--zipf", format!("{} is no exponent; write 0 to 10, as 0.99", arguments.zipf)));
    }
    if arguments.prefix.len() > Key::MAX_PREFIX {
        return Err(usage("--prefix", format!("has more than {} bytes", Key::MAX_PREFIX)));
    }
    let before = before(arguments)?;
    let comparison = Comparison {
        after: after(arguments, &before)?,
        before,
        keys: arguments.keys,
        prefix: arguments.prefix.clone(),
        popularity: Popularity::new(arguments.keys, arguments.zipf, arguments.seed),
    };
    let schemes = schemes(arguments, &comparison, printer)?;
    let mut compared = Vec::new();
    for scheme in &schemes {
        printer.note(&format!("placing {} keys by {}", arguments.keys, scheme.label()));
        compared.push(comparison.of(scheme).map_err(|error| usage("--scheme", label(scheme, &error)))?);
    }
    let placements = Placements { comparison, schemes: compared };
    printer.data(&match arguments.format {
        Format::Table => placements_table(&placements, printer.width()),
        Format::Markdown => placements_markdown(&placements),
        Format::Json => placements_json(&placements),
        Format::Csv => placements_csv(&placements),
        Format::Html => placements_html(&placements),
    });
    Ok(Exit::Done)
}

fn usage(flag: &str, error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Usage, format!("{flag}: {error}"))
}

/// The error of a scheme that could not be had, with its name.
fn label(scheme: &Choice, OptionsError(error): &OptionsError) -> String {
    if error.starts_with(&scheme.name) { error.clone() } else { format!("{}: {error}", scheme.label()) }
}

/// A number of keys, in thousands and millions where a letter says so.
fn keys(text: &str) -> Result<u64, String> {
    let wrong = || format!("write 1 to {MOST_KEYS}, as 1000, 500K or 1M");
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'K' | b'k') => (&text[..text.len() - 1], 1_000),
        Some(b'M' | b'm') => (&text[..text.len() - 1], 1_000_000),
        _ => (text, 1),
    };
    let count: u64 = digits.replace('_', "").parse().map_err(|_| wrong())?;
    count.checked_mul(unit).filter(|keys| (1..=MOST_KEYS).contains(keys)).ok_or_else(wrong)
}

/// The nodes before the change.
fn before(arguments: &Arguments) -> Result<Nodes, Failure> {
    let weights = &arguments.weights;
    if weights.is_empty() {
        return Nodes::numbered(arguments.nodes).map_err(|error| usage("--nodes", error));
    }
    if weights.len() != arguments.nodes {
        let text = format!("{} weights for {} nodes; give each node one", weights.len(), arguments.nodes);
        return Err(usage("--weights", text));
    }
    let nodes = weights.iter().enumerate().map(|(node, weight)| (name(node), *weight));
    Nodes::new(nodes.collect()).map_err(|error| usage("--weights", error))
}

fn name(node: usize) -> String {
    format!("node-{node}")
}

/// The nodes after the change.
fn after(arguments: &Arguments, before: &Nodes) -> Result<Nodes, Failure> {
    let mut nodes: Vec<(String, u32)> = before.names().map(str::to_owned).zip(before.weights()).collect();
    match (arguments.remove, arguments.change) {
        (Some(_), Some(change)) if change != -1 => {
            return Err(usage(
                "--remove",
                format!("takes one node away, and --change {change:+} says otherwise"),
            ));
        }
        (Some(gone), _) if gone >= nodes.len() => {
            let text = format!("there is no node {gone}; write 0 to {}", nodes.len() - 1);
            return Err(usage("--remove", text));
        }
        (Some(_), _) if nodes.len() == 1 => return Err(usage("--remove", "leaves no node")),
        (Some(gone), _) => drop(nodes.remove(gone)),
        (None, Some(change @ ..0)) => {
            let gone = change.unsigned_abs() as usize;
            if gone >= nodes.len() {
                let text = format!("{change} of {} nodes leaves none", nodes.len());
                return Err(usage("--change", text));
            }
            nodes.truncate(nodes.len() - gone);
        }
        (None, change) => {
            let all = nodes.len().saturating_add(change.unwrap_or(1).unsigned_abs() as usize);
            // One more than there can be is refused below.
            nodes.extend((nodes.len()..all.min(Nodes::MOST + 1)).map(|node| (name(node), 1)));
        }
    }
    Nodes::new(nodes).map_err(|error| usage("--change", error))
}

/// The schemes that were asked for; if none was, all that can be had over these nodes.
fn schemes(arguments: &Arguments, over: &Comparison, printer: &Printer) -> Result<Vec<Choice>, Failure> {
    if !arguments.schemes.is_empty() {
        return Ok(arguments.schemes.clone());
    }
    let mut schemes = Vec::new();
    for scheme in PLACEMENTS.iter().map(|entry| Choice::named(entry.name)) {
        let built = scheme.build(PLACEMENTS, over.before.clone());
        match built.and_then(|placement| placement.over(&over.after)) {
            Ok(_) => schemes.push(scheme),
            Err(error) => printer.warning(&format!("left out: {}", label(&scheme, &error))),
        }
    }
    Ok(schemes)
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn a_number_of_keys_has_a_unit_or_none() {
        let read = ["1000", "1_000", "500K", "1M", "0", "60M", "M", "-1", "1.5M"].map(|text| keys(text).ok());
        assert_eq!(read[..4], [Some(1_000), Some(1_000), Some(500_000), Some(1_000_000)]);
        assert_eq!(read[4..], [None; 5]);
    }
}
