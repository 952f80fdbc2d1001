//! `cargo xtask diff`: what changed between two documents, in three formats.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;
use connectors_codegen::{Change, Client, Generator, Impact, Names, Node, RULES, Value};

use crate::service::{self, Name, Service};
use crate::{Result, fetch, files, semver};

/// The formats of a report.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// By tag, the worst first.
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
    /// Why only the documents were compared and not the clients generated from them, if so.
    pub(crate) documents_only: Option<String>,
}

/// Judges what changed between two documents and between the clients that are generated from them, with the service's overlay
/// as far as it fits.
pub(crate) fn judge(old: &Node, new: &Node, name: Option<&Name>) -> Result<Judgement> {
    let clients = overlaid(old, new, name).and_then(|(old, new)| {
        let kept = name.map(|name| name.kept().map_err(|error| error.to_string())).transpose()?.unwrap_or_default();
        let old = client(old, "old", kept)?;
        // What is there keeps its name.
        let new = client(new, "new", old.names.clone())?;
        Ok((old, new))
    });
    Ok(match clients {
        Ok((before, after)) => {
            let changes = connectors_codegen::diff_clients((old, &before), (new, &after))?;
            Judgement { changes, documents_only: None }
        }
        Err(reason) => Judgement { changes: connectors_codegen::diff(old, new)?, documents_only: Some(reason) },
    })
}

/// The client of one of two documents, or in one line why there is none.
fn client(document: Node, which: &str, names: Names) -> std::result::Result<Client, String> {
    service::generate(Generator::new(document).names(names))
        .map(|(client, _)| client)
        .map_err(|error| no_client(which, error.as_ref()))
}

fn no_client(which: &str, error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let reason = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    format!("no client can be generated from the {which} document: {reason}")
}

/// The models of two documents' clients, or why there are none.
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

/// Which of the changes are listed one by one.
#[derive(Clone, Copy)]
pub(crate) struct Shown {
    pub(crate) additive: bool,
    /// Changes of words alone are many and mean little.
    pub(crate) documentation: bool,
}

/// What is asked of two documents.
pub(crate) struct Question {
    pub(crate) service: Option<Name>,
    pub(crate) format: Format,
    pub(crate) fail_on: Option<FailOn>,
    pub(crate) shown: Shown,
    pub(crate) impacts: Impacts,
}

/// The impact of some rules, by the rule's id; `None` where its changes are left out.
pub(crate) type Impacts = BTreeMap<String, Option<Impact>>;

/// Reads the impacts that a file gives to rules.
pub(crate) fn impacts(path: &Path) -> Result<Impacts> {
    let place = path.display();
    let table: toml::Table = toml::from_str(&files::read(path)?).map_err(|error| format!("error: {place}: {error}"))?;
    let mut found = Impacts::new();
    for (rule, value) in table {
        if !RULES.iter().any(|known| known.id == rule) {
            let help = "docs/diff-rules.md lists them";
            return Err(format!("error: {place}: there is no rule `{rule}`\n  help: {help}").into());
        }
        let impact = match value.as_str() {
            Some("none") => None,
            text => {
                let known = IMPACTS.into_iter().find(|impact| Some(impact.to_string().as_str()) == text);
                let help = "one of breaking, behaviour, additive, documentation, none";
                Some(known.ok_or_else(|| format!("error: {place}: {value} is no impact of `{rule}`\n  help: {help}"))?)
            }
        };
        found.insert(rule, impact);
    }
    Ok(found)
}

/// The changes as a file of impacts has them, the worst first.
fn weighed(changes: Vec<Change>, impacts: &Impacts) -> Vec<Change> {
    let weigh = |mut change: Change| match impacts.get(change.rule) {
        None => Some(change),
        Some(impact) => impact.map(|impact| {
            change.impact = impact;
            change
        }),
    };
    let mut changes: Vec<Change> = changes.into_iter().filter_map(weigh).collect();
    changes.sort_by_key(|change| change.impact);
    changes
}

pub(crate) fn run(old: &Path, new: &Path, question: &Question) -> Result<ExitCode> {
    let Question { service, format, fail_on, shown, impacts } = question;
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
    let Judgement { changes, documents_only } = judge(&read(old)?, &read(new)?, service.as_ref())?;
    let changes = weighed(changes, impacts);
    let doubt = documents_only.as_deref();
    match format {
        Format::Text => print!("{}\n{}", summary(&changes), text(&changes, *shown)),
        Format::Json => println!("{}", serde_json::to_string_pretty(&json(&changes, doubt))?),
        Format::Markdown => print!("{}", markdown(&changes, doubt, *shown)),
    }
    if let Some(reason) = doubt {
        eprintln!("warning: only the documents were compared: {reason}");
    }
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
    if changes.is_empty() {
        return "no change".to_owned();
    }
    let [breaking, behaviour, additive, words] = IMPACTS.map(|impact| count(changes, impact));
    format!("{breaking} breaking, {behaviour} of behaviour, {additive} additive, {words} of documentation")
}

