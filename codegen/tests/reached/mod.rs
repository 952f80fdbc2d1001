//! What a document declares, read from its JSON, is compared with the text of its client. Neither half uses the model
//! that the generator writes the client from, so a part that the generator forgets is found.

use std::collections::{BTreeMap, BTreeSet};

use connectors_codegen::{Client, Declared, Kind, Node};
use proc_macro2::{TokenStream, TokenTree};
use serde_json::Value;

/// The methods of a path item.
const METHODS: [&str; 9] = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// Texts that are passed to functions, with the name of the function: `query("limit")`.
type Calls = BTreeSet<(String, String)>;

/// The code of one operation: its row in the table, its request, and the methods that return the request.
#[derive(Default)]
struct Code {
    calls: Calls,
    /// The names in the methods that return the request, and in its own.
    words: BTreeSet<String>,
    /// The documentation of the request.
    docs: String,
    /// The patterns of the statuses of its failures: `404`, `400..=499`, `_`.
    failures: Option<BTreeSet<String>>,
    /// The same for its successes, if these differ by status.
    successes: Option<BTreeSet<String>>,
}

/// What is in the text of a client.
#[derive(Default)]
struct Text {
    /// Method and path, and the code of each operation.
    operations: BTreeMap<(String, String), Code>,
    /// The constants of headers: wire name and constant.
    headers: BTreeMap<String, String>,
    servers: BTreeSet<String>,
    webhooks: BTreeSet<String>,
    callbacks: BTreeSet<String>,
}

