//! Which member of which OpenAPI object is what: the one table every stage walks a document by.
//!
//! Walking by position rather than by key name is what keeps a *property* called `description` or `const` from being
//! taken for the keyword.

use crate::document::{MAX_COPIED, MAX_DEPTH, Map, Node, Pointer, Value, percent_decode};

/// The kinds of object an OpenAPI 3.x document is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    OpenApi,
    Info,
    Contact,
    License,
    ExternalDocs,
    Server,
    ServerVariable,
    PathItem,
    Operation,
    Parameter,
    RequestBody,
    MediaType,
    Encoding,
    Response,
    Header,
    Link,
    Example,
    Components,
    SecurityScheme,
    /// The flows of OAuth 2, of which each is a [`Object::Flow`].
    Flows,
    Flow,
    Tag,
    Schema,
    Discriminator,
    Xml,
    /// A callback: expressions to path items.
    Callback,
}

/// How a member holds further objects.
#[derive(Clone, Copy, Debug)]
enum Member {
    One(Object),
    Map(Object),
    List(Object),
}

/// The methods a path item may have, in the order of the specification.
pub(crate) const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

impl Object {
    fn member(self, key: &str) -> Option<Member> {
        use Member::{List, Map, One};
        use Object::*;
        Some(match (self, key) {
            (OpenApi, "info") => One(Info),
            (Info, "contact") => One(Contact),
            (Info, "license") => One(License),
            (OpenApi | Operation | Tag | Schema, "externalDocs") => One(ExternalDocs),
            (OpenApi | PathItem | Operation, "servers") => List(Server),
            (OpenApi, "paths" | "webhooks") => Map(PathItem),
            (OpenApi, "components") => One(Components),
            (OpenApi, "tags") => List(Tag),
            (Server, "variables") => Map(ServerVariable),
            (PathItem, method) if METHODS.contains(&method) => One(Operation),
            (PathItem | Operation, "parameters") => List(Parameter),
            (Operation, "requestBody") => One(RequestBody),
            (Operation, "responses") => Map(Response),
            (Operation, "callbacks") => Map(Callback),
            (Callback, key) if !key.starts_with("x-") && key != "$ref" => One(PathItem),
            (Parameter | Header | MediaType, "schema") => One(Schema),
            (Parameter | Header | RequestBody | Response, "content") => Map(MediaType),
            (Parameter | Header | MediaType, "examples") => Map(Example),
            (MediaType, "encoding") => Map(Encoding),
            (Encoding | Response, "headers") => Map(Header),
            (Response, "links") => Map(Link),
            (Link, "server") => One(Server),
            (Components, "schemas") => Map(Schema),
            (Components, "responses") => Map(Response),
            (Components, "parameters") => Map(Parameter),
            (Components, "examples") => Map(Example),
            (Components, "requestBodies") => Map(RequestBody),
            (Components, "headers") => Map(Header),
            (Components, "securitySchemes") => Map(SecurityScheme),
            (Components, "links") => Map(Link),
            (Components, "callbacks") => Map(Callback),
            (Components, "pathItems") => Map(PathItem),
            (SecurityScheme, "flows") => One(Flows),
            (Flows, "implicit" | "password" | "clientCredentials" | "authorizationCode" | "deviceAuthorization") => {
                One(Flow)
            }
            (Schema, "discriminator") => One(Discriminator),
            (Schema, "xml") => One(Xml),
            (Schema, "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas") => Map(Schema),
            (Schema, "allOf" | "anyOf" | "oneOf" | "prefixItems" | "x-prefix-items") => List(Schema),
            (
                Schema,
                "items"
                | "additionalProperties"
                | "not"
                | "if"
                | "then"
                | "else"
                | "contains"
                | "propertyNames"
                | "unevaluatedItems"
                | "unevaluatedProperties"
                | "additionalItems"
                | "x-other-items"
                | "contentSchema",
            ) => One(Schema),
            _ => return None,
        })
    }

