//! The client: progenitor is given only operations it can express, over types that are ours, and what it prints is
//! finished where its own vocabulary ends (wire names, media types, optional bodies).

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use indexmap::IndexMap;
use progenitor_impl::{GenerationSettings, Generator, HooksMode, TypeImpl};
use quote::quote;
use serde_json::{Map, Value, json};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprLit, FnArg, ImplItem, ImplItemFn, Item, Lit, Pat, Stmt, parse_quote};

use crate::diagnostic::{Diagnostic, Error};
use crate::note::{Kind, Notes, Stage};
use crate::shape::model::{Api, Body, BodyContent, ErrorBody, Operation, Param, Payload, Place, Type};

use super::types;

/// Stands between two slashes of a path, which progenitor would make one.
const KEPT: char = '\u{1}';

/// The client's items. Operations progenitor refuses all the same leave `api`, with a note.
pub(super) fn items(api: &mut Api, inner: bool, notes: &mut Notes) -> Result<Vec<Item>, Error> {
    let mut generated = generate(api, &api.operations.iter().collect::<Vec<_>>(), inner);
    if generated.is_err() {
        // One of them is to blame: find it, and go on without.
        let refused: Vec<Option<String>> =
            api.operations.iter().map(|operation| generate(api, &[operation], inner).err()).collect();
        let mut refused = refused.into_iter();
        api.operations.retain(|operation| match refused.next().flatten() {
            Some(reason) => {
                let reason = format!("the operation `{}` was left out: progenitor says: {reason}", operation.name);
                notes.push(Stage::Emit, Kind::Skip, &operation.pointer, &operation.node, reason);
                false
            }
            None => true,
        });
        generated = generate(api, &api.operations.iter().collect::<Vec<_>>(), inner);
    }
    let file =
        generated.map_err(|reason| Diagnostic::new(format!("progenitor cannot generate the client: {reason}")))?;
    let mut items = file.items;
    finish(&mut items, api, inner);
    Ok(items)
}

fn generate(api: &Api, operations: &[&Operation], inner: bool) -> Result<syn::File, String> {
    let mut stubs = Stubs::default();
    // In the order of the document, which a map of `serde_json` does not keep.
    let mut paths: IndexMap<String, Value> = IndexMap::new();
    for operation in operations {
        let renamed = |param: &Param| (format!("{{{}}}", param.wire), format!("{{{}}}", param.name));
        let in_path = operation.params.iter().filter(|param| param.place == Place::Path);
        let mut path = operation.path.clone();
        // Placeholders first become marks no name can hold, so that no rename meets another's result.
        let marks: Vec<(String, String)> = in_path
            .enumerate()
            .map(|(index, param)| {
                let (from, to) = renamed(param);
                path = path.replace(&from, &format!("\u{0}{index}\u{0}"));
                (format!("\u{0}{index}\u{0}"), to)
            })
            .collect();
        for (mark, to) in marks {
            path = path.replace(&mark, &to);
        }
        let last = path.split('/').count() - 1;
        let kept = |(index, part): (usize, &str)| {
            if part.is_empty() && index > 0 && index < last { KEPT.to_string() } else { part.to_owned() }
        };
        let path = path.split('/').enumerate().map(kept).collect::<Vec<_>>().join("/");
        let item = paths.entry(path.clone()).or_insert_with(|| json!({}));
        if item.get(&operation.method).is_some() {
            return Err(format!("two operations answer {} {path}", operation.method.to_uppercase()));
        }
        item[&operation.method] = stubs.operation(operation, !inner);
    }
    let document = json!({
        "openapi": "3.0.3",
        "info": {"title": api.title, "version": api.version},
        "paths": {},
        "components": {"schemas": stubs.schemas},
    });
    let mut document: openapiv3::OpenAPI = serde_json::from_value(document).map_err(|error| error.to_string())?;
    for (path, item) in paths {
        let item = serde_json::from_value(item).map_err(|error| error.to_string())?;
        document.paths.paths.insert(path, item);
    }
    let mut settings = GenerationSettings::new();
    settings.with_map_type("::std::collections::BTreeMap");
    for (stub, path) in &stubs.paths {
        settings.with_replacement(stub, path, [TypeImpl::Display, TypeImpl::FromStr].into_iter());
    }
    if inner {
        settings.with_inner_type(quote! { Inner }).with_hooks(HooksMode::Expected);
    }
    let attempt = catch_unwind(AssertUnwindSafe(|| Generator::new(&settings).generate_tokens(&document)));
    let tokens = match attempt {
        Ok(result) => result.map_err(|error| error.to_string())?,
        Err(panic) => {
            let text =
                panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
            return Err(text.unwrap_or("it panicked").to_owned());
        }
    };
    syn::parse2(tokens).map_err(|error| error.to_string())
}

