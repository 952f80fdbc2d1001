//! Combines a document that consists of several local files into one tree.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Component, Path, PathBuf};

use crate::diagnostic::{Diagnostic, Error};
use crate::document::{MAX_BYTES, MAX_NODES, Map, Node, Pointer, Span, Value, contents, percent_decode};
use crate::grammar::{self, Inlined, Object};
use crate::uri;

/// A document together with the targets of its `$ref`s in other files.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Bundle {
    /// The document. All references point into it, except those without a target.
    pub document: Node,
    /// All files that were read, starting with the document's own. A `build.rs` has to watch them.
    pub files: Vec<PathBuf>,
}

/// Where the files that a document refers to may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// In the document's folder, or below it.
    Folder,
    /// Anywhere.
    Anywhere,
}

impl Node {
    /// Reads a document that may refer to other local files (`$ref: ./pet.yaml#/Pet`), and combines them into one.
    ///
    /// A reference to a missing file, or to a missing place in a file, stays unchanged. Lowering writes a note, as for
    /// every reference without a target.
    ///
    /// The other files must be in the document's folder or below it, with symbolic links resolved. So a document that
    /// you do not trust cannot choose which files of this machine are read.
    ///
    /// # Errors
    /// If [`Node::read`] fails for this file or for another one that exists, or a reference leads to a file outside the
    /// folder.
    pub fn bundle(path: &Path) -> Result<Bundle, Error> {
        bundle(path, Reach::Folder)
    }

    /// Reads a document like [`Node::bundle`], but allows files outside its folder (`$ref: ../common/pet.yaml`). Use it
    /// for documents that you trust.
    ///
    /// # Errors
    /// If [`Node::read`] fails for this file or for another one that exists.
    pub fn bundle_allowing_outside(path: &Path) -> Result<Bundle, Error> {
        bundle(path, Reach::Anywhere)
    }
}

