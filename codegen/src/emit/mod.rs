//! Stage `emit`: operations through progenitor to tokens, types beside them, finished with syn and quote, printed by
//! prettyplease; the same input gives the same bytes.

mod client;
mod docs;
mod facade;
mod types;

use proc_macro2::TokenStream;
use quote::quote;
use syn::Item;

use crate::diagnostic::{Diagnostic, Error};
use crate::note::Notes;
use crate::shape::model::Api;

pub use facade::Facade;

/// Writes a shaped API as Rust source.
pub(crate) fn emit(api: &mut Api, facade: Option<&Facade>, notes: &mut Notes) -> Result<String, Error> {
    let types = types::items(api)?;
    let client = client::items(api, facade.is_some(), notes)?;
    let items = match facade {
        None => with_types(client, types)?,
        Some(facade) => facade::items(api, facade, client, types)?,
    };
    let file = syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items };
    Ok(prettyplease::unparse(&file))
}

/// Puts our types in the module that progenitor made for its own.
fn with_types(mut client: Vec<Item>, types: Vec<Item>) -> Result<Vec<Item>, Error> {
    for item in &mut client {
        if let Item::Mod(module) = item
            && module.ident == "types"
            && let Some((_, content)) = &mut module.content
        {
            *content = types;
            return Ok(client);
        }
    }
    Err(Diagnostic::new("progenitor made no `types` module")
        .help("this crate is written for progenitor 0.15.1 exactly")
        .into())
}

/// Parses generated tokens; a failure is a defect of the emitter, told as an error rather than a panic.
fn parse_items(tokens: TokenStream) -> Result<Vec<Item>, Error> {
    let file: syn::File = syn::parse2(quote! { #tokens }).map_err(|error| {
        Diagnostic::new(format!("the generated code does not parse: {error}"))
            .help("please report the document that led here")
    })?;
    Ok(file.items)
}