/// The schemas progenitor sees: a stand-in for each type, replaced by the path of ours.
#[derive(Default)]
struct Stubs {
    schemas: Map<String, Value>,
    paths: Vec<(String, String)>,
    known: HashMap<Type, String>,
}

impl Stubs {
    fn schema(&mut self, ty: &Type) -> Value {
        match ty {
            Type::String => json!({"type": "string"}),
            Type::Bool => json!({"type": "boolean"}),
            Type::I32 => json!({"type": "integer", "format": "int32"}),
            Type::I64 => json!({"type": "integer", "format": "int64"}),
            Type::U32 => json!({"type": "integer", "format": "uint32"}),
            Type::U64 => json!({"type": "integer", "format": "uint64"}),
            Type::F64 => json!({"type": "number", "format": "double"}),
            other => {
                let next = self.known.len();
                let stub = self.known.entry(other.clone()).or_insert_with(|| {
                    let stub = format!("Stub{next}");
                    self.schemas.insert(stub.clone(), json!({"type": "object"}));
                    self.paths.push((stub.clone(), types::tokens(other, &quote! { types:: }).to_string()));
                    stub
                });
                json!({"$ref": format!("#/components/schemas/{stub}")})
            }
        }
    }

    fn operation(&mut self, operation: &Operation, documented: bool) -> Value {
        let parameters: Vec<Value> = operation
            .params
            .iter()
            .map(|param| {
                let place = match param.place {
                    Place::Path => "path",
                    Place::Query => "query",
                    Place::Header => "header",
                };
                json!({"name": param.name, "in": place, "required": param.required, "schema": self.schema(&param.ty), "description": plain(&param.doc)})
            })
            .collect();
        let body = operation.body.as_ref().map(|body| {
            let content = match &body.content {
                BodyContent::Json(ty, _) => json!({"application/json": {"schema": self.schema(ty)}}),
                BodyContent::Form(ty) => json!({"application/x-www-form-urlencoded": {"schema": self.schema(ty)}}),
                BodyContent::Raw(_) => {
                    json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}})
                }
            };
            json!({"required": true, "content": content, "description": plain(&body.doc)})
        });
        let mut responses = Map::new();
        let success = match &operation.success {
            Payload::Empty => json!({"description": ""}),
            Payload::Json(ty) => {
                json!({"description": "", "content": {"application/json": {"schema": self.schema(ty)}}})
            }
            Payload::Stream => json!({"description": "", "content": {"*/*": {}}}),
        };
        responses.insert("2XX".to_owned(), success);
        if let ErrorBody::Json(ty) = &operation.errors {
            let error = json!({"description": "", "content": {"application/json": {"schema": self.schema(ty)}}});
            responses.insert("4XX".to_owned(), error.clone());
            responses.insert("5XX".to_owned(), error);
        }
        let mut stub = json!({"operationId": operation.name, "parameters": parameters, "responses": responses});
        if let Some(body) = body {
            stub["requestBody"] = body;
        }
        if !documented {
            return stub;
        }
        let text = |text: &Option<String>| text.as_ref().map(|text| super::docs::lines(text, "").join("\n"));
        if let Some(summary) = text(&operation.summary) {
            stub["summary"] = summary.trim_start().into();
        }
        if let Some(description) = text(&operation.description) {
            stub["description"] = description.into();
        }
        stub
    }
}

/// A description on one line, as far as rustdoc is concerned.
fn plain(text: &str) -> String {
    super::docs::lines(text, "").join(" ").trim().to_owned()
}

/// Finishes what progenitor printed.
fn finish(items: &mut Vec<Item>, api: &Api, inner: bool) {
    let operations: HashMap<&str, &Operation> =
        api.operations.iter().map(|operation| (operation.name.trim_end_matches('_'), operation)).collect();
    for item in items.iter_mut() {
        let Item::Impl(block) = item else { continue };
        for member in &mut block.items {
            if let ImplItem::Fn(function) = member
                && let Some(operation) = operations.get(function.sig.ident.to_string().trim_end_matches('_'))
                && function.sig.asyncness.is_some()
            {
                let mut finishing = Finishing { operation, headers: false };
                finishing.visit_impl_item_fn_mut(function);
            }
        }
        // A layer above builds the client from a transport of its own.
        if inner {
            block.items.retain(|member| !matches!(member, ImplItem::Fn(function) if function.sig.ident == "new"));
        }
    }
    items.retain(|item| !matches!(item, Item::Mod(module) if module.ident == "prelude"));
    if !inner && api.operations.iter().any(|operation| operation.success.may_be_absent()) {
        items.push(absent_is_null());
    }
}

