//! The public Rust API of a generated client: listed from its syntax tree, written so that people can review it, compared,
//! and what the difference means for a version.

use std::collections::BTreeMap;
use std::fmt;

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, Expr, Fields, FnArg, Ident, ImplItem, Item, Lit, LitStr, ReturnType, Token, Type, Visibility};
use syn::{braced, bracketed, parenthesized};

use crate::diagnostic::{Diagnostic, Error};

/// Operations and types of a generated client, as they are read by people and compared by machines.
///
/// Its text is one line for each method, then one block for each type, sorted by name:
///
/// ```
/// use connectors_codegen::{Facade, Generator, Listing, Node};
///
/// # fn main() -> Result<(), connectors_codegen::Error> {
/// let document = Node::parse("pets.yaml", "
/// openapi: 3.1.0
/// info: {title: Pets, version: '1'}
/// paths:
///   /pets:
///     get: {operationId: listPets, responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}}}
/// components: {schemas: {Pet: {type: object, properties: {nickName: {type: string}}}}}
/// ")?;
/// let client = Generator::new(document).facade(Facade::new("crate::transport")).generate()?;
/// let text = Listing::of(&client)?.to_string();
/// assert!(text.contains("fn list_pets() -> types::Pet\n"));
/// assert!(text.contains("struct Pet (Default)\n    nick_name: Option<String> = \"nickName\"\n"));
/// assert_eq!(Listing::parse("api.txt", &text)?, Listing::of(&client)?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    entries: BTreeMap<Key, Entry>,
}

/// Methods first, then types, each by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    section: Section,
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Operations,
    Types,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// The first line.
    head: String,
    /// Fields or variants in order, each a line.
    members: Vec<String>,
}

impl Listing {
    /// The public API of a generated client that has a [`Facade`](crate::Facade).
    ///
    /// # Errors
    /// Code that does not parse, or that has something this does not know how to list.
    pub fn of(client: &crate::Client) -> Result<Self, Error> {
        let wrong = |error: syn::Error| {
            Diagnostic::new(format!("the generated code cannot be listed: {error}"))
                .help("codegen/src/api.rs knows what codegen/src/emit writes; one of them has changed")
        };
        let file = syn::parse_file(&client.code).map_err(wrong)?;
        let mut listing = Self::default();
        for item in &file.items {
            match item {
                Item::Mod(module) if module.ident == "types" => {
                    for item in module.content.iter().flat_map(|(_, items)| items) {
                        listing.ty(item).map_err(wrong)?;
                    }
                }
                Item::Impl(block) if block.trait_.is_none() && compact(&block.self_ty) == "Client" => {
                    listing.list_methods(&block.items);
                }
                _ => {}
            }
        }
        Ok(listing)
    }

