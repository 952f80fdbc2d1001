//! The kind of each member of each OpenAPI object. Every stage walks a document by this table.
//!
//! A walk by position, not by key, keeps a *property* called `description` or `const` apart from the keyword.

use std::collections::BTreeSet;

use crate::document::{MAX_COPIED, MAX_DEPTH, Node, Pointer, Value, percent_decode};

/// The kinds of objects in an OpenAPI 3.x document.
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
    /// The flows of OAuth 2, each of which is a [`Object::Flow`].
    Flows,
    Flow,
    Tag,
    Schema,
    Discriminator,
    Xml,
    /// A callback: a map of expressions to path items.
    Callback,
}

/// How a member contains further objects.
#[derive(Clone, Copy, Debug)]
enum Member {
    One(Object),
    Map(Object),
    List(Object),
}

/// The methods with a member in a path item, in the order of the specification.
pub(crate) const METHODS: [&str; 9] = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// The member of a path item for other methods, under the exact names that are sent (OpenAPI 3.2).
pub(crate) const OTHER_METHODS: &str = "additionalOperations";

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
            (PathItem, OTHER_METHODS) => Map(Operation),
            (PathItem | Operation, "parameters") => List(Parameter),
            (Operation, "requestBody") => One(RequestBody),
            (Operation, "responses") => Map(Response),
            (Operation, "callbacks") => Map(Callback),
            (Callback, key) if !key.starts_with("x-") && key != "$ref" => One(PathItem),
            (Parameter | Header | MediaType, "schema") | (MediaType, "itemSchema") => One(Schema),
            (Parameter | Header | RequestBody | Response, "content") => Map(MediaType),
            (Parameter | Header | MediaType, "examples") => Map(Example),
            (MediaType | Encoding, "encoding") => Map(Encoding),
            (MediaType | Encoding, "prefixEncoding") => List(Encoding),
            (MediaType | Encoding, "itemEncoding") => One(Encoding),
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
            (Components, "mediaTypes") => Map(MediaType),
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
                | "x-json-text"
                | "contentSchema",
            ) => One(Schema),
            _ => return None,
        })
    }

    /// The section of `components` for objects of this kind; `None` for a kind that is always inline.
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
            Self::MediaType => "mediaTypes",
            _ => return None,
        })
    }

    /// The members of a node that are a reference although OpenAPI does not allow one there: a map or a list of objects
    /// (`responses: {$ref: all.yaml}`), or a description.
    pub(crate) fn referred(self, node: &Node) -> Vec<String> {
        // A schema, or a reference to one, instead of a list of schemas is a list of one.
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

    /// Whether a target is of the kind that a member of [`Object::referred`] needs.
    pub(crate) fn fits(self, key: &str, target: &Node) -> bool {
        match self.member(key) {
            Some(Member::Map(_)) => target.as_object().is_some(),
            Some(Member::List(_)) => target.as_array().is_some(),
            _ => target.as_str().is_some(),
        }
    }

    /// Calls `visit` for a node of this kind and each object below it, outermost first. Objects that `visit` adds to a
    /// node are visited too.
    pub(crate) fn walk_mut(self, node: &mut Node, at: &Pointer, visit: &mut impl FnMut(Object, &mut Node, &Pointer)) {
        self.descend_mut(node, &mut at.clone(), visit);
    }

    fn descend_mut(self, node: &mut Node, at: &mut Pointer, visit: &mut impl FnMut(Object, &mut Node, &Pointer)) {
        visit(self, node, at);
        let Some(map) = node.as_object_mut() else { return };
        for (key, child) in map.iter_mut() {
            let Some(member) = self.member(key) else { continue };
            at.at(key, |at| match (member, &mut child.value) {
                (Member::One(kind) | Member::List(kind), Value::Array(items)) => {
                    for (index, item) in items.iter_mut().enumerate() {
                        at.at(index, |at| kind.descend_mut(item, at, visit));
                    }
                }
                (Member::Map(kind), Value::Object(children)) => {
                    for (name, grandchild) in children.iter_mut().filter(|(name, child)| is_entry(kind, name, child)) {
                        at.at(name, |at| kind.descend_mut(grandchild, at, visit));
                    }
                }
                // A boolean is allowed there in every version.
                (_, Value::Bool(_)) if key == "additionalProperties" => {}
                (Member::One(kind), _) => kind.descend_mut(child, at, visit),
                (Member::List(Self::Schema), Value::Object(_)) => Self::Schema.descend_mut(child, at, visit),
                _ => {}
            });
        }
    }

    /// [`Object::walk_mut`] without changes to the tree.
    pub(crate) fn walk(self, node: &Node, at: &Pointer, visit: &mut impl FnMut(Object, &Node, &Pointer)) {
        self.descend(node, &mut at.clone(), visit);
    }

    fn descend(self, node: &Node, at: &mut Pointer, visit: &mut impl FnMut(Object, &Node, &Pointer)) {
        visit(self, node, at);
        self.each_child(node, at, |kind, child, at| kind.descend(child, at, visit));
    }

    /// The objects directly below a node of this kind.
    pub(crate) fn children<'a>(self, node: &'a Node, at: &Pointer) -> Vec<(Object, &'a Node, Pointer)> {
        let mut found = Vec::new();
        self.each_child(node, &mut at.clone(), |kind, child, at| found.push((kind, child, at.clone())));
        found
    }

    fn each_child<'a>(self, node: &'a Node, at: &mut Pointer, mut each: impl FnMut(Object, &'a Node, &mut Pointer)) {
        for (key, child) in node.as_object().into_iter().flatten() {
            let Some(member) = self.member(key) else { continue };
            at.at(key, |at| match (member, &child.value) {
                (Member::One(kind) | Member::List(kind), Value::Array(items)) => {
                    for (index, item) in items.iter().enumerate() {
                        at.at(index, |at| each(kind, item, at));
                    }
                }
                (Member::Map(kind), Value::Object(children)) => {
                    for (name, grandchild) in children.iter().filter(|(name, child)| is_entry(kind, name, child)) {
                        at.at(name, |at| each(kind, grandchild, at));
                    }
                }
                (_, Value::Bool(_)) if key == "additionalProperties" => {}
                (Member::One(kind), _) => each(kind, child, at),
                (Member::List(Self::Schema), Value::Object(_)) => each(Self::Schema, child, at),
                _ => {}
            });
        }
    }
}