    /// The section of `components` that holds objects of this kind; `None` for one that is written where it is used.
    pub(crate) fn section(self) -> Option<&'static str> {
        Some(match self {
            Self::Schema => "schemas",
            Self::Parameter => "parameters",
            Self::Response => "responses",
            Self::RequestBody => "requestBodies",
            Self::Header => "headers",
            Self::Example => "examples",
            Self::Link => "links",
            Self::SecurityScheme => "securitySchemes",
            Self::Callback => "callbacks",
            Self::PathItem => "pathItems",
            _ => return None,
        })
    }

    /// The members of a node that no Reference Object may stand for, but one does: several objects at once
    /// (`responses: {$ref: all.yaml}`), or prose.
    pub(crate) fn referred(self, node: &Node) -> Vec<String> {
        // One schema where a list of them belongs is a list of one, and so is a reference.
        let several = |key: &str| match self.member(key) {
            Some(Member::Map(_)) => true,
            Some(Member::List(kind)) => kind != Self::Schema,
            _ => false,
        };
        let prose = |key: &str| self != Self::Callback && matches!(key, "description" | "summary" | "title");
        let members = node.as_object().into_iter().flatten();
        let referred = members.filter(|(key, child)| reference(child).is_some() && (several(key) || prose(key)));
        referred.map(|(key, _)| key.clone()).collect()
    }

    /// Whether a target can stand where one of [`Object::referred`] stands.
    pub(crate) fn fits(self, key: &str, target: &Node) -> bool {
        match self.member(key) {
            Some(Member::Map(_)) => target.as_object().is_some(),
            Some(Member::List(_)) => target.as_array().is_some(),
            _ => target.as_str().is_some(),
        }
    }

    /// Calls `visit` with each object below a node of this kind, the node included, outermost first. What `visit` puts
    /// into a node is walked as well.
    pub(crate) fn walk_mut(self, node: &mut Node, at: &Pointer, visit: &mut impl FnMut(Object, &mut Node, &Pointer)) {
        visit(self, node, at);
        let Some(map) = node.as_object_mut() else { return };
        for (key, child) in map.iter_mut() {
            let Some(member) = self.member(key) else { continue };
            let here = at.join(key);
            match (member, &mut child.value) {
                (Member::One(kind) | Member::List(kind), Value::Array(items)) => {
                    for (index, item) in items.iter_mut().enumerate() {
                        kind.walk_mut(item, &here.join(index), visit);
                    }
                }
                (Member::Map(kind), Value::Object(children)) => {
                    for (name, grandchild) in children.iter_mut().filter(|(name, child)| is_entry(kind, name, child)) {
                        kind.walk_mut(grandchild, &here.join(name), visit);
                    }
                }
                // A truth value there is the keyword's own, in every version.
                (_, Value::Bool(_)) if key == "additionalProperties" => {}
                (Member::One(kind), _) => kind.walk_mut(child, &here, visit),
                (Member::List(Self::Schema), Value::Object(_)) => Self::Schema.walk_mut(child, &here, visit),
                _ => {}
            }
        }
    }

    /// As [`Object::walk_mut`], for looking only.
    pub(crate) fn walk(self, node: &Node, at: &Pointer, visit: &mut impl FnMut(Object, &Node, &Pointer)) {
        visit(self, node, at);
        for (kind, child, here) in self.children(node, at) {
            kind.walk(child, &here, visit);
        }
    }

    /// The objects directly below a node of this kind.
    pub(crate) fn children<'a>(self, node: &'a Node, at: &Pointer) -> Vec<(Object, &'a Node, Pointer)> {
        let mut found = Vec::new();
        for (key, child) in node.as_object().into_iter().flatten() {
            let Some(member) = self.member(key) else { continue };
            let here = at.join(key);
            match (member, &child.value) {
                (Member::One(kind) | Member::List(kind), Value::Array(items)) => {
                    found.extend(items.iter().enumerate().map(|(index, item)| (kind, item, here.join(index))));
                }
                (Member::Map(kind), Value::Object(children)) => {
                    let entries = children.iter().filter(|(name, child)| is_entry(kind, name, child));
                    found.extend(entries.map(|(name, grandchild)| (kind, grandchild, here.join(name))));
                }
                (_, Value::Bool(_)) if key == "additionalProperties" => {}
                (Member::One(kind), _) => found.push((kind, child, here)),
                (Member::List(Self::Schema), Value::Object(_)) => found.push((Self::Schema, child, here)),
                _ => {}
            }
        }
        found
    }
}

