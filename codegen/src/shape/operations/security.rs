//! How operations authenticate, and which servers they use.

use std::collections::{BTreeMap, BTreeSet};

use crate::calls::{self, Calls, FlowKind, Servers};
use crate::document::Pointer;
use crate::note::{Kind, Notes, Stage};

use super::media::http_token;
use super::names;
use crate::shape::model::{Enum, EnumValue, Flow, Place, Scheme, SchemeKind, Server, Variable};

/// The security schemes that the document declares. A scheme that no generated method sends gets a note.
pub(in crate::shape) fn schemes(calls: &Calls, notes: &mut Notes) -> Vec<Scheme> {
    // How many schemes have had this stem: the search for a free name continues after the last one.
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut taken: BTreeSet<String> = ["new", "with", "clone", "fmt", "default"].map(str::to_owned).into();
    let mut schemes = Vec::new();
    for (wire, scheme) in &calls.schemes {
        let kind = match means(scheme) {
            Means::Credential(kind) => kind,
            Means::Connection => continue,
            Means::Unknown(what) => {
                let at = Pointer::root().join("components").join("securitySchemes").join(wire);
                let reason = format!("there is no method for {what}: set its credential by `Credentials::with`");
                notes.push(Stage::Shape, Kind::Loss, &at, &scheme.span, reason);
                continue;
            }
        };
        let first = names::snake(wire);
        let stem = first.trim_end_matches('_').to_owned();
        let next = numbers.entry(stem.clone()).or_insert(0_usize);
        let mut name = first;
        while methods(&name, &kind).iter().any(|method| taken.contains(method)) {
            *next += 1;
            name = if *next == 1 { format!("{stem}_scheme") } else { format!("{stem}_scheme_{next}") };
        }
        taken.extend(methods(&name, &kind));
        let mut doc = scheme.description.clone();
        if let calls::SchemeKind::OAuth2 { metadata: Some(url), .. } = &scheme.kind {
            doc.push_str(&format!("\n\nThe metadata of the authorization server are at <{url}> (RFC 8414)."));
        }
        schemes.push(Scheme { wire: wire.clone(), name, doc, deprecated: scheme.deprecated == Some(true), kind });
    }
    // A scheme with an error is not in the normalized document, and already has a note.
    let noted = |at: &Pointer, notes: &Notes| notes.at(at).next().is_some();
    let requirements = calls.operations().filter_map(|(_, call)| call.security.as_ref()).chain(&calls.security);
    let names = requirements.flat_map(|security| &security.alternatives).flat_map(|alternative| alternative.keys());
    for wire in names.collect::<BTreeSet<&String>>() {
        let at = Pointer::root().join("components").join("securitySchemes").join(wire);
        if !calls.schemes.contains_key(wire) && !noted(&at, notes) {
            let reason = format!("`security` needs `{wire}`, which is not declared: set it by `Credentials::with`");
            notes.push(Stage::Shape, Kind::Loss, &at, &calls.span, reason);
        }
    }
    schemes
}

/// The names of all methods that a scheme can have.
fn methods(name: &str, kind: &SchemeKind) -> Vec<String> {
    let stem = name.trim_end_matches('_');
    let suffixes: &[&str] = match kind {
        SchemeKind::Basic | SchemeKind::ApiKey { .. } => &[],
        SchemeKind::Bearer => &["_by"],
        SchemeKind::OAuth2 { .. } => &["_by", "_client_credentials", "_device_login", "_authorization_code"],
    };
    std::iter::once(&"").chain(suffixes).map(|suffix| format!("{stem}{suffix}")).collect()
}

/// What a security scheme requires from a client.
enum Means {
    Credential(SchemeKind),
    /// A client certificate of the connection.
    Connection,
    /// A credential that no method sends, with its name for a note.
    Unknown(String),
}

