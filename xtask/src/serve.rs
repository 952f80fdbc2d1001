//! `cargo xtask serve`: a fake of a service for a client in any language.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::{Args, ValueEnum};
use connectors_codegen::Generator;
use connectors_codegen::cli::documents;
use connectors_fake::c1::{self, Tenant};
use connectors_fake::document::{Document, Server};
use connectors_fake::pipeshub::{self, Instance};
use connectors_fake::{Exchange, Identity, Serving};

use crate::Result;

/// The services that can be served.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Service {
    /// A tenant of ConductorOne.
    C1,
    /// An instance of PipesHub.
    Pipeshub,
}

/// How exchanges are logged.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Log {
    /// One line each.
    Text,
    /// One JSON object each, on a line.
    Json,
}

#[derive(Args)]
pub(crate) struct Options {
    /// The service to imitate.
    #[arg(value_enum, required_unless_present = "from", conflicts_with = "from")]
    service: Option<Service>,
    /// Serve a fake of this OpenAPI document, YAML or JSON: respond to each operation with an instance of its schema,
    /// reject requests that the document does not allow, and store written resources.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["client_id", "client_secret", "seed", "seed_file", "lenient_config"])]
    from: Option<PathBuf>,
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
    /// The client id, instead of a generated one.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The client secret, instead of a generated one.
    #[arg(long, value_name = "SECRET")]
    client_secret: Option<String>,
    /// Derive all credentials from this text, so that they are the same after a restart on the same port.
    #[arg(long, value_name = "TEXT")]
    seed: Option<String>,
    /// The data at the start, in JSON; docs/serve.md has the format.
    #[arg(long, value_name = "FILE")]
    seed_file: Option<PathBuf>,
    /// Accept catalog entries of C1 that do not exist, and configuration keys that their schema does not have.
    #[arg(long)]
    lenient_config: bool,
    /// Allow pages of every origin to call it from a browser.
    #[arg(long)]
    cors: bool,
    /// Log each request on standard error, without secrets.
    #[arg(long, value_name = "FORM", num_args = 0..=1, default_missing_value = "text", value_enum)]
    log: Option<Log>,
}

pub(crate) fn run(options: Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let serving = serving(&options)?;
        match (&options.from, options.service) {
            (Some(file), _) => document(file, serving, &options).await,
            (None, Some(Service::Pipeshub)) => pipeshub(serving, options).await,
            // The argument parser asks for one of them.
            (None, Some(Service::C1) | None) => c1(serving, options).await,
        }
    })
}

fn serving(options: &Options) -> Result<Serving> {
    let mut serving = Serving::default().address(options.host).port(options.port).control();
    if options.cors {
        serving = serving.cors();
    }
    if let Some(file) = &options.tls {
        let known = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let mut names: Vec<String> = known.into_iter().chain([options.host.to_string()]).collect();
        names.extend(options.names.iter().cloned());
        names.sort();
        names.dedup();
        let identity = Identity::new(names).map_err(|error| format!("error: no certificate can be made: {error}"))?;
        let written = fs::write(file, identity.authority());
        written.map_err(|error| format!("error: cannot write {}: {error}", file.display()))?;
        serving = serving.tls(identity);
    }
    let log = options.log;
    // Responses that the document does not allow are always reported.
    Ok(serving.log(move |exchange: &Exchange| match log {
        Some(Log::Json) => eprintln!("{}", exchange.to_json()),
        Some(Log::Text) => eprintln!("{exchange}"),
        None if exchange.mistake.is_some() => eprintln!("{exchange}"),
        None => {}
    }))
}

/// The text of a seed file.
fn seed(file: &Path) -> Result<String> {
    Ok(fs::read_to_string(file).map_err(|error| format!("error: cannot read {}: {error}", file.display()))?)
}

