//! What a crate's sources name, by their syntax: methods, fields, variants, types. No types are resolved, so a name may be
//! that of something else; what is found says how much it is worth.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, Ident, Member, Pat, Token, UseTree};

use super::report::Result;

/// The most bytes of sources that are read.
const MOST_BYTES: usize = 64 << 20;
/// The most bytes of one source that is parsed.
const MOST_PARSED: usize = 2 << 20;
/// How deep a source may be nested to be parsed.
const MOST_DEPTH: usize = 200;

/// What is named, each with the file that names it first.
#[derive(Default)]
pub struct Usage {
    /// Calls of a method on what another method returned: both names.
    pub(super) chains: BTreeMap<(String, String), String>,
    /// Methods that are called, whatever on.
    pub(super) methods: BTreeMap<String, String>,
    /// Fields that are read or assigned, whatever of.
    pub(super) fields: BTreeMap<String, String>,
    /// `Type::Name`, and `Type { name }`.
    pub(super) members: BTreeMap<(String, String), String>,
    /// The names in paths.
    pub(super) names: BTreeMap<String, String>,
    /// The names in macros, in strings, and in files that could not be parsed.
    pub(super) words: BTreeMap<String, String>,
    /// The names of what the crate defines itself.
    pub(super) own: BTreeSet<String>,
    /// How many files were read.
    pub(super) files: usize,
    /// Those that could not be parsed.
    pub(super) unread: Vec<String>,
}

impl Usage {
    /// Reads the sources in a crate's folder, or one source.
    ///
    /// # Errors
    /// A folder without sources, a file that cannot be read, and more than 64 MB.
    pub fn read(place: &Path) -> Result<Self> {
        let mut sources = Vec::new();
        collect(place, &mut sources).map_err(|error| format!("error: cannot read {}: {error}", place.display()))?;
        if sources.is_empty() {
            return Err(format!("error: {} has no Rust sources", place.display()).into());
        }
        let (mut usage, mut left) = (Self::default(), MOST_BYTES);
        for source in sources {
            let bytes =
                fs::read(&source).map_err(|error| format!("error: cannot read {}: {error}", source.display()))?;
            let Some(rest) = left.checked_sub(bytes.len()) else {
                let limit = MOST_BYTES >> 20;
                return Err(format!("error: the sources in {} are larger than {limit} MB", place.display()).into());
            };
            left = rest;
            let name = source.strip_prefix(place).ok().filter(|rest| !rest.as_os_str().is_empty()).unwrap_or(&source);
            usage.source(&name.display().to_string(), &String::from_utf8_lossy(&bytes));
        }
        Ok(usage)
    }

    /// Adds what one source names.
    fn source(&mut self, name: &str, text: &str) {
        self.files += 1;
        let parsed = if parseable(text) { syn::parse_file(text).ok() } else { None };
        let Some(mut file) = parsed else {
            self.unread.push(name.to_owned());
            for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
                note(&mut self.words, word, name);
            }
            return;
        };
        let mut aliases = Aliases(BTreeMap::new());
        aliases.visit_file_mut(&mut file);
        let mut reader = Reader { usage: self, file: name, aliases: aliases.0, locals: BTreeMap::new() };
        reader.visit_file_mut(&mut file);
    }
}

fn note(map: &mut BTreeMap<String, String>, name: &str, file: &str) {
    if !name.is_empty() && !map.contains_key(name) {
        map.insert(name.to_owned(), file.to_owned());
    }
}

/// The sources in a folder and below, without what is built and what is hidden. Links are not followed.
fn collect(place: &Path, sources: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if fs::metadata(place)?.is_file() {
        sources.push(place.to_owned());
        return Ok(());
    }
    let mut folders = vec![place.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let (kind, name) = (entry.file_type()?, entry.file_name().to_string_lossy().into_owned());
            if kind.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(entry.path());
            } else if kind.is_file() && name.ends_with(".rs") {
                sources.push(entry.path());
            }
        }
    }
    sources.sort();
    Ok(())
}

/// Whether a source is small and flat enough for a parser that calls itself for each level.
fn parseable(text: &str) -> bool {
    let (mut depth, mut angles, mut run) = (0_usize, 0_usize, 0_usize);
    text.len() <= MOST_PARSED
        && text.chars().all(|c| {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                '<' => angles += 1,
                '>' => angles = angles.saturating_sub(1),
                _ => {}
            }
            if matches!(c, ';' | '{' | '}') {
                angles = 0;
            }
            run = if c.is_alphanumeric() || matches!(c, '/' | '=' | '#') { 0 } else { run + 1 };
            depth.max(angles) <= MOST_DEPTH && run <= 10 * MOST_DEPTH
        })
}

