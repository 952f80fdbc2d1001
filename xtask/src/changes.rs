//! `cargo xtask diff`: what changed between two documents, told in three ways.

use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;
use connectors_codegen::{Change, Impact, Node};

use crate::service::{Name, Service};
use crate::{Result, progress};

/// How changes are told.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A line each, the worst first.
    Text,
    /// One JSON object: `changes`, and how many there are of each impact.
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

pub(crate) fn run(
    old: &Path,
    new: &Path,
    service: Option<&Name>,
    format: Format,
    fail_on: Option<FailOn>,
    words: bool,
) -> Result<ExitCode> {
    let read = |path: &Path| -> Result<Node> {
        let document = Node::bundle(path)?.document;
        let Some(service) = service else { return Ok(document) };
        // Documents of different days: what one of them does not have is a change, not a mistake in the selection.
        let selected = connectors_codegen::select_known(&document, &Service::read(service)?.selection())?;
        if selected.get("paths").and_then(Node::as_object).is_none_or(connectors_codegen::Map::is_empty) {
            let message = format!("error: {} has nothing that `{service}` selects", path.display());
            return Err(format!("{message}\n  help: is it the document of another service?").into());
        }
        Ok(selected)
    };
    let changes = connectors_codegen::diff(&read(old)?, &read(new)?)?;
    match format {
        Format::Text => print!("{}", text(&changes, words)),
        Format::Json => println!("{}", serde_json::to_string_pretty(&json(&changes))?),
        Format::Markdown => print!("{}", markdown(&changes, words)),
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

fn json(changes: &[Change]) -> serde_json::Value {
    let counts: serde_json::Map<String, serde_json::Value> =
        IMPACTS.iter().map(|impact| (impact.to_string(), count(changes, *impact).into())).collect();
    serde_json::json!({"changes": changes, "counts": counts})
}

fn markdown(changes: &[Change], words: bool) -> String {
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
    if text.is_empty() { "No change.\n".to_owned() } else { text }
}