async fn c1(serving: Serving, options: Options) -> Result<()> {
    let mut builder = Tenant::builder().serving(serving);
    if let Some(file) = &options.seed_file {
        builder = builder.seed(c1::Seed::from_json(&seed(file)?).map_err(|error| unusable(file, &error))?);
    }
    if let Some(text) = &options.seed {
        builder = builder.credentials_from(text);
    }
    if let Some(id) = &options.client_id {
        builder = builder.client_id(id);
    }
    if let Some(secret) = &options.client_secret {
        builder = builder.client_secret(secret);
    }
    if options.lenient_config {
        builder = builder.lenient_config();
    }
    let tenant = builder.start().await.map_err(|error| failed(&options, &error))?;
    println!("A fake C1 tenant listens on {}. Point a client at it:\n", tenant.url());
    println!("export CONDUCTORONE_SERVER_URL='{}'", tenant.url());
    println!("export CONDUCTORONE_CLIENT_ID='{}'", tenant.client_id());
    println!("export CONDUCTORONE_CLIENT_SECRET='{}'", tenant.client_secret());
    by_hand(tenant.url(), Some(("/api/v1/apps", &tenant.issue_token())), &options);
    until_stopped().await
}

async fn pipeshub(serving: Serving, options: Options) -> Result<()> {
    let mut builder = Instance::builder().serving(serving);
    if let Some(file) = &options.seed_file {
        builder = builder.seed(pipeshub::Seed::from_json(&seed(file)?).map_err(|error| unusable(file, &error))?);
    }
    if let Some(text) = &options.seed {
        builder = builder.credentials_from(text);
    }
    if let Some(id) = &options.client_id {
        builder = builder.client_id(id);
    }
    if let Some(secret) = &options.client_secret {
        builder = builder.client_secret(secret);
    }
    let instance = builder.start().await.map_err(|error| failed(&options, &error))?;
    println!("A fake PipesHub instance listens on {}. Point a client at it:\n", instance.url());
    println!("export PIPESHUB_INSTANCE_URL='{}'", instance.url());
    println!("export PIPESHUB_CLIENT_ID='{}'", instance.client_id());
    println!("export PIPESHUB_CLIENT_SECRET='{}'", instance.client_secret());
    by_hand(instance.url(), Some(("/api/v1/connectors", &instance.issue_token())), &options);
    until_stopped().await
}

async fn document(file: &Path, serving: Serving, options: &Options) -> Result<()> {
    let text = Generator::new(documents::file(file)?.node).overlaid()?.to_json().to_string();
    let document = Document::parse(&text)?;
    let server = Server::serve(document, serving).await.map_err(|error| failed(options, &error))?;
    println!("A fake of {} listens on {}. It accepts any credential.", file.display(), server.url());
    by_hand(server.url(), None, options);
    until_stopped().await
}

/// Prints the requests to send without a client.
fn by_hand(url: &str, request: Option<(&str, &String)>, options: &Options) {
    let trust = match &options.tls {
        Some(file) => {
            let file = file.display();
            println!("\n# The authority that signed its certificate:");
            for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE"] {
                println!("export {name}='{file}'");
            }
            format!(" --cacert '{file}'")
        }
        None => String::new(),
    };
    if let Some((path, token)) = request {
        println!("\nor send requests by hand, with a token that is valid for an hour:\n");
        println!("curl{trust} -H 'Authorization: Bearer {token}' '{url}{path}'");
    }
    println!("\nTests script failures; docs/serve.md has all endpoints:\n");
    println!("curl{trust} -d '{{\"status\": 429}}' '{url}/_control/faults'");
}

fn failed(options: &Options, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::InvalidInput {
        return format!("error: {error}");
    }
    format!("error: cannot listen on {}, port {}: {error}\n  help: choose another --port", options.host, options.port)
}

fn unusable(file: &Path, error: &io::Error) -> String {
    format!("error: {}: {error}\n  help: docs/serve.md has the format of a seed file", file.display())
}

async fn until_stopped() -> Result<()> {
    println!("\nPress Ctrl-C to stop.");
    tokio::signal::ctrl_c().await?;
    Ok(())
}
