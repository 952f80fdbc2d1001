//! `cargo xtask diff`: what changed between two documents, told in three ways.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;
use connectors_codegen::{Change, Client, Generator, Impact, Node, Value};

use crate::service::{self, Name, Service};
use crate::{Result, fetch, progress, semver};

/// How changes are told.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A line each, the worst first.
    Text,
    /// One JSON object: `changes`, how many there are of each impact, and why the clients were not compared, if so.
    Json,
    /// For a pull request.
    Markdown,
}

/// What makes the exit code 3.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// A change that may stop a program from compiling or working.
    Breaking,
    /// Any change at all.
    Any,
}

/// The exit code for what `--fail-on` asked about.
const FOUND: u8 = 3;

const IMPACTS: [Impact; 4] = [Impact::Breaking, Impact::Behaviour, Impact::Additive, Impact::Documentation];

/// What changed.
pub(crate) struct Judgement {
    pub(crate) changes: Vec<Change>,
    /// Why only the documents were compared and not the clients made of them, if so.
    pub(crate) documents_only: Option<String>,
}

/// Judges what changed between two documents and between the clients that are made of them, with the service's overlay
/// as far as it fits.
pub(crate) fn judge(old: &Node, new: &Node, name: Option<&Name>) -> Result<Judgement> {
    let clients = overlaid(old, new, name).and_then(|(old, new)| Ok((client(old, "old")?, client(new, "new")?)));
    Ok(match clients {
        Ok((before, after)) => {
            let changes = connectors_codegen::diff_clients((old, &before), (new, &after))?;
            Judgement { changes, documents_only: None }
        }
        Err(reason) => Judgement { changes: connectors_codegen::diff(old, new)?, documents_only: Some(reason) },
    })
}

/// The client of one of two documents, or in one line why there is none.
fn client(document: Node, which: &str) -> std::result::Result<Client, String> {
    service::generate(Generator::new(document))
        .map(|(client, _)| client)
        .map_err(|error| no_client(which, error.as_ref()))
}

fn no_client(which: &str, error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let reason = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    format!("no client can be made of the {which} document: {reason}")
}

/// What the clients of two documents are made of, or why there is no such thing.
fn overlaid(old: &Node, new: &Node, name: Option<&Name>) -> std::result::Result<(Node, Node), String> {
    let one = |document, which| semver::overlaid(document, name).map_err(|error| no_client(which, error.as_ref()));
    let (mut old, mut new) = (one(old, "old")?, one(new, "new")?);
    // An overlay names an operation by its place. Of one that moved, only one of the two would have the name.
    let (before, after) = (given_names(&old), given_names(&new));
    give_names(&mut old, &after);
    give_names(&mut new, &before);
    Ok((old, new))
}

/// The names that operations are given for Rust, by operationId.
fn given_names(document: &Node) -> BTreeMap<String, Node> {
    let operations = service::operations(document).into_iter();
    let given = operations.filter_map(|(_, it)| Some((service::id(it)?.to_owned(), it.get("x-rust-name")?.clone())));
    given.collect()
}

/// Gives these names to the operations that have none.
fn give_names(document: &mut Node, names: &BTreeMap<String, Node>) {
    let Value::Object(root) = &mut document.value else { return };
    let Some(Value::Object(paths)) = root.get_mut("paths").map(|paths| &mut paths.value) else { return };
    for item in paths.values_mut() {
        let Value::Object(item) = &mut item.value else { continue };
        for method in service::METHODS {
            let Some(operation) = item.get_mut(method) else { continue };
            let name = service::id(operation).and_then(|id| names.get(id));
            if let (Some(name), Value::Object(operation)) = (name, &mut operation.value) {
                operation.entry("x-rust-name".to_owned()).or_insert_with(|| name.clone());
            }
        }
    }
}

