//! Stage `select`: selects operations by tag, operationId or path, with exactly the components that they reach.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::children;
use crate::diagnostic::{Diagnostic, Error};
use crate::document::{Map, Node, Pointer, Value, percent_decode};
use crate::grammar::{self, Inlined, METHODS, OTHER_METHODS, Object};
use crate::uri;

/// The part of a document to use. An empty selection means the whole document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Operations with one of these tags.
    pub tags: Vec<String>,
    /// Operations with one of these operationIds.
    pub operations: Vec<String>,
    /// Operations under one of these path templates.
    pub paths: Vec<String>,
    /// The operationIds that are left out, even if they are selected above.
    pub except: Vec<String>,
}

impl Selection {
    fn is_everything(&self) -> bool {
        self.tags.is_empty() && self.operations.is_empty() && self.paths.is_empty()
    }

    fn takes(&self, path: &str, operation: &Node) -> bool {
        let id = operation.str("operationId").unwrap_or_default();
        if self.except.iter().any(|except| except == id) {
            return false;
        }
        let mut tags = operation.get("tags").and_then(Node::as_array).into_iter().flatten().filter_map(Node::as_str);
        self.is_everything()
            || self.operations.iter().any(|wanted| wanted == id)
            || self.paths.iter().any(|wanted| wanted == path)
            || tags.any(|tag| self.tags.iter().any(|wanted| wanted == tag))
    }
}

/// Reduces a document to a selection.
///
/// # Errors
/// If the document does not have a tag, operationId or path of the selection.
pub(crate) fn select(document: &Node, selection: &Selection) -> Result<Node, Error> {
    let document = with_path_items(document);
    check(&document, selection)?;
    Ok(keep(document.into_owned(), selection))
}

/// Like [`select`], but ignores names that the document does not have.
pub(crate) fn cut(document: &Node, selection: &Selection) -> Node {
    keep(with_path_items(document).into_owned(), selection)
}

/// Inlines the `$ref`s to path items and operations. Members beside a `$ref` are added, and take precedence. Operations
/// behind a reference can then be selected like all others.
fn with_path_items(document: &Node) -> Cow<'_, Node> {
    let is_one = |kind: Object| matches!(kind, Object::PathItem | Object::Operation);
    let mut any = false;
    Object::OpenApi.walk(document, &Pointer::root(), &mut |kind, node, _| {
        any |= is_one(kind) && grammar::reference(node).is_some();
    });
    if !any && document.get("$self").is_none() {
        return Cow::Borrowed(document);
    }
    let mut result = document.clone();
    uri::localise(&mut result);
    let document = &result.clone();
    let mut inlined = Inlined::default();
    Object::OpenApi.walk_mut(&mut result, &Pointer::root(), &mut |kind, node, at| {
        while is_one(kind)
            && let Some(target) = grammar::reference(node)
        {
            let local = target.strip_prefix('#').and_then(|pointer| document.pointer(&percent_decode(pointer)));
            let Some(found) = local.filter(|found| found.as_object().is_some()) else { break };
            if !inlined.enter(at, target, found) {
                break;
            }
            *node = grammar::in_place(node, found);
        }
    });
    Cow::Owned(result)
}

fn keep(mut result: Node, selection: &Selection) -> Node {
    if selection.is_everything() && selection.except.is_empty() {
        return result;
    }
    if let Some(paths) = result.get_mut("paths").and_then(Node::as_object_mut) {
        for (path, item) in paths.iter_mut() {
            keep_methods(item, |operation| selection.takes(path, operation));
        }
        paths.retain(|path, item| path.starts_with("x-") || !grammar::methods(item).is_empty());
    }
    if let Some(webhooks) = result.get_mut("webhooks").and_then(Node::as_object_mut) {
        for item in webhooks.values_mut() {
            keep_methods(item, |operation| selection.takes("", operation));
        }
        webhooks.retain(|_, item| !grammar::methods(item).is_empty());
        if webhooks.is_empty() {
            result.take("webhooks");
        }
    }
    keep_reached(&mut result);
    result
}

/// Removes the operations from a path item that are not selected.
fn keep_methods(item: &mut Node, wanted: impl Fn(&Node) -> bool) {
    let Some(map) = item.as_object_mut() else { return };
    map.retain(|key, operation| !METHODS.contains(&key.as_str()) || wanted(operation));
    if let Some(others) = map.get_mut(OTHER_METHODS).and_then(Node::as_object_mut) {
        others.retain(|_, operation| wanted(operation));
        if others.is_empty() {
            map.shift_remove(OTHER_METHODS);
        }
    }
}

