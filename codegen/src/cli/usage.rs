//! The names in a crate's sources, by their syntax: methods, fields, variants, types. Types are not resolved, so a name
//! may belong to something else. Each kind of finding is stored separately, because some are more certain than others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::thread;

use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Block, Expr, Ident, Lit, Member, Meta, Pat, Token, Type, UseTree};

use super::files::GENERATED;
use super::report::Result;
use super::sources;

/// The maximum number of bytes of sources that are read.
const MOST_BYTES: usize = 64 << 20;
/// The maximum number of bytes of a file that a source includes.
const MOST_INCLUDED: u64 = 2 << 20;
/// The stack of the parsing thread: enough for the deepest nesting that is allowed. Unused stack takes no memory.
const STACK: usize = 256 << 20;
/// The maximum length of a chain of methods.
const MOST_RECEIVERS: usize = 50;
/// The maximum number of pairs of methods that are recorded.
const MOST_PAIRS: usize = 1_000_000;
/// Attributes whose arguments contain no calls.
const PLAIN_ATTRIBUTES: [&str; 9] = ["derive", "cfg", "cfg_attr", "allow", "expect", "warn", "deny", "must_use", "doc"];
/// The labels of examples in documentation that are compiled.
const COMPILED: [&str; 4] = ["", "rust", "no_run", "should_panic"];

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
    /// `Type { name }` alone.
    pub(super) literals: BTreeMap<(String, String), String>,
    /// The names in paths.
    pub(super) names: BTreeMap<String, String>,
    /// The names in macros, in strings, and in files that were not parsed.
    pub(super) words: BTreeMap<String, String>,
    /// For each name, the other names that imports and type aliases of any file define for it.
    pub(super) aliases: BTreeMap<String, BTreeSet<String>>,
    /// The names of what the crate defines itself.
    pub(super) own: BTreeSet<String>,
    /// The number of recorded pairs of methods, with repetitions.
    pairs: usize,
    /// The number of files that were read.
    pub(super) files: usize,
    /// The files that were not parsed.
    pub(super) unread: Vec<String>,
    /// The files that the current source includes, by the paths in it.
    included: Vec<String>,
}

impl Usage {
    /// Reads the sources in a crate's folder and those that they include, without those that this command wrote; or one
    /// source.
    ///
    /// # Errors
    /// If the folder has no such sources, a file cannot be read, or the sources are larger than 64 MB.
    pub fn read(place: &Path) -> Result<Self> {
        let failed = |path: &Path, error| format!("error: cannot read {}: {error}", path.display());
        let (mut waiting, links) = sources::collect(place).map_err(|error| failed(place, error))?;
        let short = |path: &Path| {
            let rest = path.strip_prefix(place).ok().filter(|rest| !rest.as_os_str().is_empty());
            rest.unwrap_or(path).display().to_string()
        };
        let mut usage = Self { unread: links.iter().map(|link| short(link)).collect(), ..Self::default() };
        let (mut left, mut seen) = (MOST_BYTES, BTreeSet::new());
        waiting.reverse();
        while let Some(source) = waiting.pop() {
            if !seen.insert(fs::canonicalize(&source).map_err(|error| failed(&source, error))?) {
                continue;
            }
            let bytes = sources::most(&source, left).map_err(|error| failed(&source, error))?;
            if source != place && bytes.starts_with(GENERATED.as_bytes()) {
                continue;
            }
            let Some(rest) = left.checked_sub(bytes.len()) else {
                let limit = MOST_BYTES >> 20;
                return Err(format!("error: the sources in {} are larger than {limit} MB", place.display()).into());
            };
            left = rest;
            usage.source(&short(&source), &String::from_utf8_lossy(&bytes));
            // From the file, or from its module.
            let folders = [source.parent().map(Path::to_owned), Some(source.with_extension(""))];
            let included = std::mem::take(&mut usage.included);
            let places = folders.iter().flatten().flat_map(|folder| included.iter().map(move |it| folder.join(it)));
            for path in places {
                // The size of a file that the system generates while it is read, as in /proc, is 0.
                match fs::metadata(&path) {
                    Ok(it) if it.is_file() && it.len() > MOST_INCLUDED => usage.unread.push(short(&path)),
                    Ok(it) if it.is_file() && it.len() > 0 => waiting.push(path),
                    _ => {}
                }
            }
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
            words(&mut self.words, text, name);
        }
    }

