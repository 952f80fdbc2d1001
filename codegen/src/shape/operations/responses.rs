//! Responses: the content of each documented status.

use crate::document::{Map, Node, Pointer};
use crate::grammar::resolve_at;
use crate::note::Kind;
use crate::schema::{self, Model, SchemaId};

use super::media::{essence, header_text, is_json, json_header, stream_format, suffix};
use super::names;
use super::shaping::{Shaping, component_hint};
use crate::shape::context::View;
use crate::shape::model::{Case, Content, Payload, Reading, Streamed, Type};
use crate::shape::status::Status;

/// A documented response.
pub(super) struct Documented {
    pub(super) status: Status,
    pub(super) node: Node,
    pub(super) at: Pointer,
}

/// The content of successful responses, and the `Accept` header for it.
#[derive(Default)]
pub(super) struct Success {
    pub(super) payload: Payload,
    pub(super) accept: String,
    pub(super) readings: Vec<Reading>,
    pub(super) media: Vec<String>,
    pub(super) streams: Vec<Streamed>,
}

/// Adds the items that are not in the list yet.
fn add(list: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for text in more {
        if !list.contains(&text) {
            list.push(text);
        }
    }
}

impl Shaping<'_, '_> {
    /// The content of successful responses, and the `Accept` header for it.
    pub(super) fn success(&mut self) -> Success {
        let mut responses = self.responses(Status::is_success);
        if responses.is_empty() {
            responses = self.responses(|status| status == Status::Default);
        }
        let several = responses.len() > 1;
        let mut success = Success { payload: Payload::Stream, accept: String::new(), ..Success::default() };
        let (mut cases, mut items) = (Vec::new(), Vec::new());
        let (mut json_media, mut other_media) = (Vec::new(), Vec::new());
        for Documented { status, node, at } in &responses {
            let content = node.get("content").and_then(Node::as_object).filter(|content| !content.is_empty());
            // A response to HEAD has no body, whatever the document declares (RFC 9110, section 9.3.2).
            let Some(content) = content.filter(|_| !self.at.as_str().ends_with("/head")) else {
                cases.push(Case { status: *status, content: Content::Nothing });
                continue;
            };
            self.streams(content, at, &mut success.streams, &mut items);
            let streams = |media: &String| stream_format(&essence(media)).is_some();
            let others = content.keys().filter(|media| !streams(media) && !is_json(&essence(media)));
            let Some(media) = self.json_of(content, at) else {
                let known: Vec<&String> = others.collect();
                // If there is no other media type, use all that the document lists.
                let known = if known.is_empty() { content.keys().collect() } else { known };
                add(&mut other_media, known.into_iter().map(|media| header_text(media)));
                cases.push(Case { status: *status, content: Content::Bytes });
                continue;
            };
            add(&mut success.media, others.filter(|other| *other != media).map(|media| header_text(media)));
            let asked = json_header(media);
            add(&mut json_media, [asked.clone()]);
            let hint = if !several || *status == Status::Code(200) {
                format!("{}Response", self.hint)
            } else {
                format!("{}{}Response", self.hint, status.name())
            };
            let ty = self.json_type(at, media, &hint);
            for other in content.keys().filter(|other| *other != media && is_json(&essence(other))) {
                let suffix = suffix(&essence(other));
                let hint = format!("{}{}Response", self.hint, names::pascal(&suffix));
                let (media, other) = (header_text(other), self.json_type(at, other, &hint));
                let name = format!("as_{suffix}");
                if other == ty {
                    add(&mut success.media, [media]);
                } else if !success.readings.iter().any(|it| it.media == media || it.name == name) {
                    success.readings.push(Reading { name, media, ty: other });
                }
            }
            cases.push(Case { status: *status, content: Content::Json(ty) });
        }
        let accept = if cases.iter().any(|case| case.ty().is_some()) {
            success.payload = Payload::of(cases);
            json_media.extend(other_media);
            json_media
        } else if !other_media.is_empty() || cases.is_empty() {
            other_media
        } else {
            success.payload = Payload::Empty;
            Vec::new()
        };
        success.accept = if accept.is_empty() { "*/*".to_owned() } else { accept.join(", ") };
        success
    }

