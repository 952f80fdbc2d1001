//! The context of every command: output, profile, and the operations that Ctrl-C may interrupt.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use connectors::{Connection, Limits, Paced, c1, pipeshub};
use serde_json::{Value, json};

use crate::fail::{Cause, Failure, Kind, Result};
use crate::out::Out;
use crate::{profile, span};

/// Options of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of every command")]
pub struct Globals {
    /// The profile to use, instead of the environment or the profile `default`
    #[arg(long, global = true, env = "CONNECTORS_PROFILE", value_name = "NAME")]
    pub profile: Option<String>,
    /// Print one JSON document; cli.schema.json describes it. Errors are text on stderr
    #[arg(long, global = true)]
    pub json: bool,
    /// Print only these fields, such as id,name
    #[arg(long, global = true, value_delimiter = ',', value_name = "FIELDS")]
    pub fields: Vec<String>,
    /// Print the changes, and send and write none of them
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Print results and errors only
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Trace each call on stderr; twice for each attempt
    #[arg(long, short, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t)]
    pub color: clap::ColorChoice,
}

/// How to wait.
#[derive(Args, Clone, Copy, Debug)]
pub struct Waiting {
    /// The poll interval
    #[arg(long, value_parser = span::parse, default_value = "10s", value_name = "TIME")]
    pub poll: Duration,
    /// The longest time to wait
    #[arg(long, value_parser = span::parse, default_value = "6h", value_name = "TIME")]
    pub deadline: Duration,
}

impl Waiting {
    /// Sets poll interval and deadline of a wait.
    pub fn pace<W: Paced>(self, wait: W) -> W {
        wait.poll_every(self.poll).deadline(self.deadline)
    }
}

/// An operation that Ctrl-C may interrupt.
#[derive(Clone, Debug)]
pub struct Doing {
    pub what: String,
    /// Whether the service may have processed it.
    pub is_write: bool,
}

/// The context of every command.
#[derive(Clone)]
pub struct Ctx {
    pub out: Out,
    pub globals: Globals,
    doing: Arc<Mutex<Vec<Doing>>>,
    is_changed: Arc<AtomicBool>,
}

impl Ctx {
    pub fn new(out: Out, globals: Globals) -> Self {
        Self { out, globals, doing: Arc::default(), is_changed: Arc::default() }
    }

    pub async fn c1(&self) -> Result<c1::Client> {
        let credentials = profile::c1(self.globals.profile.as_deref()).await?;
        Ok(c1::Client::builder(credentials).build()?)
    }

    pub async fn pipeshub(&self) -> Result<pipeshub::Client> {
        let credentials = profile::pipeshub(self.globals.profile.as_deref()).await?;
        Ok(pipeshub::Client::builder(credentials).build()?)
    }

    /// The client for uploads: an attempt may take as long as its file needs.
    pub async fn pipeshub_for_uploads(&self) -> Result<pipeshub::Client> {
        let mut limits = Limits::default();
        (limits.attempt, limits.call) = (Duration::from_secs(3600), Duration::from_secs(3600));
        let credentials = profile::pipeshub(self.globals.profile.as_deref()).await?;
        Ok(pipeshub::Client::builder(credentials).connection(Connection::new().limits(limits)).build()?)
    }

    /// Starts a write, and prints the server and the change on stderr. Returns `None` in a dry run, which prints them
    /// and sends nothing.
    pub fn write(&self, server: &str, what: impl Into<String>) -> Result<Option<Under>> {
        self.change(server, what, Value::Null)
    }

    /// Starts a write like [`Ctx::write`]. A dry run prints the change with its values, too.
    pub fn change(&self, server: &str, what: impl Into<String>, change: Value) -> Result<Option<Under>> {
        let what = what.into();
        if self.globals.dry_run {
            self.out.would(&[planned(Some(host(server)), &what, change)])?;
            return Ok(None);
        }
        self.out.note(&format!("{}: {what}", host(server)));
        Ok(Some(self.doing_write(what)))
    }

    /// Whether to write local files. A dry run prints what would be written.
    pub fn local(&self, what: &str) -> Result<bool> {
        if self.globals.dry_run {
            self.out.would(&[planned(None, what, Value::Null)])?;
        }
        Ok(!self.globals.dry_run)
    }