    /// Adds the names in one source by its syntax, unless it cannot be parsed or is too large.
    fn parsed(&mut self, name: &str, text: &str) -> bool {
        let Some(mut file) = sources::parsed(text) else { return false };
        let mut aliases = Aliases(BTreeMap::new());
        aliases.visit_file_mut(&mut file);
        for (alias, target) in &aliases.0 {
            self.aliases.entry(target.clone()).or_default().insert(alias.clone());
        }
        let mut reader = Reader {
            usage: self,
            file: name,
            aliases: aliases.0,
            locals: BTreeMap::new(),
            shadowed: Vec::new(),
            selves: Vec::new(),
            example: None,
        };
        reader.visit_file_mut(&mut file);
        self.pairs < MOST_PAIRS
    }

    /// A name and its other names.
    pub(super) fn spellings<'a>(&'a self, name: &'a str) -> BTreeSet<&'a str> {
        let (mut found, mut waiting) = (BTreeSet::new(), vec![name]);
        while let Some(name) = waiting.pop() {
            if found.insert(name) {
                waiting.extend(self.aliases.get(name).into_iter().flatten().map(String::as_str));
            }
        }
        found
    }
}

fn note(map: &mut BTreeMap<String, String>, name: &str, file: &str) {
    if !name.is_empty() && !map.contains_key(name) {
        map.insert(name.to_owned(), file.to_owned());
    }
}

/// Records each name in a text.
fn words(map: &mut BTreeMap<String, String>, text: &str, file: &str) {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').for_each(|word| note(map, word, file));
}

/// The names that imports and aliases define: `use types::Pet as Animal`, `type Animal = types::Pet`.
struct Aliases(BTreeMap<String, String>);

impl VisitMut for Aliases {
    fn visit_item_type_mut(&mut self, it: &mut syn::ItemType) {
        let target = last(&it.ty).filter(|target| **target != it.ident);
        self.0.extend(target.map(|target| (plain(&it.ident), plain(target))));
    }

    fn visit_use_rename_mut(&mut self, rename: &mut syn::UseRename) {
        self.0.insert(rename.rename.to_string(), plain(&rename.ident));
    }
}

/// The last name of a type that is a path.
fn last(ty: &Type) -> Option<&Ident> {
    let Type::Path(it) = ty else { return None };
    Some(&it.path.segments.last()?.ident)
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
    /// The types of the `impl` blocks around.
    selves: Vec<String>,
    /// The example in documentation that is open.
    example: Option<Example>,
}

/// A block of code in documentation.
struct Example {
    /// The character of its fence, and how many begin it.
    fence: (char, usize),
    is_compiled: bool,
}

/// The fence at a line's start: its character, how many there are, and what follows.
fn fence(line: &str) -> Option<((char, usize), &str)> {
    let line = line.trim();
    let mark = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let rest = line.trim_start_matches(mark);
    let count = line.len() - rest.len();
    // Else it is code within a line.
    let is_fence = count >= 3 && !(mark == '`' && rest.contains(mark));
    is_fence.then_some(((mark, count), rest.trim()))
}

