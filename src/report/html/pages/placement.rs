use crate::placement::Compared;
use crate::report::Placements;
use crate::report::html::chapter::{Chapter, Page};
use crate::report::html::figure::{Figure, Group, Scale, Tone};
use crate::report::html::sketch::{axis, bars, number};
use crate::report::quantity::{count, share};
use crate::report::section::Section;

/// The page of placements: what moves when nodes come or go, and how evenly keys and requests are spread.
pub fn page(placements: &Placements) -> Page {
    let mut below = placements.below();
    let hottest = if below.is_empty() { Vec::new() } else { vec![below.remove(0)] };
    let chapter = |id, title: &str, lead: Vec<String>, figures: Vec<Option<Figure>>| Chapter {
        id,
        title: title.into(),
        lead,
        figures: figures.into_iter().flatten().collect(),
        sections: Vec::new(),
    };
    let moves = vec![
        "What of the keys is on another node after the change. At least so much has to move that each node has its share \
         again; a needless move is one between nodes that stay."
            .to_owned(),
    ];
    let mut numbers = chapter("numbers", "The numbers", Vec::new(), Vec::new());
    numbers.sections = vec![Section::new(placements.title(), placements.cells()).with(below)];
    let speed = bars(
        "Time of a look-up",
        "scheme",
        axis("nanoseconds for each key", Scale::Log, count),
        &[""],
        groups(placements, |one| vec![Some(one.lookup_ns)]),
    );
    let mut chapters = vec![
        chapter("moves", "What moves", moves, vec![moved(placements)]),
        chapter("spread", "How even it is", hottest, vec![busiest(placements), uneven(placements)]),
        chapter("speed", "What it costs", Vec::new(), vec![speed]),
        numbers,
    ];
    chapters.retain(|chapter| !chapter.is_empty());
    Page {
        title: "Placement of keys".into(),
        question: None,
        answer: answer(placements),
        tone: Tone::Plain,
        chapters,
        facts: vec![("Placed".into(), placements.title())],
        settings: None,
        reproduce: Vec::new(),
    }
}

fn groups(placements: &Placements, read: impl Fn(&Compared) -> Vec<Option<f64>>) -> Vec<Group> {
    let group = |one: &Compared| Group { label: one.scheme.clone(), values: read(one) };
    placements.schemes.iter().map(group).collect()
}

/// Which schemes move least, against what any has to.
fn answer(placements: &Placements) -> String {
    let least = placements.comparison.least_move();
    let moved = placements.schemes.iter().map(|one| (one.scheme.as_str(), one.moved.keys));
    let most = moved.clone().max_by(|one, other| one.1.total_cmp(&other.1));
    let fewest = moved.min_by(|one, other| one.1.total_cmp(&other.1));
    let told = match fewest.zip(most) {
        Some(((few, fewest), (many, most))) if few != many => format!(
            "{few} moves {} of the keys and {many} {}; at least {} have to move.",
            share(fewest),
            share(most),
            share(least)
        ),
        Some(((few, fewest), _)) => {
            format!("{few} moves {} of the keys; at least {} have to move.", share(fewest), share(least))
        }
        None => "No scheme was compared.".into(),
    };
    format!("{}: {told}", placements.title())
}

fn moved(placements: &Placements) -> Option<Figure> {
    let least = placements.comparison.least_move();
    let values = |one: &Compared| {
        vec![
            Some(one.moved.keys),
            Some(least),
            one.expected_move,
            Some(one.moved.requests),
            Some(one.moved.needless),
        ]
    };
    let parts = ["keys", "at least", "by theory", "requests", "keys, needlessly"];
    let x = axis("share", Scale::Linear, share);
    bars("What moves to another node", "scheme", x, &parts, groups(placements, values))
}

fn busiest(placements: &Placements) -> Option<Figure> {
    let values = |one: &Compared| vec![Some(one.keys.max_over_mean), Some(one.requests.max_over_mean)];
    let x = axis("most over mean", Scale::Linear, number);
    bars("The fullest node against the mean", "scheme", x, &["keys", "requests"], groups(placements, values))
}

fn uneven(placements: &Placements) -> Option<Figure> {
    let values =
        |one: &Compared| vec![Some(one.keys.variation), one.expected_variation, Some(one.requests.variation)];
    let x = axis("standard deviation over mean", Scale::Linear, share);
    let parts = ["keys", "keys, by theory", "requests"];
    bars("How far nodes are from each other", "scheme", x, &parts, groups(placements, values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::{Comparison, Nodes, Popularity};
    use crate::registry::Choice;

    #[test]
    fn schemes_are_drawn_against_what_has_to_move() {
        let comparison = Comparison {
            before: Nodes::numbered(3).unwrap(),
            after: Nodes::numbered(2).unwrap(),
            keys: 1_000,
            prefix: "t:".into(),
            popularity: Popularity::new(1_000, 0.99, 1),
        };
        let schemes = ["modulo", "rendezvous"].map(|name| comparison.of(&Choice::named(name)).unwrap());
        let page = page(&Placements { schemes: schemes.into(), comparison });
        assert!(page.answer.starts_with("1000 keys on 3 nodes, and on 2 (node-2 goes): rendezvous moves "));
        assert!(page.answer.ends_with("; at least 33.3 % have to move."), "{}", page.answer);
        let counts: Vec<_> = page.chapters.iter().map(|chapter| chapter.figures.len()).collect();
        assert_eq!(counts, [1, 2, 1, 0]);
        assert_eq!(page.chapters[0].figures[0].table[2][0], "rendezvous");
        assert!(page.chapters[1].lead[0].starts_with("The hottest of 1000 keys"));
    }
}
