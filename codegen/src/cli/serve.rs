//! `serve`: a fake server for any document. `xtask` serves the fakes of our services with the same options.

use std::fmt;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use connectors_mock::document::{Document, Server};
use connectors_mock::{Exchange, Identity, Serving};

use crate::Generator;
use crate::document::Node;

use super::documents;
use super::report::Result;

/// How exchanges are logged.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Log {
    /// One line each.
    Text,
    /// One JSON object each, on a line.
    Json,
}

/// Where and how to serve a fake.
#[derive(Args)]
pub struct Listen {
    /// Address to listen on, such as ::1, or 0.0.0.0 for other machines.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// Port; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Serve HTTPS, and write the certificate of the authority that a client has to trust to this file.
    #[arg(long, value_name = "FILE")]
    tls: Option<PathBuf>,
    /// A name or address that clients use, for the certificate; may be repeated. The certificate always has localhost,
    /// 127.0.0.1, ::1 and --host.
    #[arg(long = "name", value_name = "NAME", requires = "tls")]
    names: Vec<String>,
    /// Allow pages of every origin to call it from a browser.
    #[arg(long)]
    cors: bool,
    /// Log each request on standard error, without secrets.
    #[arg(long, value_name = "FORM", num_args = 0..=1, require_equals = true, default_missing_value = "text", value_enum)]
    log: Option<Log>,
}

impl Listen {
    /// The settings of the server. If it serves HTTPS, the certificate of its authority is written here.
    ///
    /// # Errors
    /// If a name cannot be in a certificate, or the file cannot be written.
    pub fn serving(&self) -> Result<Serving> {
        let mut serving = Serving::default().address(self.host).port(self.port).control();
        if self.cors {
            serving = serving.cors();
        }
        if let Some(file) = &self.tls {
            let known = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
            let mut names: Vec<String> = known.into_iter().chain([self.host.to_string()]).collect();
            names.extend(self.names.iter().cloned());
            names.sort();
            names.dedup();
            let identity =
                Identity::new(names).map_err(|error| format!("error: no certificate can be made: {error}"))?;
            let written = fs::write(file, identity.authority());
            written.map_err(|error| format!("error: cannot write {}: {error}", file.display()))?;
            serving = serving.tls(identity);
        }
        let log = self.log;
        // Responses that the document does not allow are always reported.
        Ok(serving.log(move |exchange: &Exchange| match log {
            Some(Log::Json) => eprintln!("{}", exchange.to_json()),
            Some(Log::Text) => eprintln!("{exchange}"),
            None if exchange.mistake.is_some() => eprintln!("{exchange}"),
            None => {}
        }))
    }

    /// Prints the requests to send without a client, waits for Ctrl-C, and ends the program. The path and the token are those of a first
    /// request.
    ///
    /// # Errors
    /// If the program cannot be notified of Ctrl-C.
    pub async fn until_stopped(&self, url: &str, first: Option<(&str, &str)>) -> Result<()> {
        println!("{}", ByHand { listen: self, url, first });
        println!("\nPress Ctrl-C to stop.");
        tokio::signal::ctrl_c().await?;
        // A response that the document does not allow was reported when it was sent. A fake that is dropped panics about it.
        std::process::exit(0)
    }

    /// The message for a server that could not start.
    #[must_use]
    pub fn failed(&self, error: &io::Error) -> String {
        if error.kind() == io::ErrorKind::InvalidInput {
            return format!("error: {error}");
        }
        format!("error: cannot listen on {}, port {}: {error}\n  help: choose another --port", self.host, self.port)
    }
}

/// The requests to send without a client.
struct ByHand<'a> {
    listen: &'a Listen,
    url: &'a str,
    first: Option<(&'a str, &'a str)>,
}

impl fmt::Display for ByHand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut trust = String::new();
        if let Some(file) = &self.listen.tls {
            let file = file.display();
            writeln!(f, "\n# The authority that signed its certificate:")?;
            for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE"] {
                writeln!(f, "export {name}='{file}'")?;
            }
            trust = format!(" --cacert '{file}'");
        }
        let url = self.url;
        if let Some((path, token)) = self.first {
            writeln!(f, "\nor send requests by hand, with a token that is valid for an hour:\n")?;
            writeln!(f, "curl{trust} -H 'Authorization: Bearer {token}' '{url}{path}'")?;
        }
        writeln!(f, "\nTests script failures; docs/serve.md in the repository has all endpoints:\n")?;
        write!(f, "curl{trust} -d '{{\"status\": 429}}' '{url}/_control/faults'")
    }
}

/// The options for a fake server of a document.
#[derive(Args)]
pub struct Serve {
    /// The document, YAML or JSON.
    document: PathBuf,
    /// Apply this OpenAPI Overlay (1.0, 1.1 or 1.2); may be repeated.
    #[arg(long = "overlay", value_name = "FILE")]
    overlays: Vec<PathBuf>,
    #[command(flatten)]
    listen: Listen,
}

impl Serve {
    /// Serves the document until Ctrl-C.
    ///
    /// # Errors
    /// If the document cannot be used, or the address or the port is not available.
    pub fn run(&self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(document(&self.document, &self.overlays, &self.listen))
    }
}

/// Serves a document with overlays until Ctrl-C.
///
/// # Errors
/// If the document cannot be used, or the address or the port is not available.
pub async fn document(file: &Path, overlays: &[PathBuf], listen: &Listen) -> Result<()> {
    let mut generator = Generator::new(documents::file(file)?.node);
    for overlay in overlays {
        generator = generator.overlay(Node::read(overlay)?);
    }
    let document = Document::parse(&generator.overlaid()?.to_json().to_string())?;
    let server = Server::serve(document, listen.serving()?).await.map_err(|error| listen.failed(&error))?;
    println!("A fake of {} listens on {}. It accepts any credential.", file.display(), server.url());
    listen.until_stopped(server.url(), None).await
}