    /// Reads a listing as it is written by `Display`.
    ///
    /// # Errors
    /// A line that is none of a listing's.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let mut listing = Self::default();
        let mut last: Option<Key> = None;
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = || {
                Diagnostic::new(format!("{name}:{}: `{line}` is no line of an API listing", index + 1))
                    .help("`cargo xtask api SERVICE` writes it anew")
            };
            if let Some(member) = line.strip_prefix("    ") {
                let entry = last.as_ref().and_then(|key| listing.entries.get_mut(key)).ok_or_else(wrong)?;
                entry.members.push(member.to_owned());
                continue;
            }
            let (kind, rest) = line.split_once(' ').ok_or_else(wrong)?;
            let section = match kind {
                "fn" => Section::Operations,
                "struct" | "enum" | "union" | "type" => Section::Types,
                _ => return Err(wrong().into()),
            };
            let key = Key { section, name: first_name(rest).to_owned() };
            listing.entries.insert(key.clone(), Entry { head: line.to_owned(), members: Vec::new() });
            last = Some(key);
        }
        Ok(listing)
    }

    /// The methods by name: `name(argument: Type, ...) -> Type`.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter(|(key, _)| key.section == Section::Operations).map(|(_, entry)| entry.shown())
    }

    /// How many methods and how many types it has.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let methods = self.entries.keys().filter(|key| key.section == Section::Operations).count();
        (methods, self.entries.len() - methods)
    }

    fn add(&mut self, section: Section, name: &Ident, head: String, members: Vec<String>) {
        let key = Key { section, name: name.unraw().to_string() };
        match self.entries.get_mut(&key) {
            // The methods of a type stand in a block of their own, before or after it.
            Some(entry) if head.is_empty() => entry.members.extend(members),
            Some(entry) => {
                let methods = std::mem::replace(&mut entry.members, members);
                entry.members.extend(methods);
                entry.head = head;
            }
            None => drop(self.entries.insert(key, Entry { head, members })),
        }
    }

    fn list_methods(&mut self, items: &[ImplItem]) {
        for item in items {
            if let ImplItem::Fn(method) = item
                && matches!(method.vis, Visibility::Public(_))
            {
                let name = &method.sig.ident;
                let head = format!("fn {}", signature(&method.sig));
                self.add(Section::Operations, name, head, Vec::new());
            }
        }
    }

    /// One item of the module of types.
    fn ty(&mut self, item: &Item) -> syn::Result<()> {
        match item {
            Item::Struct(it) if matches!(it.vis, Visibility::Public(_)) => {
                let default = derives(&it.attrs, "Default");
                let head = format!("struct {}{}", it.ident, if default { " (Default)" } else { "" });
                let members = match &it.fields {
                    Fields::Named(fields) => {
                        let public = fields.named.iter().filter(|field| matches!(field.vis, Visibility::Public(_)));
                        public.map(field).collect::<syn::Result<Vec<_>>>()?
                    }
                    other => vec![format!("({})", compact(other))],
                };
                self.add(Section::Types, &it.ident, head, members);
            }
            Item::Type(it) if matches!(it.vis, Visibility::Public(_)) => {
                let head = format!("type {} = {}", it.ident, compact(&it.ty));
                self.add(Section::Types, &it.ident, head, Vec::new());
            }
            Item::Impl(block) if block.trait_.is_none() => {
                let Type::Path(path) = &*block.self_ty else { return Ok(()) };
                let Some(name) = path.path.segments.last().map(|segment| &segment.ident) else { return Ok(()) };
                let mut members = Vec::new();
                for item in &block.items {
                    // Setters go without saying.
                    let setter =
                        |signature: &syn::Signature| signature.receiver().is_some_and(|it| it.mutability.is_some());
                    if let ImplItem::Fn(method) = item
                        && matches!(method.vis, Visibility::Public(_))
                        && !setter(&method.sig)
                    {
                        members.push(format!("fn {}", signature(&method.sig)));
                    }
                }
                if !members.is_empty() {
                    self.add(Section::Types, name, String::new(), members);
                }
            }
            // The rules that open enums and unions are written by.
            Item::Macro(it) if it.ident.is_some() => {}
            Item::Macro(it) => {
                let rules = compact(&it.mac.path);
                let (kind, union) = match rules.as_str() {
                    "open_strings" | "open_integers" => ("enum", false),
                    "open_union" => ("union", true),
                    _ => return Err(syn::Error::new_spanned(&it.mac.path, format!("`{rules}!` is not known"))),
                };
                let (name, members) = it.mac.parse_body_with(|input: ParseStream<'_>| open(input, union))?;
                self.add(Section::Types, &name, format!("{kind} {name} (open)"), members);
            }
            Item::Enum(it) if matches!(it.vis, Visibility::Public(_)) => {
                let open = it.attrs.iter().any(|attribute| attribute.path().is_ident("non_exhaustive"));
                let head = format!("union {}{}", it.ident, if open { " (open)" } else { "" });
                let last = it.variants.len().saturating_sub(1);
                let members = it.variants.iter().enumerate().map(|(index, variant)| {
                    if index == last {
                        return format!("{}(..)", variant.ident);
                    }
                    format!(
                        "{}{}",
                        variant.ident,
                        if variant.fields.is_empty() { String::new() } else { compact(&variant.fields) }
                    )
                });
                let members = members.collect();
                self.add(Section::Types, &it.ident, head, members);
            }
            // Support code and implementations of traits.
            _ => {}
        }
        Ok(())
    }
}

