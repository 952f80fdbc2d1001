//! `check`: the parts of a document that a client would lack, with their places, and the overlay actions that fix them.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::document::{Map, Node, Pointer};
use crate::note::{Fix, Kind, Note, Notes};
use crate::overlay::{self, Effect};
use crate::plain::plain;
use crate::{Client, Generator, inspect_overlay};

use super::overlays::written;
use super::part::{Choice, NoteFormat, Pipeline};
use super::report::{FOUND, Result, progress, sampled};
use super::{documents, files};

/// The options for a check of a document.
#[derive(Args)]
pub struct Check {
    /// The document, YAML or JSON.
    document: PathBuf,
    /// Write the overlay with all certain fixes to this file.
    #[arg(long, value_name = "FILE")]
    fix: Option<PathBuf>,
    /// Overwrite that file.
    #[arg(long, requires = "fix")]
    force: bool,
    /// Do not count the losses in this file, as `Notes::losses` writes them.
    #[arg(long, value_name = "FILE")]
    accept: Option<PathBuf>,
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    pipeline: Pipeline,
}

/// The meaning of each kind of note for a caller.
const KINDS: [(Kind, &str); 5] = [
    (Kind::Loss, "lost to a caller"),
    (Kind::Skip, "left out"),
    (Kind::Correction, "wrong in the document, and read with its probable meaning"),
    (Kind::Rename, "under another name, or passed or read in another way than the document suggests"),
    (Kind::Unchecked, "not checked by the client"),
];

