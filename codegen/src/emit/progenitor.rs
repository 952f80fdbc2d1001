//! progenitor's part: path, body and response of each operation.
//!
//! Its input is a document that has only paths, and bodies and responses of bytes. The runtime does the rest (query,
//! headers, cookies, media types, credentials, sending, decoding), with the request that progenitor passes to its hook.

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};

use indexmap::IndexMap;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use progenitor_impl::{GenerationSettings, Generator};
use quote::quote;
use serde_json::{Value, json};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, ImplItem, Item, Stmt};

use crate::diagnostic::{Diagnostic, Error};
use crate::note::{Kind, Notes, Stage};
use crate::shape::model::{Api, Operation, Param, Place};

use super::features::Features;
use super::print::write_items_indented;

/// Replaces an empty segment of a path, which progenitor would drop. The runtime removes it.
const EMPTY_SEGMENT: &str = "~empty~";

/// The number of operations that progenitor generates at a time. Its tokens need a hundred times the memory of their
/// text.
const AT_A_TIME: usize = 64;

/// Writes the items of progenitor's client. Operations that it refuses leave `api`, with a note.
pub(super) fn write(api: &mut Api, features: &Features, notes: &mut Notes, out: &mut String) -> Result<(), Error> {
    // The operations of one path stay together.
    let mut by_path: IndexMap<String, Vec<usize>> = IndexMap::new();
    for (place, operation) in api.operations.iter().enumerate() {
        by_path.entry(template(operation)).or_default().push(place);
    }
    let mut parts: Vec<Vec<usize>> = vec![Vec::new()];
    for places in by_path.into_values() {
        if parts.last().is_some_and(|part| part.len() >= AT_A_TIME) {
            parts.push(Vec::new());
        }
        parts.last_mut().into_iter().for_each(|part| part.extend(&places));
    }
    let mut refused: BTreeMap<usize, String> = BTreeMap::new();
    for (index, part) in parts.into_iter().enumerate() {
        let of =
            |places: &[usize]| generate(api, &places.iter().map(|place| &api.operations[*place]).collect::<Vec<_>>());
        let mut generated = of(&part);
        if generated.is_err() {
            // At least one operation is the cause: it is found and left out.
            refused.extend(part.iter().filter_map(|place| Some((*place, of(&[*place]).err()?))));
            let left: Vec<usize> = part.into_iter().filter(|place| !refused.contains_key(place)).collect();
            generated = of(&left);
        }
        let mut file =
            generated.map_err(|reason| Diagnostic::new(format!("progenitor cannot generate the client: {reason}")))?;
        // progenitor's module of types is empty, because ours replaces it. The client itself is written once.
        file.items.retain(|item| match item {
            Item::Mod(module) => module.ident != "types" && module.ident != "prelude",
            other => index == 0 || has_operations(other),
        });
        Reexported.visit_file_mut(&mut file);
        put_features(&mut file, api, features);
        write_items_indented(file.items, out)?;
    }
    let mut place = 0;
    api.operations.retain(|operation| {
        let reason = refused.remove(&place);
        place += 1;
        if let Some(reason) = &reason {
            let reason = format!("the operation `{}` was left out: progenitor refuses it: {reason}", operation.name);
            notes.push(Stage::Emit, Kind::Skip, &operation.pointer, &operation.span, reason);
        }
        reason.is_none()
    });
    Ok(())
}

/// Adds the feature of its group to each operation's method.
fn put_features(file: &mut syn::File, api: &Api, features: &Features) {
    let attribute = |operation: &Operation| Some((method(operation), features.attribute(operation.group.as_deref())?));
    let attributes: BTreeMap<String, Attribute> = api.operations.iter().filter_map(attribute).collect();
    for item in file.items.iter_mut().filter(|_| !attributes.is_empty()) {
        let Item::Impl(block) = item else { continue };
        for item in &mut block.items {
            if let ImplItem::Fn(method) = item {
                method.attrs.extend(attributes.get(&method.sig.ident.to_string()).cloned());
            }
        }
    }
}

/// Whether an item has the methods of the operations.
fn has_operations(item: &Item) -> bool {
    let is_async = |item: &ImplItem| matches!(item, ImplItem::Fn(method) if method.sig.asyncness.is_some());
    matches!(item, Item::Impl(block) if block.trait_.is_none() && block.items.iter().any(is_async))
}