/// The body of a macro that writes an open enum or union: its name and a line for each variant.
fn open(input: ParseStream<'_>, union: bool) -> syn::Result<(Ident, Vec<String>)> {
    Attribute::parse_outer(input)?;
    let name = Ident::parse_any(input)?;
    if union {
        input.parse::<LitStr>()?;
    }
    let content;
    braced!(content in input);
    let mut members = Vec::new();
    while !content.is_empty() {
        Attribute::parse_outer(&content)?;
        let variant = Ident::parse_any(&content)?;
        if union {
            let inner;
            parenthesized!(inner in content);
            let ty: Type = inner.parse()?;
            let tags;
            bracketed!(tags in content);
            tags.parse::<proc_macro2::TokenStream>()?;
            content.parse::<Expr>()?;
            members.push(format!("{variant}({})", compact(&ty)));
        } else {
            content.parse::<Token![=]>()?;
            let wire: Expr = content.parse()?;
            members.push(format!("{variant} = {}", literal(&wire)));
        }
        content.parse::<Token![,]>()?;
    }
    let unknown = Ident::parse_any(input)?;
    members.push(format!("{unknown}(..)"));
    Ok((name, members))
}

fn field(field: &syn::Field) -> syn::Result<String> {
    let name = field.ident.as_ref().map(|ident| ident.unraw().to_string()).unwrap_or_default();
    let mut wire = None;
    let lists = |attribute: &&Attribute| attribute.path().is_ident("doc") && attribute.meta.require_list().is_ok();
    for attribute in field.attrs.iter().filter(lists) {
        attribute.parse_nested_meta(|meta| {
            if meta.input.peek(Token![=]) {
                let value: Expr = meta.value()?.parse()?;
                if meta.path.is_ident("alias") {
                    wire = Some(literal(&value));
                }
            }
            Ok(())
        })?;
    }
    let wire = wire.map(|wire| format!(" = {wire}")).unwrap_or_default();
    Ok(format!("{name}: {}{wire}", compact(&field.ty)))
}

/// A literal as it is written, on one line.
fn literal(value: &Expr) -> String {
    match value {
        Expr::Lit(it) => match &it.lit {
            Lit::Str(text) => format!("{:?}", text.value()),
            other => compact(other),
        },
        other => compact(other),
    }
}

fn derives(attributes: &[Attribute], name: &str) -> bool {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("derive"))
        .filter_map(|attribute| attribute.meta.require_list().ok())
        .any(|list| compact(&list.tokens).split(", ").any(|derived| derived == name))
}

/// A method as a person reads it: arguments without `self`, and what it answers when all goes well.
fn signature(signature: &syn::Signature) -> String {
    let arguments: Vec<String> = signature
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(argument) => Some(format!("{}: {}", compact(&argument.pat), compact(&argument.ty))),
            FnArg::Receiver(_) => None,
        })
        .collect();
    let answer = match &signature.output {
        ReturnType::Default => String::new(),
        ReturnType::Type(_, ty) => {
            // The error is the crate's own, for all of them.
            format!(" -> {}", success(ty).map_or_else(|| compact(ty), compact))
        }
    };
    let generics = if signature.generics.params.is_empty() { String::new() } else { compact(&signature.generics) };
    format!("{}{generics}({}){answer}", signature.ident.unraw(), arguments.join(", "))
}

/// What a `Result` holds when all goes well.
fn success(ty: &syn::Type) -> Option<&syn::GenericArgument> {
    let syn::Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Result")?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.first()
}

/// Tokens as a person writes them, without the paths that generated code is careful to spell out.
fn compact(tokens: &impl ToTokens) -> String {
    let spaced = tokens.to_token_stream().to_string();
    let mut text = String::new();
    let mut previous = "";
    for token in spaced.split_whitespace() {
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '"';
        let apart = previous.ends_with(',')
            || previous == ":"
            || (previous.ends_with(word) && token.starts_with(|c: char| word(c) || c == '\''));
        if apart {
            text.push(' ');
        }
        text.push_str(token);
        previous = token;
    }
    for (long, short) in [
        ("::std::option::", ""),
        ("::std::string::", ""),
        ("::std::vec::", ""),
        ("::std::boxed::", ""),
        ("::std::result::", ""),
        ("::std::collections::", ""),
        ("::serde_json::", "serde_json::"),
        ("::reqwest::", "reqwest::"),
    ] {
        text = text.replace(long, short);
    }
    text
}

/// The name at the beginning of a line, up to what follows a name.
fn first_name(line: &str) -> &str {
    line.split(|c: char| !word(c)).next().unwrap_or(line)
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, entry) in &self.entries {
            if key.section == Section::Types {
                writeln!(f)?;
            }
            writeln!(f, "{}", entry.head)?;
            for member in &entry.members {
                writeln!(f, "    {member}")?;
            }
        }
        Ok(())
    }
}

