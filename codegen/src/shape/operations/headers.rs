//! Headers of responses.

use crate::document::{Node, Pointer};
use crate::grammar::resolve_at;
use crate::note::Kind;
use crate::schema::JsonType;

use super::media::http_token;
use super::names;
use super::shaping::Shaping;
use crate::shape::context::View;
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
                    let name = self.header(wire, written, at);
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

    fn header(&mut self, wire: &str, written: &Node, at: Pointer) -> String {
        let (node, at) = resolve_at(self.document, written, at);
        let (ty, form) = self.header_type(wire, node, &at);
        let doc = node.str("description").unwrap_or_default().trim().to_owned();
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

    fn header_type(&mut self, wire: &str, node: &Node, at: &Pointer) -> (Type, HeaderForm) {
        let hint = format!("{}Header", names::pascal(wire));
        if let Some((media, _)) = node.get("content").and_then(Node::as_object).and_then(|it| it.iter().next()) {
            let at = at.join("content").join(media).join("schema");
            let json = super::media::is_json(&super::media::essence(media));
            let schema = self.types.model.at(&at).filter(|_| json);
            return match schema {
                Some(schema) => (self.types.type_of(schema, &at, &hint, View::Read), HeaderForm::Json),
                None => (Type::String, HeaderForm::Text),
            };
        }
        let at = at.join("schema");
        let Some(schema) = self.types.model.at(&at) else { return (Type::String, HeaderForm::Text) };
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
            Type::Map(_) => object(node),
            Type::Named(_) if schema.properties.is_some() => object(node),
            Type::Named(_) if schema.ty == Some(JsonType::Integer) => HeaderForm::Plain,
            Type::Named(_) if schema.union().is_some() => HeaderForm::Any,
            Type::String | Type::Base64 | Type::Base64Url | Type::JsonText(_) | Type::Named(_) => HeaderForm::Text,
            Type::Any | Type::Nullable(_) => return (Type::String, HeaderForm::Text),
        };
        (ty, form)
    }
}

fn object(node: &Node) -> HeaderForm {
    if node.is_true("explode") { HeaderForm::ExplodedObject } else { HeaderForm::Object }
}

/// The type that fits two descriptions of one header.
fn common(one: &Type, other: &Type) -> (Type, HeaderForm) {
    let whole = |ty: &Type| matches!(ty, Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::I128);
    if whole(one) && whole(other) { (Type::I128, HeaderForm::Plain) } else { (Type::String, HeaderForm::Text) }
}