fn bundle(path: &Path, reach: Reach) -> Result<Bundle, Error> {
    let root = normal(path);
    let text = contents(path, MAX_BYTES)?;
    let mut document = Node::parse(&path.display().to_string(), &text)?;
    uri::localise(&mut document);
    let folder = root.parent().unwrap_or(Path::new("")).to_owned();
    let mut bundler = Bundler {
        root: root.clone(),
        own: document.str("$self").map(|own| uri::resolve("", own)),
        // A folder that cannot be resolved contains no readable file.
        folder: (reach == Reach::Folder).then(|| folder.canonicalize().unwrap_or(folder)),
        bytes: text.len(),
        nodes: document.count(),
        refused: HashSet::new(),
        files: HashMap::new(),
        names: HashMap::new(),
        taken: HashSet::new(),
        queue: VecDeque::new(),
        wrong: Vec::new(),
    };
    bundler.components(&mut document);
    bundler.rewrite(Object::OpenApi, &mut document);
    while let Some(Placed { kind, section, name, mut node }) = bundler.queue.pop_front() {
        bundler.rewrite(kind, &mut node);
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
    let mut others: Vec<PathBuf> = bundler.files.into_keys().filter(|file| *file != files[0]).collect();
    others.sort();
    files.append(&mut others);
    Ok(Bundle { document, files })
}

struct Bundler {
    root: PathBuf,
    /// The document's own URI (`$self`).
    own: Option<String>,
    /// The folder that must contain all files, with links resolved; `None` if they may be anywhere.
    folder: Option<PathBuf>,
    /// Bytes that were read, and nodes that are or will be in the document.
    bytes: usize,
    nodes: usize,
    /// Files that cannot be used. Each is reported once.
    refused: HashSet<PathBuf>,
    files: HashMap<PathBuf, Node>,
    /// The component for each file, pointer and section.
    names: HashMap<(PathBuf, String, &'static str), String>,
    taken: HashSet<(String, String)>,
    queue: VecDeque<Placed>,
    wrong: Vec<Diagnostic>,
}

/// A part of another file that will become a component.
struct Placed {
    kind: Object,
    section: &'static str,
    name: String,
    node: Node,
}

/// A part of another file, and its place there.
struct Found {
    file: PathBuf,
    fragment: String,
    node: Node,
}

const KINDS: [Object; 11] = [
    Object::Schema,
    Object::Response,
    Object::Parameter,
    Object::Example,
    Object::RequestBody,
    Object::Header,
    Object::SecurityScheme,
    Object::Link,
    Object::Callback,
    Object::PathItem,
    Object::MediaType,
];

/// Extensions of text files, which are read as one string.
const PROSE: [&str; 5] = ["md", "markdown", "mdx", "txt", "html"];

impl Bundler {
    /// Registers the components that are whole files (`Pet: {$ref: schemas/Pet.yaml}`), or one file for all of them.
    /// Every other reference to such a file becomes a reference to the component, by its name in the document.
    fn components(&mut self, document: &mut Node) {
        let Some(components) = document.get_mut("components") else { return };
        let mut inlined = Inlined::default();
        self.inline(components, &Pointer::root(), &mut inlined, |found| found.as_object().is_some());
        for section in KINDS.iter().filter_map(|kind| kind.section()) {
            let Some(entries) = components.get_mut(section) else { continue };
            if let Some(found) = self.follow(entries)
                && let Some(map) = found.node.as_object()
            {
                for name in map.keys() {
                    let place = Pointer::from(found.fragment.as_str()).join(name);
                    self.names.insert((found.file.clone(), place.as_str().to_owned(), section), name.clone());
                }
                *entries = grammar::in_place(entries, &found.node);
            }
            for (name, entry) in entries.as_object_mut().into_iter().flatten() {
                self.taken.insert((section.to_owned(), name.clone()));
                if !is_plain_reference(entry) {
                    continue;
                }
                if let Some(Found { file, fragment, node }) = self.follow(entry) {
                    // A second component for the same file stays a reference. It refers to the first.
                    let first = self.names.entry((file, fragment, section)).or_insert_with(|| name.clone());
                    if first == name {
                        *entry = node;
                    }
                }
            }
        }
    }

    /// Rewrites every reference of a tree so that it points into the document, or inlines its target.
    fn rewrite(&mut self, kind: Object, node: &mut Node) {
        let mut inlined = Inlined::default();
        kind.walk_mut(node, &Pointer::root(), &mut |kind, node, at| {
            if kind.section().is_none() {
                self.inline(node, at, &mut inlined, |found| found.as_object().is_some());
            } else if let Some(text) = node.get("$ref")
                && let Some(local) = self.place(kind, text)
                && let Some(reference) = node.get_mut("$ref")
            {
                reference.value = Value::String(local);
            }
            for key in kind.referred(node) {
                if let Some(child) = node.get_mut(&key) {
                    self.inline(child, &at.join(&key), &mut inlined, |found| kind.fits(&key, found));
                }
            }
            if kind != Object::Schema {
                return;
            }
            let mapping =
                node.get_mut("discriminator").and_then(|it| it.get_mut("mapping")).and_then(Node::as_object_mut);
            for target in mapping.into_iter().flat_map(Map::values_mut) {
                let text = target.as_str().unwrap_or_default();
                // A bare name is a component's name. A text with a dot or a fragment is a reference.
                if (text.contains(['#', '/']) || has_extension(text))
                    && let Some(local) = self.place(kind, target)
                {
                    target.value = Value::String(local);
                }
            }
        });
    }

    /// The reference within the document that replaces a reference to another file; `None` if the reference stays
    /// unchanged.
    fn place(&mut self, kind: Object, text: &Node) -> Option<String> {
        let (file, fragment) = self.target(text)?;
        if file == self.root {
            return within(text);
        }
        let section = kind.section()?;
        let component =
            |name: &str| format!("#{}", Pointer::root().join("components").join(section).join(name).as_str());
        let asked = (file, fragment, section);
        if let Some(name) = self.names.get(&asked) {
            return Some(component(name));
        }
        let Found { file, fragment, node } = self.chain(asked.0.clone(), asked.1.clone(), &text.span)?;
        let key = (file, fragment, section);
        let name = match self.names.get(&key) {
            Some(name) => name.clone(),
            None => {
                self.nodes += node.count();
                if self.nodes > MAX_NODES {
                    // No real document has so many values in components from other files.
                    if self.refused.insert(key.0) {
                        let message = format!("too large: more than {MAX_NODES} values with those of all files");
                        self.wrong.push(Diagnostic::new(message).at(&text.span));
                    }
                    return None;
                }
                let name = self.name(&key.0, &key.1, section);
                self.names.insert(key, name.clone());
                self.queue.push_back(Placed { kind, section, name: name.clone(), node });
                name
            }
        };
        let reference = component(&name);
        self.names.insert(asked, name);
        Some(reference)
    }

    /// Inlines the target of a reference to another file, if `fits` accepts it. For targets that no section of
    /// `components` can hold.
    fn inline(&mut self, node: &mut Node, at: &Pointer, inlined: &mut Inlined, fits: impl Fn(&Node) -> bool) {
        while let Some(text) = node.get("$ref") {
            let Some((file, fragment)) = self.target(text) else { return };
            if file == self.root {
                if let (Some(local), Some(reference)) = (within(text), node.get_mut("$ref")) {
                    reference.value = Value::String(local);
                }
                return;
            }
            let span = text.span.clone();
            let Some(found) = self.chain(file, fragment, &span) else { return };
            let target = format!("{}#{}", found.file.display(), found.fragment);
            if !(fits(&found.node) || is_plain_reference(&found.node)) || !inlined.enter(at, &target, &found.node) {
                return;
            }
            *node = grammar::in_place(node, &found.node);
        }
    }

    /// The target of a reference to another file; `None` for other nodes, and for missing files.
    fn follow(&mut self, reference: &Node) -> Option<Found> {
        let text = reference.get("$ref")?;
        let (file, fragment) = self.target(text).filter(|(file, _)| *file != self.root)?;
        self.chain(file, fragment, &text.span)
    }

    /// The node at a place of another file. Follows a chain of references from there.
    fn chain(&mut self, mut file: PathBuf, mut fragment: String, at: &Span) -> Option<Found> {
        // A longer chain is treated as a cycle.
        for _ in 0..16 {
            let node = self.find(&file, &fragment, at, 0)?;
            let next =
                if is_plain_reference(&node) { node.get("$ref").and_then(|text| self.target(text)) } else { None };
            match next {
                Some(next) if next.0 != self.root => (file, fragment) = next,
                _ => return Some(Found { file, fragment, node }),
            }
        }
        None
    }

    /// The file and fragment of a reference; `None` if it stays within the document or needs the network.
    fn target(&self, text: &Node) -> Option<(PathBuf, String)> {
        // A node keeps the name of its file when it is moved. A reference is relative to that file.
        let file = text.span.file().map_or_else(|| self.root.clone(), |file| normal(Path::new(file)));
        let (path, fragment) = split(text)?;
        if path.is_empty() && file == self.root {
            return None;
        }
        let beside = |path: &str| normal(&file.parent().unwrap_or(Path::new("")).join(path));
        let target = match path {
            "" => file,
            path if path.contains("://") => self.named(&uri::resolve("", path))?,
            path => {
                let place = beside(&percent_decode(path));
                match self.own.as_deref().filter(|_| !place.is_file()) {
                    Some(own) => self.named(&uri::resolve(own, path)).unwrap_or(place),
                    None => place,
                }
            }
        };
        Some((target, percent_decode(fragment)))
    }

    /// The file of a URI, relative to the document's own URI. The URI may have no extension.
    fn named(&self, uri: &str) -> Option<PathBuf> {
        let own = self.own.as_deref()?;
        if uri == own {
            return Some(self.root.clone());
        }
        let (folder, _) = own.rsplit_once('/')?;
        let place = uri.strip_prefix(folder)?.strip_prefix('/')?;
        let root = self.root.parent().unwrap_or(Path::new(""));
        let candidates =
            ["", ".yaml", ".yml", ".json"].map(|extension| normal(&root.join(format!("{place}{extension}"))));
        candidates.into_iter().find(|candidate| candidate.is_file())
    }

    /// The node at a pointer of a file, if both exist. The pointer may pass through references to further files: an
    /// index of schemas is often only a list of references.
    fn find(&mut self, file: &Path, fragment: &str, at: &Span, depth: usize) -> Option<Node> {
        let tokens = Pointer::split(fragment)?;
        self.read(file, at);
        let mut node = self.files.get(file)?;
        for (index, token) in tokens.iter().enumerate() {
            match node.pointer(Pointer::root().join(token).as_str()) {
                Some(next) => node = next,
                None => {
                    let (file, start) = self.target(node.get("$ref")?)?;
                    let rest = tokens.get(index..)?.iter().fold(Pointer::from(start), Pointer::join_token);
                    // A longer chain is treated as a cycle.
                    return if depth < 16 { self.find(&file, rest.as_str(), at, depth + 1) } else { None };
                }
            }
        }
        Some(node.clone())
    }

    /// Reads a file once, if it exists.
    fn read(&mut self, file: &Path, at: &Span) {
        if self.files.contains_key(file) || self.refused.contains(file) || file.is_dir() {
            return;
        }
        // Lowering writes the note for a missing file or a broken link.
        let Ok(real) = file.canonicalize() else { return };
        match self.usable(file, &real) {
            Ok(node) => drop(self.files.insert(file.to_owned(), node)),
            Err(diagnostic) => {
                self.refused.insert(file.to_owned());
                self.wrong.push(diagnostic.at(at));
            }
        }
    }

    /// The tree of a file, or the reason why it cannot be used. The file's place is checked before the file is read and
    /// before an error can report anything about it.
    fn usable(&mut self, file: &Path, real: &Path) -> Result<Node, Diagnostic> {
        if let Some(folder) = self.folder.as_ref().filter(|folder| !real.starts_with(folder)) {
            let message = format!(
                "the reference leads out of the document's folder, {}: to {}",
                folder.display(),
                file.display()
            );
            return Err(Diagnostic::new(message)
                .help("put the file below the folder, or allow files outside: --allow-outside, or Node::bundle_allowing_outside"));
        }
        let refuse =
            |reason: &str| Diagnostic::new(format!("the reference leads to a file that cannot be used: {reason}"));
        if !real.is_file() {
            return Err(refuse(&format!("{} is not a text file", file.display())));
        }
        let is_prose = PROSE.iter().any(|known| file.extension().is_some_and(|ext| ext.eq_ignore_ascii_case(known)));
        let name = file.display().to_string();
        let read = contents(file, MAX_BYTES.saturating_sub(self.bytes)).and_then(|text| {
            self.bytes += text.len();
            if is_prose { Ok(Node::prose(&name, text)) } else { Node::parse(&name, &text) }
        });
        read.map_err(|error| refuse(error.diagnostics().first().map(Diagnostic::message).unwrap_or_default()))
    }

    /// The name of a new component: the last token of the pointer, or the file's name. If that name is in use, the
    /// file's name is put before it.
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

/// Whether a node is only a reference.
fn is_plain_reference(node: &Node) -> bool {
    grammar::reference(node).is_some() && node.as_object().is_some_and(|map| map.len() == 1)
}

/// The path and the fragment of a reference.
fn split(text: &Node) -> Option<(&str, &str)> {
    let text = text.as_str()?;
    Some(text.split_once('#').unwrap_or((text, "")))
}

/// A reference to the document's own file, as a reference within the document.
fn within(text: &Node) -> Option<String> {
    Some(format!("#{}", split(text)?.1))
}

fn has_extension(text: &str) -> bool {
    Path::new(text)
        .extension()
        .is_some_and(|ext| ["yaml", "yml", "json"].iter().any(|known| ext.eq_ignore_ascii_case(known)))
}

/// Removes `.` and `..` from a path, so that each file has one name.
fn normal(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(result.pop()),
            other => result.push(other),
        }
    }
    result
}
