//! `diff`: what changed between two documents, in three formats.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::diagnostic::Error;
use crate::diff::{Change, Impact, RULES, diff, diff_clients};
use crate::document::{Node, Value};
use crate::shape::Names;
use crate::{Client, Generator, grammar};

use super::part::Part;
use super::report::{FOUND, Result};
use super::usage::Usage;
use super::used::{self, Touch};
use super::{documents, files};

/// The options for a comparison of two documents.
#[derive(Args)]
// The command that it is flattened into has a group of this name.
#[group(skip)]
pub struct Diff {
    /// The document before.
    old: PathBuf,
    /// The document after.
    new: PathBuf,
    /// The output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit with 3 if there is such a change.
    #[arg(long, value_enum, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    /// List every change, a line each, also those that are additive, of descriptions and summaries, and those that do
    /// not fit on two screens.
    #[arg(long)]
    all: bool,
    /// List changes of descriptions and summaries too.
    #[arg(long)]
    documentation: bool,
    /// Override the impact of some rules with this TOML file: `rule = "breaking"`, `behaviour`, `additive`,
    /// `documentation`, or `none` to leave such changes out.
    #[arg(long, value_name = "FILE")]
    impacts: Option<PathBuf>,
    /// Report which changes touch the calls in the Rust code of this crate, by its syntax; a folder, or one file.
    ///
    /// Clients that `generate` wrote into the folder are left out.
    ///
    /// A change is "touched" if the code names the method, the field, the variant or the type. It is "may be touched"
    /// if the same name could be something else, or if the code calls the operation without naming the changed member.
    /// Every other change is "not touched". Only the first two are listed, and count for --fail-on.
    #[arg(long, value_name = "CRATE")]
    used_by: Option<PathBuf>,
}

/// The formats of a report.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text, by tag, the worst first.
    Text,
    /// One JSON object: `changes`, the count of each impact, and, if the clients were not compared, the reason.
    Json,
    /// For a pull request.
    Markdown,
}

/// The kind of change that makes the exit code 3.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// A change that may stop a program from compiling or working.
    Breaking,
    /// Any change at all.
    Any,
}

const IMPACTS: [Impact; 4] = [Impact::Breaking, Impact::Behaviour, Impact::Additive, Impact::Documentation];

/// The changes, and how they were found.
pub struct Judgement {
    pub changes: Vec<Change>,
    /// The clients generated from the documents, or why only the documents were compared.
    pub clients: std::result::Result<(Client, Client), String>,
}

impl Judgement {
    /// The reason why only the documents were compared, and not the clients generated from them; `None` if both were.
    #[must_use]
    pub fn documents_only(&self) -> Option<&str> {
        self.clients.as_ref().err().map(String::as_str)
    }
}

/// Finds and judges the changes between two documents, and between the clients generated from them. Overlay actions
/// that do not fit a document are skipped.
///
/// # Errors
/// If a document is not OpenAPI 3.0, 3.1 or 3.2.
pub fn judge(old: &Node, new: &Node, part: &Part) -> std::result::Result<Judgement, Error> {
    let clients = overlaid(old, new, part).and_then(|(old, new)| {
        let old = client(old, "old", part.names.clone())?;
        // Items of the older client keep their names.
        let new = client(new, "new", old.names.clone())?;
        Ok((old, new))
    });
    let changes = match &clients {
        Ok((before, after)) => diff_clients((old, before), (new, after))?,
        Err(_) => diff(old, new)?,
    };
    Ok(Judgement { changes, clients })
}

/// The client of one of two documents, or, in one line, the reason why it has none.
fn client(document: Node, which: &str, names: Names) -> std::result::Result<Client, String> {
    Generator::new(document).names(names).generate().map_err(|error| no_client(which, &error))
}

fn no_client(which: &str, error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let reason = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    format!("no client can be generated from the {which} document: {reason}")
}

/// The models of two documents' clients, or why there are none.
fn overlaid(old: &Node, new: &Node, part: &Part) -> std::result::Result<(Node, Node), String> {
    let one = |document, which| part.overlaid(document).map_err(|error| no_client(which, error.as_ref()));
    let (mut old, mut new) = (one(old, "old")?, one(new, "new")?);
    // An overlay names an operation by its place. If the operation moved, the overlay names it in only one of the two
    // documents.
    let (before, after) = (given_names(&old), given_names(&new));
    give_names(&mut old, &after);
    give_names(&mut new, &before);
    Ok((old, new))
}