/// Whether a member of a map of objects is one of them: `paths` and `responses` may also hold extensions, and a text
/// under `$ref` is a reference in place of the map. A property may be called `$ref`, but no text is a schema.
fn is_entry(kind: Object, name: &str, child: &Node) -> bool {
    let extension = matches!(kind, Object::PathItem | Object::Response) && name.starts_with("x-");
    let reference = name == "$ref" && child.as_str().is_some();
    !extension && !reference
}

/// The `$ref` of a node that stands where an object or a reference may stand.
pub(crate) fn reference(node: &Node) -> Option<&str> {
    node.str("$ref")
}

/// What a reference stands for, in its place: what is written beside the reference is added, and wins.
pub(crate) fn in_place(reference: &Node, target: &Node) -> Node {
    let mut value = target.value.clone();
    if let Value::Object(map) = &mut value {
        let beside = reference.as_object().into_iter().flatten().filter(|(key, _)| *key != "$ref");
        map.extend(beside.map(|(key, node)| (key.clone(), node.clone())));
    }
    Node::at(value, &reference.span)
}

/// What has been put in the place of references while a tree is walked: keeps a target from being put into itself.
#[derive(Default)]
pub(crate) struct Inlined {
    /// The targets around the place the walk is at, with where each was put.
    around: Vec<(Pointer, String)>,
    /// Bytes that were put in.
    copied: usize,
}

impl Inlined {
    /// Whether a target may be put in at a place: not inside itself, not deeper than any real document goes, and not
    /// where the document would grow past what may be read.
    pub(crate) fn enter(&mut self, at: &Pointer, target: &str, found: &Node) -> bool {
        self.around.retain(|(place, _)| at.is_within(place));
        self.copied += found.weight();
        let deep = self.around.len() >= 8 || at.as_str().matches('/').count() > MAX_DEPTH;
        if deep || self.copied > MAX_COPIED || self.around.iter().any(|(_, open)| open == target) {
            return false;
        }
        self.around.push((at.clone(), target.to_owned()));
        true
    }
}

/// The operations of a document in order: path, method, operation, and the path item they stand in.
pub(crate) fn operations(document: &Node) -> impl Iterator<Item = (&str, &str, &Node, &Node)> {
    document
        .get("paths")
        .and_then(Node::as_object)
        .into_iter()
        .flatten()
        .filter(|(path, _)| !path.starts_with("x-"))
        .flat_map(|(path, item)| {
            let members = item.as_object().into_iter().flatten();
            members
                .filter(|(method, _)| METHODS.contains(&method.as_str()))
                .map(move |(method, operation)| (path.as_str(), method.as_str(), operation, item))
        })
}

/// The component schemas that the objects below a node refer to.
pub(crate) fn schema_references(kind: Object, node: &Node) -> Vec<String> {
    let mut found = Vec::new();
    kind.walk(node, &Pointer::root(), &mut |_, node, _| {
        found.extend(reference(node).and_then(component_name));
    });
    found
}

/// The name of the component schema a reference points at.
pub(crate) fn component_name(reference: &str) -> Option<String> {
    Pointer::split(reference.strip_prefix("#/components/schemas")?)?.into_iter().next()
}

/// Follows a reference to a parameter, response, request body or header; the node itself if it is not one.
pub(crate) fn resolve<'a>(document: &'a Node, node: &'a Node) -> &'a Node {
    resolve_at(document, node, Pointer::root()).0
}

/// As [`resolve`], with the place where the node was found; `at` is where the reference stands.
pub(crate) fn resolve_at<'a>(document: &'a Node, node: &'a Node, at: Pointer) -> (&'a Node, Pointer) {
    let (mut node, mut at) = (node, at);
    // A chain longer than this is a circle.
    for _ in 0..16 {
        let Some(pointer) = reference(node).and_then(|target| target.strip_prefix('#')) else { break };
        let pointer = percent_decode(pointer);
        let Some(found) = document.pointer(&pointer) else { break };
        (node, at) = (found, Pointer::from(pointer.as_str()));
    }
    (node, at)
}

/// Keywords of a schema that describe it without constraining anything.
pub(crate) fn is_annotation(key: &str) -> bool {
    matches!(key, "description" | "title" | "example" | "examples" | "externalDocs" | "$comment" | "deprecated")
        || (key.starts_with("x-") && !matches!(key, "x-prefix-items" | "x-other-items"))
}

/// Whether every keyword of a schema is an annotation.
pub(crate) fn only_annotations(map: &Map) -> bool {
    map.keys().all(|key| is_annotation(key))
}
