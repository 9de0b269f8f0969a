use redis::aio::MultiplexedConnection;

use crate::servers::connection::failure;
use crate::servers::error::ServerError;
use crate::store::Endpoint;

/// Names that are asked for, or removed, together.
pub(super) const BATCH: usize = 1_000;

/// A walk over the names in a database, a batch at a time. A name may come twice.
pub(super) struct Scan<'a> {
    connection: MultiplexedConnection,
    at: &'a Endpoint,
    /// Only names that begin with it.
    prefix: &'a str,
    /// Where to go on; nothing at the end.
    cursor: Option<u64>,
}

impl<'a> Scan<'a> {
    /// Over the names that begin with `prefix`: all of them, if it is empty.
    pub fn new(connection: &MultiplexedConnection, at: &'a Endpoint, prefix: &'a str) -> Scan<'a> {
        Scan { connection: connection.clone(), at, prefix, cursor: Some(0) }
    }

    /// The next batch, which may be empty; nothing at the end.
    ///
    /// # Errors
    /// When the server does not answer, or refuses.
    pub async fn next(&mut self) -> Result<Option<Vec<Vec<u8>>>, ServerError> {
        let Some(cursor) = self.cursor else { return Ok(None) };
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor);
        if !self.prefix.is_empty() {
            scan.arg("MATCH").arg(format!("{}*", escaped(self.prefix)));
        }
        scan.arg("COUNT").arg(BATCH);
        let (next, mut names): (u64, Vec<Vec<u8>>) = scan
            .query_async(&mut self.connection)
            .await
            .map_err(|error: redis::RedisError| failure(&self.at.url, &error))?;
        self.cursor = (next != 0).then_some(next);
        // Removing is what names are looked for: none goes by the server's reading of a pattern alone.
        names.retain(|name| name.starts_with(self.prefix.as_bytes()));
        Ok(Some(names))
    }
}

/// Removes these names; says how many there were.
///
/// # Errors
/// When the server does not answer, or refuses.
pub(super) async fn unlink(
    connection: &mut MultiplexedConnection,
    at: &Endpoint,
    names: &[Vec<u8>],
) -> Result<u64, ServerError> {
    if names.is_empty() {
        return Ok(0);
    }
    // One command a key, for on a node of a cluster a command may not span slots.
    let mut commands = redis::pipe();
    for name in names {
        commands.cmd("UNLINK").arg(name);
    }
    let counts: Vec<u64> =
        commands.query_async(connection).await.map_err(|error| failure(&at.url, &error))?;
    Ok(counts.iter().sum())
}

/// The prefix as a pattern that matches only itself.
fn escaped(prefix: &str) -> String {
    let mut pattern = String::new();
    for letter in prefix.chars() {
        if r"*?[]\^-".contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_matches_only_itself() {
        assert_eq!(escaped("cb:[x]*?\\"), r"cb:\[x\]\*\?\\");
        assert_eq!(escaped("cachebench:7:"), "cachebench:7:");
    }
}
