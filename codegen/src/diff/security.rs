//! Compares the credentials and the server of a call.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::calls::{Flow, Place, Scheme, SchemeKind, Servers};
use crate::document::Node;

use super::compare::{Comparison, Operation, Side};

/// The security requirements of an operation.
struct Security<'a> {
    /// Whether a call without credentials is allowed.
    open: bool,
    /// The alternative requirements, by the names of their schemes.
    ways: BTreeMap<String, Credentials<'a>>,
}

/// The schemes of one alternative.
#[derive(Default)]
struct Credentials<'a> {
    /// The scopes of each alternative with these schemes: the index of the scheme, and the scope.
    scopes: BTreeSet<BTreeSet<(usize, String)>>,
    /// What the schemes ask for, if the document declares all of them.
    asks: Option<Vec<Asked<'a>>>,
}

/// A scheme without its name and its description.
#[derive(PartialEq)]
enum Asked<'a> {
    Known {
        kind: SchemeKind,
        deprecated: Option<bool>,
    },
    /// A scheme that OpenAPI does not know, or without a member that it needs, as the document has it.
    Unknown(&'a Node),
}

impl<'a> Security<'a> {
    fn of(operation: Operation<'_>, side: Side<'a>) -> Self {
        let calls = side.calls;
        let list = operation.call.security.as_ref().or(calls.security.as_ref());
        let list = list.map(|security| security.alternatives.as_slice()).unwrap_or_default();
        let mut security = Self { open: list.is_empty(), ways: BTreeMap::new() };
        for requirement in list {
            security.open |= requirement.is_empty();
            let mut schemes: Vec<&str> = requirement.keys().map(String::as_str).collect();
            schemes.sort_unstable();
            let way = security.ways.entry(schemes.join("` and `")).or_default();
            let scopes = schemes.iter().enumerate().flat_map(|(index, name)| {
                requirement.get(*name).into_iter().flatten().map(move |scope| (index, scope.clone()))
            });
            way.scopes.insert(scopes.collect());
            way.asks = schemes.iter().map(|name| Asked::of(side, name)).collect();
        }
        security
    }

    fn told(&self) -> String {
        let ways: Vec<String> = self.ways.keys().map(|schemes| format!("`{schemes}`")).collect();
        ways.join(" or ")
    }
}

impl Credentials<'_> {
    /// The scopes of all alternatives.
    fn all(&self) -> BTreeSet<&(usize, String)> {
        self.scopes.iter().flatten().collect()
    }
}

impl<'a> Asked<'a> {
    /// What a scheme asks for, by its name.
    fn of(side: Side<'a>, name: &str) -> Option<Self> {
        match side.calls.schemes.get(name) {
            Some(scheme) if !matches!(scheme.kind, SchemeKind::Unknown(_)) => Some(Self::known(scheme)),
            _ => side.schemes.get(name).map(Self::Unknown),
        }
    }

    /// Names of headers and of HTTP schemes are in lower case, because they have no case.
    fn known(scheme: &Scheme) -> Self {
        let kind = match scheme.kind.clone() {
            SchemeKind::ApiKey { place: Place::Header, name } => {
                SchemeKind::ApiKey { place: Place::Header, name: name.to_ascii_lowercase() }
            }
            SchemeKind::Http(scheme) => SchemeKind::Http(scheme.to_ascii_lowercase()),
            kind => kind,
        };
        Self::Known { kind, deprecated: scheme.deprecated }
    }

    /// The scheme as the document has it, in JSON.
    fn told(&self) -> Value {
        let (kind, deprecated) = match self {
            Self::Known { kind, deprecated } => (kind, deprecated),
            Self::Unknown(node) => return node.to_json(),
        };
        let (ty, members) = match kind {
            SchemeKind::ApiKey { place, name } => {
                ("apiKey", vec![("in", Some(place.name().into())), ("name", Some(name.as_str().into()))])
            }
            SchemeKind::Http(scheme) => ("http", vec![("scheme", Some(scheme.as_str().into()))]),
            SchemeKind::OAuth2 { flows, metadata } => {
                let flows: Map<String, Value> =
                    flows.iter().map(|(kind, flow)| (kind.name().to_owned(), told(flow))).collect();
                let metadata = metadata.as_deref().map(Value::from);
                ("oauth2", vec![("flows", Some(flows.into())), ("oauth2MetadataUrl", metadata)])
            }
            SchemeKind::OpenId(url) => ("openIdConnect", vec![("openIdConnectUrl", Some(url.as_str().into()))]),
            SchemeKind::MutualTls => ("mutualTLS", Vec::new()),
            SchemeKind::Unknown(ty) => (ty.as_str(), Vec::new()),
        };
        object(members.into_iter().chain([("type", Some(ty.into())), ("deprecated", deprecated.map(Value::from))]))
    }
}

