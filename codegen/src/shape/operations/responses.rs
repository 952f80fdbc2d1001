//! Responses: the content of each documented status.

use crate::calls::{Media, Response, Status};
use crate::note::Kind;
use crate::schema::{self, Model, SchemaId};

use super::media::{essence, header_text, is_json, json_header, stream_format, suffix};
use super::names;
use super::shaping::{Shaping, component_hint};
use crate::shape::context::View;
use crate::shape::model::{Case, Content, Payload, Reading, Streamed, Type};

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

impl<'a> Shaping<'a, '_> {
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
        for (status, response) in responses {
            let content = &response.content;
            // A response to HEAD has no body, whatever the document declares (RFC 9110, section 9.3.2).
            if content.is_empty() || self.call.method == "head" {
                cases.push(Case { status, content: Content::Nothing, sensitive: false });
                continue;
            }
            self.streams(content, &mut success.streams, &mut items);
            let streams = |media: &Media| stream_format(&essence(&media.name)).is_some();
            let others = content.iter().filter(|media| !streams(media) && !is_json(&essence(&media.name)));
            let Some(media) = self.json_of(content) else {
                let known: Vec<&Media> = others.collect();
                // If there is no other media type, use all that the document lists.
                let known = if known.is_empty() { content.iter().collect() } else { known };
                add(&mut other_media, known.into_iter().map(|media| header_text(&media.name)));
                cases.push(Case { status, content: Content::Bytes, sensitive: false });
                continue;
            };
            let others = others.filter(|other| other.name != media.name);
            add(&mut success.media, others.map(|media| header_text(&media.name)));
            let asked = json_header(&media.name);
            add(&mut json_media, [asked.clone()]);
            let hint = if !several || status == Status::Code(200) {
                format!("{}Response", self.hint)
            } else {
                format!("{}{}Response", self.hint, status.name())
            };
            let ty = self.json_type(response, media, &hint);
            for other in content.iter().filter(|other| other.name != media.name && is_json(&essence(&other.name))) {
                let suffix = suffix(&essence(&other.name));
                let hint = format!("{}{}Response", self.hint, names::pascal(&suffix));
                let (media, other) = (header_text(&other.name), self.json_type(response, other, &hint));
                let name = format!("as_{suffix}");
                if other == ty {
                    add(&mut success.media, [media]);
                } else if !success.readings.iter().any(|it| it.media == media || it.name == name) {
                    success.readings.push(Reading { name, media, ty: other });
                }
            }
            let sensitive = self.types.holds_secret(media.schema, &ty);
            cases.push(Case { status, content: Content::Json(ty), sensitive });
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
        for (status, response) in self.responses(wanted) {
            let typed = self.json_of(&response.content).and_then(|media| Some((media, media.schema?)));
            let Some((media, typed)) = typed else {
                cases.push(Case { status, content: Content::Nothing, sensitive: false });
                continue;
            };
            let others = response.content.iter().filter(|other| other.name != media.name);
            for other in others.filter(|other| is_json(&essence(&other.name))) {
                if other.schema.is_some_and(|schema| !same(self.types.model, schema, typed)) {
                    let name = &other.name;
                    let reason = format!("a failure's body of `{name}` has no type: `Error::body` has it as it came");
                    self.types.note(Kind::Rename, &other.at, &other.span, reason);
                }
            }
            let status_name = if status == Status::Default { String::new() } else { status.name() };
            let hint = format!("{}{status_name}Error", self.hint);
            let ty = self.json_type(response, media, &hint);
            let sensitive = self.types.holds_secret(media.schema, &ty);
            cases.push(Case { status, content: Content::Json(ty), sensitive });
        }
        let mut cases = sorted(cases);
        // A case without a type is kept if a broader status would otherwise match its body.
        let typed: Vec<Status> = cases.iter().filter(|case| case.ty().is_some()).map(|case| case.status).collect();
        cases.retain(|case| case.ty().is_some() || typed.iter().any(|broader| covers(*broader, case.status)));
        cases
    }

    fn json_type(&mut self, response: &Response, media: &Media, hint: &str) -> Type {
        let hint = component_hint(&response.at, "Response").unwrap_or_else(|| names::pascal(hint));
        let at = media.at.join("schema");
        media.schema.map_or(Type::Any, |schema| self.types.type_of(schema, &at, &hint, View::Read))
    }

    /// The media type that is read as JSON, the most common first.
    fn json_of<'c>(&self, content: &'c [Media]) -> Option<&'c Media> {
        let exact = content.iter().find(|media| essence(&media.name) == "application/json");
        let other = || content.iter().find(|media| is_json(&essence(&media.name)));
        exact.or_else(other).or_else(|| content.iter().find(|media| self.may_be_json(media)))
    }

    fn responses(&self, wanted: impl Fn(Status) -> bool) -> Vec<(Status, &'a Response)> {
        let call = self.call;
        let wanted = call.responses.iter().filter(|(status, _)| wanted(**status));
        wanted.map(|(status, response)| (*status, &**response)).collect()
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
