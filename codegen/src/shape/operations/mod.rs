//! Operations: methods in groups, with all that the wire needs: styles, media types, security, servers, paging.

mod bodies;
mod media;
mod methods;
mod params;
mod responses;
mod security;
mod webhooks;

use std::collections::BTreeSet;

use crate::document::{Node, Pointer, Value};
use crate::grammar;
use crate::note::Kind;

use super::model::{Case, Idempotency, Next, Operation, Paging, Payload};
use super::names;
use super::types::Types;

pub(super) use methods::groups;
pub(super) use security::{schemes, servers};
pub(super) use webhooks::webhooks;

pub(super) fn shape(document: &Node, types: &mut Types<'_>) -> Vec<Operation> {
    let methods = methods::methods(document);
    let mut operations = Vec::new();
    let mut paths = BTreeSet::new();
    // In an order of their own: the order of the document decides no name.
    let mut documented: Vec<_> = grammar::operations(document).enumerate().collect();
    documented.sort_by_key(|(_, (path, method, ..))| (path.to_owned(), method.to_owned()));
    for (position, (path, method, node, item)) in documented {
        let at = grammar::method_at(&Pointer::root().join("paths").join(path), method);
        let Some(named) = methods.get(&(path.to_owned(), method.to_owned())).cloned() else { continue };
        let name = named.name;
        // Two templates that differ in names only are one path to a server.
        let anonymous: String = path
            .split('{')
            .map(|part| part.split_once('}').map_or(part, |(_, rest)| rest))
            .collect::<Vec<_>>()
            .join("{}");
        if !paths.insert((method, anonymous)) {
            let reason =
                format!("the operation `{name}` was left out: another one has the same path but for the names in it");
            types.note(Kind::Skip, &at, node, reason);
            continue;
        }
        let Some(template) = params::template(path) else {
            let reason = format!("the operation `{name}` was left out: `{path}` is not a path template");
            types.note(Kind::Skip, &at, node, reason);
            continue;
        };
        let hint = names::pascal(&named.hint);
        let mut shaping = Shaping { document, types, at, hint, path, node };
        let params = shaping.params(item, &template);
        let body = shaping.body();
        let (success, accept) = shaping.success();
        let errors = shaping.errors();
        let security = security::requirements(document, node);
        let server = security::own_server(node).or_else(|| security::own_server(item));
        let (at, hint) = (shaping.at, shaping.hint);
        let callbacks = webhooks::callbacks(document, types, node, &at, &hint);
        let text = |key: &str| node.str(key).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let operation = Operation {
            id: node.str("operationId").map_or_else(|| name.clone(), str::to_owned),
            group: named.group,
            method: grammar::sent_method(method),
            path: path.to_owned(),
            summary: text("summary"),
            description: text("description"),
            deprecated: node.is_true("deprecated"),
            idempotency: idempotency(node, method, &params),
            params,
            body,
            success,
            accept,
            errors,
            paging: paging(node),
            callbacks,
            security,
            server,
            pointer: at,
            node: node.clone(),
            name,
        };
        operations.push((position, operation));
    }
    operations.sort_by_key(|(position, _)| *position);
    operations.into_iter().map(|(_, operation)| operation).collect()
}

/// `x-idempotency-key` names the header, `x-idempotent` says it outright; else a documented `Idempotency-Key` or the method
/// decides (RFC 9110, section 9.2.2).
fn idempotency(node: &Node, method: &str, params: &[super::model::Param]) -> Idempotency {
    if let Some(header) = node.str("x-idempotency-key").filter(|header| media::http_token(header)) {
        return Idempotency::ByKey(header.to_ascii_lowercase());
    }
    match node.get("x-idempotent").and_then(Node::as_bool) {
        Some(true) => return Idempotency::Idempotent,
        Some(false) => return Idempotency::NotIdempotent,
        None => {}
    }
    if params.iter().any(|param| param.wire.eq_ignore_ascii_case("idempotency-key"))
        && matches!(method, "post" | "patch")
    {
        return Idempotency::ByKey("idempotency-key".to_owned());
    }
    // Of the methods without a member of their own, these are safe by their registration.
    let other = matches!(method, "PROPFIND" | "REPORT" | "SEARCH") || grammar::METHODS.contains(&method);
    if matches!(method, "post" | "patch") || !other { Idempotency::NotIdempotent } else { Idempotency::Idempotent }
}

fn paging(node: &Node) -> Option<Paging> {
    let hint = node.get("x-paging")?;
    let text = |key: &str| hint.str(key).map(str::to_owned);
    let items = text("items").unwrap_or_default();
    let next = if let (Some(parameter), Some(next)) = (text("token"), text("next")) {
        Next::Token { parameter, next }
    } else if let Some(parameter) = text("offset") {
        Next::Offset { parameter }
    } else if let Some(parameter) = text("page") {
        let first = match hint.get("first").map(|node| &node.value) {
            Some(Value::Number(number)) => number.as_i64(),
            _ => None,
        };
        Next::Page { parameter, first: first.unwrap_or(1) }
    } else if hint.is_true("link") {
        Next::Link
    } else {
        return None;
    };
    Some(Paging { items, next })
}

/// One operation being shaped.
struct Shaping<'a, 'b> {
    document: &'a Node,
    types: &'a mut Types<'b>,
    at: Pointer,
    /// What types made for this operation are named after.
    hint: String,
    path: &'a str,
    node: &'a Node,
}

/// What the types of a shared parameter, body or response are named after: the component, and not the operation that
/// happens to use it first. `None` for a place in an operation. A name that says already what it is gets no `kind`.
fn component_hint(at: &Pointer, kind: &str) -> Option<String> {
    let tokens = Pointer::split(at.as_str())?;
    let ["components", "parameters" | "requestBodies" | "responses", name, ..] =
        tokens.iter().map(String::as_str).collect::<Vec<_>>()[..]
    else {
        return None;
    };
    let name = names::pascal(name);
    let says_it = name.ends_with(kind) || name.ends_with("Error");
    Some(if says_it { name } else { format!("{name}{kind}") })
}

/// Cases in the order in which they are looked for: codes, ranges, the default; the first of a status wins.
fn sorted(mut cases: Vec<Case>) -> Vec<Case> {
    cases.sort_by_key(|case| case.status);
    cases.dedup_by_key(|case| case.status);
    cases
}

impl Payload {
    /// One payload for all documented successes.
    fn of(cases: Vec<Case>) -> Self {
        let cases = sorted(cases);
        let mut distinct: Vec<&super::model::Type> = Vec::new();
        for ty in cases.iter().filter_map(|case| case.ty.as_ref()) {
            if !distinct.contains(&ty) {
                distinct.push(ty);
            }
        }
        let empty = cases.iter().any(|case| case.ty.is_none());
        match distinct.as_slice() {
            [] => Self::Empty,
            // Of a JSON and an empty success, the empty one is `None`.
            [ty] => Self::Json(if empty { (*ty).clone().nullable() } else { (*ty).clone() }),
            _ => Self::ByStatus(cases),
        }
    }
}