/// The name of progenitor's method for an operation. It begins with a letter, even if the operation's name does not, and
/// has no character that progenitor would replace: it would drop an underscore that is not between two other characters.
pub(super) fn method(operation: &Operation) -> String {
    let plain = |name: &str| -> String {
        let mut plain = String::with_capacity(name.len());
        let mut chars = name.chars().peekable();
        while let Some(c) = chars.next() {
            let between = !plain.is_empty() && !plain.ends_with('_') && chars.peek().is_some();
            if c.is_ascii() && (c != '_' || between) {
                plain.push(c);
            } else {
                plain.push_str(&format!("u{:x}", u32::from(c)));
            }
        }
        // `_in_` separates the name and the group.
        let words = plain.split('_').map(|word| if word == "in" { "u69n" } else { word });
        words.collect::<Vec<_>>().join("_")
    };
    match &operation.group {
        Some(group) => format!("call_{}_in_{}", plain(&operation.name), plain(group)),
        None => format!("call_{}", plain(&operation.name)),
    }
}

/// The names of its arguments, in the order of the path.
pub(super) fn arguments(operation: &Operation) -> impl Iterator<Item = (String, &str)> {
    let path = operation.parted().0;
    let is_in_it = move |param: &&Param| param.place == Place::Path && path.contains(&format!("{{{}}}", param.wire));
    let in_path = operation.params.iter().filter(is_in_it);
    in_path.enumerate().map(|(index, param)| (format!("value{index}"), param.wire.as_str()))
}

fn generate(api: &Api, operations: &[&Operation]) -> Result<syn::File, String> {
    let mut paths: IndexMap<String, Value> = IndexMap::new();
    for operation in operations {
        // progenitor supports only these methods. For the others it gets a GET of a path that is used nowhere else. The
        // runtime sends the real method and path.
        let (path, method) = match operation.method.as_str() {
            method @ ("GET" | "PUT" | "POST" | "DELETE" | "HEAD" | "PATCH") => {
                (template(operation), method.to_ascii_lowercase())
            }
            method => (format!("{}/~{method}~", template(operation)), "get".to_owned()),
        };
        let item = paths.entry(path).or_insert_with(|| json!({}));
        if item.get(&method).is_some() {
            return Err(format!("two operations have {} {}", operation.method, operation.path));
        }
        item[&method] = described(operation);
    }
    let document = json!({
        "openapi": "3.0.3",
        "info": {"title": "", "version": api.version},
        "paths": {},
    });
    let mut document: openapiv3::OpenAPI = serde_json::from_value(document).map_err(|error| error.to_string())?;
    for (path, item) in paths {
        let item = serde_json::from_value(item).map_err(|error| error.to_string())?;
        document.paths.paths.insert(path, item);
    }
    // The runtime sends the request: the hook keeps it, and `end_with_hook` removes what follows.
    let mut settings = GenerationSettings::new();
    settings.with_inner_type(quote! { Built }).with_pre_hook(quote! { Built::keep });
    let attempt = catch_unwind(AssertUnwindSafe(|| Generator::new(&settings).generate_tokens(&document)));
    let tokens = match attempt {
        Ok(result) => result.map_err(|error| error.to_string())?,
        Err(panic) => {
            let text =
                panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
            return Err(text.unwrap_or("progenitor panicked").to_owned());
        }
    };
    let mut file: syn::File = syn::parse2(abridged(tokens)).map_err(|error| error.to_string())?;
    let blocks = file.items.iter_mut().filter(|item| has_operations(item));
    for item in
        blocks.filter_map(|item| if let Item::Impl(block) = item { Some(&mut block.items) } else { None }).flatten()
    {
        if let ImplItem::Fn(method) = item {
            end_with_hook(&mut method.block)
                .ok_or_else(|| format!("`{}` does not have the expected code", method.sig.ident))?;
        }
    }
    Ok(file)
}

/// Progenitor's code without what is not used, which would be parsed for nothing: the documentation of its methods, and
/// what they do after the hook that keeps the request.
fn abridged(tokens: TokenStream) -> TokenStream {
    within_braces(tokens, |items| within_braces(undocumented(items), up_to_hook))
}

fn within_braces(tokens: TokenStream, inner: impl Fn(TokenStream) -> TokenStream) -> TokenStream {
    let changed = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            TokenTree::Group(Group::new(Delimiter::Brace, inner(group.stream())))
        }
        other => other,
    });
    changed.collect()
}

fn undocumented(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let mut left = Vec::new();
    while let Some(token) = tokens.next() {
        let is_doc = matches!(&token, TokenTree::Punct(mark) if mark.as_char() == '#')
            && matches!(tokens.peek(), Some(TokenTree::Group(group)) if begins_with(group, Delimiter::Bracket, "doc"));
        if is_doc {
            tokens.next();
        } else {
            left.push(token);
        }
    }
    left.into_iter().collect()
}

/// The statements of a method up to its hook, `(Built::keep)(..);`, or all of them if it has none.
fn up_to_hook(tokens: TokenStream) -> TokenStream {
    let (mut is_after, mut is_in_hook) = (false, false);
    let left = tokens.into_iter().take_while(|token| {
        let is_kept = !is_after;
        is_in_hook |= matches!(token, TokenTree::Group(group) if begins_with(group, Delimiter::Parenthesis, "Built"));
        is_after = is_in_hook && matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';');
        is_kept
    });
    left.collect()
}

