//! `connectors pipeshub`: connectors of a PipesHub instance.

mod arg;
mod change;
mod doctor;
mod read;
mod sync;
mod upload;

use clap::Subcommand;
use connectors::pipeshub::ConnectorScope;
use connectors::pipeshub::types::IndexingStatus;

use crate::api;
use crate::ctx::Ctx;
use crate::fail::Result;

use arg::{scope, status};

pub use doctor::findings;
pub use read::{AuthField, auth_fields, auth_ways, check_way};

#[derive(Subcommand)]
pub enum Command {
    /// List the types of connectors, or the fields of one
    Registry {
        /// The type
        #[arg(value_name = "TYPE")]
        connector_type: Option<String>,
        /// Types with this scope: team or personal
        #[arg(long, value_parser = scope, default_value = "team")]
        scope: ConnectorScope,
    },
    /// List the connectors of the team and your own
    List {
        /// Only those of a type
        #[arg(long = "type", value_name = "TYPE")]
        connector_type: Option<String>,
        /// Only those whose sync is on (true) or off (false)
        #[arg(long)]
        active: Option<bool>,
        /// Only those that match this text, as the service searches
        #[arg(long)]
        search: Option<String>,
    },
    /// Show one connector: its state, configuration and records
    Show {
        /// The connector's id
        connector: String,
    },
    /// Create a connector, only once: an existing one with the same type, scope and name is returned unchanged
    Create(change::CreateArgs),
    /// Change the name or the configuration; the sync must be off for the latter
    Set(change::SetArgs),
    /// Authorize a connector at its source, which a person confirms in a browser
    Auth {
        /// The connector's id
        connector: String,
        /// The public URL of the instance, if its own setting is different
        #[arg(long, value_name = "URL")]
        base_url: Option<String>,
        /// The URL to which the browser was redirected; this ends the authorization
        #[arg(long, value_name = "URL")]
        redirected: Option<String>,
    },
    /// List the choices for a filter, or set the filters
    Filters(change::FiltersArgs),
    /// Switch a sync on or off, run one, wait for one
    #[command(subcommand)]
    Sync(sync::Command),
    /// Wait until the records are indexed
    #[command(subcommand)]
    Index(sync::IndexCommand),
    /// Fetch the records again; a running sync is cancelled
    Resync {
        /// The connector's id
        connector: String,
        /// Fetch everything, not only the changes
        #[arg(long)]
        full: bool,
    },
    /// Index existing records again
    Reindex {
        /// The connector's id
        connector: String,
        /// Only records in this state; by default, those that failed
        #[arg(long, value_parser = status)]
        status: Vec<IndexingStatus>,
    },
    /// Send files to a Local FS connector
    Upload(upload::Args),
    /// Find records that are not indexed, and connectors without records; --fix applies fixes
    Doctor(doctor::Args),
    /// Delete a connector and its records
    Delete {
        /// The connector's id
        connector: String,
        /// Delete it
        #[arg(long)]
        yes: bool,
        /// Wait until the deletion is complete
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        waiting: crate::ctx::Waiting,
    },
    /// Call any operation of PipesHub, with JSON in and out
    Api(api::Args),
}

pub async fn run(ctx: &Ctx, command: Command) -> Result {
    if let Command::Upload(args) = command {
        return upload::run(ctx, &ctx.pipeshub_for_uploads().await?, args).await;
    }
    let ph = ctx.pipeshub().await?;
    match command {
        Command::Registry { connector_type: None, scope } => read::registry(ctx, &ph, scope).await,
        Command::Registry { connector_type: Some(name), .. } => read::schema(ctx, &ph, &name).await,
        Command::List { connector_type, active, search } => {
            read::list(ctx, &ph, connector_type, active, search.as_deref()).await
        }
        Command::Show { connector } => read::show(ctx, &ph, &connector).await,
        Command::Create(args) => change::create(ctx, &ph, args).await,
        Command::Set(args) => change::set(ctx, &ph, args).await,
        Command::Auth { connector, base_url, redirected } => {
            change::auth(ctx, &ph, &connector, base_url.as_deref(), redirected).await
        }
        Command::Filters(args) => change::filters(ctx, &ph, args).await,
        Command::Sync(command) => sync::run(ctx, &ph, command).await,
        Command::Index(sync::IndexCommand::Wait { connector, waiting }) => {
            sync::index(ctx, &ph, &connector, waiting).await
        }
        Command::Resync { connector, full } => sync::resync(ctx, &ph, &connector, full).await,
        Command::Reindex { connector, status } => sync::reindex(ctx, &ph, &connector, status).await,
        Command::Doctor(args) => doctor::run(ctx, &ph, args).await,
        Command::Delete { connector, yes, wait, waiting } => {
            change::delete(ctx, &ph, &connector, yes, wait.then_some(waiting)).await
        }
        Command::Api(args) => {
            let (server, client) = (ph.server().to_owned(), ph.clone());
            api::run(ctx, &server, connectors::pipeshub::DOCUMENT, |name| client.operation(name), args).await
        }
        // `upload` runs above, with other limits.
        Command::Upload(_) => Ok(()),
    }
}
