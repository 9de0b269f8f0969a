use sqlx::{AssertSqlSafe, Executor};

use super::connection::{self, failure};
use super::error::ServerError;

/// Makes an empty database in the Postgres at `url`, which is our own. The name is one of ours: letters, digits, `_`.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn create_database(url: &str, name: &str) -> Result<(), ServerError> {
    let mut connection = connection::postgres(url).await?;
    let statement = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    connection.execute(sqlx::query(statement)).await.map_err(|error| failure(url, &error))?;
    Ok(())
}

/// The address of another database in the Postgres at `url`, which names one and has no parameters.
pub fn at_database(url: &str, name: &str) -> String {
    let server = url.rsplit_once('/').map_or(url, |(server, _)| server);
    format!("{server}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_changes() {
        let url = at_database("postgres://cachebench@127.0.0.1:5000/postgres", "cell_1");
        assert_eq!(url, "postgres://cachebench@127.0.0.1:5000/cell_1");
    }
}
