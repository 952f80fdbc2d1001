//! Operations: the methods in their groups, and what a request needs: styles, media types, security, servers, paging.

mod arguments;
mod bodies;
mod forms;
mod headers;
mod links;
mod media;
mod methods;
mod params;
mod responses;
mod security;
mod shaping;
mod streams;
mod webhooks;

use std::collections::BTreeSet;

use crate::document::{Node, Pointer};
use crate::grammar;
use crate::note::Kind;

use super::context::Types;
use super::model::{Idempotency, Operation, Param, Place};
use super::names;
use super::paging::Paging;
use super::status::Status;

use shaping::{Headers, Shaping};

pub(super) use methods::groups;
pub(super) use security::{schemes, servers};
pub(super) use webhooks::webhooks;

pub(super) fn shape(document: &Node, types: &mut Types<'_>) -> (Vec<Operation>, Headers) {
    let mut found = Headers::new();
    let methods = methods::methods(document);
    let mut operations = Vec::new();
    let mut paths = BTreeSet::new();
    // Sorted, so that the order of the document does not change names.
    let mut documented: Vec<_> = grammar::operations(document).enumerate().collect();
    documented.sort_by_key(|(_, (path, method, ..))| (path.to_owned(), method.to_owned()));
    for (position, (path, method, node, item)) in documented {
        let at = grammar::method_at(&Pointer::root().join("paths").join(path), method);
        let Some(named) = methods.get(&(path.to_owned(), method.to_owned())).cloned() else { continue };
        let name = named.name;
        // A server cannot distinguish two templates that differ only in the names of parameters.
        let anonymous: String = path
            .split('{')
            .map(|part| part.split_once('}').map_or(part, |(_, rest)| rest))
            .collect::<Vec<_>>()
            .join("{}");
        if !paths.insert((method, anonymous)) {
            let reason = format!(
                "the operation `{name}` was left out: another one has the same path apart from the parameters' names"
            );
            types.note(Kind::Skip, &at, node, reason);
            continue;
        }
        if !media::http_token(method) {
            let reason = format!("the operation `{name}` was left out: `{method}` is not a method of HTTP");
            types.note(Kind::Skip, &at, node, reason);
            continue;
        }
        let Some(template) = params::template(path) else {
            let reason = format!("the operation `{name}` was left out: `{path}` is not a path template");
            types.note(Kind::Skip, &at, node, reason);
            continue;
        };
        let hint = names::pascal(&named.hint);
        let mut shaping = Shaping { document, types, at, hint, path, node, found: &mut found };
        let mut params = shaping.params(item, &template);
        let body = shaping.body();
        shaping.tell_apart(&mut params, body.as_ref());
        let responses::Success { payload: success, accept, readings, media, streams } = shaping.success();
        let streams = shaping.hinted(streams);
        let errors = shaping.errors();
        let headers = shaping.headers();
        shaping.note_hints();
        let (at, hint) = (shaping.at, shaping.hint);
        let security = security::requirements(document, node, &at, types.notes);
        let item_at = Pointer::root().join("paths").join(path);
        let server = [(node, &at), (item, &item_at)].into_iter().find_map(|(owner, place)| {
            let server = security::own_server(owner)?;
            security::note_other_servers(owner, place, &server, types.notes);
            Some(server)
        });
        let callbacks = webhooks::callbacks(document, types, &mut found, node, &at, &hint);
        let paging = Paging::of(node);
        if let Some(hint) = node.get("x-paging").filter(|_| paging.is_none()) {
            types.note(
                Kind::Skip,
                &at.join("x-paging"),
                hint,
                "`x-paging` does not describe how to request the next page",
            );
        }
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
            readings,
            media,
            streams,
            headers,
            errors,
            paging,
            callbacks,
            links: Vec::new(),
            statuses: statuses(node),
            security,
            server,
            pointer: at,
            node: node.clone(),
            name,
        };
        let (_, query) = operation.parted();
        if let Some(query) = query {
            let reason = match query {
                "" => "a path has no fragment; it is not sent".to_owned(),
                query => format!("a path has no query; `{query}` is sent in each request"),
            };
            types.note(Kind::Correction, &operation.pointer, node, reason);
        }
        operations.push((position, operation));
    }
    let mut taken = free_names(&mut operations);
    operations.sort_by_key(|(position, _)| *position);
    let mut operations: Vec<Operation> = operations.into_iter().map(|(_, operation)| operation).collect();
    links::links(document, types, &mut operations, &mut taken);
    (operations, found)
}

/// Makes the names for other media types unique among the methods of the group and the setters of the request. Returns
/// the names of all methods with their groups.
fn free_names(operations: &mut [(usize, Operation)]) -> BTreeSet<(Option<String>, String)> {
    let key = |operation: &Operation, name: &str| (operation.group.clone(), name.trim_end_matches('_').to_owned());
    let mut taken: BTreeSet<(Option<String>, String)> =
        operations.iter().map(|(_, operation)| key(operation, &operation.name)).collect();
    let groups: BTreeSet<String> = operations.iter().filter_map(|(_, operation)| operation.group.clone()).collect();
    taken.extend(groups.into_iter().map(|group| (None, group)));
    for (_, operation) in operations {
        let (group, stem) = (operation.group.clone(), operation.name.trim_end_matches('_').to_owned());
        let mut setters: BTreeSet<String> = operation.params.iter().map(|param| param.name.clone()).collect();
        for (suffix, _) in operation.body.iter_mut().flat_map(|body| &mut body.others) {
            while !(setters.insert(format!("body_{suffix}"))
                & taken.insert((group.clone(), format!("{stem}_{suffix}"))))
            {
                suffix.push_str("_body");
            }
        }
        let readings = operation.readings.iter_mut().map(|reading| &mut reading.name);
        for name in readings.chain(operation.streams.iter_mut().map(|stream| &mut stream.name)) {
            while !setters.insert(name.clone()) {
                name.push_str("_response");
            }
        }
    }
    taken
}

/// The statuses of all responses, the most specific first.
fn statuses(node: &Node) -> Vec<Status> {
    let responses = node.get("responses").and_then(Node::as_object).into_iter().flatten();
    let statuses: BTreeSet<Status> = responses.filter_map(|(status, _)| Status::parse(status)).collect();
    statuses.into_iter().collect()
}

/// `x-idempotency-key` names the header, and `x-idempotent` declares the operation idempotent or not. Otherwise a
/// documented `Idempotency-Key` header or the method decides (RFC 9110, section 9.2.2).
fn idempotency(node: &Node, method: &str, params: &[Param]) -> Idempotency {
    if let Some(header) = node.str("x-idempotency-key").filter(|header| media::http_token(header)) {
        return Idempotency::ByKey(header.to_ascii_lowercase());
    }
    match node.get("x-idempotent").and_then(Node::as_bool) {
        Some(true) => return Idempotency::Idempotent,
        Some(false) => return Idempotency::NotIdempotent,
        None => {}
    }
    let is_key = |param: &Param| param.place == Place::Header && param.wire.eq_ignore_ascii_case("idempotency-key");
    if params.iter().any(is_key) && matches!(method, "post" | "patch") {
        return Idempotency::ByKey("idempotency-key".to_owned());
    }
    // HTTP methods that are registered as safe but that OpenAPI does not define.
    let other = matches!(method, "PROPFIND" | "REPORT" | "SEARCH") || grammar::METHODS.contains(&method);
    if matches!(method, "post" | "patch") || !other { Idempotency::NotIdempotent } else { Idempotency::Idempotent }
}
