//! Notes the mistakes in a document that no stage has to correct, and the constraints that a client does not check.

use std::collections::HashSet;

use crate::document::{Node, Pointer, Value};
use crate::grammar::{self, Object};
use crate::note::{Kind, Notes, Stage};

/// Notes the violations of the specification that do not change how the document is read. `before` is the document
/// before the selection. It still has the references to path items, which the selection replaces.
pub(crate) fn note(before: &Node, document: &Node, notes: &mut Notes) {
    for member in ["paths", "webhooks"] {
        let selected = document.get(member).and_then(Node::as_object).into_iter().flatten();
        for path in selected.map(|(path, _)| path) {
            if let Some(item) = before.get(member).and_then(|items| items.get(path)) {
                twice(before, item, &Pointer::root().join(member).join(path), notes);
            }
        }
    }
    Object::OpenApi.walk(document, &Pointer::root(), &mut |kind, node, at| match kind {
        Object::OpenApi => root(node, at, notes),
        Object::PathItem => path_item(document, node, at, notes),
        Object::ServerVariable => variable(node, at, notes),
        Object::MediaType | Object::Encoding => encodings(node, at, notes),
        Object::Example => example(node, at, notes),
        Object::Parameter | Object::Header => reserved(kind, node, at, notes),
        _ => {}
    });
}

fn correction(notes: &mut Notes, at: &Pointer, node: &Node, reason: impl Into<String>) {
    notes.push(Stage::Lower, Kind::Correction, at, node, reason);
}

fn root(node: &Node, at: &Pointer, notes: &mut Notes) {
    if let Some(own) = node.get("$self").filter(|own| own.as_str().is_none_or(|uri| uri.contains('#'))) {
        correction(notes, &at.join("$self"), own, "`$self` is not the URI of a document, which has no `#`");
    }
    if let Some(version) = node.get("openapi").filter(|version| version.as_str().is_none()) {
        correction(notes, &at.join("openapi"), version, "a text is expected here; the value was read as one");
    }
    if let Some(dialect) = node.get("jsonSchemaDialect").filter(|dialect| dialect.as_str().is_none()) {
        correction(notes, &at.join("jsonSchemaDialect"), dialect, "a URI is expected here; the value was left out");
    }
    if ["paths", "components", "webhooks"].iter().all(|key| node.get(key).is_none()) {
        correction(notes, at, node, "a document has `paths`, `components` or `webhooks`; this one has none of them");
    }
}

