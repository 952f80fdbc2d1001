//! The known members of each object of OpenAPI, with the expected kind of value: those of 3.0.3, and those that 3.1 and
//! 3.2 add. A value of the wrong kind is converted if its meaning is clear, and is left out otherwise.

use std::collections::HashSet;

use heck::ToLowerCamelCase;
use serde_json::Number;

use crate::document::{Node, Pointer, Value};
use crate::grammar::{self, METHODS, OTHER_METHODS, Object};
use crate::note::{Fix, Kind, Notes, Stage};

/// The kind of value of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Any,
    Text,
    /// A text without characters that would break a link in documentation.
    Link,
    /// A reference to an operation.
    Reference,
    Flag,
    Number,
    /// A number above zero.
    Positive,
    /// A non-negative integer.
    Count,
    List,
    Texts,
    Map,
    TextMap,
    Schema,
    /// A list of security requirements.
    Security,
}

/// The result of reading a value that may be of the wrong kind.
enum Reading {
    /// The value is of the right kind.
    Itself,
    /// The converted value. It has the same meaning, and the right kind.
    As(Value),
    Nothing,
}

impl Is {
    /// The name of the kind in messages.
    fn name(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Text => "a text",
            Self::Link | Self::Reference => "a URL",
            Self::Flag => "`true` or `false`",
            Self::Number => "a number",
            Self::Positive => "a number above zero",
            Self::Count => "a whole number from zero",
            Self::List => "a list",
            Self::Texts => "a list of texts",
            Self::Map => "an object",
            Self::TextMap => "an object of texts",
            Self::Schema => "a schema",
            Self::Security => "a list of security requirements",
        }
    }

    fn read(self, value: &Value) -> Reading {
        let meant = match (self, value) {
            (Self::Any, _)
            | (Self::Text, Value::String(_))
            | (Self::Flag, Value::Bool(_))
            | (Self::Number, Value::Number(_))
            | (Self::List, Value::Array(_))
            | (Self::Map, Value::Object(_))
            | (Self::Schema, Value::Object(_) | Value::Bool(_)) => return Reading::Itself,
            (Self::Text, _) => text(value).map(Value::String),
            (Self::Link, Value::String(link)) => is_link(link).then(|| value.clone()),
            // OpenAPI's own examples have a path template with braces in it.
            (Self::Reference, Value::String(link)) => {
                let encoded = link.replace('{', "%7B").replace('}', "%7D");
                is_link(&encoded).then_some(Value::String(encoded))
            }
            (Self::Flag | Self::Schema, Value::String(word)) => word.to_ascii_lowercase().parse().ok().map(Value::Bool),
            (Self::Number, _) => number(value).map(Value::Number),
            (Self::Positive, _) => number(value).filter(|it| it.as_f64().is_some_and(|it| it > 0.0)).map(Value::Number),
            (Self::Count, _) => number(value).and_then(|it| count(&it)).map(Value::Number),
            (Self::Texts, Value::Array(items)) => Some(Value::Array(items.iter().filter_map(text_node).collect())),
            (Self::Texts, Value::String(_)) => Some(Value::Array(vec![Node::made(value.clone())])),
            (Self::TextMap, Value::Object(map)) => {
                let texts = map.iter().filter_map(|(key, node)| Some((key.clone(), text_node(node)?)));
                Some(Value::Object(texts.collect()))
            }
            (Self::Security, Value::Array(items)) => Some(Value::Array(items.iter().filter_map(requirement).collect())),
            (Self::Security, Value::Object(_)) => {
                requirement(&Node::made(value.clone())).map(|one| Value::Array(vec![one]))
            }
            _ => None,
        };
        match meant {
            Some(meant) if meant == *value => Reading::Itself,
            Some(meant) => Reading::As(meant),
            None => Reading::Nothing,
        }
    }
}

/// A scalar as text.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn text_node(node: &Node) -> Option<Node> {
    text(&node.value).map(|text| Node::at(text, &node.span))
}

/// One alternative of security requirements: names of schemes, each with its scopes.
fn requirement(node: &Node) -> Option<Node> {
    let schemes = node.as_object()?.iter().map(|(name, scopes)| {
        let scopes: Vec<Node> = scopes.as_array().unwrap_or_default().iter().filter_map(text_node).collect();
        (name.clone(), Node::at(scopes, &node.span))
    });
    Some(Node::at(Value::Object(schemes.collect()), &node.span))
}

fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn count(number: &Number) -> Option<Number> {
    // Integers that a double represents exactly.
    let whole = || number.as_f64().filter(|it| it.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(it));
    let parsed = number.as_u64().or_else(|| format!("{:.0}", whole()?.abs()).parse().ok());
    parsed.map(Number::from)
}

fn is_link(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
}