/// The names that imports give: `use types::Pet as Animal`.
struct Aliases(BTreeMap<String, String>);

impl VisitMut for Aliases {
    fn visit_use_rename_mut(&mut self, rename: &mut syn::UseRename) {
        self.0.insert(rename.rename.to_string(), plain(&rename.ident));
    }
}

/// A name without `r#`.
fn plain(ident: &Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

struct Reader<'u> {
    usage: &'u mut Usage,
    file: &'u str,
    aliases: BTreeMap<String, String>,
    /// The methods whose values variables hold.
    locals: BTreeMap<String, BTreeSet<String>>,
}

impl Reader<'_> {
    fn named(&self, ident: &Ident) -> String {
        let name = plain(ident);
        self.aliases.get(&name).cloned().unwrap_or(name)
    }

    fn pair(map: &mut BTreeMap<(String, String), String>, one: String, other: String, file: &str) {
        map.entry((one, other)).or_insert_with(|| file.to_owned());
    }

    fn path(&mut self, names: &[String]) {
        for name in names {
            note(&mut self.usage.names, name, self.file);
        }
        for two in names.windows(2) {
            Self::pair(&mut self.usage.members, two[0].clone(), two[1].clone(), self.file);
        }
    }

    fn fields(&mut self, path: &syn::Path, fields: Vec<String>) {
        let Some(last) = path.segments.last() else { return };
        let owner = self.named(&last.ident);
        for field in fields {
            Self::pair(&mut self.usage.members, owner.clone(), field, self.file);
        }
    }

    fn uses(&mut self, tree: &UseTree, path: &mut Vec<String>) {
        match tree {
            UseTree::Path(it) => {
                path.push(plain(&it.ident));
                self.uses(&it.tree, path);
                path.pop();
            }
            UseTree::Name(syn::UseName { ident }) | UseTree::Rename(syn::UseRename { ident, .. }) => {
                path.push(plain(ident));
                self.path(path);
                path.pop();
            }
            UseTree::Glob(_) => self.path(path),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.uses(item, path)),
        }
    }

    fn own(&mut self, ident: &Ident) {
        self.usage.own.insert(plain(ident));
    }
}

/// The methods that an expression is a chain of, the last one first; a variable counts as those whose value it holds.
fn receivers(expression: &Expr, locals: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let (mut found, mut next) = (Vec::new(), expression);
    loop {
        next = match next {
            Expr::MethodCall(call) => {
                found.push(plain(&call.method));
                &call.receiver
            }
            Expr::Paren(it) => &it.expr,
            Expr::Reference(it) => &it.expr,
            Expr::Path(it) => {
                let held = it.path.get_ident().and_then(|ident| locals.get(&plain(ident)));
                found.extend(held.into_iter().flatten().cloned());
                return found;
            }
            _ => return found,
        };
    }
}