fn check(document: &Node, selection: &Selection) -> Result<(), Error> {
    let mut tags = BTreeSet::new();
    let mut ids = BTreeSet::new();
    let mut paths = BTreeSet::new();
    let webhooks = grammar::webhooks(document).map(|(_, _, operation)| (None, operation));
    let called = grammar::operations(document).map(|(path, _, operation, _)| (Some(path), operation));
    for (path, operation) in called.chain(webhooks) {
        paths.extend(path);
        ids.extend(operation.str("operationId"));
        tags.extend(operation.get("tags").and_then(Node::as_array).into_iter().flatten().filter_map(Node::as_str));
    }
    let missing = |what: &str, wanted: &[String], known: &BTreeSet<&str>| -> Vec<Diagnostic> {
        let absent = wanted.iter().filter(|name| !known.contains(name.as_str()));
        absent
            .map(|name| {
                let diagnostic =
                    Diagnostic::new(format!("no operation of the document has the {what} `{name}`")).at(&document.span);
                match closest(name, known) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic.help("check the selection against the document"),
                }
            })
            .collect()
    };
    let mut diagnostics = missing("tag", &selection.tags, &tags);
    diagnostics.extend(missing("operationId", &selection.operations, &ids));
    diagnostics.extend(missing("operationId", &selection.except, &ids));
    diagnostics.extend(missing("path", &selection.paths, &paths));
    if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics.into()) }
}

/// The known name that is most similar to a misspelt one: equal apart from case, or one of them contains the other.
fn closest<'a>(name: &str, known: &BTreeSet<&'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let near = |other: &&&str| {
        let other = other.to_lowercase();
        other == lower || other.contains(&lower) || lower.contains(&other)
    };
    known.iter().find(near).copied()
}

/// Removes every component, tag and security scheme that no selected operation refers to.
fn keep_reached(document: &mut Node) {
    let Some(components) = document.take("components") else { return };
    let parents = components.get("schemas").and_then(Node::as_object).map(children::parents).unwrap_or_default();
    let mut reached: BTreeSet<(String, String)> = BTreeSet::new();
    let mut used = BTreeSet::new();
    let mut queue = Vec::new();
    refer(Object::OpenApi, document, &Pointer::root(), &mut queue);
    for requirement in grammar::security_requirements(document) {
        queue.push(Reference { kind: "securitySchemes".to_owned(), name: requirement, extends: false });
    }
    while let Some(Reference { kind, name, extends }) = queue.pop() {
        let Some(component) = components.get(&kind).and_then(|kind| kind.get(&name)) else { continue };
        // A value of a parent may be one of its children.
        if let Some(children) = parents.get(name.as_str()).filter(|_| kind == "schemas" && !extends)
            && used.insert(name.clone())
        {
            let child = |child: &&str| Reference { kind: kind.clone(), name: (*child).to_owned(), extends: true };
            queue.extend(children.iter().map(child));
        }
        if reached.insert((kind.clone(), name.clone())) {
            // The component is wrapped as in a document, so that the grammar knows its kind.
            let one = Node::made(Map::from_iter([("it".to_owned(), component.clone())]));
            let all = Node::made(Map::from_iter([(kind, one)]));
            let before = queue.len();
            refer(Object::Components, &all, &Pointer::root().join("components"), &mut queue);
            // Another name for a parent refers to it.
            let is_child = |of: &str| parents.get(of).is_some_and(|children| children.contains(name.as_str()));
            if !children::adds(component) {
                let others = queue.iter_mut().skip(before).filter(|reference| !is_child(&reference.name));
                others.for_each(|reference| reference.extends = false);
            }
        }
    }
    let mut kept = Map::new();
    for (kind, entries) in components.as_object().into_iter().flatten() {
        let Value::Object(entries_map) = &entries.value else { continue };
        let wanted = |name: &String| reached.contains(&(kind.clone(), name.clone()));
        let map: Map =
            entries_map.iter().filter(|(name, _)| wanted(name)).map(|(k, v)| (k.clone(), v.clone())).collect();
        if !map.is_empty() {
            kept.insert(kind.clone(), Node::at(map, &entries.span));
        }
    }
    let operations = grammar::operations(document).map(|(_, _, operation, _)| operation);
    let operations = operations.chain(grammar::webhooks(document).map(|(_, _, operation)| operation));
    let mut used: BTreeSet<String> = operations
        .flat_map(|operation| operation.get("tags").and_then(Node::as_array).into_iter().flatten())
        .filter_map(|tag| tag.as_str().map(str::to_owned))
        .collect();
    if let Some(tags) = document.get_mut("tags").and_then(Node::as_array_mut) {
        // The parents of a used tag are kept too.
        loop {
            let above = tags.iter().filter(|tag| tag.str("name").is_some_and(|name| used.contains(name)));
            let above: Vec<String> = above.filter_map(|tag| tag.str("parent").map(str::to_owned)).collect();
            let before = used.len();
            used.extend(above);
            if used.len() == before {
                break;
            }
        }
        tags.retain(|tag| tag.str("name").is_some_and(|name| used.contains(name)));
    }
    if let Some(map) = document.as_object_mut()
        && !kept.is_empty()
    {
        map.insert("components".to_owned(), Node::at(kept, &components.span));
    }
}