pub(crate) fn run(
    old: &Path,
    new: &Path,
    service: Option<&Name>,
    format: Format,
    fail_on: Option<FailOn>,
    words: bool,
) -> Result<ExitCode> {
    let read = |path: &Path| -> Result<Node> {
        let document = fetch::file(path)?.node;
        let Some(service) = service else { return Ok(document) };
        // Documents of different days: what one of them does not have is a change, not a mistake in the selection.
        let selected = connectors_codegen::select_known(&document, &Service::read(service)?.selection())?;
        if selected.get("paths").and_then(Node::as_object).is_none_or(connectors_codegen::Map::is_empty) {
            let message = format!("error: {} has nothing that `{service}` selects", path.display());
            return Err(format!("{message}\n  help: is it the document of another service?").into());
        }
        Ok(selected)
    };
    let Judgement { changes, documents_only } = judge(&read(old)?, &read(new)?, service)?;
    let doubt = documents_only.as_deref();
    match format {
        Format::Text => print!("{}", text(&changes, words)),
        Format::Json => println!("{}", serde_json::to_string_pretty(&json(&changes, doubt))?),
        Format::Markdown => print!("{}", markdown(&changes, doubt, words)),
    }
    if let Some(reason) = doubt {
        eprintln!("warning: only the documents were compared: {reason}");
    }
    progress(&summary(&changes));
    let found = match fail_on {
        Some(FailOn::Breaking) => changes.iter().any(|change| change.impact == Impact::Breaking),
        Some(FailOn::Any) => !changes.is_empty(),
        None => false,
    };
    Ok(if found { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
}

fn count(changes: &[Change], impact: Impact) -> usize {
    changes.iter().filter(|change| change.impact == impact).count()
}

/// How many changes there are of each impact, in one line.
pub(crate) fn summary(changes: &[Change]) -> String {
    let [breaking, behaviour, additive, words] = IMPACTS.map(|impact| count(changes, impact));
    format!("{breaking} breaking, {behaviour} of behaviour, {additive} additive, {words} of documentation")
}

/// A line for each change, with the rule that judged it. Changes of words alone are many and mean little.
pub(crate) fn text(changes: &[Change], words: bool) -> String {
    let shown = changes.iter().filter(|change| words || change.impact != Impact::Documentation);
    shown.map(|change| format!("{change} [{}]\n", change.rule)).collect()
}

fn json(changes: &[Change], documents_only: Option<&str>) -> serde_json::Value {
    let counts: serde_json::Map<String, serde_json::Value> =
        IMPACTS.iter().map(|impact| (impact.to_string(), count(changes, *impact).into())).collect();
    serde_json::json!({"changes": changes, "counts": counts, "documents_only": documents_only})
}

fn markdown(changes: &[Change], documents_only: Option<&str>, words: bool) -> String {
    let mut text = String::new();
    for impact in IMPACTS.iter().filter(|impact| words || **impact != Impact::Documentation) {
        let of_it: Vec<&Change> = changes.iter().filter(|change| change.impact == *impact).collect();
        if of_it.is_empty() {
            continue;
        }
        let title = match impact {
            Impact::Breaking => "Breaking",
            Impact::Behaviour => "Behaviour",
            Impact::Additive => "Additive",
            _ => "Documentation",
        };
        text.push_str(&format!("### {title}\n\n"));
        for change in of_it {
            let operations: Vec<String> = change.operations.iter().map(|id| format!("`{id}`")).collect();
            let place = if operations.is_empty() { "the document".to_owned() } else { operations.join(", ") };
            text.push_str(&format!("- {} ({}): {place}\n", change.what, change.rule));
        }
        text.push('\n');
    }
    if text.is_empty() {
        // What is not shown are words.
        text = match changes.len() {
            0 => "No change.\n".to_owned(),
            words => format!("No change for a caller; {words} of documentation.\n"),
        };
    }
    if let Some(reason) = documents_only {
        let gap = if text.ends_with("\n\n") { "" } else { "\n" };
        text.push_str(&format!("{gap}Only the documents were compared: {reason}.\n"));
    }
    text
}
