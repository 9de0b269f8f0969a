use crate::report::Ranking;
use crate::report::html::chapter::{Chapter, Page};
use crate::report::html::figure::{Axis, Chart, Figure, Group, Plot, Scale, Series, Shape, Tone};
use crate::report::html::sketch::{Column, alone, axis, axis_over, bars, number, points};
use crate::report::quantity::{bytes, share};
use crate::report::simulation::{LEGEND, fine, sections};
use crate::simulation::{Capacity, Simulated};

/// What knows the future, or holds everything: what is possible, and no policy that a server could have.
const KNOWN: [&str; 3] = ["opt", "opt-bypass", "unbounded"];

/// The page of simulated caches; `what` says of which trace, `sized` whether its entries differ in size.
pub fn page(what: &str, rankings: &[Ranking], sized: bool) -> Page {
    let mut figures = curves(rankings, "Miss ratio", "share of requests that miss", Simulated::hit_rate);
    if sized {
        figures.extend(curves(
            rankings,
            "Miss ratio by bytes",
            "share of bytes that miss",
            Simulated::byte_hit_rate,
        ));
    }
    let curves = Chapter {
        id: "curves",
        title: "Miss ratios".into(),
        lead: vec![
            "The share of requests that a cache does not answer, by how much it holds and by the policy that makes room in \
             it. Dashed is what no server can have: opt knows the future, unbounded never needs room."
                .into(),
        ],
        figures,
        sections: Vec::new(),
    };
    let mut tables = sections(rankings, sized);
    if let Some(last) = tables.last_mut() {
        last.below.push(LEGEND.into());
    }
    let numbers = Chapter {
        id: "numbers",
        title: "The numbers".into(),
        lead: Vec::new(),
        figures: Vec::new(),
        sections: tables,
    };
    Page {
        title: "Simulated caches".into(),
        question: None,
        answer: answer(rankings),
        tone: Tone::Plain,
        chapters: vec![curves, numbers],
        facts: vec![("Trace".into(), what.to_owned())],
        settings: None,
        reproduce: Vec::new(),
    }
}

/// The best policy of each size, at most of a few.
fn answer(rankings: &[Ranking]) -> String {
    let best = |ranking: &Ranking| {
        let own = ranking.results.iter().filter(|one| !KNOWN.contains(&one.policy.as_str()));
        let best = own.max_by_key(|one| one.hits)?;
        let misses = 1.0 - best.hit_rate()?;
        Some(format!("at size {} {} misses least, {}", ranking.size, best.policy, fine(misses)))
    };
    let told: Vec<String> = rankings.iter().filter_map(best).collect();
    let few = match told.as_slice() {
        [] => return "Nothing was simulated that a server could have.".into(),
        [one] => one.clone(),
        [first, .., last] => format!("{first}; {last}"),
    };
    let mut letters = few.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect()) + "."
}

/// Miss ratios over the size: of entries and of bytes apart; bars where there is one size.
fn curves(rankings: &[Ranking], title: &str, y: &str, read: fn(&Simulated) -> Option<f64>) -> Vec<Figure> {
    type Kind<'a> = (Vec<&'a Ranking>, &'a str, fn(f64) -> String);
    let is_bytes = |ranking: &&Ranking| matches!(ranking.capacity, Capacity::Bytes(_));
    let (by_bytes, by_entries): (Vec<&Ranking>, Vec<&Ranking>) = rankings.iter().partition(is_bytes);
    let kinds: [Kind; 2] = [(by_entries, "entries", number), (by_bytes, "bytes", bytes)];
    let drawn = kinds.into_iter().filter_map(|(rankings, unit, write)| match rankings.as_slice() {
        [] => None,
        [one] => by_policy(one, title, y, read),
        all => {
            let x = || axis(format!("size of the cache, {unit}"), Scale::Log, write);
            Some(curve(all, &format!("{title} by size"), &x, y, read))
        }
    });
    drawn.collect()
}

fn by_policy(ranking: &Ranking, title: &str, y: &str, read: fn(&Simulated) -> Option<f64>) -> Option<Figure> {
    let mut results: Vec<&Simulated> = ranking.results.iter().collect();
    results.sort_by_key(|one| std::cmp::Reverse(one.hits));
    let group = |one: &&Simulated| Group {
        label: one.policy.clone(),
        values: vec![read(one).map(|rate| 1.0 - rate)],
    };
    let groups = results.iter().map(group).collect();
    let title = format!("{title} at size {}", ranking.size);
    bars(&title, "policy", axis(y, Scale::Linear, share), &[""], groups)
}

fn size(ranking: &Ranking) -> f64 {
    match ranking.capacity {
        Capacity::Entries(size) | Capacity::Bytes(size) => size as f64,
    }
}