/// The Rust names of operations, by operationId.
fn given_names(document: &Node) -> BTreeMap<String, Node> {
    let operations = grammar::operations(document);
    let given =
        operations.filter_map(|(.., it, _)| Some((it.str("operationId")?.to_owned(), it.get("x-rust-name")?.clone())));
    given.collect()
}

/// Adds these names to the operations that have none.
fn give_names(document: &mut Node, names: &BTreeMap<String, Node>) {
    let Value::Object(root) = &mut document.value else { return };
    let Some(Value::Object(paths)) = root.get_mut("paths").map(|paths| &mut paths.value) else { return };
    for item in paths.values_mut() {
        let Value::Object(item) = &mut item.value else { continue };
        for method in grammar::METHODS {
            let Some(operation) = item.get_mut(method) else { continue };
            let name = operation.str("operationId").and_then(|id| names.get(id));
            if let (Some(name), Value::Object(operation)) = (name, &mut operation.value) {
                operation.entry("x-rust-name".to_owned()).or_insert_with(|| name.clone());
            }
        }
    }
}

/// Which changes are listed one by one.
#[derive(Clone, Copy)]
pub struct Shown {
    pub additive: bool,
    /// Changes of descriptions are many, and do not affect a program.
    pub documentation: bool,
}

/// The impact of some rules, by the rule's id; `None` to leave its changes out.
type Impacts = BTreeMap<String, Option<Impact>>;

/// Reads the impacts of rules from a file.
fn impacts(path: &Path) -> Result<Impacts> {
    let place = path.display();
    let table: toml::Table = toml::from_str(&files::read(path)?).map_err(|error| format!("error: {place}: {error}"))?;
    let mut found = Impacts::new();
    for (rule, value) in table {
        if !RULES.iter().any(|known| known.id == rule) {
            let help = "docs/diff-rules.md lists them";
            return Err(format!("error: {place}: there is no rule `{rule}`\n  help: {help}").into());
        }
        let impact =
            match value.as_str() {
                Some("none") => None,
                text => {
                    let known = IMPACTS.into_iter().find(|impact| Some(impact.to_string().as_str()) == text);
                    let help = "one of breaking, behaviour, additive, documentation, none";
                    Some(known.ok_or_else(|| {
                        format!("error: {place}: {value} is not an impact for `{rule}`\n  help: {help}")
                    })?)
                }
            };
        found.insert(rule, impact);
    }
    Ok(found)
}

/// The changes with the impacts of a file, the worst first.
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

impl Diff {
    /// Compares the two documents, and prints the changes.
    ///
    /// # Errors
    /// A file that cannot be used.
    pub fn run(&self, part: &Part) -> Result<ExitCode> {
        let shown = Shown { additive: self.all, documentation: self.all || self.documentation };
        let impacts = self.impacts.as_deref().map(impacts).transpose()?.unwrap_or_default();
        let usage = self.used_by.as_deref().map(Usage::read).transpose()?;
        let read = |path: &Path| part.selected(&documents::file(path)?.node);
        let mut judgement = judge(&read(&self.old)?, &read(&self.new)?, part)?;
        judgement.changes = weighed(judgement.changes, &impacts);
        let doubt = judgement.documents_only().map(str::to_owned);
        if let Some(reason) = &doubt {
            eprintln!("warning: only the documents were compared: {reason}");
        }
        let changes = match &usage {
            Some(usage) => {
                let Ok(clients) = &judgement.clients else {
                    return Err("error: --used-by needs the clients of both documents".into());
                };
                let touched = used::judged(&judgement.changes, clients, usage);
                match self.format {
                    Format::Text => print!("{}", used::text(&touched, usage, shown.documentation)),
                    Format::Json => println!("{}", serde_json::to_string_pretty(&used::json(&touched, usage))?),
                    Format::Markdown => print!("{}", used::markdown(&touched, usage, shown.documentation)),
                }
                let touched = touched.into_iter().filter(|it| it.touch != Touch::No);
                touched.map(|it| it.change.clone()).collect()
            }
            None => {
                let (changes, doubt) = (judgement.changes, doubt.as_deref());
                match self.format {
                    Format::Text => print!("{}\n{}", summary(&changes), text(&changes, shown)),
                    Format::Json => println!("{}", serde_json::to_string_pretty(&json(&changes, doubt))?),
                    Format::Markdown => print!("{}", markdown(&changes, doubt, shown)),
                }
                changes
            }
        };
        let found = match self.fail_on {
            Some(FailOn::Breaking) => changes.iter().any(|change| change.impact == Impact::Breaking),
            Some(FailOn::Any) => !changes.is_empty(),
            None => false,
        };
        Ok(if found { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
    }
}

fn count(changes: &[Change], impact: Impact) -> usize {
    changes.iter().filter(|change| change.impact == impact).count()
}

/// How many changes there are of each impact, in one line.
pub fn summary(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "no change".to_owned();
    }
    let [breaking, behaviour, additive, words] = IMPACTS.map(|impact| count(changes, impact));
    format!("{breaking} breaking, {behaviour} of behaviour, {additive} additive, {words} of documentation")
}

/// The group of the changes of some operations.
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
    let counts: Vec<String> = rules.into_iter().map(|(rule, count)| format!("{rule} {count}")).collect();
    counts.join(", ")
}