/// The known members of an object; `None` if every member is an entry of a map.
fn of(kind: Object, node: &Node, at: &Pointer) -> Option<&'static [(&'static str, Is)]> {
    use Is::{Any, Count, Flag, Link, List, Map, Number, Positive, Reference, Schema, Security, Text, TextMap, Texts};
    Some(match kind {
        Object::OpenApi => &[
            ("openapi", Any),
            ("info", Map),
            ("servers", List),
            ("paths", Map),
            ("webhooks", Map),
            ("components", Map),
            ("security", Security),
            ("tags", List),
            ("externalDocs", Map),
        ],
        // `title` and `version` have their own rules.
        Object::Info => &[
            ("title", Any),
            ("description", Text),
            ("termsOfService", Link),
            ("contact", Map),
            ("license", Map),
            ("version", Any),
        ],
        Object::Contact => &[("name", Text), ("url", Link), ("email", Text)],
        Object::License => &[("name", Text), ("url", Link)],
        Object::ExternalDocs => &[("description", Text), ("url", Link)],
        Object::Server => &[("url", Text), ("name", Text), ("description", Text), ("variables", Map)],
        Object::ServerVariable => &[("enum", Texts), ("default", Text), ("description", Text)],
        Object::Components => &[
            ("schemas", Map),
            ("responses", Map),
            ("parameters", Map),
            ("examples", Map),
            ("requestBodies", Map),
            ("headers", Map),
            ("securitySchemes", Map),
            ("links", Map),
            ("callbacks", Map),
        ],
        // An empty operation is valid.
        Object::PathItem => &[
            ("$ref", Text),
            ("summary", Text),
            ("description", Text),
            (METHODS[0], Any),
            (METHODS[1], Any),
            (METHODS[2], Any),
            (METHODS[3], Any),
            (METHODS[4], Any),
            (METHODS[5], Any),
            (METHODS[6], Any),
            (METHODS[7], Any),
            (METHODS[8], Any),
            (OTHER_METHODS, Map),
            ("servers", List),
            ("parameters", List),
        ],
        Object::Operation => &[
            ("tags", Texts),
            ("summary", Text),
            ("description", Text),
            ("externalDocs", Map),
            ("operationId", Text),
            ("parameters", List),
            ("requestBody", Map),
            ("responses", Map),
            ("callbacks", Map),
            ("deprecated", Flag),
            ("security", Security),
            ("servers", List),
        ],
        Object::Parameter => &[
            ("name", Text),
            ("in", Text),
            ("description", Text),
            ("required", Flag),
            ("deprecated", Flag),
            ("allowEmptyValue", Flag),
            ("style", Text),
            ("explode", Flag),
            ("allowReserved", Flag),
            ("schema", Schema),
            ("example", Any),
            ("examples", Map),
            ("content", Map),
        ],
        Object::Header => &[
            ("description", Text),
            ("required", Flag),
            ("deprecated", Flag),
            ("allowEmptyValue", Flag),
            ("style", Text),
            ("explode", Flag),
            ("allowReserved", Flag),
            ("schema", Schema),
            ("example", Any),
            ("examples", Map),
            ("content", Map),
        ],
        Object::RequestBody => &[("description", Text), ("content", Map), ("required", Flag)],
        Object::MediaType => &[
            ("schema", Schema),
            ("itemSchema", Schema),
            ("example", Any),
            ("examples", Map),
            ("encoding", Map),
            ("prefixEncoding", List),
            ("itemEncoding", Map),
        ],
        Object::Encoding => &[
            ("contentType", Text),
            ("headers", Map),
            ("style", Text),
            ("explode", Flag),
            ("allowReserved", Flag),
            ("encoding", Map),
            ("prefixEncoding", List),
            ("itemEncoding", Map),
        ],
        Object::Response => &[("description", Text), ("headers", Map), ("content", Map), ("links", Map)],
        Object::Example => &[("summary", Text), ("description", Text), ("value", Any), ("externalValue", Link)],
        Object::Link => &[
            ("operationRef", Reference),
            ("operationId", Text),
            ("parameters", Map),
            ("requestBody", Any),
            ("description", Text),
            ("server", Map),
        ],
        Object::Tag => &[
            ("name", Text),
            ("summary", Text),
            ("description", Text),
            ("externalDocs", Map),
            ("parent", Text),
            ("kind", Text),
        ],
        Object::Schema => &[
            ("title", Text),
            ("multipleOf", Positive),
            ("maximum", Number),
            ("exclusiveMaximum", Flag),
            ("minimum", Number),
            ("exclusiveMinimum", Flag),
            ("maxLength", Count),
            ("minLength", Count),
            ("pattern", Text),
            ("maxItems", Count),
            ("minItems", Count),
            ("uniqueItems", Flag),
            ("maxProperties", Count),
            ("minProperties", Count),
            ("required", Texts),
            ("enum", List),
            ("type", Text),
            ("allOf", List),
            ("oneOf", List),
            ("anyOf", List),
            ("not", Schema),
            ("items", Schema),
            ("prefixItems", List),
            ("properties", Map),
            ("additionalProperties", Schema),
            ("description", Text),
            ("format", Text),
            ("default", Any),
            ("nullable", Flag),
            ("discriminator", Map),
            ("readOnly", Flag),
            ("writeOnly", Flag),
            ("example", Any),
            ("externalDocs", Map),
            ("deprecated", Flag),
            ("xml", Map),
        ],
        Object::Discriminator => &[("propertyName", Text), ("mapping", TextMap), ("defaultMapping", Text)],
        Object::Xml => &[("name", Text), ("namespace", Link), ("prefix", Text), ("attribute", Flag), ("wrapped", Flag)],
        Object::SecurityScheme => match node.str("type")? {
            "apiKey" => &[("type", Text), ("description", Text), ("name", Text), ("in", Text), ("deprecated", Flag)],
            "http" if node.str("scheme").is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer")) => {
                &[("type", Text), ("description", Text), ("scheme", Text), ("bearerFormat", Text), ("deprecated", Flag)]
            }
            "http" => &[("type", Text), ("description", Text), ("scheme", Text), ("deprecated", Flag)],
            "oauth2" => &[
                ("type", Text),
                ("description", Text),
                ("flows", Map),
                ("oauth2MetadataUrl", Link),
                ("deprecated", Flag),
            ],
            "openIdConnect" => {
                &[("type", Text), ("description", Text), ("openIdConnectUrl", Link), ("deprecated", Flag)]
            }
            "mutualTLS" => &[("type", Text), ("description", Text), ("deprecated", Flag)],
            _ => return None,
        },
        Object::Flows => &[
            ("implicit", Map),
            ("password", Map),
            ("clientCredentials", Map),
            ("authorizationCode", Map),
            ("deviceAuthorization", Map),
        ],
        Object::Flow => match at.last().as_str() {
            "implicit" => &[("authorizationUrl", Link), ("refreshUrl", Link), ("scopes", Map)],
            "authorizationCode" => {
                &[("authorizationUrl", Link), ("tokenUrl", Link), ("refreshUrl", Link), ("scopes", Map)]
            }
            "deviceAuthorization" => {
                &[("deviceAuthorizationUrl", Link), ("tokenUrl", Link), ("refreshUrl", Link), ("scopes", Map)]
            }
            _ => &[("tokenUrl", Link), ("refreshUrl", Link), ("scopes", Map)],
        },
        Object::Callback => return None,
    })
}

