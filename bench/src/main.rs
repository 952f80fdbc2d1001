//! Measures what `connectors` costs to build, to call and to depend on. One run prints one table of figures, each
//! beside its reference.
//!
//! docs/benchmarks.md explains the rows.

mod building;
mod calling;
mod checking;
mod client;
mod comparing;
mod crates;
mod derived;
mod figure;
mod generation;
mod machine;
mod peers;
mod plan;
mod releasing;
mod unions;

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

use clap::{Parser, ValueEnum};

use crate::figure::Table;
use crate::plan::{Plan, Result, root};

/// Measure what it costs to build, to call and to depend on, as ratios in one run.
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Cli {
    /// Only these figures; may be repeated.
    #[arg(long, value_enum, value_name = "NAME")]
    only: Vec<Group>,
    /// Fewer and shorter rounds, and no builds from scratch.
    #[arg(long)]
    quick: bool,
    /// An array of objects instead of a table.
    #[arg(long)]
    json: bool,
    /// Write the table into docs/benchmarks.md.
    #[arg(long, conflicts_with_all = ["only", "quick"])]
    write: bool,
    /// The document to generate from; the vendored C1 document if absent. Repeat it to generate and check more clients.
    #[arg(long, value_name = "FILE")]
    from: Vec<PathBuf>,
    /// A revision of this repository: compare builds from scratch with those of its sources.
    #[arg(long, value_name = "REV", conflicts_with = "quick")]
    against: Option<String>,
}

/// Figures that are measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Group {
    /// Documents to Rust, against progenitor alone.
    Generation,
    /// Two documents compared, against generating both.
    Comparing,
    /// A consumer built from scratch, against committed generated code.
    Building,
    /// `cargo check` of a generated client, against those of other generators, and of its types, against derived ones.
    Checking,
    /// A release build of a generated client, and of a program with it, against those of progenitor and typify.
    Releasing,
    /// The crates of the dependency tree, and why each is needed.
    Crates,
    /// A call, against reqwest and serde by hand.
    Calling,
    /// A long list as a stream.
    Listing,
    /// Unions that contain each other.
    Unions,
    /// A large response, against structs by hand.
    Decoding,
    /// Many tasks with one client.
    Concurrency,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((first, rest)) if first == generation::ALONE => generation::alone(rest).map(|()| ExitCode::SUCCESS),
        Some((first, command)) if first == machine::SPENT => machine::spent(command).map(|()| ExitCode::SUCCESS),
        _ => run(&Cli::parse()),
    };
    result.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

fn run(cli: &Cli) -> Result<ExitCode> {
    if cfg!(debug_assertions) {
        return Err("error: figures of a debug build mean nothing\n  help: run `cargo xtask bench`".into());
    }
    if let Some(revision) = &cli.against {
        if !cli.only.is_empty() && !cli.only.contains(&Group::Building) {
            return Err("error: `--against` is for the figures of `building`, which `--only` leaves out".into());
        }
        machine::known(revision)?;
    }
    let plan = Plan { quick: cli.quick, from: cli.from.clone(), against: cli.against.clone() };
    let mut table = Table::default();
    for group in Group::value_variants() {
        if cli.only.is_empty() || cli.only.contains(group) {
            let measured = match group {
                Group::Generation => generation::measure(&plan, &mut table),
                Group::Comparing => comparing::measure(&plan, &mut table),
                Group::Building => building::measure(&plan, &mut table),
                Group::Checking => checking::measure(&plan, &mut table),
                Group::Releasing => releasing::measure(&plan, &mut table),
                Group::Crates => crates::measure(&mut table),
                Group::Calling => calling::calls(&plan, &mut table),
                Group::Listing => calling::lists(&plan, &mut table),
                Group::Unions => unions::measure(&plan, &mut table),
                Group::Decoding => calling::decoding(&plan, &mut table),
                Group::Concurrency => calling::concurrency(&plan, &mut table),
            };
            if let Err(error) = measured {
                table.failed(&format!("the rest of {group:?}").to_lowercase(), &error.to_string());
            }
        }
    }
    if cli.json {
        println!("{}", serde_json::to_string_pretty(&table)?);
    } else {
        print!("{table}");
    }
    if cli.write {
        keep(&table)?;
    }
    Ok(if table.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The marks around the last run in docs/benchmarks.md.
const BEGIN: &str = "<!-- the last run, by `cargo xtask bench --write` -->\n";
const END: &str = "<!-- the end of the last run -->";

/// Writes the table into docs/benchmarks.md.
fn keep(table: &Table) -> Result<()> {
    let path = root().join("docs").join("benchmarks.md");
    let text = fs::read_to_string(&path).map_err(|error| format!("error: cannot read {}: {error}", path.display()))?;
    let page = with_run(&text, &format!("{}\n\n{}", machine::described(), table.markdown()))
        .ok_or_else(|| format!("error: {} has no place for the last run", path.display()))?;
    fs::write(&path, page).map_err(|error| format!("error: cannot write {}: {error}", path.display()).into())
}

/// The page with a new run; `None` if it has no marks.
fn with_run(page: &str, run: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{run}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_replaces_only_the_previous_run() {
        let page = format!("Words.\n\n{BEGIN}\nOld.\n\n{END}\n\nMore words.\n");
        let once = with_run(&page, "New.\n").unwrap();
        assert_eq!(once, format!("Words.\n\n{BEGIN}\nNew.\n\n{END}\n\nMore words.\n"));
        assert_eq!(with_run(&once, "New.\n"), Some(once.clone()));
        assert_eq!(with_run("Words.\n", "New.\n"), None);
        let real = fs::read_to_string(root().join("docs").join("benchmarks.md")).unwrap();
        assert!(with_run(&real, "New.\n").is_some(), "the page has a place for the run");
    }
}
