//! Requests that the service sends: webhooks, and callbacks of operations.

use std::collections::BTreeSet;

use crate::document::{Map, Node, Pointer};
use crate::grammar::{self, resolve_at};
use crate::note::Kind;

use super::headers::header;
use super::media::{essence, http_token, is_json};
use super::names;
use super::shaping::Headers;
use crate::shape::context::{Types, View};
use crate::shape::model::{Incoming, Message, Received};
use crate::shape::status::Status;

/// The webhooks of the document; `None` if there are none.
pub(in crate::shape) fn webhooks(document: &Node, types: &mut Types<'_>, headers: &mut Headers) -> Option<Incoming> {
    let mut found = Vec::new();
    for (name, method, operation) in grammar::webhooks(document) {
        let item_at = Pointer::root().join("webhooks").join(name);
        let Some(item) = document.get("webhooks").and_then(|all| all.get(name)) else { continue };
        found.push(Sent { name: name.to_owned(), method, operation, item, item_at });
    }
    let doc = "A webhook of the service. The program that receives it knows its name: from a header, from a property of the \
               body, or because each has a path of its own.";
    incoming(document, types, headers, found, "Webhook", "Webhook", doc)
}

/// The callbacks of an operation; `None` if there are none.
pub(super) fn callbacks(
    document: &Node,
    types: &mut Types<'_>,
    headers: &mut Headers,
    operation: &Node,
    at: &Pointer,
    hint: &str,
) -> Option<Incoming> {
    let mut found = Vec::new();
    for (name, callback) in operation.get("callbacks").and_then(Node::as_object).into_iter().flatten() {
        let (callback, at) = resolve_at(document, callback, at.join("callbacks").join(name));
        let expressions = callback.as_object().into_iter().flatten().filter(|(key, _)| !key.starts_with("x-"));
        let several = expressions.clone().count() > 1;
        for (expression, item) in expressions {
            for (method, operation) in grammar::methods(item) {
                let name = if several { format!("{name} {expression}") } else { name.clone() };
                found.push(Sent { name, method, operation, item, item_at: at.join(expression) });
            }
        }
    }
    let name = format!("{hint}Callback");
    incoming(
        document,
        types,
        headers,
        found,
        &name,
        &name,
        "A callback of the operation, by the name that the document gives it.",
    )
}

/// A request that the service sends, as the document describes it.
struct Sent<'a> {
    name: String,
    method: &'a str,
    operation: &'a Node,
    /// The path item around the operation.
    item: &'a Node,
    item_at: Pointer,
}

fn incoming(
    document: &Node,
    types: &mut Types<'_>,
    headers: &mut Headers,
    mut sent: Vec<Sent<'_>>,
    name: &str,
    suffix: &str,
    doc: &str,
) -> Option<Incoming> {
    if sent.is_empty() {
        return None;
    }
    // Sorted, so that the order of the document does not change names.
    sent.sort_by(|a, b| (&a.name, a.method).cmp(&(&b.name, b.method)));
    let mut wires = BTreeSet::new();
    let mut messages: Vec<Message> = Vec::new();
    for Sent { mut name, method, operation, item, item_at } in sent {
        let at = grammar::method_at(&item_at, method);
        // A second HTTP method with the same name is a message of its own.
        if !wires.insert(name.clone()) {
            name = format!("{} {name}", grammar::sent_method(method));
            if !wires.insert(name.clone()) {
                continue;
            }
        }
        let hint = if suffix == "Webhook" {
            format!("{}{suffix}", names::pascal(&name))
        } else {
            format!("{suffix}{}", names::pascal(&name))
        };
        let text = |key: &str| operation.str(key).map(str::trim).filter(|text| !text.is_empty());
        let doc = [text("summary"), text("description")].into_iter().flatten().collect::<Vec<_>>().join("\n\n");
        parameters(document, types, headers, &[(operation, &at), (item, &item_at)]);
        let (body, required) = received(document, types, operation, &at, &hint);
        response(document, types, operation, &at, &format!("{hint}Response"));
        messages.push(Message { name: String::new(), wire: name, doc, body, required });
    }
    let wires: Vec<String> = messages.iter().map(|message| message.wire.clone()).collect();
    let (variants, unknown) = names::variants(&wires, &[]);
    for (message, variant) in messages.iter_mut().zip(variants) {
        message.name = variant;
    }
    Some(Incoming { name: name.to_owned(), doc: doc.to_owned(), messages, unknown })
}

