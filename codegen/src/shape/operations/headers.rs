//! Headers of responses.

use crate::calls::Header;
use crate::note::Kind;
use crate::schema::JsonType;

use super::media::{essence, http_token, is_json};
use super::names;
use super::shaping::Shaping;
use crate::shape::context::View;
use crate::shape::model::{HeaderForm, ResponseHeader, Type};

impl Shaping<'_, '_> {
    /// The constants for the headers of all documented responses. A header whose descriptions have different types is
    /// read as text, or as an integer if all the types are integers.
    pub(super) fn headers(&mut self) -> Vec<String> {
        let mut found = Vec::new();
        for response in self.call.responses.values() {
            for (wire, header) in &response.headers {
                // OpenAPI ignores this header.
                if wire.eq_ignore_ascii_case("content-type") {
                    continue;
                }
                if http_token(wire) {
                    let name = self.header(wire, header);
                    if !found.contains(&name) {
                        found.push(name);
                    }
                } else if !self.types.notes.iter().any(|note| note.pointer == header.here) {
                    self.types.note(
                        Kind::Loss,
                        &header.here,
                        &header.written,
                        format!("`{wire}` is not a header name"),
                    );
                }
            }
        }
        found.sort();
        found
    }

    fn header(&mut self, wire: &str, header: &Header) -> String {
        let (ty, form) = self.header_type(wire, header);
        let doc = header.description.clone();
        let wire = wire.to_ascii_lowercase();
        let name = names::snake(&wire).trim_matches('_').to_ascii_uppercase();
        let name = if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name };
        match self.found.entry(wire.clone()) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(ResponseHeader { name: name.clone(), wire, ty, form, doc });
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                if known.doc.is_empty() {
                    known.doc = doc;
                }
                if known.ty != ty || known.form != form {
                    (known.ty, known.form) = common(&known.ty, &ty);
                }
            }
        }
        name
    }

    fn header_type(&mut self, wire: &str, header: &Header) -> (Type, HeaderForm) {
        let hint = format!("{}Header", names::pascal(wire));
        if let Some((at, media, schema)) = &header.content {
            return match schema.filter(|_| is_json(&essence(media))) {
                Some(schema) => (self.types.type_of(schema, &at.join("schema"), &hint, View::Read), HeaderForm::Json),
                None => (Type::String, HeaderForm::Text),
            };
        }
        let at = header.at.join("schema");
        let Some(schema) = header.schema else { return (Type::String, HeaderForm::Text) };
        let ty = self.types.type_of(schema, &at, &hint, View::Read).inner().clone();
        let schema = self.types.resolved(schema);
        let form = match self.types.alias(&ty) {
            Type::Bool | Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::I128 | Type::F64 | Type::Number => {
                HeaderForm::Plain
            }
            Type::Array(item) => match self.types.alias(&item) {
                Type::Bool | Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::I128 | Type::F64 | Type::Number => {
                    HeaderForm::Plains
                }
                _ => HeaderForm::Texts,
            },
            Type::Map(_) => object(header),
            Type::Named(_) if schema.properties.is_some() => object(header),
            Type::Named(_) if schema.ty == Some(JsonType::Integer) => HeaderForm::Plain,
            Type::Named(_) if schema.union().is_some() => HeaderForm::Any,
            Type::String | Type::Base64 | Type::Base64Url | Type::JsonText(_) | Type::Named(_) => HeaderForm::Text,
            Type::Any | Type::Nullable(_) => return (Type::String, HeaderForm::Text),
        };
        (ty, form)
    }
}

fn object(header: &Header) -> HeaderForm {
    if header.explode { HeaderForm::ExplodedObject } else { HeaderForm::Object }
}

/// The type that fits two descriptions of one header.
fn common(one: &Type, other: &Type) -> (Type, HeaderForm) {
    let whole = |ty: &Type| matches!(ty, Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::I128);
    if whole(one) && whole(other) { (Type::I128, HeaderForm::Plain) } else { (Type::String, HeaderForm::Text) }
}
