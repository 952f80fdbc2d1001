//! Structs: fields that can be set one by one, and a field that keeps unknown keys.

use std::collections::BTreeSet;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{
    AttrStyle, Attribute, Expr, ExprLit, Fields, Item, Lit, LitStr, Meta, MetaNameValue, Visibility, parse_quote,
};

use crate::diagnostic::Error;
use crate::emit::{docs, print};
use crate::shape::model::{Constant, Field, Struct, Type, TypeDef};

use super::parts::{Known, doc, held, ident, integer, local, object};

pub(super) fn structure(def: &TypeDef, it: &Struct, known: &Known<'_>) -> Result<Vec<Item>, Error> {
    let name = ident(&def.name);
    let docs = doc(&def.doc, &format!("The schema `{}`.", def.pointer.last()));
    let extra = it.extra.as_ref().map(|(name, ty)| {
        let (name, ty) = (ident(name), extra_type(ty));
        quote! {
            /// Keys that the document does not declare, unchanged.
            pub #name: #ty,
        }
    });
    let arguments = it.fields.iter().filter(|field| field.is_argument()).count();
    let plain = arguments == 0 && it.fields.iter().all(|field| field.preset.is_none());
    let default = plain.then(|| quote! { #[derive(Default)] });
    let new = (arguments > 0).then(|| {
        let new = constructor(it);
        quote! { impl #name { #new } }
    });
    let starts = (arguments == 0 && !plain).then(|| {
        let values = values(it);
        quote! {
            impl ::std::default::Default for #name {
                fn default() -> Self {
                    Self { #values }
                }
            }
        }
    });
    let blank = if arguments == 0 {
        quote! { ::std::default::Default::default() }
    } else {
        let object = object();
        let blanks = std::iter::repeat_n(quote! { #object::blank() }, arguments);
        quote! { Self::new(#(#blanks),*) }
    };
    let (text, setters) = (members(it), setters(it, known));
    let slots =
        it.fields.iter().map(|field| &field.name).chain(it.extra.iter().map(|(name, _)| name)).map(|it| ident(it));
    let mut items = print::items(quote! {
        #docs
        #default
        #[non_exhaustive]
        pub struct #name { #extra }
        #new
        #starts
        ::connectors_runtime::object! { #name #text #blank; #(#slots)*; #setters }
    })?;
    // The fields are not parsed with the rest: a document has thousands, and this takes a fraction of the time.
    for item in &mut items {
        if let Item::Struct(syn::ItemStruct { fields: Fields::Named(named), .. }) = item {
            let extra = std::mem::take(&mut named.named);
            let fields = it.fields.iter().map(field).collect::<Result<Vec<_>, _>>()?;
            named.named = fields.into_iter().chain(extra).collect();
        }
    }
    Ok(items)
}

fn extra_type(ty: &Type) -> TokenStream {
    if *ty == Type::Any {
        quote! { Extra }
    } else {
        local(&Type::Map(Box::new(ty.clone())))
    }
}

/// The type of a field's value, without the `Option` of an optional one.
fn inner_type(field: &Field) -> TokenStream {
    let inner = local(field.ty.inner());
    if field.boxed {
        quote! { Box<#inner> }
    } else {
        inner
    }
}

fn field_type(field: &Field) -> TokenStream {
    let inner = inner_type(field);
    match (field.is_option(), field.three_states) {
        (false, _) => inner,
        (true, true) if has_own_null(field) => quote! { Option<Option<#inner>> },
        (true, _) => quote! { Option<#inner> },
    }
}

/// Whether null is a further `Option` of a field with three states. A field of any value has null already.
fn has_own_null(field: &Field) -> bool {
    field.three_states && field.ty != Type::Any
}

fn field(field: &Field) -> Result<syn::Field, Error> {
    let wire = &field.wire;
    let mut attrs: Vec<Attribute> =
        docs::lines(&field.doc, &format!("The property `{wire}`.")).iter().map(documented).collect();
    if field.deprecated {
        attrs.push(documented("\n**Deprecated** by the service."));
    }
    if has_own_null(field) {
        attrs.push(documented("\n`None` is absent, `Some(None)` is null."));
    }
    // A search of the documentation also finds the field by its name in the service.
    if field.name != *wire && !wire.is_empty() && !wire.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\''))
    {
        attrs.push(parse_quote! { #[doc(alias = #wire)] });
    }
    Ok(syn::Field {
        attrs,
        vis: Visibility::Public(Default::default()),
        modifiers: Default::default(),
        ident: Some(ident(&field.name)),
        colon_token: Some(Default::default()),
        ty: print::ty(field_type(field))?,
        default: None,
    })
}

fn documented(line: &(impl AsRef<str> + ?Sized)) -> Attribute {
    let text = LitStr::new(line.as_ref(), Span::call_site());
    Attribute {
        pound_token: Default::default(),
        style: AttrStyle::Outer,
        bracket_token: Default::default(),
        meta: Meta::NameValue(MetaNameValue {
            path: ident("doc").into(),
            eq_token: Default::default(),
            value: Expr::Lit(ExprLit { attrs: Vec::new(), lit: Lit::Str(text) }),
        }),
    }
}

/// The required fields as arguments. The other fields start absent, or with their only value.
fn constructor(it: &Struct) -> TokenStream {
    let arguments = it.arguments().into_iter().map(|field| {
        let (name, ty) = (ident(&field.name), field_type(field));
        quote! { #name: #ty }
    });
    let values = values(it);
    let others = match it.fields.iter().any(|field| field.preset.is_some()) {
        true => {
            " A value with its required fields, in alphabetical order. All other fields have their only value, or are absent."
        }
        false => " A value with its required fields, in alphabetical order. All other fields are absent.",
    };
    quote! {
        #[doc = #others]
        #[must_use]
        pub fn new(#(#arguments),*) -> Self {
            Self { #values }
        }
    }
}

/// The fields of a new value.
fn values(it: &Struct) -> TokenStream {
    let values = it.fields.iter().map(|field| {
        let name = ident(&field.name);
        match &field.preset {
            Some(value) => {
                let value = start(value, field.ty.inner());
                match (field.is_option(), has_own_null(field)) {
                    (false, _) => quote! { #name: #value, },
                    (true, false) => quote! { #name: Some(#value), },
                    (true, true) => quote! { #name: Some(Some(#value)), },
                }
            }
            None if field.is_option() => quote! { #name: None, },
            None => quote! { #name, },
        }
    });
    let extra = it.extra.as_ref().map(|(name, _)| {
        let name = ident(name);
        quote! { #name: ::std::default::Default::default() }
    });
    quote! { #(#values)* #extra }
}

fn start(value: &Constant, ty: &Type) -> TokenStream {
    match (value, ty) {
        (Constant::Text(text), _) => quote! { ::std::convert::From::from(#text) },
        (Constant::Integer(number), Type::Named(_)) => {
            let number = integer(*number);
            quote! { ::std::convert::From::from(#number) }
        }
        (Constant::Integer(number), _) => integer(*number),
        (Constant::Bool(value), _) => quote! { #value },
    }
}

/// Names of methods without arguments, and of methods of well-known traits.
const TAKEN: [&str; 48] = [
    "add",
    "as_mut",
    "as_ref",
    "bitand",
    "bitor",
    "bitxor",
    "borrow",
    "borrow_mut",
    "clone",
    "clone_from",
    "cmp",
    "default",
    "deref",
    "deref_mut",
    "deserialize",
    "div",
    "drop",
    "eq",
    "fmt",
    "from",
    "from_iter",
    "from_str",
    "has",
    "hash",
    "index",
    "index_mut",
    "into",
    "into_iter",
    "layout",
    "mul",
    "ne",
    "neg",
    "new",
    "next",
    "not",
    "read",
    "rem",
    "serialize",
    "shl",
    "shr",
    "sub",
    "to_owned",
    "to_string",
    "try_from",
    "try_into",
    "type_id",
    "write",
    "write_members",
];

/// A setter for each field, and one that sets null for each field whose null and absent differ.
fn setters(it: &Struct, known: &Known<'_>) -> TokenStream {
    let setter = |field: &Field| {
        if TAKEN.contains(&field.name.as_str()) { format!("with_{}", field.name) } else { field.name.clone() }
    };
    let mut taken: BTreeSet<String> = it.fields.iter().map(setter).collect();
    let mut free = |mut name: String| {
        while !taken.insert(name.clone()) {
            name.push('_');
        }
        ident(&name)
    };
    let (mut usual, mut others) = (TokenStream::new(), TokenStream::new());
    for field in &it.fields {
        let (name, method, ty) = (ident(&field.name), ident(&setter(field)), field.ty.inner());
        let (exact, bare) = (is_exact(ty, known), local(ty.unlinked()));
        let is_plain = !field.boxed && !matches!(ty, Type::Link(_)) && !has_own_null(field);
        if !exact && is_plain && field.is_option() && name == method {
            usual.extend(quote! { #name: #bare, });
            continue;
        }
        let (argument, value) = if exact {
            (bare, quote! { value })
        } else {
            (quote! { impl ::std::convert::Into<#bare> }, quote! { value.into() })
        };
        let value = held(value, ty, field.boxed);
        let value = match (field.is_option(), field.three_states) {
            (false, _) => value,
            (true, true) if has_own_null(field) => quote! { Some(Some(#value)) },
            (true, _) => quote! { Some(#value) },
        };
        others.extend(quote! { #name #method(value: #argument) #value; });
        if has_own_null(field) {
            let method = free(format!("{}_null", field.name.trim_end_matches('_')));
            others.extend(quote! { #name #method() Some(None); });
        }
    }
    let extra = it.extra.as_ref().map(|(name, ty)| {
        let (method, name, ty) = (free(format!("with_{name}")), ident(name), local(ty));
        quote! { + #name #method #ty; }
    });
    quote! { #usual; #others #extra }
}

/// Whether a setter takes exactly its type. A number has no conversion, because the type of a literal would be unknown.
fn is_exact(ty: &Type, known: &Known<'_>) -> bool {
    matches!(known.plain(ty), Type::Bool | Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::I128 | Type::F64)
}

/// The text about the fields that the runtime reads: flags, names, keys, and only values (see `object::Members`).
fn members(it: &Struct) -> String {
    let known = |alias: &&String| !it.fields.iter().any(|field| field.wire == **alias);
    let mut parts = Vec::with_capacity(it.fields.len() + 1);
    for field in &it.fields {
        let mut part = String::new();
        let preset = field.preset.is_some() && field.is_option();
        let must = field.required && !field.is_option();
        for (flag, is_set) in [
            ('*', must),
            ('+', field.required && !must),
            ('~', field.is_option() && field.three_states),
            ('^', preset),
            ('#', field.sensitive),
        ] {
            part.extend(is_set.then_some(flag));
        }
        part.push_str(&field.name);
        if field.name != field.wire {
            part.push('=');
            part.push_str(&encoded(&field.wire));
        }
        for alias in field.aliases.iter().filter(known) {
            part.push('|');
            part.push_str(&encoded(alias));
        }
        match &field.only {
            Some(Constant::Text(text)) => part.extend(["!\"", &encoded(text)]),
            Some(other) => part.extend(["!", &other.text()]),
            None => {}
        }
        parts.push(part);
    }
    let sensitive = it.sensitive || it.fields.iter().any(|field| field.sensitive);
    if let Some((name, _)) = &it.extra {
        parts.push(format!("..{}{name}", if sensitive { "#" } else { "" }));
    }
    if it.closed && it.extra.as_ref().is_none_or(|(_, ty)| *ty == Type::Any) {
        parts.push(".".to_owned());
    }
    parts.join(" ")
}

/// A key or a value, with the separators of the text percent-encoded.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '=' | '|' | '!' | '"' | '\\' | ' ' | '\0'..='\u{1f}' | '\u{7f}') {
            encoded.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            encoded.push(c);
        }
    }
    encoded
}
