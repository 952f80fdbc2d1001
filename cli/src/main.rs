//! The command `connectors`: C1 and PipesHub connectors from a terminal, a script or a file.

mod agents;
mod api;
mod c1;
mod cassette;
mod cli;
mod commands;
mod ctx;
mod fail;
mod files;
mod keyring;
mod login;
mod near;
mod out;
mod pipeshub;
mod private;
mod probe;
mod profile;
mod redact;
mod reference;
mod schema;
mod span;
mod status;

use std::process::ExitCode;

use clap::FromArgMatches;

use crate::ctx::Ctx;
use crate::fail::{Failure, Kind};
use crate::out::Out;

fn main() -> ExitCode {
    let matches = match cli::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // Help and version are errors of clap too.
            match cli::without_value(&error) {
                Some(message) => out::say(&format!("error (usage): {message}")),
                None => drop(error.print()),
            }
            return ExitCode::from(if error.use_stderr() { Kind::Usage as u8 } else { 0 });
        }
    };
    let command = cli::path(&matches);
    let cli = match cli::Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let globals = cli.globals;
    match globals.color {
        clap::ColorChoice::Auto => {}
        clap::ColorChoice::Always => anstream::ColorChoice::Always.write_global(),
        clap::ColorChoice::Never => anstream::ColorChoice::Never.write_global(),
    }
    trace(globals.verbose);
    if let Err(failure) = schema::check(&command, &globals.fields) {
        out::say(&format!("error (usage): {}", out::clean(&failure.message)));
        return ExitCode::from(Kind::Usage as u8);
    }
    let out = Out { json: globals.json, fields: globals.fields.clone(), quiet: globals.quiet, command };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(&Ctx::new(out, globals), cli.command)),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Interrupted::Failed(failure)) => {
            if !failure.message.is_empty() {
                let name = fail::CODES.iter().find(|(code, ..)| *code == failure.kind as u8).map_or("", |it| it.1);
                out::say(&format!("error ({name}): {}", out::clean(&failure.message)));
            }
            ExitCode::from(failure.kind as u8)
        }
        Err(Interrupted::Signal(code)) => ExitCode::from(code),
    }
}

/// The ways in which a run fails.
enum Interrupted {
    Failed(Failure),
    Signal(u8),
}

impl From<std::io::Error> for Interrupted {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Returns at Ctrl-C, or when a supervisor stops the command.
async fn stopped() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut ended = signal(SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed,
            _ = ended.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// Runs a command until it ends, or until Ctrl-C or SIGTERM.
async fn run(ctx: &Ctx, command: cli::Command) -> Result<(), Interrupted> {
    // The current operations are read before the command is dropped.
    let interrupted = async { stopped().await.map(|()| ctx.doing()) };
    tokio::select! {
        biased;
        interrupted = interrupted => {
            let doing = interrupted?;
            for doing in &doing {
                let rest = if doing.is_write { "the service may have processed it" } else { "it continues by itself" };
                out::say(&format!("interrupted: {}; {rest}", out::clean(&doing.what)));
            }
            let is_unknown = doing.iter().any(|doing| doing.is_write);
            Err(Interrupted::Signal(if is_unknown { Kind::Unknown as u8 } else { 130 }))
        }
        result = cli::run(ctx, command) => result.map_err(|failure| Interrupted::Failed(ctx.after_change(failure))),
    }
}

/// Spans and events of the crate on stderr.
fn trace(level: u8) {
    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::fmt::format::FmtSpan;
    if level == 0 {
        return;
    }
    let most = if level == 1 { LevelFilter::INFO } else { LevelFilter::TRACE };
    let lines = tracing_subscriber::fmt().with_max_level(most).with_span_events(FmtSpan::CLOSE);
    lines.with_writer(std::io::stderr).with_ansi(false).init();
}
