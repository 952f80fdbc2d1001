//! The dependencies between packages and between the modules of one package have one direction. They are read from the
//! sources: the imports of a module, and the paths in it. Tests and documentation do not count.
//!
//! A module and a module inside it count as two modules. A file such as `mod.rs` may declare modules and re-export
//! their names: this is not an import. Its own code may be used by the modules inside, or use them, but not both.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, ImplItem, Item, ItemUse, Macro, Meta, UseTree, Visibility};

/// The packages that a package may use.
struct Arrows {
    folder: &'static str,
    /// Its name in paths.
    name: &'static str,
    /// Our packages in its code. A path also allows everything below it.
    code: &'static [&'static str],
    /// Further ones that only its tests and examples use.
    tests: &'static [&'static str],
    /// Those that its build script uses.
    build: &'static [&'static str],
}

const PACKAGES: [Arrows; 13] = [
    // A fake of any document knows none of our packages, so that it can disagree with them.
    Arrows { folder: "mock", name: "connectors_mock", code: &[], tests: &["connectors"], build: &[] },
    // Only the command uses it, for `serve`.
    Arrows { folder: "codegen", name: "connectors_codegen", code: &["connectors_mock"], tests: &[], build: &[] },
    Arrows { folder: "runtime", name: "connectors_runtime", code: &[], tests: &[], build: &[] },
    Arrows {
        folder: ".",
        name: "connectors",
        code: &["connectors_runtime"],
        tests: &["connectors_fake", "connectors_mock"],
        build: &["connectors_codegen"],
    },
    // The documents, the clock, the interface to the network and its error, but never the generated types: a fake must
    // be able to disagree with them.
    Arrows {
        folder: "fake",
        name: "connectors_fake",
        code: &[
            "connectors::c1::DOCUMENT",
            "connectors::pipeshub::DOCUMENT",
            "connectors::Clock",
            "connectors::Error",
            "connectors::SendError",
            "connectors::Sender",
            "connectors::TestClock",
            "connectors::reqwest",
            "connectors_mock",
        ],
        tests: &[],
        build: &[],
    },
    // Only the public API of the clients; for `probe` and `cassette`, also the modules that they compare with.
    Arrows {
        folder: "cli",
        name: "connectors_cli",
        code: &[
            "connectors",
            "connectors_fake::c1::Tenant",
            "connectors_fake::pipeshub::Instance",
            "connectors_fake::probe",
            "connectors_fake::recording",
            "connectors_mock::document",
        ],
        tests: &["connectors_codegen"],
        build: &[],
    },
    Arrows {
        folder: "xtask",
        name: "xtask",
        code: &["connectors", "connectors_codegen", "connectors_fake", "connectors_runtime"],
        tests: &["connectors"],
        build: &[],
    },
    Arrows { folder: "xtask/start", name: "xtask_start", code: &[], tests: &[], build: &[] },
    // The packages that a user has for their own document.
    Arrows {
        folder: "tests/third",
        name: "library",
        code: &["connectors_runtime"],
        tests: &["connectors_runtime", "connectors_codegen", "connectors_mock"],
        build: &["connectors_codegen"],
    },
    Arrows {
        folder: "roundtrip",
        name: "roundtrip",
        code: &["connectors_runtime", "connectors_mock::schema"],
        tests: &[],
        build: &["connectors_codegen"],
    },
    Arrows { folder: "bench", name: "connectors_bench", code: &["connectors_codegen"], tests: &[], build: &[] },
    Arrows {
        folder: "bench/worker",
        name: "connectors_bench_worker",
        code: &["connectors", "connectors_runtime"],
        tests: &[],
        build: &[],
    },
    Arrows {
        folder: "duel",
        name: "connectors_duel",
        code: &["connectors_codegen", "connectors_runtime"],
        tests: &[],
        build: &["connectors_codegen"],
    },
];

/// The modules of the runtime in order. Each imports only those before it.
const LAYERS: [&str; 6] = ["error", "object", "encode", "http", "auth", "call"];

/// The crate's root, as a module.
const ROOT: &str = "(root)";
/// A module's own code, without the modules inside it.
const OWN: &str = "(own)";

