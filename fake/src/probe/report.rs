//! The findings of a probe, as text and as an Overlay.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::action::{self, Action, Target};
use super::shape::Shape;

/// The kind of difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Status,
    Media,
    Header,
    NotJson,
    Null,
    Type,
    Value,
    Missing,
    Member,
    Rule,
    Unchecked,
    More,
}

/// A place in the responses of an operation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) operation: String,
    pub(super) status: u16,
    /// A JSON Pointer with `*` for items, and `{}` for members that the document does not name.
    pub(super) pattern: String,
}

impl Place {
    fn parent(&self) -> Option<Place> {
        let (parent, _) = self.pattern.rsplit_once('/')?;
        Some(Place { pattern: parent.to_owned(), ..self.clone() })
    }

    fn shown(&self) -> String {
        let at = if self.pattern.is_empty() { "the response" } else { &self.pattern };
        format!("{at}, {} with {}", self.operation, self.status)
    }
}

/// One difference during its collection.
pub(super) struct Found {
    kind: Kind,
    /// The place of the document.
    about: String,
    /// A status, a media type, a header, a member or a keyword.
    name: String,
    pub(super) media: String,
    /// A member whose name may be shown.
    pub(super) member: Option<String>,
    pub(super) header: Option<String>,
    pub(super) sites: Vec<String>,
    pub(super) schemas: Vec<String>,
    seen: BTreeMap<Place, Shape>,
}

impl Found {
    pub(super) fn new(kind: Kind, about: &str, name: &str) -> Found {
        Found {
            kind,
            about: about.to_owned(),
            name: name.to_owned(),
            media: String::new(),
            member: None,
            header: None,
            sites: Vec::new(),
            schemas: Vec::new(),
            seen: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, place: Place, shape: &Shape) {
        self.seen.entry(place).or_default().merge(shape);
    }

    /// Its places, with the member's name.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> + '_ {
        self.seen.keys().map(|place| match self.kind {
            Kind::Missing => Place { pattern: format!("{}/{}", place.pattern, self.name), ..place.clone() },
            _ => place.clone(),
        })
    }

    fn what(&self, shape: &Shape) -> String {
        let name = &self.name;
        match self.kind {
            Kind::Status => format!("the status {} is not documented", name.split(' ').next().unwrap_or_default()),
            Kind::Media if name.is_empty() => "there is no media type".to_owned(),
            Kind::Media => format!("the media type {name} is not documented"),
            Kind::Header => format!("the required header {name} is missing"),
            Kind::NotJson => format!("the body is not JSON, and its media type is {name}"),
            Kind::Null => "null is not allowed".to_owned(),
            Kind::Type => format!("{} is not an allowed type", shape.kinds().collect::<Vec<_>>().join(", ")),
            Kind::Value => format!("an unknown value: {shape}"),
            Kind::Missing => format!("the required `{name}` is missing"),
            Kind::Member if self.member.is_some() => format!("`{name}` is not documented: {shape}"),
            Kind::Member => format!("a member with {name} is not documented: {shape}"),
            Kind::Rule => match &self.header {
                Some(header) => format!("the header {header} breaks the rule `{name}`: {shape}"),
                None => format!("the rule `{name}` is broken: {shape}"),
            },
            Kind::Unchecked => "the document's schema cannot be checked".to_owned(),
            Kind::More => "there are more differences than a probe keeps".to_owned(),
        }
    }

    fn actions(&self, target: Target<'_>, shape: &Shape) -> Vec<Action> {
        match self.kind {
            Kind::Status => {
                let status = self.seen.keys().next().map_or(0, |place| place.status);
                target.status(&self.about, status, &self.media, shape)
            }
            Kind::Media if !self.media.is_empty() => target.media(&self.about, &self.media, shape),
            Kind::Header => target.header(&self.about),
            Kind::Null => target.null(&self.sites),
            Kind::Type => target.types(&self.schemas, shape),
            Kind::Value => target.values(&self.schemas),
            Kind::Missing => target.optional(&self.schemas, &self.name),
            Kind::Member => target.member(&self.about, self.member.as_deref(), shape),
            Kind::Rule => target.without(&self.schemas, &self.name),
            Kind::Media | Kind::NotJson | Kind::Unchecked | Kind::More => Vec::new(),
        }
    }

    pub(super) fn difference(&self, target: Target<'_>, all: &BTreeMap<Place, Shape>) -> Difference {
        let mut shape = Shape::default();
        self.seen.values().for_each(|seen| shape.merge(seen));
        let evidence = self.seen.iter().map(|(place, seen)| {
            let count = match self.kind {
                Kind::Status | Kind::Media | Kind::Header | Kind::NotJson => String::new(),
                _ => match all.get(place) {
                    Some(all) => format!("{} of {} at ", seen.count(), all.count()),
                    None => format!("{} at ", seen.count()),
                },
            };
            let all = all.get(place).filter(|_| matches!(self.kind, Kind::Null | Kind::Type));
            format!("{count}{}{}", place.shown(), all.map_or_else(String::new, |all| format!(": {all}")))
        });
        Difference {
            what: self.what(&shape),
            evidence: evidence.collect(),
            actions: self.actions(target, &shape),
            operations: self.seen.keys().map(|place| place.operation.clone()).collect(),
        }
    }
}

/// A difference between a service and its document.
#[derive(Debug, Clone)]
pub struct Difference {
    what: String,
    evidence: Vec<String>,
    actions: Vec<Action>,
    operations: BTreeSet<String>,
}

impl Difference {
    /// The difference, in one line.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Where and how often it was seen, and what else was there: types, lengths and counts, never a value.
    #[must_use]
    pub fn evidence(&self) -> &[String] {
        &self.evidence
    }