/// What happened to a part of a public API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fate {
    /// It was not there before.
    Added,
    /// It is another than before.
    Changed,
    /// It is not there any more.
    Removed,
}

/// One difference between two public APIs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct ApiChange {
    /// What happened.
    pub fate: Fate,
    /// Whether a program may stop compiling, by Cargo's rules.
    pub breaking: bool,
    /// What it happened to, in Markdown.
    pub what: String,
}

/// By how much a version has to go up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Bump {
    /// Not at all.
    None,
    /// Something was added, or is spelled otherwise on the wire.
    Compatible,
    /// A program may stop compiling.
    Breaking,
}

impl Bump {
    /// The smallest honest bump for these changes.
    #[must_use]
    pub fn of(changes: &[ApiChange]) -> Self {
        let one = |change: &ApiChange| if change.breaking { Self::Breaking } else { Self::Compatible };
        changes.iter().map(one).max().unwrap_or(Self::None)
    }

    /// The version after `version`, by Cargo's rules: before 1.0 the first number that is not zero counts as the major one.
    /// `None` if `version` is not three numbers.
    #[must_use]
    pub fn next(self, version: &str) -> Option<String> {
        let numbers: Vec<u64> = version.split('.').map(str::parse::<u64>).collect::<Result<_, _>>().ok()?;
        let &[major, minor, patch] = numbers.as_slice() else { return None };
        let next = match (self, major, minor) {
            (Self::None, ..) => [major, minor, patch],
            (Self::Breaking, 0, 0) => [0, 0, patch + 1],
            (Self::Breaking, 0, _) => [0, minor + 1, 0],
            (Self::Breaking, ..) => [major + 1, 0, 0],
            (Self::Compatible, 0, _) => [0, minor, patch + 1],
            (Self::Compatible, ..) => [major, minor + 1, 0],
        };
        Some(next.map(|number| number.to_string()).join("."))
    }
}

impl fmt::Display for Bump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "no change",
            Self::Compatible => "compatible",
            Self::Breaking => "breaking",
        })
    }
}

/// One break of a type, by somebody who does not name the type.
pub(crate) struct TypeBreak {
    /// Never [`Fate::Added`]: what a type has more is for others to judge.
    pub(crate) fate: Fate,
    /// The name on the wire of the field or variant; `None` if it is the type as such.
    pub(crate) wire: Option<String>,
    /// What is another or gone, in Markdown.
    pub(crate) what: String,
}

impl Listing {
    /// What is different in another, later API.
    #[must_use]
    pub fn compare(&self, new: &Self) -> Vec<ApiChange> {
        let mut changes = Vec::new();
        let mut say = |fate, breaking, what: String| changes.push(ApiChange { fate, breaking, what });
        for (key, entry) in &self.entries {
            let Some(now) = new.entries.get(key) else {
                say(Fate::Removed, true, key.told());
                continue;
            };
            match key.section {
                Section::Operations if entry.head != now.head => {
                    let breaking = !Signature::of(entry.shown()).is_called_as(&Signature::of(now.shown()));
                    let what = format!("{}: `{}` is `{}`", key.told(), entry.shown(), now.shown());
                    say(Fate::Changed, breaking, what);
                }
                Section::Operations => {}
                Section::Types => entry.compare(now, &mut |fate, breaking, _, what| {
                    say(fate, breaking, format!("{}: {what}", key.told()));
                }),
            }
        }
        for (key, entry) in new.entries.iter().filter(|(key, _)| !self.entries.contains_key(*key)) {
            let what = match key.section {
                Section::Operations => format!("`{}`", entry.shown()),
                Section::Types => key.told(),
            };
            say(Fate::Added, false, what);
        }
        changes.sort();
        changes
    }
}

impl Listing {
    /// A method as it is listed, without its first word.
    pub(crate) fn method(&self, name: &str) -> Option<&str> {
        self.entries.get(&Key { section: Section::Operations, name: name.to_owned() }).map(Entry::shown)
    }