impl Reader<'_> {
    fn named(&self, ident: &Ident) -> String {
        let name = plain(ident);
        match self.selves.last() {
            Some(of) if name == "Self" => of.clone(),
            _ => self.aliases.get(&name).cloned().unwrap_or(name),
        }
    }

    /// A string may be an operation's id or a key; one with quotes may be JSON.
    fn text(&mut self, text: &str) {
        if text.len() <= 100 && !text.contains(char::is_whitespace) {
            note(&mut self.usage.words, text, self.file);
        }
        text.split('"').skip(1).step_by(2).for_each(|key| note(&mut self.usage.words, key, self.file));
    }

    /// Records the names and texts in tokens that are not parsed.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut waiting = vec![tokens];
        while let Some(tokens) = waiting.pop() {
            for token in tokens {
                match token {
                    TokenTree::Group(group) => waiting.push(group.stream()),
                    TokenTree::Ident(ident) => note(&mut self.usage.words, &plain(&ident), self.file),
                    TokenTree::Literal(literal) => {
                        if let Lit::Str(text) = Lit::new(literal) {
                            self.text(&text.value());
                        }
                    }
                    TokenTree::Punct(_) => {}
                }
            }
        }
    }

    /// Records the names in the examples of documentation.
    fn documentation(&mut self, text: &str) {
        for line in text.lines() {
            match (&self.example, fence(line)) {
                (None, Some((fence, info))) => {
                    let is_compiled = |kind: &str| COMPILED.contains(&kind) || kind.starts_with("edition");
                    self.example = Some(Example { fence, is_compiled: info.split([',', ' ']).all(is_compiled) });
                }
                (None, None) => {}
                // The same character ends it, at least as often, and nothing follows.
                (Some(Example { fence: (open, count), .. }), Some(((mark, more), "")))
                    if mark == *open && more >= *count =>
                {
                    self.example = None;
                }
                (Some(example), _) if example.is_compiled => words(&mut self.usage.words, line, self.file),
                (Some(_), _) => {}
            }
        }
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
            Self::pair(&mut self.usage.members, owner.clone(), field.clone(), self.file);
            Self::pair(&mut self.usage.literals, owner.clone(), field, self.file);
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
    // The end of an item's documentation ends an example that is still open.
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        self.example = None;
        attributes.iter_mut().for_each(|it| self.visit_attribute_mut(it));
        self.example = None;
    }

    // Examples in documentation are compiled, and the arguments of an attribute may be code.
    fn visit_attribute_mut(&mut self, it: &mut Attribute) {
        let is_plain = PLAIN_ATTRIBUTES.iter().any(|name| it.path().is_ident(name));
        match &mut it.meta {
            Meta::NameValue(pair) => match &mut pair.value {
                Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) => {
                    let text = text.value();
                    if pair.path.is_ident("doc") {
                        self.documentation(&text);
                    } else if pair.path.is_ident("path") {
                        self.usage.included.push(text);
                    } else {
                        self.text(&text);
                    }
                }
                other => self.visit_expr_mut(other),
            },
            Meta::List(list) if !is_plain => self.tokens(list.tokens.clone()),
            Meta::List(_) | Meta::Path(_) => {}
        }
    }

    fn visit_item_impl_mut(&mut self, it: &mut syn::ItemImpl) {
        let of = last(&it.self_ty).map(|ident| self.named(ident));
        self.selves.push(of.unwrap_or_default());
        visit_mut::visit_item_impl_mut(self, it);
        self.selves.pop();
    }

    // Without a path, a variant is written like a variable.
    fn visit_pat_ident_mut(&mut self, it: &mut syn::PatIdent) {
        let name = plain(&it.ident);
        if name.starts_with(char::is_uppercase) {
            note(&mut self.usage.names, &name, self.file);
        }
        visit_mut::visit_pat_ident_mut(self, it);
    }

    // `<Pet>::new()`
    fn visit_expr_path_mut(&mut self, it: &mut syn::ExprPath) {
        let of = it.qself.as_ref().and_then(|it| last(&it.ty)).map(|ident| self.named(ident));
        if let (Some(of), Some(end)) = (of, it.path.segments.last()) {
            Self::pair(&mut self.usage.members, of, plain(&end.ident), self.file);
        }
        visit_mut::visit_expr_path_mut(self, it);
    }

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
        self.text(&literal.value());
    }

    fn visit_macro_mut(&mut self, it: &mut syn::Macro) {
        visit_mut::visit_path_mut(self, &mut it.path);
        if it.path.is_ident("include") {
            self.usage.included.extend(it.parse_body::<syn::LitStr>().ok().map(|path| path.value()));
        }
        if let Ok(mut arguments) = it.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
            arguments.iter_mut().for_each(|argument| self.visit_expr_mut(argument));
        } else if let Ok(mut statements) = it.parse_body_with(Block::parse_within) {
            statements.iter_mut().for_each(|statement| self.visit_stmt_mut(statement));
        } else {
            self.tokens(it.tokens.clone());
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
    fn an_example_in_documentation_ends_with_its_fence_or_its_item() {
        let usage = usage(
            "/// ```
             /// unclosed()
             fn one() {}
             /// Some prose.
             fn two() {}
             /// ~~~
             /// tilde()
             /// ~~~
             /// after
             fn three() {}
             /// ````
             /// outer()
             /// ```
             /// inner()
             /// ````
             /// over
             fn four() {}
             /// ~~~text
             /// ```
             /// output
             /// ```
             /// ~~~
             fn five() {}",
        );
        for seen in ["unclosed", "tilde", "outer", "inner"] {
            assert!(usage.words.contains_key(seen), "{seen}");
        }
        for unseen in ["prose", "after", "over", "output"] {
            assert!(!usage.words.contains_key(unseen), "{unseen}");
        }
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
