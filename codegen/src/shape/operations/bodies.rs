//! Request bodies.

use crate::document::{Node, Pointer};
use crate::grammar::resolve_at;
use crate::note::Kind;

use super::media::{essence, is_json, json_header, media_type, stream_format, suffix, without_boundary};
use super::names;
use super::shaping::{Shaping, component_hint};
use crate::shape::context::View;
use crate::shape::model::{Body, BodyContent, Style, Type, Writing};

impl Shaping<'_, '_> {
    pub(super) fn body(&mut self) -> Option<Body> {
        let written = self.node.get("requestBody")?;
        let (body, at) = resolve_at(self.document, written, self.at.join("requestBody"));
        let hint = component_hint(&at, "Body").unwrap_or_else(|| format!("{}Body", self.hint));
        let at = at.join("content");
        let content = body.get("content").and_then(Node::as_object).filter(|content| !content.is_empty())?;
        let doc = body.str("description").unwrap_or_default().trim().to_owned();
        let required = body.is_true("required");
        // The media types with the most precise types come first.
        let rank = |media: &str| match essence(media).as_str() {
            "application/json" => 0,
            // Of the two patch formats, prefer the one that has the structure of the whole object.
            "application/merge-patch+json" => 1,
            "application/json-patch+json" => 3,
            other if is_json(other) => 2,
            other if self.may_be_json(other, &at.join(media)) => 4,
            "application/x-www-form-urlencoded" => 5,
            "multipart/form-data" => 6,
            _ => 7,
        };
        let mut ranked: Vec<(&String, &Node)> = content.iter().collect();
        ranked.sort_by_key(|(media, _)| (rank(media), *media));
        let mut contents: Vec<(String, BodyContent)> = Vec::new();
        for (media, node) in ranked {
            let mut suffix = suffix(&essence(media));
            while contents.iter().any(|(other, _)| *other == suffix) {
                suffix.push_str("_again");
            }
            let name = if contents.is_empty() {
                self.hint.clone()
            } else {
                format!("{}{}", self.hint, names::pascal(&suffix))
            };
            let made = self.content(media, node, &at, &hint, &name);
            // The same value in another JSON media type needs no method: the caller sets the header `Content-Type`.
            let same = |other: &BodyContent| matches!((other, &made), (BodyContent::Json(a, _), BodyContent::Json(b, _)) if a == b);
            if !contents.iter().any(|(_, other)| same(other)) {
                contents.push((suffix, made));
            }
        }
        let mut contents = contents.into_iter();
        let (_, content) = contents.next()?;
        Some(Body { required, content, others: contents.collect(), doc })
    }

    fn content(&mut self, media: &str, node: &Node, at: &Pointer, hint: &str, name: &str) -> BodyContent {
        let typed = |shaping: &mut Self| {
            let at = at.join(media).join("schema");
            let schema = shaping.types.model.at(&at);
            schema.map_or(Type::Any, |schema| shaping.types.type_of(schema, &at, hint, View::Write))
        };
        match essence(media).as_str() {
            json if is_json(json) || self.may_be_json(json, &at.join(media)) => {
                BodyContent::Json(typed(self), json_header(media))
            }
            "application/x-www-form-urlencoded" => {
                self.note_form(node, &at.join(media));
                BodyContent::Form(typed(self), encoding(node))
            }
            other if other.starts_with("multipart/") && media_type(other) => {
                let in_order =
                    if other == "multipart/form-data" { None } else { self.sequence(node, &at.join(media), name) };
                let form = in_order.or_else(|| self.form(node, &at.join(media), name));
                let place = at.join(media);
                let described =
                    ["itemSchema", "schema"].into_iter().find_map(|key| self.types.model.at(&place.join(key)));
                if form.is_none() && described.is_some_and(|schema| !self.types.model.get(schema).is_empty()) {
                    let reason = format!("the parts of `{media}` have no struct: add each of them to a `Multipart`");
                    self.types.note(Kind::Rename, &place, node, reason);
                }
                BodyContent::Multipart(without_boundary(media), form)
            }
            other if other.contains('*') || !media_type(other) => BodyContent::Raw(None),
            other => {
                let place = at.join(media);
                let described = ["itemSchema", "schema"].map(|key| self.types.model.at(&place.join(key)));
                let items = described.into_iter().flatten().any(|schema| !self.types.is_text(schema));
                if items && stream_format(other).is_some() {
                    let reason = format!("the body of `{media}` is passed as bytes; its items have no type");
                    self.types.note(Kind::Rename, &place, node, reason);
                }
                BodyContent::Raw(Some(media.to_owned()))
            }
        }
    }

    /// Adds a note for each property of a form that is sent as JSON instead of its documented media type.
    fn note_form(&mut self, content: &Node, at: &Pointer) {
        let Some(schema) = self.types.model.at(&at.join("schema")).map(|schema| self.types.resolved(schema)) else {
            return;
        };
        for (property, encoding) in content.get("encoding").and_then(Node::as_object).into_iter().flatten() {
            let media = encoding.str("contentType").filter(|media| !is_styled(encoding) && !is_json(&essence(media)));
            let value = schema.property(property).filter(|value| !self.types.is_scalar(*value));
            if let (Some(media), Some(value)) = (media, value)
                && !self.types.resolved(value).items.is_some_and(|item| self.types.is_scalar(item))
            {
                let reason = format!("`{property}` is sent as JSON; for `{media}` set the whole form with `raw_body`");
                self.types.note(Kind::Rename, &at.join("encoding").join(property), encoding, reason);
            }
        }
    }

    /// Whether the content of a wildcard media type can be JSON. Text and bytes cannot, because they are sent without
    /// quotes.
    pub(super) fn may_be_json(&self, essence: &str, at: &Pointer) -> bool {
        let any = matches!(essence, "*/*" | "application/*");
        any && self.types.model.at(&at.join("schema")).is_some_and(|schema| !self.types.is_text(schema))
    }
}

/// The properties of a form with a serialization other than the default, and that serialization.
pub(super) fn encoding(content: &Node) -> Vec<(String, Writing)> {
    let encodings = content.get("encoding").and_then(Node::as_object).into_iter().flatten();
    // Without a style, the media type decides. For media types other than JSON, OpenAPI's defaults apply.
    let decides = |encoding: &Node| is_styled(encoding) || writing(encoding).json;
    let encodings = encodings.filter(|(_, encoding)| decides(encoding));
    encodings.map(|(property, encoding)| (property.clone(), writing(encoding))).collect()
}

/// Whether a property is serialized like a parameter, and not by its media type.
pub(super) fn is_styled(encoding: &Node) -> bool {
    ["style", "explode", "allowReserved"].iter().any(|key| encoding.get(key).is_some())
}

/// How one property is serialized.
pub(super) fn writing(encoding: &Node) -> Writing {
    let style = match encoding.str("style") {
        Some("spaceDelimited") => Style::SpaceDelimited,
        Some("pipeDelimited") => Style::PipeDelimited,
        Some("deepObject") => Style::DeepObject,
        _ => Style::Form,
    };
    let explode = encoding.get("explode").and_then(Node::as_bool).unwrap_or(style.explodes());
    let json =
        encoding.str("style").is_none() && encoding.str("contentType").is_some_and(|media| is_json(&essence(media)));
    Writing { style, explode, reserved: encoding.is_true("allowReserved"), json }
}