/// The maximum length of a listing: two screens of this many rows and columns.
const TWO_SCREENS: usize = 2 * 50;
const COLUMNS: usize = 120;

/// The changes by tag: one line for each, with the rule that judged it, and one line with the counts of the others. If
/// the listing is longer than two screens, the changes by the most frequent rules are only counted.
pub fn text(changes: &[Change], shown: Shown) -> String {
    let rows = |text: &str| text.lines().map(|line| line.len().div_ceil(COLUMNS).max(1)).sum::<usize>();
    let fits = |text: &String| shown.additive || rows(text) <= TWO_SCREENS;
    let listings = [usize::MAX, 50, 30, 20, 10, 5, 2].into_iter().map(|most| listing(changes, shown, most));
    listings.into_iter().find(fits).unwrap_or_else(|| listing(changes, shown, 0))
}

/// The changes by tag. Those by a rule with more than `most` changes are only counted.
fn listing(changes: &[Change], shown: Shown, most: usize) -> String {
    let mut text = String::new();
    let wanted = |change: &&Change| shown.documentation || change.impact != Impact::Documentation;
    let mut frequent: BTreeMap<&str, usize> = BTreeMap::new();
    changes.iter().filter(wanted).for_each(|change| *frequent.entry(change.rule).or_default() += 1);
    let mut hidden = false;
    let mut new = Vec::new();
    for (group, changes) in grouped(changes.iter().filter(wanted)) {
        let (lines, counted): (Vec<&Change>, Vec<&Change>) = changes
            .into_iter()
            .partition(|change| (shown.additive || change.impact != Impact::Additive) && frequent[change.rule] <= most);
        hidden |= !counted.is_empty();
        if lines.is_empty() && counted.iter().all(|change| change.rule == "operation-added") {
            new.push(format!("{group} {}", counted.len()));
            continue;
        }
        let of = |impact: &Impact| counted.iter().filter(|it| it.impact == *impact).copied().collect::<Vec<_>>();
        let more = if lines.is_empty() { "" } else { "more " };
        let counts = IMPACTS.iter().map(|impact| (impact, of(impact))).filter(|(_, changes)| !changes.is_empty());
        let counts = counts.map(|(impact, changes)| match impact {
            Impact::Additive => format!("{impact}: {}", by_rule(&changes)),
            _ => format!("{more}{impact}: {}", by_rule(&changes)),
        });
        let counts: Vec<String> = counts.collect();
        if lines.is_empty() {
            text.push_str(&format!("{group}: {}\n", counts.join("; ")));
            continue;
        }
        text.push_str(&format!("{group}:\n"));
        lines.iter().for_each(|change| text.push_str(&format!("  {change} [{}]\n", change.rule)));
        if !counts.is_empty() {
            text.push_str(&format!("  {}\n", counts.join("; ")));
        }
    }
    if !new.is_empty() {
        text.push_str(&format!("only new operations: {}\n", new.join(", ")));
    }
    if hidden {
        let each = if most == usize::MAX { "each additive change" } else { "each change" };
        text.push_str(&format!("(--all lists {each})\n"));
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
        // The changes that are not listed are in descriptions.
        (true, 0) => "No change.\n".to_owned(),
        (true, words) => format!("No change for a caller; {words} of documentation.\n"),
    };
    if let Some(reason) = documents_only {
        let gap = if text.ends_with("\n\n") { "" } else { "\n" };
        text.push_str(&format!("{gap}Only the documents were compared: {reason}.\n"));
    }
    text
}
