//! A document in several local files, brought together in one tree.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Component, Path, PathBuf};

use super::{Map, Node, Pointer, Value};
use crate::diagnostic::{Diagnostic, Error};
use crate::grammar::{self, Object};

/// A document with everything its `$ref`s find in files beside it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Bundle {
    /// The document, whose references all lead into itself.
    pub document: Node,
    /// Every file that was read, the document's own first: what a `build.rs` has to watch.
    pub files: Vec<PathBuf>,
}

pub(super) fn bundle(path: &Path) -> Result<Bundle, Error> {
    let root = normal(path);
    let mut document = Node::read(path)?;
    let mut bundler = Bundler {
        root: root.clone(),
        files: HashMap::new(),
        names: HashMap::new(),
        taken: HashSet::new(),
        queue: VecDeque::new(),
        wrong: Vec::new(),
    };
    for (kind, entries) in document.get("components").and_then(Node::as_object).into_iter().flatten() {
        bundler
            .taken
            .extend(entries.as_object().into_iter().flat_map(Map::keys).map(|name| (kind.clone(), name.clone())));
    }
    bundler.sections(&mut document)?;
    bundler.rewrite(Object::OpenApi, &mut document, &root);
    while let Some(Placed { kind, section, name, file, mut node }) = bundler.queue.pop_front() {
        bundler.rewrite(kind, &mut node, &file);
        for key in ["components", section] {
            let parent = if key == "components" { Some(&mut document) } else { document.get_mut("components") };
            if let Some(parent) = parent
                && parent.get(key).is_none()
            {
                parent.set(key, Map::new());
            }
        }
        let entries = document.get_mut("components").and_then(|it| it.get_mut(section)).and_then(Node::as_object_mut);
        if let Some(entries) = entries {
            entries.insert(name, node);
        }
    }
    if !bundler.wrong.is_empty() {
        return Err(bundler.wrong.into());
    }
    let mut files = vec![root];
    let mut others: Vec<PathBuf> = bundler.files.into_keys().collect();
    others.sort();
    files.append(&mut others);
    Ok(Bundle { document, files })
}

struct Bundler {
    root: PathBuf,
    files: HashMap<PathBuf, Node>,
    /// File, pointer and section to the component made of it.
    names: HashMap<(PathBuf, String, &'static str), String>,
    taken: HashSet<(String, String)>,
    queue: VecDeque<Placed>,
    wrong: Vec<Diagnostic>,
}

/// A part of another file on its way into the document's components.
struct Placed {
    kind: Object,
    section: &'static str,
    name: String,
    file: PathBuf,
    node: Node,
}

impl Bundler {
    /// Sections that are a reference as a whole: `paths: {$ref: paths.yaml}`.
    fn sections(&mut self, document: &mut Node) -> Result<(), Error> {
        let kinds = [
            "schemas",
            "responses",
            "parameters",
            "examples",
            "requestBodies",
            "headers",
            "securitySchemes",
            "links",
            "callbacks",
            "pathItems",
        ];
        let nested = kinds.iter().map(|kind| format!("/components/{kind}"));
        for pointer in ["/paths".to_owned(), "/components".to_owned()].into_iter().chain(nested) {
            let Some(node) = document.pointer(&pointer) else { continue };
            let Some((file, fragment)) = grammar::reference(node).and_then(|text| self.target(text, &self.root)) else {
                continue;
            };
            let mut found = self.find(&file, &fragment, node)?;
            absolute(&mut found, &file);
            if let Some(node) = document.pointer_mut(&pointer) {
                *node = found;
            }
        }
        Ok(())
    }

    /// Points every reference of a tree that was read from `file` at the document itself.
    fn rewrite(&mut self, kind: Object, node: &mut Node, file: &Path) {
        kind.walk_mut(node, &Pointer::root(), &mut |kind, node, _| {
            if let Some(text) = grammar::reference(node).map(str::to_owned)
                && let Some(local) = self.place(kind, &text, file, node)
                && let Some(reference) = node.get_mut("$ref")
            {
                reference.value = Value::String(local);
            }
            if kind != Object::Schema {
                return;
            }
            let mapping =
                node.get_mut("discriminator").and_then(|it| it.get_mut("mapping")).and_then(Node::as_object_mut);
            for target in mapping.into_iter().flat_map(Map::values_mut) {
                let text = target.as_str().unwrap_or_default().to_owned();
                // A bare name is a name; anything with a dot or a fragment is a reference.
                if (text.contains(['#', '/']) || has_extension(&text))
                    && let Some(local) = self.place(kind, &text, file, target)
                {
                    target.value = Value::String(local);
                }
            }
        });
    }

