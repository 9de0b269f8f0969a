use std::sync::Arc;

use redis::io::tcp::TcpSettings;
use redis::{Client, ConnectionAddr, ErrorKind, IntoConnectionInfo, RedisError};

use super::tls::Tls;

/// Where a cache is, and whom to trust there.
#[derive(Clone)]
pub struct Endpoint {
    /// `redis://` or `rediss://`, password included; or `redis+cluster://` or `rediss+cluster://` with one or several
    /// nodes of a cluster, from which all others are found: `redis+cluster://user:password@host:port,host:port`.
    pub url: String,
    /// What a `rediss://` connection is made with; nothing for the public authorities and no certificate of ours.
    pub tls: Option<Arc<Tls>>,
}

/// Without TLS settings of its own.
impl<T: Into<String>> From<T> for Endpoint {
    fn from(url: T) -> Endpoint {
        Endpoint { url: url.into(), tls: None }
    }
}

/// A cluster's URL in its parts.
struct Seeds<'a> {
    /// Of a connection to one node.
    scheme: &'static str,
    /// `user:password@`, or nothing.
    credentials: &'a str,
    hosts: &'a str,
    /// From `/` or `?` on.
    rest: &'a str,
}

impl Endpoint {
    /// Whether it names nodes of a cluster.
    pub fn is_cluster(&self) -> bool {
        self.seeds().is_some()
    }

    fn seeds(&self) -> Option<Seeds<'_>> {
        let (scheme, rest) = self.url.split_once("://")?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "redis+cluster" => "redis",
            "rediss+cluster" => "rediss",
            _ => return None,
        };
        // A password may hold an `@`, hosts may not.
        let hosts = rest.rfind('@').map_or(0, |at| at + 1);
        let (credentials, hosts) = rest.split_at(hosts);
        let end = hosts.find(['/', '?', '#']).unwrap_or(hosts.len());
        let (hosts, rest) = hosts.split_at(end);
        Some(Seeds { scheme, credentials, hosts, rest })
    }

    /// The nodes that the URL names, each by itself: those of a cluster from which all others are found, else the one
    /// server.
    ///
    /// # Errors
    /// When a cluster's URL names no host, or a database other than 0, which a cluster does not have.
    pub fn nodes(&self) -> Result<Vec<Endpoint>, RedisError> {
        let Some(Seeds { scheme, credentials, hosts, rest }) = self.seeds() else {
            return Ok(vec![self.clone()]);
        };
        let wrong = |problem| Err(RedisError::from((ErrorKind::InvalidClientConfig, problem)));
        let database =
            rest.strip_prefix('/').unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
        if !["", "0"].contains(&database) {
            return wrong("a cluster has database 0 only; leave the number out");
        }
        if hosts.split(',').any(str::is_empty) {
            return wrong("a host is missing; write redis+cluster://host:port,host:port");
        }
        let node =
            |host| Endpoint { url: format!("{scheme}://{credentials}{host}{rest}"), tls: self.tls.clone() };
        Ok(hosts.split(',').map(node).collect())
    }

    /// One node of the cluster that this names, with the same credentials.
    pub fn node(&self, host: &str, port: u16) -> Endpoint {
        let Some(Seeds { scheme, credentials, rest, .. }) = self.seeds() else { return self.clone() };
        let host = if host.contains(':') { format!("[{host}]") } else { host.into() };
        Endpoint { url: format!("{scheme}://{credentials}{host}:{port}{rest}"), tls: self.tls.clone() }
    }

    /// A client of the redis crate for one server.
    ///
    /// # Errors
    /// When the URL is malformed, or names a cluster.
    pub fn redis(&self) -> Result<Client, RedisError> {
        let info = self.url.as_str().into_connection_info()?;
        let info = info.set_tcp_settings(tcp());
        match &self.tls {
            Some(tls) if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) => {
                Client::build_with_tls(info, tls.for_redis())
            }
            _ => Client::open(info),
        }
    }

    /// The configuration of a client of the fred crate.
    ///
    /// # Errors
    /// When the URL is malformed.
    pub(super) fn fred(&self) -> Result<fred::types::config::Config, fred::error::Error> {
        use fred::error::{Error, ErrorKind};
        use fred::types::config::{ClusterDiscoveryPolicy, Config, ServerConfig, TlsConnector};
        let nodes = self.nodes().map_err(|error| Error::new(ErrorKind::Url, error.to_string()))?;
        let mut first = None;
        let mut hosts = Vec::new();
        for node in &nodes {
            // Given rediss://, the crate would trust the machine's own authorities, and fail where it has none.
            let encrypted = node.url.strip_prefix("rediss://");
            let mut config = match encrypted {
                Some(rest) => Config::from_url(&format!("redis://{rest}"))?,
                None => Config::from_url(&node.url)?,
            };
            if encrypted.is_some() {
                let client = self.tls.as_ref().map_or_else(Tls::public, |tls| tls.for_fred());
                config.tls = Some(TlsConnector::from(client).into());
            }
            hosts.extend(config.server.hosts());
            first.get_or_insert(config);
        }
        let mut config = first.ok_or_else(|| Error::new(ErrorKind::Url, "it names no node"))?;
        // A connection begins there: no SELECT, as with the other driver, which a user may not be allowed.
        config.database = config.database.filter(|number| *number > 0);
        if self.is_cluster() {
            // Any node that was ever heard of may tell of the others, not only those of the URL.
            config.server = ServerConfig::Clustered { hosts, policy: ClusterDiscoveryPolicy::UseCache };
        }
        Ok(config)
    }
}

