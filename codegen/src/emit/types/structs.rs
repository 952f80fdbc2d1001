//! Structs: fields that can be set one by one, and what is not known kept beside them.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::shape::model::{Constant, Field, Struct, Type, TypeDef};

use super::{Known, constant, doc, ident, integer, layout_of, local, object, serde};

pub(super) fn structure(def: &TypeDef, it: &Struct, known: &Known<'_>) -> TokenStream {
    let (name, object) = (ident(&def.name), object());
    let docs = doc(&def.doc, &format!("The schema `{}`.", def.pointer.last()));
    let fields = it.fields.iter().map(field);
    let extra = it.extra.as_ref().map(|(name, ty)| {
        let (name, ty) = (ident(name), extra_type(ty));
        quote! {
            /// Keys that the document does not name, kept as they came.
            pub #name: #ty,
        }
    });
    let empty = !it.fields.iter().any(Field::is_argument);
    let plain = empty && it.fields.iter().all(|field| field.start().is_none());
    let default = plain.then(|| quote! { Default, });
    let sensitive = it.sensitive || it.fields.iter().any(|field| field.sensitive);
    let debug = (!sensitive).then(|| quote! { Debug, });
    let redacted = sensitive.then(|| redacted_debug(&name, it));
    let new = (!empty).then(|| constructor(it));
    let starts = (empty && !plain).then(|| {
        let values = values(it);
        quote! {
            impl ::std::default::Default for #name {
                fn default() -> Self {
                    Self { #values }
                }
            }
        }
    });
    let setters = setters(it, known);
    let methods = (new.is_some() || !setters.is_empty()).then(|| {
        quote! {
            impl #name {
                #new
                #setters
            }
        }
    });
    let json = json(it);
    let serde = serde(&name);
    quote! {
        #docs
        #[derive(Clone, #debug #default PartialEq)]
        #[non_exhaustive]
        pub struct #name {
            #(#fields)*
            #extra
        }
        #methods
        #starts
        #redacted

        impl #object::Json for #name {
            #json
        }
        #serde
    }
}

fn extra_type(ty: &Type) -> TokenStream {
    if *ty == Type::Any {
        quote! { Extra }
    } else {
        local(&Type::Map(Box::new(ty.clone())))
    }
}

/// The type that a field holds at most, without what says that it may hold none.
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

/// Whether the null of three states is an `Option` of its own; any value has one already.
fn has_own_null(field: &Field) -> bool {
    field.three_states && field.ty != Type::Any
}

