//! Open enums: sets of strings or integers that may grow.

use proc_macro2::TokenStream;
use quote::quote;

use crate::shape::model::{Enum, TypeDef};

use super::{doc, ident, object};

pub(super) fn enumeration(def: &TypeDef, it: &Enum) -> TokenStream {
    let name = ident(&def.name);
    let docs = doc(&def.doc, &format!("The values of `{}`.", def.pointer.last()));
    let unknown = ident(&it.unknown);
    let variants = it.values.iter().map(|value| {
        let (variant, wire) = (ident(&value.name), &value.wire);
        let text = if wire.is_empty() {
            " The empty string.".to_owned()
        } else {
            format!(" {}", crate::emit::docs::code(wire))
        };
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

pub(super) fn open_strings() -> TokenStream {
    let object = object();
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

                impl #object::Json for $name {
                    fn layout() -> &'static #object::Layout {
                        &#object::Layout::Texts(&[$($wire),*])
                    }

                    fn read(tree: &#object::Tree<'_>, reader: &mut #object::Reader) -> ::std::result::Result<Self, #object::Mismatch> {
                        <::std::string::String as #object::Json>::read(tree, reader).map(Self::from)
                    }

                    fn write<__S: ::serde::Serializer>(&self, serializer: __S) -> ::std::result::Result<__S::Ok, __S::Error> {
                        serializer.serialize_str(self.as_str())
                    }
                }

                impl ::serde::Serialize for $name {
                    fn serialize<__S: ::serde::Serializer>(&self, serializer: __S) -> ::std::result::Result<__S::Ok, __S::Error> {
                        #object::Json::write(self, serializer)
                    }
                }

                impl<'de> ::serde::Deserialize<'de> for $name {
                    fn deserialize<__D: ::serde::Deserializer<'de>>(deserializer: __D) -> ::std::result::Result<Self, __D::Error> {
                        #object::deserialize(deserializer)
                    }
                }
            };
        }
    }
}

pub(super) fn open_integers() -> TokenStream {
    let object = object();
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

                impl #object::Json for $name {
                    fn layout() -> &'static #object::Layout {
                        &#object::Layout::Integers(&[$($wire),*])
                    }

                    fn read(tree: &#object::Tree<'_>, reader: &mut #object::Reader) -> ::std::result::Result<Self, #object::Mismatch> {
                        <i64 as #object::Json>::read(tree, reader).map(Self::from)
                    }

                    fn write<__S: ::serde::Serializer>(&self, serializer: __S) -> ::std::result::Result<__S::Ok, __S::Error> {
                        serializer.serialize_i64(self.get())
                    }
                }

                impl ::serde::Serialize for $name {
                    fn serialize<__S: ::serde::Serializer>(&self, serializer: __S) -> ::std::result::Result<__S::Ok, __S::Error> {
                        #object::Json::write(self, serializer)
                    }
                }

                impl<'de> ::serde::Deserialize<'de> for $name {
                    fn deserialize<__D: ::serde::Deserializer<'de>>(deserializer: __D) -> ::std::result::Result<Self, __D::Error> {
                        #object::deserialize(deserializer)
                    }
                }
            };
        }
    }
}