    /// The content of failures, by status.
    pub(super) fn errors(&mut self) -> Vec<Case> {
        let mut cases = Vec::new();
        // If the document has no successful response, the default response is the success.
        let successes = self.responses(Status::is_success).len();
        let wanted = |status: Status| match status {
            // A redirect is not followed. It is an error with a body.
            Status::Code(code) => code >= 300,
            Status::Range(hundreds) => hundreds >= 3,
            Status::Default => successes > 0,
        };
        for Documented { status, node, at } in self.responses(wanted) {
            let content = node.get("content").and_then(Node::as_object);
            let untyped = Case { status, content: Content::Nothing };
            let Some((content, media)) = content.and_then(|all| Some((all, self.json_of(all, &at)?))) else {
                cases.push(untyped);
                continue;
            };
            let schema = |media: &str| self.types.model.at(&at.join("content").join(media).join("schema"));
            let Some(typed) = schema(media) else {
                cases.push(untyped);
                continue;
            };
            let others = content.iter().filter(|(other, _)| *other != media && is_json(&essence(other)));
            let others = others.filter(|(other, _)| schema(other).is_some_and(|it| !same(self.types.model, it, typed)));
            for (other, node) in others.collect::<Vec<_>>() {
                let reason = format!("a failure's body of `{other}` has no type: `Error::body` has it as it came");
                self.types.note(Kind::Rename, &at.join("content").join(other), node, reason);
            }
            let status_name = if status == Status::Default { String::new() } else { status.name() };
            let hint = format!("{}{status_name}Error", self.hint);
            cases.push(Case { status, content: Content::Json(self.json_type(&at, media, &hint)) });
        }
        let mut cases = sorted(cases);
        // A case without a type is kept if a broader status would otherwise match its body.
        let typed: Vec<Status> = cases.iter().filter(|case| case.ty().is_some()).map(|case| case.status).collect();
        cases.retain(|case| case.ty().is_some() || typed.iter().any(|broader| covers(*broader, case.status)));
        cases
    }

    fn json_type(&mut self, at: &Pointer, media: &str, hint: &str) -> Type {
        let hint = component_hint(at, "Response").unwrap_or_else(|| names::pascal(hint));
        let at = at.join("content").join(media).join("schema");
        let schema = self.types.model.at(&at);
        schema.map_or(Type::Any, |schema| self.types.type_of(schema, &at, &hint, View::Read))
    }

    /// The media type that is read as JSON, the most common first.
    fn json_of<'c>(&self, content: &'c Map, at: &Pointer) -> Option<&'c String> {
        let at = at.join("content");
        let exact = content.keys().find(|media| essence(media) == "application/json");
        let other = || content.keys().find(|media| is_json(&essence(media)));
        let open = || content.keys().find(|media| self.may_be_json(&essence(media), &at.join(media)));
        exact.or_else(other).or_else(open)
    }

    pub(super) fn responses(&self, wanted: impl Fn(Status) -> bool) -> Vec<Documented> {
        let responses = self.node.get("responses").and_then(Node::as_object);
        responses
            .into_iter()
            .flatten()
            .filter_map(|(text, node)| {
                let status = Status::parse(text).filter(|status| wanted(*status))?;
                let (node, at) = resolve_at(self.document, node, self.at.join("responses").join(text));
                Some(Documented { status, node: node.clone(), at })
            })
            .collect()
    }
}

/// Whether a broader status includes another status.
fn covers(broader: Status, status: Status) -> bool {
    match (broader, status) {
        (Status::Default, Status::Code(_) | Status::Range(_)) => true,
        (Status::Range(hundreds), Status::Code(code)) => code / 100 == hundreds,
        _ => false,
    }
}

/// Whether two schemas are the same, or refer to the same schema.
pub(super) fn same(model: &Model, one: SchemaId, other: SchemaId) -> bool {
    let target = |id: SchemaId| model.get(id).reference.unwrap_or(id);
    one == other || target(one) == target(other) || schema::same((model, one), (model, other))
}

/// Sorts cases in the order in which they are matched: codes, ranges, the default. Keeps the first case of each status.
fn sorted(mut cases: Vec<Case>) -> Vec<Case> {
    cases.sort_by_key(|case| case.status);
    cases.dedup_by_key(|case| case.status);
    cases
}

impl Payload {
    /// The payload for all documented successes.
    fn of(cases: Vec<Case>) -> Self {
        let cases = sorted(cases);
        let mut distinct: Vec<&Type> = Vec::new();
        for ty in cases.iter().filter_map(Case::ty) {
            if !distinct.contains(&ty) {
                distinct.push(ty);
            }
        }
        let has = |content: Content| cases.iter().any(|case| case.content == content);
        match distinct.as_slice() {
            [] => Self::Empty,
            // If one success has a JSON body and another is empty, the empty one is read as `None`.
            [ty] if !has(Content::Bytes) => {
                Self::Json(if has(Content::Nothing) { (*ty).clone().nullable() } else { (*ty).clone() })
            }
            _ => Self::ByStatus(cases),
        }
    }
}