/// A member that 3.0.3 requires and the object does not have. A member of the wrong kind counts as missing.
fn lacks(kind: Object, node: &Node, name: &str) -> Option<&'static str> {
    let has = |key: &str, is: Is| node.get(key).is_some_and(|it| !matches!(is.read(&it.value), Reading::Nothing));
    let lacking = |needed: &[(&'static str, Is)]| needed.iter().find(|(key, is)| !has(key, *is)).map(|(key, _)| *key);
    match kind {
        Object::ExternalDocs => lacking(&[("url", Is::Link)]),
        Object::Discriminator => lacking(&[("propertyName", Is::Text)]),
        Object::Server => lacking(&[("url", Is::Text)]),
        Object::Tag => lacking(&[("name", Is::Text)]),
        Object::Flow => match name {
            "implicit" => lacking(&[("authorizationUrl", Is::Link)]),
            "authorizationCode" => lacking(&[("authorizationUrl", Is::Link), ("tokenUrl", Is::Link)]),
            "deviceAuthorization" => lacking(&[("deviceAuthorizationUrl", Is::Link), ("tokenUrl", Is::Link)]),
            _ => lacking(&[("tokenUrl", Is::Link)]),
        },
        Object::SecurityScheme => match node.str("type") {
            Some("apiKey") => {
                let known = node.str("in").is_some_and(|place| matches!(place, "header" | "query" | "cookie"));
                if known { lacking(&[("name", Is::Text)]) } else { Some("in") }
            }
            Some("http") => lacking(&[("scheme", Is::Text)]),
            Some("oauth2") => lacking(&[("flows", Is::Map)]),
            Some("openIdConnect") => lacking(&[("openIdConnectUrl", Is::Link)]),
            Some("mutualTLS") => None,
            _ => Some("type"),
        },
        _ => None,
    }
}

/// Normalizes members whose values are of the wrong kind. Removes an empty value. Converts a value that has the same
/// meaning in another form. Leaves out any other value.
pub(crate) fn values(kind: Object, node: &mut Node, at: &Pointer, notes: &mut Notes) {
    let Some(known) = of(kind, node, at) else { return };
    for (key, is) in known {
        let Some(child) = node.get_mut(key) else { continue };
        let reading = is.read(&child.value);
        if child.is_null() && !matches!(reading, Reading::Itself) {
            node.take(key);
            continue;
        }
        match reading {
            Reading::Itself => {}
            Reading::As(value) => {
                let reason = format!("{} is expected here; the value was read as one", is.name());
                notes.push(Stage::Lower, Kind::Correction, &at.join(key), child, reason);
                child.value = value;
            }
            Reading::Nothing => {
                let reason = format!("{} is expected here; the value was left out", is.name());
                notes.push(Stage::Lower, Kind::Correction, &at.join(key), child, reason);
                node.take(key);
            }
        }
    }
}

/// Removes the objects below a node that do not have the members that 3.0 requires.
pub(crate) fn incomplete(kind: Object, node: &mut Node, at: &Pointer, notes: &mut Notes) {
    let Some(map) = node.as_object_mut() else { return };
    let mut tell = |kind: Kind, at: &Pointer, node: &Node, reason: String| {
        let note = notes.push(Stage::Lower, kind, at, node, reason);
        if kind == Kind::Correction {
            note.fixed_by(Fix::Remove);
        }
    };
    for (key, child_kind) in [("externalDocs", Object::ExternalDocs), ("discriminator", Object::Discriminator)] {
        if let Some(child) = map.get(key)
            && of(kind, child, at).is_some_and(|known| known.iter().any(|(known, _)| *known == key))
            && let Some(lacking) = lacks(child_kind, child, key)
        {
            tell(Kind::Correction, &at.join(key), child, format!("`{key}` without `{lacking}` was left out"));
            map.shift_remove(key);
        }
    }
    let lists = [("servers", Object::Server), ("tags", Object::Tag)];
    // The tags of an operation are names, not objects.
    for (key, child_kind) in lists.into_iter().filter(|(key, _)| *key == "servers" || kind == Object::OpenApi) {
        let Some(items) = map.get_mut(key).and_then(Node::as_array_mut) else { continue };
        let mut seen = HashSet::new();
        let mut index = 0;
        items.retain(|item| {
            let here = at.join(key).join(index);
            index += 1;
            if let Some(lacking) = lacks(child_kind, item, key) {
                tell(Kind::Correction, &here, item, format!("one of the `{key}` without `{lacking}` was left out"));
                return false;
            }
            let name = item.get("name").and_then(|name| text(&name.value));
            let fresh = child_kind != Object::Tag || seen.insert(name);
            if !fresh {
                tell(Kind::Correction, &here, item, "a tag of this name is already there".to_owned());
            }
            fresh
        });
    }
    let (entries, child_kind) = match kind {
        Object::Components => (map.get_mut("securitySchemes").and_then(Node::as_object_mut), Object::SecurityScheme),
        Object::Flows => (Some(map), Object::Flow),
        _ => return,
    };
    let Some(entries) = entries else { return };
    let here = if kind == Object::Components { at.join("securitySchemes") } else { at.clone() };
    entries.retain(|name, entry| {
        // `unknown` reports members that are not flows.
        let flows = ["implicit", "password", "clientCredentials", "authorizationCode", "deviceAuthorization"];
        let known = kind == Object::Components || flows.contains(&name.as_str());
        let lacking = if known && grammar::reference(entry).is_none() { lacks(child_kind, entry, name) } else { None };
        if kind == Object::Components && entry.str("type") == Some("mutualTLS") {
            let reason = "mutual TLS is a setting of the HTTP client, not a credential".to_owned();
            tell(Kind::Loss, &here.join(name), entry, reason);
        } else if let Some(lacking) = lacking {
            tell(Kind::Loss, &here.join(name), entry, format!("left out, because it has no usable `{lacking}`"));
        }
        lacking.is_none()
    });
}

/// Removes members that OpenAPI does not know at this place.
pub(crate) fn unknown(kind: Object, node: &mut Node, at: &Pointer, notes: &mut Notes) {
    let Some(known) = of(kind, node, at) else { return };
    let meant = |key: &str| known.iter().map(|(known, _)| *known).find(|known| *known == key.to_lower_camel_case());
    let Some(map) = node.as_object_mut() else { return };
    let is_known = |key: &String| key.starts_with("x-") || known.iter().any(|(known, _)| known == key);
    let strange: Vec<String> = map.keys().filter(|key| !is_known(key)).cloned().collect();
    for key in strange {
        if let Some(value) = map.shift_remove(&key) {
            let reason = format!("OpenAPI has no `{key}` here");
            // For example, `min_items` instead of `minItems`.
            let meant = meant(&key).filter(|meant| !map.contains_key(*meant));
            let fix = meant.map_or(Fix::Remove, |meant| Fix::Rename(meant.to_owned()));
            notes.push(Stage::Lower, Kind::Correction, &at.join(&key), &value, reason).fixed_by(fix);
        }
    }
}
