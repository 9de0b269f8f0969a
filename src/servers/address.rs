use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::secrets::redact;

const SCHEMES: &[&str] = &["redis", "rediss", "redis+cluster", "rediss+cluster", "postgres", "postgresql"];

/// Where a server is: our own, or one that someone else runs. Prints and serialises without its password.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// Started and ended by us.
    Managed,
    /// The URL as given, password included.
    External(String),
}

/// What a Redis that is not ours is called, by its address: `host:port`.
pub fn name_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or(rest);
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if has_port { host.to_owned() } else { format!("{host}:6379") }
}

/// Text that names no server; never shows a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no server; write \"managed\", or a URL that begins with redis://, rediss://, redis+cluster://, \
     rediss+cluster:// or postgres://"
)]
pub struct AddressError(String);

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        let known = |scheme: &str| SCHEMES.contains(&scheme.to_ascii_lowercase().as_str());
        match text.split_once("://") {
            None if text == "managed" => Ok(Address::Managed),
            Some((scheme, rest)) if known(scheme) && !rest.is_empty() => Ok(Address::External(text.into())),
            _ => Err(AddressError(redact(text))),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Address::Managed => f.write_str("managed"),
            Address::External(url) => f.write_str(&redact(url)),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_whole_and_shown_without_its_password() {
        let url = "rediss://user:hunter2@example.org:6380/1";
        let address: Address = serde_json::from_str(&format!("\"{url}\"")).unwrap();
        assert_eq!(address, Address::External(url.into()));
        let shown = format!("{address} {address:?} {}", serde_json::to_string(&address).unwrap());
        assert!(!shown.contains("hunter2") && shown.contains("user:***@example.org:6380/1"), "{shown}");
        assert_eq!("managed".parse(), Ok(Address::Managed));
        for url in ["redis+cluster://me:hunter2@one:1,two:2", "rediss+cluster://me:hunter2@one:1,two:2"] {
            let address: Address = url.parse().unwrap();
            assert_eq!(address, Address::External(url.into()));
            assert_eq!(address.to_string(), url.replace("hunter2", "***"));
        }
    }

    #[test]
    fn a_server_is_called_by_its_host_and_port() {
        for (url, name) in [
            ("redis://h", "h:6379"),
            ("redis://me:p@ss@h:7000/1", "h:7000"),
            ("rediss://[::1]:7000?x", "[::1]:7000"),
        ] {
            assert_eq!(name_of(url), name);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for wrong in ["http://user:hunter2@host", "redis:user:hunter2@host", "Managed", "redis://", ""] {
            let refused = wrong.parse::<Address>().unwrap_err().to_string();
            assert!(!refused.contains("hunter2") && refused.contains("managed"), "{refused}");
        }
    }
}
