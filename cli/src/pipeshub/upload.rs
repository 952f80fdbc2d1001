//! Sending files to a Local FS connector.

use std::path::{Path, PathBuf};

use connectors::pipeshub::Client;
use serde_json::json;

use crate::ctx::{Ctx, confirmed};
use crate::fail::{Failure, Result};
use crate::out::number;

#[derive(clap::Args)]
pub struct Args {
    /// The connector's id
    connector: String,
    /// Files and folders to send
    paths: Vec<PathBuf>,
    /// The root folder: paths in the connector are relative to it
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// A path below the root that was deleted
    #[arg(long, value_name = "PATH")]
    delete: Vec<String>,
    /// Delete all records of the connector first
    #[arg(long)]
    reset: bool,
    /// Delete records, for --reset and --delete
    #[arg(long)]
    yes: bool,
    /// The id of the batch; by default, it is derived from the time
    #[arg(long)]
    batch: Option<String>,
    /// The largest file in bytes, for an instance with a limit other than 30 MiB
    #[arg(long, value_name = "BYTES")]
    largest: Option<u64>,
}

pub async fn run(ctx: &Ctx, ph: &Client, args: Args) -> Result {
    let mut files = Vec::new();
    for path in &args.paths {
        collect(&args.root.join(path), &mut files)?;
    }
    files.sort();
    files.dedup();
    if files.is_empty() && args.delete.is_empty() {
        return Err(Failure::usage("nothing to send: name files, folders or --delete"));
    }
    if args.reset || !args.delete.is_empty() {
        let which = if args.reset { "all records" } else { "records" };
        confirmed(args.yes, ctx.globals.dry_run, &format!("deleting {which} of a connector"))?;
    }
    let id = &args.connector;
    let first = if args.reset { format!("delete ALL records of {id}, then ") } else { String::new() };
    let plural = if files.len() == 1 { "" } else { "s" };
    let what = format!("{first}send {} file{plural} to {id}, and delete {}", files.len(), args.delete.len());
    let Some(_under) = ctx.write(ph.server(), what)? else { return Ok(()) };
    let batch = args.batch.unwrap_or_else(|| format!("cli-{}", jiff::Timestamp::now().as_millisecond()));
    let mut upload = ph.connector(args.connector.as_str()).upload(batch).reset_before_apply(args.reset.then_some(true));
    if let Some(largest) = args.largest {
        upload = upload.largest_file(largest);
    }
    let root = args.root.canonicalize()?;
    for file in files {
        let path = file.canonicalize()?;
        let below = path
            .strip_prefix(&root)
            .map_err(|_| Failure::usage(format!("{} is not below the root", file.display())))?;
        let parts: Vec<String> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        upload = upload.file(parts.join("/"), path);
    }
    for path in args.delete {
        upload = upload.deleted(path);
    }
    let bar = ctx.out.progress("sending", Some(0));
    let shown = bar.clone();
    let sent = upload.on_progress(move |progress| {
        shown.set_length(progress.total);
        shown.set_position(progress.sent);
    });
    let uploaded = sent.await?;
    bar.finish_and_clear();
    ctx.done(&json!({
        "id": args.connector, "accepted": number(uploaded.processed()), "deleted": number(uploaded.deleted()),
    }))
}

/// The files at a path, also those in its folders. Symbolic links are not followed: they may lead elsewhere.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result {
    let at = Failure::of_file(path);
    let kind = std::fs::symlink_metadata(path).map_err(at)?.file_type();
    if kind.is_dir() {
        for entry in std::fs::read_dir(path).map_err(at)? {
            collect(&entry.map_err(at)?.path(), files)?;
        }
    } else if kind.is_file() {
        files.push(path.to_owned());
    }
    Ok(())
}
