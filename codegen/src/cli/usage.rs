//! The names in a crate's sources, by their syntax: methods, fields, variants, types. Types are not resolved, so a name
//! may belong to something else. Each kind of finding is stored separately, because some are more certain than others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::thread;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree, token_stream};
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, Ident, Member, Pat, Token, UseTree};

use super::files::GENERATED;
use super::report::Result;

/// The maximum number of bytes of sources that are read.
const MOST_BYTES: usize = 64 << 20;
/// The maximum number of bytes of one source that is parsed.
const MOST_PARSED: usize = 2 << 20;
/// The maximum depth of brackets in a source that is parsed.
const MOST_DEPTH: usize = 200;
/// The maximum number of names and signs around an expression, a type or an item in a source that is parsed. The
/// parser's recursion is not deeper than this.
const MOST_AROUND: usize = 2000;
/// The stack of the parsing thread: enough for the deepest nesting that is allowed. Unused stack takes no memory.
const STACK: usize = 256 << 20;
/// The maximum length of a chain of methods.
const MOST_RECEIVERS: usize = 50;
/// The maximum number of pairs of methods that are recorded.
const MOST_PAIRS: usize = 1_000_000;

/// The names, each with the first file that has it.
#[derive(Default)]
pub struct Usage {
    /// Calls of a method on the value of another method: both names.
    pub(super) chains: BTreeMap<(String, String), String>,
    /// Methods that are called, on any value.
    pub(super) methods: BTreeMap<String, String>,
    /// Fields that are read or assigned, of any value.
    pub(super) fields: BTreeMap<String, String>,
    /// `Type::Name`, and `Type { name }`.
    pub(super) members: BTreeMap<(String, String), String>,
    /// The names in paths.
    pub(super) names: BTreeMap<String, String>,
    /// The names in macros, in strings, and in files that were not parsed.
    pub(super) words: BTreeMap<String, String>,
    /// The names that the crate defines itself.
    pub(super) own: BTreeSet<String>,
    /// The number of recorded pairs of methods, with repetitions.
    pairs: usize,
    /// The number of files that were read.
    pub(super) files: usize,
    /// The files that were not parsed.
    pub(super) unread: Vec<String>,
}

impl Usage {
    /// Reads the sources in a crate's folder, without those that this command wrote; or one source.
    ///
    /// # Errors
    /// If the folder has no such sources, a file cannot be read, or the sources are larger than 64 MB.
    pub fn read(place: &Path) -> Result<Self> {
        let mut sources = Vec::new();
        collect(place, &mut sources).map_err(|error| format!("error: cannot read {}: {error}", place.display()))?;
        let (mut usage, mut left) = (Self::default(), MOST_BYTES);
        for source in sources {
            let bytes =
                most(&source, left).map_err(|error| format!("error: cannot read {}: {error}", source.display()))?;
            if source != place && bytes.starts_with(GENERATED.as_bytes()) {
                continue;
            }
            let Some(rest) = left.checked_sub(bytes.len()) else {
                let limit = MOST_BYTES >> 20;
                return Err(format!("error: the sources in {} are larger than {limit} MB", place.display()).into());
            };
            left = rest;
            let name = source.strip_prefix(place).ok().filter(|rest| !rest.as_os_str().is_empty()).unwrap_or(&source);
            usage.source(&name.display().to_string(), &String::from_utf8_lossy(&bytes));
        }
        if usage.files == 0 {
            return Err(format!("error: {} has no Rust sources, except generated ones", place.display()).into());
        }
        Ok(usage)
    }

    /// Adds the names in one source.
    fn source(&mut self, name: &str, text: &str) {
        self.files += 1;
        let usage = &mut *self;
        let parsed = thread::scope(|scope| {
            let parser = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, move || usage.parsed(name, text));
            parser.is_ok_and(|parser| parser.join().unwrap_or(false))
        });
        if !parsed {
            self.unread.push(name.to_owned());
            for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
                note(&mut self.words, word, name);
            }
        }
    }

    /// Adds the names in one source by its syntax, unless it cannot be parsed or is too large.
    fn parsed(&mut self, name: &str, text: &str) -> bool {
        let Some(mut file) = parsed(text) else { return false };
        let mut aliases = Aliases(BTreeMap::new());
        aliases.visit_file_mut(&mut file);
        let mut reader =
            Reader { usage: self, file: name, aliases: aliases.0, locals: BTreeMap::new(), shadowed: Vec::new() };
        reader.visit_file_mut(&mut file);
        self.pairs < MOST_PAIRS
    }
}

