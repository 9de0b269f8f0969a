use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::config::{Cell, Document, Problems};
use crate::servers::Address;
use crate::store::{Identity, Tls, TlsError};

/// Files for a `rediss://` address, in PEM. A relative path starts at the folder of the workload file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TlsSettings {
    /// The authorities to trust, instead of the public ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub ca: Option<PathBuf>,
    /// Our certificate and its chain, for a server that asks for one.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "hidden")]
    #[schemars(with = "String")]
    pub certificate: Option<PathBuf>,
    /// The private key of our certificate.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "hidden")]
    #[schemars(with = "String")]
    pub key: Option<PathBuf>,
}

/// Where somebody keeps their keys is nobody else's business.
fn hidden<S: Serializer>(_: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("***")
}

/// What is wrong with one of the settings.
#[derive(Debug, thiserror::Error)]
#[error("{title}")]
pub struct TlsProblem {
    /// Its dotted path.
    path: &'static str,
    title: String,
    help: Option<String>,
}

const CA: &str = "cache.tls.ca";
const CERTIFICATE: &str = "cache.tls.certificate";
const KEY: &str = "cache.tls.key";

impl TlsSettings {
    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == TlsSettings::default()
    }

    /// Reads the files, which stand beside `file` unless their paths are absolute; nothing where none is named.
    ///
    /// # Errors
    /// When a file is missing or not what it should be, or one of certificate and key is without the other.
    pub fn read(&self, file: &Path) -> Result<Option<Tls>, TlsProblem> {
        let beside = file.parent().unwrap_or(Path::new(""));
        let read = |setting: &'static str, path: &PathBuf| {
            fs::read(beside.join(path)).map_err(|error| TlsProblem {
                path: setting,
                title: format!("cannot read `{}`: {error}", path.display()),
                help: path.is_relative().then(|| "the path starts at the folder of the workload file".into()),
            })
        };
        let ca = self.ca.as_ref().map(|path| read(CA, path)).transpose()?;
        let identity = match (&self.certificate, &self.key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => {
                Some(Identity { certificate: read(CERTIFICATE, certificate)?, key: read(KEY, key)? })
            }
            (Some(_), None) => return Err(alone(CERTIFICATE, "key")),
            (None, Some(_)) => return Err(alone(KEY, "certificate")),
        };
        if self.is_empty() {
            return Ok(None);
        }
        Tls::new(ca, identity).map(Some).map_err(|error| self.problem(&error))
    }

    fn problem(&self, error: &TlsError) -> TlsProblem {
        let (path, named, help) = match error {
            TlsError::NoAuthority | TlsError::BadAuthority(_) => (CA, &self.ca, CERTIFICATE_BEGINS),
            TlsError::NoCertificate => (CERTIFICATE, &self.certificate, CERTIFICATE_BEGINS),
            TlsError::NoKey => (KEY, &self.key, "an encrypted key has to be decrypted first"),
            TlsError::Mismatch(_) => {
                return TlsProblem { path: KEY, title: error.to_string(), help: None };
            }
        };
        let file = named.as_deref().unwrap_or(Path::new("")).display();
        TlsProblem { path, title: format!("`{file}` {error}"), help: Some(help.into()) }
    }
}

const CERTIFICATE_BEGINS: &str = "it begins with -----BEGIN CERTIFICATE-----";

fn alone(path: &'static str, other: &str) -> TlsProblem {
    let title = "certificate and key go together".to_string();
    TlsProblem { path, title, help: Some(format!("give the {other} too")) }
}

/// Reports files that cannot be used, and settings that no address makes use of.
pub fn check(file: &Path, whole: &Document, cells: &[(&Document, &Cell)], problems: &mut Problems) {
    let encrypted = |cell: &Cell| {
        let nodes = cell.workload.cache.named_nodes();
        nodes.iter().any(|node| matches!(&node.url, Address::External(url) if url.starts_with("rediss")))
    };
    if !cells.iter().any(|(_, cell)| encrypted(cell)) && whole.get("cache.tls").is_some() {
        let title = "TLS settings, but no connection to the cache uses TLS";
        problems.at(whole, "cache.tls", title, Some("write cache.url = \"rediss://…\", or leave them out"));
    }
    for (document, cell) in cells {
        if let Err(TlsProblem { path, title, help }) = cell.workload.cache.tls.read(file) {
            problems.at(document, path, title, help.as_deref());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::load;

    const RIGHT: &str = "name = \"test\"\n[data]\nrows = 9\n[traffic]\nload = { closed = { clients = 1 } }\n\
        operations = 9\n[cache]\nurl = \"rediss://host\"\n";

    /// What is said of a workload with these TLS settings, beside which stand a certificate with its key.
    fn said(tls: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["host".to_string()]).unwrap();
        std::fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        let text = format!("{RIGHT}tls = {tls}\n");
        load(&folder.path().join("w.toml"), text, &[]).err().map(|wrong| wrong.render(false))
    }

    #[test]
    fn files_are_looked_for_beside_the_workload_and_told_by_place() {
        let right = "{ ca = \"cert.pem\", certificate = \"cert.pem\", key = \"key.pem\" }";
        assert_eq!(said(right), None);
        for (tls, column, expected) in [
            ("{ ca = \"no.pem\" }", 14, "cannot read `no.pem`"),
            ("{ ca = \"key.pem\" }", 14, "`key.pem` holds no certificate in PEM"),
            ("{ certificate = \"key.pem\", key = \"key.pem\" }", 23, "`key.pem` holds no certificate"),
            ("{ certificate = \"cert.pem\", key = \"cert.pem\" }", 41, "`cert.pem` holds no private key"),
            ("{ certificate = \"cert.pem\" }", 23, "give the key too"),
            ("{ key = \"key.pem\" }", 15, "give the certificate too"),
            ("{ authority = \"cert.pem\" }", 9, "authority"),
        ] {
            let said = said(tls).expect(tls);
            assert!(said.contains(expected) && said.contains(&format!("w.toml:9:{column}")), "{tls}: {said}");
        }
    }

    #[test]
    fn settings_that_no_connection_uses_are_told() {
        let text = format!("{RIGHT}tls = {{ ca = \"ca.pem\" }}\n").replace("rediss", "redis");
        let said = load(std::path::Path::new("w.toml"), text, &[]).unwrap_err().render(false);
        assert!(said.contains("no connection to the cache uses TLS"), "{said}");
    }

    #[test]
    fn no_result_says_where_a_key_is() {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["host".to_string()]).unwrap();
        std::fs::write(folder.path().join("secret-cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.path().join("secret-key.pem"), made.signing_key.serialize_pem()).unwrap();
        let one = "{ certificate = \"secret-cert.pem\", key = \"secret-key.pem\" }";
        let compare = "[compare]\n\"cache.tls.key\" = [\"secret-key.pem\"]";
        let whole = format!("[compare]\n\"cache.tls\" = [{one}]");
        for text in [
            format!("{RIGHT}tls = {one}\n"),
            format!("{RIGHT}tls = {one}\n{compare}"),
            format!("{RIGHT}{whole}"),
        ] {
            let loaded = load(&folder.path().join("w.toml"), text.clone(), &[]).unwrap();
            let settings: Vec<_> = loaded.cells.iter().map(|cell| &cell.settings).collect();
            let shown = format!("{} {settings:?}", serde_json::to_string(&loaded.workload).unwrap());
            assert!(shown.contains("***") && !shown.contains("secret"), "{text}: {shown}");
        }
    }
}
