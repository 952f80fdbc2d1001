//! Normalizes references to `#/components/<kind>/<name>`, so that every later stage can find a target by its name.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::dynamic::{Copies, Near, Scope};
use super::resources::Resources;
use crate::document::percent_decode;
use crate::document::{Map, Node, Pointer, Value};
use crate::grammar::{self, Inlined, METHODS, OTHER_METHODS, Object};
use crate::note::{Kind, Notes, Stage};

/// Rewrites every schema reference that does not name a component. Hoists its target elsewhere in the document
/// (`$defs`, `$anchor`, `$id`, a property of another schema) into a component.
pub(super) fn normalise(document: &mut Node, notes: &mut Notes) {
    let snapshot = document.clone();
    let mut hoisted = Hoisted {
        names: HashMap::new(),
        places: HashMap::new(),
        added: Map::new(),
        copies: Copies::default(),
        resources: Resources::of(&snapshot),
        snapshot: &snapshot,
    };
    let mut inlined = Inlined::default();
    Object::OpenApi.walk_mut(document, &Pointer::root(), &mut |kind, node, at| {
        members(kind, node, at, &snapshot, &mut inlined, notes);
        if kind == Object::Schema {
            hoisted.rewrite(node, at, at, &Scope::new(), notes);
        } else {
            object(kind, node, at, &snapshot, &mut inlined, notes);
        }
    });
    // A hoisted schema can contain such references too.
    while !hoisted.added.is_empty() {
        let mut added = std::mem::take(&mut hoisted.added);
        for (name, node) in &mut added {
            let at = Pointer::root().join("components").join("schemas").join(name);
            // Its own references are relative to its original place.
            let from = hoisted.places.get(name).cloned();
            let scope = hoisted.copies.scope(name);
            Object::Schema.walk_mut(node, &at, &mut |kind, node, here| {
                if kind == Object::Schema {
                    let below = here.as_str().strip_prefix(at.as_str()).unwrap_or_default();
                    let origin = Pointer::from(format!("{}{below}", from.as_deref().unwrap_or(at.as_str())));
                    hoisted.rewrite(node, here, &origin, &scope, notes);
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
    hoisted.replace(document);
}

struct Hoisted<'a> {
    /// The name of the component that was hoisted from the schema at each pointer.
    names: HashMap<String, String>,
    /// The original pointer of each hoisted component.
    places: HashMap<String, String>,
    added: Map,
    /// The copies of schemas for the dynamic scopes that they are used in.
    copies: Copies,
    resources: Resources,
    snapshot: &'a Node,
}

impl Hoisted<'_> {
    /// Normalizes the reference of a schema. `origin` is the schema's place in the original document, and `around` is
    /// the dynamic scope around it.
    fn rewrite(&mut self, node: &mut Node, at: &Pointer, origin: &Pointer, around: &Scope, notes: &mut Notes) {
        self.mapping(node, origin);
        let mut dynamic = false;
        if let Some(reference) = node.get("$dynamicRef").or_else(|| node.get("$recursiveRef")).cloned()
            && node.get("$ref").is_none()
        {
            dynamic = true;
            node.take("$dynamicRef");
            node.take("$recursiveRef");
            if let Some(map) = node.as_object_mut() {
                map.insert("$ref".to_owned(), reference);
            }
        }
        let Some(target) = node.get("$ref") else { return };
        let Some(text) = target.as_str().map(str::to_owned) else {
            notes.push(Stage::Lower, Kind::Correction, at, target, "`$ref` is not a string; it was left out");
            node.take("$ref");
            return;
        };
        let Some(pointer) = self.target(&text, origin) else {
            let reason = format!("{}; any value is accepted", nowhere(target));
            notes
                .push(Stage::Lower, Kind::Unchecked, at, node, reason)
                .advise("correct the reference, or add the target in an overlay");
            node.take("$ref");
            return;
        };
        if text == "#" && self.snapshot.pointer(&pointer).is_some_and(|it| it.str("$id").is_none()) && !dynamic {
            let reason = "`$ref: #` is the whole document; the enclosing schema was used";
            notes.push(Stage::Lower, Kind::Correction, at, target, reason);
        }
        let scope = self.resources.scope(around, origin.as_str());
        let pointer = match self.resources.dynamic_name(&text, &pointer).filter(|_| dynamic) {
            Some(name) => scope.get(name).cloned().unwrap_or(pointer),
            None => pointer,
        };
        let Some(component) = self.component_in(&pointer, &scope, at) else {
            // One note for all of them, because there can be as many as the square of the document's size.
            if !std::mem::replace(&mut self.copies.is_over, true) {
                let reason = "too many schemas depend on the dynamic scope; from here on, references to such schemas \
                              accept any value";
                notes.push(Stage::Lower, Kind::Unchecked, at, node, reason);
            }
            node.take("$ref");
            return;
        };
        if let Some(map) = node.as_object_mut()
            && let Some(reference) = map.get_mut("$ref")
        {
            reference.value = Value::String(component);
        }
    }

    /// Normalizes the targets of a discriminator's mapping. A bare name is first looked up as a component's name.
    fn mapping(&mut self, node: &mut Node, origin: &Pointer) {
        let Some(discriminator) = node.get_mut("discriminator").and_then(Node::as_object_mut) else { return };
        let mut targets: Vec<&mut Node> = Vec::new();
        for (key, member) in discriminator {
            match key.as_str() {
                "mapping" => targets.extend(member.as_object_mut().into_iter().flat_map(Map::values_mut)),
                "defaultMapping" => targets.push(member),
                _ => {}
            }
        }
        for target in targets {
            let Some(text) = target.as_str() else { continue };
            let named = Pointer::root().join("components").join("schemas").join(text);
            if self.snapshot.pointer(named.as_str()).is_some() {
                continue;
            }
            if let Some(pointer) = self.target(text, origin) {
                target.value = Value::String(self.component(&pointer));
            }
        }
    }

    /// [`Hoisted::component`] in a dynamic scope. If the scope changes what the schema means, it is a copy for the scope.
    /// `None` if there are too many copies.
    fn component_in(&mut self, pointer: &str, scope: &Scope, at: &Pointer) -> Option<String> {
        if self.copies.is_over && !scope.is_empty() {
            let is_same = self.copies.reached.get(pointer).is_some_and(BTreeMap::is_empty);
            return is_same.then(|| self.component(pointer));
        }
        let needed = if scope.is_empty() { Scope::new() } else { self.needed(pointer, scope)? };
        if needed.is_empty() {
            return Some(self.component(pointer));
        }
        let tokens = Pointer::split(at.as_str()).unwrap_or_default();
        let user = used(&tokens, self.snapshot)
            .map_or_else(|| tokens.get(2).cloned().unwrap_or_default(), |words| words.join("_"));
        let target = label(&Pointer::split(pointer).unwrap_or_default());
        let mut name = clean(&format!("{user}_{target}"));
        while self.is_taken(&name) {
            name.push('_');
        }
        let (name, is_new) = self.copies.of(pointer, needed, name)?;
        if is_new && let Some(copied) = self.snapshot.pointer(pointer) {
            let mut copied = copied.clone();
            copied.take("x-rust-name");
            self.places.insert(name.clone(), pointer.to_owned());
            self.added.insert(name.clone(), copied);
        }
        Some(format!("#/components/schemas{}", Pointer::root().join(name).as_str()))
    }

    /// The part of a dynamic scope that changes what the schema at a pointer means. `None` if finding it takes too long.
    fn needed(&mut self, pointer: &str, scope: &Scope) -> Option<Scope> {
        let reached = match self.copies.reached.get(pointer) {
            Some(reached) => reached.clone(),
            None if !self.copies.has_time() => return None,
            None => {
                let (reached, visited) = self.reached(pointer);
                self.copies.visited += visited;
                self.copies.reached.insert(pointer.to_owned(), reached.clone());
                reached
            }
        };
        let own = self.resources.scope(&Scope::new(), pointer);
        let changes = |name: &str, target: &String| {
            own.get(name) != Some(target)
                && reached.get(name).is_some_and(|anchors| anchors.iter().any(|anchor| anchor != target))
        };
        let needed = scope.iter().filter(|(name, target)| changes(name, target));
        Some(needed.map(|(name, target)| (name.clone(), target.clone())).collect())
    }

    /// The names of the dynamic references that can be reached from a schema, each with the places of its anchors, and
    /// the number of schemas on the way.
    fn reached(&mut self, pointer: &str) -> (BTreeMap<String, BTreeSet<String>>, usize) {
        let mut visited = 0;
        let (mut named, mut anchors) = (BTreeSet::new(), BTreeSet::new());
        let (mut queue, mut seen) = (vec![pointer.to_owned()], HashSet::from([pointer.to_owned()]));
        while let Some(pointer) = queue.pop() {
            let (near, new) = self.near(&pointer);
            visited += new + near.targets.len() + near.anchors.len();
            named.extend(near.named.iter().cloned());
            anchors.extend(near.anchors.iter().cloned());
            for target in near.targets.iter().filter(|target| !seen.contains(*target)).collect::<Vec<_>>() {
                seen.insert(target.clone());
                queue.push(target.clone());
            }
        }
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, place) in anchors.into_iter().filter(|(name, _)| named.contains(name)) {
            found.entry(name).or_default().insert(place);
        }
        (found, visited)
    }

    /// What the schema at a pointer has itself, and the number of schemas in it if it was not visited before.
    fn near(&mut self, pointer: &str) -> (Rc<Near>, usize) {
        if let Some(near) = self.copies.near.get(pointer) {
            return (Rc::clone(near), 0);
        }
        let (mut near, mut visited) = (Near::default(), 0);
        if let Some(schema) = self.snapshot.pointer(pointer) {
            Object::Schema.walk(schema, &Pointer::from(pointer.to_owned()), &mut |kind, node, at| {
                if kind != Object::Schema {
                    return;
                }
                visited += 1;
                near.anchors.extend(self.resources.scope(&Scope::new(), at.as_str()));
                for key in ["$ref", "$dynamicRef", "$recursiveRef"] {
                    let Some(text) = node.str(key) else { continue };
                    let Some(target) = self.target(text, at) else { continue };
                    if key != "$ref" {
                        near.named.extend(self.resources.dynamic_name(text, &target).map(str::to_owned));
                    }
                    near.targets.insert(target);
                }
            });
        }
        let near = Rc::new(near);
        self.copies.near.insert(pointer.to_owned(), Rc::clone(&near));
        (near, visited)
    }

    /// Whether a component has this name.
    fn is_taken(&self, name: &str) -> bool {
        let pointer = Pointer::root().join("components").join("schemas").join(name);
        self.snapshot.pointer(pointer.as_str()).is_some() || self.places.contains_key(name)
    }

    /// Returns a reference to the component at a pointer. Any other schema is hoisted into a component first.
    fn component(&mut self, pointer: &str) -> String {
        let mut pointer = pointer.to_owned();
        // A schema in an operation is often a reference itself. A longer chain is treated as a cycle.
        for _ in 0..16 {
            let here = self.snapshot.pointer(&pointer);
            let next =
                here.filter(|node| node.as_object().is_some_and(|map| map.len() == 1)).and_then(grammar::reference);
            let tokens = Pointer::split(&pointer).unwrap_or_default();
            let next = next.filter(|_| used(&tokens, self.snapshot).is_some());
            let Some(next) = next.and_then(|text| self.target(text, &Pointer::from(pointer.as_str()))) else { break };
            pointer = next;
        }
        let pointer = pointer.as_str();
        let name = match Pointer::split(pointer).unwrap_or_default().as_slice() {
            [components, schemas, name] if components == "components" && schemas == "schemas" => name.clone(),
            _ => self.name(pointer),
        };
        format!("#/components/schemas{}", Pointer::root().join(name).as_str())
    }

    /// Returns the pointer to the target of a reference; `None` if there is no target. A reference can name an anchor
    /// or an `$id`. Any other reference is a pointer. It is resolved from the enclosing schema with an `$id`, then from
    /// the document, then from each enclosing schema, innermost first. The last case is for schemas that were written
    /// as separate documents, with their own `$defs`, and pasted into this one.
    fn target(&self, text: &str, origin: &Pointer) -> Option<String> {
        let there = |pointer: &String| self.snapshot.pointer(pointer).is_some();
        let (base, fragment) = text.split_once('#').unwrap_or((text, ""));
        let fragment = percent_decode(fragment);
        let is_pointer = fragment.is_empty() || fragment.starts_with('/');
        let resource = match base {
            "" => self.resources.resource(origin.as_str()),
            base => self.resources.named(base, origin.as_str())?,
        };
        if !is_pointer {
            return self.resources.anchor(resource, &fragment, origin.as_str()).map(str::to_owned);
        }
        if !base.is_empty() {
            return Some(format!("{resource}{fragment}")).filter(there);
        }
        if !resource.is_empty()
            && let Some(found) = Some(format!("{resource}{fragment}")).filter(there)
        {
            return Some(found);
        }
        let around = around(origin);
        if fragment.is_empty() {
            // In a component, `#` never means the document. The component refers to itself.
            return around.into_iter().next_back().filter(there);
        }
        std::iter::once(fragment.clone())
            .chain(around.into_iter().map(|place| format!("{place}{fragment}")))
            .find(there)
    }

    /// Hoists the schema at a pointer into a component, if it is not hoisted yet. Returns the component's name.
    fn name(&mut self, pointer: &str) -> String {
        if let Some(name) = self.names.get(pointer) {
            return name.clone();
        }
        let tokens = Pointer::split(pointer).unwrap_or_default();
        let mut name = match used(&tokens, self.snapshot) {
            Some(words) => words.join("_"),
            None => label(&tokens),
        };
        if name.is_empty() {
            name = "Document".to_owned();
        }
        while self.is_taken(&name) {
            name.push('_');
        }
        self.names.insert(pointer.to_owned(), name.clone());
        self.places.insert(name.clone(), pointer.to_owned());
        if let Some(target) = self.snapshot.pointer(pointer) {
            self.added.insert(name.clone(), target.clone());
        }
        name
    }

    /// Replaces each hoisted schema in an operation, or in a shared part of operations, by a reference to its
    /// component, so that there is only one copy.
    fn replace(&self, document: &mut Node) {
        let component = |name: &str| Pointer::root().join("components").join("schemas").join(name);
        // Inner schemas are replaced before the schemas around them.
        let mut places: Vec<(&String, &String)> = self.names.iter().collect();
        places.sort_by_key(|(place, _)| std::cmp::Reverse((place.len(), *place)));
        for (place, name) in places {
            let tokens = Pointer::split(place).unwrap_or_default();
            if !self.resources.is_schema(place) || used(&tokens, self.snapshot).is_none() {
                continue;
            }
            let reference = format!("#{}", component(name));
            // If an enclosing schema was hoisted, its component contains this schema too.
            let around = place.match_indices('/').rev().find_map(|(at, _)| {
                let around = self.names.get(&place[..at])?;
                Some(format!("{}{}", component(around), &place[at..]))
            });
            for place in [Some(place.clone()), around].into_iter().flatten() {
                if let Some(node) = document.pointer_mut(&place).filter(|node| grammar::reference(node).is_none()) {
                    node.value = Map::from_iter([("$ref".to_owned(), Node::at(reference.as_str(), &node.span))]).into();
                }
            }
        }
    }
}

/// The tokens of a pointer that are names.
fn label(tokens: &[String]) -> String {
    let structural = ["components", "schemas", "properties", "$defs", "definitions"];
    let named = tokens.iter().filter(|token| !structural.contains(&token.as_str()));
    named.map(|token| clean(token)).collect::<Vec<_>>().join(".")
}

/// Replaces the characters of a token that a component's name cannot have.
fn clean(token: &str) -> String {
    token.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect()
}

/// The parts of the component name for a schema in an operation, or in a shared response, body, parameter or header;
/// `None` for any other schema. The name of its Rust type has the same parts if nothing refers to the schema.
fn used(tokens: &[String], document: &Node) -> Option<Vec<String>> {
    let (mut words, mut rest) = match tokens {
        [paths, path, method, rest @ ..] if paths == "paths" && METHODS.contains(&method.as_str()) => {
            let operation = document.get("paths")?.get(path)?.get(method)?;
            let id = operation.str("x-rust-name").or_else(|| operation.str("operationId"));
            let id = id.map(|id| id.rsplit(['.', '/']).next().unwrap_or(id).to_owned());
            (vec![id.unwrap_or_else(|| format!("{method} {path}"))], rest)
        }
        [paths, path, others, method, rest @ ..] if paths == "paths" && others == OTHER_METHODS => {
            let operation = document.get("paths")?.get(path)?.get(others)?.get(method)?;
            let id = operation.str("x-rust-name").or_else(|| operation.str("operationId"));
            (vec![id.map_or_else(|| format!("{method} {path}"), str::to_owned)], rest)
        }
        [webhooks, name, method, rest @ ..] if webhooks == "webhooks" && METHODS.contains(&method.as_str()) => {
            (vec![name.clone(), "webhook".to_owned()], rest)
        }
        [paths, path, rest @ ..] if paths == "paths" || paths == "webhooks" => (vec![path.clone()], rest),
        [components, section, name, rest @ ..] if components == "components" && section != "schemas" => {
            let known = ["responses", "parameters", "requestBodies", "headers", "callbacks", "pathItems"];
            known.contains(&section.as_str()).then(|| (vec![name.clone()], rest))?
        }
        _ => return None,
    };
    let several = |section: &str| {
        let pointer = tokens.iter().take_while(|token| *token != section).fold(Pointer::root(), Pointer::join_token);
        let all = document.pointer(pointer.join(section).as_str()).and_then(Node::as_object);
        all.is_some_and(|all| all.len() > 1)
    };
    while let [token, tail @ ..] = rest {
        rest = tail;
        match (token.as_str(), tail) {
            ("responses", [status, below @ ..]) => {
                if several("responses") && status != "200" {
                    words.push(format!("status {status}"));
                }
                words.push("response".to_owned());
                rest = below;
            }
            ("requestBody", _) => words.push("body".to_owned()),
            ("content" | "headers", [named, below @ ..]) => {
                if token == "headers" {
                    words.push(named.clone());
                }
                rest = below;
            }
            ("parameters", [index, below @ ..]) => {
                let at = &tokens[..tokens.len() - below.len()];
                let place = at.iter().fold(Pointer::root(), Pointer::join_token);
                let parameter = document.pointer(place.as_str()).and_then(|it| it.str("name"));
                words.push(parameter.unwrap_or(index).to_owned());
                rest = below;
            }
            ("properties" | "patternProperties" | "$defs" | "definitions", [name, below @ ..]) => {
                words.push(name.clone());
                rest = below;
            }
            ("items", _) => words.push("item".to_owned()),
            ("additionalProperties", _) => words.push("value".to_owned()),
            ("schema", _) => {}
            (other, _) => words.push(other.to_owned()),
        }
    }
    let part = |word: &String| clean(word).replace('.', "_");
    Some(words.iter().map(part).collect())
}

/// The pointers to a schema and to its enclosing schemas, innermost first. The last one is the component, or the
/// outermost schema in an operation.
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

/// Inlines references at members where OpenAPI does not allow a reference.
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
                    // A missing description is not a loss.
                    let note = if prose(&key) { Kind::Correction } else { Kind::Loss };
                    notes.push(Stage::Lower, note, &here, member, reason);
                    node.take(&key);
                }
            }
        }
    }
}

