//! How operations authenticate, and which servers they use.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Node, Pointer};
use crate::grammar::{self, resolve};
use crate::note::{Kind, Notes, Stage};

use super::media::http_token;
use super::names;
use crate::shape::model::{Enum, EnumValue, Flow, Place, Scheme, SchemeKind, Server, Variable};

/// The security schemes that the document declares. A scheme that no generated method sends gets a note.
pub(in crate::shape) fn schemes(document: &Node, notes: &mut Notes) -> Vec<Scheme> {
    let declared = document.pointer("/components/securitySchemes").and_then(Node::as_object);
    // How many schemes have had this stem: the search for a free name continues after the last one.
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut taken: BTreeSet<String> = ["new", "with", "clone", "fmt", "default"].map(str::to_owned).into();
    let mut schemes = Vec::new();
    for (wire, node) in declared.into_iter().flatten() {
        let node = resolve(document, node);
        let kind = match means(node) {
            Means::Credential(kind) => kind,
            Means::Connection => continue,
            Means::Unknown(what) => {
                let at = Pointer::root().join("components").join("securitySchemes").join(wire);
                let reason = format!("there is no method for {what}: set its credential by `Credentials::with`");
                notes.push(Stage::Shape, Kind::Loss, &at, node, reason);
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
        let mut doc = node.str("description").unwrap_or_default().trim().to_owned();
        if let Some(url) = node.str("oauth2MetadataUrl") {
            doc.push_str(&format!("\n\nThe metadata of the authorization server are at <{url}> (RFC 8414)."));
        }
        schemes.push(Scheme { wire: wire.clone(), name, doc, deprecated: node.is_true("deprecated"), kind });
    }
    // A scheme with an error is not in the normalized document, and already has a note.
    let noted = |at: &Pointer, notes: &Notes| notes.iter().any(|note| note.pointer == *at);
    for wire in grammar::security_requirements(document) {
        let at = Pointer::root().join("components").join("securitySchemes").join(&wire);
        if declared.is_none_or(|schemes| schemes.get(&wire).is_none()) && !noted(&at, notes) {
            let reason = format!("`security` needs `{wire}`, which is not declared: set it by `Credentials::with`");
            notes.push(Stage::Shape, Kind::Loss, &at, document, reason);
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

fn means(node: &Node) -> Means {
    let text = |key: &str| node.str(key).unwrap_or_default();
    match text("type") {
        "mutualTLS" => Means::Connection,
        "http" => match text("scheme").to_ascii_lowercase().as_str() {
            "basic" => Means::Credential(SchemeKind::Basic),
            "bearer" => Means::Credential(SchemeKind::Bearer),
            other => Means::Unknown(format!("the HTTP authentication scheme `{other}`")),
        },
        "openIdConnect" => Means::Credential(SchemeKind::Bearer),
        "apiKey" => {
            let name = text("name");
            let place = match text("in") {
                "header" if http_token(name) => Place::Header,
                "query" if !name.is_empty() => Place::Query,
                "cookie" if http_token(name) => Place::Cookie,
                place => return Means::Unknown(format!("a key in `{place}` by the name `{name}`")),
            };
            // HTTP libraries expect header names in lower case.
            let name = if place == Place::Header { name.to_ascii_lowercase() } else { name.to_owned() };
            Means::Credential(SchemeKind::ApiKey { place, name })
        }
        "oauth2" => {
            let flow = |name: &str, start: Option<&str>| flow(node.get("flows")?.get(name)?, start);
            Means::Credential(SchemeKind::OAuth2 {
                client_credentials: flow("clientCredentials", None),
                device: flow("deviceAuthorization", Some("deviceAuthorizationUrl")),
                authorization_code: flow("authorizationCode", Some("authorizationUrl")),
            })
        }
        other => Means::Unknown(format!("a security scheme of the type `{other}`")),
    }
}

/// Reads a flow. `start` is the name of the member with the endpoint that starts the flow. `None` if that endpoint or
/// the token endpoint is missing.
fn flow(node: &Node, start: Option<&str>) -> Option<Flow> {
    let start = match start {
        Some(member) => Some(node.str(member)?.to_owned()),
        None => None,
    };
    let scopes = node.get("scopes").and_then(Node::as_object).into_iter().flatten();
    let scopes = scopes.map(|(scope, what)| (scope.clone(), what.as_str().unwrap_or_default().trim().to_owned()));
    Some(Flow { start, tokens: node.str("tokenUrl")?.to_owned(), scopes: scopes.collect() })
}

/// The security alternatives of an operation: its own, or else those of the document. A scheme that no method sends
/// stays in its alternative, so that a call without a credential for it fails before it is sent.
pub(super) fn requirements(
    document: &Node,
    operation: &Node,
    at: &Pointer,
    notes: &mut Notes,
) -> Vec<Vec<(String, Vec<String>)>> {
    let declared = document.pointer("/components/securitySchemes");
    let own = operation.get("security");
    let place_of = if own.is_some() { at.join("security") } else { Pointer::root().join("security") };
    let Some(written) = own.or_else(|| document.get("security")) else { return Vec::new() };
    let mut all = Vec::new();
    for alternative in written.as_array().into_iter().flatten().filter_map(Node::as_object) {
        let schemes = alternative.iter().filter_map(|(scheme, scopes)| {
            let node = declared.and_then(|schemes| schemes.get(scheme)).map(|node| resolve(document, node));
            let place = match node.map(means) {
                Some(Means::Connection) => return None,
                Some(Means::Credential(kind)) => Some(place(kind)),
                Some(Means::Unknown(_)) | None => None,
            };
            let scopes = scopes.as_array().into_iter().flatten().filter_map(Node::as_str).map(str::to_owned).collect();
            Some((place, (grammar::scheme_name(scheme), scopes)))
        });
        let (apart, count) = apart(schemes.collect());
        // Many operations share the document's own requirement, so it gets one note.
        if count > 1 && (own.is_some() || !notes.iter().any(|note| note.pointer == place_of)) {
            let (kind, rest) = match count > apart.len() {
                true => (Kind::Loss, format!(", of which there are {} here", apart.len())),
                false => (Kind::Correction, String::new()),
            };
            let reason = format!(
                "schemes that set the same header, parameter or cookie cannot be sent together; the requirement is read as \
                 {count} alternatives{rest}"
            );
            notes.push(Stage::Shape, kind, &place_of, written, reason);
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
pub(super) fn own_server(owner: &Node) -> Option<String> {
    let server = owner.get("servers").and_then(Node::as_array)?.first()?;
    let default = |name: &str| server.get("variables")?.get(name).map(|it| it.str("default").unwrap_or_default());
    let (mut url, mut rest) = (String::new(), server.str("url")?);
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
pub(super) fn note_other_servers(owner: &Node, at: &Pointer, server: &str, notes: &mut Notes) {
    let all = owner.get("servers").and_then(Node::as_array).unwrap_or_default();
    let variables = all.first().and_then(|first| first.get("variables")).and_then(Node::as_object);
    let variables: Vec<&str> = variables.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let other = match (all.len() > 1, variables.is_empty()) {
        (false, true) => return,
        (true, true) => "another of its servers".to_owned(),
        (false, false) => format!("other values of `{}`", variables.join("`, `")),
        (true, false) => format!("another of its servers, or other values of `{}`", variables.join("`, `")),
    };
    let at = at.join("servers");
    // All operations of a path share one note.
    if notes.iter().any(|note| note.kind == Kind::Rename && note.pointer == at) {
        return;
    }
    let reason = format!("calls are sent to `{server}`");
    let node = owner.get("servers").unwrap_or(owner);
    let note = notes.push(Stage::Shape, Kind::Rename, &at, node, reason);
    note.advise(format!("for {other}, give the builder `Server::instead_of({server:?}, ...)`"));
}

/// The document's servers.
pub(in crate::shape) fn servers(document: &Node) -> Vec<Server> {
    let mut taken = BTreeSet::new();
    let mut servers = Vec::new();
    for node in document.get("servers").and_then(Node::as_array).into_iter().flatten() {
        let Some(url) = node.str("url").filter(|url| url.contains("://")) else { continue };
        let described = node.str("name").or_else(|| node.str("description")).unwrap_or_default();
        let words: Vec<&str> = described.split_whitespace().take(4).collect();
        let short = described.len() <= 40 && !words.is_empty() && words.len() == described.split_whitespace().count();
        let mut name = if short { names::pascal(described) } else { "Documented".to_owned() };
        while !taken.insert(name.clone()) {
            name.push_str("Other");
        }
        let mut used = BTreeSet::new();
        let variables = node.get("variables").and_then(Node::as_object).into_iter().flatten();
        let variables = variables
            .map(|(wire, variable)| {
                let mut name = names::snake(wire);
                while !used.insert(name.clone()) {
                    name.push_str("_variable");
                }
                Variable {
                    name,
                    wire: wire.clone(),
                    default: variable.str("default").unwrap_or_default().to_owned(),
                    values: values(variable),
                    doc: variable.str("description").unwrap_or_default().trim().to_owned(),
                }
            })
            .collect();
        servers.push(Server { name, url: url.to_owned(), doc: described.to_owned(), variables });
    }
    servers
}

/// The values that the document lists for a variable.
fn values(variable: &Node) -> Option<Enum> {
    let mut seen = BTreeSet::new();
    let listed = variable.get("enum").and_then(Node::as_array)?.iter().filter_map(Node::as_str);
    let wires: Vec<String> = listed.filter(|wire| seen.insert(*wire)).map(str::to_owned).collect();
    let (names, unknown) = names::variants(&wires, &[]);
    let values = names.into_iter().zip(wires).map(|(name, wire)| EnumValue { name, wire }).collect();
    Some(Enum { values, unknown, integer: false })
}
