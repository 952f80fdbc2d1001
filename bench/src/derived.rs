//! The generated types alone, and the same types with serde's derives: the cost that every user of serde knows.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::{Attribute, Expr, Fields, Item, ItemEnum, ItemStruct, Lit, Meta, parse_quote};

use crate::plan::Result;

/// Two crates with the same types.
pub(crate) struct Types {
    pub(crate) ours: String,
    pub(crate) derived: String,
}

/// Cuts the module `types` from a generated client, and rewrites it.
pub(crate) fn types(code: &str) -> Result<Types> {
    let file = syn::parse_file(code)?;
    let module = file.items.into_iter().find_map(|item| match item {
        Item::Mod(module) if module.ident == "types" => module.content,
        _ => None,
    });
    let (_, items) = module.ok_or("error: the generated code has no module `types`")?;
    let print = |items: Vec<Item>| {
        let types: Item = parse_quote! { pub mod types { #(#items)* } };
        prettyplease::unparse(&syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items: vec![types] })
    };
    let ours = print(items.clone());
    Ok(Types { ours, derived: print(items.into_iter().flat_map(rewritten).collect()) })
}

/// An item with serde's derives instead of our macros.
fn rewritten(item: Item) -> Vec<Item> {
    match item {
        Item::Struct(item) => structure(item),
        Item::Enum(item) => vec![union(item)],
        // It is derived.
        Item::Impl(item) if item.trait_.as_ref().is_some_and(|(of, _)| is_debug(of)) => Vec::new(),
        Item::Macro(item) => {
            let name = item.mac.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
            match name.as_str() {
                // They implement traits for a type that is an item of its own.
                "object" | "tuple" | "union" | "wrapper" => Vec::new(),
                "open_strings" => {
                    strings(item.mac.tokens.clone()).map_or_else(|| vec![Item::Macro(item)], |it| vec![it])
                }
                _ => vec![Item::Macro(item)],
            }
        }
        other => vec![other],
    }
}

fn is_debug(path: &syn::Path) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == "Debug")
}

/// Replaces the derives; `Default` stays.
fn derive(attributes: &mut Vec<Attribute>) {
    let is_derive = |it: &Attribute| it.path().is_ident("derive");
    let has_default =
        attributes.iter().filter(|it| is_derive(it)).any(|it| quote!(#it).to_string().contains("Default"));
    attributes.retain(|it| !is_derive(it));
    attributes.push(parse_quote! { #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)] });
    if has_default {
        attributes.push(parse_quote! { #[derive(Default)] });
    }
}

/// A struct, and its setters.
fn structure(mut item: ItemStruct) -> Vec<Item> {
    derive(&mut item.attrs);
    if !matches!(item.fields, Fields::Named(_)) {
        return vec![Item::Struct(item)];
    }
    let mut setters = TokenStream::new();
    for field in &mut item.fields {
        let (Some(name), ty) = (&field.ident, &field.ty) else { continue };
        let text = quote!(#ty).to_string();
        if text == "Extra" || text.starts_with(":: std :: collections :: BTreeMap") && name == "extra" {
            field.attrs.push(parse_quote! { #[serde(flatten)] });
        } else if text.starts_with("Option <") {
            field.attrs.push(parse_quote! { #[serde(default, skip_serializing_if = "Option::is_none")] });
        }
        if let Some(wire) = alias(&field.attrs) {
            field.attrs.push(parse_quote! { #[serde(rename = #wire)] });
        }
        if name != "new" {
            setters.extend(quote! {
                #[must_use]
                pub fn #name(mut self, value: impl ::std::convert::Into<#ty>) -> Self {
                    self.#name = value.into();
                    self
                }
            });
        }
    }
    let name = &item.ident;
    let setters: Item = parse_quote! { impl #name { #setters } };
    vec![Item::Struct(item), setters]
}

/// The name in the document, if it is not the field's name.
fn alias(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().filter(|it| it.path().is_ident("doc")).find_map(|it| {
        let Meta::List(list) = &it.meta else { return None };
        let value: syn::MetaNameValue = syn::parse2(list.tokens.clone()).ok()?;
        match value.value {
            Expr::Lit(literal) => match literal.lit {
                Lit::Str(text) if value.path.is_ident("alias") => Some(text.value()),
                _ => None,
            },
            _ => None,
        }
    })
}

/// An enum of types: the first that fits is read.
fn union(mut item: ItemEnum) -> Item {
    derive(&mut item.attrs);
    item.attrs.push(parse_quote! { #[serde(untagged)] });
    Item::Enum(item)
}

/// The enum of `#[doc] Name { #[doc] Variant = "text", ... } Unknown`; `None` if the macro has another form.
fn strings(tokens: TokenStream) -> Option<Item> {
    let mut tokens = tokens.into_iter().skip_while(|token| !matches!(token, TokenTree::Ident(_)));
    let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body)), Some(TokenTree::Ident(unknown))) =
        (tokens.next(), tokens.next(), tokens.next())
    else {
        return None;
    };
    let body: Vec<TokenTree> = body.stream().into_iter().collect();
    let variants = body.windows(3).filter_map(|three| match three {
        [TokenTree::Ident(variant), TokenTree::Punct(equals), TokenTree::Literal(text)] if equals.as_char() == '=' => {
            Some(quote! { #[serde(rename = #text)] #variant, })
        }
        _ => None,
    });
    syn::parse2(quote! {
        #[derive(Clone, Debug, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
        pub enum #name {
            #(#variants)*
            #[serde(untagged)]
            #unknown(String),
        }
    })
    .ok()
}

#[cfg(test)]
mod tests {
    use crate::generation::of_service;

    use super::*;

    #[test]
    fn every_type_is_there_once_and_none_has_our_macros() {
        let (_, client) = of_service("c1").unwrap();
        let types = types(&client.code).unwrap();
        let count = |code: &str, what: &str| code.matches(what).count();
        assert_eq!(count(&types.ours, "pub struct "), count(&types.derived, "pub struct "));
        assert_eq!(count(&types.ours, "open_strings!"), count(&types.derived, "#[serde(untagged)]"));
        assert_eq!(count(&types.derived, "_runtime::object!") + count(&types.derived, "open_strings!"), 0);
        assert!(types.derived.contains("#[serde(rename = \"appId\")]") && types.derived.contains("#[serde(flatten)]"));
        assert!(types.derived.contains("pub fn app_id("));
    }
}