fn means(scheme: &calls::Scheme) -> Means {
    match &scheme.kind {
        calls::SchemeKind::MutualTls => Means::Connection,
        calls::SchemeKind::Http(scheme) => match scheme.to_ascii_lowercase().as_str() {
            "basic" => Means::Credential(SchemeKind::Basic),
            "bearer" => Means::Credential(SchemeKind::Bearer),
            other => Means::Unknown(format!("the HTTP authentication scheme `{other}`")),
        },
        calls::SchemeKind::OpenId(_) => Means::Credential(SchemeKind::Bearer),
        calls::SchemeKind::ApiKey { place, name } => {
            let place = *place;
            let can_be_sent = match place {
                Place::Header | Place::Cookie => http_token(name),
                Place::Query => !name.is_empty(),
                Place::Path | Place::QueryString => false,
            };
            if !can_be_sent {
                return Means::Unknown(format!("a key in `{}` by the name `{name}`", place.name()));
            }
            // HTTP libraries expect header names in lower case.
            let name = if place == Place::Header { name.to_ascii_lowercase() } else { name.clone() };
            Means::Credential(SchemeKind::ApiKey { place, name })
        }
        calls::SchemeKind::OAuth2 { flows, metadata: _ } => {
            let flow = |kind: FlowKind| flows.get(&kind);
            // A flow needs the endpoint that starts it, and the one for tokens.
            let started = |flow: &calls::Flow, start: &Option<String>| of_flow(flow, Some(start.clone()?));
            Means::Credential(SchemeKind::OAuth2 {
                client_credentials: flow(FlowKind::ClientCredentials).and_then(|flow| of_flow(flow, None)),
                device: flow(FlowKind::DeviceAuthorization).and_then(|flow| started(flow, &flow.device)),
                authorization_code: flow(FlowKind::AuthorizationCode)
                    .and_then(|flow| started(flow, &flow.authorization)),
            })
        }
        calls::SchemeKind::Unknown(other) => Means::Unknown(format!("a security scheme of the type `{other}`")),
    }
}

/// A flow with the endpoint that starts it. `None` if the token endpoint is missing.
fn of_flow(flow: &calls::Flow, start: Option<String>) -> Option<Flow> {
    let scopes = flow.scopes.iter().map(|(scope, what)| (scope.clone(), what.clone())).collect();
    Some(Flow { start, tokens: flow.tokens.clone()?, scopes })
}

/// The security alternatives of an operation: its own, or else those of the document. A scheme that no method sends
/// stays in its alternative, so that a call without a credential for it fails before it is sent.
pub(super) fn requirements(
    calls: &Calls,
    call: &calls::Operation,
    notes: &mut Notes,
) -> Vec<Vec<(String, Vec<String>)>> {
    let own = call.security.as_ref();
    let place_of = if own.is_some() { call.at.join("security") } else { Pointer::root().join("security") };
    let Some(written) = own.or(calls.security.as_ref()) else { return Vec::new() };
    let mut all = Vec::new();
    for alternative in &written.alternatives {
        let schemes = alternative.iter().filter_map(|(scheme, scopes)| {
            let place = match calls.schemes.get(scheme).map(means) {
                Some(Means::Connection) => return None,
                Some(Means::Credential(kind)) => Some(place(kind)),
                Some(Means::Unknown(_)) | None => None,
            };
            Some((place, (scheme.clone(), scopes.clone())))
        });
        let (apart, count) = apart(schemes.collect());
        // Many operations share the document's own requirement, so it gets one note.
        if count > 1 && (own.is_some() || notes.at(&place_of).next().is_none()) {
            let (kind, rest) = match count > apart.len() {
                true => (Kind::Loss, format!(", of which there are {} here", apart.len())),
                false => (Kind::Correction, String::new()),
            };
            let reason = format!(
                "schemes that set the same header, parameter or cookie cannot be sent together; the requirement is read as \
                 {count} alternatives{rest}"
            );
            notes.push(Stage::Shape, kind, &place_of, &written.span, reason);
        }
        all.extend(apart);
    }
    all
}

/// The place of a credential in a request.
fn place(kind: SchemeKind) -> (Place, String) {
    match kind {
        SchemeKind::ApiKey { place, name } => (place, name),
        SchemeKind::Basic | SchemeKind::Bearer | SchemeKind::OAuth2 { .. } => {
            (Place::Header, "authorization".to_owned())
        }
    }
}

/// The maximum number of alternatives into which one alternative of a document is split.
const MOST: usize = 16;