/// An answer without a body is not JSON; where the document allows both, it is read as `null`.
fn absent_is_null() -> Item {
    parse_quote! {
        impl ClientHooks<()> for Client {
            async fn exec(
                &self,
                request: ::reqwest::Request,
                _: &OperationInfo,
            ) -> ::reqwest::Result<::reqwest::Response> {
                let response = self.client.execute(request).await?;
                let absent = matches!(response.status().as_u16(), 204 | 205)
                    || (response.status().is_success() && response.content_length() == Some(0));
                if !absent {
                    return Ok(response);
                }
                let mut null = ::http::Response::new("null");
                *null.status_mut() = response.status();
                *null.headers_mut() = response.headers().clone();
                Ok(null.into())
            }
        }
    }
}

struct Finishing<'a> {
    operation: &'a Operation,
    /// Whether any header parameter is left once `api-version` is gone.
    headers: bool,
}

impl Finishing<'_> {
    fn wire(&self, argument: &str, place: Place) -> Option<String> {
        let param = self.operation.params.iter().find(|param| param.name == argument && param.place == place)?;
        // Header names are literals, which the http crate wants in lower case.
        Some(if place == Place::Header { param.wire.to_ascii_lowercase() } else { param.wire.clone() })
    }
}

impl VisitMut for Finishing<'_> {
    fn visit_impl_item_fn_mut(&mut self, function: &mut ImplItemFn) {
        self.headers = self.operation.params.iter().any(|param| param.place == Place::Header);
        // Nobody but its own servers knows progenitor's version header.
        function.block.stmts.retain(|stmt| !is_version_header(stmt, self.headers));
        if self.operation.body.as_ref().is_some_and(|body| !body.required) {
            for input in &mut function.sig.inputs {
                if let FnArg::Typed(argument) = input
                    && matches!(&*argument.pat, Pat::Ident(name) if name.ident == "body")
                {
                    let ty = argument.ty.clone();
                    argument.ty = parse_quote! { ::std::option::Option<#ty> };
                }
            }
        }
        visit_mut::visit_impl_item_fn_mut(self, function);
    }

    fn visit_macro_mut(&mut self, call: &mut syn::Macro) {
        if call.path.is_ident("format") && self.operation.path.contains("//") {
            let tokens = std::mem::take(&mut call.tokens).into_iter().map(|token| {
                match syn::parse2::<syn::LitStr>(token.clone().into()) {
                    Ok(text) => proc_macro2::Literal::string(&text.value().replace(KEPT, "")).into(),
                    Err(_) => token,
                }
            });
            call.tokens = tokens.collect();
        }
    }

    /// A failure that is not JSON is handed over as it is, status and all, rather than as JSON that does not parse.
    fn visit_expr_match_mut(&mut self, matching: &mut syn::ExprMatch) {
        visit_mut::visit_expr_match_mut(self, matching);
        let Expr::MethodCall(number) = &*matching.expr else { return };
        let Expr::MethodCall(status) = &*number.receiver else { return };
        let response = &status.receiver;
        let guard: Expr = parse_quote! {
            #response.headers().get(::reqwest::header::CONTENT_TYPE).is_some_and(|kind| {
                kind.to_str().is_ok_and(|kind| kind.to_ascii_lowercase().contains("json"))
            })
        };
        for arm in &mut matching.arms {
            let body = &arm.body;
            let text = quote! { #body }.to_string();
            if text.contains("ErrorResponse") && text.contains("from_response") {
                arm.pat = Pat::Guard(syn::PatGuard {
                    attrs: Vec::new(),
                    pat: Box::new(arm.pat.clone()),
                    if_token: Default::default(),
                    guard: Box::new(guard.clone()),
                });
            }
        }
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        match expr {
            Expr::Call(call) => {
                let is_query = matches!(&*call.func, Expr::Path(path) if path.path.segments.iter().any(|segment| segment.ident == "QueryParam"));
                if is_query
                    && let Some(Expr::Lit(ExprLit { lit: Lit::Str(name), .. })) = call.args.first_mut()
                    && let Some(wire) = self.wire(&name.value(), Place::Query)
                {
                    *name = syn::LitStr::new(&wire, name.span());
                }
            }
            Expr::MethodCall(call) if call.method == "append" => {
                if let Some(Expr::Lit(ExprLit { lit: Lit::Str(name), .. })) = call.args.first_mut()
                    && let Some(wire) = self.wire(&name.value(), Place::Header)
                {
                    *name = syn::LitStr::new(&wire, name.span());
                }
            }
            // reqwest has a method of its own for each of the others.
            Expr::MethodCall(call)
                if (call.method == "options" || call.method == "trace") && is_http_client(&call.receiver) =>
            {
                let method = types::ident(&call.method.to_string().to_uppercase());
                let (receiver, arguments) = (&call.receiver, &call.args);
                *expr = parse_quote! { #receiver.request(::reqwest::Method::#method, #arguments) };
            }
            Expr::MethodCall(call) if call.method == "headers" && !self.headers => *expr = (*call.receiver).clone(),
            Expr::MethodCall(call) if call.method == "header" => {
                let first = call.args.first().map(|name| quote! { #name }.to_string()).unwrap_or_default();
                if let (Some(accept), Some(second)) = (&self.operation.accept, call.args.get_mut(1))
                    && first.ends_with("ACCEPT")
                {
                    *second = parse_quote! { ::reqwest::header::HeaderValue::from_static(#accept) };
                    return;
                }
                if let (Some(body), Some(second)) = (&self.operation.body, call.args.get_mut(1))
                    && let BodyContent::Raw(Some(media)) = &body.content
                    && quote! { #second }.to_string().contains("octet-stream")
                {
                    *second = parse_quote! { ::reqwest::header::HeaderValue::from_static(#media) };
                } else if let Some(body) = &self.operation.body
                    && matches!(body.content, BodyContent::Raw(None))
                    && call.args.get(1).is_some_and(|second| quote! { #second }.to_string().contains("octet-stream"))
                {
                    // The caller names it.
                    *expr = (*call.receiver).clone();
                }
            }
            Expr::Try(attempt) => {
                let optional = self.operation.body.as_ref().is_some_and(|body| !body.required);
                if let Expr::MethodCall(call) = &*attempt.expr
                    && call.method == "form_urlencoded"
                    && optional
                {
                    let receiver = &call.receiver;
                    *expr = parse_quote! {{
                        let request = #receiver;
                        match body {
                            Some(body) => request.form_urlencoded(&body)?,
                            None => request,
                        }
                    }};
                }
            }
            Expr::MethodCall(call) if call.method == "body" => {
                let Some(Body { required: false, content: BodyContent::Raw(media), .. }) = &self.operation.body else {
                    return;
                };
                // The media type is said with the body, or not at all.
                let mut receiver = (*call.receiver).clone();
                let mut kind = None;
                if media.is_some()
                    && let Expr::MethodCall(header) = &receiver
                    && header.method == "header"
                {
                    let arguments = &header.args;
                    kind = Some(quote! { .header(#arguments) });
                    receiver = (*header.receiver).clone();
                }
                *expr = parse_quote! {{
                    let request = #receiver;
                    match body {
                        Some(body) => request #kind .body(body),
                        None => request,
                    }
                }};
            }
            Expr::MethodCall(call) if call.method == "json" => {
                let Some(body) = &self.operation.body else { return };
                let BodyContent::Json(_, media) = &body.content else { return };
                let mut receiver = (*call.receiver).clone();
                if media != "application/json" {
                    // Set before the body, which then leaves it alone.
                    receiver = parse_quote! {
                        #receiver.header(::reqwest::header::CONTENT_TYPE, ::reqwest::header::HeaderValue::from_static(#media))
                    };
                }
                *expr = if body.required {
                    parse_quote! { #receiver.json(&body) }
                } else {
                    parse_quote! {{
                        let request = #receiver;
                        match body {
                            Some(body) => request.json(&body),
                            None => request,
                        }
                    }}
                };
            }
            _ => {}
        }
    }
}

/// Whether an expression is the reqwest client that the generated one holds.
fn is_http_client(expr: &Expr) -> bool {
    matches!(expr, Expr::Field(field) if matches!(&field.member, syn::Member::Named(name) if name == "client"))
}

fn is_version_header(stmt: &Stmt, headers: bool) -> bool {
    match stmt {
        Stmt::Expr(Expr::MethodCall(call), _) => {
            call.method == "append"
                && call.args.first().is_some_and(|name| quote! { #name }.to_string().contains("\"api-version\""))
        }
        Stmt::Local(local) => !headers && matches!(&local.pat, Pat::Ident(name) if name.ident == "header_map"),
        _ => false,
    }
}