    /// The Overlay actions after which the document allows it; empty if there is none.
    #[must_use]
    pub fn actions(&self) -> Vec<Value> {
        self.actions.iter().map(Action::to_json).collect()
    }

    /// The change that the fake needs.
    #[must_use]
    pub fn correction(&self) -> String {
        let operations: Vec<&str> = self.operations.iter().map(String::as_str).collect();
        format!("no response of the fake has it: {}", operations.join(", "))
    }

    /// The whole report as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "difference": self.what,
            "evidence": self.evidence,
            "actions": self.actions(),
            "fake": self.correction(),
        })
    }
}

/// The findings of a probe.
#[derive(Debug, Clone)]
pub struct Report {
    pub(super) responses: usize,
    pub(super) passed_over: BTreeMap<(String, u16), usize>,
    pub(super) differences: Vec<Difference>,
    pub(super) corrections: Vec<String>,
}

impl Report {
    /// The number of compared responses.
    #[must_use]
    pub fn responses(&self) -> usize {
        self.responses
    }

    /// The responses that were not compared, because they depend on the caller or on a gateway before the service: 401,
    /// 403, 429 and failures of a server. One line for each operation and status.
    pub fn not_compared(&self) -> impl Iterator<Item = String> + '_ {
        self.passed_over.iter().map(|((operation, status), count)| format!("{count} x {status}: {operation}"))
    }

    /// The differences from the document.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// The differences of the fake that the document allows, one line each.
    #[must_use]
    pub fn corrections(&self) -> &[String] {
        &self.corrections
    }

    /// An Overlay 1.2 in YAML, after which the document allows all received responses. The evidence, and the
    /// differences of the fake, are comments.
    #[must_use]
    pub fn overlay(&self, service: &str) -> String {
        let mut text = String::new();
        let mut comment = |line: &str| text.push_str(&comment_line("# ", line));
        comment(&format!("{} responses compared.", self.responses));
        self.not_compared().for_each(|line| comment(&format!("Not compared: {line}")));
        comment(&format!("From the document: {} differences.", self.differences.len()));
        if self.differences.iter().any(|difference| !difference.actions.is_empty()) {
            text.push_str(&action::head(&format!("Responses of {service} that its document does not allow")));
            text.push_str("actions:\n");
        }
        for difference in &self.differences {
            let mut comment = |line: &str| text.push_str(&comment_line("  # ", line));
            comment(&difference.what);
            difference.evidence.iter().for_each(|line| comment(&format!("  {line}")));
            comment(&format!("  {}", difference.correction()));
            if difference.actions.is_empty() {
                comment("  No action allows it.");
            }
            difference.actions.iter().for_each(|action| text.push_str(&action.to_yaml()));
        }
        let mut comment = |line: &str| text.push_str(&comment_line("# ", line));
        comment(&format!("From the fake, beside these: {} differences.", self.corrections.len()));
        self.corrections.iter().for_each(|line| comment(&format!("  {line}")));
        text
    }
}

/// A YAML comment, which no character of the text can end.
fn comment_line(begin: &str, text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("{begin}{text}\n")
}

/// The seen values: the shapes by their places, and the media types by operation and status.
pub(super) type Sight<'s> = (&'s BTreeMap<Place, Shape>, &'s BTreeMap<(String, u16), BTreeSet<String>>);

/// The differences between the service and the fake where the document allows both.
pub(super) fn corrections(live: Sight<'_>, fake: Sight<'_>, known: &BTreeSet<Place>) -> Vec<String> {
    let mut lines = Vec::new();
    for ((operation, status), medias) in live.1 {
        match fake.1.get(&(operation.clone(), *status)) {
            // Operations that were not sent to the fake are not compared.
            None if !fake.1.keys().any(|(known, _)| known == operation) => {}
            None => lines.push(format!("{operation}: the fake never responds with {status}")),
            Some(known) => {
                let new = medias.difference(known).map(String::as_str).collect::<Vec<_>>().join(", ");
                if !new.is_empty() {
                    lines.push(format!("{operation} with {status}: the fake never sends {new}"));
                }
            }
        }
    }
    let is_known = |place: &Place| known.contains(place);
    for (place, shape) in live.0.iter().filter(|(place, _)| !is_known(place)) {
        let there = fake.0.get(place);
        let parent = place.parent().and_then(|parent| fake.0.get(&parent));
        match (there, parent) {
            (Some(there), _) => {
                let new: Vec<&str> = shape.kinds().filter(|kind| there.count_of(kind) == 0).collect();
                if !new.is_empty() {
                    lines.push(format!(
                        "{}: the fake never sends {}: {shape}; the fake: {there}",
                        place.shown(),
                        new.join(", ")
                    ));
                }
            }
            (None, Some(parent)) if parent.count_of("object") > 0 || parent.has_items() => {
                let is_member = !place.pattern.ends_with("/*") || parent.has_items();
                if is_member {
                    lines.push(format!("{}: the fake never sends it: {shape}", place.shown()));
                }
            }
            _ => {}
        }
    }
    for (place, there) in fake.0.iter().filter(|(place, _)| !is_known(place) && !live.0.contains_key(place)) {
        let Some(parent) = place.parent() else { continue };
        let objects = |sight: &BTreeMap<Place, Shape>| sight.get(&parent).map_or(0, |shape| shape.count_of("object"));
        if objects(live.0) > 0 && there.count() == objects(fake.0) {
            lines.push(format!("{}: the fake always sends it, the service never: {there}", place.shown()));
        }
    }
    lines
}
