//! The whole command line, and the module of each command.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory, Parser, Subcommand};
use serde_json::json;

use crate::ctx::{Ctx, Globals};
use crate::fail::{Failure, Result};
use crate::{agents, c1, cassette, commands, files, login, pipeshub, probe, status};

/// Operate ConductorOne (C1) and PipesHub connectors
#[derive(Parser)]
#[command(name = "connectors", version)]
pub struct Cli {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Connectors of a C1 tenant
    #[command(subcommand)]
    C1(c1::Command),
    /// Connectors of a PipesHub instance
    #[command(subcommand)]
    Pipeshub(pipeshub::Command),
    /// What needs care, in both services
    Status(status::Args),
    /// Compare a live service with its document and its fake, and print an Overlay; it only reads
    Probe(probe::Args),
    /// Write a test from a recording
    #[command(subcommand)]
    Cassette(cassette::Command),
    /// Write connectors to files, with references instead of secrets
    Export(files::ExportArgs),
    /// Show what `apply` would change, field by field
    Plan(files::PlanArgs),
    /// Change the connectors to match the files
    Apply(files::ApplyArgs),
    /// Store credentials in a profile
    Login(login::LoginArgs),
    /// Remove credentials from a profile
    Logout(login::LogoutArgs),
    /// List the profiles
    Profiles,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write a page of the manual for each command into a folder
    Man {
        /// The folder, which is created if it does not exist
        folder: std::path::PathBuf,
    },
    /// Print every command, with its effect and exit codes, for programs
    Agents,
}

/// The command line, with an example in the help of each command.
pub fn command() -> clap::Command {
    commands::with_examples(Cli::command())
}

/// The error of an argument whose invalid value may be or contain a secret, without that value: clap would print it.
pub fn without_value(error: &clap::Error) -> Option<String> {
    let is_value = error.kind() == ErrorKind::ValueValidation;
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg).filter(|_| is_value) else {
        return None;
    };
    if argument.contains("secret") || argument.contains("token") {
        Some(format!("{argument}: pass a secret as env:NAME, file:PATH or cmd:COMMAND"))
    } else if argument.contains("JSON") {
        Some(format!("{argument}: it is not a JSON object"))
    } else {
        None
    }
}

/// The path of the command: `c1 list`.
pub fn path(matches: &ArgMatches) -> String {
    let mut words = Vec::new();
    let mut at = matches;
    while let Some((name, next)) = at.subcommand() {
        words.push(name);
        at = next;
    }
    words.join(" ")
}

pub async fn run(ctx: &Ctx, given: Command) -> Result {
    match given {
        Command::C1(it) => c1::run(ctx, it).await,
        Command::Pipeshub(it) => pipeshub::run(ctx, it).await,
        Command::Status(args) => status::run(ctx, args).await,
        Command::Probe(args) => probe::run(ctx, args).await,
        Command::Cassette(it) => cassette::run(ctx, &it),
        Command::Export(args) => files::export(ctx, args).await,
        Command::Plan(args) => files::plan(ctx, args).await,
        Command::Apply(args) => files::apply(ctx, args).await,
        Command::Login(args) => login::login(ctx, args).await,
        Command::Logout(args) => login::logout(ctx, &args).await,
        Command::Profiles => login::profiles(ctx),
        Command::Completions { shell } => {
            ctx.out.text_only("completions are a script")?;
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command(), "connectors", &mut script);
            ctx.out.text(&String::from_utf8_lossy(&script))
        }
        Command::Man { folder } => {
            if !ctx.local(&format!("write the manual into {}", folder.display()))? {
                return Ok(());
            }
            let at = Failure::of_file(&folder);
            std::fs::create_dir_all(&folder).map_err(at)?;
            clap_mangen::generate_to(command(), &folder).map_err(at)?;
            ctx.done(&json!({"folder": folder.display().to_string()}))
        }
        Command::Agents => agents::run(ctx, &command()),
    }
}
