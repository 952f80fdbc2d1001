//! Serving a fake: address, HTTPS, CORS, the control endpoint, and a log.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;

#[cfg(feature = "tls")]
use crate::tls::Identity;

/// How a fake is served. By default: on a free port of 127.0.0.1, over plain HTTP, without CORS, control endpoint and
/// log.
///
/// ```
/// use connectors_mock::Serving;
/// use connectors_mock::document::{Document, Server};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let serving = Serving::default().control().log(|exchange| eprintln!("{exchange}"));
/// let document = Document::parse(r#"{"openapi": "3.1.0", "paths": {}}"#)?;
/// let server = Server::serve(document, serving).await?;
/// // A test in any language scripts a fault: POST {url}/_control/faults with {"status": 429}.
/// println!("{}/_control", server.url());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Serving {
    address: IpAddr,
    port: u16,
    control: bool,
    cors: bool,
    log: Option<Log>,
    #[cfg(feature = "tls")]
    identity: Option<Identity>,
}

type Log = Arc<dyn Fn(&Exchange) + Send + Sync>;

impl Default for Serving {
    fn default() -> Serving {
        Serving {
            address: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            control: false,
            cors: false,
            log: None,
            #[cfg(feature = "tls")]
            identity: None,
        }
    }
}

impl Serving {
    /// Sets the address to listen on, such as `::1`; 127.0.0.1 by default.
    pub fn address(mut self, address: impl Into<IpAddr>) -> Serving {
        self.address = address.into();
        self
    }

    /// Sets the port; by default, or with 0, a free one.
    pub fn port(mut self, port: u16) -> Serving {
        self.port = port;
        self
    }

    /// Serves the control endpoint under `/_control`, so that a test in any language can script faults and syncs,
    /// expire tokens, advance the time and read the recorded requests.
    pub fn control(mut self) -> Serving {
        self.control = true;
        self
    }

    /// Allows pages of every origin to call it from a browser (CORS).
    pub fn cors(mut self) -> Serving {
        self.cors = true;
        self
    }

    /// Sets a callback for every exchange after it has ended. It contains no secrets.
    pub fn log(mut self, log: impl Fn(&Exchange) + Send + Sync + 'static) -> Serving {
        self.log = Some(Arc::new(log));
        self
    }

    /// Serves HTTPS.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, identity: Identity) -> Serving {
        self.identity = Some(identity);
        self
    }

    /// Binds the address, before the service that knows its own URL is created.
    ///
    /// # Errors
    ///
    /// If the address or the port is not available.
    pub async fn bind(&self) -> io::Result<Bound> {
        let listener = TcpListener::bind((self.address, self.port)).await?;
        let mut address = listener.local_addr()?;
        if address.ip().is_unspecified() {
            // No client can call that address.
            address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port());
        }
        let scheme = if self.is_tls() { "https" } else { "http" };
        Ok(Bound { listener, address, url: format!("{scheme}://{address}") })
    }

    pub(crate) fn has_control(&self) -> bool {
        self.control
    }

    pub(crate) fn has_cors(&self) -> bool {
        self.cors
    }

    pub(crate) fn tell(&self, exchange: impl FnOnce() -> Exchange) {
        if let Some(log) = &self.log {
            log(&exchange());
        }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    #[cfg(feature = "tls")]
    fn is_tls(&self) -> bool {
        self.identity.is_some()
    }

    #[cfg(not(feature = "tls"))]
    fn is_tls(&self) -> bool {
        false
    }
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Serving");
        shown.field("address", &self.address).field("port", &self.port).field("control", &self.control);
        shown.field("cors", &self.cors).field("tls", &self.is_tls()).finish_non_exhaustive()
    }
}

/// The address on which a fake listens.
pub struct Bound {
    /// The socket.
    pub listener: TcpListener,
    /// The address that clients call.
    pub address: SocketAddr,
    /// The URL for clients.
    pub url: String,
}

/// A request and its outcome. It contains no secrets.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Exchange {
    /// The method, in capitals.
    pub method: String,
    /// The raw path, and the query without its secrets.
    pub target: String,
    /// The document's operationId; `token` and the like for those endpoints; `None` for an unknown endpoint.
    pub operation: Option<String>,
    /// The status of the response; `None` if the connection was aborted before it.
    pub status: Option<u16>,
    /// Whether a fault was scripted for it.
    pub faulted: bool,
    /// The number of bytes of the body that were sent.
    pub bytes: usize,
    /// The time from the end of the request to the response.
    pub elapsed: Duration,
    /// The reason, if the document does not allow the response.
    pub mistake: Option<String>,
}

impl Exchange {
    /// The exchange as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "method": self.method,
            "target": self.target,
            "operation": self.operation,
            "status": self.status,
            "faulted": self.faulted,
            "bytes": self.bytes,
            "milliseconds": u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX),
            "mistake": self.mistake,
        })
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "{status} ")?,
            None => f.write_str("--- ")?,
        }
        write!(f, "{} {}", self.method, self.target)?;
        if let Some(operation) = &self.operation {
            write!(f, " {operation}")?;
        }
        write!(f, " {} ms {} bytes", self.elapsed.as_millis(), self.bytes)?;
        if self.faulted {
            f.write_str(" (fault)")?;
        }
        match &self.mistake {
            Some(mistake) => write!(f, " WRONG: {mistake}"),
            None => Ok(()),
        }
    }
}
