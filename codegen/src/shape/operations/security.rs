//! How operations authenticate, and which servers they use.

use std::collections::BTreeSet;

use crate::document::Node;
use crate::grammar::{self, resolve};

use super::media::http_token;
use super::names;
use crate::shape::model::{Place, Scheme, SchemeKind, Server, Variable};

/// The security schemes that the document declares.
pub(in crate::shape) fn schemes(document: &Node) -> Vec<Scheme> {
    let declared = document.pointer("/components/securitySchemes").and_then(Node::as_object);
    let mut taken: BTreeSet<String> = ["new", "clone", "fmt", "default"].map(str::to_owned).into();
    let mut schemes = Vec::new();
    for (wire, node) in declared.into_iter().flatten() {
        let node = resolve(document, node);
        let Some(kind) = kind(node) else { continue };
        let mut name = names::snake(wire);
        while !taken.insert(name.trim_end_matches('_').to_owned()) {
            name = format!("{}_scheme", name.trim_end_matches('_'));
        }
        let mut doc = node.str("description").unwrap_or_default().trim().to_owned();
        if let Some(url) = node.str("oauth2MetadataUrl") {
            doc.push_str(&format!("\n\nThe metadata of the authorization server are at <{url}> (RFC 8414)."));
        }
        schemes.push(Scheme { wire: wire.clone(), name, doc, deprecated: node.is_true("deprecated"), kind });
    }
    schemes
}

fn kind(node: &Node) -> Option<SchemeKind> {
    match node.str("type")? {
        "http" if node.str("scheme").is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic")) => {
            Some(SchemeKind::Basic)
        }
        "http" | "openIdConnect" => Some(SchemeKind::Bearer),
        "apiKey" => {
            let name = node.str("name").filter(|name| !name.is_empty())?.to_owned();
            let place = match node.str("in")? {
                "header" if http_token(&name) => Place::Header,
                "query" => Place::Query,
                "cookie" if http_token(&name) => Place::Cookie,
                _ => return None,
            };
            // HTTP libraries expect header names in lower case.
            let name = if place == Place::Header { name.to_ascii_lowercase() } else { name };
            Some(SchemeKind::ApiKey { place, name })
        }
        "oauth2" => {
            let url = |pointer: &str| node.pointer(pointer).and_then(Node::as_str).map(str::to_owned);
            let device = url("/flows/deviceAuthorization/deviceAuthorizationUrl")
                .and_then(|device| Some((device, url("/flows/deviceAuthorization/tokenUrl")?)));
            Some(SchemeKind::OAuth2 { client_credentials: url("/flows/clientCredentials/tokenUrl"), device })
        }
        _ => None,
    }
}

/// The alternatives of supported schemes by which an operation can authenticate: its own, or else the document's.
pub(super) fn requirements(document: &Node, operation: &Node) -> Vec<Vec<(String, Vec<String>)>> {
    let declared = document.pointer("/components/securitySchemes");
    let security = operation.get("security").or_else(|| document.get("security")).and_then(Node::as_array);
    let known = |scheme: &str| declared.and_then(|schemes| kind(resolve(document, schemes.get(scheme)?)));
    let alternatives = security.into_iter().flatten().filter_map(|alternative| {
        let schemes = alternative.as_object()?;
        let all = schemes.iter().map(|(scheme, scopes)| {
            let scheme = grammar::scheme_name(scheme);
            let scopes = scopes.as_array().into_iter().flatten().filter_map(Node::as_str).map(str::to_owned).collect();
            let at = place(known(&scheme)?);
            Some((at, (scheme, scopes)))
        });
        all.collect::<Option<Vec<_>>>().map(apart)
    });
    alternatives.flatten().collect()
}

/// Where a credential is sent.
fn place(kind: SchemeKind) -> (Place, String) {
    match kind {
        SchemeKind::ApiKey { place, name } => (place, name),
        SchemeKind::Basic | SchemeKind::Bearer | SchemeKind::OAuth2 { .. } => {
            (Place::Header, "authorization".to_owned())
        }
    }
}

/// The alternatives that one alternative of a document means. A request has one value of each header, so schemes that set the
/// same one cannot be used together: each alternative has one of them.
fn apart<S: Clone>(schemes: Vec<((Place, String), S)>) -> Vec<Vec<S>> {
    let mut groups: Vec<((Place, String), Vec<S>)> = Vec::new();
    for (at, scheme) in schemes {
        match groups.iter_mut().find(|(known, _)| *known == at) {
            Some((_, group)) => group.push(scheme),
            None => groups.push((at, vec![scheme])),
        }
    }
    let count = groups.iter().map(|(_, group)| group.len()).max().unwrap_or(1);
    // A shorter group repeats its last scheme.
    let one = |index: usize| -> Vec<S> {
        groups.iter().filter_map(|(_, group)| group.get(index).or_else(|| group.last()).cloned()).collect()
    };
    (0..count).map(one).collect()
}

/// The URL of the first server, with the defaults of its variables.
pub(super) fn own_server(owner: &Node) -> Option<String> {
    let server = owner.get("servers").and_then(Node::as_array)?.first()?;
    let mut url = server.str("url")?.to_owned();
    for (name, variable) in server.get("variables").and_then(Node::as_object).into_iter().flatten() {
        url = url.replace(&format!("{{{name}}}"), variable.str("default").unwrap_or_default());
    }
    Some(url)
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
                let values = variable.get("enum").and_then(Node::as_array).into_iter().flatten();
                Variable {
                    name,
                    wire: wire.clone(),
                    default: variable.str("default").unwrap_or_default().to_owned(),
                    values: values.filter_map(Node::as_str).map(str::to_owned).collect(),
                    doc: variable.str("description").unwrap_or_default().trim().to_owned(),
                }
            })
            .collect();
        servers.push(Server { name, url: url.to_owned(), doc: described.to_owned(), variables });
    }
    servers
}