/// The content of the body, and whether it is always present.
fn received(document: &Node, types: &mut Types<'_>, operation: &Node, at: &Pointer, hint: &str) -> (Received, bool) {
    let Some(written) = operation.get("requestBody") else { return (Received::Nothing, false) };
    let (body, at) = resolve_at(document, written, at.join("requestBody"));
    let content = body.get("content").and_then(Node::as_object).filter(|content| !content.is_empty());
    let Some(content) = content else { return (Received::Nothing, false) };
    let at = at.join("content");
    let required = body.is_true("required");
    let place = |media: &String| at.join(media).join("schema");
    let read = json_of(content);
    for (media, node) in content.iter().filter(|(media, _)| read.is_some_and(|read| *media != read)) {
        let reason = format!("a body of `{media}` is not parsed: the program that receives it has its bytes");
        types.note(Kind::Rename, &at.join(media), node, reason);
    }
    let Some(media) = read else {
        let described = |media: &String| {
            ["schema", "itemSchema"].iter().any(|key| types.model.at(&at.join(media).join(key)).is_some())
        };
        let described: Vec<_> = content.iter().filter(|(media, _)| described(media)).collect();
        for (media, node) in described {
            let reason = format!("a body of `{media}` is returned as bytes");
            types.note(Kind::Rename, &at.join(media), node, reason);
        }
        return (Received::Bytes, required);
    };
    match types.model.at(&place(media)) {
        Some(schema) => (Received::Json(types.type_of(schema, &place(media), hint, View::Read)), required),
        None => (Received::Bytes, required),
    }
}

/// Adds a constant for each header of a request, and a note for each other parameter. The web framework of the program
/// that receives the request reads the query, the path and the cookies.
fn parameters(document: &Node, types: &mut Types<'_>, headers: &mut Headers, owners: &[(&Node, &Pointer)]) {
    for (owner, at) in owners {
        for (index, parameter) in owner.get("parameters").and_then(Node::as_array).into_iter().flatten().enumerate() {
            let place = at.join("parameters").join(index);
            let (node, _) = resolve_at(document, parameter, place.clone());
            let (name, kind) = (node.str("name").unwrap_or_default(), node.str("in").unwrap_or_default());
            if kind == "header" && http_token(name) {
                header(document, types, headers, name, parameter, place);
            } else {
                let reason = format!(
                    "the {kind} parameter `{name}` is not parsed: the program that receives the request has it"
                );
                types.note(Kind::Rename, &place, parameter, reason);
            }
        }
    }
}

/// Creates the types of the response that the program sends.
fn response(document: &Node, types: &mut Types<'_>, operation: &Node, at: &Pointer, hint: &str) {
    for (status, response) in operation.get("responses").and_then(Node::as_object).into_iter().flatten() {
        let (response, at) = resolve_at(document, response, at.join("responses").join(status));
        let Some(media) = response.get("content").and_then(Node::as_object).and_then(json_of) else { continue };
        let at = at.join("content").join(media).join("schema");
        if let Some(schema) = types.model.at(&at) {
            let status = Status::parse(status).filter(|status| !status.is_success()).map(Status::name);
            types.type_of(schema, &at, &format!("{hint}{}", status.unwrap_or_default()), View::Write);
        }
    }
}

fn json_of(content: &Map) -> Option<&String> {
    let exact = content.keys().find(|media| essence(media) == "application/json");
    exact.or_else(|| content.keys().find(|media| is_json(&essence(media))))
}