/// Whether a member of a map of objects is an entry. `paths` and `responses` may have extensions, and a string under
/// `$ref` is a reference instead of the map. A property may be called `$ref`, but a schema is never a string.
fn is_entry(kind: Object, name: &str, child: &Node) -> bool {
    let extension = matches!(kind, Object::PathItem | Object::Response) && name.starts_with("x-");
    let reference = name == "$ref" && child.as_str().is_some();
    !extension && !reference
}

/// The `$ref` of a node where an object or a reference is allowed.
pub(crate) fn reference(node: &Node) -> Option<&str> {
    node.str("$ref")
}

/// Whether a document is OpenAPI 3.0.
pub(crate) fn is_3_0(document: &Node) -> bool {
    document.str("openapi").is_some_and(|version| version == "3.0" || version.starts_with("3.0."))
}

/// The target of a reference, with the members beside the reference added. These members take precedence.
pub(crate) fn in_place(reference: &Node, target: &Node) -> Node {
    let mut value = target.value.clone();
    if let Value::Object(map) = &mut value {
        let beside = reference.as_object().into_iter().flatten().filter(|(key, _)| *key != "$ref");
        map.extend(beside.map(|(key, node)| (key.clone(), node.clone())));
    }
    Node::at(value, &reference.span)
}

/// The targets that a walk has inlined. This keeps a target from being inlined into itself.
#[derive(Default)]
pub(crate) struct Inlined {
    /// The inlined targets around the current place of the walk, each with its place.
    around: Vec<(Pointer, String)>,
    /// The bytes that inlining has added.
    copied: usize,
}

