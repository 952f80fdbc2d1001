//! Request bodies.

use crate::document::Node;
use crate::grammar::resolve_at;
use crate::note::Kind;

use super::media::{essence, is_json, json_header, media_type};
use super::{Shaping, component_hint};
use crate::shape::model::{Body, BodyContent, Style, Type, Writing};
use crate::shape::types::View;

impl Shaping<'_, '_> {
    pub(super) fn body(&mut self) -> Option<Body> {
        let written = self.node.get("requestBody")?;
        let (body, at) = resolve_at(self.document, written, self.at.join("requestBody"));
        let hint = component_hint(&at, "Body").unwrap_or_else(|| format!("{}Body", self.hint));
        let at = at.join("content");
        let content = body.get("content").and_then(Node::as_object).filter(|content| !content.is_empty())?;
        let doc = body.str("description").unwrap_or_default().trim().to_owned();
        let required = body.is_true("required");
        // The first that is typed best.
        let rank = |media: &str, node: &Node| match essence(media).as_str() {
            "application/json" => 0,
            // Of two ways to change a part, the one that is written like the whole.
            "application/merge-patch+json" => 1,
            "application/json-patch+json" => 3,
            other if is_json(other) => 2,
            other if self.may_be_json(other, node) => 4,
            "application/x-www-form-urlencoded" => 5,
            "multipart/form-data" => 6,
            _ => 7,
        };
        let (media, chosen) = content.iter().min_by_key(|(media, node)| rank(media, node))?;
        for (other, node) in content.iter().filter(|(other, _)| essence(other) != essence(media)) {
            let reason = format!("the body is sent as `{media}`; as `{other}` it is not reachable");
            self.types.note(Kind::Loss, &at.join(other), node, reason);
        }
        let schema_at = at.join(media).join("schema");
        let typed = |shaping: &mut Self| {
            let schema = chosen.get("schema");
            schema.map_or(Type::Any, |schema| shaping.types.type_of(schema, &schema_at, &hint, View::Write))
        };
        let content = match essence(media).as_str() {
            json if is_json(json) || self.may_be_json(json, chosen) => {
                BodyContent::Json(typed(self), json_header(media))
            }
            "application/x-www-form-urlencoded" => BodyContent::Form(typed(self), encoding(chosen)),
            "multipart/form-data" => {
                let reason = "the body is given part by part; what the schema says of each part is not checked";
                self.types.note(Kind::Rename, &at.join(media), chosen, reason);
                BodyContent::Multipart
            }
            other if other.starts_with("multipart/") || other.contains('*') || !media_type(other) => {
                let reason = "the body is given as bytes, with its content type (and boundary) beside it";
                self.types.note(Kind::Rename, &at.join(media), chosen, reason);
                BodyContent::Raw(None)
            }
            _ => BodyContent::Raw(Some(media.clone())),
        };
        Some(Body { required, content, doc })
    }

    /// Whether a content of any media type may be JSON: text and bytes would not be quoted.
    pub(super) fn may_be_json(&self, essence: &str, content: &Node) -> bool {
        let any = matches!(essence, "*/*" | "application/*");
        any && content.get("schema").is_some_and(|schema| !self.types.is_text(schema))
    }
}

/// How the properties of a form are written that are not written as by default.
pub(super) fn encoding(content: &Node) -> Vec<(String, Writing)> {
    let encodings = content.get("encoding").and_then(Node::as_object).into_iter().flatten();
    encodings
        .map(|(property, encoding)| {
            let style = match encoding.str("style") {
                Some("spaceDelimited") => Style::SpaceDelimited,
                Some("pipeDelimited") => Style::PipeDelimited,
                Some("deepObject") => Style::DeepObject,
                _ => Style::Form,
            };
            let explode = encoding.get("explode").and_then(Node::as_bool).unwrap_or(style.explodes());
            let json = encoding.str("style").is_none()
                && encoding.str("contentType").is_some_and(|media| is_json(&essence(media)));
            (property.clone(), Writing { style, explode, reserved: encoding.is_true("allowReserved"), json })
        })
        .collect()
}
