//! `connectors c1`: connectors of a C1 tenant.

mod arg;
mod change;
mod credentials;
mod owners;
mod read;
mod sync;

use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;

use crate::api;
use crate::ctx::Ctx;
use crate::fail::Result;

use arg::Ref;

pub use owners::entitlement;
pub use read::state;

#[derive(Subcommand)]
pub enum Command {
    /// List the apps
    Apps,
    /// List the connectors of all apps, or of one
    List {
        /// The app, as `connectors c1 apps` prints it
        app: Option<String>,
    },
    /// Show one connector: its state, configuration and owners
    Show {
        /// The connector, as `connectors c1 list` prints it
        #[arg(value_name = "APP/CONNECTOR")]
        connector: Ref,
    },
    /// List the configuration keys of a catalog entry
    Schema {
        /// The app
        app: String,
        /// The id of the catalog entry
        catalog: String,
    },
    /// Create a connector; if the response is lost, the command finds the new one. A second run creates another
    Create(change::CreateArgs),
    /// Change the configuration of a connector
    Set(change::SetArgs),
    /// Change the name or the description
    Rename {
        /// The connector, as `connectors c1 list` prints it
        #[arg(value_name = "APP/CONNECTOR")]
        connector: Ref,
        /// The new name
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        /// The new description
        #[arg(long)]
        description: Option<String>,
    },
    /// List the owners, or change those in one role
    Owners(owners::Args),
    /// Force a sync, and wait for it with --watch
    Sync(sync::Args),
    /// Approve a sync that C1 holds back; it may remove much data
    Confirm {
        /// The connector, as `connectors c1 list` prints it
        #[arg(value_name = "APP/CONNECTOR")]
        connector: Ref,
        /// The sync's lifecycle id, from C1's web application
        lifecycle: String,
        /// Approve it
        #[arg(long)]
        yes: bool,
    },
    /// Pause syncs and provisioning
    Pause {
        /// The connectors, as `connectors c1 list` prints them
        #[arg(value_name = "APP/CONNECTOR", required = true)]
        connectors: Vec<Ref>,
    },
    /// End a pause, which starts a sync
    Resume {
        /// The connectors, as `connectors c1 list` prints them
        #[arg(value_name = "APP/CONNECTOR", required = true)]
        connectors: Vec<Ref>,
    },
    /// Set when a connector syncs
    Schedule {
        /// The connector, as `connectors c1 list` prints it
        #[arg(value_name = "APP/CONNECTOR")]
        connector: Ref,
        /// Five fields: minute, hour, day of the month, month, day of the week
        cron: String,
        /// A time zone of the IANA database
        #[arg(long, default_value = "UTC")]
        timezone: String,
    },
    /// Issue a new credential for a self-hosted connector
    Rotate {
        /// The connector, as `connectors c1 list` prints it
        #[arg(value_name = "APP/CONNECTOR")]
        connector: Ref,
        /// A new file for the secret, created with mode 0600
        #[arg(long, value_name = "FILE")]
        secret_file: PathBuf,
    },
    /// Revoke a credential
    Revoke {
        /// The connector, as `connectors c1 list` prints it
        #[arg(value_name = "APP/CONNECTOR")]
        connector: Ref,
        /// The credential's id, as `rotate` printed it
        credential: String,
        /// Revoke it
        #[arg(long)]
        yes: bool,
    },
    /// Fetch the data of a sync into a file
    Download {
        /// The connector, as `connectors c1 list` prints it
        #[arg(value_name = "APP/CONNECTOR")]
        connector: Ref,
        /// The sync's id
        sync: String,
        /// A new file for the data, created with mode 0600
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Delete connectors
    Delete {
        /// The connectors, as `connectors c1 list` prints them
        #[arg(value_name = "APP/CONNECTOR", required = true)]
        connectors: Vec<Ref>,
        /// Delete them
        #[arg(long)]
        yes: bool,
    },
    /// Call any operation of C1, with JSON in and out
    Api(api::Args),
}

pub async fn run(ctx: &Ctx, command: Command) -> Result {
    let c1 = ctx.c1().await?;
    match command {
        Command::Apps => read::apps(ctx, &c1).await,
        Command::List { app } => read::list(ctx, &c1, app).await,
        Command::Show { connector } => read::show(ctx, &c1, &connector).await,
        Command::Schema { app, catalog } => read::schema(ctx, &c1, &app, &catalog).await,
        Command::Create(args) => change::create(ctx, &c1, args).await,
        Command::Set(args) => change::set(ctx, &c1, args).await,
        Command::Rename { connector, name, description } => {
            change::rename(ctx, &c1, &connector, &name, description.as_deref()).await
        }
        Command::Owners(args) => owners::run(ctx, &c1, args).await,
        Command::Sync(args) => sync::run(ctx, &c1, args).await,
        Command::Confirm { connector, lifecycle, yes } => sync::confirm(ctx, &c1, &connector, &lifecycle, yes).await,
        Command::Pause { connectors } => sync::pause(ctx, &c1, &connectors, true).await,
        Command::Resume { connectors } => sync::pause(ctx, &c1, &connectors, false).await,
        Command::Schedule { connector, cron, timezone } => sync::schedule(ctx, &c1, &connector, cron, timezone).await,
        Command::Rotate { connector, secret_file } => credentials::rotate(ctx, &c1, &connector, &secret_file).await,
        Command::Revoke { connector, credential, yes } => {
            credentials::revoke(ctx, &c1, &connector, &credential, yes).await
        }
        Command::Download { connector, sync, to } => credentials::download(ctx, &c1, &connector, &sync, &to).await,
        Command::Delete { connectors, yes } => change::delete(ctx, &c1, &connectors, yes).await,
        Command::Api(args) => {
            let (server, client) = (c1.server().to_owned(), c1.clone());
            api::run(ctx, &server, connectors::c1::DOCUMENT, |name| client.operation(name), args).await
        }
    }
}