/// Normalizes references to parameters, responses and other objects. Keeps a reference to a component of the right
/// kind. Inlines any other target, because lowering may remove it from its place. Replaces a reference without a target
/// by an empty object.
fn object(kind: Object, node: &mut Node, at: &Pointer, snapshot: &Node, inlined: &mut Inlined, notes: &mut Notes) {
    // These can have members beside the reference. `lost_operations` writes their note.
    if matches!(kind, Object::PathItem | Object::Operation) {
        return;
    }
    while let Some(text) = grammar::reference(node) {
        match local(text, snapshot) {
            Some(_) if leads_back(text, snapshot) => {
                let reason = format!("`$ref: {text}` leads back to itself; the reference was left out");
                let note = if kind == Object::Example { Kind::Correction } else { Kind::Loss };
                notes.push(Stage::Lower, note, at, node, reason);
                node.value = Map::new().into();
            }
            // Later stages do not support shared media types, so these are inlined.
            Some(_) if kind != Object::MediaType && is_component(kind, text) => return,
            Some(found) if found.as_object().is_some() && inlined.enter(at, text, found) => {
                *node = grammar::in_place(node, found);
            }
            _ => {
                let reason = node.get("$ref").map(nowhere).unwrap_or_default();
                let note = if kind == Object::Example { Kind::Correction } else { Kind::Loss };
                notes.push(Stage::Lower, note, at, node, format!("{reason}; the reference was left out"));
                node.value = Map::new().into();
            }
        }
    }
}

/// Whether a member only documents the API for readers.
fn prose(key: &str) -> bool {
    matches!(key, "description" | "summary" | "title" | "examples" | "tags" | "externalDocs")
}

/// The target of a reference within the document.
fn local<'a>(reference: &str, document: &'a Node) -> Option<&'a Node> {
    document.pointer(&percent_decode(reference.strip_prefix('#')?))
}

/// Whether a reference leads to nothing but references.
fn leads_back(text: &str, document: &Node) -> bool {
    let mut seen = BTreeSet::new();
    let mut text = text;
    while seen.insert(text) {
        match local(text, document).and_then(grammar::reference) {
            Some(next) => text = next,
            None => return false,
        }
    }
    true
}

/// Whether a reference names a component of the expected kind.
fn is_component(kind: Object, reference: &str) -> bool {
    let tokens = reference.strip_prefix('#').and_then(|pointer| Pointer::split(&percent_decode(pointer)));
    match tokens.unwrap_or_default().as_slice() {
        [components, section, _] => components == "components" && kind.section() == Some(section.as_str()),
        _ => false,
    }
}

/// The message for a reference without a target. If the reference names a file, the message has its path.
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