/// A line for each policy; what is possible is dashed.
fn curve(
    rankings: &[&Ranking],
    title: &str,
    x: &dyn Fn() -> Axis,
    y: &str,
    read: fn(&Simulated) -> Option<f64>,
) -> Figure {
    let mut policies: Vec<&str> = Vec::new();
    for result in rankings.iter().flat_map(|ranking| &ranking.results) {
        if !policies.contains(&result.policy.as_str()) {
            policies.push(&result.policy);
        }
    }
    let of = |policy: &str| -> Vec<(f64, f64)> {
        let at = |ranking: &&Ranking| {
            let result = ranking.results.iter().find(|one| one.policy == policy)?;
            Some((size(ranking), 1.0 - read(result)?))
        };
        let mut points: Vec<(f64, f64)> = rankings.iter().filter_map(at).collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        points
    };
    let line = |(colour, policy): (usize, &&str)| Series {
        name: (*policy).to_owned(),
        shape: if KNOWN.contains(policy) { Shape::Reference } else { Shape::Line },
        points: of(policy),
        colour,
    };
    let mut series: Vec<Series> = policies.iter().enumerate().map(line).collect();
    series.retain(|one| !one.points.is_empty());
    let columns: Vec<Column> = series.iter().map(|one| (one.name.clone(), one.points.as_slice())).collect();
    let table = points(("size", x().write), fine, &columns);
    let description = described(&series, x().write);
    let y = axis_over(y, Scale::Linear, share, (0.0, 0.0));
    let chart = Chart { x: x(), y, series, marks: Vec::new() };
    Figure { title: title.into(), description, panels: alone(Plot::Chart(chart)), table }
}

/// The best and the worst at the smallest and at the largest size.
fn described(series: &[Series], write: fn(f64) -> String) -> String {
    type End = fn(&[(f64, f64)]) -> Option<&(f64, f64)>;
    let own: Vec<&Series> = series.iter().filter(|one| one.shape == Shape::Line).collect();
    let at = |end: End| {
        let all: Vec<(&str, (f64, f64))> =
            own.iter().filter_map(|one| Some((one.name.as_str(), *end(&one.points)?))).collect();
        let most = all.iter().max_by(|one, other| one.1.1.total_cmp(&other.1.1))?;
        let least = all.iter().min_by(|one, other| one.1.1.total_cmp(&other.1.1))?;
        Some(format!(
            "At {}, {} misses least ({}) and {} most ({}).",
            write(least.1.0),
            least.0,
            fine(least.1.1),
            most.0,
            fine(most.1.1)
        ))
    };
    [at(<[_]>::first), at(<[_]>::last)].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simulated(policy: &str, hits: u64) -> Simulated {
        Simulated {
            policy: policy.into(),
            capacity: Capacity::Entries(10),
            requests: 100,
            hits,
            bytes: 1_000,
            hit_bytes: 250,
            evictions: 3,
            entries: 10,
            eviction_age: None,
        }
    }

    fn ranking(entries: u64, hits: [u64; 3]) -> Ranking {
        let results = ["fifo", "lru", "opt"].iter().zip(hits).map(|(policy, hits)| simulated(policy, hits));
        Ranking {
            size: entries.to_string(),
            capacity: Capacity::Entries(entries),
            possible: hits[2],
            results: results.collect(),
            sampled: None,
        }
    }

    #[test]
    fn each_policy_has_a_line_over_the_sizes_and_what_is_possible_is_dashed() {
        let rankings = [ranking(100, [30, 40, 60]), ranking(10, [10, 20, 50])];
        let page = page("web.trace", &rankings, false);
        let figure = &page.chapters[0].figures[0];
        let Plot::Chart(chart) = &figure.panels[0].plot else { panic!("no chart") };
        let lines: Vec<_> = chart.series.iter().map(|one| (one.name.as_str(), one.points[0])).collect();
        assert_eq!(lines, [("fifo", (10.0, 0.9)), ("lru", (10.0, 0.8)), ("opt", (10.0, 0.5))]);
        assert!(chart.series[2].shape == Shape::Reference && chart.series[1].shape == Shape::Line);
        assert_eq!(
            figure.description,
            "At 10, lru misses least (80.00 %) and fifo most (90.00 %). At 100, lru misses least (60.00 %) and fifo most (70.00 %)."
        );
        assert_eq!(
            page.answer,
            "At size 100 lru misses least, 60.00 %; at size 10 lru misses least, 80.00 %."
        );
        assert_eq!((figure.table[1][0].as_str(), page.chapters[1].sections.len()), ("10", 2));
    }

    #[test]
    fn one_size_has_bars_and_entries_of_different_sizes_have_a_figure_by_bytes() {
        let page = page("web.trace", &[ranking(10, [10, 20, 50])], true);
        let titles: Vec<_> = page.chapters[0].figures.iter().map(|figure| figure.title.as_str()).collect();
        assert_eq!(titles, ["Miss ratio at size 10", "Miss ratio by bytes at size 10"]);
        assert_eq!(page.chapters[0].figures[0].table[1], ["opt", "50.0 %"]);
    }
}
