use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::redis::{BATCH, ask, escaped, refuse_empty};
use crate::measure::MovedEntries;
use crate::servers::connection::{self, failure};
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
    let pattern = format!("{}*", escaped(prefix));
    // By hash: a scan may tell a name twice.
    let mut names = HashMap::new();
    let mut cursor = 0;
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(BATCH);
        let (next, found): (u64, Vec<Vec<u8>>) = ask(&mut connection, at, &scan).await?;
        for name in found.into_iter().filter(|name| name.starts_with(prefix.as_bytes())) {
            let hash = xxh3_64(&name);
            names.insert(hash, falls_to_the_new(hash, share).then_some(name));
        }
        if next == 0 {
            break;
        }
        cursor = next;
    }
    let of = names.len() as u64;
    let moved: Vec<Vec<u8>> = names.into_values().flatten().collect();
    for batch in moved.chunks(BATCH) {
        // One command a key, for on a node of a cluster a command may not span slots.
        let mut commands = redis::pipe();
        for name in batch {
            commands.cmd("UNLINK").arg(name).ignore();
        }
        let _: () = commands.query_async(&mut connection).await.map_err(|error| failure(&at.url, &error))?;
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
