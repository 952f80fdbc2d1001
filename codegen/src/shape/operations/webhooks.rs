//! Requests that the service sends: webhooks, and callbacks of operations.

use std::collections::BTreeSet;

use crate::calls::{Calls, Item, Media, Operation, Parameter, Place, Used};
use crate::grammar;
use crate::note::Kind;

use super::headers::header;
use super::media::{essence, http_token, is_json};
use super::names;
use super::shaping::Headers;
use crate::shape::context::{Types, View};
use crate::shape::model::{Incoming, Message, Received};

/// The webhooks of the document; `None` if there are none.
pub(in crate::shape) fn webhooks(calls: &Calls, types: &mut Types<'_>, headers: &mut Headers) -> Option<Incoming> {
    let mut found = Vec::new();
    for item in &calls.webhooks {
        found.extend(item.operations.iter().map(|call| Sent { name: item.name.clone(), call, item }));
    }
    let doc = "A webhook of the service. The program that receives it knows its name: from a header, from a property of the \
               body, or because each has a path of its own.";
    incoming(types, headers, found, "Webhook", "Webhook", doc)
}

/// The callbacks of an operation; `None` if there are none.
pub(super) fn callbacks(
    types: &mut Types<'_>,
    headers: &mut Headers,
    operation: &Operation,
    hint: &str,
) -> Option<Incoming> {
    let mut found = Vec::new();
    for (name, callback) in &operation.callbacks {
        for item in &callback.items {
            for call in &item.operations {
                let several = callback.items.len() > 1;
                let name = if several { format!("{name} {}", item.name) } else { name.clone() };
                found.push(Sent { name, call, item });
            }
        }
    }
    let name = format!("{hint}Callback");
    let doc = "A callback of the operation, by the name that the document gives it.";
    incoming(types, headers, found, &name, &name, doc)
}

/// A request that the service sends, as the document describes it.
struct Sent<'a> {
    name: String,
    call: &'a Operation,
    /// The path item around the operation.
    item: &'a Item,
}

fn incoming(
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
    sent.sort_by(|a, b| (&a.name, &a.call.method).cmp(&(&b.name, &b.call.method)));
    let mut wires = BTreeSet::new();
    let mut messages: Vec<Message> = Vec::new();
    for Sent { mut name, call, item } in sent {
        // A second HTTP method with the same name is a message of its own.
        if !wires.insert(name.clone()) {
            name = format!("{} {name}", grammar::sent_method(&call.method));
            if !wires.insert(name.clone()) {
                continue;
            }
        }
        let hint = if suffix == "Webhook" {
            format!("{}{suffix}", names::pascal(&name))
        } else {
            format!("{suffix}{}", names::pascal(&name))
        };
        let words = [call.summary.as_str(), call.description.as_str()].into_iter().filter(|text| !text.is_empty());
        let doc = words.collect::<Vec<_>>().join("\n\n");
        let is_own =
            |it: &Used<Parameter>| call.parameters.iter().any(|own| own.place == it.place && own.name == it.name);
        let shared = item.parameters.iter().filter(|it| !is_own(it));
        parameters(types, headers, call.parameters.iter().chain(shared));
        let (body, required, sensitive) = received(types, call, &hint);
        response(types, call, &format!("{hint}Response"));
        // The program that receives the request would send these. The client sends only requests to its own service.
        for (name, callback) in &call.callbacks {
            let reason = format!("the callback `{name}` has no method: the receiver of a request would send it");
            if types.notes.at(&callback.here).next().is_none() {
                types.note(Kind::Loss, &callback.here, &callback.written, reason);
            }
        }
        messages.push(Message { name: String::new(), wire: name, doc, body, required, sensitive });
    }
    let wires: Vec<String> = messages.iter().map(|message| message.wire.clone()).collect();
    let (variants, unknown) = names::variants(&wires, &[]);
    for (message, variant) in messages.iter_mut().zip(variants) {
        message.name = variant;
    }
    Some(Incoming { name: name.to_owned(), doc: doc.to_owned(), messages, unknown })
}

/// The content of the body, whether it is always present, and whether it is a secret.
fn received(types: &mut Types<'_>, call: &Operation, hint: &str) -> (Received, bool, bool) {
    let Some(body) = call.body.as_ref().filter(|body| !body.content.is_empty()) else {
        return (Received::Nothing, false, false);
    };
    let read = json_of(&body.content);
    for media in body.content.iter().filter(|media| read.is_some_and(|read| media.name != read.name)) {
        let reason = format!("a body of `{}` is not parsed: the program that receives it has its bytes", media.name);
        types.note(Kind::Rename, &media.at, &media.span, reason);
    }
    let Some(media) = read else {
        for media in body.content.iter().filter(|media| media.schema.or(media.items).is_some()) {
            let reason = format!("a body of `{}` is returned as bytes", media.name);
            types.note(Kind::Rename, &media.at, &media.span, reason);
        }
        return (Received::Bytes, body.required, false);
    };
    let Some(schema) = media.schema else { return (Received::Bytes, body.required, false) };
    let ty = types.type_of(schema, &media.at.join("schema"), hint, View::Read);
    let sensitive = types.holds_secret(media.schema, &ty);
    (Received::Json(ty), body.required, sensitive)
}

/// Adds a constant for each header of a request, and a note for each other parameter. The web framework of the program
/// that receives the request reads the query, the path and the cookies.
fn parameters<'a>(types: &mut Types<'_>, headers: &mut Headers, parameters: impl Iterator<Item = &'a Used<Parameter>>) {
    for parameter in parameters {
        let (name, kind) = (&parameter.name, parameter.place.name());
        if parameter.is_ignored() {
            continue;
        }
        if parameter.place == Place::Header && http_token(name) {
            header(types, headers, name, &parameter.as_header());
        } else if parameter.place == Place::Header {
            let reason = format!("`{name}` is not a header name");
            types.note(Kind::Loss, &parameter.here, &parameter.written, reason);
        } else {
            let reason =
                format!("the {kind} parameter `{name}` is not parsed: the program that receives the request has it");
            types.note(Kind::Rename, &parameter.here, &parameter.written, reason);
        }
    }
}

/// Creates the types of the response that the program sends.
fn response(types: &mut Types<'_>, call: &Operation, hint: &str) {
    for (status, response) in &call.responses {
        let Some((media, schema)) = json_of(&response.content).and_then(|media| Some((media, media.schema?))) else {
            continue;
        };
        let status = if status.is_success() { String::new() } else { status.name() };
        types.type_of(schema, &media.at.join("schema"), &format!("{hint}{status}"), View::Write);
    }
}

fn json_of(content: &[Media]) -> Option<&Media> {
    let exact = content.iter().find(|media| essence(&media.name) == "application/json");
    exact.or_else(|| content.iter().find(|media| is_json(&essence(&media.name))))
}
