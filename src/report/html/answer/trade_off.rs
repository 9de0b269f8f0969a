use super::best::{Best, joined};
use crate::measure::{CellResult, Summary};
use crate::report::quantity::{amount, duration_us, share};

/// What is best in reading, in writing, in sparing the database, and who served stale reads.
pub fn trade_off(summary: &Summary) -> String {
    let clauses = [
        fastest(summary, "read.response.p50", ("reads fastest", "read fastest"), "read", true),
        fastest(
            summary,
            "multi-read.response.p50",
            ("reads several keys fastest", "read several keys fastest"),
            "read several keys",
            true,
        ),
        fastest(summary, "write.response.p50", ("writes fastest", "write fastest"), "write", false),
        fastest(
            summary,
            "decrement.response.p50",
            ("decrements fastest", "decrement fastest"),
            "decrement",
            false,
        ),
        spares(summary),
    ];
    let clauses: Vec<String> = clauses.into_iter().flatten().collect();
    let told = match clauses.as_slice() {
        [] => "nothing that can be compared was measured".to_owned(),
        clauses if clauses.len() > 2 => {
            let (last, rest) =
                clauses.split_last().map_or(("", clauses), |(last, rest)| (last.as_str(), rest));
            format!("{}, and {last}", rest.join(", "))
        }
        clauses => joined(clauses),
    };
    [Some(told), stale(summary), single(summary)].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn fastest(
    summary: &Summary,
    metric: &str,
    (one, several): (&str, &str),
    verb: &str,
    is_first: bool,
) -> Option<String> {
    let best = Best::least(summary, metric)?;
    let value = duration_us(best.value);
    let Some((worst, most)) = &best.worst else {
        return Some(format!("all {verb} alike at the median ({value} at best)"));
    };
    let verb = if best.is_several() { several } else { one };
    Some(match is_first {
        true if best.is_all_but_one() => {
            format!("{} {verb} at the median ({value} at best, against {})", best.who(), duration_us(*most))
        }
        true => format!(
            "{} {verb} at the median ({value}, against {} of {worst})",
            best.who(),
            duration_us(*most)
        ),
        false => format!("{} {verb} ({value} against {})", best.who(), duration_us(*most)),
    })
}

fn spares(summary: &Summary) -> Option<String> {
    let best = Best::least(summary, "db.queries_per_read")?;
    let value = amount(best.value);
    if best.is_nobody() {
        return Some(format!("all ask the database alike ({value} loads a read)"));
    }
    let verb = if best.is_several() { "ask" } else { "asks" };
    Some(format!("{} {verb} the database least ({value} loads a read)", best.who()))
}

/// Who served stale reads, where anything was written.
fn stale(summary: &Summary) -> Option<String> {
    let rate = |cell: &CellResult| cell.median("stale_rate");
    let asked = summary.cells.iter().filter(|cell| rate(cell).is_some()).count();
    let written = summary.cells.iter().filter_map(|cell| cell.median("acknowledged_writes")).sum::<f64>();
    let mut stale: Vec<(String, f64)> = summary
        .cells
        .iter()
        .filter_map(|cell| Some((cell.label(), rate(cell).filter(|rate| *rate > 0.0)?)))
        .collect();
    stale.sort_by(|one, other| other.1.total_cmp(&one.1));
    match stale.as_slice() {
        [] if written > 0.0 && asked > 0 => Some("no read was stale".into()),
        [] => None,
        [(name, rate)] => Some(format!("only {name} served stale reads ({})", share(*rate))),
        all if all.len() == asked => {
            Some(format!("all served stale reads, {} most ({})", all[0].0, share(all[0].1)))
        }
        all => {
            let rest = &all[all.len() - 1];
            Some(format!(
                "{} of {asked} cells served stale reads, from {} ({}) to {} ({})",
                all.len(),
                rest.0,
                share(rest.1),
                all[0].0,
                share(all[0].1)
            ))
        }
    }
}

/// What a reader should know where nothing was repeated.
pub fn single(summary: &Summary) -> Option<String> {
    let most = summary.cells.iter().map(|cell| cell.measured().len()).max()?;
    (most == 1).then(|| "each was measured once, so a small difference may be chance".into())
}
