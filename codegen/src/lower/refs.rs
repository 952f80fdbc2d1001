//! References brought to one form: `#/components/<kind>/<name>`, so that every later stage can look a target up by name.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::document::{Map, Node, Pointer, Value};
use crate::grammar::{self, Inlined, Object};
use crate::note::{Kind, Notes, Stage};
use crate::select::percent_decode;

/// Rewrites every schema reference that does not name a component: targets elsewhere in the document (`$defs`,
/// `$anchor`, `$id`, a property of another schema) become components of their own.
pub(super) fn normalise(document: &mut Node, notes: &mut Notes) {
    let anchors = anchors(document);
    let snapshot = document.clone();
    let mut hoisted = Hoisted { names: HashMap::new(), added: Map::new(), snapshot: &snapshot };
    let mut inlined = Inlined::default();
    Object::OpenApi.walk_mut(document, &Pointer::root(), &mut |kind, node, at| {
        members(kind, node, at, &snapshot, &mut inlined, notes);
        if kind == Object::Schema {
            hoisted.rewrite(node, at, &anchors, notes);
        } else {
            object(kind, node, at, &snapshot, &mut inlined, notes);
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
            let reason = format!("{}; any value is taken", nowhere(target));
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

/// Members that are written as one reference where OpenAPI has none: what they stand for is put in their place.
fn members(kind: Object, node: &mut Node, at: &Pointer, snapshot: &Node, inlined: &mut Inlined, notes: &mut Notes) {
    for key in kind.referred(node) {
        let here = at.join(&key);
        while let Some(text) = node.get(&key).and_then(grammar::reference) {
            let found = local(text, snapshot).filter(|found| {
                (kind.fits(&key, found) || grammar::reference(found).is_some()) && inlined.enter(&here, text, found)
            });
            let Some(member) = node.get(&key) else { break };
            match found {
                Some(found) => {
                    let whole = grammar::in_place(member, found);
                    if let Some(member) = node.get_mut(&key) {
                        *member = whole;
                    }
                }
                None => {
                    let reason =
                        format!("{}; `{key}` was left out", member.get("$ref").map(nowhere).unwrap_or_default());
                    notes.push(Stage::Lower, Kind::Loss, &here, member, reason);
                    node.take(&key);
                }
            }
        }
    }
}

/// References to parameters, responses and the like: those to a component of their kind stay, what others lead to is put
/// in their place, because lowering may take it from where it stands. Those that lead nowhere become empty objects.
fn object(kind: Object, node: &mut Node, at: &Pointer, snapshot: &Node, inlined: &mut Inlined, notes: &mut Notes) {
    // These may be there in their own right; what is left of them is noted with the operations.
    if matches!(kind, Object::PathItem | Object::Operation) {
        return;
    }
    while let Some(text) = grammar::reference(node) {
        match local(text, snapshot) {
            Some(_) if is_component(kind, text) => return,
            Some(found) if found.as_object().is_some() && inlined.enter(at, text, found) => {
                *node = grammar::in_place(node, found);
            }
            _ => {
                let reason = node.get("$ref").map(nowhere).unwrap_or_default();
                notes.push(Stage::Lower, Kind::Loss, at, node, format!("{reason}; the reference was left out"));
                node.value = Map::new().into();
            }
        }
    }
}

/// What a reference leads to within the document.
fn local<'a>(reference: &str, document: &'a Node) -> Option<&'a Node> {
    document.pointer(&percent_decode(reference.strip_prefix('#')?))
}

/// Whether a reference names a component of the kind it stands for.
fn is_component(kind: Object, reference: &str) -> bool {
    let tokens = reference.strip_prefix('#').and_then(|pointer| Pointer::split(&percent_decode(pointer)));
    match tokens.unwrap_or_default().as_slice() {
        [components, section, _] => components == "components" && kind.section() == Some(section.as_str()),
        _ => false,
    }
}

/// Says that a reference has no target, with the file it names if it names one.
pub(super) fn nowhere(reference: &Node) -> String {
    let text = reference.as_str().unwrap_or_default();
    let path = text.split('#').next().unwrap_or_default();
    if path.is_empty() || path.contains("://") {
        return format!("`$ref: {text}` leads nowhere in this document");
    }
    let folder = reference.span.file().and_then(|file| Path::new(file).parent()).unwrap_or(Path::new(""));
    let tried: PathBuf = folder.join(percent_decode(path)).components().collect();
    match text.split_once('#') {
        Some((_, place)) => {
            format!("`$ref: {text}` leads nowhere: there is no `{place}` in a file {}", tried.display())
        }
        None => format!("`$ref: {text}` leads nowhere: there is no file {}", tried.display()),
    }
}