fn field(field: &Field) -> TokenStream {
    let (name, wire) = (ident(&field.name), &field.wire);
    let docs = doc(&field.doc, &format!("The property `{wire}`."));
    let deprecated = field.deprecated.then(|| quote! { #[doc = "\n**Deprecated** by the service."] });
    let states = has_own_null(field).then(|| {
        quote! { #[doc = "\n`None` leaves it out, `Some(None)` is null."] }
    });
    // Found in the documentation by the name that the service has for it.
    let alias = (field.name != *wire && !wire.is_empty() && !wire.contains(['"', '\'', ' ']))
        .then(|| quote! { #[doc(alias = #wire)] });
    let ty = field_type(field);
    quote! { #docs #deprecated #states #alias pub #name: #ty, }
}

/// What must be given; the rest starts out absent, or as the one value there is.
fn constructor(it: &Struct) -> TokenStream {
    let arguments = it.arguments().into_iter().map(|field| {
        let (name, ty) = (ident(&field.name), field_type(field));
        quote! { #name: #ty }
    });
    let values = values(it);
    quote! {
        /// A value of what is required, in alphabetical order; everything else is absent.
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
        match field.start() {
            Some(value) => {
                let value = start(value, &field.ty);
                quote! { #name: #value, }
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

/// Names that a method without arguments, or one of a well-known trait, has already.
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

/// A setter for each field, and one for the null of those that have a null of their own.
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
    let mut setters = TokenStream::new();
    for field in &it.fields {
        let (name, method) = (ident(&field.name), ident(&setter(field)));
        let (argument, value) = argument(field, known);
        let value = match (field.is_option(), field.three_states) {
            (false, _) => value,
            (true, true) if has_own_null(field) => quote! { Some(Some(#value)) },
            (true, _) => quote! { Some(#value) },
        };
        let docs = format!(" Sets `{}`.", field.name);
        setters.extend(quote! {
            #[doc = #docs]
            #[must_use]
            pub fn #method(mut self, value: #argument) -> Self {
                self.#name = #value;
                self
            }
        });
        if has_own_null(field) {
            let method = free(format!("{}_null", field.name.trim_end_matches('_')));
            let docs = format!(" Sets `{}` to null, which is not the same as leaving it out.", field.name);
            setters.extend(quote! {
                #[doc = #docs]
                #[must_use]
                pub fn #method(mut self) -> Self {
                    self.#name = Some(None);
                    self
                }
            });
        }
    }
    if let Some((name, ty)) = &it.extra {
        let (method, name, ty) = (free(format!("with_{name}")), ident(name), local(ty));
        setters.extend(quote! {
            /// Adds a key that the document does not name.
            #[must_use]
            pub fn #method(mut self, key: impl ::std::convert::Into<String>, value: impl ::std::convert::Into<#ty>) -> Self {
                self.#name.insert(key.into(), value.into());
                self
            }
        });
    }
    setters
}

/// The type a setter takes, and the value it makes of its argument. Numbers are taken as they are: a literal would have no
/// type of its own otherwise.
fn argument(field: &Field, known: &Known<'_>) -> (TokenStream, TokenStream) {
    let ty = local(field.ty.inner());
    let exact = matches!(
        known.plain(field.ty.inner()),
        Type::Bool | Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::I128 | Type::F64
    );
    let (argument, value) = if exact {
        (ty, quote! { value })
    } else {
        (quote! { impl ::std::convert::Into<#ty> }, quote! { value.into() })
    };
    if field.boxed { (argument, quote! { Box::new(#value) }) } else { (argument, value) }
}

fn json(it: &Struct) -> TokenStream {
    let object = object();
    let names = |field: &Field| {
        let known = |alias: &&String| !it.fields.iter().any(|field| field.wire == **alias);
        let (wire, aliases) = (&field.wire, field.aliases.iter().filter(known));
        quote! { &[#wire #(, #aliases)*] }
    };
    let members = it.fields.iter().map(|field| {
        let (names, required, of) = (names(field), field.required, layout_of(&field.ty));
        let only = match &field.only {
            Some(value) => {
                let value = constant(value);
                quote! { ::std::option::Option::Some(#value) }
            }
            None => quote! { ::std::option::Option::None },
        };
        quote! { #object::Member { names: #names, required: #required, of: #of, only: #only } }
    });
    let rest = match &it.extra {
        Some((_, ty)) if *ty != Type::Any => {
            let of = layout_of(ty);
            quote! { #object::Rest::Of(#of) }
        }
        _ if it.closed => quote! { #object::Rest::Closed },
        _ => quote! { #object::Rest::Open },
    };
    let reads = it.fields.iter().map(|field| {
        let (name, names) = (ident(&field.name), names(field));
        let how = match (field.is_option(), field.three_states) {
            (false, _) => format_ident!("required"),
            (true, false) => format_ident!("optional"),
            (true, true) => format_ident!("present"),
        };
        quote! { #name: fields.#how(#names)?, }
    });
    let extra = it.extra.as_ref().map(|(name, ty)| {
        let name = ident(name);
        let how = if *ty == Type::Any { format_ident!("extra") } else { format_ident!("typed") };
        quote! { #name: fields.#how()?, }
    });
    let begin = if !it.fields.is_empty() {
        quote! { let mut fields }
    } else {
        quote! { let fields }
    };
    let unused = (it.fields.is_empty() && it.extra.is_none()).then(|| quote! { let _ = fields; });
    let writes = it.fields.iter().map(|field| {
        let (name, wire) = (ident(&field.name), &field.wire);
        if field.required {
            return quote! { map.serialize_entry(#wire, &#object::Written(&self.#name))?; };
        }
        quote! {
            if let Some(value) = &self.#name {
                map.serialize_entry(#wire, &#object::Written(value))?;
            }
        }
    });
    let rest_written = it.extra.as_ref().map(|(name, _)| {
        let name = ident(name);
        quote! { #object::Json::write_members(&self.#name, map)?; }
    });
    let unwritten = (it.fields.is_empty() && it.extra.is_none()).then(|| quote! { let _ = map; });
    let has = it.fields.iter().map(|field| {
        let (name, wire) = (ident(&field.name), &field.wire);
        if field.required {
            quote! { #wire => true, }
        } else {
            quote! { #wire => self.#name.is_some(), }
        }
    });
    let has_more = match &it.extra {
        Some((name, _)) => {
            let name = ident(name);
            quote! { self.#name.contains_key(key) }
        }
        None => quote! { false },
    };
    quote! {
        fn layout() -> &'static #object::Layout {
            static LAYOUT: #object::Layout =
                #object::Layout::Members(#object::Members { members: &[#(#members),*], rest: #rest });
            &LAYOUT
        }

        fn read(tree: &#object::Tree<'_>, reader: &mut #object::Reader) -> ::std::result::Result<Self, #object::Mismatch> {
            #begin = #object::Fields::of(tree, reader)?;
            #unused
            Ok(Self { #(#reads)* #extra })
        }

        fn write<__S: ::serde::Serializer>(&self, serializer: __S) -> ::std::result::Result<__S::Ok, __S::Error> {
            #object::write_object(self, serializer)
        }

        fn has(&self, key: &str) -> bool {
            match key {
                #(#has)*
                _ => #has_more,
            }
        }

        fn write_members<__M: ::serde::ser::SerializeMap>(&self, map: &mut __M) -> ::std::result::Result<(), __M::Error> {
            #(#writes)*
            #rest_written
            #unwritten
            Ok(())
        }
    }
}

/// `Debug` that names the sensitive fields and shows none of what they hold.
fn redacted_debug(name: &Ident, it: &Struct) -> TokenStream {
    let label = name.to_string();
    let fields = it.fields.iter().map(|field| {
        let (member, label) = (ident(&field.name), &field.name);
        match (field.sensitive, field.is_option()) {
            (false, _) => quote! { .field(#label, &self.#member) },
            (true, false) => quote! { .field(#label, &::std::format_args!("[redacted]")) },
            (true, true) => {
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