/// A module: its names, and its file.
#[derive(Default)]
struct Module {
    file: PathBuf,
    items: Vec<Item>,
    /// The names that it defines, without its imports.
    names: BTreeSet<String>,
    imports: Vec<Import>,
}

/// One name of a `use`.
struct Import {
    path: Vec<String>,
    /// `None` for everything in a module.
    name: Option<String>,
    /// Whether other modules see the name.
    reexported: bool,
}

/// The target of a path: a module of this crate, or another crate.
#[derive(Debug, PartialEq)]
enum Target {
    Module(Vec<String>),
    Other(Vec<String>),
}

/// The sources of one package.
struct Package {
    /// The text of each file, by its path from `src`.
    files: BTreeMap<PathBuf, String>,
    modules: BTreeMap<Vec<String>, Module>,
    /// The files that contain tests.
    tests: BTreeSet<PathBuf>,
}

/// An import from one module to another, and a line as evidence.
type Edges = BTreeMap<(String, String), String>;

impl Package {
    fn read(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = fs::read_to_string(&path).unwrap();
                    files.insert(path.strip_prefix(folder).unwrap().to_owned(), text);
                }
            }
        }
        Self::of(files)
    }

    fn of(files: BTreeMap<PathBuf, String>) -> Self {
        let root = ["lib.rs", "main.rs"].iter().map(PathBuf::from).find(|file| files.contains_key(file)).unwrap();
        let mut package = Self { files, modules: BTreeMap::new(), tests: BTreeSet::new() };
        package.file(&root, Vec::new());
        // The root of another crate of the package, as a module.
        let other = PathBuf::from("subject.rs");
        if package.files.contains_key(&other) {
            package.file(&other, vec!["subject".to_owned()]);
        }
        let known: BTreeSet<&PathBuf> = package.modules.values().map(|module| &module.file).collect();
        let forgotten: Vec<_> =
            package.files.keys().filter(|file| !known.contains(file) && !package.tests.contains(*file)).collect();
        assert!(forgotten.is_empty(), "no module declares {forgotten:?}");
        package
    }

    fn file(&mut self, file: &Path, path: Vec<String>) {
        let text = &self.files[file];
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.module(file, path, parsed.items);
    }

    fn module(&mut self, file: &Path, path: Vec<String>, items: Vec<Item>) {
        let mut module = Module { file: file.to_owned(), ..Module::default() };
        for item in items {
            if is_test(attributes(&item)) {
                if let Item::Mod(it) = &item
                    && it.content.is_none()
                {
                    let below: PathBuf = path.iter().collect::<PathBuf>().join(it.ident.to_string());
                    let of_it = |file: &&PathBuf| file.with_extension("") == below || file.starts_with(&below);
                    self.tests.extend(self.files.keys().filter(of_it).cloned());
                }
                continue;
            }
            module.names.extend(name(&item));
            match item {
                Item::Mod(it) => {
                    let child = [path.as_slice(), &[it.ident.to_string()]].concat();
                    match it.content {
                        Some((_, items)) => self.module(file, child, items),
                        None => {
                            let below: PathBuf = child.iter().collect();
                            let places = [below.with_extension("rs"), below.join("mod.rs")];
                            let place = places.iter().find(|place| self.files.contains_key(*place));
                            self.file(place.unwrap_or_else(|| panic!("no file for {child:?}")), child);
                        }
                    }
                }
                Item::Use(it) => {
                    imports(&it, &mut module.imports);
                    module.items.push(Item::Use(it));
                }
                item => module.items.push(item),
            }
        }
        self.modules.insert(path, module);
    }

    /// The target of a path in a module.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Target {
        let first = path.first().map_or("", String::as_str);
        let (mut at, mut rest) = match first {
            "crate" => (Vec::new(), &path[1..]),
            "self" => (from.to_vec(), &path[1..]),
            "super" => {
                let up = path.iter().take_while(|part| *part == "super").count();
                (from[..from.len().saturating_sub(up)].to_vec(), &path[up..])
            }
            _ if self.modules.contains_key(&[from, &path[..1]].concat()) => (from.to_vec(), path),
            "" => return Target::Other(path[1..].to_vec()),
            _ => match self.import(from, first) {
                // A name that a `use` imports from another crate, and a name of the module's own crate.
                Some(import) if depth < 16 && import.path[0] != first => {
                    return self.resolve(from, &[&import.path[..], &path[1..]].concat(), depth + 1);
                }
                _ => return Target::Other(path.to_vec()),
            },
        };
        while let Some(part) = rest.first() {
            let child = [at.as_slice(), std::slice::from_ref(part)].concat();
            if self.modules.contains_key(&child) {
                (at, rest) = (child, &rest[1..]);
                continue;
            }
            if self.modules.get(&at).is_some_and(|module| module.names.contains(part)) || depth >= 16 {
                break;
            }
            if let Some(import) = self.import(&at, part) {
                return self.resolve(&at, &[&import.path[..], &rest[1..]].concat(), depth + 1);
            }
            match self.in_globs(&at, part, depth) {
                Some(target) => return target,
                None => break,
            }
        }
        Target::Module(at)
    }

    fn import(&self, module: &[String], name: &str) -> Option<&Import> {
        self.modules.get(module)?.imports.iter().find(|import| import.name.as_deref() == Some(name))
    }

    /// A name that a module imports by `use ...::*`.
    fn in_globs(&self, module: &[String], name: &str, depth: usize) -> Option<Target> {
        let globs = self.modules.get(module)?.imports.iter().filter(|import| import.name.is_none());
        for glob in globs {
            let Target::Module(place) = self.resolve(module, &glob.path, depth + 1) else { continue };
            let Some(there) = self.modules.get(&place).filter(|_| place != module) else { continue };
            let is_there = there.names.contains(name) || self.import(&place, name).is_some();
            if is_there || self.in_globs(&place, name, depth + 1).is_some() {
                return Some(self.resolve(&place, &["self".to_owned(), name.to_owned()], depth + 1));
            }
        }
        None
    }

    /// All paths in modules, each with the module and the target. A name that a module re-exports from the modules
    /// inside it does not count, unless its own code uses the name.
    fn paths(&self) -> Vec<(&[String], Vec<String>, Target)> {
        let mut found = Vec::new();
        for (path, module) in &self.modules {
            let mut paths = Paths::default();
            module.items.iter().cloned().for_each(|mut item| paths.visit_item_mut(&mut item));
            let used = |import: &Import| import.name.as_ref().is_some_and(|name| paths.names.contains(name));
            let imports: Vec<&Import> = module.imports.iter().filter(|it| !it.reexported || used(it)).collect();
            let exports = module.imports.iter().filter(|it| it.reexported && !used(it));
            let exports: Vec<&Import> = exports
                .filter(|export| match self.resolve(path, &export.path, 0) {
                    Target::Module(target) => !target.starts_with(path),
                    Target::Other(_) => true,
                })
                .collect();
            paths.found.extend(imports.into_iter().chain(exports).map(|import| import.path.clone()));
            found.extend(paths.found.into_iter().map(|it| {
                let target = self.resolve(path, &it, 0);
                (path.as_slice(), it, target)
            }));
        }
        found
    }

    /// The imports between sibling modules, at every level, and between a module's own code and the modules inside it.
    /// A module counts together with the modules inside it.
    fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        for (from, path, target) in self.paths() {
            let Target::Module(to) = target else { continue };
            let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
            let beside = |path: &[String]| match path.get(shared) {
                Some(_) => path[..=shared].join("::"),
                None if shared == 0 => ROOT.to_owned(),
                None => format!("{}::{OWN}", path.join("::")),
            };
            let (a, b) = (beside(from), beside(&to));
            if a != b {
                edges.entry((a, b)).or_insert_with(|| self.line(from, &path));
            }
        }
        edges
    }

    /// The line with a path: the first with its last part, and with its first part if possible.
    fn line(&self, module: &[String], path: &[String]) -> String {
        let file = &self.modules[module].file;
        let has = |line: &str, word: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|it| it == word);
        let lines = self.files[file].lines().enumerate();
        let code: Vec<(usize, &str)> = lines.filter(|(_, line)| !line.trim_start().starts_with("//")).collect();
        let whole = path.join("::");
        let last = path.last().map_or("", String::as_str);
        let found = code.iter().find(|(_, line)| line.contains(&whole));
        let found = found.or_else(|| code.iter().find(|(_, line)| has(line, last) && has(line, &path[0])));
        let found = found.or_else(|| code.iter().find(|(_, line)| has(line, last)));
        let (number, text) = found.map_or((0, whole.as_str()), |(index, line)| (index + 1, line.trim()));
        format!("src/{}:{number}: {text}", file.display())
    }

    /// The circular imports: the lines of each circle.
    fn circles(&self) -> String {
        let edges = self.edges();
        let reaches = |from: &str, to: &str| {
            let (mut seen, mut open) = (BTreeSet::from([from]), vec![from]);
            while let Some(at) = open.pop() {
                for (_, next) in edges.keys().filter(|(a, _)| a == at) {
                    if next == to {
                        return true;
                    }
                    if seen.insert(next) {
                        open.push(next);
                    }
                }
            }
            false
        };
        let mut told = String::new();
        for ((from, to), line) in edges.iter().filter(|((from, to), _)| reaches(to, from)) {
            writeln!(told, "  {from} -> {to}: {line}").unwrap();
        }
        told
    }
}

