//! Connectors as files: `export`, `plan` and `apply`.

mod apply;
mod c1;
mod diff;
mod document;
mod export;
mod journal;
mod model;
mod pipeshub;
mod plan;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::ctx::{Ctx, confirmed, planned};
use crate::fail::{Failure, Kind, Result};
use crate::profile::{self, Service};
use crate::{private, span};

use self::model::Entry;

/// The number of notes that are printed separately.
const NOTES: usize = 20;

#[derive(clap::Args)]
pub struct ExportArgs {
    /// Only this service; otherwise each service with credentials
    #[arg(value_enum)]
    service: Option<Service>,
    /// Only connectors of this app of C1
    #[arg(long)]
    app: Vec<String>,
    /// The file to write; standard output without it
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// A folder, into which a file for each connector is written
    #[arg(long, value_name = "FOLDER", conflicts_with = "to")]
    folder: Option<PathBuf>,
    /// Replace existing files
    #[arg(long)]
    force: bool,
}

#[derive(clap::Args)]
pub struct PlanArgs {
    /// Files, or folders of `.toml` files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Only this connector of the files
    #[arg(long, value_name = "CONNECTOR")]
    only: Vec<String>,
    /// Delete connectors of the same apps and the same instance that are not in the files
    #[arg(long)]
    prune: bool,
    /// Treat all secrets as changed: send them again
    #[arg(long)]
    secrets: bool,
}

#[derive(clap::Args)]
pub struct ApplyArgs {
    #[command(flatten)]
    plan: PlanArgs,
    /// Delete connectors, for --prune
    #[arg(long)]
    yes: bool,
    /// The number of connectors that are changed at a time
    #[arg(long, default_value_t = 4, value_name = "NUMBER")]
    concurrency: usize,
    /// How long a request of a killed run may still be in flight
    #[arg(long, value_parser = span::parse, default_value = "30s", value_name = "TIME")]
    in_flight: Duration,
    /// The file that records creations while they run; by default beside the first file
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
}

pub async fn export(ctx: &Ctx, args: ExportArgs) -> Result {
    if args.to.is_none() && args.folder.is_none() {
        ctx.out.text_only("without --to and --folder, this prints TOML")?;
    }
    let (mut entries, mut notes) = (Vec::new(), Vec::new());
    for service in profile::services(ctx.globals.profile.as_deref(), args.service)? {
        let (more, said) = match service {
            Service::C1 => export::of_c1(&ctx.c1().await?, &args.app).await?,
            Service::Pipeshub => export::of_pipeshub(&ctx.pipeshub().await?).await?,
        };
        entries.extend(more);
        notes.extend(said);
    }
    say(ctx, &notes);
    let files: Vec<(PathBuf, &[Entry])> = match (args.to, args.folder) {
        (Some(file), _) => vec![(file, entries.as_slice())],
        (None, Some(folder)) => {
            let file = |entry: &Entry| folder.join(format!("{}.toml", entry.label()));
            entries.iter().map(|entry| (file(entry), std::slice::from_ref(entry))).collect()
        }
        (None, None) => return ctx.out.text(&document::write(&entries)),
    };
    // All files are checked before the first is written.
    files.iter().try_for_each(|(file, _)| document::may_write(file, args.force))?;
    if ctx.globals.dry_run {
        let what = |file: &PathBuf, of: &[Entry]| {
            let plural = if of.len() == 1 { "" } else { "s" };
            format!("write {} connector{plural} to {}", of.len(), file.display())
        };
        let rows = files.iter().map(|(file, of)| planned(None, &what(file, of), Value::Null));
        return ctx.out.would(&rows.collect::<Vec<_>>());
    }
    let mut rows: Vec<Value> = Vec::new();
    for (file, of) in files {
        private::replace(&file, document::write(of).as_bytes()).map_err(Failure::of_file(&file))?;
        ctx.changed();
        rows.push(json!({"file": file.display().to_string(), "connectors": of.len()}));
    }
    ctx.out.rows(&["file", "connectors"], &rows)
}

fn say(ctx: &Ctx, notes: &[String]) {
    for note in notes.iter().take(NOTES) {
        ctx.out.note(&format!("note: {note}"));
    }
    if let Some(more) = notes.len().checked_sub(NOTES).filter(|more| *more > 0) {
        ctx.out.note(&format!("note: and {more} more like these"));
    }
}

pub async fn plan(ctx: &Ctx, args: PlanArgs) -> Result {
    let entries = document::read(&args.files)?;
    let clients = plan::Clients::of(ctx, &entries).await?;
    let scope = plan::Scope { prune: args.prune, secrets: args.secrets };
    let built = plan::build(&clients, &entries, &args.only, scope).await?;
    let notes: Vec<String> = built
        .iter()
        .flat_map(|it| it.step.diff.notes.iter().map(|note| format!("{}: {note}", it.step.entry.label())))
        .collect();
    say(ctx, &notes);
    let rows: Vec<Value> = built.iter().flat_map(|it| it.step.rows()).collect();
    ctx.out.rows(&["action", "connector", "field", "from", "to"], &rows)?;
    if rows.is_empty() { Ok(()) } else { Err(Failure::new(Kind::Findings, "")) }
}

pub async fn apply(ctx: &Ctx, args: ApplyArgs) -> Result {
    if ctx.globals.dry_run {
        return match plan(ctx, args.plan).await {
            // A plan with changes is a successful dry run.
            Err(failure) if failure.kind == Kind::Findings => Ok(()),
            other => other,
        };
    }
    if args.plan.prune {
        confirmed(args.yes, false, "deleting connectors that are not in the files")?;
    }
    let entries = document::read(&args.plan.files)?;
    let beside = |file: &PathBuf| {
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(".journal");
        file.with_file_name(name)
    };
    let journal =
        args.journal.or_else(|| args.plan.files.first().map(beside)).unwrap_or_else(|| "connectors.journal".into());
    let options = apply::Options {
        only: args.plan.only,
        scope: plan::Scope { prune: args.plan.prune, secrets: args.plan.secrets },
        concurrency: args.concurrency,
        in_flight: args.in_flight,
        journal,
    };
    apply::apply(ctx, &entries, &options).await
}
