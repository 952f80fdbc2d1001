//! References brought to one form: `#/components/<kind>/<name>`, so that every later stage can look a target up by name.

use std::collections::{HashMap, HashSet};
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
    let mut hoisted = Hoisted { names: HashMap::new(), added: Map::new(), anchors, snapshot: &snapshot };
    let mut inlined = Inlined::default();
    Object::OpenApi.walk_mut(document, &Pointer::root(), &mut |kind, node, at| {
        members(kind, node, at, &snapshot, &mut inlined, notes);
        if kind == Object::Schema {
            hoisted.rewrite(node, at, at, notes);
        } else {
            object(kind, node, at, &snapshot, &mut inlined, notes);
        }
    });
    // A hoisted schema may itself hold such references.
    while !hoisted.added.is_empty() {
        let mut added = std::mem::take(&mut hoisted.added);
        for (name, node) in &mut added {
            let at = Pointer::root().join("components").join("schemas").join(name);
            // Where it stood in the document is what its own references are relative to.
            let from = hoisted.names.iter().find(|(_, known)| *known == name).map(|(pointer, _)| pointer.clone());
            Object::Schema.walk_mut(node, &at, &mut |kind, node, here| {
                if kind == Object::Schema {
                    let below = here.as_str().strip_prefix(at.as_str()).unwrap_or_default();
                    let origin = Pointer::from(format!("{}{below}", from.as_deref().unwrap_or(at.as_str())));
                    hoisted.rewrite(node, here, &origin, notes);
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
    anchors: Anchors,
    snapshot: &'a Node,
}

impl Hoisted<'_> {
    /// Brings the reference of a schema to one form. `origin` is where the schema stood in the document as it was.
    fn rewrite(&mut self, node: &mut Node, at: &Pointer, origin: &Pointer, notes: &mut Notes) {
        let mut dynamic = false;
        if let Some(reference) = node.get("$dynamicRef").or_else(|| node.get("$recursiveRef")).cloned()
            && node.get("$ref").is_none()
        {
            dynamic = true;
            node.take("$dynamicRef");
            node.take("$recursiveRef");
            notes.push(
                Stage::Lower,
                Kind::Loss,
                at,
                &reference,
                "a dynamic reference was bound to the place it names in this document",
            );
            if let Some(map) = node.as_object_mut() {
                map.insert("$ref".to_owned(), reference);
            }
        }
        let Some(target) = node.get("$ref") else { return };
        let Some(text) = target.as_str().map(str::to_owned) else {
            notes.push(Stage::Lower, Kind::Mend, at, target, "`$ref` is not a string; it was left out");
            node.take("$ref");
            return;
        };
        let Some(pointer) = self.target(&text, origin) else {
            let reason = format!("{}; any value is taken", nowhere(target));
            notes
                .push(Stage::Lower, Kind::Loss, at, node, reason)
                .advise("mend the reference, or put the target in with an overlay");
            node.take("$ref");
            return;
        };
        if text == "#" && self.snapshot.pointer(&pointer).is_some_and(|it| it.str("$id").is_none()) && !dynamic {
            let reason = "`$ref: #` is the whole document; the schema that it stands in was taken";
            notes.push(Stage::Lower, Kind::Mend, at, target, reason);
        }
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

    /// Where in the document a reference leads: to what an anchor or an `$id` names, or by a pointer from the schema
    /// around it that has an `$id`, from the document, or from a schema around it, the nearest first. The last is for
    /// schemas that were written alone, with `$defs` of their own, and pasted in whole.
    fn target(&self, text: &str, origin: &Pointer) -> Option<String> {
        let there = |pointer: &String| self.snapshot.pointer(pointer).is_some();
        if let Some(pointer) = self.anchors.places.get(text) {
            return Some(pointer.clone());
        }
        let (base, fragment) = text.split_once('#')?;
        let fragment = percent_decode(fragment);
        if !fragment.is_empty() && !fragment.starts_with('/') {
            // An anchor is of the resource that the schema around it opens by its `$id`, or of the document.
            let resource = match self.anchors.places.get(base) {
                Some(resource) => resource.clone(),
                None => self.anchors.resource(origin.as_str()),
            };
            let places = self.anchors.anchors.get(&fragment)?;
            let own = places.iter().find(|(of, _)| *of == resource);
            return own.or(places.first()).map(|(_, place)| place.clone());
        }
        if !base.is_empty() {
            return self.anchors.places.get(base).map(|place| format!("{place}{fragment}")).filter(there);
        }
        let around = around(origin);
        let identified = |place: &&String| self.snapshot.pointer(place).is_some_and(|it| it.str("$id").is_some());
        if let Some(holder) = around.iter().find(|place| self.anchors.ids && identified(place))
            && let Some(found) = Some(format!("{holder}{fragment}")).filter(there)
        {
            return Some(found);
        }
        if fragment.is_empty() {
            // Nobody means the document: a component that refers to `#` is recursive.
            return around.into_iter().next_back().filter(there);
        }
        if !fragment.starts_with('/') {
            return None;
        }
        std::iter::once(fragment.clone())
            .chain(around.into_iter().map(|place| format!("{place}{fragment}")))
            .find(there)
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

/// The places of the schemas around a place and of itself, innermost first; the last is the component, or the schema
/// that stands in an operation.
fn around(origin: &Pointer) -> Vec<String> {
    let tokens = Pointer::split(origin.as_str()).unwrap_or_default();
    let outermost = match tokens.as_slice() {
        [components, schemas, _, ..] if components == "components" && schemas == "schemas" => 3,
        _ => tokens.iter().position(|token| token == "schema").map_or(tokens.len(), |at| at + 1),
    };
    let mut places: Vec<String> = Vec::new();
    let mut pointer = Pointer::root();
    for (index, token) in tokens.iter().enumerate() {
        pointer = pointer.join(token);
        if index + 1 >= outermost {
            places.push(pointer.as_str().to_owned());
        }
    }
    places.reverse();
    places
}

/// What schemas are called, other than by their place.
struct Anchors {
    /// What each `$id` names, as pointers.
    places: HashMap<String, String>,
    /// What `$anchor` and `$dynamicAnchor` name: the resource that it is of, and the place.
    anchors: HashMap<String, Vec<(String, String)>>,
    /// The places of the schemas that have an `$id`.
    resources: HashSet<String>,
    /// Whether any schema has an `$id`.
    ids: bool,
}

impl Anchors {
    /// The place of the nearest schema with an `$id` around a place, or the document.
    fn resource(&self, place: &str) -> String {
        let mut place = place;
        while !place.is_empty() && !self.resources.contains(place) {
            place = place.rsplit_once('/').map_or("", |(outer, _)| outer);
        }
        place.to_owned()
    }
}

fn anchors(document: &Node) -> Anchors {
    let mut found = HashMap::new();
    let mut named: Vec<(String, String)> = Vec::new();
    let mut resources = HashSet::new();
    let mut ids = false;
    Object::OpenApi.walk(document, &Pointer::root(), &mut |kind, node, at| {
        if kind != Object::Schema {
            return;
        }
        for key in ["$anchor", "$dynamicAnchor"] {
            if let Some(name) = node.str(key) {
                named.push((name.to_owned(), at.as_str().to_owned()));
            }
        }
        if let Some(id) = node.str("$id") {
            ids = true;
            resources.insert(at.as_str().to_owned());
            found.entry(id.to_owned()).or_insert_with(|| at.as_str().to_owned());
            // The last segment is how siblings refer to it.
            if let Some((_, last)) = id.rsplit_once('/') {
                found.entry(last.to_owned()).or_insert_with(|| at.as_str().to_owned());
            }
        }
    });
    let mut anchors = Anchors { places: found, anchors: HashMap::new(), resources, ids };
    for (name, place) in named {
        let resource = anchors.resource(&place);
        anchors.anchors.entry(name).or_default().push((resource, place));
    }
    anchors
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

/// References to parameters, responses and the like: those to a component of their kind stay, what others lead to is
/// put in their place, because lowering may take it from where it stands. Those that lead nowhere become empty objects.
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