/// A reference to a component.
struct Reference {
    kind: String,
    name: String,
    /// Whether the schema that refers to it extends it.
    extends: bool,
}

/// Collects the components that the objects of a tree refer to: by `$ref`, or by a name or pointer in a discriminator's
/// mapping.
fn refer(kind: Object, node: &Node, at: &Pointer, queue: &mut Vec<Reference>) {
    kind.walk(node, at, &mut |kind, node, at| {
        if let Some((kind, name)) = grammar::reference(node).and_then(component) {
            queue.push(Reference { kind, name, extends: children::is_part_of_component(at) });
        }
        if kind == Object::Schema
            && let Some(discriminator) = node.get("discriminator")
        {
            let mapping = discriminator.get("mapping").and_then(Node::as_object).into_iter().flat_map(Map::values);
            for target in mapping.chain(discriminator.get("defaultMapping")).filter_map(Node::as_str) {
                let (kind, name) = component(target).unwrap_or_else(|| ("schemas".to_owned(), target.to_owned()));
                queue.push(Reference { kind, name, extends: true });
            }
        }
    });
}

/// The component that a local reference names, or that contains its target.
fn component(reference: &str) -> Option<(String, String)> {
    let tokens = Pointer::split(&percent_decode(reference.strip_prefix('#')?))?;
    match tokens.as_slice() {
        [components, kind, name, ..] if components == "components" => Some((kind.clone(), name.clone())),
        _ => None,
    }
}

/// Extensions about structure or names, without texts by authors.
const KEPT_EXTENSIONS: &[&str] = &[
    "x-speakeasy-name-override",
    "x-speakeasy-group",
    "x-speakeasy-unknown-values",
    "x-stability-level",
    "x-enum-varnames",
    "x-nullable",
];