/// The bytes of a file: up to the limit, and one more if the file is larger.
fn most(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn note(map: &mut BTreeMap<String, String>, name: &str, file: &str) {
    if !name.is_empty() && !map.contains_key(name) {
        map.insert(name.to_owned(), file.to_owned());
    }
}

/// The sources in a folder and below, without build output and hidden files. Links are not followed.
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

/// A source's syntax, if the source is small and flat enough for a recursive parser.
fn parsed(text: &str) -> Option<syn::File> {
    if text.len() > MOST_PARSED {
        return None;
    }
    let program = |rest: &&str| !rest.trim_start().starts_with('[');
    let text = text.strip_prefix("#!").filter(program).and_then(|rest| rest.split_once('\n')).map_or(text, |it| it.1);
    let tokens: TokenStream = text.parse().ok()?;
    is_flat(tokens.clone()).then(|| syn::parse2(tokens).ok())?
}

/// The tokens between two brackets, as far as they were read.
struct Level {
    rest: token_stream::IntoIter,
    /// Whether they are a block, or have the syntax of one.
    block: bool,
    /// The number of names and signs since nothing was open.
    around: usize,
    /// The number of open `<`, if they open something.
    angles: usize,
}

impl Level {
    fn new(tokens: TokenStream, block: bool) -> Self {
        Self { rest: tokens.into_iter(), block, around: 0, angles: 0 }
    }

    fn end(&mut self) {
        (self.around, self.angles) = (0, 0);
    }
}

/// Whether every expression has few names and signs around it: operators, calls and types nest without brackets too. A
/// block ends the expression before it, unless `else`, `as` or a sign follows.
fn is_flat(tokens: TokenStream) -> bool {
    let (mut levels, mut outside) = (vec![Level::new(tokens, false)], 0);
    let (mut block, mut attribute, mut arrow) = (false, false, false);
    while let Some(level) = levels.last_mut() {
        let Some(token) = level.rest.next() else {
            (block, attribute, arrow) = (level.block, false, false);
            levels.pop();
            outside -= levels.last().map_or(0, |level| level.around);
            continue;
        };
        let after_block = std::mem::take(&mut block);
        let after_hash = std::mem::take(&mut attribute);
        let after_arrow = std::mem::take(&mut arrow);
        match token {
            TokenTree::Group(group) => {
                let of_attribute = after_hash && group.delimiter() == Delimiter::Bracket;
                level.around += usize::from(!of_attribute);
                outside += level.around;
                levels.push(Level::new(group.stream(), group.delimiter() == Delimiter::Brace));
                if levels.len() > MOST_DEPTH {
                    return false;
                }
            }
            TokenTree::Punct(sign) => {
                let sign_of = sign.as_char();
                arrow = matches!(sign_of, '-' | '=') && sign.spacing() == Spacing::Joint;
                attribute = sign_of == '#' || (after_hash && sign_of == '!');
                if sign_of == ';'
                    || (sign_of == ',' && level.angles == 0)
                    || (after_block && matches!(sign_of, '#' | '\''))
                {
                    level.end();
                } else if !attribute {
                    level.around += 1;
                }
                match sign_of {
                    '<' => level.angles += 1,
                    '>' if !after_arrow => level.angles = level.angles.saturating_sub(1),
                    _ => {}
                }
            }
            TokenTree::Ident(name) => {
                if after_block && name != "else" && name != "as" {
                    level.end();
                }
                level.around += 1;
            }
            TokenTree::Literal(_) => {
                if after_block {
                    level.end();
                }
                level.around += 1;
            }
        }
        if levels.last().is_some_and(|level| outside + level.around > MOST_AROUND) {
            return false;
        }
    }
    true
}

/// The names that imports define: `use types::Pet as Animal`.
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
    /// For each variable, the methods that returned its value, the last one first.
    locals: BTreeMap<String, Vec<String>>,
    /// The former methods of variables that the blocks around gave another value.
    shadowed: Vec<(String, Option<Vec<String>>)>,
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

    /// `before`: the name in front of the tree.
    fn uses(&mut self, tree: &UseTree, before: Option<&str>) {
        match tree {
            UseTree::Path(it) => {
                let name = self.used(&it.ident, before);
                self.uses(&it.tree, Some(&name));
            }
            UseTree::Name(syn::UseName { ident }) | UseTree::Rename(syn::UseRename { ident, .. }) => {
                self.used(ident, before);
            }
            UseTree::Glob(_) => {}
            UseTree::Group(group) => group.items.iter().for_each(|item| self.uses(item, before)),
        }
    }

    fn used(&mut self, ident: &Ident, before: Option<&str>) -> String {
        let name = plain(ident);
        note(&mut self.usage.names, &name, self.file);
        if let Some(before) = before {
            Self::pair(&mut self.usage.members, before.to_owned(), name.clone(), self.file);
        }
        name
    }

    fn own(&mut self, ident: &Ident) {
        self.usage.own.insert(plain(ident));
    }
}

/// The methods in an expression's chain, the last one first. A variable stands for the methods that returned its value.
fn receivers(expression: &Expr, locals: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let (mut found, mut next) = (Vec::new(), expression);
    while found.len() < MOST_RECEIVERS {
        next = match next {
            Expr::MethodCall(call) => {
                found.push(plain(&call.method));
                &call.receiver
            }
            Expr::Paren(it) => &it.expr,
            Expr::Reference(it) => &it.expr,
            Expr::Path(it) => {
                let held = it.path.get_ident().and_then(|ident| locals.get(&plain(ident)));
                found.extend(held.into_iter().flatten().take(MOST_RECEIVERS - found.len()).cloned());
                return found;
            }
            _ => return found,
        };
    }
    found
}

