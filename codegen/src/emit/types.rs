//! Types: structs that keep what they do not know, open enums, unions told apart without loss.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::Item;

use crate::diagnostic::Error;
use crate::shape::model::{Api, Enum, Field, Struct, Type, TypeDef, TypeKind, Union};

use super::docs;
use super::parse_items;

pub(super) fn items(api: &Api) -> Result<Vec<Item>, Error> {
    let by_name: BTreeMap<&str, &TypeDef> = api.types.iter().map(|def| (def.name.as_str(), def)).collect();
    let mut tokens = TokenStream::new();
    tokens.extend(support(api));
    for def in &api.types {
        tokens.extend(match &def.kind {
            TypeKind::Struct(it) => structure(def, it),
            TypeKind::Enum(it) => enumeration(def, it),
            TypeKind::Union(it) => union(def, it, &by_name),
            TypeKind::Alias(ty) => {
                let (name, docs) = (ident(&def.name), doc(&def.doc, &format!("The schema `{}`.", def.pointer.last())));
                let ty = local(ty);
                quote! { #docs pub type #name = #ty; }
            }
        });
    }
    parse_items(tokens)
}

pub(super) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

pub(super) fn doc(text: &str, fallback: &str) -> TokenStream {
    let lines = docs::lines(text, fallback);
    quote! { #(#[doc = #lines])* }
}

/// A type as it is written inside the types module.
fn local(ty: &Type) -> TokenStream {
    tokens(ty, &quote! {})
}

/// A type as it is written where `prefix` leads to the types module.
pub(super) fn tokens(ty: &Type, prefix: &TokenStream) -> TokenStream {
    match ty {
        Type::Named(name) => {
            let name = ident(name);
            quote! { #prefix #name }
        }
        Type::String => quote! { String },
        Type::Bool => quote! { bool },
        Type::I32 => quote! { i32 },
        Type::I64 => quote! { i64 },
        Type::U32 => quote! { u32 },
        Type::U64 => quote! { u64 },
        Type::F64 => quote! { f64 },
        Type::Number => quote! { ::connectors_runtime::crates::serde_json::Number },
        Type::Array(item) => {
            let item = tokens(item, prefix);
            quote! { Vec<#item> }
        }
        Type::Map(value) if **value == Type::Any => quote! { ::connectors_runtime::crates::serde_json::Map<String, ::connectors_runtime::crates::serde_json::Value> },
        Type::Map(value) => {
            let value = tokens(value, prefix);
            quote! { ::std::collections::BTreeMap<String, #value> }
        }
        Type::Any => quote! { ::connectors_runtime::crates::serde_json::Value },
        Type::Nullable(inner) => {
            let inner = tokens(inner, prefix);
            quote! { Option<#inner> }
        }
    }
}

fn structure(def: &TypeDef, it: &Struct) -> TokenStream {
    let name = ident(&def.name);
    let docs = doc(&def.doc, &format!("The schema `{}`.", def.pointer.last()));
    let fields = it.fields.iter().map(field);
    let extra = it.extra.as_ref().map(|(name, ty)| {
        let name = ident(name);
        let ty = if *ty == Type::Any {
            quote! { Extra }
        } else {
            local(&Type::Map(Box::new(ty.clone())))
        };
        quote! {
            /// Keys that the document does not name, kept as they came.
            #[serde(flatten)]
            pub #name: #ty,
        }
    });
    let empty = it.fields.iter().all(|field| !field.required || matches!(field.ty, Type::Nullable(_)));
    let default = empty.then(|| quote! { Default, });
    let sensitive = it.sensitive || it.fields.iter().any(|field| field.sensitive);
    let debug = (!sensitive).then(|| quote! { Debug, });
    let redacted = sensitive.then(|| redacted_debug(&name, it));
    let new = (!empty).then(|| constructor(&name, it));
    let renamed = aliased(&name, it);
    let remote = renamed.as_ref().map(|_| quote! { #[serde(remote = "Self")] });
    quote! {
        #docs
        #[derive(Clone, #debug #default PartialEq, ::serde::Deserialize, ::serde::Serialize)]
        #remote
        pub struct #name {
            #(#fields)*
            #extra
        }
        #new
        #redacted
        #renamed
    }
}

/// Reading of a struct whose fields have further names. serde's own aliases fail on an object that has a field twice, by
/// two of its names; here the document's name wins, and the other is kept like any key that nobody named.
fn aliased(name: &Ident, it: &Struct) -> Option<TokenStream> {
    let known = |alias: &&String| !it.fields.iter().any(|field| field.wire == **alias);
    let pairs: Vec<TokenStream> = it
        .fields
        .iter()
        .flat_map(|field| field.aliases.iter().filter(known).map(move |alias| (alias, &field.wire)))
        .map(|(alias, wire)| quote! { (#alias, #wire) })
        .collect();
    (!pairs.is_empty()).then(|| {
        quote! {
            impl<'de> ::serde::Deserialize<'de> for #name {
                fn deserialize<__D: ::serde::Deserializer<'de>>(deserializer: __D) -> ::std::result::Result<Self, __D::Error> {
                    let object = by_document_names(deserializer, &[#(#pairs),*])?;
                    Self::deserialize(object).map_err(::serde::de::Error::custom)
                }
            }

            impl ::serde::Serialize for #name {
                fn serialize<__S: ::serde::Serializer>(&self, serializer: __S) -> ::std::result::Result<__S::Ok, __S::Error> {
                    Self::serialize(self, serializer)
                }
            }
        }
    })
}

fn field_type(field: &Field) -> TokenStream {
    let inner = local(field.ty.inner());
    let inner = if field.boxed {
        quote! { Box<#inner> }
    } else {
        inner
    };
    if field.required && !matches!(field.ty, Type::Nullable(_)) {
        inner
    } else {
        quote! { Option<#inner> }
    }
}

fn field(field: &Field) -> TokenStream {
    let name = ident(&field.name);
    let wire = &field.wire;
    let docs = doc(&field.doc, &format!("The property `{wire}`."));
    let rename = (field.name != *wire).then(|| quote! { rename = #wire, });
    let skip = (!field.required).then(|| quote! { skip_serializing_if = "Option::is_none", });
    let attributes = quote! { #rename #skip };
    let serde = (!attributes.is_empty()).then(|| quote! { #[serde(#attributes)] });
    let deprecated = field.deprecated.then(|| quote! { #[doc = "\n**Deprecated** by the service."] });
    let ty = field_type(field);
    quote! { #docs #deprecated #serde pub #name: #ty, }
}

/// What must be given, in the order of the document; the rest starts out absent.
fn constructor(name: &Ident, it: &Struct) -> TokenStream {
    let needed = |field: &&Field| field.required && !matches!(field.ty, Type::Nullable(_));
    let arguments = it.fields.iter().filter(needed).map(|field| {
        let (name, ty) = (ident(&field.name), field_type(field));
        quote! { #name: #ty }
    });
    let values = it.fields.iter().map(|field| {
        let name = ident(&field.name);
        if needed(&field) {
            quote! { #name }
        } else {
            quote! { #name: None }
        }
    });
    let extra = it.extra.as_ref().map(|(name, _)| {
        let name = ident(name);
        quote! { #name: ::std::default::Default::default() }
    });
    quote! {
        impl #name {
            /// A value of what is required; everything else is absent.
            #[must_use]
            pub fn new(#(#arguments),*) -> Self {
                Self { #(#values,)* #extra }
            }
        }
    }
}

/// `Debug` that names the sensitive fields and shows none of what they hold.
fn redacted_debug(name: &Ident, it: &Struct) -> TokenStream {
    let label = name.to_string();
    let fields = it.fields.iter().map(|field| {
        let (member, label) = (ident(&field.name), &field.name);
        match (field.sensitive, field.required && !matches!(field.ty, Type::Nullable(_))) {
            (false, _) => quote! { .field(#label, &self.#member) },
            (true, true) => quote! { .field(#label, &::std::format_args!("[redacted]")) },
            (true, false) => {
                quote! { .field(#label, &self.#member.as_ref().map(|_| ::std::format_args!("[redacted]"))) }
            }
        }
    });
    let extra = it.extra.as_ref().map(|(name, _)| {
        let (member, label) = (ident(name), name);
        quote! { .field(#label, &self.#member.keys().collect::<Vec<_>>()) }
    });
    quote! {
        impl ::std::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(#label) #(#fields)* #extra .finish()
            }
        }
    }
}

fn enumeration(def: &TypeDef, it: &Enum) -> TokenStream {
    let name = ident(&def.name);
    let docs = doc(&def.doc, &format!("The values of `{}`.", def.pointer.last()));
    let unknown = ident(&it.unknown);
    let variants = it.values.iter().map(|value| {
        let (variant, wire) = (ident(&value.name), &value.wire);
        let text = if wire.is_empty() { " The empty string.".to_owned() } else { format!(" `{wire}`") };
        if it.integer {
            let number: TokenStream = wire.parse().unwrap_or_default();
            quote! { #[doc = #text] #variant = #number, }
        } else {
            quote! { #[doc = #text] #variant = #wire, }
        }
    });
    let rules = ident(if it.integer { "open_integers" } else { "open_strings" });
    quote! {
        #rules! {
            #docs
            #name { #(#variants)* } #unknown
        }
    }
}

fn union(def: &TypeDef, it: &Union, by_name: &BTreeMap<&str, &TypeDef>) -> TokenStream {
    let name = ident(&def.name);
    let docs = doc(&def.doc, &format!("One of the alternatives of `{}`.", def.pointer.last()));
    let unknown = ident(&it.unknown);
    let tag = it.tag.as_deref().unwrap_or_default();
    let variants = it.variants.iter().map(|variant| {
        let label = ident(&variant.name);
        let inner = local(&variant.ty);
        let ty = if variant.boxed {
            quote! { Box<#inner> }
        } else {
            inner
        };
        let tags = &variant.tags;
        let mut known = BTreeSet::new();
        properties(&variant.ty, by_name, &mut BTreeSet::new(), &mut known);
        let text = format!(" {}", describe(&variant.ty));
        quote! { #[doc = #text] #label(#ty) [#(#tags)*] &[#(#known),*], }
    });
    quote! {
        open_union! {
            #docs
            #name #tag { #(#variants)* } #unknown
        }
    }
}

/// The properties that values of a type may have by name: a struct's own, through aliases, and those of all of a union.
fn properties<'a>(
    ty: &'a Type,
    by_name: &BTreeMap<&str, &'a TypeDef>,
    seen: &mut BTreeSet<&'a str>,
    known: &mut BTreeSet<&'a str>,
) {
    let Type::Named(name) = ty.inner() else { return };
    if !seen.insert(name) {
        return;
    }
    match by_name.get(name.as_str()).map(|def| &def.kind) {
        Some(TypeKind::Struct(it)) => {
            let names = |field: &'a Field| [&field.wire].into_iter().chain(&field.aliases).map(String::as_str);
            known.extend(it.fields.iter().flat_map(names));
        }
        Some(TypeKind::Alias(ty)) => properties(ty, by_name, seen, known),
        Some(TypeKind::Union(it)) => it.variants.iter().for_each(|it| properties(&it.ty, by_name, seen, known)),
        _ => {}
    }
}

fn describe(ty: &Type) -> String {
    match ty {
        Type::Named(name) => format!("`{name}`."),
        Type::String => "Text.".to_owned(),
        Type::Bool => "True or false.".to_owned(),
        Type::I32 | Type::I64 | Type::U32 | Type::U64 => "A whole number.".to_owned(),
        Type::F64 | Type::Number => "A number.".to_owned(),
        Type::Array(item) => format!("A list: {}", describe(item)),
        Type::Map(_) => "Values by key.".to_owned(),
        Type::Any => "Any value.".to_owned(),
        Type::Nullable(inner) => format!("Nothing, or: {}", describe(inner)),
    }
}

/// The rules that open enums and unions are written by, as far as the types need them. Their generic parameters begin with
/// underscores, as no schema's type does.
fn support(api: &Api) -> TokenStream {
    let any = |test: fn(&TypeKind) -> bool| api.types.iter().any(|def| test(&def.kind));
    let strings = any(|kind| matches!(kind, TypeKind::Enum(it) if !it.integer)).then(open_strings);
    let integers = any(|kind| matches!(kind, TypeKind::Enum(it) if it.integer)).then(open_integers);
    let unions = any(|kind| matches!(kind, TypeKind::Union(_))).then(open_union);
    let extra = any(|kind| matches!(kind, TypeKind::Struct(Struct { extra: Some((_, Type::Any)), .. }))).then(|| {
        quote! {
            /// Keys of an object that the document does not name, with their values, as they came.
            pub type Extra = ::connectors_runtime::crates::serde_json::Map<::std::string::String, ::connectors_runtime::crates::serde_json::Value>;
        }
    });
    let aliases = any(|kind| matches!(kind, TypeKind::Struct(it) if it.fields.iter().any(|it| !it.aliases.is_empty())));
    let aliases = aliases.then(by_document_names);
    quote! { #extra #strings #integers #unions #aliases }
}

fn by_document_names() -> TokenStream {
    quote! {
        /// An object with what came under another name put under the document's, where that is absent or null.
        fn by_document_names<'de, __D: ::serde::Deserializer<'de>>(
            deserializer: __D,
            names: &[(&str, &str)],
        ) -> ::std::result::Result<::connectors_runtime::crates::serde_json::Value, __D::Error> {
            let mut object: ::connectors_runtime::crates::serde_json::Map<::std::string::String, ::connectors_runtime::crates::serde_json::Value> =
                ::serde::Deserialize::deserialize(deserializer)?;
            for (other, name) in names {
                if object.get(*name).is_none_or(::connectors_runtime::crates::serde_json::Value::is_null)
                    && let Some(value) = object.remove(*other)
                {
                    object.insert((*name).to_owned(), value);
                }
            }
            Ok(::connectors_runtime::crates::serde_json::Value::Object(object))
        }
    }
}

fn open_strings() -> TokenStream {
    quote! {
        /// A set of strings that may grow: a value that is not known is kept as it came.
        macro_rules! open_strings {
            ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $wire:literal,)* } $unknown:ident) => {
                $(#[$doc])*
                #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
                #[non_exhaustive]
                pub enum $name {
                    $($(#[$variant_doc])* $variant,)*
                    /// A value this version does not know, as it came.
                    $unknown(::std::string::String),
                }

                impl $name {
                    /// The value as it is sent.
                    #[must_use]
                    pub fn as_str(&self) -> &str {
                        match self {
                            $(Self::$variant => $wire,)*
                            Self::$unknown(text) => text,
                        }
                    }
                }

                impl ::std::convert::From<&str> for $name {
                    fn from(text: &str) -> Self {
                        match text {
                            $($wire => Self::$variant,)*
                            other => Self::$unknown(other.to_owned()),
                        }
                    }
                }

                impl ::std::convert::From<::std::string::String> for $name {
                    fn from(text: ::std::string::String) -> Self {
                        Self::from(text.as_str())
                    }
                }

                impl ::std::str::FromStr for $name {
                    type Err = ::std::convert::Infallible;

                    fn from_str(text: &str) -> ::std::result::Result<Self, ::std::convert::Infallible> {
                        Ok(Self::from(text))
                    }
                }

                impl ::std::fmt::Display for $name {
                    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str(self.as_str())
                    }
                }

                impl ::serde::Serialize for $name {
                    fn serialize<__S: ::serde::Serializer>(&self, serializer: __S) -> ::std::result::Result<__S::Ok, __S::Error> {
                        serializer.serialize_str(self.as_str())
                    }
                }

                impl<'de> ::serde::Deserialize<'de> for $name {
                    fn deserialize<__D: ::serde::Deserializer<'de>>(deserializer: __D) -> ::std::result::Result<Self, __D::Error> {
                        struct __Visitor;
                        impl ::serde::de::Visitor<'_> for __Visitor {
                            type Value = $name;

                            fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                                f.write_str("a string")
                            }

                            fn visit_str<__E: ::serde::de::Error>(self, text: &str) -> ::std::result::Result<$name, __E> {
                                Ok($name::from(text))
                            }
                        }
                        deserializer.deserialize_str(__Visitor)
                    }
                }
            };
        }
    }
}

fn open_integers() -> TokenStream {
    quote! {
        /// A set of integers that may grow: a value that is not known is kept as it came.
        macro_rules! open_integers {
            ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $wire:literal,)* } $unknown:ident) => {
                $(#[$doc])*
                #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
                #[non_exhaustive]
                pub enum $name {
                    $($(#[$variant_doc])* $variant,)*
                    /// A value this version does not know, as it came.
                    $unknown(i64),
                }

                impl $name {
                    /// The value as it is sent.
                    #[must_use]
                    pub fn get(self) -> i64 {
                        match self {
                            $(Self::$variant => $wire,)*
                            Self::$unknown(value) => value,
                        }
                    }
                }

                impl ::std::convert::From<i64> for $name {
                    fn from(value: i64) -> Self {
                        match value {
                            $($wire => Self::$variant,)*
                            other => Self::$unknown(other),
                        }
                    }
                }

                impl ::std::fmt::Display for $name {
                    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        self.get().fmt(f)
                    }
                }

                impl ::serde::Serialize for $name {
                    fn serialize<__S: ::serde::Serializer>(&self, serializer: __S) -> ::std::result::Result<__S::Ok, __S::Error> {
                        serializer.serialize_i64(self.get())
                    }
                }

                impl<'de> ::serde::Deserialize<'de> for $name {
                    fn deserialize<__D: ::serde::Deserializer<'de>>(deserializer: __D) -> ::std::result::Result<Self, __D::Error> {
                        <i64 as ::serde::Deserialize>::deserialize(deserializer).map(Self::from)
                    }
                }
            };
        }
    }
}

fn open_union() -> TokenStream {
    quote! {
        /// One of several types: the one the tag names, else the one that reads the value without loss and knows most of
        /// its keys, else the value as it came.
        macro_rules! open_union {
            ($(#[$doc:meta])* $name:ident $tag:literal { $($(#[$variant_doc:meta])* $variant:ident ($ty:ty) [$($value:literal)*] $properties:expr,)* } $unknown:ident) => {
                $(#[$doc])*
                #[derive(Clone, Debug, PartialEq)]
                #[non_exhaustive]
                pub enum $name {
                    $($(#[$variant_doc])* $variant($ty),)*
                    /// A value this version does not know, as it came.
                    $unknown(::connectors_runtime::crates::serde_json::Value),
                }

                impl ::serde::Serialize for $name {
                    fn serialize<__S: ::serde::Serializer>(&self, serializer: __S) -> ::std::result::Result<__S::Ok, __S::Error> {
                        match self {
                            $(Self::$variant(value) => ::serde::Serialize::serialize(value, serializer),)*
                            Self::$unknown(value) => ::serde::Serialize::serialize(value, serializer),
                        }
                    }
                }

                impl<'de> ::serde::Deserialize<'de> for $name {
                    fn deserialize<__D: ::serde::Deserializer<'de>>(deserializer: __D) -> ::std::result::Result<Self, __D::Error> {
                        let value = <::connectors_runtime::crates::serde_json::Value as ::serde::Deserialize>::deserialize(deserializer)?;
                        let tag = value.get($tag).and_then(::connectors_runtime::crates::serde_json::Value::as_str);
                        let mut best: ::std::option::Option<(bool, usize, Self)> = None;
                        $(
                            if let Ok(read) = <$ty as ::serde::Deserialize>::deserialize(&value)
                                && union_support::same(&value, &read)
                            {
                                let values: &[&str] = &[$($value),*];
                                let named = tag.is_some_and(|tag| values.contains(&tag));
                                let strangers = union_support::strangers(&value, $properties);
                                let better = match &best {
                                    None => true,
                                    Some((best_named, least, _)) => (named, ::std::cmp::Reverse(strangers)) > (*best_named, ::std::cmp::Reverse(*least)),
                                };
                                if better {
                                    best = Some((named, strangers, Self::$variant(read)));
                                }
                            }
                        )*
                        Ok(match best {
                            Some((_, _, read)) => read,
                            None => Self::$unknown(value),
                        })
                    }
                }
            };
        }

        mod union_support {
            use ::connectors_runtime::crates::serde_json::Value;

            /// How many keys of an object are none of the properties.
            pub(super) fn strangers(value: &Value, properties: &[&str]) -> usize {
                match value {
                    Value::Object(map) => map.keys().filter(|key| !properties.contains(&key.as_str())).count(),
                    _ => 0,
                }
            }

            /// Whether a value written again is the value that was read, null and absent being the same.
            pub(super) fn same<T: ::serde::Serialize>(value: &Value, read: &T) -> bool {
                ::connectors_runtime::crates::serde_json::to_value(read).is_ok_and(|written| equal(value, &written))
            }

            fn equal(a: &Value, b: &Value) -> bool {
                match (a, b) {
                    (Value::Object(a), Value::Object(b)) => {
                        let covers = |x: &::connectors_runtime::crates::serde_json::Map<_, _>, y: &::connectors_runtime::crates::serde_json::Map<_, _>| {
                            x.iter().all(|(key, value)| match y.get(key) {
                                Some(other) => equal(value, other),
                                None => value.is_null(),
                            })
                        };
                        covers(a, b) && b.iter().all(|(key, value)| value.is_null() || a.contains_key(key))
                    }
                    (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
                    (Value::Number(a), Value::Number(b)) => a == b || (a.is_f64() != b.is_f64() && exact(a) && exact(b) && a.as_f64() == b.as_f64()),
                    _ => a == b,
                }
            }

            /// Whether a number is small enough to be the same as a double.
            fn exact(number: &::connectors_runtime::crates::serde_json::Number) -> bool {
                number.as_f64().is_some_and(|value| value.abs() <= 9_007_199_254_740_992.0)
            }
        }
    }
}