/// Removes all texts by authors: descriptions, summaries, titles, examples, code samples, contact data. Texts that
/// OpenAPI requires become empty.
pub(crate) fn structure_only(document: &mut Node) {
    Object::OpenApi.walk_mut(document, &Pointer::root(), &mut |kind, node, _| {
        let is_reference = grammar::reference(node).is_some();
        let Some(map) = node.as_object_mut() else { return };
        map.retain(|key, _| !key.starts_with("x-") || KEPT_EXTENSIONS.contains(&key.as_str()));
        let text: &[&str] = match kind {
            Object::Info => &["description", "summary", "contact", "license", "termsOfService"],
            Object::Schema => &["description", "title", "example", "examples", "externalDocs", "$comment"],
            Object::OpenApi => &["externalDocs"],
            Object::Components | Object::Callback => &[],
            _ => &["description", "summary", "example", "examples", "externalDocs"],
        };
        text.iter().for_each(|key| drop(map.shift_remove(*key)));
        if kind == Object::Components {
            map.shift_remove("examples");
        }
        if kind == Object::Response && !is_reference {
            map.insert("description".to_owned(), Node::made(""));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "
openapi: 3.1.0
info: {title: t, version: '1', description: theirs}
tags: [{name: a, description: theirs}, {name: b}]
paths:
  /a:
    get:
      tags: [a]
      operationId: getA
      description: theirs
      responses: {'200': {description: theirs, content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}}
    post: {tags: [b], operationId: postA, responses: {'200': {description: x}}}
components:
  schemas:
    A: {type: object, description: theirs, properties: {description: {type: string, description: theirs}, b: {$ref: '#/components/schemas/B/properties/x'}}}
    B: {type: object, properties: {x: {type: string}}}
    C: {type: object, properties: {$ref: {type: string}, a: {$ref: '#/components/schemas/A'}}}
";

    fn document() -> Node {
        Node::parse("t.yaml", DOCUMENT).unwrap()
    }

    #[test]
    fn a_tag_selects_its_operations_and_exactly_the_components_that_they_reach() {
        let selection = Selection { tags: vec!["a".into()], ..Selection::default() };
        let selected = select(&document(), &selection).unwrap();
        let paths = selected.pointer("/paths/~1a").unwrap().as_object().unwrap();
        assert_eq!(paths.keys().collect::<Vec<_>>(), ["get"]);
        let schemas = selected.pointer("/components/schemas").unwrap().as_object().unwrap();
        assert_eq!(schemas.keys().collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(selected.get("tags").unwrap().as_array().unwrap().len(), 1);
    }

    #[test]
    fn what_extends_a_parent_is_kept_where_the_parent_is_used() {
        let document = Node::parse(
            "t.yaml",
            "
openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  /pet: {get: {operationId: pet, responses: {'200': {description: x, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}}}}
  /cat: {get: {operationId: cat, responses: {'200': {description: x, content: {application/json: {schema: {$ref: '#/components/schemas/Cat'}}}}}}}
components:
  schemas:
    Pet: {type: object, discriminator: {propertyName: kind}, properties: {kind: {type: string}}}
    Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {claw: {$ref: '#/components/schemas/Claw'}}}]}
    Tom: {allOf: [{$ref: '#/components/schemas/Cat'}, {properties: {age: {type: integer}}}]}
    Claw: {type: object}
    Other: {type: object}
",
        )
        .unwrap();
        for (operation, expected) in
            [("pet", ["Pet", "Cat", "Tom", "Claw"].as_slice()), ("cat", &["Pet", "Cat", "Claw"])]
        {
            let selection = Selection { operations: vec![operation.to_owned()], ..Selection::default() };
            let selected = select(&document, &selection).unwrap();
            let schemas = selected.pointer("/components/schemas").and_then(Node::as_object).unwrap();
            assert_eq!(schemas.keys().collect::<Vec<_>>(), expected, "{operation}");
        }
    }

    #[test]
    fn operations_behind_a_path_items_reference_are_selected_like_all_others() {
        let text = "
openapi: 3.1.0
paths:
  /a: {$ref: '#/components/pathItems/A', parameters: [{name: p, in: query}]}
  /b: {$ref: '#/components/pathItems/A', get: {tags: [b]}}
  /c: {$ref: '#/components/pathItems/Gone'}
components: {pathItems: {A: {get: {tags: [a], operationId: getA}, post: {tags: [b]}}}}
";
        let document = Node::parse("t.yaml", text).unwrap();
        let selection = Selection { tags: vec!["a".into()], ..Selection::default() };
        let paths = select(&document, &selection).unwrap().to_json()["paths"].take();
        let expected = serde_json::json!({
            "/a": {"get": {"tags": ["a"], "operationId": "getA"}, "parameters": [{"name": "p", "in": "query"}]},
        });
        assert_eq!(paths, expected);
        let all = select(&document, &Selection::default()).unwrap();
        assert!(all.pointer("/paths/~1b/get/operationId").is_none());
        assert!(all.pointer("/paths/~1b/post").is_some() && all.pointer("/paths/~1c/$ref").is_some());
    }

    #[test]
    fn a_selection_that_matches_nothing_is_an_error_with_the_nearest_name() {
        let selection = Selection { operations: vec!["geta".into()], ..Selection::default() };
        let error = select(&document(), &selection).unwrap_err().to_string();
        assert!(error.contains("`geta`") && error.contains("did you mean `getA`"), "{error}");
    }

    #[test]
    fn texts_of_authors_are_removed_but_a_property_called_description_stays() {
        let mut node = document();
        structure_only(&mut node);
        assert!(!node.to_yaml().unwrap().contains("theirs"));
        assert!(node.pointer("/components/schemas/A/properties/description/type").is_some());
    }
}
