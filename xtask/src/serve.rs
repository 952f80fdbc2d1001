//! `cargo xtask serve`: a fake of a service for a client in any language.

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::{Args, ValueEnum};
use connectors_codegen::cli::serve::{self, Listen};
use connectors_fake::c1::{self, Tenant};
use connectors_fake::pipeshub::{self, Instance};

use crate::Result;

/// The services that can be served.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Service {
    /// A tenant of ConductorOne.
    C1,
    /// An instance of PipesHub.
    Pipeshub,
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
    #[command(flatten)]
    listen: Listen,
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
}

pub(crate) fn run(options: Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match (&options.from, options.service) {
            (Some(file), _) => serve::document(file, &[], &options.listen).await,
            (None, Some(Service::Pipeshub)) => pipeshub(options).await,
            // The argument parser asks for one of them.
            (None, Some(Service::C1) | None) => c1(options).await,
        }
    })
}

/// The text of a seed file.
fn seed(file: &Path) -> Result<String> {
    Ok(fs::read_to_string(file).map_err(|error| format!("error: cannot read {}: {error}", file.display()))?)
}

async fn c1(options: Options) -> Result<()> {
    let mut builder = Tenant::builder().serving(options.listen.serving()?);
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
    let tenant = builder.start().await.map_err(|error| options.listen.failed(&error))?;
    println!("A fake C1 tenant listens on {}. Point a client at it:\n", tenant.url());
    println!("export CONDUCTORONE_SERVER_URL='{}'", tenant.url());
    println!("export CONDUCTORONE_CLIENT_ID='{}'", tenant.client_id());
    println!("export CONDUCTORONE_CLIENT_SECRET='{}'", tenant.client_secret());
    options.listen.until_stopped(tenant.url(), Some(("/api/v1/apps", &tenant.issue_token()))).await
}

async fn pipeshub(options: Options) -> Result<()> {
    let mut builder = Instance::builder().serving(options.listen.serving()?);
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
    let instance = builder.start().await.map_err(|error| options.listen.failed(&error))?;
    println!("A fake PipesHub instance listens on {}. Point a client at it:\n", instance.url());
    println!("export PIPESHUB_INSTANCE_URL='{}'", instance.url());
    println!("export PIPESHUB_CLIENT_ID='{}'", instance.client_id());
    println!("export PIPESHUB_CLIENT_SECRET='{}'", instance.client_secret());
    options.listen.until_stopped(instance.url(), Some(("/api/v1/connectors", &instance.issue_token()))).await
}

fn unusable(file: &Path, error: &io::Error) -> String {
    format!("error: {}: {error}\n  help: docs/serve.md has the format of a seed file", file.display())
}
