//! Responses that are a sequence of items.

use crate::calls::{Hints, Media};
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
    pub(super) fn stream(&mut self, content: &[Media]) -> Option<Streamed> {
        let format_of = |media: &str| stream_format(&essence(media));
        let (media, kind) = content.iter().find_map(|media| Some((media, format_of(&media.name)?)))?;
        let alike = content.iter().filter(|other| format_of(&other.name) == Some(kind));
        let accept: Vec<String> = alike.map(|media| header_text(&media.name)).collect();
        let (is_item, at, described) = match media.items {
            Some(item) => (true, media.at.join("itemSchema"), Some(item)),
            None => (false, media.at.join("schema"), media.schema.filter(|schema| !self.types.is_text(*schema))),
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
        let others = content.iter().filter(|other| format_of(&other.name).is_some_and(|it| it != kind));
        for other in others.filter(|other| other.items.or(other.schema).is_some()) {
            let (name, media) = (&other.name, &media.name);
            let reason =
                format!("the items of `{name}` have no type: `stream` reads `{media}`, and `accept` asks for bytes");
            self.types.note(Kind::Rename, &other.at, &other.span, reason);
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
        let Some(hint) = &self.call.hints.stream else { return stream };
        let at = self.call.at.join("x-stream");
        let Some(mut stream) = stream else {
            let reason = "`x-stream` does not fit: no success is a stream of items";
            self.types.note(Kind::Skip, &at, &hint.span, reason);
            return None;
        };
        let Some(read) = &hint.value else {
            let reason = "`x-stream` has no effect: it is an object with `end` and `property`";
            self.types.note(Kind::Skip, &at, &hint.span, reason);
            return Some(stream);
        };
        for (key, span) in &read.others {
            let reason = match key.as_str() {
                "end" | "property" => format!("`{key}` of `x-stream` is not a text, and has no effect"),
                _ => format!("`x-stream` has no `{key}`: it has `end` and `property`"),
            };
            self.types.note(Kind::Skip, &at.join(key), span, reason);
        }
        stream.end.clone_from(&read.end);
        if let Some(property) = &read.property {
            if self.has_flag(property) {
                stream.property = Some(property.clone());
            } else {
                let reason =
                    format!("`x-stream` does not fit: no JSON body of the operation has a property `{property}`");
                self.types.note(Kind::Skip, &at, &hint.span, reason);
            }
        }
        Some(stream)
    }

    /// Adds a note for each hint on retries that has no effect.
    pub(super) fn note_hints(&mut self) {
        let Hints { idempotent, key, .. } = &self.call.hints;
        let idempotent = idempotent.as_ref().filter(|hint| hint.value.is_none()).map(|hint| &hint.span);
        let key = key.as_ref().filter(|hint| !hint.value.as_ref().is_some_and(|name| http_token(name)));
        let hints = [
            ("x-idempotent", idempotent, "`true` or `false`"),
            ("x-idempotency-key", key.map(|hint| &hint.span), "the name of a header"),
        ];
        for (key, hint, expected) in hints {
            if let Some(span) = hint {
                let reason = format!("`{key}` has no effect: it is not {expected}");
                self.types.note(Kind::Skip, &self.call.at.join(key), span, reason);
            }
        }
    }

    fn has_flag(&self, property: &str) -> bool {
        let content = self.call.body.iter().flat_map(|body| &body.content);
        let schemas = content.filter(|media| is_json(&essence(&media.name))).filter_map(|media| media.schema);
        schemas.into_iter().any(|schema| self.types.resolved(schema).property(property).is_some())
    }
}