    /// The reference within the document for one that leads to another file; `None` if it stays as it is.
    fn place(&mut self, kind: Object, text: &str, file: &Path, at: &Node) -> Option<String> {
        let (target, fragment) = self.target(text, file)?;
        if target == self.root {
            return Some(format!("#{fragment}"));
        }
        let section = section(kind)?;
        let key = (target.clone(), fragment.clone(), section);
        if let Some(name) = self.names.get(&key) {
            return Some(format!("#{}", Pointer::root().join("components").join(section).join(name)));
        }
        let node = match self.find(&target, &fragment, at) {
            Ok(node) => node,
            Err(error) => {
                self.wrong.extend(error.diagnostics().iter().cloned());
                return None;
            }
        };
        let name = self.name(&target, &fragment, section);
        self.names.insert(key, name.clone());
        let pointer = Pointer::root().join("components").join(section).join(&name);
        self.queue.push_back(Placed { kind, section, name, file: target, node });
        Some(format!("#{pointer}"))
    }

    /// File and fragment a reference leads to; `None` for one that stays within the document, or leads to the network.
    fn target(&self, text: &str, file: &Path) -> Option<(PathBuf, String)> {
        let (path, fragment) = text.split_once('#').unwrap_or((text, ""));
        if path.contains("://") || (path.is_empty() && file == self.root) {
            return None;
        }
        let path = crate::select::percent_decode(path);
        let target =
            if path.is_empty() { file.to_owned() } else { normal(&file.parent().unwrap_or(Path::new("")).join(path)) };
        Some((target, crate::select::percent_decode(fragment)))
    }

    fn find(&mut self, file: &Path, fragment: &str, at: &Node) -> Result<Node, Error> {
        if !self.files.contains_key(file) {
            let read = Node::read(file).map_err(|error| {
                let reason = error.diagnostics().first().map(|it| it.message().to_owned()).unwrap_or_default();
                Diagnostic::new(format!("the reference leads to a file that cannot be used: {reason}")).at(&at.span)
            })?;
            self.files.insert(file.to_owned(), read);
        }
        let found = self.files.get(file).and_then(|node| node.pointer(fragment)).cloned();
        found.ok_or_else(|| Diagnostic::new(format!("{} has no `{fragment}`", file.display())).at(&at.span).into())
    }

    /// The last token of the pointer, or the file's name; qualified by the file's name where that is taken.
    fn name(&mut self, file: &Path, fragment: &str, section: &str) -> String {
        let clean = |text: &str| {
            text.chars()
                .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' })
                .collect::<String>()
        };
        let stem = clean(&file.file_stem().unwrap_or_default().to_string_lossy());
        let last = clean(&Pointer::from(fragment).last());
        let mut name = if last.is_empty() { stem.clone() } else { last.clone() };
        if self.taken.contains(&(section.to_owned(), name.clone())) {
            name = format!("{stem}.{name}");
        }
        while !self.taken.insert((section.to_owned(), name.clone())) {
            name.push('_');
        }
        name
    }
}

fn section(kind: Object) -> Option<&'static str> {
    Some(match kind {
        Object::Schema => "schemas",
        Object::Parameter => "parameters",
        Object::Response => "responses",
        Object::RequestBody => "requestBodies",
        Object::Header => "headers",
        Object::Example => "examples",
        Object::Link => "links",
        Object::SecurityScheme => "securitySchemes",
        Object::Callback => "callbacks",
        Object::PathItem => "pathItems",
        _ => return None,
    })
}

fn has_extension(text: &str) -> bool {
    Path::new(text)
        .extension()
        .is_some_and(|ext| ["yaml", "yml", "json"].iter().any(|known| ext.eq_ignore_ascii_case(known)))
}

/// Makes the references of a part of `file` independent of where the part stands.
fn absolute(node: &mut Node, file: &Path) {
    match &mut node.value {
        Value::Object(map) => {
            for (key, child) in map.iter_mut() {
                match child.as_str() {
                    Some(text) if key == "$ref" && !text.contains("://") => {
                        let (path, fragment) = text.split_once('#').unwrap_or((text, ""));
                        let path = if path.is_empty() {
                            file.to_owned()
                        } else {
                            normal(&file.parent().unwrap_or(Path::new("")).join(path))
                        };
                        child.value = Value::String(format!("{}#{fragment}", absolute_path(&path).display()));
                    }
                    _ => absolute(child, file),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| absolute(item, file)),
        _ => {}
    }
}

fn absolute_path(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The path without `.` and with `..` taken back, so that one file has one name.
fn normal(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in absolute_path(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(result.pop()),
            other => result.push(other),
        }
    }
    result
}
