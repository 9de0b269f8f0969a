use std::fmt;
use std::sync::Arc;

use redis::{ClientTlsConfig, TlsCertificates};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Whom a client trusts, and who it says it is; read from PEM and found usable.
pub struct Tls {
    ca: Option<Vec<u8>>,
    identity: Option<Identity>,
    config: ClientConfig,
}

/// A client's certificate, with its chain, and its private key; PEM each.
#[derive(Clone)]
pub struct Identity {
    pub certificate: Vec<u8>,
    pub key: Vec<u8>,
}

/// Never shows a key.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Tls")
            .field("ca", &self.ca.is_some())
            .field("identity", &self.identity.is_some())
            .finish()
    }
}

/// Why certificates are of no use. Never holds a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    #[error("holds no certificate in PEM")]
    NoAuthority,
    #[error("holds a certificate that cannot be trusted as an authority: {0}")]
    BadAuthority(String),
    #[error("holds no certificate in PEM")]
    NoCertificate,
    #[error("holds no private key in PEM")]
    NoKey,
    #[error("certificate and key cannot be used together: {0}")]
    Mismatch(String),
}

impl Tls {
    /// Trusts the authorities in `ca` instead of the public ones, and shows `identity` to a server that asks.
    ///
    /// # Errors
    /// When something is not PEM, or the key is not that of the certificate.
    pub fn new(ca: Option<Vec<u8>>, identity: Option<Identity>) -> Result<Tls, TlsError> {
        let roots = match &ca {
            Some(ca) => authorities(ca)?,
            None => public_authorities(),
        };
        let builder = builder().with_root_certificates(roots);
        let config = match &identity {
            None => builder.with_no_client_auth(),
            Some(Identity { certificate, key }) => {
                let chain = certificates(certificate).ok_or(TlsError::NoCertificate)?;
                let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey)?;
                let config = builder.with_client_auth_cert(chain, key);
                config.map_err(|error| TlsError::Mismatch(error.to_string()))?
            }
        };
        Ok(Tls { ca, identity, config })
    }

    /// A client that trusts the public authorities.
    pub(super) fn public() -> ClientConfig {
        builder().with_root_certificates(public_authorities()).with_no_client_auth()
    }

    pub(super) fn for_redis(&self) -> TlsCertificates {
        let identity = self.identity.clone();
        let client_tls = identity.map(|Identity { certificate, key }| ClientTlsConfig {
            client_cert: certificate,
            client_key: key,
        });
        TlsCertificates { client_tls, root_cert: self.ca.clone() }
    }

    pub(super) fn for_fred(&self) -> ClientConfig {
        self.config.clone()
    }
}

fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for both versions of TLS")
}

/// As the redis and sqlx crates have them.
fn public_authorities() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

fn authorities(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).ok_or(TlsError::NoAuthority)? {
        roots.add(certificate).map_err(|error| TlsError::BadAuthority(error.to_string()))?;
    }
    Ok(roots)
}

/// The certificates of a file; nothing if it holds none, or something that cannot be read.
fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    found.ok().filter(|certificates| !certificates.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(names: &[&str]) -> Identity {
        let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        Identity { certificate: made.cert.pem().into(), key: made.signing_key.serialize_pem().into() }
    }

    #[test]
    fn what_is_no_pem_is_told_by_what_it_should_be() {
        let one = identity(&["a"]);
        let with = |certificate: &[u8], key: &[u8]| {
            Tls::new(None, Some(Identity { certificate: certificate.into(), key: key.into() })).unwrap_err()
        };
        assert_eq!(Tls::new(Some(b"hello".into()), None).unwrap_err(), TlsError::NoAuthority);
        assert_eq!(Tls::new(Some(one.key.clone()), None).unwrap_err(), TlsError::NoAuthority);
        assert_eq!(with(&one.key, &one.key), TlsError::NoCertificate);
        assert_eq!(with(&one.certificate, &one.certificate), TlsError::NoKey);
        assert!(Tls::new(Some(one.certificate.clone()), Some(one)).is_ok());
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let identity = Identity { key: identity(&["b"]).key, ..identity(&["a"]) };
        let refused = Tls::new(None, Some(identity)).unwrap_err();
        assert!(matches!(refused, TlsError::Mismatch(_)), "{refused:?}");
    }

    #[test]
    fn no_key_is_shown() {
        let identity = identity(&["a"]);
        let tls = Tls::new(None, Some(identity)).unwrap();
        assert_eq!(format!("{tls:?}"), "Tls { ca: false, identity: true }");
    }

    #[test]
    fn there_is_one_tls_library_and_it_needs_no_build_tools() {
        let packages = include_str!("../../Cargo.lock");
        for other in ["openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys"] {
            assert!(!packages.contains(&format!("name = \"{other}\"")), "{other}");
        }
        // The redis crate takes the only provider that is compiled in; with two it would panic.
        let _ = ClientConfig::builder();
    }
}