/// As every connection has them.
pub(super) fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(url: &str) -> Vec<String> {
        Endpoint::from(url).nodes().unwrap().into_iter().map(|node| node.url).collect()
    }

    #[test]
    fn a_cluster_is_named_by_some_of_its_nodes() {
        for (url, named) in [
            ("redis+cluster://one:1", vec!["redis://one:1"]),
            ("REDIS+CLUSTER://one:1,two:2/0", vec!["redis://one:1/0", "redis://two:2/0"]),
            (
                "rediss+cluster://me:p@ss,word@one:1,[::2]:2",
                vec!["rediss://me:p@ss,word@one:1", "rediss://me:p@ss,word@[::2]:2"],
            ),
            ("redis+cluster://:p%40@one:1/?protocol=resp3", vec!["redis://:p%40@one:1/?protocol=resp3"]),
        ] {
            assert_eq!(
                (nodes(url), Endpoint::from(url).is_cluster()),
                (named.iter().map(ToString::to_string).collect(), true)
            );
        }
        assert_eq!(nodes("redis://one:1/3"), ["redis://one:1/3"]);
        assert!(!Endpoint::from("redis://one:1/3").is_cluster());
        let at = Endpoint::from("redis+cluster://me:hunter2@one:1,two:2");
        assert_eq!(at.node("::3", 3).url, "redis://me:hunter2@[::3]:3");
    }

    #[test]
    fn a_cluster_that_cannot_be_is_refused_without_its_password() {
        for url in [
            "redis+cluster://me:hunter2@one:1/2",
            "redis+cluster://me:hunter2@one:1,",
            "redis+cluster://me:hunter2@",
        ] {
            let refused = Endpoint::from(url).nodes().err().unwrap().to_string();
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn both_drivers_are_told_the_same_nodes() {
        let at = Endpoint::from("redis+cluster://me:hunter2@one:1,two:2");
        let config = at.fred().unwrap();
        assert!(config.server.is_clustered());
        assert_eq!(config.server.hosts().len(), 2);
        assert_eq!((config.username.as_deref(), config.password.as_deref()), (Some("me"), Some("hunter2")));
        assert!(!Endpoint::from("redis://one:1").fred().unwrap().server.is_clustered());
    }
}