/// Collects the paths in code, without tests, attributes and quoted code.
#[derive(Default)]
struct Paths {
    found: Vec<Vec<String>>,
    /// The names at the start of paths.
    names: BTreeSet<String>,
}

impl VisitMut for Paths {
    fn visit_item_mut(&mut self, item: &mut Item) {
        if !is_test(attributes(item)) {
            visit_mut::visit_item_mut(self, item);
        }
    }

    fn visit_impl_item_mut(&mut self, item: &mut ImplItem) {
        let attributes = match item {
            ImplItem::Fn(it) => &it.attrs,
            ImplItem::Const(it) => &it.attrs,
            _ => return visit_mut::visit_impl_item_mut(self, item),
        };
        if !is_test(attributes) {
            visit_mut::visit_impl_item_mut(self, item);
        }
    }

    fn visit_attribute_mut(&mut self, _: &mut Attribute) {}

    fn visit_visibility_mut(&mut self, _: &mut Visibility) {}

    // The imports of modules are known. Those within functions are not.
    fn visit_item_use_mut(&mut self, item: &mut ItemUse) {
        let mut all = Vec::new();
        imports(item, &mut all);
        if matches!(item.vis, Visibility::Inherited) {
            self.found.extend(all.into_iter().map(|import| import.path));
        }
    }

    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        let mut parts: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if path.leading_colon.is_some() {
            parts.insert(0, String::new());
        }
        self.names.extend(parts.first().cloned());
        if parts.len() > 1 {
            self.found.push(parts);
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_macro_mut(&mut self, mac: &mut Macro) {
        let name = mac.path.segments.last().map(|part| part.ident.to_string()).unwrap_or_default();
        // Quoted code is emitted elsewhere.
        if name.contains("quote") {
            return;
        }
        let text = mac.tokens.to_string();
        let words: Vec<&str> = text.split_whitespace().collect();
        let is_name = |word: &str| word.starts_with(|c: char| c.is_alphabetic() || c == '_');
        self.names.extend(words.iter().filter(|word| is_name(word)).map(|word| (*word).to_owned()));
        let mut at = 0;
        while at + 2 < words.len() {
            if !(is_name(words[at]) && words[at + 1] == "::" && is_name(words[at + 2])) {
                at += 1;
                continue;
            }
            let mut path = vec![words[at].to_owned()];
            while words.get(at + 1) == Some(&"::") && words.get(at + 2).is_some_and(|word| is_name(word)) {
                path.push(words[at + 2].to_owned());
                at += 2;
            }
            self.found.push(path);
            at += 1;
        }
    }
}

/// The names that a `use` imports.
fn imports(item: &ItemUse, into: &mut Vec<Import>) {
    fn walk(tree: &UseTree, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, Option<String>)>) {
        match tree {
            UseTree::Path(it) => {
                path.push(it.ident.to_string());
                walk(&it.tree, path, found);
                path.pop();
            }
            UseTree::Group(it) => it.items.iter().for_each(|tree| walk(tree, path, found)),
            UseTree::Glob(_) => found.push((path.clone(), None)),
            UseTree::Name(it) if it.ident == "self" => found.push((path.clone(), path.last().cloned())),
            UseTree::Name(it) => {
                found.push(([&path[..], &[it.ident.to_string()]].concat(), Some(it.ident.to_string())))
            }
            UseTree::Rename(it) => {
                let own = if it.ident == "self" { Vec::new() } else { vec![it.ident.to_string()] };
                found.push(([&path[..], &own].concat(), Some(it.rename.to_string())));
            }
        }
    }
    let mut path = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
    let mut found = Vec::new();
    walk(&item.tree, &mut path, &mut found);
    let reexported = !matches!(item.vis, Visibility::Inherited);
    into.extend(found.into_iter().map(|(path, name)| Import { path, name, reexported }));
}