fn told(flow: &Flow) -> Value {
    let url = |url: &Option<String>| url.as_deref().map(Value::from);
    object([
        ("authorizationUrl", url(&flow.authorization)),
        ("deviceAuthorizationUrl", url(&flow.device)),
        ("refreshUrl", url(&flow.refresh)),
        ("tokenUrl", url(&flow.tokens)),
    ])
}

fn object<'a>(members: impl IntoIterator<Item = (&'a str, Option<Value>)>) -> Value {
    let members = members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(members.collect())
}

/// Each URL with its variables, without descriptions.
fn urls(servers: &Servers) -> Vec<String> {
    let mut urls = Vec::new();
    for server in &servers.list {
        let mut told = server.url.clone();
        for (name, variable) in &server.variables {
            let values = variable.values.as_deref().unwrap_or_default();
            let of = if values.is_empty() { String::new() } else { format!(" of {}", values.join(", ")) };
            told.push_str(&format!(" ({name}: {}{of})", variable.default));
        }
        urls.push(told);
    }
    urls
}

impl<'a> Comparison<'a> {
    /// Compares the servers of two operations that have their own, or those of the documents.
    pub(super) fn servers(&mut self, operations: Option<(Operation<'a>, Operation<'a>)>) {
        let own = |it: Operation<'_>| it.call.servers.as_ref().or(it.item.servers.as_ref()).map(urls);
        let (before, after) = match operations {
            None => (self.old.calls.servers.as_ref().map(urls), self.new.calls.servers.as_ref().map(urls)),
            Some((old, new)) => (own(old), own(new)),
        };
        if before != after {
            let place = if operations.is_some() { "its own servers" } else { "its servers" };
            let told = |list: Option<Vec<String>>| match list {
                Some(list) if !list.is_empty() => list.join(", "),
                _ => "none".to_owned(),
            };
            self.say("server-changed", format!("{place} were {} and are {}", told(before), told(after)));
        }
    }

    pub(super) fn security(&mut self, old: Operation<'a>, new: Operation<'a>) {
        let (before, after) = (Security::of(old, self.old), Security::of(new, self.new));
        match (before.open, after.open) {
            (true, false) => return self.say("security-demanded", format!("it requires {} now", after.told())),
            (false, true) => return self.say("security-dropped", "it can be called without credentials now"),
            _ => {}
        }
        let mut found = BTreeSet::<&String>::new();
        for (schemes, way) in &before.ways {
            // The name of a scheme does not matter to a caller.
            let renamed = after.ways.iter().find(|(other, now)| {
                !before.ways.contains_key(*other)
                    && !found.contains(*other)
                    && way.asks.is_some()
                    && way.asks == now.asks
            });
            let Some((name, now)) = after.ways.get_key_value(schemes).or(renamed) else {
                self.say("security-removed", format!("`{schemes}` no longer authenticates it"));
                continue;
            };
            found.insert(name);
            if way.asks != now.asks {
                let told = |asks: &Option<Vec<Asked<'_>>>| match asks {
                    Some(list) => list.iter().map(|it| it.told().to_string()).collect::<Vec<_>>().join(" and "),
                    None => "not described".to_owned(),
                };
                let what =
                    format!("the security scheme `{schemes}` was {} and is {}", told(&way.asks), told(&now.asks));
                self.say("security-scheme-changed", what);
            }
            let (before, after) = (way.all(), now.all());
            for (_, scope) in after.difference(&before) {
                self.say("security-scope-added", format!("`{schemes}` needs the scope `{scope}` now"));
            }
            for (_, scope) in before.difference(&after) {
                self.say("security-scope-removed", format!("`{schemes}` no longer needs the scope `{scope}`"));
            }
            if before == after && way.scopes != now.scopes {
                self.say("security-scope-added", format!("`{schemes}` needs its scopes in other combinations now"));
            }
        }
        for schemes in after.ways.keys().filter(|schemes| !found.contains(*schemes)) {
            self.say("security-added", format!("`{schemes}` also authenticates it now"));
        }
    }
}
