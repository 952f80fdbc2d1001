//! Turns the normalized form into valid OpenAPI 3.0.3. Members of later versions are removed, with a note for each
//! loss.

use std::collections::HashSet;

use crate::document::{Node, Pointer};
use crate::grammar::{self, OTHER_METHODS, Object};
use crate::note::{Kind, Notes, Stage};

use super::fits::Fits;

/// Removes what 3.0.3 cannot express.
pub(crate) fn plain(document: &mut Node, notes: &mut Notes) {
    let snapshot = document.clone();
    let fits = Fits::new(&snapshot);
    let mut ids = HashSet::new();
    let whole = |parameter: &Node| grammar::resolve(&snapshot, parameter).str("in") == Some("querystring");
    Object::OpenApi.walk_mut(document, &Pointer::root(), &mut |kind, node, at| {
        let mut lost = |kind: Kind, at: &Pointer, node: &Node, reason: &str| {
            notes.push(Stage::Lower, kind, at, node, reason);
        };
        match kind {
            Object::OpenApi => {
                if let Some(webhooks) = node.take("webhooks") {
                    lost(Kind::Loss, &at.join("webhooks"), &webhooks, "3.0 has no webhooks");
                }
            }
            Object::PathItem => {
                for (method, operation) in later(node) {
                    let sent = grammar::sent_method(&method);
                    let reason = format!("the operation was left out: 3.0 has no method {sent}");
                    lost(Kind::Skip, &grammar::method_at(at, &method), &operation, &reason);
                }
                parameters(node, at, &whole, &mut lost);
            }
            Object::Operation => {
                parameters(node, at, &whole, &mut lost);
                if node.str("operationId").is_some_and(|id| !ids.insert(id.to_owned()))
                    && let Some(id) = node.take("operationId")
                {
                    let reason = "another operation has this operationId, so it was left out";
                    lost(Kind::Correction, &at.join("operationId"), &id, reason);
                }
            }
            Object::Components => {
                if let Some(shared) = node.get_mut("parameters").and_then(Node::as_object_mut) {
                    shared.retain(|_, parameter| !whole(parameter));
                }
                // 3.0 has no mutual TLS. The scheme already has a note.
                if let Some(schemes) = node.get_mut("securitySchemes").and_then(Node::as_object_mut) {
                    schemes.retain(|_, scheme| scheme.str("type") != Some("mutualTLS"));
                }
            }
            Object::Parameter | Object::Encoding if node.str("style") == Some("cookie") => {
                let style = node.take("style").unwrap_or_else(|| Node::made(""));
                lost(Kind::Loss, &at.join("style"), &style, "3.0 has no cookies that are not percent-encoded");
            }
            Object::MediaType => {
                for (key, reason) in [
                    ("itemSchema", "3.0 has no type for the items of a stream"),
                    ("prefixEncoding", "3.0 has no parts by position"),
                    ("itemEncoding", "3.0 has no parts by position"),
                ] {
                    if let Some(member) = node.take(key) {
                        lost(Kind::Loss, &at.join(key), &member, reason);
                    }
                }
            }
            Object::SecurityScheme => ["deprecated", "oauth2MetadataUrl"].iter().for_each(|key| drop(node.take(key))),
            Object::Flows => {
                if let Some(flow) = node.take("deviceAuthorization") {
                    let reason = "3.0 has no device authorization flow";
                    lost(Kind::Loss, &at.join("deviceAuthorization"), &flow, reason);
                }
            }
            Object::Server => drop(node.take("name")),
            Object::Tag => ["summary", "parent", "kind"].iter().for_each(|key| drop(node.take(key))),
            Object::Discriminator => {
                if let Some(mapping) = node.take("defaultMapping") {
                    let reason = "3.0 has no schema for values without a known tag";
                    lost(Kind::Loss, &at.join("defaultMapping"), &mapping, reason);
                }
            }
            Object::Schema => {
                if let Some(prefix) = node.get("x-prefix-items") {
                    let reason = "3.0 has no tuples: each item may be of any of the types, in any order";
                    lost(Kind::Loss, &at.join("prefixItems"), prefix, reason);
                }
                if node.get("default").is_some_and(|default| !fits.allows(node, default))
                    && let Some(default) = node.take("default")
                {
                    // `nullable` has no effect beside a reference in 3.0.
                    let (kind, reason) = match default.is_null() && node.is_true("nullable") {
                        true => (Kind::Loss, "3.0 allows null only beside a type, so the default null was left out"),
                        false => (Kind::Correction, "the schema does not allow its default, so it was left out"),
                    };
                    lost(kind, &at.join("default"), &default, reason);
                }
                if let Some(content) = node.take("x-json-text") {
                    let reason = "3.0 has no type for JSON in a string";
                    lost(Kind::Unchecked, &at.join("contentSchema"), &content, reason);
                }
            }
            _ => {}
        }
        if kind == Object::Encoding {
            for key in ["encoding", "prefixEncoding", "itemEncoding"] {
                if let Some(member) = node.take(key) {
                    notes.push(Stage::Lower, Kind::Loss, &at.join(key), &member, "3.0 has no parts within parts");
                }
            }
        }
    });
    document.set("openapi", "3.0.3");
}

/// Removes the operations whose methods 3.0 does not have, and returns them by method.
fn later(item: &mut Node) -> Vec<(String, Node)> {
    let mut found: Vec<(String, Node)> =
        item.take("query").map(|node| ("query".to_owned(), node)).into_iter().collect();
    found.extend(item.take(OTHER_METHODS).as_ref().and_then(Node::as_object).cloned().unwrap_or_default());
    found
}

/// Removes the parameters with `in: querystring`.
fn parameters(
    owner: &mut Node,
    at: &Pointer,
    whole: &impl Fn(&Node) -> bool,
    lost: &mut impl FnMut(Kind, &Pointer, &Node, &str),
) {
    let Some(parameters) = owner.get_mut("parameters").and_then(Node::as_array_mut) else { return };
    let mut index = 0;
    parameters.retain(|parameter| {
        let here = at.join("parameters").join(index);
        index += 1;
        let goes = whole(parameter);
        if goes {
            lost(Kind::Loss, &here, parameter, "3.0 has no parameter that is the whole query string");
        }
        !goes
    });
}
