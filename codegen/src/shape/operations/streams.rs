//! Responses that are a sequence of items.

use crate::document::{Node, Pointer};
use crate::grammar::resolve_at;
use crate::note::Kind;
use crate::schema::{JsonType, SchemaId};

use super::media::{essence, header_text, http_token, is_json, stream_format};
use super::names;
use super::shaping::Shaping;
use crate::shape::context::View;
use crate::shape::model::{StreamFormat, Streamed, Type};

/// The maximum depth to which a union of events is followed.
const DEEPEST: usize = 8;

impl Shaping<'_, '_> {
    /// The stream of a response with a streaming media type.
    pub(super) fn stream(&mut self, content: &crate::document::Map, at: &Pointer) -> Option<Streamed> {
        let format_of = |media: &str| stream_format(&essence(media));
        let media = content.keys().find(|media| format_of(media).is_some())?;
        let kind = format_of(media)?;
        let accept: Vec<String> =
            content.keys().filter(|other| format_of(other) == Some(kind)).map(|media| header_text(media)).collect();
        let at_content = at;
        let place = |key: &str| at.join("content").join(media).join(key);
        let model = self.types.model;
        let (is_item, at, described) = match model.at(&place("itemSchema")) {
            Some(item) => (true, place("itemSchema"), Some(item)),
            None => (false, place("schema"), model.at(&place("schema")).filter(|schema| !self.types.is_text(*schema))),
        };
        let events = kind == StreamFormat::EventData;
        let mut format = kind;
        if let Some(schema) = described.filter(|_| events) {
            format = match self.envelope(schema, is_item, DEEPEST) {
                Some(true) => StreamFormat::TextEvents,
                Some(false) => StreamFormat::Events,
                None => StreamFormat::EventData,
            };
        }
        let item = described.map(|schema| {
            let hint = names::pascal(&format!("{}Item", self.hint));
            let ty = self.types.type_of(schema, &at, &hint, View::Read);
            // A schema that describes the whole response has the items in a list.
            match self.types.alias(&ty) {
                Type::Array(item) if !is_item => *item,
                _ => ty,
            }
        });
        let item = item.or_else(|| (!events).then_some(Type::Any));
        for (other, node) in content.iter().filter(|(other, _)| format_of(other).is_some_and(|it| it != kind)) {
            let at = at_content.join("content").join(other);
            if ["itemSchema", "schema"].iter().all(|key| model.at(&at.join(key)).is_none()) {
                continue;
            }
            let reason =
                format!("the items of `{other}` have no type: `stream` reads `{media}`, and `accept` asks for bytes");
            self.types.note(Kind::Rename, &at, node, reason);
        }
        Some(Streamed { accept: accept.join(", "), format, item, property: None, end: None })
    }

    /// Whether the data of events is text, if a schema describes whole events with their names. `None` if the schema
    /// describes only the data of events.
    fn envelope(&self, schema: SchemaId, is_item: bool, deepest: usize) -> Option<bool> {
        let schema = self.types.resolved(schema);
        if let Some((_, branches)) = schema.union() {
            let below = deepest.checked_sub(1)?;
            let branches = branches.iter().map(|branch| self.envelope(*branch, is_item, below));
            let texts = branches.collect::<Option<Vec<bool>>>()?;
            return (!texts.is_empty()).then(|| texts.into_iter().all(|text| text));
        }
        let data = schema.property("data")?;
        let of_event = |name: &String| matches!(name.as_str(), "data" | "event" | "id" | "retry");
        let only_of_event = schema.properties.iter().flat_map(|all| all.keys()).all(of_event);
        let is_event = schema.property("event").is_some() || (is_item && only_of_event);
        is_event.then(|| self.types.resolved(data).ty == Some(JsonType::String))
    }

    /// Reads the hint `x-stream`.
    pub(super) fn hinted(&mut self, stream: Option<Streamed>) -> Option<Streamed> {
        let Some(hint) = self.node.get("x-stream").cloned() else { return stream };
        let at = self.at.join("x-stream");
        let Some(mut stream) = stream else {
            self.types.note(Kind::Skip, &at, &hint, "`x-stream` does not fit: no success is a stream of items");
            return None;
        };
        for (key, node) in hint.as_object().into_iter().flatten() {
            let reason = match key.as_str() {
                "end" | "property" if node.as_str().is_some() => continue,
                "end" | "property" => format!("`{key}` of `x-stream` is not a text, and has no effect"),
                _ => format!("`x-stream` has no `{key}`: it has `end` and `property`"),
            };
            self.types.note(Kind::Skip, &at.join(key), node, reason);
        }
        if hint.as_object().is_none() {
            let reason = "`x-stream` has no effect: it is an object with `end` and `property`";
            self.types.note(Kind::Skip, &at, &hint, reason);
        }
        stream.end = hint.str("end").map(str::to_owned);
        if let Some(property) = hint.str("property") {
            if self.has_flag(property) {
                stream.property = Some(property.to_owned());
            } else {
                let reason =
                    format!("`x-stream` does not fit: no JSON body of the operation has a property `{property}`");
                self.types.note(Kind::Skip, &at, &hint, reason);
            }
        }
        Some(stream)
    }

    /// Adds a note for each hint on retries that has no effect.
    pub(super) fn note_hints(&mut self) {
        let hints = [
            (
                "x-idempotent",
                self.node.get("x-idempotent").filter(|hint| hint.as_bool().is_none()),
                "`true` or `false`",
            ),
            (
                "x-idempotency-key",
                self.node.get("x-idempotency-key").filter(|hint| !hint.as_str().is_some_and(http_token)),
                "the name of a header",
            ),
        ];
        for (key, hint, expected) in hints {
            if let Some(hint) = hint {
                let reason = format!("`{key}` has no effect: it is not {expected}");
                self.types.note(Kind::Skip, &self.at.join(key), hint, reason);
            }
        }
    }

    fn has_flag(&self, property: &str) -> bool {
        let Some(written) = self.node.get("requestBody") else { return false };
        let (body, at) = resolve_at(self.document, written, self.at.join("requestBody"));
        let content = body.get("content").and_then(Node::as_object);
        content.into_iter().flatten().filter(|(media, _)| is_json(&essence(media))).any(|(media, _)| {
            let schema = self.types.model.at(&at.join("content").join(media).join("schema"));
            schema.is_some_and(|schema| self.types.resolved(schema).property(property).is_some())
        })
    }
}
