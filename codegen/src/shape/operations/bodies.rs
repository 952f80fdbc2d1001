//! Request bodies.

use crate::calls::{Encoding, Media};
use crate::note::Kind;

use super::media::{essence, is_json, json_header, media_type, stream_format, suffix, without_boundary};
use super::names;
use super::shaping::{Shaping, component_hint};
use crate::shape::context::View;
use crate::shape::model::{Body, BodyContent, Style, Type, Writing};

impl Shaping<'_, '_> {
    pub(super) fn body(&mut self) -> Option<Body> {
        let body = self.call.body.as_ref()?;
        let hint = component_hint(&body.at, "Body").unwrap_or_else(|| format!("{}Body", self.hint));
        // The media types with the most precise types come first.
        let rank = |media: &Media| match essence(&media.name).as_str() {
            "application/json" => 0,
            // Of the two patch formats, prefer the one that has the structure of the whole object.
            "application/merge-patch+json" => 1,
            "application/json-patch+json" => 3,
            other if is_json(other) => 2,
            _ if self.may_be_json(media) => 4,
            "application/x-www-form-urlencoded" => 5,
            "multipart/form-data" => 6,
            _ => 7,
        };
        let mut ranked: Vec<&Media> = body.content.iter().collect();
        ranked.sort_by_key(|media| (rank(media), &media.name));
        let mut contents: Vec<(String, BodyContent)> = Vec::new();
        for media in ranked {
            let mut suffix = suffix(&essence(&media.name));
            while contents.iter().any(|(other, _)| *other == suffix) {
                suffix.push_str("_again");
            }
            let name = if contents.is_empty() {
                self.hint.clone()
            } else {
                format!("{}{}", self.hint, names::pascal(&suffix))
            };
            let made = self.content(media, &hint, &name);
            // The same value in another JSON media type needs no method: the caller sets the header `Content-Type`.
            let first = contents.iter().find_map(|(_, other)| match (other, &made) {
                (BodyContent::Json(a, first), BodyContent::Json(b, _)) if a == b => Some(first),
                _ => None,
            });
            if let Some(first) = first {
                let reason =
                    format!("`{}` has the value of `{first}`: set the header `Content-Type` to send it", media.name);
                self.types.note(Kind::Rename, &media.at, &media.span, reason);
            } else {
                contents.push((suffix, made));
            }
        }
        let mut contents = contents.into_iter();
        let (_, content) = contents.next()?;
        Some(Body { required: body.required, content, others: contents.collect(), doc: body.description.clone() })
    }

    fn content(&mut self, media: &Media, hint: &str, name: &str) -> BodyContent {
        let typed = |shaping: &mut Self| {
            let at = media.at.join("schema");
            media.schema.map_or(Type::Any, |schema| shaping.types.type_of(schema, &at, hint, View::Write))
        };
        match essence(&media.name).as_str() {
            json if is_json(json) || self.may_be_json(media) => {
                BodyContent::Json(typed(self), json_header(&media.name))
            }
            "application/x-www-form-urlencoded" => {
                self.note_form(media);
                BodyContent::Form(typed(self), encoding(media))
            }
            other if other.starts_with("multipart/") && media_type(other) => {
                let in_order = if other == "multipart/form-data" { None } else { self.sequence(media, name) };
                let form = in_order.or_else(|| self.form(media, name));
                let described = media.items.or(media.schema);
                if form.is_none() && described.is_some_and(|schema| !self.types.model.get(schema).is_empty()) {
                    let reason =
                        format!("the parts of `{}` have no struct: add each of them to a `Multipart`", media.name);
                    self.types.note(Kind::Rename, &media.at, &media.span, reason);
                }
                BodyContent::Multipart(without_boundary(&media.name), form)
            }
            other if other.contains('*') || !media_type(other) => BodyContent::Raw(None),
            other => {
                let mut described = [media.items, media.schema].into_iter().flatten();
                let items = described.any(|schema| !self.types.is_text(schema));
                if items && stream_format(other).is_some() {
                    let reason = format!("the body of `{}` is passed as bytes; its items have no type", media.name);
                    self.types.note(Kind::Rename, &media.at, &media.span, reason);
                }
                BodyContent::Raw(Some(media.name.clone()))
            }
        }
    }

    /// Adds a note for each property of a form that is sent as JSON instead of its documented media type.
    fn note_form(&mut self, content: &Media) {
        let Some(schema) = content.schema.map(|schema| self.types.resolved(schema)) else { return };
        for (property, encoding) in &content.encoding {
            let media = encoding.media.as_ref().filter(|media| !encoding.is_styled() && !is_json(&essence(media)));
            let value = schema.property(property).filter(|value| !self.types.is_scalar(*value));
            if let (Some(media), Some(value)) = (media, value)
                && !self.types.resolved(value).items.is_some_and(|item| self.types.is_scalar(item))
            {
                let reason = format!("`{property}` is sent as JSON; for `{media}` set the whole form with `raw_body`");
                self.types.note(Kind::Rename, &encoding.at, &encoding.span, reason);
            }
        }
    }

    /// Whether the content of a wildcard media type can be JSON. Text and bytes cannot, because they are sent without
    /// quotes.
    pub(super) fn may_be_json(&self, media: &Media) -> bool {
        let any = matches!(essence(&media.name).as_str(), "*/*" | "application/*");
        any && media.schema.is_some_and(|schema| !self.types.is_text(schema))
    }
}

/// The properties of a form with a serialization other than the default, and that serialization.
pub(super) fn encoding(content: &Media) -> Vec<(String, Writing)> {
    // Without a style, the media type decides. For media types other than JSON, OpenAPI's defaults apply.
    let decides = |encoding: &Encoding| encoding.is_styled() || writing(encoding).json;
    let encodings = content.encoding.iter().filter(|(_, encoding)| decides(encoding));
    encodings.map(|(property, encoding)| (property.clone(), writing(encoding))).collect()
}

/// How one property is serialized.
pub(super) fn writing(encoding: &Encoding) -> Writing {
    let style = encoding.style.unwrap_or(Style::Form);
    let explode = encoding.explode.unwrap_or(style.explodes());
    let json = encoding.style.is_none() && encoding.media.as_ref().is_some_and(|media| is_json(&essence(media)));
    Writing { style, explode, reserved: encoding.reserved == Some(true), json }
}
