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

use crate::calls::{self, Calls, Status};
use crate::grammar;
use crate::note::Kind;

use super::context::Types;
use super::model::{Idempotency, Operation, Param, Place};
use super::names;

use shaping::{Headers, Shaping};

pub(super) use methods::groups;
pub(super) use security::{schemes, servers};
pub(super) use webhooks::webhooks;

pub(super) fn shape(calls: &Calls, types: &mut Types<'_>) -> (Vec<Operation>, Headers) {
    let mut found = Headers::default();
    let methods = methods::methods(calls);
    let mut operations = Vec::new();
    let mut paths = BTreeSet::new();
    // Sorted, so that the order of the document does not change names.
    let mut documented: Vec<_> = calls.operations().enumerate().collect();
    documented.sort_by_key(|(_, (item, call))| (&item.name, &call.method));
    for (position, (item, call)) in documented {
        let (path, method) = (item.name.as_str(), call.method.as_str());
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
            types.note(Kind::Skip, &call.at, &call.span, reason);
            continue;
        }
        if !media::http_token(method) {
            let reason = format!("the operation `{name}` was left out: `{method}` is not a method of HTTP");
            types.note(Kind::Skip, &call.at, &call.span, reason);
            continue;
        }
        let Some(template) = params::template(path) else {
            let reason = format!("the operation `{name}` was left out: `{path}` is not a path template");
            types.note(Kind::Skip, &call.at, &call.span, reason);
            continue;
        };
        let hint = names::pascal(&named.hint);
        let mut shaping = Shaping { types, hint, path, call, found: &mut found };
        let mut params = shaping.params(item, &template);
        let body = shaping.body();
        shaping.tell_apart(&mut params, body.as_ref());
        let responses::Success { payload: success, accept, readings, media, streams } = shaping.success();
        let streams = shaping.hinted(streams);
        let errors = shaping.errors();
        let headers = shaping.headers();
        shaping.note_hints();
        let hint = shaping.hint;
        let security = security::requirements(calls, call, types.notes);
        let server = [(&call.servers, &call.at), (&item.servers, &item.at)].into_iter().find_map(|(servers, place)| {
            let servers = servers.as_ref()?;
            let server = security::own_server(servers)?;
            security::note_other_servers(servers, place, &server, types.notes);
            Some(server)
        });
        let callbacks = webhooks::callbacks(types, &mut found, call, &hint);
        let paging = call.hints.paging.as_ref();
        if let Some(hint) = paging.filter(|hint| hint.value.is_none()) {
            let reason = "`x-paging` does not describe how to request the next page";
            types.note(Kind::Skip, &call.at.join("x-paging"), &hint.span, reason);
        }
        let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let operation = Operation {
            id: call.id.clone().unwrap_or_else(|| name.clone()),
            own_id: call.id.clone(),
            group_given: call.hints.group.is_some(),
            name_given: call.hints.name.is_some(),
            group: named.group,
            method: grammar::sent_method(method),
            path: path.to_owned(),
            summary: text(&call.summary),
            description: text(&call.description),
            deprecated: call.deprecated,
            idempotency: idempotency(call, &params),
            params,
            body,
            success,
            accept,
            readings,
            media,
            streams,
            headers,
            errors,
            paging: paging.and_then(|hint| hint.value.clone()),
            paging_span: paging.map(|hint| hint.span.clone()),
            callbacks,
            links: Vec::new(),
            statuses: call.responses.keys().copied().collect::<BTreeSet<Status>>().into_iter().collect(),
            security,
            server,
            pointer: call.at.clone(),
            span: call.span.clone(),
            name,
        };
        let (_, query) = operation.parted();
        if let Some(query) = query {
            let reason = match query {
                "" => "a path has no fragment; it is not sent".to_owned(),
                query => format!("a path has no query; `{query}` is sent in each request"),
            };
            types.note(Kind::Correction, &call.at, &call.span, reason);
        }
        operations.push((position, operation));
    }
    operations.sort_by_key(|(position, _)| *position);
    let mut operations: Vec<Operation> = operations.into_iter().map(|(_, operation)| operation).collect();
    links::links(calls, types, &mut operations);
    (operations, found)
}

/// `x-idempotency-key` names the header, and `x-idempotent` declares the operation idempotent or not. Otherwise a
/// documented `Idempotency-Key` header or the method decides (RFC 9110, section 9.2.2).
fn idempotency(call: &calls::Operation, params: &[Param]) -> Idempotency {
    let (method, key) = (call.method.as_str(), call.hints.key.as_ref().and_then(|hint| hint.value.as_ref()));
    if let Some(header) = key.filter(|header| media::http_token(header)) {
        return Idempotency::ByKey(header.to_ascii_lowercase());
    }
    match call.hints.idempotent.as_ref().and_then(|hint| hint.value) {
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