impl VisitMut for Reader<'_> {
    // Documentation and the arguments of attributes contain no calls.
    fn visit_attribute_mut(&mut self, _: &mut Attribute) {}

    fn visit_expr_method_call_mut(&mut self, call: &mut syn::ExprMethodCall) {
        let method = plain(&call.method);
        note(&mut self.usage.methods, &method, self.file);
        for receiver in receivers(&call.receiver, &self.locals) {
            if self.usage.pairs >= MOST_PAIRS {
                break;
            }
            self.usage.pairs += 1;
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
        self.uses(&item.tree, None);
    }

    // A variable has its value to the end of its block.
    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        let outside = self.shadowed.len();
        visit_mut::visit_block_mut(self, block);
        for (name, held) in self.shadowed.drain(outside..).rev() {
            match held {
                Some(held) => drop(self.locals.insert(name, held)),
                None => drop(self.locals.remove(&name)),
            }
        }
    }

    fn visit_local_mut(&mut self, local: &mut syn::Local) {
        visit_mut::visit_local_mut(self, local);
        let pattern = match &local.pat {
            Pat::Type(typed) => &*typed.pat,
            other => other,
        };
        if let (Pat::Ident(ident), Some(init)) = (pattern, &local.init) {
            let (name, methods) = (plain(&ident.ident), receivers(&init.expr, &self.locals));
            let before = self.locals.insert(name.clone(), methods);
            self.shadowed.push((name, before));
        }
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
    fn a_variable_holds_its_value_to_the_end_of_its_block() {
        let usage = usage(
            "fn one(c: C) { let x = c.pets(); { let x = c.shops(); x.in_shop(); } x.in_pets(); }
             fn other(x: X) { x.in_neither(); }",
        );
        let chains: Vec<(&str, &str)> =
            usage.chains.keys().map(|(one, other)| (one.as_str(), other.as_str())).collect();
        assert_eq!(chains, [("pets", "in_pets"), ("shops", "in_shop")]);
    }

    #[test]
    fn a_source_that_cannot_be_parsed_counts_as_words() {
        let around = |open: &str, count: usize, close: &str| {
            format!("fn f() {{ {}list_pets{}; }}", open.repeat(count), close.repeat(count))
        };
        for text in [
            "fn broken( { list_pets",
            &around("(", 20_000, ""),
            // Each of these nests as deep as it is long.
            &around("(", 20_000, ")"),
            &around("!", 20_000, ""),
            &around("&mut ", 20_000, ""),
            &around("", 20_000, ".a()"),
            &around("", 20_000, "[0]"),
            &around("", 20_000, " + 1"),
            &around("", 20_000, " as u8"),
            &around("if x {} else ", 20_000, ""),
            &around("return ", 20_000, ""),
            &around("let x: A<u8, ", 1, &" B<u8,".repeat(20_000)),
        ] {
            let usage = usage(text);
            assert_eq!(usage.unread, ["main.rs"], "{}", &text[..40.min(text.len())]);
            assert!(usage.words.contains_key("list_pets"));
        }
    }

    #[test]
    fn a_source_with_the_deepest_allowed_nesting_is_parsed() {
        let around = |open: &str, count: usize, close: &str| {
            format!("fn f() {{ x = {}list_pets(){}; }}", open.repeat(count), close.repeat(count))
        };
        let items = "/// Some words.\n#[inline] fn f<T>(a: T) -> A<T> { if a < b {} match x { 1 => {} _ => {} } }\n"
            .repeat(2000);
        for text in [
            &around("(", 190, ")"),
            &around("[", 190, "]"),
            &around("!", 1900, ""),
            &around("return ", 1900, ""),
            &around("|x| ", 600, ""),
            &around("", 600, ".a()"),
            &around("", 900, " + 1"),
            &format!("fn f() {{ x = {}{{ list_pets() }}; }}", "if x {} else ".repeat(450)),
            &format!("fn f() {{ list_pets(); }} type A = {}u8{};", "B<".repeat(600), ">".repeat(600)),
            &format!("fn f() {{ x.list_pets(a, 1 << 2); }} const A: &[u8] = &[{}];", "0, ".repeat(20_000)),
            &format!("#!/usr/bin/env run\n{items} fn g() {{ x.list_pets() }}"),
        ] {
            let usage = usage(text);
            assert_eq!(usage.unread, [""; 0], "{}", &text[..40]);
            assert!(usage.names.contains_key("list_pets") || usage.methods.contains_key("list_pets"));
        }
    }

    #[test]
    fn a_source_that_gives_one_variable_many_values_is_read_in_bounded_memory() {
        let lets: String = (0..4000).map(|number| format!("let x = x.m{number}();\n")).collect();
        let usage = usage(&format!("fn f() {{ {lets} }}"));
        assert_eq!(usage.unread, [""; 0]);
        assert!(usage.chains.len() < 4000 * MOST_RECEIVERS, "{}", usage.chains.len());
        assert!(usage.chains.contains_key(&("m3998".to_owned(), "m3999".to_owned())));
    }
}
