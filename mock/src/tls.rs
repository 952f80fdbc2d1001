//! Certificates for HTTPS: an authority that a client has to trust, and a certificate that it has signed.

use std::fmt;
use std::io;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// A certificate with the authority that signed it. Both are new each time, and the authority's key is stored nowhere.
#[derive(Clone)]
pub struct Identity {
    authority: String,
    config: Arc<ServerConfig>,
}

impl Identity {
    /// A certificate for these names and addresses.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let identity = connectors_mock::Identity::new(["localhost", "127.0.0.1", "::1"])?;
    /// assert!(identity.authority().starts_with("-----BEGIN CERTIFICATE-----"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If a name cannot be in a certificate, or the operating system has no randomness.
    pub fn new<T: Into<String>>(names: impl IntoIterator<Item = T>) -> io::Result<Identity> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let (authority, chain, key) = signed(names).map_err(io::Error::other)?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![chain], key.into()));
        let mut config = config.map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Identity { authority, config: Arc::new(config) })
    }

    /// The certificate of the authority, in PEM, which a client has to trust.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.config).into()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

type Signed = (String, tokio_rustls::rustls::pki_types::CertificateDer<'static>, PrivatePkcs8KeyDer<'static>);

fn signed(names: Vec<String>) -> Result<Signed, rcgen::Error> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, "connectors-mock authority");
    let key = KeyPair::generate()?;
    let certificate = authority.self_signed(&key)?;
    let issuer = Issuer::new(authority, key);
    let mut own = CertificateParams::new(names)?;
    own.distinguished_name.push(DnType::CommonName, "connectors-mock");
    own.use_authority_key_identifier_extension = true;
    own.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let key = KeyPair::generate()?;
    let signed = own.signed_by(&key, &issuer)?;
    Ok((certificate.pem(), signed.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der())))
}