    /// Changes several objects one by one, and prints a row for each. One that fails does not stop the others.
    pub async fn each<T: fmt::Display>(
        &self,
        server: &str,
        verb: &str,
        items: &[T],
        act: impl AsyncFn(&T) -> Result<Value>,
    ) -> Result {
        let what = |item: &T| format!("{verb} {item}");
        if self.globals.dry_run {
            let rows = items.iter().map(|item| planned(Some(host(server)), &what(item), Value::Null));
            return self.out.would(&rows.collect::<Vec<_>>());
        }
        let mut rows = Vec::new();
        let mut failed: Vec<(String, Kind)> = Vec::new();
        for item in items {
            self.out.note(&format!("{}: {}", host(server), what(item)));
            let under = self.doing_write(what(item));
            let acted = act(item).await;
            drop(under);
            match acted {
                Ok(row) => {
                    self.changed();
                    rows.push(row);
                }
                Err(failure) if items.len() == 1 => return Err(failure),
                Err(failure) => {
                    rows.push(json!({"id": item.to_string(), "state": "failed", "error": failure.message}));
                    failed.push((item.to_string(), failure.kind));
                }
            }
        }
        let printed = match rows.as_slice() {
            [row] => self.out.one(row),
            rows => self.out.rows(&["id", "state", "error"], rows),
        };
        match failed.iter().map(|(_, kind)| *kind).max() {
            Some(kind) => {
                let names: Vec<&str> = failed.iter().map(|(name, _)| name.as_str()).collect();
                let message = format!("{} of {} failed: {}", failed.len(), items.len(), names.join(", "));
                Err(Failure::new(kind, message))
            }
            None => printed,
        }
    }

    /// Records that a change was made: a failure after it is not one before any change.
    pub fn changed(&self) {
        self.is_changed.store(true, Ordering::Relaxed);
    }

    /// A failure, with the message and the exit code that are right after a change.
    pub fn after_change(&self, failure: Failure) -> Failure {
        let is_changed = self.is_changed.load(Ordering::Relaxed);
        match (failure.cause, failure.kind) {
            (Cause::Output, _) if is_changed => Failure {
                message: format!("the change was made, but {}", failure.message),
                kind: Kind::Findings,
                ..failure
            },
            // The whole change was made, and the finding is about its result.
            (_, Kind::Findings) => failure,
            (_, kind) if is_changed => {
                let kind = if kind == Kind::Usage { Kind::Conflict } else { kind };
                Failure { kind, ..failure }.at("after a part of the change was made")
            }
            _ => failure,
        }
    }

    /// Records a write that was announced together with others.
    pub fn doing_write(&self, what: impl Into<String>) -> Under {
        self.under(what.into(), true)
    }

    /// Records a wait, for a message at Ctrl-C.
    pub fn wait(&self, what: impl Into<String>) -> Under {
        self.under(what.into(), false)
    }

    fn under(&self, what: String, is_write: bool) -> Under {
        lock(&self.doing).push(Doing { what: what.clone(), is_write });
        Under { doing: Arc::clone(&self.doing), what }
    }

    /// The current operations.
    pub fn doing(&self) -> Vec<Doing> {
        lock(&self.doing).clone()
    }

    /// Prints one result: the change, and the id of its object.
    pub fn done(&self, row: &Value) -> Result {
        self.changed();
        self.out.one(row)
    }
}

/// The host of a server's URL.
pub fn host(server: &str) -> &str {
    server.split_once("://").map_or(server, |(_, host)| host)
}

/// A row of a dry run.
pub fn planned(server: Option<&str>, what: &str, change: Value) -> Value {
    let mut row = json!({"dryRun": true, "server": server, "would": what});
    if !change.is_null() {
        row["change"] = change;
    }
    row
}

/// An operation that lasts until this is dropped.
#[must_use]
pub struct Under {
    doing: Arc<Mutex<Vec<Doing>>>,
    what: String,
}

impl Drop for Under {
    fn drop(&mut self) {
        let mut doing = lock(&self.doing);
        if let Some(index) = doing.iter().position(|it| it.what == self.what) {
            doing.remove(index);
        }
    }
}

fn lock(doing: &Mutex<Vec<Doing>>) -> std::sync::MutexGuard<'_, Vec<Doing>> {
    // No code under the lock can leave it half-changed.
    doing.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Requires `--yes` for deletions and for changes that cannot be undone.
pub fn confirmed(yes: bool, dry_run: bool, what: &str) -> Result {
    if yes || dry_run {
        return Ok(());
    }
    Err(Failure::usage(format!("{what} cannot be undone; use --yes to do it, or --dry-run to see it")))
}