fn begins_with(group: &Group, delimiter: Delimiter, word: &str) -> bool {
    let is_word = |token: TokenTree| matches!(token, TokenTree::Ident(name) if name == word);
    group.delimiter() == delimiter && group.stream().into_iter().next().is_some_and(is_word)
}

/// Ends a method with the hook that keeps the request. Without what follows, and without the header of the document's
/// version, which no service asks for, it takes a fraction of the time to compile. `None` if its code is not as expected.
fn end_with_hook(block: &mut syn::Block) -> Option<()> {
    if !block.stmts.last().is_some_and(is_hook) {
        return None;
    }
    let before = block.stmts.len();
    block
        .stmts
        .retain(|stmt| declared(stmt).is_none_or(|name| name != "header_map" && name != "info") && !is_append(stmt));
    // The variable for headers with its only header, and the variable that the second hook would read.
    if before - block.stmts.len() != 3 {
        return None;
    }
    Headerless.visit_block_mut(block);
    block.stmts.push(Stmt::Expr(syn::parse_quote! { Err(Error::Custom(String::new())) }, None));
    Some(())
}

/// Whether a statement calls the hook.
fn is_hook(stmt: &Stmt) -> bool {
    let Stmt::Expr(Expr::Call(call), _) = stmt else { return false };
    let function = match &*call.func {
        Expr::Paren(paren) => &paren.expr,
        _ => &call.func,
    };
    matches!(&**function, Expr::Path(path) if path.path.segments.first().is_some_and(|first| first.ident == "Built"))
}

/// The variable that a statement declares.
fn declared(stmt: &Stmt) -> Option<&syn::Ident> {
    match stmt {
        Stmt::Local(syn::Local { pat: syn::Pat::Ident(pat), .. }) => Some(&pat.ident),
        _ => None,
    }
}

/// Whether a statement adds a header to the variable for headers.
fn is_append(stmt: &Stmt) -> bool {
    let Stmt::Expr(Expr::MethodCall(call), _) = stmt else { return false };
    matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident("header_map"))
}

/// Removes the call that adds the headers to the request.
struct Headerless;

impl VisitMut for Headerless {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        if let Expr::MethodCall(call) = expr
            && call.method == "headers"
        {
            *expr = (*call.receiver).clone();
        }
    }
}

/// The path template as progenitor needs it: with its own names, without empty segments, and without characters that
/// would end a path.
fn template(operation: &Operation) -> String {
    let (path, query) = operation.parted();
    let names: HashMap<&str, String> = arguments(operation).map(|(name, wire)| (wire, name)).collect();
    let (mut rest, mut template) = (path, String::new());
    while let Some((literal, (wire, tail))) =
        rest.split_once('{').and_then(|(it, tail)| Some((it, tail.split_once('}')?)))
    {
        template.push_str(&encoded(literal));
        template.push_str(&format!("{{{}}}", names.get(wire).map_or(wire, String::as_str)));
        rest = tail;
    }
    template.push_str(&encoded(rest));
    let path = template;
    let last = path.split('/').count() - 1;
    let segments = path
        .split('/')
        .enumerate()
        .map(|(index, segment)| if segment.is_empty() && index > 0 && index < last { EMPTY_SEGMENT } else { segment });
    let template = segments.collect::<Vec<_>>().join("/");
    match query {
        // Two operations on one path differ by it; the runtime removes it again.
        Some(_) => format!("{template}~~{}", method(operation)),
        None => template,
    }
}

/// A part of a path without the characters that have another meaning in a URL or in a comment of Rust.
fn encoded(text: &str) -> String {
    let special = |c: char| {
        matches!(c, '\\' | '?' | '#' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}') || c.is_control()
    };
    let mut bytes = [0; 4];
    let encode = |c: char| match special(c) {
        true => c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")).collect(),
        false => c.to_string(),
    };
    text.chars().map(encode).collect()
}

fn described(operation: &Operation) -> Value {
    let parameters: Vec<Value> = arguments(operation)
        .map(|(name, _)| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    let mut described = json!({
        "operationId": method(operation),
        "parameters": parameters,
        "responses": {"2XX": {"description": "", "content": {"*/*": {}}}},
    });
    if operation.body.is_some() {
        let bytes = json!({"schema": {"type": "string", "format": "binary"}});
        described["requestBody"] = json!({"required": true, "content": {"application/octet-stream": bytes}});
    }
    described
}

/// Replaces progenitor's absolute paths by the crates that the runtime re-exports, so that a client has one dependency.
struct Reexported;

impl VisitMut for Reexported {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        let crates = ["reqwest", "progenitor_client"];
        if path.segments.first().is_some_and(|first| crates.iter().any(|name| first.ident == name)) {
            path.leading_colon = None;
        }
        visit_mut::visit_path_mut(self, path);
    }
}
