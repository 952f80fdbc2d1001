//! Multipart bodies: a struct for the parts that the document names.

use std::collections::BTreeSet;

use crate::document::{Node, Pointer};
use crate::grammar::resolve_at;

use super::bodies::writing;
use super::media::{essence, is_json};
use super::names;
use super::shaping::Shaping;
use crate::shape::context::View;
use crate::shape::facts::{doc, strings};
use crate::shape::model::{Form, Part, PartHolds, Type};

impl Shaping<'_, '_> {
    /// The struct of a multipart body; `None` if the document does not name its parts.
    pub(super) fn form(&mut self, content: &Node, at: &Pointer, name: &str) -> Option<Form> {
        let written = content.get("schema")?;
        let schema = self.types.resolved(written);
        let properties = schema.get("properties").and_then(Node::as_object).filter(|all| !all.is_empty())?;
        let visible: Vec<(&String, &Node)> =
            properties.iter().filter(|(_, property)| !self.types.marked(property, "readOnly")).collect();
        let required: BTreeSet<String> = strings(schema.get("required")).into_iter().collect();
        let encodings = content.get("encoding");
        let at = at.join("schema");
        let parts = visible.iter().zip(names::fields(visible.iter().map(|(wire, _)| wire.as_str())));
        let parts = parts.map(|((wire, property), name)| {
            let encoding =
                encodings.and_then(|all| all.get(wire)).map(|it| resolve_at(self.document, it, at.clone()).0);
            let holds = self.part(property, encoding, &at.join("properties").join(wire), wire);
            Part { name, wire: (*wire).clone(), required: required.contains(*wire), holds, doc: doc(property) }
        });
        let parts = parts.collect();
        Some(Form { name: name.to_owned(), parts, doc: doc(&schema) })
    }

    fn part(&mut self, property: &Node, encoding: Option<&Node>, at: &Pointer, wire: &str) -> PartHolds {
        let resolved = self.types.resolved(property);
        let media = encoding.and_then(|encoding| encoding.str("contentType")).map(|media| {
            // Of several media types, the value sets the one that it has.
            let one = !media.contains([',', '*']);
            if one { media.trim().to_owned() } else { String::new() }
        });
        let binary = |schema: &Node| schema.str("format") == Some("binary") || (is_open(schema) && media.is_some());
        let item = resolved.get("items").map(|item| self.types.resolved(item));
        let several = item.as_ref().is_some_and(&binary);
        if several || binary(&resolved) {
            let media = media.filter(|media| !media.is_empty());
            return PartHolds::File { media: media.unwrap_or_else(|| "application/octet-stream".to_owned()), several };
        }
        let hint = format!("{}{}", self.hint, names::pascal(wire));
        let ty = self.types.type_of(property, at, &hint, View::Write).inner().clone();
        if let Some(encoding) =
            encoding.filter(|it| ["style", "explode", "allowReserved"].iter().any(|key| it.get(key).is_some()))
        {
            return PartHolds::Styled(ty, writing(encoding));
        }
        match media.filter(|media| !media.is_empty()) {
            // This is the default.
            Some(media) if is_json(&essence(&media)) && is_compound(&ty) && media == "application/json" => {
                PartHolds::Value(ty)
            }
            Some(media) if media != "text/plain" || is_compound(&ty) => PartHolds::Typed(ty, media),
            _ => PartHolds::Value(ty),
        }
    }
}

/// Whether a schema does not constrain its values.
fn is_open(schema: &Node) -> bool {
    ["type", "properties", "items", "oneOf", "anyOf", "enum"].iter().all(|key| schema.get(key).is_none())
}

/// Whether values can be objects.
fn is_compound(ty: &Type) -> bool {
    matches!(ty, Type::Named(_) | Type::Map(_) | Type::Any)
}
