//! References brought to one form: `#/components/<kind>/<name>`, so that every later stage can look a target up by name.

use std::collections::HashMap;

use crate::document::{Map, Node, Pointer, Value};
use crate::grammar::{self, Object};
use crate::note::{Kind, Notes, Stage};
use crate::select::percent_decode;

/// Rewrites every schema reference that does not name a component: targets elsewhere in the document (`$defs`,
/// `$anchor`, `$id`, a property of another schema) become components of their own.
pub(super) fn normalise(document: &mut Node, notes: &mut Notes) {
    let anchors = anchors(document);
    let snapshot = document.clone();
    let mut hoisted = Hoisted { names: HashMap::new(), added: Map::new(), snapshot: &snapshot };
    Object::OpenApi.walk_mut(document, &Pointer::root(), &mut |kind, node, at| {
        if kind == Object::Schema {
            hoisted.rewrite(node, at, &anchors, notes);
        } else {
            drop_dangling(node, at, kind, &snapshot, notes);
        }
    });
    // A hoisted schema may itself hold such references.
    while !hoisted.added.is_empty() {
        let mut added = std::mem::take(&mut hoisted.added);
        for (name, node) in &mut added {
            let at = Pointer::root().join("components").join("schemas").join(name);
            Object::Schema.walk_mut(node, &at, &mut |kind, node, at| {
                if kind == Object::Schema {
                    hoisted.rewrite(node, at, &anchors, notes);
                }
            });
        }
        if document.get("components").is_none() {
            document.set("components", Map::new());
        }
        if let Some(components) = document.get_mut("components") {
            if components.get("schemas").is_none() {
                components.set("schemas", Map::new());
            }
            if let Some(schemas) = components.get_mut("schemas").and_then(Node::as_object_mut) {
                schemas.extend(added);
            }
        }
    }
}

struct Hoisted<'a> {
    /// Pointer of the target to the name of the component made of it.
    names: HashMap<String, String>,
    added: Map,
    snapshot: &'a Node,
}

impl Hoisted<'_> {
    fn rewrite(&mut self, node: &mut Node, at: &Pointer, anchors: &HashMap<String, String>, notes: &mut Notes) {
        if let Some(dynamic) = node.get("$dynamicRef").or_else(|| node.get("$recursiveRef")).cloned()
            && node.get("$ref").is_none()
        {
            node.take("$dynamicRef");
            node.take("$recursiveRef");
            notes.push(
                Stage::Lower,
                Kind::Loss,
                at,
                &dynamic,
                "a dynamic reference was bound to the place it names in this document",
            );
            let span = dynamic.span.clone();
            // `#` is the schema that holds it, here a component, not the document around that.
            let own = Pointer::split(at.as_str()).unwrap_or_default();
            let value = match (dynamic.as_str(), own.as_slice()) {
                (Some("#"), [components, schemas, name, ..]) if components == "components" && schemas == "schemas" => {
                    Value::String(format!("#{}", Pointer::root().join("components").join("schemas").join(name)))
                }
                _ => dynamic.value,
            };
            if let Some(map) = node.as_object_mut() {
                map.insert("$ref".to_owned(), Node { value, span });
            }
        }
        let Some(target) = node.get("$ref") else { return };
        let Some(text) = target.as_str().map(str::to_owned) else {
            notes.push(Stage::Lower, Kind::Mend, at, target, "`$ref` is not a string; it was left out");
            node.take("$ref");
            return;
        };
        let pointer = anchors.get(&text).cloned().or_else(|| text.strip_prefix('#').map(percent_decode));
        let found = pointer.filter(|pointer| self.snapshot.pointer(pointer).is_some());
        let Some(pointer) = found else {
            let reason = format!("`$ref: {text}` leads nowhere in this document; any value is taken");
            notes
                .push(Stage::Lower, Kind::Loss, at, node, reason)
                .advise("mend the reference, or put the target in with an overlay");
            node.take("$ref");
            return;
        };
        let canonical = match Pointer::split(&pointer).unwrap_or_default().as_slice() {
            [components, schemas, name] if components == "components" && schemas == "schemas" => {
                Pointer::root().join(name).as_str().to_owned()
            }
            _ => format!("/{}", self.name(&pointer)),
        };
        if let Some(map) = node.as_object_mut()
            && let Some(reference) = map.get_mut("$ref")
        {
            reference.value = Value::String(format!("#/components/schemas{canonical}"));
        }
    }

    /// The component made of the schema at a pointer.
    fn name(&mut self, pointer: &str) -> String {
        if let Some(name) = self.names.get(pointer) {
            return name.clone();
        }
        let structural = |token: &String| {
            matches!(
                token.as_str(),
                "components"
                    | "schemas"
                    | "properties"
                    | "$defs"
                    | "definitions"
                    | "paths"
                    | "responses"
                    | "content"
                    | "schema"
                    | "requestBody"
            )
        };
        let tokens: Vec<String> =
            Pointer::split(pointer).unwrap_or_default().into_iter().filter(|token| !structural(token)).collect();
        let clean = |token: &String| {
            token
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' })
                .collect::<String>()
        };
        let mut name = tokens.iter().map(clean).collect::<Vec<_>>().join(".");
        if name.is_empty() {
            name = "Document".to_owned();
        }
        let taken = |name: &str| {
            let pointer = Pointer::root().join("components").join("schemas").join(name);
            self.snapshot.pointer(pointer.as_str()).is_some() || self.names.values().any(|other| other == name)
        };
        while taken(&name) {
            name.push('_');
        }
        self.names.insert(pointer.to_owned(), name.clone());
        if let Some(target) = self.snapshot.pointer(pointer) {
            self.added.insert(name.clone(), target.clone());
        }
        name
    }
}

/// What `$anchor`, `$dynamicAnchor` and `$id` name, as pointers.
fn anchors(document: &Node) -> HashMap<String, String> {
    let mut found = HashMap::new();
    Object::OpenApi.walk(document, &Pointer::root(), &mut |kind, node, at| {
        if kind != Object::Schema {
            return;
        }
        for key in ["$anchor", "$dynamicAnchor"] {
            if let Some(name) = node.str(key) {
                found.entry(format!("#{name}")).or_insert_with(|| at.as_str().to_owned());
            }
        }
        if let Some(id) = node.str("$id") {
            found.entry(id.to_owned()).or_insert_with(|| at.as_str().to_owned());
            // The last segment is how siblings refer to it.
            if let Some((_, last)) = id.rsplit_once('/') {
                found.entry(last.to_owned()).or_insert_with(|| at.as_str().to_owned());
            }
        }
    });
    found
}

/// References to parameters, responses and the like that lead nowhere become empty objects of their kind.
fn drop_dangling(node: &mut Node, at: &Pointer, kind: Object, snapshot: &Node, notes: &mut Notes) {
    let Some(target) = grammar::reference(node) else { return };
    let found = target.strip_prefix('#').and_then(|pointer| snapshot.pointer(&percent_decode(pointer)));
    if found.is_none() && kind != Object::PathItem {
        let reason = format!("`$ref: {target}` leads nowhere in this document; the reference was left out");
        notes.push(Stage::Lower, Kind::Loss, at, node, reason);
        node.value = Map::new().into();
    }
}
