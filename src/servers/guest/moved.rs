use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::redis::refuse_empty;
use super::scan::{BATCH, Scan, unlink};
use crate::measure::MovedEntries;
use crate::servers::connection;
use crate::servers::error::ServerError;
use crate::store::Endpoint;

/// Removes what a new node would take over that gets this share of the keys that begin with `prefix`: those whose hash
/// lies in the first `share` of all hashes. The same share means the same keys.
///
/// The names are looked through before anything is removed, so that what goes, goes at once.
///
/// # Errors
/// When the server cannot be reached or refuses the commands.
pub async fn move_away(at: &Endpoint, prefix: &str, share: f64) -> Result<MovedEntries, ServerError> {
    refuse_empty(prefix)?;
    let mut connection = connection::redis(at).await?;
    let mut scan = Scan::new(&connection, at, prefix);
    // By hash: a scan may tell a name twice.
    let mut names = HashMap::new();
    while let Some(found) = scan.next().await? {
        for name in found {
            let hash = xxh3_64(&name);
            names.insert(hash, falls_to_the_new(hash, share).then_some(name));
        }
    }
    let of = names.len() as u64;
    let moved: Vec<Vec<u8>> = names.into_values().flatten().collect();
    for batch in moved.chunks(BATCH) {
        unlink(&mut connection, at, batch).await?;
    }
    Ok(MovedEntries { moved: moved.len() as u64, of })
}

/// Whether a hash lies in the first `share` of all.
fn falls_to_the_new(hash: u64, share: f64) -> bool {
    ((hash >> 11) as f64 / (1u64 << 53) as f64) < share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_names_falls_to_the_new_node_within_three_standard_errors() {
        let names: Vec<String> = (0..40_000).map(|id| format!("cachebench:{id}")).collect();
        for share in [0.1, 0.25, 0.75] {
            let fallen = names.iter().filter(|name| falls_to_the_new(xxh3_64(name.as_bytes()), share));
            let (count, all) = (fallen.count() as f64, names.len() as f64);
            let error = (all * share * (1.0 - share)).sqrt();
            assert!((count - all * share).abs() < 3.0 * error, "{count} of {all} for {share}");
        }
        assert!(!falls_to_the_new(0, 0.0) && falls_to_the_new(u64::MAX, 1.0));
    }
}