impl VisitMut for Reader<'_> {
    // Documentation and the arguments of attributes call nothing.
    fn visit_attribute_mut(&mut self, _: &mut Attribute) {}

    fn visit_expr_method_call_mut(&mut self, call: &mut syn::ExprMethodCall) {
        let method = plain(&call.method);
        note(&mut self.usage.methods, &method, self.file);
        for receiver in receivers(&call.receiver, &self.locals) {
            Self::pair(&mut self.usage.chains, receiver, method.clone(), self.file);
        }
        visit_mut::visit_expr_method_call_mut(self, call);
    }

    fn visit_expr_field_mut(&mut self, field: &mut syn::ExprField) {
        if let Member::Named(ident) = &field.member {
            note(&mut self.usage.fields, &plain(ident), self.file);
        }
        visit_mut::visit_expr_field_mut(self, field);
    }

    fn visit_expr_struct_mut(&mut self, it: &mut syn::ExprStruct) {
        let named = it.fields.iter().filter_map(|field| match &field.member {
            Member::Named(ident) => Some(plain(ident)),
            Member::Unnamed(_) => None,
        });
        let named = named.collect();
        self.fields(&it.path, named);
        visit_mut::visit_expr_struct_mut(self, it);
    }

    fn visit_pat_struct_mut(&mut self, it: &mut syn::PatStruct) {
        let named = it.fields.iter().filter_map(|field| match &field.member {
            Member::Named(ident) => Some(plain(ident)),
            Member::Unnamed(_) => None,
        });
        let named = named.collect();
        self.fields(&it.path, named);
        visit_mut::visit_pat_struct_mut(self, it);
    }

    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| self.named(&segment.ident)).collect();
        self.path(&names);
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_item_use_mut(&mut self, item: &mut syn::ItemUse) {
        self.uses(&item.tree, &mut Vec::new());
    }

    fn visit_local_mut(&mut self, local: &mut syn::Local) {
        let pattern = match &local.pat {
            Pat::Type(typed) => &*typed.pat,
            other => other,
        };
        if let (Pat::Ident(ident), Some(init)) = (pattern, &local.init) {
            let methods = receivers(&init.expr, &self.locals);
            self.locals.entry(plain(&ident.ident)).or_default().extend(methods);
        }
        visit_mut::visit_local_mut(self, local);
    }

    fn visit_lit_str_mut(&mut self, literal: &mut syn::LitStr) {
        let text = literal.value();
        if text.len() <= 100 && !text.contains(char::is_whitespace) {
            note(&mut self.usage.words, &text, self.file);
        }
    }

    fn visit_macro_mut(&mut self, it: &mut syn::Macro) {
        visit_mut::visit_path_mut(self, &mut it.path);
        match it.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
            Ok(mut expressions) => expressions.iter_mut().for_each(|expression| self.visit_expr_mut(expression)),
            Err(_) => {
                for word in it.tokens.to_string().split(|c: char| !c.is_alphanumeric() && c != '_') {
                    note(&mut self.usage.words, word, self.file);
                }
            }
        }
    }

    fn visit_item_struct_mut(&mut self, it: &mut syn::ItemStruct) {
        self.own(&it.ident);
        visit_mut::visit_item_struct_mut(self, it);
    }

    fn visit_item_enum_mut(&mut self, it: &mut syn::ItemEnum) {
        self.own(&it.ident);
        visit_mut::visit_item_enum_mut(self, it);
    }

    fn visit_item_type_mut(&mut self, it: &mut syn::ItemType) {
        self.own(&it.ident);
        visit_mut::visit_item_type_mut(self, it);
    }

    fn visit_item_trait_mut(&mut self, it: &mut syn::ItemTrait) {
        self.own(&it.ident);
        visit_mut::visit_item_trait_mut(self, it);
    }

    fn visit_signature_mut(&mut self, it: &mut syn::Signature) {
        self.own(&it.ident);
        visit_mut::visit_signature_mut(self, it);
    }

    fn visit_variant_mut(&mut self, it: &mut syn::Variant) {
        self.own(&it.ident);
        visit_mut::visit_variant_mut(self, it);
    }

    fn visit_field_mut(&mut self, it: &mut syn::Field) {
        if let Some(ident) = &it.ident {
            self.usage.own.insert(plain(ident));
        }
        visit_mut::visit_field_mut(self, it);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(text: &str) -> Usage {
        let mut usage = Usage::default();
        usage.source("main.rs", text);
        usage
    }

    #[test]
    fn calls_are_seen_through_chains_variables_macros_and_aliases() {
        let usage = usage(
            "use lib::types::{Pet as Animal, Kind};
             async fn run(client: Client) {
                 let pets = client.pets();
                 pets.list_pets().limit(5).await;
                 println!(\"{}\", (&client.shops()).get_shop(1).await.unwrap().title);
                 let Animal { name, .. } = pet;
                 if matches!(kind, Kind::Cat | Kind::Dog) {}
                 client.operation(\"deletePet\");
                 select! { found = client.unseen() => found }
             }",
        );
        let chain = |one: &str, other: &str| usage.chains.contains_key(&(one.to_owned(), other.to_owned()));
        assert!(chain("pets", "list_pets") && chain("list_pets", "limit") && chain("shops", "get_shop"));
        assert!(usage.fields.contains_key("title") && usage.own.contains("run"));
        assert!(usage.members.contains_key(&("Pet".to_owned(), "name".to_owned())));
        // A pattern reads like an expression. A string may name an operation.
        assert!(usage.members.contains_key(&("Kind".to_owned(), "Dog".to_owned())));
        assert!(usage.words.contains_key("deletePet") && usage.words.contains_key("unseen"));
        assert_eq!(usage.names.get("Kind").map(String::as_str), Some("main.rs"));
    }

    #[test]
    fn what_cannot_be_parsed_is_words() {
        for text in ["fn broken( { list_pets", &format!("fn f() {{ {}list_pets }}", "(".repeat(100_000))] {
            let usage = usage(text);
            assert_eq!(usage.unread, ["main.rs"]);
            assert!(usage.words.contains_key("list_pets"));
        }
        assert!(!parseable(&format!("fn f() {{ {}x }}", "!".repeat(1_000_000))));
    }
}
