//! Headers of responses, and of the requests that a service sends.

use std::collections::BTreeSet;

use crate::calls::Header;
use crate::note::Kind;
use crate::schema::JsonType;

use super::media::{essence, http_token, is_json};
use super::names;
use super::shaping::{Headers, Shaping};
use crate::shape::context::{Types, View};
use crate::shape::model::{HeaderForm, ResponseHeader, Type};

impl Shaping<'_, '_> {
    /// The constants for the headers of all documented responses. A header whose descriptions have different types is
    /// read as text, or as an integer if all the types are integers.
    pub(super) fn headers(&mut self) -> Vec<String> {
        let mut found = BTreeSet::new();
        for response in self.call.responses.values() {
            for (wire, described) in &response.headers {
                // OpenAPI ignores this header.
                if wire.eq_ignore_ascii_case("content-type") {
                    continue;
                }
                if http_token(wire) {
                    found.insert(header(self.types, self.found, wire, described));
                } else if self.types.notes.at(&described.here).next().is_none() {
                    self.types.note(
                        Kind::Loss,
                        &described.here,
                        &described.written,
                        format!("`{wire}` is not a header name"),
                    );
                }
            }
        }
        found.into_iter().collect()
    }
}

/// Adds a constant for a header, and returns its name.
pub(super) fn header(types: &mut Types<'_>, found: &mut Headers, wire: &str, header: &Header) -> String {
    let (ty, form) = header_type(types, wire, header);
    let doc = header.description.clone();
    let wire = wire.to_ascii_lowercase();
    let name = names::snake(&wire).trim_matches('_').to_ascii_uppercase();
    let name = if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name };
    let Some(known) = found.get_mut(&wire) else { return found.add(ResponseHeader { name, wire, ty, form, doc }) };
    if known.doc.is_empty() {
        known.doc = doc;
    }
    if known.ty != ty || known.form != form {
        (known.ty, known.form) = common(&known.ty, &ty);
    }
    known.name.clone()
}

fn header_type(types: &mut Types<'_>, wire: &str, header: &Header) -> (Type, HeaderForm) {
    let hint = format!("{}Header", names::pascal(wire));
    let (at, schema) = match &header.content {
        Some((at, _, schema)) => (at.join("schema"), *schema),
        None => (header.at.join("schema"), header.schema),
    };
    // Plain text is read as a header without a media type is.
    let media = header.content.as_ref().map(|(_, media, _)| essence(media));
    if let Some(media) = media.filter(|media| media != "text/plain") {
        return match schema.filter(|_| is_json(&media)) {
            Some(schema) => (types.type_of(schema, &at, &hint, View::Read), HeaderForm::Json),
            None => (Type::String, HeaderForm::Text),
        };
    }
    let Some(schema) = schema else { return (Type::String, HeaderForm::Text) };
    let ty = types.type_of(schema, &at, &hint, View::Read).inner().clone();
    let schema = types.resolved(schema);
    let form = match types.alias(&ty) {
        Type::Bool | Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::I128 | Type::F64 | Type::Number => {
            HeaderForm::Plain
        }
        Type::Array(item) => match types.alias(&item) {
            Type::Bool | Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::I128 | Type::F64 | Type::Number => {
                HeaderForm::Plains
            }
            _ => HeaderForm::Texts,
        },
        Type::Map(_) => object(header),
        Type::Named(_) if schema.properties.is_some() => object(header),
        Type::Named(_) if schema.ty == Some(JsonType::Integer) => HeaderForm::Plain,
        Type::Named(_) if schema.union().is_some() => HeaderForm::Any,
        Type::String | Type::Base64 | Type::Base64Url | Type::JsonText(_) | Type::Named(_) | Type::Link(_) => {
            HeaderForm::Text
        }
        Type::Any | Type::Nullable(_) => return (Type::String, HeaderForm::Text),
    };
    (ty, form)
}

fn object(header: &Header) -> HeaderForm {
    if header.explode { HeaderForm::ExplodedObject } else { HeaderForm::Object }
}

/// The type that fits two descriptions of one header.
fn common(one: &Type, other: &Type) -> (Type, HeaderForm) {
    let whole = |ty: &Type| matches!(ty, Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::I128);
    if whole(one) && whole(other) { (Type::I128, HeaderForm::Plain) } else { (Type::String, HeaderForm::Text) }
}
