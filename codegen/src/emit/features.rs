//! Groups behind features: which code is compiled for which feature.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Item, parse_quote};

use crate::shape::model::{Api, BodyContent, Case, Form, Incoming, Operation, PartHolds, Payload, Received, Type};

/// A type that more groups than this share is always compiled. A longer list of features would cost more than it saves.
const MOST_GROUPS: usize = 8;

/// The features that parts of the code need. Without features, all code is always compiled.
pub(super) struct Features {
    /// The groups that reach a type; types that are always compiled have no entry.
    of_types: BTreeMap<String, BTreeSet<String>>,
    is_on: bool,
}

impl Features {
    /// Features for groups only, or no features.
    pub(super) fn new(is_on: bool) -> Self {
        Self { of_types: BTreeMap::new(), is_on }
    }

    /// Finds the features that types need. A type that no operation reaches needs none, and neither do the types in it.
    pub(super) fn read_types(&mut self, api: &Api) {
        if !self.is_on {
            return;
        }
        let parts: BTreeMap<&str, BTreeSet<&str>> = api
            .types
            .iter()
            .map(|def| (def.name.as_str(), def.parts().into_iter().filter_map(Type::innermost).collect()))
            .collect();
        // The types by the group that reaches them. Code outside of the groups is `None`.
        let mut roots: BTreeMap<Option<&str>, BTreeSet<&str>> = BTreeMap::new();
        for operation in &api.operations {
            roots.entry(operation.group.as_deref()).or_default().extend(used(operation));
        }
        let always = roots.entry(None).or_default();
        let callbacks = api.operations.iter().filter_map(|operation| operation.callbacks.as_ref());
        always.extend(api.webhooks.iter().chain(callbacks).flat_map(received));
        always.extend(api.headers.iter().filter_map(|header| header.ty.innermost()));
        always.extend(api.forms().flat_map(held));
        let reach = |names: BTreeSet<&'_ str>| {
            let mut seen: BTreeSet<String> = BTreeSet::new();
            let mut queue: Vec<&str> = names.into_iter().collect();
            while let Some(name) = queue.pop() {
                if seen.insert(name.to_owned()) {
                    queue.extend(parts.get(name).into_iter().flatten());
                }
            }
            seen
        };
        let mut everywhere = reach(roots.remove(&None).unwrap_or_default());
        for (group, names) in roots {
            for name in reach(names) {
                self.of_types.entry(name).or_default().extend(group.map(str::to_owned));
            }
        }
        let unreached = parts.keys().copied().filter(|name| !self.of_types.contains_key(*name)).collect();
        everywhere.extend(reach(unreached));
        // A type with a long list is always compiled, and so are the types in it, which at least as many groups reach.
        self.of_types.retain(|name, groups| !everywhere.contains(name) && groups.len() <= MOST_GROUPS);
    }

    /// Allows code that only operations use to be unused, because all groups may be off, or there are no operations.
    pub(super) fn unused(&self, api: &Api) -> Option<TokenStream> {
        (self.is_on || api.operations.is_empty()).then(|| quote! { #[allow(dead_code)] })
    }

    /// The `cfg` before the code of a group.
    pub(super) fn group(&self, group: Option<&str>) -> TokenStream {
        match group {
            Some(group) if self.is_on => {
                let feature = feature(group);
                quote! { #[cfg(feature = #feature)] }
            }
            _ => TokenStream::new(),
        }
    }

    /// The same, as an attribute.
    pub(super) fn attribute(&self, group: Option<&str>) -> Option<Attribute> {
        let feature = group.filter(|_| self.is_on).map(feature)?;
        Some(parse_quote! { #[cfg(feature = #feature)] })
    }

    /// The condition under which a type is compiled.
    pub(super) fn of_type(&self, name: &str) -> Option<TokenStream> {
        let features = self.of_types.get(name)?.iter().map(|group| feature(group));
        Some(quote! { any(#(feature = #features),*) })
    }

    /// Adds the features of a type to each of its items.
    pub(super) fn put(&self, name: &str, items: &mut [Item]) {
        let Some(when) = self.of_type(name) else { return };
        let attribute: Attribute = parse_quote! { #[cfg(#when)] };
        for item in items {
            let attributes = match item {
                Item::Struct(it) => &mut it.attrs,
                Item::Enum(it) => &mut it.attrs,
                Item::Impl(it) => &mut it.attrs,
                Item::Macro(it) => &mut it.attrs,
                Item::Type(it) => &mut it.attrs,
                _ => continue,
            };
            attributes.insert(0, attribute.clone());
        }
    }
}

/// The name of the feature of a group. For cargo, `default` has another meaning.
pub(crate) fn feature(group: &str) -> String {
    match group {
        "default" => "default_".to_owned(),
        group => group.to_owned(),
    }
}

/// The types that the code of an operation names.
fn used(operation: &Operation) -> Vec<&str> {
    let mut types: Vec<&Type> = operation.params.iter().map(|param| &param.ty).collect();
    let kinds = operation.params.iter().filter_map(|param| param.kind.as_ref());
    types.extend(kinds.map(|(_, ty)| ty));
    let bodies = operation.body.iter();
    for content in bodies.flat_map(|body| std::iter::once(&body.content).chain(body.others.iter().map(|(_, it)| it))) {
        match content {
            BodyContent::Json(ty, _) | BodyContent::Form(ty, _) => types.push(ty),
            BodyContent::Multipart(..) | BodyContent::Raw(_) => {}
        }
    }
    match &operation.success {
        Payload::Json(ty) => types.push(ty),
        Payload::ByStatus(cases) => types.extend(cases.iter().filter_map(Case::ty)),
        Payload::Empty | Payload::Stream => {}
    }
    types.extend(operation.errors.iter().filter_map(Case::ty));
    types.extend(operation.readings.iter().map(|reading| &reading.ty));
    types.extend(operation.streams.iter().filter_map(|stream| stream.item.as_ref()));
    types.into_iter().filter_map(Type::innermost).collect()
}

/// The types of a multipart body.
fn held(form: &Form) -> impl Iterator<Item = &str> {
    form.parts.iter().filter_map(|part| match &part.holds {
        PartHolds::File { .. } => None,
        PartHolds::Value(ty) | PartHolds::Typed(ty, _) | PartHolds::Styled(ty, _) | PartHolds::Each(ty, _) => {
            ty.innermost()
        }
    })
}

/// The types of the bodies that a service sends.
fn received(incoming: &Incoming) -> impl Iterator<Item = &str> {
    incoming.messages.iter().filter_map(|message| match &message.body {
        Received::Json(ty) => ty.innermost(),
        Received::Nothing | Received::Bytes => None,
    })
}