impl Inlined {
    /// Whether a target may be inlined at a place: not within itself, not deeper than real documents are, and not past
    /// the limit on the document's size.
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

/// The operations of a document in order: path, method, operation, and path item. A method is the name of a member in
/// the path item, or the exact name of another method.
pub(crate) fn operations(document: &Node) -> impl Iterator<Item = (&str, &str, &Node, &Node)> {
    items(document, "paths").filter(|(path, _)| !path.starts_with("x-")).flat_map(|(path, item)| {
        methods(item).into_iter().map(move |(method, operation)| (path.as_str(), method, operation, item))
    })
}

/// The webhooks of a document in order: name, method, operation.
pub(crate) fn webhooks(document: &Node) -> impl Iterator<Item = (&str, &str, &Node)> {
    items(document, "webhooks").flat_map(|(name, item)| {
        methods(item).into_iter().map(move |(method, operation)| (name.as_str(), method, operation))
    })
}

fn items<'a>(document: &'a Node, member: &str) -> impl Iterator<Item = (&'a String, &'a Node)> {
    document.get(member).and_then(Node::as_object).into_iter().flatten()
}

/// The operations of a path item, by method.
pub(crate) fn methods(item: &Node) -> Vec<(&str, &Node)> {
    let members = item.as_object().into_iter().flatten();
    let mut found = Vec::new();
    for (key, member) in members {
        if METHODS.contains(&key.as_str()) {
            found.push((key.as_str(), member));
        } else if key == OTHER_METHODS {
            let others = member.as_object().into_iter().flatten().filter(|(name, _)| !name.starts_with("x-"));
            found.extend(others.map(|(method, operation)| (method.as_str(), operation)));
        }
    }
    found
}

/// The exact name of a method in a request. Methods are case-sensitive (RFC 9110, section 9.1), and the members of a
/// path item are in lower case.
pub(crate) fn sent_method(method: &str) -> String {
    if METHODS.contains(&method) { method.to_ascii_uppercase() } else { method.to_owned() }
}

/// The place of a method's operation in a path item.
pub(crate) fn method_at(item: &Pointer, method: &str) -> Pointer {
    if METHODS.contains(&method) { item.join(method) } else { item.join(OTHER_METHODS).join(method) }
}

/// The name of the component schema that a reference names.
pub(crate) fn component_name(reference: &str) -> Option<String> {
    Pointer::split(reference.strip_prefix("#/components/schemas")?)?.into_iter().next()
}

/// The scheme that a security requirement names, by its name or by a reference (OpenAPI 3.2).
pub(crate) fn scheme_name(requirement: &str) -> String {
    let tokens = requirement.strip_prefix("#/components/securitySchemes").and_then(Pointer::split);
    tokens.and_then(|tokens| tokens.into_iter().next()).unwrap_or_else(|| requirement.to_owned())
}

/// The security schemes that operations of a document need.
pub(crate) fn security_requirements(document: &Node) -> BTreeSet<String> {
    let per_operation = operations(document).filter_map(|(_, _, operation, _)| operation.get("security"));
    document
        .get("security")
        .into_iter()
        .chain(per_operation)
        .filter_map(Node::as_array)
        .flatten()
        .filter_map(Node::as_object)
        .flat_map(|requirement| requirement.keys().map(|scheme| scheme_name(scheme)))
        .collect()
}

/// Follows a reference to a parameter, response, request body or header. Another node is returned as it is.
pub(crate) fn resolve<'a>(document: &'a Node, node: &'a Node) -> &'a Node {
    resolve_at(document, node, Pointer::root()).0
}

/// [`resolve`], with the place of the target. `at` is the place of the reference.
pub(crate) fn resolve_at<'a>(document: &'a Node, node: &'a Node, at: Pointer) -> (&'a Node, Pointer) {
    let (mut node, mut at) = (node, at);
    // A longer chain is a circle.
    for _ in 0..16 {
        let Some(pointer) = reference(node).and_then(|target| target.strip_prefix('#')) else { break };
        let pointer = percent_decode(pointer);
        let Some(found) = document.pointer(&pointer) else { break };
        // In the form of a place that was walked to, whatever is escaped in the reference.
        at = Pointer::split(&pointer).unwrap_or_default().iter().fold(Pointer::root(), |at, token| at.join(token));
        node = found;
    }
    (node, at)
}

/// Whether a keyword describes a schema and does not constrain it.
pub(crate) fn is_annotation(key: &str) -> bool {
    matches!(key, "description" | "title" | "example" | "examples" | "externalDocs" | "$comment" | "deprecated")
        || (key.starts_with("x-") && !matches!(key, "x-prefix-items" | "x-other-items" | "x-json-text"))
}
