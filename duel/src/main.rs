//! `cargo xtask duel`: the same documents and the same probe through this generator and others.

mod cases;
mod documents;
mod probe;
mod progenitor;
mod report;
mod results;
mod run;
mod server;
mod tools;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::documents::Place;
use crate::report::Findings;
use crate::results::{Attempt, Probed, Store};
use crate::run::Result;
use crate::tools::{TOOLS, Tool};

/// Compare this generator with others: the same documents, and the same probe over a socket.
///
/// A tool that is not installed is skipped, and the command that installs it is printed. Results are kept in the target
/// folder, so that a long duel can be run in parts (--only, --only-document); --write writes docs/compared.md from all
/// of them.
#[derive(Parser)]
#[command(name = "cargo xtask duel", bin_name = "cargo xtask duel")]
struct Options {
    /// A folder of OpenAPI documents; may be repeated. If absent, the vendored documents and the probe's own document.
    #[arg(long, value_name = "DIR")]
    documents: Vec<PathBuf>,
    /// Only this tool: connectors, openapi-to-rust, oas3-gen, openapi-generator or progenitor; may be repeated.
    #[arg(long, value_name = "TOOL")]
    only: Vec<String>,
    /// Only this document, by its file name without extension, and not the probe; may be repeated.
    #[arg(long, value_name = "NAME")]
    only_document: Vec<String>,
    /// Only the probe.
    #[arg(long, conflicts_with_all = ["documents", "only_document"])]
    probe: bool,
    /// Skip tools and documents that already have a result.
    #[arg(long)]
    resume: bool,
    /// Run nothing, and write the page from earlier results.
    #[arg(long, requires = "write", conflicts_with = "probe")]
    from_results: bool,
    /// The seconds that each step may take: generate, check the dependencies, check the client.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    limit: u64,
    /// Write docs/compared.md.
    #[arg(long)]
    write: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let result = match arguments.as_slice() {
        [first, document, subject, style] if first == tools::PROGENITOR => {
            progenitor::generate(document.as_ref(), subject.as_ref(), style == "builder")
        }
        _ => duel(&Options::parse()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn duel(options: &Options) -> Result<()> {
    let root = fs::canonicalize(root())?;
    if let Some(stranger) = options.only.iter().find(|name| TOOLS.iter().all(|tool| tool.name != **name)) {
        let names: Vec<&str> = TOOLS.iter().map(|tool| tool.name).collect();
        return Err(format!("there is no tool `{stranger}`; there are {}", names.join(", ")).into());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from).join("duel");
    let store = Store::new(target.join("results"));
    if !options.from_results {
        run(options, &target, &root, &store)?;
    }
    if options.write {
        let page = report::page(&findings(&store)?)?;
        fs::write(root.join("docs").join("compared.md"), page)?;
    }
    Ok(())
}

/// Runs the selected parts of the duel.
fn run(options: &Options, target: &Path, root: &Path, store: &Store) -> Result<()> {
    let limit = Duration::from_secs(options.limit);
    let build = target.join("build");
    let mut tools: Vec<(&Tool, String)> = Vec::new();
    for tool in &TOOLS {
        if !options.only.is_empty() && options.only.iter().all(|name| name != tool.name) {
            continue;
        }
        match tool.version(&target.join(tool.name).join("version"), limit)? {
            Some(version) => tools.push((tool, version)),
            None => eprintln!("{} is not installed, and is skipped: {}", tool.name, tool.install),
        }
    }
    let is_known = |name: &str| options.resume && store.has(name);
    for (tool, version) in tools.iter().filter(|_| options.only_document.is_empty()) {
        let (work, name) = (target.join(tool.name).join("probe"), format!("probe.{}", tool.name));
        if !is_known(&name) {
            fs::create_dir_all(&work)?;
            let place = Place { work: &work, target: &build, root, limit };
            store.write(&name, &probe::probe(tool, version, &place)?)?;
        }
    }
    if options.probe {
        return Ok(());
    }
    for document in documents::find(&options.documents, root)? {
        if !options.only_document.is_empty() && !options.only_document.contains(&document.name) {
            continue;
        }
        for (tool, _) in &tools {
            let work = target.join(tool.name).join(format!("document-{}", document.name));
            let name = format!("document.{}.{}", tool.name, document.name);
            if is_known(&name) {
                continue;
            }
            fs::create_dir_all(&work)?;
            let attempt = documents::attempt(tool, &document, &Place { work: &work, target: &build, root, limit })?;
            eprintln!("{}: {}: {attempt:?}", document.name, tool.name);
            store.write(&name, &attempt)?;
        }
    }
    Ok(())
}

/// All results so far.
fn findings(store: &Store) -> Result<Findings> {
    let (mut attempts, mut probes, mut missing) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for tool in &TOOLS {
        match store.read::<Probed>(&format!("probe.{}", tool.name))? {
            Some(probed) => {
                probes.insert(tool.name.to_owned(), probed);
            }
            None => missing.push(tool.name),
        }
        let mut documents = BTreeMap::new();
        for (name, attempt) in store.read_all::<Attempt>(&format!("document.{}.", tool.name))? {
            documents.insert(name, attempt);
        }
        attempts.insert(tool.name.to_owned(), documents);
    }
    let date = jiff::Zoned::now().date().to_string();
    Ok(Findings { attempts, probes, date, missing })
}

#[cfg(test)]
#[path = "../probes/connectors.rs"]
mod ours;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::cases::{CASES, Grade, script};
    use super::server::Server;
    use super::{TOOLS, ours, root};

    /// Our client behaves over a socket as docs/compared.md describes. The cases that it does not pass are named here.
    #[tokio::test]
    async fn our_column_holds() {
        let mut failed = BTreeMap::new();
        for case in &CASES {
            let server = Server::start(case.name, script).expect("a free port of loopback");
            let printed = ours::run(case.name, server.port()).await;
            let (grade, observed) = case.judge(&printed, &server.requests());
            if grade != Grade::Yes {
                failed.insert(case.name, format!("{observed} ({printed})"));
            }
        }
        assert_eq!(failed.keys().copied().collect::<Vec<_>>(), ["date-type"], "{failed:#?}");
    }

    fn page() -> String {
        fs::read_to_string(root().join("docs").join("compared.md")).expect("the page is committed")
    }

    #[test]
    fn the_page_has_each_case_once_and_tables_of_one_width() {
        let page = page();
        for (_, row) in super::report::rows() {
            assert_eq!(page.lines().filter(|line| line.starts_with(&format!("| {row} |"))).count(), 1, "{row}");
        }
        for table in page.split("\n\n").filter(|block| block.starts_with('|')) {
            let width = |line: &str| line.replace("\\|", "").matches('|').count();
            let first = table.lines().next().map(width);
            assert!(table.lines().all(|line| Some(width(line)) == first), "{table}");
        }
        assert!(TOOLS.iter().all(|tool| page.contains(&format!("| {} | ", tool.name))), "each tool has its version");
        let words = page.split(|c: char| c.is_whitespace() || "`\"'([|,;".contains(c));
        assert_eq!(words.filter(|word| word.starts_with('/')).collect::<Vec<_>>(), [""; 0], "no path of a machine");
    }

    /// A row in which another tool is better names an open end, before all tables.
    #[test]
    fn the_page_names_an_open_end_for_each_row_in_which_another_tool_is_better() {
        let page = page();
        let (better, tables) = page.split_once("## Real documents").expect("the page has its sections");
        let grade = |cell: &str| match cell.trim().chars().next() {
            Some('✓') => 2,
            Some('◐') => 1,
            _ => 0,
        };
        for (_, row) in super::report::rows() {
            let start = format!("| {row} |");
            let line = tables.lines().find(|line| line.starts_with(&start)).expect("each case has a row");
            let grades: Vec<u8> = line[start.len()..].split(" | ").map(grade).collect();
            let ours = grades.first().copied().unwrap_or_default();
            let is_beaten = grades.iter().any(|grade| *grade > ours);
            let named =
                better.lines().any(|line| line.starts_with(&format!("- {row}: ")) && line.contains("Open end: "));
            assert_eq!(is_beaten, named, "{row}");
        }
    }
}