/// Every name in tokens.
fn words(tokens: TokenStream, found: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                found.insert(ident.to_string());
            }
            TokenTree::Group(group) => words(group.stream(), found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Every text in tokens that is the first literal in the parentheses of a call, with the name before the parentheses.
/// A media type after another argument counts too.
fn calls(tokens: TokenStream, found: &mut Calls) {
    let mut name = String::new();
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => name = ident.to_string(),
            TokenTree::Group(group) => {
                for inner in group.stream() {
                    if let TokenTree::Literal(literal) = &inner
                        && let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string())
                    {
                        found.insert((name.clone(), text.value()));
                    }
                }
                calls(group.stream(), found);
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn tokens(item: &impl quote::ToTokens) -> TokenStream {
    item.to_token_stream()
}

/// The documentation in attributes.
fn docs(attributes: &[syn::Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(it) => match &it.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The patterns of statuses that have a variant, in the function `read` of an enum.
fn patterns(it: &syn::ItemImpl) -> BTreeSet<String> {
    let text = tokens(it).to_string().replace("u16", "").replace(' ', "");
    let arms: Vec<&str> = text.split("=>").collect();
    let typed = arms.windows(2).filter(|arm| !arm[1].starts_with("None"));
    typed.filter_map(|arm| arm[0].rsplit(['{', '}', ',', ']']).next()).map(str::to_owned).collect()
}

fn last_name(ty: &syn::Type) -> Option<String> {
    let syn::Type::Path(path) = ty else { return None };
    path.path.segments.last().map(|segment| segment.ident.to_string())
}

/// All items of modules, with the path of the module.
fn items<'a>(within: &'a [syn::Item], path: &str, found: &mut Vec<(String, &'a syn::Item)>) {
    for item in within {
        match item {
            syn::Item::Mod(module) => {
                let inner = module.content.iter().flat_map(|(_, items)| items);
                let inner: Vec<&syn::Item> = inner.collect();
                let path = format!("{path}::{}", module.ident);
                for item in inner {
                    items(std::slice::from_ref(item), &path, found);
                }
            }
            other => found.push((path.to_owned(), other)),
        }
    }
}

/// Reads the text of a client.
fn read(code: &str) -> Text {
    let file = syn::parse_file(code).unwrap();
    let mut all = Vec::new();
    items(&file.items, "", &mut all);
    let mut text = Text::default();
    // The request of each row: its group and its name.
    let mut rows: Vec<((String, String), Calls)> = Vec::new();
    let mut requests: BTreeMap<(String, String), (Option<usize>, Code)> = BTreeMap::new();
    let group =
        |path: &str, module: &str| path.strip_prefix(module).map(|rest| rest.trim_start_matches("::").to_owned());
    for (path, item) in &all {
        match item {
            syn::Item::Static(it) if it.ident == "OPERATIONS" => {
                let syn::Expr::Reference(list) = &*it.expr else { panic!("a list") };
                let syn::Expr::Array(list) = &*list.expr else { panic!("a list") };
                for row in &list.elems {
                    let mut found = BTreeSet::new();
                    calls(tokens(row), &mut found);
                    let texts = tokens(row).to_string();
                    let literals: Vec<String> = texts
                        .split_once("Operation :: new")
                        .into_iter()
                        .flat_map(|(_, rest)| syn::parse_str::<TokenStream>(rest).unwrap().into_iter().take(1))
                        .flat_map(|group| match group {
                            TokenTree::Group(group) => group.stream().into_iter().collect::<Vec<_>>(),
                            _ => Vec::new(),
                        })
                        .filter_map(|token| syn::parse_str::<syn::LitStr>(&token.to_string()).ok())
                        .map(|literal| literal.value())
                        .collect();
                    let [_, _, _, method, path] = &literals[..] else { panic!("a row: {literals:?}") };
                    rows.push(((method.clone(), path.clone()), found));
                }
            }
            syn::Item::Struct(it) => {
                if let Some(group) = group(path, "::requests") {
                    let code = &mut requests.entry((group, it.ident.to_string())).or_default().1;
                    code.docs.push_str(&docs(&it.attrs));
                }
            }
            syn::Item::Impl(it) => {
                let Some(name) = last_name(&it.self_ty) else { continue };
                if let Some(group) = group(path, "::requests").filter(|_| name != "Api") {
                    let (_, code) = requests.entry((group, name)).or_default();
                    calls(tokens(it), &mut code.calls);
                    words(tokens(it), &mut code.words);
                } else if name == "Api" || (name == "Client" && path.is_empty()) {
                    let within = group(path, "::requests").unwrap_or_default();
                    for method in &it.items {
                        let syn::ImplItem::Fn(method) = method else { continue };
                        let syn::ReturnType::Type(_, ty) = &method.sig.output else { continue };
                        let Some(request) = last_name(ty) else { continue };
                        let code = &mut requests.entry((within.clone(), request)).or_default().1;
                        calls(tokens(method), &mut code.calls);
                        words(tokens(method), &mut code.words);
                    }
                } else if let Some(group) = group(path, "::errors").filter(|_| it.trait_.is_none()) {
                    requests.entry((group, name)).or_default().1.failures = Some(patterns(it));
                } else if let Some(group) = group(path, "::responses").filter(|_| it.trait_.is_none()) {
                    requests.entry((group, name)).or_default().1.successes = Some(patterns(it));
                } else if path == "::webhooks" || path == "::callbacks" {
                    let names = it.items.iter().filter_map(|item| match item {
                        syn::ImplItem::Const(it) if it.ident == "NAMES" => Some(tokens(&it.expr)),
                        _ => None,
                    });
                    let list = if path == "::webhooks" { &mut text.webhooks } else { &mut text.callbacks };
                    for names in names {
                        let mut found = BTreeSet::new();
                        calls(names, &mut found);
                        list.extend(found.into_iter().map(|(_, name)| name));
                    }
                } else if path == "::servers" {
                    let mut found = BTreeSet::new();
                    calls(tokens(it), &mut found);
                    text.servers.extend(found.into_iter().filter(|(name, _)| name == "documented").map(|(_, url)| url));
                }
            }
            syn::Item::Macro(it) => {
                let Some(group) = group(path, "::requests") else { continue };
                let Some(TokenTree::Ident(name)) = it.mac.tokens.clone().into_iter().next() else { continue };
                let (index, code) = requests.entry((group, name.to_string())).or_default();
                calls(it.mac.tokens.clone(), &mut code.calls);
                words(it.mac.tokens.clone(), &mut code.words);
                let row = it.mac.tokens.to_string();
                let row = row.split_once("OPERATIONS [").and_then(|(_, rest)| rest.split_once("usize"));
                *index = index.or(row.and_then(|(number, _)| number.trim().parse().ok()));
            }
            syn::Item::Const(it) if path == "::headers" => {
                let mut found = BTreeSet::new();
                calls(tokens(it), &mut found);
                text.headers.extend(found.into_iter().map(|(_, wire)| (wire, it.ident.to_string())));
            }
            _ => {}
        }
    }
    for (_, (index, code)) in requests {
        let Some((key, row)) = index.and_then(|index| rows.get(index).cloned()) else { continue };
        let mut code = code;
        code.calls.extend(row);
        text.operations.insert(key, code);
    }
    text
}

/// The declared parts of a document.
struct Walk<'a> {
    document: &'a Value,
    text: &'a Text,
    /// Each part: its kind, its places in the document, and whether the client has it.
    parts: Vec<(Declared, Vec<String>, bool)>,
}

fn token(text: &str) -> String {
    text.replace('~', "~0").replace('/', "~1")
}

fn entries<'v>(node: &'v Value, key: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    node.get(key).and_then(Value::as_object).into_iter().flatten()
}

fn elements<'v>(node: &'v Value, key: &str) -> impl Iterator<Item = (usize, &'v Value)> {
    node.get(key).and_then(Value::as_array).into_iter().flatten().enumerate()
}

fn essence(media: &str) -> String {
    media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

impl<'a> Walk<'a> {
    /// The target of a reference within the document, and the places of both.
    fn follow(&self, node: &'a Value, at: String) -> (&'a Value, Vec<String>) {
        let (mut node, mut places) = (node, vec![at]);
        while let Some(target) = node.get("$ref").and_then(Value::as_str).filter(|_| places.len() < 20) {
            let pointer = target.rsplit_once('#').map_or("", |(_, pointer)| pointer);
            let pointer = pointer.replace("%7B", "{").replace("%7D", "}");
            let Some(found) = self.document.pointer(&pointer) else { break };
            node = found;
            places.push(pointer);
        }
        (node, places)
    }

    fn add(&mut self, what: Declared, places: Vec<String>, has: bool) {
        self.parts.push((what, places, has));
    }

    fn server(&mut self, at: String, has: bool) {
        self.add(Declared::Server, vec![at], has);
    }

    fn document(&mut self) {
        for (index, server) in elements(self.document, "servers") {
            let url = server["url"].as_str().unwrap_or_default();
            self.server(format!("/servers/{index}"), !url.contains("://") || self.text.servers.contains(url));
        }
        for (name, item) in entries(self.document, "webhooks") {
            let (item, places) = self.follow(item, format!("/webhooks/{}", token(name)));
            for method in METHODS.iter().filter(|method| item.get(**method).is_some()) {
                let has = self.text.webhooks.iter().any(|known| known == name || known.ends_with(&format!(" {name}")));
                self.add(Declared::Webhook, places.iter().map(|at| format!("{at}/{method}")).collect(), has);
                let at = &places[places.len() - 1];
                let mut seen = BTreeSet::new();
                for (owner, at) in [(&item[*method], format!("{at}/{method}")), (item, at.clone())] {
                    for (index, written) in elements(owner, "parameters") {
                        let (parameter, places) = self.follow(written, format!("{at}/parameters/{index}"));
                        let text = |key: &str| parameter[key].as_str().unwrap_or_default();
                        if is_ignored(text("name"), text("in")) || !seen.insert((text("name"), text("in"))) {
                            continue;
                        }
                        let name = text("name").to_lowercase();
                        let has = parameter["in"] == "header" && self.text.headers.contains_key(&name);
                        self.add(Declared::WebhookParameter, places, has);
                    }
                }
            }
        }
        for (path, item) in entries(self.document, "paths").filter(|(path, _)| !path.starts_with("x-")) {
            let (item, places) = self.follow(item, format!("/paths/{}", token(path)));
            let standard = METHODS.iter().filter_map(|method| Some((*method, (*method).to_owned(), item.get(method)?)));
            let others = entries(item, "additionalOperations");
            let others = others.map(|(method, it)| (method.as_str(), format!("additionalOperations/{method}"), it));
            for (method, key, operation) in standard.chain(others).collect::<Vec<_>>() {
                let at: Vec<String> = places.iter().map(|place| format!("{place}/{key}")).collect();
                let sent = if METHODS.contains(&method) { method.to_uppercase() } else { method.to_owned() };
                // A path begins with `/`, also if the document forgets it.
                let sent_path = if path.starts_with('/') { path.clone() } else { format!("/{path}") };
                let code = self.text.operations.get(&(sent.clone(), sent_path));
                self.add(Declared::Operation, at.clone(), code.is_some());
                // The last place is the one of the target.
                let (Some(code), [.., at]) = (code, &at[..]) else { continue };
                self.operation(code, operation, at, (item, places[places.len() - 1].as_str()), sent == "HEAD");
            }
        }
    }

    fn operation(&mut self, code: &Code, operation: &'a Value, at: &str, item: (&'a Value, &str), is_head: bool) {
        let mut seen = BTreeSet::new();
        for (owner, place) in [(operation, at), item] {
            for (index, written) in elements(owner, "parameters") {
                let (parameter, places) = self.follow(written, format!("{place}/parameters/{index}"));
                let text = |key: &str| parameter[key].as_str().unwrap_or_default();
                let (name, mut kind) = (text("name").to_owned(), text("in"));
                if is_ignored(&name, kind) || !seen.insert((name.clone(), kind)) {
                    continue;
                }
                if kind == "querystring" {
                    kind = "query_string";
                }
                let wire = if kind == "header" { name.to_lowercase() } else { name };
                let has = code.calls.contains(&(kind.to_owned(), wire));
                self.add(Declared::Parameter, places, has);
            }
            for (index, server) in elements(owner, "servers") {
                let has = server.get("url").is_some() && code.calls.iter().any(|(name, _)| name == "with_server");
                self.server(format!("{place}/servers/{index}"), has);
            }
        }
        for (name, _) in entries(operation, "callbacks") {
            let has = self.text.callbacks.iter().any(|known| format!(" {known} ").contains(&format!(" {name} ")));
            self.add(Declared::Callback, vec![format!("{at}/callbacks/{}", token(name))], has);
        }
        if let Some(body) = operation.get("requestBody") {
            let (body, places) = self.follow(body, format!("{at}/requestBody"));
            for (media, _) in entries(body, "content") {
                let known = essence(media);
                let json =
                    |media: &str| code.calls.iter().any(|(name, it)| name == "body_json" && essence(it) == media);
                let sent =
                    |function: &str| code.calls.iter().any(|(name, it)| name == function && essence(it) == known);
                let has = json(&known)
                    || sent("body_bytes")
                    || sent("body_parts")
                    || (known == "application/x-www-form-urlencoded" && code.words.contains("body_form"))
                    // The caller names the media type, or sends JSON.
                    || (known.contains('*') && (code.words.contains("MediaType") || json("application/json")));
                self.add(Declared::RequestMedia, below(&places, "content", media), has);
            }
        }
        // Without a documented success, the default response is the success.
        let only_default = !entries(operation, "responses").any(|(status, _)| status.starts_with('2'));
        for (status, written) in entries(operation, "responses").filter(|(status, _)| !status.starts_with("x-")) {
            let (response, places) = self.follow(written, format!("{at}/responses/{}", token(status)));
            let content: Vec<&String> = entries(response, "content").map(|(media, _)| media).collect();
            let is_success = status.starts_with('2') || (status == "default" && only_default);
            let (has, is_status) = code.has_status(status, response, is_success);
            self.add(Declared::Status, places.clone(), has);
            for (name, _) in entries(response, "headers").filter(|(name, _)| name.to_lowercase() != "content-type") {
                let constant = self.text.headers.get(&name.to_lowercase());
                let has = is_status && constant.is_some_and(|it| code.docs.contains(&format!("`{it}`")));
                self.add(Declared::Header, below(&places, "headers", name), has);
            }
            for media in content.into_iter().filter(|_| !is_head) {
                let known = essence(media);
                let requested =
                    code.calls.iter().filter(|(name, _)| ["with_success", "new", "json_as"].contains(&name.as_str()));
                let requested =
                    requested.flat_map(|(_, accept)| accept.split(',')).map(essence).collect::<BTreeSet<_>>();
                // `Error::body` has the body of every failure.
                let has = is_status
                    && (!is_success
                        || requested.contains(&known)
                        || requested.contains("*/*")
                        || (known.contains('*') && requested.contains("application/json"))
                        || code.docs.to_lowercase().contains(&format!("`{known}")));
                self.add(Declared::ResponseMedia, below(&places, "content", media), has);
            }
        }
    }
}

/// The places of a member of an object.
fn below(places: &[String], key: &str, member: &str) -> Vec<String> {
    places.iter().map(|at| format!("{at}/{key}/{}", token(member))).collect()
}

impl Code {
    /// Whether the body of a status has its own type, and whether it is a status.
    fn has_status(&self, status: &str, response: &Value, is_success: bool) -> (bool, bool) {
        let digits = status.get(1..).unwrap_or_default();
        let is_status = status == "default"
            || (status.len() == 3
                && ('1'..='5').contains(&status.chars().next().unwrap_or_default())
                && (digits.chars().all(|c| c.is_ascii_digit()) || digits.eq_ignore_ascii_case("xx")));
        let mut json = entries(response, "content").filter(|(media, _)| essence(media) == "application/json");
        let typed = json.any(|(_, content)| content.get("schema").is_some());
        let pattern = match (status, digits.to_lowercase().as_str()) {
            ("default", _) => "_".to_owned(),
            (_, "xx") => format!("{0}00..={0}99", &status[..1]),
            _ => status.to_owned(),
        };
        let has = |all: &Option<BTreeSet<String>>| all.as_ref().is_some_and(|all| all.contains(&pattern));
        let found = if is_success {
            self.successes.is_none() || has(&self.successes)
        } else {
            !typed || status.starts_with('1') || has(&self.failures)
        };
        (is_status && found, is_status)
    }
}

/// The parts of a document that its client does not have, without a note that names them.
pub(crate) fn missing(document: &Node, client: &Client, code: &str) -> (BTreeMap<Declared, usize>, Vec<String>) {
    let (document, text) = (document.to_json(), read(code));
    let mut walk = Walk { document: &document, text: &text, parts: Vec::new() };
    walk.document();
    let mut declared = BTreeMap::new();
    let mut missing = Vec::new();
    for (what, places, has) in walk.parts {
        *declared.entry(what).or_default() += 1;
        let names = |at: &String| {
            client.notes.iter().any(|note| {
                let (note, kind) = (note.pointer.as_str(), note.kind);
                // A note about an operation does not explain its parts, unless the operation was left out.
                let within = at.strip_prefix(note).is_some_and(|rest| rest.starts_with('/'));
                kind != Kind::Unchecked
                    && (note == at || (within && kind == Kind::Skip) || (within && note.matches('/').count() > 3))
            })
        };
        if !has && !places.iter().any(names) {
            missing.push(format!("{what}: {}", places.join(" -> ")));
        }
    }
    (declared, missing)
}

/// OpenAPI ignores parameters with these names.
fn is_ignored(name: &str, place: &str) -> bool {
    place == "header" && ["accept", "content-type", "authorization"].contains(&name.to_lowercase().as_str())
}