    fn type_entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(&Key { section: Section::Types, name: name.to_owned() })
    }

    pub(crate) fn has_type(&self, name: &str) -> bool {
        self.type_entry(name).is_some()
    }

    /// How a type breaks for who uses it if it and others are called otherwise later, as `names` has it. `None` if it is
    /// not there any more.
    pub(crate) fn type_breaks(
        &self,
        name: &str,
        new: &Self,
        names: &BTreeMap<String, String>,
    ) -> Option<Vec<TypeBreak>> {
        let now = new.type_entry(names.get(name).map_or(name, String::as_str))?;
        let mut breaks = Vec::new();
        if let Some(entry) = self.type_entry(name) {
            entry.renamed(names).compare(now, &mut |fate, breaking, member, what| {
                if breaking && fate != Fate::Added {
                    let field = member.filter(|member| !member.starts_with("fn "));
                    let wire = field.map(|member| split_wire(member).1.trim_matches('`').to_owned());
                    breaks.push(TypeBreak { fate, wire, what });
                }
            });
        }
        Some(breaks)
    }
}

impl Key {
    fn told(&self) -> String {
        match self.section {
            Section::Operations => format!("`{}`", self.name),
            Section::Types => format!("`types::{}`", self.name),
        }
    }
}

impl Entry {
    /// The first line without its first word.
    fn shown(&self) -> &str {
        self.head.split_once(' ').map_or(self.head.as_str(), |(_, rest)| rest)
    }

    /// The type as it is if types are called otherwise.
    fn renamed(&self, names: &BTreeMap<String, String>) -> Self {
        // The variants of an enum have names of their own, whatever types there are.
        let own = self.head.starts_with("enum ");
        let told = |member: &String| if own { member.clone() } else { renamed(member, names) };
        let members = self.members.iter().map(told).collect();
        Self { head: renamed(&self.head, names), members }
    }

    /// Compares two types of one name: what happened, whether it breaks, the member it happened to as it was, and what it
    /// is in Markdown.
    fn compare(&self, new: &Self, say: &mut impl FnMut(Fate, bool, Option<&str>, String)) {
        // A struct that can no longer be made from nothing is another struct; one that newly can is the same, and more.
        let gained = new.head == format!("{} (Default)", self.head);
        if self.head != new.head {
            say(Fate::Changed, !gained, None, format!("`{}` is `{}`", self.head, new.head));
        }
        let open = new.head.ends_with(" (open)");
        let find = |members: &[String], name: &str| members.iter().find(|member| name_of(member) == name).cloned();
        for member in &self.members {
            let name = name_of(member);
            let Some(now) = find(&new.members, &name) else {
                say(Fate::Removed, true, Some(member.as_str()), format!("`{name}`"));
                continue;
            };
            let ((was, was_wire), (is, is_wire)) = (split_wire(member), split_wire(&now));
            if was != is {
                say(Fate::Changed, true, Some(member.as_str()), format!("`{was}` is `{is}`"));
            } else if was_wire != is_wire {
                let what = format!("`{name}` is {is_wire} on the wire, it was {was_wire}");
                say(Fate::Changed, false, Some(member.as_str()), what);
            }
        }
        for member in new.members.iter().filter(|member| find(&self.members, &name_of(member)).is_none()) {
            let (shown, _) = split_wire(member);
            // All fields are public, so a program may have written all of them out.
            say(Fate::Added, !open, Some(member.as_str()), format!("`{shown}`"));
        }
    }
}

/// A method's line, taken apart.
pub(crate) struct Signature<'a> {
    generics: &'a str,
    /// The name and the type of each.
    arguments: Vec<(&'a str, &'a str)>,
    pub(crate) answer: &'a str,
}

