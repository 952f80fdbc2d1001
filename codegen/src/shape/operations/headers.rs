//! Headers of responses, and of the requests that a service sends.

use crate::document::{Node, Pointer};
use crate::grammar::resolve_at;
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
        let mut found = Vec::new();
        for response in self.responses(|_| true) {
            let headers = response.node.get("headers").and_then(Node::as_object);
            for (wire, written) in headers.into_iter().flatten() {
                // OpenAPI ignores this header.
                if wire.eq_ignore_ascii_case("content-type") {
                    continue;
                }
                let at = response.at.join("headers").join(wire);
                if http_token(wire) {
                    let name = header(self.document, self.types, self.found, wire, written, at);
                    if !found.contains(&name) {
                        found.push(name);
                    }
                } else if !self.types.notes.iter().any(|note| note.pointer == at) {
                    self.types.note(Kind::Loss, &at, written, format!("`{wire}` is not a header name"));
                }
            }
        }
        found.sort();
        found
    }
}

/// Adds a constant for a header, and returns its name. The node is a header or a parameter in a header.
pub(super) fn header(
    document: &Node,
    types: &mut Types<'_>,
    found: &mut Headers,
    wire: &str,
    written: &Node,
    at: Pointer,
) -> String {
    let (node, at) = resolve_at(document, written, at);
    let (ty, form) = header_type(types, wire, node, &at);
    let doc = node.str("description").unwrap_or_default().trim().to_owned();
    let wire = wire.to_ascii_lowercase();
    let name = names::snake(&wire).trim_matches('_').to_ascii_uppercase();
    let name = if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name };
    match found.entry(wire.clone()) {
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

fn header_type(types: &mut Types<'_>, wire: &str, node: &Node, at: &Pointer) -> (Type, HeaderForm) {
    let hint = format!("{}Header", names::pascal(wire));
    let content = node.get("content").and_then(Node::as_object).and_then(|it| it.keys().next());
    let at = content.map_or_else(|| at.clone(), |media| at.join("content").join(media)).join("schema");
    // Plain text is read as a header without a media type is.
    if let Some(media) = content.map(|media| essence(media)).filter(|media| media != "text/plain") {
        return match types.model.at(&at).filter(|_| is_json(&media)) {
            Some(schema) => (types.type_of(schema, &at, &hint, View::Read), HeaderForm::Json),
            None => (Type::String, HeaderForm::Text),
        };
    }
    let Some(schema) = types.model.at(&at) else { return (Type::String, HeaderForm::Text) };
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
        Type::Map(_) => object(node),
        Type::Named(_) if schema.properties.is_some() => object(node),
        Type::Named(_) if schema.ty == Some(JsonType::Integer) => HeaderForm::Plain,
        Type::Named(_) if schema.union().is_some() => HeaderForm::Any,
        Type::String | Type::Base64 | Type::Base64Url | Type::JsonText(_) | Type::Named(_) => HeaderForm::Text,
        Type::Any | Type::Nullable(_) => return (Type::String, HeaderForm::Text),
    };
    (ty, form)
}

fn object(node: &Node) -> HeaderForm {
    if node.is_true("explode") { HeaderForm::ExplodedObject } else { HeaderForm::Object }
}

/// The type that fits two descriptions of one header.
fn common(one: &Type, other: &Type) -> (Type, HeaderForm) {
    let whole = |ty: &Type| matches!(ty, Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::I128);
    if whole(one) && whole(other) { (Type::I128, HeaderForm::Plain) } else { (Type::String, HeaderForm::Text) }
}