/// What the changes of some operations are grouped under.
fn group(change: &Change) -> &str {
    match (&change.tag, change.operations.is_empty()) {
        (Some(tag), _) => tag,
        (None, true) => "the document",
        (None, false) => "several tags, or none",
    }
}

/// The changes by group, the groups with the worst first.
fn grouped<'a>(changes: impl Iterator<Item = &'a Change>) -> Vec<(&'a str, Vec<&'a Change>)> {
    let mut groups: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        groups.entry(group(change)).or_default().push(change);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, changes)| changes.iter().map(|change| change.impact).min());
    groups
}

/// How many changes there are by each rule: `operation-added 3, ...`.
fn by_rule(changes: &[&Change]) -> String {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for change in changes {
        *rules.entry(change.rule).or_default() += 1;
    }
    let told: Vec<String> = rules.into_iter().map(|(rule, count)| format!("{rule} {count}")).collect();
    told.join(", ")
}

/// The changes by tag: a line each, with the rule that judged it, and one line for those that are counted only.
pub(crate) fn text(changes: &[Change], shown: Shown) -> String {
    let mut text = String::new();
    let wanted = |change: &&Change| shown.documentation || change.impact != Impact::Documentation;
    let listed = |change: &&&Change| shown.additive || change.impact != Impact::Additive;
    let mut hidden = false;
    let mut new = Vec::new();
    for (group, changes) in grouped(changes.iter().filter(wanted)) {
        let lines: Vec<&&Change> = changes.iter().filter(listed).collect();
        let counted: Vec<&Change> = changes.iter().filter(|change| !listed(change)).copied().collect();
        hidden |= !counted.is_empty();
        if lines.is_empty() && counted.iter().all(|change| change.rule == "operation-added") {
            new.push(format!("{group} {}", counted.len()));
            continue;
        }
        if lines.is_empty() {
            text.push_str(&format!("{group}: additive: {}\n", by_rule(&counted)));
            continue;
        }
        text.push_str(&format!("{group}:\n"));
        lines.iter().for_each(|change| text.push_str(&format!("  {change} [{}]\n", change.rule)));
        if !counted.is_empty() {
            text.push_str(&format!("  additive: {}\n", by_rule(&counted)));
        }
    }
    if !new.is_empty() {
        text.push_str(&format!("nothing but new operations: {}\n", new.join(", ")));
    }
    if hidden {
        text.push_str("(--all lists each additive change)\n");
    }
    text
}

fn json(changes: &[Change], documents_only: Option<&str>) -> serde_json::Value {
    let counts: serde_json::Map<String, serde_json::Value> =
        IMPACTS.iter().map(|impact| (impact.to_string(), count(changes, *impact).into())).collect();
    serde_json::json!({"counts": counts, "changes": changes, "documents_only": documents_only})
}

fn markdown(changes: &[Change], documents_only: Option<&str>, shown: Shown) -> String {
    let mut sections = String::new();
    for impact in IMPACTS.iter().filter(|impact| shown.documentation || **impact != Impact::Documentation) {
        let of_it = || changes.iter().filter(|change| change.impact == *impact);
        if of_it().next().is_none() {
            continue;
        }
        let title = match impact {
            Impact::Breaking => "Breaking",
            Impact::Behaviour => "Behaviour",
            Impact::Additive => "Additive",
            _ => "Documentation",
        };
        sections.push_str(&format!("### {title}\n\n"));
        for (group, changes) in grouped(of_it()) {
            if *impact == Impact::Additive && !shown.additive {
                sections.push_str(&format!("- {group}: {}\n", by_rule(&changes)));
                continue;
            }
            for change in changes {
                let operations: Vec<String> = change.operations.iter().map(|id| format!("`{id}`")).collect();
                let place = if operations.is_empty() { "the document".to_owned() } else { operations.join(", ") };
                sections.push_str(&format!("- {} ({}): {place}\n", change.what, change.rule));
            }
        }
        sections.push('\n');
    }
    let mut text = match (sections.is_empty(), changes.len()) {
        (false, _) => format!("{}\n\n{sections}", summary(changes)),
        // What is not shown are words.
        (true, 0) => "No change.\n".to_owned(),
        (true, words) => format!("No change for a caller; {words} of documentation.\n"),
    };
    if let Some(reason) = documents_only {
        let gap = if text.ends_with("\n\n") { "" } else { "\n" };
        text.push_str(&format!("{gap}Only the documents were compared: {reason}.\n"));
    }
    text
}