impl Check {
    /// Checks the document, and prints what was found. Exits with 3 if a caller would lack something.
    ///
    /// # Errors
    /// If no client can be generated from the document.
    pub fn run(&self) -> Result<ExitCode> {
        let generator = Generator::new(documents::file(&self.document)?.node).select(self.choice.selection());
        let generator = self.pipeline.applied(generator)?;
        let client = generator.generate()?;
        let accepted = self.accept.as_deref().map(files::read).transpose()?.unwrap_or_default();
        let lost = client.notes.not_accepted(&accepted).iter().count();
        let (fixes, after) = fixes(&generator, &client)?;
        match self.pipeline.notes {
            NoteFormat::Json => {
                println!("{}", serde_json::to_string_pretty(&json(&client, fixes.as_ref()))?)
            }
            NoteFormat::None => {}
            NoteFormat::Text => self.print(&client, fixes.as_ref(), after.as_ref())?,
        }
        if let (Some(path), None) = (&self.fix, &fixes) {
            progress(&format!("no fix: {} not written", path.display()));
        }
        if let (Some(path), Some(fixes)) = (&self.fix, &fixes) {
            let text = format!("# Written by `connectors-codegen check`.\n{}", fixes.to_yaml()?);
            files::write_out(Some(path), &text, self.force)?;
        }
        Ok(if lost > 0 { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
    }

    fn print(&self, client: &Client, fixes: Option<&Node>, after: Option<&Client>) -> Result<()> {
        let (operations, types) = (client.operations, client.types.len());
        println!("{}: {operations} operations, {types} types", self.document.display());
        for (kind, means) in KINDS {
            let grouped = client.notes.grouped();
            let lines: Vec<String> =
                grouped.iter().filter(|group| group.note.kind == kind).map(|group| format!("  {group}")).collect();
            if lines.is_empty() {
                continue;
            }
            println!("{}: {} {means}", kind.word(), client.notes.count(kind));
            if kind == Kind::Unchecked && !self.pipeline.unchecked {
                println!("  (--unchecked lists them)");
                continue;
            }
            sampled(lines, self.pipeline.all).iter().for_each(|line| println!("{line}"));
        }
        let open = |client: &Client| client.notes.iter().filter(|note| note.kind != Kind::Unchecked).count();
        match (fixes, after) {
            (Some(fixes), Some(after)) => {
                let (before, after) = (open(client), open(after));
                println!("an overlay fixes {} of {before}:\n", before - after.min(before));
                match &self.fix {
                    Some(path) => println!("  it is in {}", path.display()),
                    None => fixes.to_yaml()?.lines().for_each(|line| println!("{}", plain(line))),
                }
            }
            _ if open(client) > 0 => println!("no overlay action is certain to fix any of it"),
            _ => println!("nothing is lost"),
        }
        Ok(())
    }
}

/// The notes and the overlay as one object.
fn json(client: &Client, fixes: Option<&Node>) -> serde_json::Value {
    let counts: BTreeMap<&str, usize> =
        KINDS.iter().map(|(kind, _)| (kind.word(), client.notes.count(*kind))).collect();
    let notes: Vec<&Note> = client.notes.iter().collect();
    serde_json::json!({
        "operations": client.operations,
        "types": client.types.len(),
        "counts": counts,
        "notes": notes,
        "overlay": fixes.map(Node::to_json),
    })
}

/// The overlay with all certain fixes, and the client with it. Each of its actions changes the document.
fn fixes(generator: &Generator, client: &Client) -> Result<(Option<Node>, Option<Client>)> {
    let document = generator.overlaid()?;
    let proposed = actions(&document, &client.notes);
    if proposed.is_empty() {
        return Ok((None, None));
    }
    let text = written("Fixes", proposed.clone()).to_yaml()?;
    let (_, inspected) = inspect_overlay(&document, &Node::parse("fixes.yaml", &text)?)?;
    let works = |index: usize| inspected.get(index).is_some_and(|action| action.effect == Effect::Applied);
    let kept: Vec<Node> =
        proposed.into_iter().enumerate().filter(|(index, _)| works(*index)).map(|(_, action)| action).collect();
    if kept.is_empty() {
        return Ok((None, None));
    }
    let overlay = written("Fixes", kept);
    let after = generator.clone().overlay(Node::parse("fixes.yaml", &overlay.to_yaml()?)?).generate()?;
    Ok((Some(overlay), Some(after)))
}

/// The actions for the notes that can be fixed: additions first, then removals from the last element of an array to the
/// first, so that no action moves the target of one that follows.
fn actions(document: &Node, notes: &Notes) -> Vec<Node> {
    let places = places(document);
    let (mut updates, mut removals) = (Vec::new(), BTreeMap::new());
    for note in notes.iter() {
        let Some(fix) = &note.fix else { continue };
        let Some(found) = note.span.identity().and_then(|identity| places.get(&identity)) else { continue };
        for tokens in found {
            let path = path(document, tokens);
            match fix {
                Fix::Update(value) => updates.push(overlay::update(&path, value.clone())),
                Fix::Remove => drop(removals.insert(order(tokens), path)),
                Fix::Rename(name) => {
                    let value = document.pointer(pointer(tokens).as_str());
                    if let (Some((_, around)), Some(value)) = (tokens.split_last(), value) {
                        let member = Map::from([(name.clone(), value.clone())]);
                        updates.push(overlay::update(&self::path(document, around), Node::made(member)));
                        removals.insert(order(tokens), path);
                    }
                }
            }
        }
    }
    let removal = |path: String| {
        Node::made(Map::from([("target".to_owned(), Node::made(path)), ("remove".to_owned(), Node::made(true))]))
    };
    updates.dedup();
    updates.into_iter().chain(removals.into_values().rev().map(removal)).collect()
}

/// The tokens of a place, comparable so that the elements of an array sort by their index.
fn order(tokens: &[String]) -> Vec<(usize, String)> {
    tokens.iter().map(|token| (token.parse().unwrap_or(usize::MAX), token.clone())).collect()
}

fn pointer(tokens: &[String]) -> Pointer {
    tokens.iter().fold(Pointer::root(), Pointer::join_token)
}

/// A place as RFC 9535 writes it.
fn path(document: &Node, tokens: &[String]) -> String {
    let (mut path, mut at) = ("$".to_owned(), Some(document));
    for token in tokens {
        let item = at.and_then(Node::as_array).and_then(|items| items.get(token.parse::<usize>().ok()?));
        if item.is_some() {
            path.push_str(&format!("[{token}]"));
            at = item;
        } else {
            path = overlay::step(&path, token);
            at = at.and_then(|node| node.get(token));
        }
    }
    path
}

/// The pointers of each node, by its place in the file. A node that a YAML alias repeats has several.
fn places(document: &Node) -> HashMap<(usize, u32, u32), Vec<Vec<String>>> {
    fn walk(node: &Node, tokens: &mut Vec<String>, places: &mut HashMap<(usize, u32, u32), Vec<Vec<String>>>) {
        if let Some(identity) = node.span.identity() {
            places.entry(identity).or_default().push(tokens.clone());
        }
        let members = node.as_object().into_iter().flatten().map(|(key, child)| (key.clone(), child));
        let items = node.as_array().into_iter().flatten().enumerate().map(|(index, child)| (index.to_string(), child));
        for (token, child) in members.chain(items) {
            tokens.push(token);
            walk(child, tokens, places);
            tokens.pop();
        }
    }
    let mut places = HashMap::new();
    walk(document, &mut Vec::new(), &mut places);
    places
}
