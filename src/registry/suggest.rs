/// The name that was probably meant by `name`, if one is near enough.
pub fn closest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = plain(name);
    names
        .map(|candidate| (likeness(&wanted, &plain(candidate)), candidate))
        .filter(|(likeness, _)| *likeness > 0.0)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

/// A name without what people mix up: case, the kind of dash, the plural.
fn plain(name: &str) -> String {
    let name = name.to_lowercase().replace(['_', ' '], "-");
    name.strip_suffix('s').unwrap_or(&name).to_owned()
}

/// How much alike two names are, up to 1; 0 for those that nobody would confuse.
fn likeness(wanted: &str, candidate: &str) -> f64 {
    let typos = strsim::damerau_levenshtein(wanted, candidate);
    let length = wanted.chars().count().max(candidate.chars().count());
    let likeness = strsim::jaro_winkler(wanted, candidate);
    if wanted.len() >= 3 && candidate.starts_with(wanted) {
        return likeness;
    }
    // One slip in three letters is a typo.
    if typos <= (length / 3).max(usize::from(length > 1)) || likeness > 0.88 { likeness } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_stranger_is_not() {
        let names = ["zipfian", "uniform", "hotspot", "cache-aside", "flush_every", "rows", "ttl", "url"];
        for (typed, meant) in [
            ("zipf", Some("zipfian")),
            ("uni", Some("uniform")),
            ("unifrom", Some("uniform")),
            ("cache_aside", Some("cache-aside")),
            ("flush-every", Some("flush_every")),
            ("row", Some("rows")),
            ("TTL", Some("ttl")),
            ("tll", Some("ttl")),
            ("hot-spot", Some("hotspot")),
            ("latest", None),
            ("x", None),
            ("", None),
            ("password", None),
        ] {
            assert_eq!(closest(typed, names.into_iter()), meant, "{typed}");
        }
    }
}