/// Whether only tests compile an item with these attributes.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => {
            let text = list.tokens.to_string();
            text == "test" || text == "doctest" || text.replace(' ', "").starts_with("all(test,")
        }
        _ => false,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}

fn name(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(it) => it.ident.to_string(),
        Item::Enum(it) => it.ident.to_string(),
        Item::Fn(it) => it.sig.ident.to_string(),
        Item::Macro(it) => it.ident.as_ref()?.to_string(),
        Item::Mod(it) => it.ident.to_string(),
        Item::Static(it) => it.ident.to_string(),
        Item::Struct(it) => it.ident.to_string(),
        Item::Trait(it) => it.ident.to_string(),
        Item::Type(it) => it.ident.to_string(),
        Item::Union(it) => it.ident.to_string(),
        _ => return None,
    })
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn no_two_modules_of_a_package_import_each_other() {
    let mut told = String::new();
    for Arrows { folder, name, .. } in PACKAGES {
        let circles = Package::read(&root().join(folder).join("src")).circles();
        if !circles.is_empty() {
            write!(told, "modules of {name} import each other:\n{circles}").unwrap();
        }
    }
    assert!(told.is_empty(), "{told}");
}

#[test]
fn each_layer_of_the_runtime_imports_only_those_before_it() {
    let package = Package::read(&root().join("runtime/src"));
    let tops: BTreeSet<&str> = package.modules.keys().filter_map(|path| path.first()).map(String::as_str).collect();
    let layers: BTreeSet<&str> = LAYERS.into_iter().chain(["crates"]).collect();
    assert_eq!(tops, layers, "a layer that docs/architecture.md does not have");
    let place = |layer: &str| LAYERS.iter().position(|known| *known == layer);
    let wrong: Vec<String> = package
        .edges()
        .into_iter()
        .filter(|((from, to), _)| place(from).zip(place(to)).is_some_and(|(from, to)| from < to))
        .map(|((from, to), line)| format!("{from} -> {to}: {line}"))
        .collect();
    assert!(wrong.is_empty(), "layers import those after them:\n{}", wrong.join("\n"));
}