/// Splits one alternative of a document into alternatives that a request can satisfy. Returns at most [`MOST`] of them,
/// and their total number. A request has one value for each place, so schemes for the same place cannot be used
/// together: each alternative has one of them. The place of a scheme is `None` if it is unknown; each alternative has
/// that scheme.
fn apart<S: Clone>(schemes: Vec<(Option<(Place, String)>, S)>) -> (Vec<Vec<S>>, usize) {
    let mut places: BTreeMap<(Place, String), usize> = BTreeMap::new();
    let mut groups: Vec<Vec<S>> = Vec::new();
    for (place, scheme) in schemes {
        let next = groups.len();
        let group = place.map_or(next, |place| *places.entry(place).or_insert(next));
        match groups.get_mut(group) {
            Some(group) => group.push(scheme),
            None => groups.push(vec![scheme]),
        }
    }
    let count = groups.iter().fold(1_usize, |count, group| count.saturating_mul(group.len()));
    let mut all = vec![Vec::new()];
    for group in groups {
        let more = all.iter().flat_map(|before| {
            group.iter().map(move |scheme| before.iter().chain([scheme]).cloned().collect::<Vec<S>>())
        });
        all = more.take(MOST).collect();
    }
    (all, count)
}

/// The URL of the first server, with the defaults of its variables.
pub(super) fn own_server(servers: &Servers) -> Option<String> {
    let server = servers.list.first()?;
    let default = |name: &str| server.variables.get(name).map(|variable| variable.default.as_str());
    let (mut url, mut rest) = (String::new(), server.url.as_str());
    // The URL is expanded in one pass, so that a default is never read as a template.
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        url.push_str(before);
        match default(name) {
            Some(value) => url.push_str(value),
            None => url.extend(["{", name, "}"]),
        }
        rest = after;
    }
    url.push_str(rest);
    Some(url)
}

/// Adds a note on how to call an operation on a server other than the first, or with other values of its variables.
pub(super) fn note_other_servers(servers: &Servers, at: &Pointer, server: &str, notes: &mut Notes) {
    let all = &servers.list;
    let variables: Vec<&str> =
        all.first().into_iter().flat_map(|first| first.variables.keys()).map(String::as_str).collect();
    let other = match (all.len() > 1, variables.is_empty()) {
        (false, true) => return,
        (true, true) => "another of its servers".to_owned(),
        (false, false) => format!("other values of `{}`", variables.join("`, `")),
        (true, false) => format!("another of its servers, or other values of `{}`", variables.join("`, `")),
    };
    let at = at.join("servers");
    // All operations of a path share one note.
    if notes.at(&at).any(|note| note.kind == Kind::Rename) {
        return;
    }
    let reason = format!("calls are sent to `{server}`");
    let note = notes.push(Stage::Shape, Kind::Rename, &at, &servers.span, reason);
    note.advise(format!("for {other}, give the builder `Server::instead_of({server:?}, ...)`"));
}

/// The document's servers.
pub(in crate::shape) fn servers(calls: &Calls) -> Vec<Server> {
    let mut taken = BTreeSet::new();
    let mut servers = Vec::new();
    let documented = calls.servers.iter().flat_map(|servers| &servers.list);
    for calls::Server { url, name, description, variables, span: _ } in documented {
        if !url.contains("://") {
            continue;
        }
        let described = name.as_deref().or(description.as_deref()).unwrap_or_default();
        let words: Vec<&str> = described.split_whitespace().take(4).collect();
        let short = described.len() <= 40 && !words.is_empty() && words.len() == described.split_whitespace().count();
        let mut name = if short { names::pascal(described) } else { "Documented".to_owned() };
        while !taken.insert(name.clone()) {
            name.push_str("Other");
        }
        let mut used = BTreeSet::new();
        let variables = variables
            .iter()
            .map(|(wire, variable)| {
                let mut name = names::snake(wire);
                while !used.insert(name.clone()) {
                    name = format!("{}_variable", name.trim_end_matches('_'));
                }
                Variable {
                    name,
                    wire: wire.clone(),
                    default: variable.default.clone(),
                    values: variable.values.as_deref().map(values),
                    doc: variable.description.clone(),
                }
            })
            .collect();
        servers.push(Server { name, url: url.clone(), doc: described.to_owned(), variables });
    }
    servers
}

/// The values that the document lists for a variable.
fn values(listed: &[String]) -> Enum {
    let mut seen = BTreeSet::new();
    let wires: Vec<String> = listed.iter().filter(|wire| seen.insert(*wire)).cloned().collect();
    let (names, unknown) = names::variants(&wires, &[]);
    let values =
        names.into_iter().zip(wires).map(|(name, wire)| EnumValue { name, wire, doc: String::new() }).collect();
    Enum { values, unknown, integer: false }
}
