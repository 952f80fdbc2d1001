//! Responses that are a sequence of items.

use std::collections::HashMap;

use crate::calls::{Hints, Media};
use crate::document::Pointer;
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

/// The results of [`Shaping::envelope`] by schema and remaining depth.
type Envelopes = HashMap<(SchemaId, usize), Option<bool>>;

impl Shaping<'_, '_> {
    /// Adds the streams of a response, one for each format. `items` has the schema of the items of each stream. The
    /// first stream is `stream()`; the name of another one has its format.
    pub(super) fn streams(&mut self, content: &[Media], known: &mut Vec<Streamed>, items: &mut Vec<Option<SchemaId>>) {
        for media in content {
            let Some(format) = stream_format(&essence(&media.name)) else { continue };
            let described = self.item(media);
            let schema = described.as_ref().map(|(_, _, schema)| *schema);
            let of_format = known.iter_mut().zip(items.iter_mut()).find(|(it, _)| kind(it.format) == kind(format));
            let Some((stream, item)) = of_format else {
                let name = match (known.is_empty(), kind(format)) {
                    (true, _) => "stream",
                    (false, StreamFormat::Lines) => "stream_lines",
                    (false, StreamFormat::Sequence) => "stream_sequence",
                    (false, _) => "stream_events",
                };
                let hint = self.item_name(name);
                let stream = self.streamed(name, header_text(&media.name), format, described, &hint);
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
                    "the items of `{}` have no type: `{}` reads those of `{}`, and `accept` requests bytes",
                    media.name, stream.name, stream.accept
                );
                self.types.note(Kind::Rename, &media.at, &media.span, reason);
                continue;
            }
            if !stream.accept.split(", ").any(|known| known == header_text(&media.name)) {
                stream.accept.push_str(&format!(", {}", header_text(&media.name)));
            }
            // The first description of the items is the one that is read.
            if let (None, Some(described)) = (*item, described) {
                let (name, accept) = (stream.name.clone(), stream.accept.clone());
                let hint = self.item_name(&name);
                let described = self.streamed(&name, accept, format, Some(described), &hint);
                (*stream, *item) = (described, schema);
            }
        }
    }

    /// The name of the type of a stream's items.
    fn item_name(&self, stream: &str) -> String {
        names::pascal(&format!("{}{}Item", self.hint, stream.trim_start_matches("stream")))
    }

    /// The description of an item: whether it is `itemSchema`, its place, and its schema.
    fn item(&self, media: &Media) -> Option<(bool, Pointer, SchemaId)> {
        let whole = media.schema.filter(|schema| !self.types.is_text(*schema));
        let item = media.items.map(|item| (true, media.at.join("itemSchema"), item));
        item.or_else(|| whole.map(|schema| (false, media.at.join("schema"), schema)))
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
                format = match self.envelope(schema, is_item, DEEPEST, &mut HashMap::new()) {
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
    /// describes only the data of events. `known` has the results for unions, because many unions may share a branch.
    fn envelope(&self, id: SchemaId, is_item: bool, deepest: usize, known: &mut Envelopes) -> Option<bool> {
        let id = self.types.model.resolved(id);
        let schema = self.types.model.get(id);
        if let Some((_, branches)) = schema.union() {
            if let Some(known) = known.get(&(id, deepest)) {
                return *known;
            }
            let below = deepest.checked_sub(1)?;
            let branches = branches.iter().map(|branch| self.envelope(*branch, is_item, below, known));
            let texts = branches.collect::<Option<Vec<bool>>>();
            let texts = texts.filter(|texts| !texts.is_empty()).map(|texts| texts.into_iter().all(|text| text));
            known.insert((id, deepest), texts);
            return texts;
        }
        let data = schema.property("data")?;
        let of_event = |name: &String| matches!(name.as_str(), "data" | "event" | "id" | "retry");
        let only_of_event = schema.properties.iter().flat_map(|all| all.keys()).all(of_event);
        let is_event = schema.property("event").is_some() || (is_item && only_of_event);
        is_event.then(|| self.types.resolved(data).ty == Some(JsonType::String))
    }

    /// Reads the hint `x-stream`.
    pub(super) fn hinted(&mut self, mut streams: Vec<Streamed>) -> Vec<Streamed> {
        let Some(hint) = &self.call.hints.stream else { return streams };
        let at = self.call.at.join("x-stream");
        if streams.is_empty() {
            let reason = "`x-stream` does not fit: no success is a stream of items";
            self.types.note(Kind::Skip, &at, &hint.span, reason);
            return streams;
        }
        let Some(read) = &hint.value else {
            let reason = "`x-stream` has no effect: it is an object with `end` and `property`";
            self.types.note(Kind::Skip, &at, &hint.span, reason);
            return streams;
        };
        for (key, span) in &read.others {
            let reason = match key.as_str() {
                "end" | "property" => format!("`{key}` of `x-stream` is not a text, and has no effect"),
                _ => format!("`x-stream` has no `{key}`: it has `end` and `property`"),
            };
            self.types.note(Kind::Skip, &at.join(key), span, reason);
        }
        // A stream of events has the data that ends it. JSON lines need none.
        let has_events = streams.iter().any(|stream| stream.format.is_events());
        for stream in streams.iter_mut().filter(|stream| stream.format.is_events() || !has_events) {
            stream.end.clone_from(&read.end);
        }
        if let Some(property) = &read.property {
            if self.has_flag(property) {
                streams.iter_mut().for_each(|stream| stream.property = Some(property.clone()));
            } else {
                let reason =
                    format!("`x-stream` does not fit: no JSON body of the operation has a property `{property}`");
                self.types.note(Kind::Skip, &at, &hint.span, reason);
            }
        }
        streams
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

/// The media type of a format: events, lines or records.
fn kind(format: StreamFormat) -> StreamFormat {
    if format.is_events() { StreamFormat::EventData } else { format }
}