#[test]
fn the_table_lists_each_package_of_the_workspace() {
    let manifest: toml::Table = toml::from_str(&fs::read_to_string(root().join("Cargo.toml")).unwrap()).unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap().iter().filter_map(toml::Value::as_str);
    let known: BTreeSet<&str> = PACKAGES.iter().map(|it| it.folder).filter(|it| *it != ".").collect();
    assert_eq!(members.collect::<BTreeSet<_>>(), known);
}

#[test]
fn dependencies_between_packages_have_one_direction() {
    let ours: Vec<&str> = PACKAGES.iter().map(|it| it.name).chain(["third_service"]).collect();
    let mut wrong = Vec::new();
    for Arrows { folder, name, code, tests, build } in PACKAGES {
        let package = Package::read(&root().join(folder).join("src"));
        for (from, _, target) in package.paths() {
            let Target::Other(path) = target else { continue };
            let whole = path.join("::");
            let fits = |allowed: &&str| whole == *allowed || whole.starts_with(&format!("{allowed}::"));
            if ours.contains(&path[0].as_str()) && !code.iter().any(fits) {
                wrong.push(format!("{name}: {}", package.line(from, &path)));
            }
        }
        // A package can be a dependency without being named in the code.
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = toml::from_str(&manifest).unwrap();
        for (section, allowed) in [("dependencies", code), ("dev-dependencies", tests), ("build-dependencies", build)] {
            let targets = manifest.get("target").and_then(toml::Value::as_table).into_iter().flatten();
            let tables = targets.filter_map(|(_, target)| target.get(section)).chain(manifest.get(section));
            for (dependency, value) in tables.filter_map(toml::Value::as_table).flatten() {
                let dependency = value.get("package").and_then(toml::Value::as_str).unwrap_or(dependency);
                let dependency = dependency.replace('-', "_");
                let known = allowed.iter().any(|it| it.split("::").next() == Some(dependency.as_str()));
                if ours.contains(&dependency.as_str()) && !known {
                    wrong.push(format!("{name}: [{section}] of its Cargo.toml has {dependency}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_broken_rule_is_reported() {
    let package = |files: &[(&str, &str)]| {
        Package::of(files.iter().map(|(file, text)| (PathBuf::from(file), (*text).to_owned())).collect())
    };
    // Through a name of the root, and through a `use` within a function.
    let circle = package(&[
        ("lib.rs", "mod a; mod b; mod c; pub use a::*; #[cfg(test)] mod tests;"),
        ("a.rs", "pub struct A;\nmod deep;\n#[cfg(test)] mod tests { use crate::c::C; }"),
        ("a/deep.rs", "fn f() {\n    use crate::{c, b::B};\n}"),
        ("b.rs", "// crate::A\nfn g() { assert!(crate::A::ok()); }\npub struct B;"),
        ("c.rs", "#[doc = \"crate::A\"]\npub struct C;"),
        ("tests.rs", "use crate::a::A;"),
    ]);
    let told = circle.circles();
    assert_eq!(
        told,
        "  a -> b: src/a/deep.rs:2: use crate::{c, b::B};\n  b -> a: src/b.rs:2: fn g() { assert!(crate::A::ok()); }\n"
    );
    // A module and a module inside it use each other. Declaring a module and re-exporting its names is not a use.
    let nested = package(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a/mod.rs", "mod inner;\nuse inner::Inner;\npub struct A(Inner);"),
        ("a/inner.rs", "use super::A;\npub struct Inner;"),
        ("b/mod.rs", "mod inner;\npub(crate) use inner::Inner;\npub struct B;"),
        ("b/inner.rs", "use super::B;\npub struct Inner;"),
        ("c/mod.rs", "mod inner;\npub use inner::Inner;\npub fn c() -> Inner {}"),
        ("c/inner.rs", "fn f() { super::c() }\npub struct Inner;"),
    ]);
    let told = nested.circles();
    assert_eq!(
        told,
        "  a::(own) -> a::inner: src/a/mod.rs:2: use inner::Inner;\n  a::inner -> a::(own): src/a/inner.rs:1: use super::A;\n  \
         c::(own) -> c::inner: src/c/mod.rs:2: pub use inner::Inner;\n  c::inner -> c::(own): src/c/inner.rs:1: fn f() { super::c() }\n"
    );
    let straight = package(&[
        ("lib.rs", "pub mod a; mod b; pub use b::B; pub struct Own;"),
        ("a.rs", "pub use super::B; fn f(_: crate::Own) {} fn g() { quote!(crate::a::x) }"),
        ("b.rs", "pub struct B; pub(in crate::b) fn f() {}"),
    ]);
    assert_eq!(straight.circles(), "");
    let foreign = package(&[
        ("lib.rs", "mod connectors; mod a;"),
        ("connectors.rs", ""),
        ("a.rs", "use super::connectors; fn f() { connectors::x(); ::connectors::y(); other::z(); }"),
    ]);
    let others = foreign.paths().into_iter().filter_map(|(_, _, target)| match target {
        Target::Other(path) => Some(path.join("::")),
        Target::Module(_) => None,
    });
    assert_eq!(others.collect::<Vec<_>>(), ["connectors::y", "other::z"]);
}
