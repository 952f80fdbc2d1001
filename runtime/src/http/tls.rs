//! TLS by the crate's features: with `rustls`, the cryptography of `ring`, unless the program has installed another.

#[cfg(feature = "rustls")]
use std::sync::Arc;

#[cfg(feature = "rustls")]
use rustls::crypto::{CryptoProvider, ring};
#[cfg(feature = "rustls")]
use rustls::{ClientConfig, RootCertStore};
#[cfg(feature = "rustls")]
use rustls_platform_verifier::BuilderVerifierExt as _;
use url::Url;

use crate::error::{Error, Kind};

/// Makes `ring` the provider of cryptography for rustls in this process, unless the program has installed one. Without the
/// feature `rustls` it does nothing.
///
/// A `reqwest` client of your own needs a provider, or building it panics: reqwest has TLS by rustls here, without a
/// provider. Call this before you build one for a [`Sender`](crate::Sender). The clients of this crate do not need it, and a
/// builder's `http` calls it.
///
/// ```
/// connectors_runtime::provide_tls();
/// let http = connectors_runtime::reqwest::Client::new();
/// # drop(http);
/// ```
///
/// For another provider, call its `install_default` at the start of the program. All clients that are built after that use it,
/// also those of this crate.
pub fn provide_tls() {
    #[cfg(feature = "rustls")]
    if CryptoProvider::get_default().is_none() {
        // It fails if another thread has just installed one, which is then used.
        drop(ring::default_provider().install_default());
    }
}

/// An HTTP client with the TLS of this crate's features, whatever features other crates have turned on.
pub(super) fn http(base_url: &Url, own_sender: bool) -> Result<reqwest::ClientBuilder, Error> {
    if base_url.scheme() == "https" && !own_sender && !cfg!(any(feature = "rustls", feature = "native-tls")) {
        let message = "no TLS for an https server: turn on the feature `rustls` or `native-tls`, or pass your own HTTP client to the builder's `http`";
        return Err(Error::new(Kind::Config, message));
    }
    let http = reqwest::Client::builder();
    // By default reqwest uses native-tls as soon as any crate turns it on.
    #[cfg(feature = "rustls")]
    let http = {
        let config = config(own_sender);
        http.tls_backend_preconfigured(config.map_err(|error| Error::new(Kind::Config, UNUSABLE).caused_by(error))?)
    };
    #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
    let http = {
        let http = http.tls_backend_native();
        // It only builds requests then, so the system's certificates are not read.
        if own_sender { http.tls_certs_only([]) } else { http }
    };
    Ok(http)
}

#[cfg(feature = "rustls")]
const UNUSABLE: &str = "TLS cannot be set up";

/// The settings of rustls, as reqwest would choose them. They name their provider, so that none has to be installed.
#[cfg(feature = "rustls")]
fn config(own_sender: bool) -> Result<ClientConfig, rustls::Error> {
    let provider = CryptoProvider::get_default().cloned();
    let provider = provider.unwrap_or_else(|| Arc::new(ring::default_provider()));
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = if own_sender {
        // It only builds requests then, so the system's certificates are not read.
        config.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
    } else {
        config.with_platform_verifier()?.with_no_client_auth()
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
