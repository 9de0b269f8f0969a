use crate::registry::Choice;

/// Rows whose popularity differs by less than this share are taken together.
const ALIKE: f64 = 0.05;

/// Rows whose weights are summed up at most: more would keep the end of a measurement waiting.
const MOST: u64 = 10_000_000;

/// How many rows have which share of the requests each, where the distribution tells.
pub fn popularity(keys: &Choice, rows: u64) -> Option<Vec<(f64, f64)>> {
    let number = |name: &str, default: f64| match keys.options.get(name) {
        None => Some(default),
        Some(value) => value.as_f64(),
    };
    let all = rows as f64;
    if rows > MOST && keys.name != "uniform" {
        return None;
    }
    match keys.name.as_str() {
        "uniform" => Some(vec![(all, 1.0 / all)]),
        "zipfian" => {
            let exponent = number("exponent", 0.99)?;
            Some(by_rank(rows, |rank| ((rank + 1) as f64).powf(-exponent)))
        }
        "hotspot" => {
            let hot = match keys.options.get("hot_keys") {
                Some(hot) => hot.as_f64()?,
                None => (number("hot_share", 0.2)? * all).round(),
            };
            let (hot, requests) = (hot.clamp(1.0, all), number("request_share", 0.8)?);
            Some(match hot == all {
                true => vec![(all, 1.0 / all)],
                false => vec![(hot, requests / hot), (all - hot, (1.0 - requests) / (all - hot))],
            })
        }
        "exponential" => {
            let rank_share = number("rank_share", 0.857_142_857_1)?;
            let rate = -(1.0 - number("percentile", 0.95)?).ln() / (rank_share * all);
            Some(by_rank(rows, |rank| (-rate * rank as f64).exp()))
        }
        _ => None,
    }
}

/// The shares of rows by weights that fall with the rank.
fn by_rank(rows: u64, weight: impl Fn(u64) -> f64) -> Vec<(f64, f64)> {
    let mut groups: Vec<(f64, f64)> = Vec::new();
    let (mut highest, mut sum) = (f64::INFINITY, 0.0);
    for weight in (0..rows).map(weight) {
        sum += weight;
        match groups.last_mut() {
            Some((count, together)) if weight > highest * (1.0 - ALIKE) => {
                (*count, *together) = (*count + 1.0, *together + weight);
            }
            _ => {
                groups.push((1.0, weight));
                highest = weight;
            }
        }
    }
    groups.into_iter().map(|(count, together)| (count, together / count / sum)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, rows: u64) -> Option<Vec<(f64, f64)>> {
        popularity(&serde_json::from_str(text).unwrap(), rows)
    }

    #[test]
    fn all_rows_have_all_requests() {
        for keys in [
            r#""uniform""#,
            r#""zipfian""#,
            r#"{"hotspot": {"hot_share": 0.1}}"#,
            r#""hotspot""#,
            r#""exponential""#,
        ] {
            for rows in [1, 7, 20_000] {
                let groups = of(keys, rows).unwrap();
                let (count, sum) = groups.iter().fold((0.0, 0.0), |(n, s), (k, p)| (n + k, s + k * p));
                assert!((count - rows as f64).abs() < 1e-6 && (sum - 1.0).abs() < 1e-9, "{keys} {rows}");
            }
        }
    }

    #[test]
    fn the_hottest_have_the_shares_of_their_laws() {
        let harmonic: f64 = (1..=40_000).map(|rank| f64::from(rank).powf(-0.99)).sum();
        let zipf = of(r#""zipfian""#, 40_000).unwrap();
        assert!((zipf[0].1 - 1.0 / harmonic).abs() < 1e-12 && zipf.len() < 300, "{}", zipf.len());
        assert_eq!(
            of(r#"{"hotspot": {"hot_keys": 10, "request_share": 0.5}}"#, 100).unwrap()[0],
            (10.0, 0.05)
        );
        // What moves, or is recorded, has no law.
        assert_eq!((of(r#""latest""#, 10), of(r#""sequential""#, 10)), (None, None));
    }
}
