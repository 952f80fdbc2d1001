//! What every command has: how to print, which profile, and what is under way if Ctrl-C ends it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use connectors::{Connection, Limits, Paced, c1, pipeshub};
use serde_json::{Value, json};

use crate::fail::{Failure, Result};
use crate::out::Out;
use crate::{profile, span};

/// Options of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of every command")]
pub struct Globals {
    /// The profile to use, instead of the environment or the profile `default`
    #[arg(long, global = true, env = "CONNECTORS_PROFILE", value_name = "NAME")]
    pub profile: Option<String>,
    /// Print one JSON document, whose form docs/cli.schema.json describes
    #[arg(long, global = true)]
    pub json: bool,
    /// Print only these fields, such as id,name
    #[arg(long, global = true, value_delimiter = ',', value_name = "FIELDS")]
    pub fields: Vec<String>,
    /// Say what would be sent, and send nothing that changes anything
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
    /// How often to poll
    #[arg(long, value_parser = span::parse, default_value = "10s", value_name = "TIME")]
    pub poll: Duration,
    /// How long to wait at most
    #[arg(long, value_parser = span::parse, default_value = "6h", value_name = "TIME")]
    pub deadline: Duration,
}

impl Waiting {
    /// Sets poll interval and deadline of a wait.
    pub fn pace<W: Paced>(self, wait: W) -> W {
        wait.poll_every(self.poll).deadline(self.deadline)
    }
}

/// What Ctrl-C interrupts.
#[derive(Clone, Debug)]
pub struct Doing {
    pub what: String,
    /// Whether it may have been carried out.
    pub is_write: bool,
}

/// What every command has.
#[derive(Clone)]
pub struct Ctx {
    pub out: Out,
    pub globals: Globals,
    doing: Arc<Mutex<Vec<Doing>>>,
}

impl Ctx {
    pub fn new(out: Out, globals: Globals) -> Self {
        Self { out, globals, doing: Arc::default() }
    }

    pub fn c1(&self) -> Result<c1::Client> {
        let credentials = profile::c1(self.globals.profile.as_deref())?;
        Ok(c1::Client::builder(credentials).build()?)
    }

    pub fn pipeshub(&self) -> Result<pipeshub::Client> {
        let credentials = profile::pipeshub(self.globals.profile.as_deref())?;
        Ok(pipeshub::Client::builder(credentials).build()?)
    }

    /// For uploads: an attempt may take as long as the file does.
    pub fn pipeshub_for_uploads(&self) -> Result<pipeshub::Client> {
        let mut limits = Limits::default();
        (limits.attempt, limits.call) = (Duration::from_secs(3600), Duration::from_secs(3600));
        let credentials = profile::pipeshub(self.globals.profile.as_deref())?;
        Ok(pipeshub::Client::builder(credentials).connection(Connection::new().limits(limits)).build()?)
    }

    /// Begins a write: names the server and what is done to it, on stderr. None if this is a dry run, which prints that and
    /// sends nothing.
    pub fn write(&self, server: &str, what: impl Into<String>) -> Result<Option<Under>> {
        let what = what.into();
        let host = server.split_once("://").map_or(server, |(_, host)| host);
        if self.globals.dry_run {
            let row = json!({"dryRun": true, "server": host, "would": what});
            self.out.rows(&["server", "would"], &[row])?;
            return Ok(None);
        }
        self.out.note(&format!("{host}: {what}"));
        Ok(Some(self.doing_write(what)))
    }

    /// Notes a write, one of several that were announced together.
    pub fn doing_write(&self, what: impl Into<String>) -> Under {
        self.under(what.into(), true)
    }

    /// Notes what is waited for, in case of Ctrl-C.
    pub fn wait(&self, what: impl Into<String>) -> Under {
        self.under(what.into(), false)
    }

    fn under(&self, what: String, is_write: bool) -> Under {
        lock(&self.doing).push(Doing { what: what.clone(), is_write });
        Under { doing: Arc::clone(&self.doing), what }
    }

    /// What is under way.
    pub fn doing(&self) -> Vec<Doing> {
        lock(&self.doing).clone()
    }

    /// Prints one result: what was done, with its id.
    pub fn done(&self, row: &Value) -> Result {
        self.out.one(row)
    }
}

/// Something that is under way until this is dropped.
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
    // Nothing that runs under the lock can leave it half-changed.
    doing.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is deleted or cannot be undone is done only with `--yes`.
pub fn confirmed(yes: bool, dry_run: bool, what: &str) -> Result {
    if yes || dry_run {
        return Ok(());
    }
    Err(Failure::usage(format!("{what} cannot be undone; say --yes to do it, or --dry-run to see it")))
}
