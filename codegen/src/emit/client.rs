//! The client: its builder, credentials and servers, and the table of operations.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexSet;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::shape::model::{Api, Flow, Idempotency, Operation, Payload, Place, Scheme, SchemeKind, Server};

use super::docs;
use super::features::Features;
use super::types::{doc, ident, open};
use crate::shape::names;

pub(super) fn tokens(api: &Api, features: &Features) -> TokenStream {
    let unused = features.unused(api);
    // Most operations have the same requirements.
    let mut requirements: IndexSet<&Requirements> = IndexSet::new();
    let table: Vec<_> = api.operations.iter().map(|operation| row(operation, &mut requirements)).collect();
    let requirements = requirements.iter().enumerate().map(|(index, requirements)| {
        let name = requirement_name(index);
        let alternatives = requirements.iter().map(|alternative| {
            let schemes = alternative.iter().map(|(scheme, scopes)| {
                quote! { ::connectors_runtime::Requirement { scheme: #scheme, scopes: &[#(#scopes),*] } }
            });
            quote! { &[#(#schemes),*] }
        });
        quote! { const #name: &[&[::connectors_runtime::Requirement]] = &[#(#alternatives),*]; }
    });
    let title = if api.title.trim().is_empty() { "the service".to_owned() } else { docs::inline(&api.title) };
    let title = title.trim_end_matches('.');
    let text = format!(" Every operation of {title}, in groups. Cheap to clone.");
    let groups: BTreeSet<&str> = api.operations.iter().filter_map(|operation| operation.group.as_deref()).collect();
    let groups = groups.into_iter().map(|group| {
        let name = ident(group);
        let (docs, feature) = (super::requests::group_docs(api, group), features.group(Some(group)));
        let new = super::requests::constructor(api, group);
        quote! {
            #docs
            #feature
            #[must_use]
            pub fn #name(&self) -> requests::#name::Api<'_> {
                requests::#name::Api::#new(&self.core)
            }
        }
    });
    let methods = super::requests::ungrouped(api, features);
    let params = params(api);
    let credentials = credentials(&api.schemes);
    let servers = servers(&api.servers);
    quote! {
        #params
        #credentials
        #servers

        #(#requirements)*

        /// Every operation of the document, in its order.
        pub static OPERATIONS: &[::connectors_runtime::Operation] = &[#(#table),*];

        #[doc = #text]
        #[derive(Clone, Debug)]
        pub struct Client {
            #unused core: ::connectors_runtime::Core,
        }

        impl ::connectors_runtime::Connect for Client {
            type Setup = (::connectors_runtime::Server, Credentials);

            fn connect(
                (server, credentials): Self::Setup,
                connection: ::connectors_runtime::Connection,
            ) -> ::std::result::Result<Self, ::connectors_runtime::Error> {
                let core = ::connectors_runtime::Core::connect(server, credentials.credentials, connection, OPERATIONS)?;
                Ok(Self { core })
            }
        }

        impl Client {
            /// A client for a server: a URL, or one of the module `servers`.
            pub fn builder(
                server: impl Into<::connectors_runtime::Server>,
                credentials: Credentials,
            ) -> ::connectors_runtime::Builder<Self> {
                ::connectors_runtime::Builder::new((server.into(), credentials))
            }

            /// A client that uses an existing core.
            #[must_use]
            pub fn over(core: ::connectors_runtime::Core) -> Self {
                Self { core }
            }

            #(#groups)*
            #methods
        }
    }
}

/// The security requirements of an operation.
type Requirements = Vec<Vec<(String, Vec<String>)>>;

fn requirement_name(index: usize) -> Ident {
    ident(&format!("SECURITY_{index}"))
}

fn row<'a>(operation: &'a Operation, requirements: &mut IndexSet<&'a Requirements>) -> TokenStream {
    let Operation { id, name, method, path, accept, .. } = operation;
    let group = operation.group.as_deref().unwrap_or_default();
    let idempotency = match &operation.idempotency {
        Idempotency::Idempotent => quote! { Idempotent },
        Idempotency::NotIdempotent => quote! { NotIdempotent },
        Idempotency::ByKey(header) => quote! { ByKey(#header) },
    };
    let success = match &operation.success {
        Payload::Stream => quote! { Stream },
        Payload::Empty => quote! { Empty },
        _ if operation.paging.is_some() => quote! { Page },
        _ if operation.success.may_be_absent() => quote! { JsonOrNothing },
        Payload::Json(_) | Payload::ByStatus(_) => quote! { Json },
    };
    let mut row = quote! {
        ::connectors_runtime::Operation::new(#id, #group, #name, #method, #path)
            .with_idempotency(::connectors_runtime::Idempotency::#idempotency)
            .with_success(::connectors_runtime::Success::#success, #accept)
    };
    if let Some(stream) = operation.streams.first() {
        let streaming = super::requests::streaming(stream);
        row = quote! { #row .with_streaming(#streaming) };
    }
    if !operation.security.is_empty() {
        let name = requirement_name(requirements.insert_full(&operation.security).0);
        row = quote! { #row .with_security(#name) };
    }
    if let Some(query) = operation.parted().1 {
        row = quote! { #row .with_query(#query) };
    }
    if let Some(server) = &operation.server {
        row = quote! { #row .with_server(#server) };
    }
    let kept = super::links::kept(operation);
    if !kept.is_empty() {
        row = quote! { #row .with_kept(&[#(#kept),*]) };
    }
    row
}

/// The types of required primitive parameters.
fn params(api: &Api) -> TokenStream {
    let all = api.operations.iter().flat_map(|operation| &operation.params);
    let named = all.filter_map(|param| Some((param.kind.as_ref()?.0.as_str(), param.sensitive)));
    let types: BTreeMap<&str, bool> = named.collect();
    let kinds = types.keys().map(|name| {
        let name = ident(name);
        quote! {
            #[derive(Debug)]
            pub enum #name {}
        }
    });
    let aliases = types.iter().map(|(name, sensitive)| {
        let id = ident(if *sensitive { "SecretId" } else { "Id" });
        let (text, name) = (format!(" The parameter `{name}`. No other parameter has this type."), ident(name));
        quote! {
            #[doc = #text]
            pub type #name<T = ::std::string::String> = ::connectors_runtime::#id<kinds::#name, T>;
        }
    });
    quote! {
        /// Required parameters, each with its own type.
        pub mod params {
            /// The types that distinguish the parameters. They have no values.
            #[allow(missing_docs)]
            pub mod kinds {
                #(#kinds)*
            }
            #(#aliases)*
        }
    }
}

fn credentials(schemes: &[Scheme]) -> TokenStream {
    let methods = schemes.iter().map(|scheme| {
        let (name, wire) = (ident(&scheme.name), &scheme.wire);
        let docs = |what: &str| doc(&format!("{what}\n\n{}", scheme.doc), "");
        let deprecated = scheme.deprecated.then(|| quote! { #[deprecated] });
        match &scheme.kind {
            SchemeKind::Basic => {
                let docs = docs(&format!("Name and password for the scheme {} (RFC 7617).", docs::code(wire)));
                quote! {
                    #docs
                    #deprecated
                    #[must_use]
                    pub fn #name(self, user: impl Into<::std::string::String>, password: impl Into<::std::string::String>) -> Self {
                        self.with(#wire, ::connectors_runtime::auth::Credential::basic(user, password))
                    }
                }
            }
            SchemeKind::ApiKey { place, name: key } => {
                let docs = docs(&format!("The key for the scheme `{wire}`."));
                let constructor = match place {
                    Place::Query | Place::QueryString => quote! { query },
                    Place::Cookie => quote! { cookie },
                    Place::Header | Place::Path => quote! { header },
                };
                quote! {
                    #docs
                    #deprecated
                    #[must_use]
                    pub fn #name(self, key: impl Into<::std::string::String>) -> Self {
                        self.with(#wire, ::connectors_runtime::auth::Credential::#constructor(#key, key))
                    }
                }
            }
            SchemeKind::Bearer | SchemeKind::OAuth2 { .. } => {
                let token = docs(&format!("A fixed bearer token for the scheme `{wire}` (RFC 6750)."));
                let provided = docs(&format!("A source of bearer tokens for the scheme `{wire}`; a client caches them."));
                let by_provider = ident(&format!("{}_by", scheme.name.trim_end_matches('_')));
                let flows = flows(scheme, &deprecated);
                quote! {
                    #token
                    #deprecated
                    #[must_use]
                    pub fn #name(self, token: impl Into<::std::string::String>) -> Self {
                        self.with(#wire, ::connectors_runtime::auth::Credential::token(token))
                    }

                    #provided
                    #deprecated
                    #[must_use]
                    pub fn #by_provider(self, provider: impl ::connectors_runtime::auth::TokenProvider) -> Self {
                        self.with(#wire, ::connectors_runtime::auth::Credential::bearer(provider))
                    }

                    #flows
                }
            }
        }
    });
    quote! {
        /// The credentials of a client, by the security schemes of the document. Each operation uses those that it
        /// requires.
        #[derive(Debug, Default)]
        pub struct Credentials {
            credentials: ::connectors_runtime::auth::Credentials,
        }

        impl Credentials {
            /// No credentials: enough for operations that require none.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }

            /// Any credential for a scheme of the document.
            #[must_use]
            pub fn with(self, scheme: &'static str, credential: ::connectors_runtime::auth::Credential) -> Self {
                Self { credentials: self.credentials.with(scheme, credential) }
            }

            #(#methods)*
        }
    }
}

/// A method for each flow of OAuth 2.0 that a client can start.
fn flows(scheme: &Scheme, deprecated: &Option<TokenStream>) -> TokenStream {
    let SchemeKind::OAuth2 { client_credentials, device, authorization_code } = &scheme.kind else {
        return TokenStream::new();
    };
    let (wire, stem) = (&scheme.wire, scheme.name.trim_end_matches('_'));
    let docs = |what: &str, flow: &Flow| {
        let mut text = format!("{what}\n\n{}", scheme.doc);
        if !flow.scopes.is_empty() {
            text.push_str("\n\nScopes of the document:\n");
        }
        for (scope, what) in &flow.scopes {
            text.push_str(&format!("\n - {}", docs::code(scope)));
            if !what.is_empty() {
                text.push_str(&format!(": {}", docs::inline(what)));
            }
        }
        doc(&text, "")
    };
    let name = |suffix: &str| ident(&format!("{stem}_{suffix}"));
    let login = format!(
        "`client` is the id of a public client, or an `OAuthClient`. Pass the result of the login to \
         [`{stem}_by`](Self::{stem}_by)."
    );
    let by_client = client_credentials.as_ref().map(|flow| {
        let (name, url) = (name("client_credentials"), &flow.tokens);
        let what = format!(
            "A client id and secret for the scheme `{wire}` (RFC 6749, section 4.4). Without `scopes` the server chooses."
        );
        let docs = docs(&what, flow);
        quote! {
            #docs
            #deprecated
            #[must_use]
            pub fn #name(
                self,
                id: impl Into<::std::string::String>,
                secret: impl Into<::std::string::String>,
                scopes: &[&str],
            ) -> Self {
                let flow = ::connectors_runtime::auth::OAuth2::client_credentials(#url, id, secret);
                let flow = flow.scopes(scopes.iter().copied());
                self.with(#wire, ::connectors_runtime::auth::Credential::oauth2(flow))
            }
        }
    });
    let by_device = device.as_ref().map(|flow| {
        let (name, start, tokens) = (name("device_login"), flow.start.iter(), &flow.tokens);
        let what = format!("The login of a person on another device for the scheme `{wire}` (RFC 8628). {login}");
        let docs = docs(&what, flow);
        quote! {
            #docs
            #deprecated
            pub fn #name(
                client: impl Into<::connectors_runtime::auth::OAuthClient>,
                scopes: &[&str],
            ) -> ::connectors_runtime::auth::DeviceLogin {
                let login = ::connectors_runtime::auth::DeviceLogin::new(#(#start,)* #tokens, client);
                login.scopes(scopes.iter().copied())
            }
        }
    });
    let by_code = authorization_code.as_ref().map(|flow| {
        let (name, start, tokens) = (name("authorization_code"), flow.start.iter(), &flow.tokens);
        let what = format!(
            "The login of a person in a browser for the scheme `{wire}` (RFC 6749, section 4.1), with PKCE (RFC 7636). \
             The server redirects the browser to `redirect_uri`, which must be exactly as registered for the client. \
             {login}"
        );
        let docs = docs(&what, flow);
        quote! {
            #docs
            #deprecated
            pub fn #name(
                client: impl Into<::connectors_runtime::auth::OAuthClient>,
                redirect_uri: impl Into<::std::string::String>,
                scopes: &[&str],
            ) -> ::connectors_runtime::auth::AuthorizationCode {
                let login = ::connectors_runtime::auth::AuthorizationCode::new(#(#start,)* #tokens, client, redirect_uri);
                login.scopes(scopes.iter().copied())
            }
        }
    });
    quote! { #by_client #by_device #by_code }
}

fn servers(servers: &[Server]) -> TokenStream {
    let mut taken: BTreeSet<String> = servers.iter().map(|server| server.name.clone()).collect();
    let structs: Vec<_> = servers.iter().map(|it| server(it, &mut taken)).collect();
    quote! {
        /// The servers of the document.
        pub mod servers {
            #(#structs)*
        }
    }
}

/// A server, and the types of its variables.
fn server(server: &Server, taken: &mut BTreeSet<String>) -> TokenStream {
    let (name, url) = (ident(&server.name), &server.url);
    let docs = doc(&server.doc, &format!("The server `{url}`."));
    let mut types = Vec::new();
    let mut enums = Vec::new();
    for variable in &server.variables {
        let Some(values) = &variable.values else {
            types.push(quote! { ::std::string::String });
            continue;
        };
        let mut name = names::pascal(&format!("{} {}", server.name, variable.name));
        while !taken.insert(name.clone()) {
            name.push_str("Value");
        }
        let docs = doc("", &format!("The values of the variable `{}`.", variable.wire));
        enums.push(open(&name, &docs, values));
        let name = ident(&name);
        types.push(quote! { #name });
    }
    let fields: Vec<_> = server.variables.iter().map(|variable| ident(&variable.name)).collect();
    let defaults: Vec<_> = server.variables.iter().map(|variable| &variable.default).collect();
    let derived = fields.is_empty().then(|| quote! { , Default });
    let default = (!fields.is_empty()).then(|| {
        quote! {
            impl ::core::default::Default for #name {
                fn default() -> Self {
                    Self { #(#fields: #defaults.into(),)* }
                }
            }
        }
    });
    let argument = if fields.is_empty() {
        quote! { _ }
    } else {
        quote! { server }
    };
    let wires = server.variables.iter().map(|variable| &variable.wire);
    let setters = server.variables.iter().zip(&types).map(|(variable, ty)| {
        let field = ident(&variable.name);
        let docs = doc(&variable.doc, &format!("The variable `{}`; `{}` by default.", variable.wire, variable.default));
        quote! {
            #docs
            #[must_use]
            pub fn #field(mut self, value: impl ::core::convert::Into<#ty>) -> Self {
                self.#field = value.into();
                self
            }
        }
    });
    quote! {
        #docs
        #[derive(Clone, Debug #derived)]
        pub struct #name {
            #(#fields: #types,)*
        }

        #default

        impl #name {
            #(#setters)*
        }

        #(#enums)*

        impl ::core::convert::From<#name> for ::connectors_runtime::Server {
            fn from(#argument: #name) -> Self {
                Self::documented(#url, &[#((#wires, #defaults, server.#fields.as_str())),*])
            }
        }
    }
}
