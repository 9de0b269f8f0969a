use std::sync::Arc;

use redis::io::tcp::TcpSettings;
use redis::{Client, ConnectionAddr, IntoConnectionInfo, RedisError};

use super::tls::Tls;

/// Where a cache is, and whom to trust there.
#[derive(Clone)]
pub struct Endpoint {
    /// `redis://` or `rediss://`, password included.
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

impl Endpoint {
    /// A client of the redis crate.
    ///
    /// # Errors
    /// When the URL is malformed.
    pub fn redis(&self) -> Result<Client, RedisError> {
        let info = self.url.as_str().into_connection_info()?;
        let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
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
        use fred::types::config::{Config, TlsConnector};
        // Given rediss://, the crate would trust the machine's own authorities, and fail where it has none.
        let encrypted = self.url.strip_prefix("rediss://");
        let mut config = match encrypted {
            Some(rest) => Config::from_url(&format!("redis://{rest}"))?,
            None => Config::from_url(&self.url)?,
        };
        if encrypted.is_some() {
            let client = self.tls.as_ref().map_or_else(Tls::public, |tls| tls.for_fred());
            config.tls = Some(TlsConnector::from(client).into());
        }
        // A connection begins there: no SELECT, as with the other driver, which a user may not be allowed.
        config.database = config.database.filter(|number| *number > 0);
        Ok(config)
    }
}
