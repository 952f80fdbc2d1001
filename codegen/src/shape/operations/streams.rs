//! Responses that are a sequence of items.

use crate::document::{Map, Node, Pointer};
use crate::grammar::resolve_at;
use crate::note::Kind;
use crate::schema::{JsonType, SchemaId};

use super::media::{essence, header_text, http_token, is_json, stream_format};
use super::names;
use super::responses::same;
use super::shaping::Shaping;
use crate::shape::context::View;
use crate::shape::model::{StreamFormat, Streamed, Type};

/// The maximum depth to which a union of events is followed.
const DEEPEST: usize = 8;

impl Shaping<'_, '_> {
    /// Adds the streams of a response, one for each format. `items` has the schema of the items of each stream. The
    /// first stream is `stream()`; the name of another one has its format.
    pub(super) fn streams(
        &mut self,
        content: &Map,
        at: &Pointer,
        known: &mut Vec<Streamed>,
        items: &mut Vec<Option<SchemaId>>,
    ) {
        for (media, node) in content {
            let Some(format) = stream_format(&essence(media)) else { continue };
            let at = at.join("content").join(media);
            let described = self.item(&at);
            let schema = described.as_ref().map(|(_, _, schema)| *schema);
            let of_format = known.iter_mut().zip(items.iter_mut()).find(|(it, _)| kind(it.format) == kind(format));
            let Some((stream, item)) = of_format else {
                let name = match (known.is_empty(), kind(format)) {
                    (true, _) => "stream",
                    (false, StreamFormat::Lines) => "stream_lines",
                    (false, StreamFormat::Sequence) => "stream_sequence",
                    (false, _) => "stream_events",
                };
                let hint = names::pascal(&format!("{}{}Item", self.hint, name.trim_start_matches("stream")));
                let stream = self.streamed(name, header_text(media), format, described, &hint);
                known.push(stream);
                items.push(schema);
                continue;
            };
            let is_same = match (*item, schema) {
                (Some(one), Some(other)) => same(self.types.model, one, other),
                _ => true,
            };
            if !is_same {
                let reason = format!(
                    "the items of `{media}` have no type: `{}` reads those of `{}`, and `accept` requests bytes",
                    stream.name, stream.accept
                );
                self.types.note(Kind::Rename, &at, node, reason);
                continue;
            }
            if !stream.accept.split(", ").any(|known| known == header_text(media)) {
                stream.accept.push_str(&format!(", {}", header_text(media)));
            }
            // The first description of the items is the one that is read.
            if let (None, Some(described)) = (*item, described) {
                let (name, accept) = (stream.name.clone(), stream.accept.clone());
                let hint = format!("{}Item", self.hint);
                let described = self.streamed(&name, accept, format, Some(described), &hint);
                (*stream, *item) = (described, schema);
            }
        }
    }

    /// The description of an item: whether it is `itemSchema`, its place, and its schema.
    fn item(&self, at: &Pointer) -> Option<(bool, Pointer, SchemaId)> {
        let schema = |key: &str| self.types.model.at(&at.join(key));
        let whole = || schema("schema").filter(|schema| !self.types.is_text(*schema));
        schema("itemSchema")
            .map(|item| (true, at.join("itemSchema"), item))
            .or_else(|| whole().map(|it| (false, at.join("schema"), it)))
    }

    fn streamed(
        &mut self,
        name: &str,
        accept: String,
        kind: StreamFormat,
        described: Option<(bool, Pointer, SchemaId)>,
        hint: &str,
    ) -> Streamed {
        let mut format = kind;
        let item = described.map(|(is_item, at, schema)| {
            if kind.is_events() {
                format = match self.envelope(schema, is_item, DEEPEST) {
                    Some(true) => StreamFormat::TextEvents,
                    Some(false) => StreamFormat::Events,
                    None => StreamFormat::EventData,
                };
            }
            let ty = self.types.type_of(schema, &at, hint, View::Read);
            // A schema that describes the whole response has the items in a list.
            match self.types.alias(&ty) {
                Type::Array(item) if !is_item => *item,
                _ => ty,
            }
        });
        let item = item.or_else(|| (!kind.is_events()).then_some(Type::Any));
        Streamed { name: name.to_owned(), accept, format, item, property: None, end: None }
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
    pub(super) fn hinted(&mut self, mut streams: Vec<Streamed>) -> Vec<Streamed> {
        let Some(hint) = self.node.get("x-stream").cloned() else { return streams };
        let at = self.at.join("x-stream");
        if streams.is_empty() {
            self.types.note(Kind::Skip, &at, &hint, "`x-stream` does not fit: no success is a stream of items");
            return streams;
        }
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
        // A stream of events has the data that ends it. JSON lines need none.
        let has_events = streams.iter().any(|stream| stream.format.is_events());
        for stream in streams.iter_mut().filter(|stream| stream.format.is_events() || !has_events) {
            stream.end = hint.str("end").map(str::to_owned);
        }
        if let Some(property) = hint.str("property") {
            if self.has_flag(property) {
                streams.iter_mut().for_each(|stream| stream.property = Some(property.to_owned()));
            } else {
                let reason =
                    format!("`x-stream` does not fit: no JSON body of the operation has a property `{property}`");
                self.types.note(Kind::Skip, &at, &hint, reason);
            }
        }
        streams
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

/// The media type of a format: events, lines or records.
fn kind(format: StreamFormat) -> StreamFormat {
    if format.is_events() { StreamFormat::EventData } else { format }
}
