//! Tokens as text.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, ImplItem, Item, Type, parse_quote};

use crate::diagnostic::{Diagnostic, Error};

/// Prints items.
pub(super) fn write(tokens: TokenStream, out: &mut String) -> Result<(), Error> {
    let mut file: syn::File = syn::parse2(tokens).map_err(unparsable)?;
    inline(&mut file.items);
    out.push_str(&prettyplease::unparse(&file));
    Ok(())
}

/// Prints items, indented as in a module.
pub(super) fn write_indented(tokens: TokenStream, out: &mut String) -> Result<(), Error> {
    write_items_indented(items(tokens)?, out)
}

/// Parses items.
pub(super) fn items(tokens: TokenStream) -> Result<Vec<Item>, Error> {
    let file: syn::File = syn::parse2(tokens).map_err(unparsable)?;
    Ok(file.items)
}

/// Parses a type.
pub(super) fn ty(tokens: TokenStream) -> Result<Type, Error> {
    syn::parse2(tokens).map_err(unparsable)
}

/// Prints parsed items, indented as in a module.
pub(super) fn write_items_indented(items: Vec<Item>, out: &mut String) -> Result<(), Error> {
    let mut items = items;
    inline(&mut items);
    let mut module: syn::ItemMod = syn::parse2(quote! { mod m {} }).map_err(unparsable)?;
    module.content.get_or_insert_default().1 = items;
    let items = vec![Item::Mod(module)];
    let module = prettyplease::unparse(&syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items });
    // The lines of the module itself are removed. A module without items has only one.
    let items = module.strip_prefix("mod m {\n").and_then(|text| text.strip_suffix("}\n"));
    out.push_str(items.unwrap_or_default());
    Ok(())
}

/// Marks every function `#[inline]`, so that only the crate that uses it compiles it. Else a build of a client compiles
/// every method of every type, and most programs use a few.
fn inline(items: &mut [Item]) {
    let marker: Attribute = parse_quote! { #[inline] };
    mark(items, &marker);
}

fn mark(items: &mut [Item], marker: &Attribute) {
    let mark_one = |attributes: &mut Vec<Attribute>| {
        if !attributes.iter().any(|attribute| attribute.path().is_ident("inline")) {
            attributes.push(marker.clone());
        }
    };
    for item in items {
        match item {
            Item::Fn(function) => mark_one(&mut function.attrs),
            Item::Impl(block) => block.items.iter_mut().for_each(|item| {
                if let ImplItem::Fn(method) = item {
                    mark_one(&mut method.attrs);
                }
            }),
            Item::Mod(module) => module.content.iter_mut().for_each(|(_, items)| mark(items, marker)),
            _ => {}
        }
    }
}

/// Generated code that cannot be parsed is a defect of the emitter. It is an error and not a panic.
fn unparsable(error: syn::Error) -> Error {
    Diagnostic::new(format!("the generated code does not parse: {error}"))
        .help("please report this, with the document")
        .into()
}