/// Notes an example with several values. A client uses none of them.
fn example(node: &Node, at: &Pointer, notes: &mut Notes) {
    let has = |keys: &[&'static str]| keys.iter().copied().find(|key| node.get(key).is_some());
    let pairs: [[&[&str]; 2]; 2] =
        [[&["value"], &["externalValue", "dataValue", "serializedValue"]], [&["externalValue"], &["serializedValue"]]];
    for [one, others] in pairs {
        if let (Some(one), Some(other)) = (has(one), has(others)) {
            correction(notes, at, node, format!("an example has either `{one}` or `{other}`"));
            return;
        }
    }
}

/// Notes `allowReserved` where values are not percent-encoded.
fn reserved(kind: Object, node: &Node, at: &Pointer, notes: &mut Notes) {
    let is_plain = kind == Object::Header || node.str("in") == Some("header") || node.str("style") == Some("cookie");
    if let Some(reserved) = node.get("allowReserved").filter(|_| is_plain && node.is_true("allowReserved")) {
        let reason = "`allowReserved` has no effect here, because the value is not percent-encoded";
        correction(notes, &at.join("allowReserved"), reserved, reason);
    }
}

/// Notes each operation of a path item that the target of its `$ref` has too.
fn twice(document: &Node, node: &Node, at: &Pointer, notes: &mut Notes) {
    if grammar::reference(node).is_none() {
        return;
    }
    let target = grammar::resolve(document, node);
    let others = if std::ptr::eq(target, node) { Vec::new() } else { grammar::methods(target) };
    for (method, operation) in grammar::methods(node) {
        if others.iter().any(|(other, _)| *other == method) {
            let reason = format!("the path item of `$ref` has `{method}` too; the one beside `$ref` is used");
            correction(notes, &grammar::method_at(at, method), operation, reason);
        }
    }
}

fn path_item(document: &Node, node: &Node, at: &Pointer, notes: &mut Notes) {
    // The parameters of a path item apply to each of its operations.
    let owners = grammar::methods(node).into_iter().map(|(method, it)| (it, grammar::method_at(at, method)));
    let shared = parameters(document, node, at);
    let has = |all: &[Parameter<'_>], place: &str| all.iter().any(|it| it.resolved.str("in") == Some(place));
    for all in owners.map(|(owner, at)| parameters(document, owner, &at)).chain([parameters(document, node, at)]) {
        let whole = has(&all, "querystring") || has(&shared, "querystring");
        for parameter in all.iter().chain(&shared).filter(|it| whole && it.resolved.str("in") == Some("query")) {
            if notes.at(&parameter.at).next().is_none() {
                let reason =
                    "`in: querystring` is the whole query, so there can be no `in: query` beside it; both are sent";
                correction(notes, &parameter.at, parameter.written, reason);
            }
        }
    }
}

/// A parameter as the document has it, and the target of its reference.
struct Parameter<'a> {
    written: &'a Node,
    resolved: &'a Node,
    at: Pointer,
}

fn parameters<'a>(document: &'a Node, owner: &'a Node, at: &Pointer) -> Vec<Parameter<'a>> {
    let all = owner.get("parameters").and_then(Node::as_array).into_iter().flatten().enumerate();
    let parameter = |(index, written)| Parameter {
        written,
        resolved: grammar::resolve(document, written),
        at: at.join("parameters").join(index),
    };
    all.map(parameter).collect()
}

fn variable(node: &Node, at: &Pointer, notes: &mut Notes) {
    let Some((listed, values)) = node.get("enum").and_then(|listed| Some((listed, listed.as_array()?))) else { return };
    if values.is_empty() {
        let reason = "the `enum` of the variable has no values; any value is accepted";
        correction(notes, &at.join("enum"), listed, reason);
    } else if let Some(default) = node.get("default")
        && values.iter().all(|value| value.as_str() != default.as_str())
    {
        let reason = format!("the default `{}` is not in the variable's `enum`", default.as_str().unwrap_or_default());
        correction(notes, &at.join("default"), default, reason);
    }
}

fn encodings(node: &Node, at: &Pointer, notes: &mut Notes) {
    let other = ["prefixEncoding", "itemEncoding"].into_iter().find(|key| node.get(key).is_some());
    if let (Some(encoding), Some(other)) = (node.get("encoding"), other) {
        let reason = format!("`encoding` is for parts with names and `{other}` for the others: there can be only one");
        correction(notes, &at.join("encoding"), encoding, reason);
    }
}

/// Notes each constraint on values that a client does not check.
pub(crate) fn note_unchecked(document: &Node, notes: &mut Notes) {
    // A value with another note was left out or changed.
    let noted: HashSet<Pointer> = notes.iter().map(|note| note.pointer.clone()).collect();
    // The last `not`. What is in it is part of the same constraint. The walk visits an object before those in it.
    let mut around: Option<Pointer> = None;
    Object::OpenApi.walk(document, &Pointer::root(), &mut |kind, node, at| {
        if kind != Object::Schema || around.as_ref().is_some_and(|around| at.is_within(around)) {
            return;
        }
        if node.get("not").is_some() {
            around = Some(at.join("not"));
        }
        // In a tuple, `minItems` and `maxItems` decide its length.
        let is_tuple =
            node.get("prefixItems").is_some() || node.get("items").is_some_and(|items| items.as_array().is_some());
        for (key, value) in node.as_object().into_iter().flatten() {
            let number = if let Value::Number(number) = &value.value { number.as_f64() } else { None };
            let more_than = |least: f64| number.is_some_and(|limit| limit > least);
            let constrains = match key.as_str() {
                "minLength" | "minProperties" => more_than(0.0),
                "minItems" => more_than(0.0) && !is_tuple,
                "maxItems" => number.is_some() && !is_tuple,
                "maxLength" | "maxProperties" | "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum"
                | "multipleOf" => number.is_some(),
                "uniqueItems" => value.as_bool() == Some(true),
                "pattern" => value.as_str().is_some(),
                "not" => value.as_object().is_some(),
                _ => false,
            };
            let at = at.join(key);
            if constrains && !noted.contains(&at) {
                notes.push(Stage::Shape, Kind::Unchecked, &at, value, format!("`{key}` is not checked"));
            }
        }
    });
}
