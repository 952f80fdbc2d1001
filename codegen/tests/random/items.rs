//! Checks of Rust code that need no compiler: no two items have the same name, and names follow the lints that
//! generated crates have.

use std::collections::BTreeSet;

use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::{FnArg, Ident, ImplItem, Item, Pat, UseTree};

/// The first mistake in a file.
pub(crate) fn mistake(code: &str) -> Option<String> {
    let file = syn::parse_file(code).map_err(|error| error.to_string());
    match file {
        Ok(file) => of_module("", &file.items),
        Err(error) => Some(error),
    }
}

/// The names in one scope.
#[derive(Default)]
struct Scope {
    types: BTreeSet<String>,
    values: BTreeSet<String>,
    methods: BTreeSet<(String, String)>,
}

fn of_module(at: &str, items: &[Item]) -> Option<String> {
    let mut scope = Scope::default();
    for item in items {
        let (is_new, name) = match item {
            Item::Mod(it) => {
                // Progenitor's part allows everything.
                if it.ident == "raw" && at.is_empty() {
                    (scope.types.insert("raw".to_owned()), "raw".to_owned())
                } else {
                    let place = format!("{at}::{}", it.ident);
                    let inner = it.content.as_ref().and_then(|(_, items)| of_module(&place, items));
                    let inner = inner.or_else(|| capitals(&it.ident).map(|it| format!("{place}: {it}")));
                    if inner.is_some() {
                        return inner;
                    }
                    (scope.types.insert(it.ident.to_string()), it.ident.to_string())
                }
            }
            Item::Struct(it) => {
                let names = it.fields.iter().filter_map(|field| field.ident.as_ref());
                if let Some(reason) = several(names.clone()).or_else(|| names.clone().find_map(capitals)) {
                    return Some(format!("{at}::{}: {reason}", it.ident));
                }
                (scope.types.insert(it.ident.to_string()), it.ident.to_string())
            }
            Item::Enum(it) => {
                if let Some(reason) = several(it.variants.iter().map(|it| &it.ident)) {
                    return Some(format!("{at}::{}: {reason}", it.ident));
                }
                (scope.types.insert(it.ident.to_string()), it.ident.to_string())
            }
            Item::Type(it) => (scope.types.insert(it.ident.to_string()), it.ident.to_string()),
            Item::Const(it) => (scope.values.insert(it.ident.to_string()), it.ident.to_string()),
            Item::Static(it) => (scope.values.insert(it.ident.to_string()), it.ident.to_string()),
            Item::Fn(it) => (scope.values.insert(it.sig.ident.to_string()), it.sig.ident.to_string()),
            Item::Use(it) => {
                let mut names = Vec::new();
                used(&it.tree, &mut names);
                let first = names.into_iter().find(|name| !scope.types.insert(name.clone()));
                (first.is_none(), first.unwrap_or_default())
            }
            Item::Macro(it)
                if it.mac.path.segments.last().is_some_and(|it| it.ident.to_string().starts_with("open_")) =>
            {
                let tokens: Vec<TokenTree> = it.mac.tokens.clone().into_iter().collect();
                let named = tokens.windows(2).filter_map(|pair| match pair {
                    [TokenTree::Ident(name), TokenTree::Group(_)] => Some(name.to_string()),
                    _ => None,
                });
                let first = named.into_iter().find(|name| !scope.types.insert(name.clone()));
                (first.is_none(), first.unwrap_or_default())
            }
            Item::Impl(it) if it.trait_.is_none() => {
                let of = it.self_ty.to_token_stream().to_string();
                for item in &it.items {
                    let ImplItem::Fn(it) = item else { continue };
                    let place = format!("{at}::{of}::{}", it.sig.ident);
                    if !scope.methods.insert((of.clone(), it.sig.ident.to_string())) {
                        return Some(format!("{place} is there twice"));
                    }
                    let arguments = it.sig.inputs.iter().filter_map(|argument| match argument {
                        FnArg::Typed(it) => match &*it.pat {
                            Pat::Ident(it) => Some(&it.ident),
                            _ => None,
                        },
                        FnArg::Receiver(_) => None,
                    });
                    let names = arguments.clone().chain([&it.sig.ident]);
                    if let Some(reason) = several(arguments).or_else(|| names.into_iter().find_map(capitals)) {
                        return Some(format!("{place}: {reason}"));
                    }
                }
                (true, String::new())
            }
            _ => (true, String::new()),
        };
        if !is_new {
            return Some(format!("{at}::{name} is there twice"));
        }
    }
    None
}

fn used(tree: &UseTree, names: &mut Vec<String>) {
    match tree {
        UseTree::Path(it) => used(&it.tree, names),
        UseTree::Name(it) => names.push(it.ident.to_string()),
        UseTree::Rename(it) => names.push(it.rename.to_string()),
        UseTree::Group(it) => it.items.iter().for_each(|tree| used(tree, names)),
        UseTree::Glob(_) => {}
    }
}

fn several<'a>(names: impl Iterator<Item = &'a Ident>) -> Option<String> {
    let mut seen = BTreeSet::new();
    names
        .map(ToString::to_string)
        .find(|name| !seen.insert(name.clone()))
        .map(|name| format!("`{name}` is there twice"))
}

/// The lint `non_snake_case`.
fn capitals(name: &Ident) -> Option<String> {
    let text = name.to_string();
    let wrong = text.contains(char::is_uppercase) || text.trim_matches('_').contains("__");
    wrong.then(|| format!("`{text}` is not in snake case"))
}

#[test]
fn mistakes_are_found() {
    for (code, expected) in [
        ("struct A; mod b { pub const A: u8 = 1; } fn f() {}", None),
        ("struct A; enum A {}", Some("::A is there twice")),
        ("mod r { use super::{raw, types}; mod types {} }", Some("::r::types is there twice")),
        ("const A: u8 = 1; const A: u8 = 2;", Some("::A is there twice")),
        ("x::open_strings! { A { B = \"b\" } C } struct A;", Some("::A is there twice")),
        ("struct A { a: u8, a: u8 }", Some("::A: `a` is there twice")),
        ("impl A { fn new() {} } impl A { fn new() {} }", Some("::A::new is there twice")),
        ("impl A { fn f(a: u8, a: u8) {} }", Some("::A::f: `a` is there twice")),
        ("impl A { fn ℛ() {} }", Some("::A::ℛ: `ℛ` is not in snake case")),
        ("struct A { a__b: u8 }", Some("::A: `a__b` is not in snake case")),
        ("mod A {}", Some("::A: `A` is not in snake case")),
        ("enum A { B, B }", Some("::A: `B` is there twice")),
    ] {
        assert_eq!(mistake(code).as_deref(), expected, "{code}");
    }
}
