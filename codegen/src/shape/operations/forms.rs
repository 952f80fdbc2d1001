//! Multipart bodies: a struct for the parts that the document names.

use crate::document::{Node, Pointer};
use crate::grammar::resolve_at;
use crate::schema::{Mark, Schema, SchemaId};

use super::bodies::writing;
use super::media::{essence, is_json};
use super::{Shaping, names};
use crate::shape::context::View;
use crate::shape::facts::doc;
use crate::shape::model::{Form, Part, PartHolds, Type};

impl Shaping<'_, '_> {
    /// The struct of a multipart body; `None` if the document does not name its parts.
    pub(super) fn form(&mut self, content: &Node, at: &Pointer, name: &str) -> Option<Form> {
        let at = at.join("schema");
        let schema = self.types.resolved(self.types.model.at(&at)?);
        let properties = schema.properties.as_ref().filter(|all| !all.is_empty())?;
        let visible: Vec<(&String, SchemaId)> = properties
            .iter()
            .map(|(wire, property)| (wire, *property))
            .filter(|(_, property)| !self.types.marked(*property, Mark::ReadOnly))
            .collect();
        let encodings = content.get("encoding");
        let parts = visible.iter().zip(names::fields(visible.iter().map(|(wire, _)| wire.as_str())));
        let parts = parts.map(|((wire, property), name)| {
            let encoding =
                encodings.and_then(|all| all.get(wire)).map(|it| resolve_at(self.document, it, at.clone()).0);
            let holds = self.part(*property, encoding, &at.join("properties").join(wire), wire);
            let doc = doc(&self.types.model.get(*property));
            Part { name, wire: (*wire).clone(), required: schema.required.contains(wire), holds, doc }
        });
        let parts = parts.collect();
        Some(Form { name: name.to_owned(), parts, doc: doc(&schema) })
    }

    fn part(&mut self, property: SchemaId, encoding: Option<&Node>, at: &Pointer, wire: &str) -> PartHolds {
        let resolved = self.types.resolved(property);
        let media = encoding.and_then(|encoding| encoding.str("contentType")).map(|media| {
            // Of several media types, the value sets the one that it has.
            let one = !media.contains([',', '*']);
            if one { media.trim().to_owned() } else { String::new() }
        });
        let binary =
            |schema: &Schema| schema.format.as_deref() == Some("binary") || (is_open(schema) && media.is_some());
        let several = resolved.items.is_some_and(|item| binary(&self.types.resolved(item)));
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
fn is_open(schema: &Schema) -> bool {
    let Schema { ty, properties, items, values, .. } = schema;
    ty.is_none() && properties.is_none() && items.is_none() && values.is_none() && schema.union().is_none()
}

/// Whether values can be objects.
fn is_compound(ty: &Type) -> bool {
    matches!(ty, Type::Named(_) | Type::Map(_) | Type::Any)
}