impl<'a> Signature<'a> {
    /// Of what [`Listing::method`] gives.
    pub(crate) fn of(shown: &'a str) -> Self {
        let (name, rest) = shown.split_once('(').unwrap_or((shown, ")"));
        let generics = name.trim_start_matches(word);
        let (arguments, answer) = rest.split_once(") -> ").unwrap_or((rest.trim_end_matches(')'), ""));
        let mut depth = 0_usize;
        let apart = |c: char| {
            match c {
                '<' | '(' | '[' => depth += 1,
                '>' | ')' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        };
        let arguments = arguments.split(apart).map(str::trim).filter(|argument| !argument.is_empty());
        let arguments = arguments.map(|argument| argument.split_once(": ").unwrap_or(("", argument))).collect();
        Self { generics, arguments, answer }
    }

    /// Whether the arguments of a call of this one mean the same to another one.
    ///
    /// They are given by position, so what an argument is called is nothing to who calls. But a name that stands at another
    /// position is another order, which no compiler sees where the types are the same; and what may be left out is never an
    /// id of the path, so by another name it is something else that is sent.
    pub(crate) fn takes_the_same(&self, new: &Self) -> bool {
        let named = |list: &[(&str, &str)], name: &str| list.iter().any(|(other, _)| *other == name);
        let same = |((was, was_type), (is, is_type)): (&(&str, &str), &(&str, &str))| {
            let only_renamed =
                !was_type.starts_with("Option<") && !named(&new.arguments, was) && !named(&self.arguments, is);
            was_type == is_type && (was == is || only_renamed)
        };
        self.generics == new.generics
            && self.arguments.len() == new.arguments.len()
            && self.arguments.iter().zip(&new.arguments).all(same)
    }

    fn is_called_as(&self, new: &Self) -> bool {
        self.answer == new.answer && self.takes_the_same(new)
    }
}

fn word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A line of a listing as it is if types are called otherwise.
pub(crate) fn renamed(line: &str, names: &BTreeMap<String, String>) -> String {
    let (mut told, mut rest) = (String::new(), line);
    while let Some(start) = rest.find(word) {
        let (before, tail) = rest.split_at(start);
        let (name, after) = tail.split_at(tail.find(|c: char| !word(c)).unwrap_or(tail.len()));
        told.push_str(before);
        told.push_str(names.get(name).map_or(name, String::as_str));
        rest = after;
    }
    told.push_str(rest);
    told
}

/// What a member is called; a method is told from a field of its name.
fn name_of(member: &str) -> String {
    match member.strip_prefix("fn ") {
        Some(rest) => format!("fn {}", first_name(rest)),
        None => first_name(member).to_owned(),
    }
}

/// A member and its name on the wire: the name in quotes behind it, else its own.
fn split_wire(member: &str) -> (&str, String) {
    match member.split_once(" = ") {
        Some((shown, wire)) => (shown, format!("`{}`", wire.trim_matches('"'))),
        None => (member, format!("`{}`", first_name(member))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Facade, Generator, Node};

    fn listing(schemas: &str, paths: &str) -> Listing {
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths: {{{paths}}}\ncomponents: {{schemas: {{{schemas}}}}}\n"
        );
        let document = Node::parse("t.yaml", &text).unwrap();
        Listing::of(&Generator::new(document).facade(Facade::new("crate::transport")).generate().unwrap()).unwrap()
    }

    const GET: &str = "'/a/{id}': {get: {operationId: getA, parameters: [{name: id, in: path, required: true, schema: {type: string}}, {name: q, in: query, schema: {type: integer}}], responses: {'200': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}}}}";
    const A: &str = "A: {type: object, required: [x], properties: {x: {type: string}, kind: {$ref: '#/components/schemas/Kind'}, u: {$ref: '#/components/schemas/U'}, next: {$ref: '#/components/schemas/A'}}}, Kind: {type: string, enum: [A_ONE, A_TWO]}, U: {oneOf: [{$ref: '#/components/schemas/B'}, {type: string}]}, B: {type: object, properties: {m: {type: object, additionalProperties: {type: integer, format: int32}}}}";

    #[test]
    fn the_listing_is_read_back_as_it_was_written() {
        let listing = listing(A, GET);
        let text = listing.to_string();
        assert!(text.starts_with("fn get_a(id: &str, q: Option<i64>) -> types::A\n"), "{text}");
        for line in [
            "struct A\n    x: String\n",
            "    next: Option<Box<A>>\n",
            "    fn new(x: String) -> Self\n",
            "enum Kind (open)\n    One = \"A_ONE\"\n    Two = \"A_TWO\"\n    Unknown(..)\n",
            "union U (open)\n",
            "    m: Option<BTreeMap<String, i32>>\n",
            "type Extra = serde_json::Map<String, serde_json::Value>\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert_eq!(Listing::parse("api.txt", &text).unwrap(), listing);
        assert!(Listing::parse("api.txt", "what is this").is_err());
    }

    #[test]
    fn changes_are_judged_by_cargo_s_rules() {
        let base = listing(A, GET);
        for (schemas, paths, expected, bump) in [
            (A.to_owned(), GET.to_owned(), None, Bump::None),
            (
                A.replace("[A_ONE, A_TWO]", "[A_ONE, A_TWO, A_THREE]"),
                GET.to_owned(),
                Some("Added `types::Kind`: `Three`"),
                Bump::Compatible,
            ),
            (
                A.replace("[A_ONE, A_TWO]", "[A_ONE]"),
                GET.to_owned(),
                Some("Removed `types::Kind`: `Two`"),
                Bump::Breaking,
            ),
            (
                A.replace("{m:", "{n: {type: string}, m:"),
                GET.to_owned(),
                Some("Added `types::B`: `n: Option<String>`"),
                Bump::Breaking,
            ),
            (
                A.replace("x: {type: string}", "x: {type: boolean}"),
                GET.to_owned(),
                Some("Changed `types::A`: `x: String` is `x: bool`"),
                Bump::Breaking,
            ),
            (
                A.to_owned(),
                GET.replace("{id}", "{a_id}").replace("name: id,", "name: a_id,"),
                Some(
                    "Changed `get_a`: `get_a(id: &str, q: Option<i64>) -> types::A` is `get_a(a_id: &str, q: Option<i64>) -> types::A`",
                ),
                Bump::Compatible,
            ),
            (
                A.to_owned(),
                GET.replace("name: q,", "name: r,"),
                Some(
                    "Changed `get_a`: `get_a(id: &str, q: Option<i64>) -> types::A` is `get_a(id: &str, r: Option<i64>) -> types::A`",
                ),
                Bump::Breaking,
            ),
            (
                A.to_owned(),
                format!("{GET}, /b: {{post: {{operationId: postB, responses: {{'204': {{description: ''}}}}}}}}"),
                Some("Added `post_b() -> ()`"),
                Bump::Compatible,
            ),
        ] {
            let changes = base.compare(&listing(&schemas, &paths));
            let told: Vec<String> = changes.iter().map(|change| format!("{:?} {}", change.fate, change.what)).collect();
            assert!(
                expected.is_none_or(|expected| told.iter().any(|line| line == expected)),
                "{expected:?}: {told:#?}"
            );
            assert_eq!(Bump::of(&changes), bump, "{told:?}");
        }
    }

    #[test]
    fn an_argument_may_be_called_otherwise_where_it_stands_and_nowhere_else() {
        let old = Signature::of("put_it(a: &str, m: &BTreeMap<String, i64>, n: Option<i64>) -> types::A");
        for (new, same) in [
            ("put_it(b: &str, m: &BTreeMap<String, i64>, n: Option<i64>) -> types::A", true),
            ("put_it(a: &str, m: &BTreeMap<String, i32>, n: Option<i64>) -> types::A", false),
            ("put_it(a: &str, m: &BTreeMap<String, i64>, o: Option<i64>) -> types::A", false),
            ("put_it(a: &str, m: &BTreeMap<String, i64>) -> types::A", false),
            ("put_it(a: &str, m: &BTreeMap<String, i64>, n: Option<i64>) -> ()", false),
        ] {
            assert_eq!(old.is_called_as(&Signature::of(new)), same, "{new}");
        }
        let swapped =
            (Signature::of("get_it(x: &str, y: &str) -> ()"), Signature::of("get_it(y: &str, x: &str) -> ()"));
        assert!(!swapped.0.is_called_as(&swapped.1));
        let bytes = Signature::of("send<B: Into<reqwest::Body>>(body: B) -> ()");
        assert_eq!((bytes.generics, bytes.arguments.as_slice()), ("<B: Into<reqwest::Body>>", &[("body", "B")][..]));
    }

    #[test]
    fn versions_go_up_as_cargo_has_it() {
        for (version, compatible, breaking) in
            [("0.0.3", "0.0.4", "0.0.4"), ("0.1.4", "0.1.5", "0.2.0"), ("1.2.3", "1.3.0", "2.0.0")]
        {
            assert_eq!(Bump::Compatible.next(version).as_deref(), Some(compatible));
            assert_eq!(Bump::Breaking.next(version).as_deref(), Some(breaking));
            assert_eq!(Bump::None.next(version).as_deref(), Some(version));
        }
        assert_eq!(Bump::Breaking.next("1.0"), None);
    }
}
