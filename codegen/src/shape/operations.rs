//! Operations that progenitor can express: one body, one success type, one error type, plain parameters.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Map, Node, Pointer};
use crate::grammar;
use crate::note::{Kind, Stage};

use super::model::{Body, BodyContent, ErrorBody, Operation, Paging, Param, Payload, Place, Type};
use super::names;
use super::types::{Types, View};
use crate::grammar::resolve;

/// What becomes of documented error bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errors {
    /// Each operation has one typed error.
    Typed,
    /// Every failure is handed over unread; a layer above makes one error of it.
    Raw,
}

/// Names of methods and fields that a generated client has anyway.
const TAKEN: [&str; 10] =
    ["new", "new_with_client", "baseurl", "client", "inner", "pre", "post", "exec", "api_version", "clone"];
/// Names of variables inside generated methods.
const TAKEN_ARGUMENTS: [&str; 5] = ["body", "content_type", "header_map", "info", "value"];

pub(super) fn shape(document: &Node, errors: Errors, types: &mut Types<'_>) -> Vec<Operation> {
    let names = method_names(document);
    let mut operations = Vec::new();
    let mut paths = BTreeSet::new();
    for (path, method, node, item) in grammar::operations(document) {
        let at = Pointer::root().join("paths").join(path).join(method);
        let Some(name) = names.get(&(path.to_owned(), method.to_owned())).cloned() else { continue };
        // Two templates that differ in names only are one path to a server.
        let anonymous: String = path
            .split('{')
            .map(|part| part.split_once('}').map_or(part, |(_, rest)| rest))
            .collect::<Vec<_>>()
            .join("{}");
        if !paths.insert((method, anonymous)) {
            let reason =
                format!("the operation `{name}` was left out: another one has the same path but for the names in it");
            types.note(Kind::Skip, &at, node, reason);
            continue;
        }
        let Some(template) = template(path) else {
            let reason = format!("the operation `{name}` was left out: `{path}` is not a path template");
            types.note(Kind::Skip, &at, node, reason);
            continue;
        };
        if let Some(servers) = node.get("servers").or_else(|| item.get("servers")) {
            types.note(
                Kind::Loss,
                &at.join("servers"),
                servers,
                "the operation has servers of its own; it is sent where the client's others are",
            );
        }
        let hint = names::pascal(&name);
        let mut shaping = Shaping { document, types, at, name: &name, hint, node, path: path.to_owned() };
        let params = shaping.params(item, &template);
        let (body, content_type) = shaping.body();
        let (success, accept) = shaping.success();
        let errors = match errors {
            Errors::Typed => shaping.errors(),
            Errors::Raw => ErrorBody::Raw,
        };
        let path = shaping.path;
        let at = shaping.at;
        let text = |key: &str| node.str(key).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let mut params = params;
        params.extend(content_type);
        operations.push(Operation {
            id: node.str("operationId").map_or_else(|| name.clone(), str::to_owned),
            method: method.to_owned(),
            path,
            summary: text("summary"),
            description: text("description"),
            deprecated: node.is_true("deprecated"),
            params,
            body,
            success,
            accept,
            errors,
            idempotent: match node.get("x-idempotent").and_then(Node::as_bool) {
                Some(hint) => hint,
                None => !matches!(method, "post" | "patch"),
            },
            paging: paging(node),
            pointer: at,
            node: node.clone(),
            group: None,
            name,
        });
    }
    operations
}

fn paging(node: &Node) -> Option<Paging> {
    let hint = node.get("x-paging")?;
    let text = |key: &str| hint.str(key).map(str::to_owned);
    Some(Paging { items: text("items")?, token: text("token")?, next: text("next")? })
}

/// The parameters of a path template in order; `None` if it is not one.
fn template(path: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = path;
    while let Some(open) = rest.find(['{', '}']) {
        let inner = rest.get(open..)?.strip_prefix('{')?;
        let (name, tail) = inner.split_once('}')?;
        if name.is_empty() || name.contains(['{', '/']) {
            return None;
        }
        // One that stands twice is one argument.
        if names.iter().all(|known| known != name) {
            names.push(name.to_owned());
        }
        rest = tail;
    }
    Some(names)
}

/// Method names by path and method: `x-rust-name`, `x-speakeasy-name-override`, or the last segment of the operationId;
/// two that would be equal are each qualified by their group.
fn method_names(document: &Node) -> BTreeMap<(String, String), String> {
    let mut candidates = Vec::new();
    for (path, method, node, _) in grammar::operations(document) {
        let place = names::snake(&format!("{method} {}", path.replace(['{', '}'], " ")));
        let mut options = Vec::new();
        if let Some(given) = node.str("x-rust-name") {
            options.push(names::snake(given));
        }
        let id = node.str("operationId");
        let last = id.and_then(|id| id.rsplit(['.', '/']).next());
        let short = node.str("x-speakeasy-name-override").or(last);
        let first_tag = node.get("tags").and_then(Node::as_array).and_then(<[Node]>::first).and_then(Node::as_str);
        let group =
            node.str("x-speakeasy-group").or_else(|| id.and_then(|id| id.rsplit(['.', '/']).nth(1))).or(first_tag);
        if let Some(short) = short {
            options.push(names::snake(short));
            if let Some(group) = group {
                options.push(names::snake(&format!("{group} {short}")));
            }
        }
        options.extend(id.map(names::snake));
        options.push(place.clone());
        options.push(names::snake(&format!("{place} operation")));
        // What the generator would spell differently is not a name we can rely on.
        let stable = |name: &String| {
            heck::ToSnakeCase::to_snake_case(name.as_str()) == name.trim_end_matches('_')
                && !TAKEN.contains(&name.as_str())
        };
        options.retain(stable);
        candidates.push(((path.to_owned(), method.to_owned()), options));
    }
    let mut level = vec![0_usize; candidates.len()];
    loop {
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, (_, options)) in candidates.iter().enumerate() {
            if let Some(name) = options.get(level[index]) {
                by_name.entry(name.trim_end_matches('_')).or_default().push(index);
            }
        }
        let clashing: Vec<usize> = by_name.into_values().filter(|indexes| indexes.len() > 1).flatten().collect();
        let mut moved = false;
        for index in clashing {
            if level[index] + 1 < candidates[index].1.len() {
                level[index] += 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    let mut taken = BTreeSet::new();
    let mut names = BTreeMap::new();
    for (index, (key, options)) in candidates.into_iter().enumerate() {
        let mut name = options.get(level[index]).cloned().unwrap_or_else(|| "operation".to_owned());
        while !taken.insert(name.trim_end_matches('_').to_owned()) {
            name = format!("{}_again", name.trim_end_matches('_'));
        }
        names.insert(key, name);
    }
    names
}

struct Shaping<'a, 'b> {
    document: &'a Node,
    types: &'a mut Types<'b>,
    at: Pointer,
    name: &'a str,
    /// What types made for this operation are named after.
    hint: String,
    node: &'a Node,
    /// The path template, with what the styles of its parameters write before their values.
    path: String,
}

impl Shaping<'_, '_> {
    fn params(&mut self, item: &Node, template: &[String]) -> Vec<Param> {
        let mut found: Vec<(Node, Pointer)> = Vec::new();
        let path_item = Pointer::from(self.at.as_str().rsplit_once('/').map_or("", |(item, _)| item));
        for (owner, base) in [(self.node, self.at.clone()), (item, path_item)] {
            for (index, parameter) in owner.get("parameters").and_then(Node::as_array).into_iter().flatten().enumerate()
            {
                let parameter = resolve(self.document, parameter);
                let same = |other: &(Node, Pointer)| {
                    other.0.str("name") == parameter.str("name") && other.0.str("in") == parameter.str("in")
                };
                if !found.iter().any(same) {
                    found.push((parameter.clone(), base.join("parameters").join(index)));
                }
            }
        }
        let mut params = Vec::new();
        let mut cookies = Vec::new();
        for (node, at) in &found {
            let Some(wire) = node.str("name") else {
                self.types.note(Kind::Mend, at, node, "a parameter without a name was left out");
                continue;
            };
            match node.str("in") {
                Some("path") if template.iter().any(|name| name == wire) => {
                    params.push(self.param(node, at, wire, Place::Path))
                }
                Some("path") => self.types.note(
                    Kind::Mend,
                    at,
                    node,
                    format!("the path has no `{{{wire}}}`; the parameter was left out"),
                ),
                Some("query") => self.query(node, at, wire, &mut params),
                Some("header") if is_ignored_header(wire) => {}
                Some("header") if wire.eq_ignore_ascii_case("cookie") => {
                    cookies.push((wire.to_owned(), node.is_true("required"), at.clone(), node.clone()));
                }
                Some("header") if http_token(wire) => params.push(self.param(node, at, wire, Place::Header)),
                Some("header") => self.types.note(Kind::Loss, at, node, format!("`{wire}` is not a header name")),
                Some("cookie") => cookies.push((wire.to_owned(), node.is_true("required"), at.clone(), node.clone())),
                _ => self.types.note(Kind::Mend, at, node, "a parameter that is in no known place was left out"),
            }
        }
        for name in template {
            if !params.iter().any(|param| param.place == Place::Path && param.wire == *name) {
                let reason = format!("the path names `{{{name}}}`, which no parameter declares; it is a string");
                self.types.notes.push(Stage::Shape, Kind::Mend, &self.at, self.node, reason);
                params.push(Param {
                    name: String::new(),
                    wire: name.clone(),
                    place: Place::Path,
                    required: true,
                    ty: Type::String,
                    doc: String::new(),
                });
            }
        }
        if let Some((_, _, at, node)) = cookies.first() {
            self.types.note(Kind::Rename, at, node, "cookie parameters are given together, as the `cookie` header");
            let list: Vec<String> = cookies.iter().map(|(name, ..)| format!("`{name}`")).collect();
            let doc = format!("The `Cookie` header: {} as `name=value`, separated by `; `.", list.join(", "));
            let required = cookies.iter().any(|(_, required, ..)| *required);
            params.push(Param {
                name: String::new(),
                wire: "cookie".to_owned(),
                place: Place::Header,
                required,
                ty: Type::String,
                doc,
            });
        }
        name_arguments(&mut params);
        // In the order of the path, then as written.
        let order = |param: &Param| match param.place {
            Place::Path => template.iter().position(|name| *name == param.wire).unwrap_or_default(),
            _ => template.len(),
        };
        // The order progenitor gives them: path, query by name, header by name.
        params.sort_by(|a, b| {
            let rank = |param: &Param| (order(param), param.place == Place::Header);
            rank(a)
                .cmp(&rank(b))
                .then_with(|| if a.place == Place::Path { std::cmp::Ordering::Equal } else { a.name.cmp(&b.name) })
        });
        params
    }

    fn param(&mut self, node: &Node, at: &Pointer, wire: &str, place: Place) -> Param {
        let required = place == Place::Path || node.is_true("required");
        let mut text = node.str("description").unwrap_or_default().trim().to_owned();
        let mut ty = Type::String;
        if let Some(schema) = node.get("schema") {
            let hint = format!("{}{}", self.hint, names::pascal(wire));
            ty = self.types.type_of(schema, &at.join("schema"), &hint, View::Write);
            ty = ty.inner().clone();
        } else {
            append(&mut text, "JSON text.");
        }
        // What the `matrix` and `label` styles put before a value, and between several (RFC 6570, section 3.2).
        let (before, between) = match node.str("style").filter(|_| place == Place::Path) {
            Some("matrix") => (format!(";{wire}="), format!(";{wire}=")),
            Some("label") => (".".to_owned(), ".".to_owned()),
            _ => (String::new(), ",".to_owned()),
        };
        if !before.is_empty() {
            let placeholder = format!("{{{wire}}}");
            self.path = self.path.replace(&placeholder, &format!("{before}{placeholder}"));
        }
        if place != Place::Query && !self.types.is_scalar(&ty) {
            let style = if place == Place::Path { "in the path" } else { "in the header" };
            let between = if node.is_true("explode") { between } else { ",".to_owned() };
            self.types.note(
                Kind::Rename,
                at,
                node,
                format!("`{wire}` is a string here: values are written {style} separated by `{between}`"),
            );
            append(&mut text, &format!("Values are separated by `{between}`."));
            ty = Type::String;
        }
        Param { name: String::new(), wire: wire.to_owned(), place, required, ty, doc: text }
    }

    fn query(&mut self, node: &Node, at: &Pointer, wire: &str, params: &mut Vec<Param>) {
        let style = node.str("style").unwrap_or("form");
        let explode = node.get("explode").and_then(Node::as_bool).unwrap_or(style == "form");
        let mut param = self.param(node, at, wire, Place::Query);
        if node.get("schema").is_none() {
            return params.push(param);
        }
        let list = self.types.is_list(&param.ty);
        let object = self.types.fields_of(&param.ty);
        if style == "deepObject" {
            if let Some(fields) = &object
                && fields.iter().all(|(_, ty, _, _)| self.types.is_scalar(ty) || self.types.is_list(ty))
            {
                for (field, ty, required, doc) in fields {
                    params.push(Param {
                        name: String::new(),
                        wire: format!("{wire}[{field}]"),
                        place: Place::Query,
                        required: param.required && *required,
                        ty: ty.inner().clone(),
                        doc: doc.clone(),
                    });
                }
                self.types.note(
                    Kind::Rename,
                    at,
                    node,
                    format!("the object `{wire}` is given as one argument for each of its properties"),
                );
                return;
            }
            append(&mut param.doc, &format!("Keys are written in full, as in `{wire}[key]`."));
            self.types.note(
                Kind::Rename,
                at,
                node,
                format!("`{wire}` is a map here, whose keys are written in full, as in `{wire}[key]`"),
            );
            param.ty = Type::Map(Box::new(Type::String));
            return params.push(param);
        }
        let separator = match style {
            "spaceDelimited" => "spaces",
            "pipeDelimited" => "`|`",
            _ => "commas",
        };
        if let Some(fields) = &object
            && explode
            && !fields.iter().all(|(_, ty, _, _)| self.types.is_scalar(ty))
        {
            // A value that is no scalar has no place in such an object: each property is written by itself.
            for (field, ty, required, doc) in fields {
                let ty = ty.inner().clone();
                let flat = self.types.is_scalar(&ty) || self.types.is_flat_list(&ty);
                params.push(Param {
                    name: String::new(),
                    wire: field.clone(),
                    place: Place::Query,
                    required: param.required && *required,
                    ty: if flat { ty } else { Type::String },
                    doc: doc.clone(),
                });
            }
            let reason = format!("the object `{wire}` is given as one argument for each of its properties");
            self.types.note(Kind::Rename, at, node, reason);
            return;
        }
        let flat = self.types.is_scalar(&param.ty) || self.types.is_flat_list(&param.ty);
        if !explode && !self.types.is_scalar(&param.ty) || list && !flat {
            self.types.note(
                Kind::Rename,
                at,
                node,
                format!("`{wire}` is a string here: its values are separated by {separator}"),
            );
            append(&mut param.doc, &format!("Values are separated by {separator}."));
            param.ty = Type::String;
        }
        params.push(param);
    }

    /// The body, and the parameter for its media type if the caller has to say it.
    fn body(&mut self) -> (Option<Body>, Option<Param>) {
        let Some(written) = self.node.get("requestBody") else { return (None, None) };
        let body = resolve(self.document, written);
        let at = self.at.join("requestBody").join("content");
        let Some(content) = body.get("content").and_then(Node::as_object).filter(|content| !content.is_empty()) else {
            return (None, None);
        };
        let doc = body.str("description").unwrap_or_default().trim().to_owned();
        let required = body.is_true("required");
        // The first that is typed best.
        let rank = |media: &str, node: &Node| match essence(media).as_str() {
            "application/json" => 0,
            // Of two ways to change a part, the one that is written like the whole.
            "application/merge-patch+json" => 1,
            "application/json-patch+json" => 3,
            other if is_json(other) => 2,
            other if self.may_be_json(other, node) => 4,
            "application/x-www-form-urlencoded" => 5,
            _ => 6,
        };
        let best = content.iter().min_by_key(|(media, node)| rank(media, node));
        let Some((media, chosen)) = best else { return (None, None) };
        for (other, node) in content.iter().filter(|(other, _)| *other != media) {
            let reason = format!("the body is sent as `{media}`; as `{other}` it cannot be");
            self.types.note(Kind::Loss, &at.join(other), node, reason);
        }
        let schema_at = at.join(media).join("schema");
        let hint = format!("{}Body", self.hint);
        let typed = |types: &mut Types<'_>| {
            chosen.get("schema").map_or(Type::Any, |schema| types.type_of(schema, &schema_at, &hint, View::Write))
        };
        let content = match essence(media).as_str() {
            json if is_json(json) || self.may_be_json(json, chosen) => {
                BodyContent::Json(typed(self.types), json_header(media))
            }
            "application/x-www-form-urlencoded" => {
                let ty = typed(self.types);
                match self.types.fields_of(&ty) {
                    Some(fields) if fields.iter().all(|(_, ty, _, _)| self.types.is_scalar(ty)) => {
                        BodyContent::Form(ty)
                    }
                    _ => {
                        self.types.note(
                            Kind::Rename,
                            &at.join(media),
                            chosen,
                            "a form with nested values is given as its encoded bytes",
                        );
                        BodyContent::Raw(Some(media.clone()))
                    }
                }
            }
            other if other.starts_with("multipart/") || other.contains('*') || !media_type(other) => {
                let reason = "the body is given as bytes, with its content type (and boundary) beside it";
                self.types.note(Kind::Rename, &at.join(media), chosen, reason);
                BodyContent::Raw(None)
            }
            _ => BodyContent::Raw(Some(media.clone())),
        };
        let param = matches!(content, BodyContent::Raw(None)).then(|| Param {
            name: "content_type".to_owned(),
            wire: "content-type".to_owned(),
            place: Place::Header,
            required: true,
            ty: Type::String,
            doc: "Media type of the body.".to_owned(),
        });
        (Some(Body { required, content, doc }), param)
    }

    /// What a success holds, and the media type to ask for if it is not plain JSON.
    fn success(&mut self) -> (Payload, Option<String>) {
        for (status, response, at) in self.responses(|status| status.starts_with('3')) {
            if response.get("content").is_some() {
                let reason = format!("an answer of {status} is an error here, with its body unread");
                self.types.note(Kind::Loss, &at, &response, reason);
            }
        }
        let responses = self.responses(|status| status.starts_with('2'));
        let responses = if responses.is_empty() { self.responses(|status| status == "default") } else { responses };
        let mut json = Vec::new();
        let mut accept: Option<String> = None;
        let mut empty = false;
        let mut stream = None;
        for (status, response, at) in &responses {
            if let Some(headers) = response.get("headers").filter(|it| it.as_object().is_some_and(|it| !it.is_empty()))
            {
                let reason = "the headers of the answer are not part of what the method gives";
                self.types.note(Kind::Loss, &at.join("headers"), headers, reason);
            }
            let content = response.get("content").and_then(Node::as_object).filter(|content| !content.is_empty());
            // An answer to HEAD has no body, whatever is said of it (RFC 9110, section 9.3.2).
            let Some(content) = content.filter(|_| !self.at.as_str().ends_with("/head")) else {
                empty = true;
                continue;
            };
            match self.json_of(content) {
                Some((media, node)) => {
                    for (other, node) in
                        content.iter().filter(|(other, _)| *other != media && !is_json(&essence(other)))
                    {
                        let reason = format!(
                            "the answer is asked for as JSON; as `{other}` it is not reachable through this method"
                        );
                        self.types.note(Kind::Loss, &at.join("content").join(other), node, reason);
                    }
                    let asked = json_header(media);
                    if asked != "application/json" && accept.is_none() {
                        accept = Some(asked);
                    }
                    let hint = if responses.len() == 1 || status == "200" {
                        format!("{}Response", self.hint)
                    } else {
                        format!("{}{}Response", self.hint, names::pascal(&format!("status {status}")))
                    };
                    json.push(match node.get("schema") {
                        Some(schema) => self.types.type_of(
                            schema,
                            &at.join("content").join(media).join("schema"),
                            &hint,
                            View::Read,
                        ),
                        None => Type::Any,
                    });
                }
                None => {
                    let described = |node: &&Node| node.get("schema").is_some_and(|it| !self.types.is_text(it));
                    let lost = content.iter().find(|(_, node)| described(node));
                    if let Some((media, node)) = lost {
                        let reason = format!("the answer is given as bytes; what `{media}` is made of is not read");
                        self.types.note(Kind::Loss, &at.join("content").join(media), node, reason);
                    }
                    stream = Some(at.clone());
                }
            }
        }
        match (json.is_empty(), stream) {
            (true, Some(_)) => (Payload::Stream, None),
            (true, None) if empty => (Payload::Empty, None),
            (true, None) => (Payload::Stream, None),
            (false, stream) => {
                if let Some(at) = stream {
                    self.types.note(
                        Kind::Loss,
                        &at,
                        self.node,
                        "one success is JSON and another is not; only the JSON is read",
                    );
                }
                let hint = format!("{}Success", self.hint);
                let doc = format!("What `{}` answers when it succeeds.", self.name);
                let ty = self.types.any_of(&hint, &doc, &self.at, json);
                // Of a JSON and an empty success, the empty one is `None`.
                (Payload::Json(if empty { ty.nullable() } else { ty }), accept)
            }
        }
    }

    fn errors(&mut self) -> ErrorBody {
        let mut types = Vec::new();
        for (status, response, at) in self.responses(|status| status.starts_with(['4', '5']) || status == "default") {
            let content = response.get("content").and_then(Node::as_object);
            let Some((media, node)) = content.and_then(|content| self.json_of(content)) else { continue };
            let Some(schema) = node.get("schema") else { continue };
            let hint = format!(
                "{}{}Error",
                self.hint,
                if status == "default" { String::new() } else { names::pascal(&format!("status {status}")) }
            );
            types.push(self.types.type_of(schema, &at.join("content").join(media).join("schema"), &hint, View::Read));
        }
        if types.is_empty() {
            return ErrorBody::Raw;
        }
        let hint = format!("{}Error", self.hint);
        let doc = format!("What `{}` answers when it fails.", self.name);
        ErrorBody::Json(self.types.any_of(&hint, &doc, &self.at, types))
    }

    /// What is read as JSON, the plainest first.
    fn json_of<'c>(&self, content: &'c Map) -> Option<(&'c String, &'c Node)> {
        let exact = content.iter().find(|(media, _)| essence(media) == "application/json");
        let other = || content.iter().find(|(media, _)| is_json(&essence(media)));
        exact.or_else(other).or_else(|| content.iter().find(|(media, node)| self.may_be_json(&essence(media), node)))
    }

    /// Whether a content of any media type may be JSON: text and bytes would not be quoted.
    fn may_be_json(&self, essence: &str, content: &Node) -> bool {
        let any = matches!(essence, "*/*" | "application/*");
        any && content.get("schema").is_some_and(|schema| !self.types.is_text(schema))
    }

    fn responses(&self, wanted: impl Fn(&str) -> bool) -> Vec<(String, Node, Pointer)> {
        let responses = self.node.get("responses").and_then(Node::as_object);
        let chosen = responses.into_iter().flatten().filter(|(status, _)| wanted(status));
        chosen
            .map(|(status, node)| {
                (status.clone(), resolve(self.document, node).clone(), self.at.join("responses").join(status))
            })
            .collect()
    }
}

fn append(doc: &mut String, sentence: &str) {
    if !doc.is_empty() {
        doc.push(' ');
    }
    doc.push_str(sentence);
}

fn essence(media: &str) -> String {
    media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A media type with the parameters that tell it from others, as a header carries it. JSON has one charset.
fn header_text(media: &str) -> String {
    let telling = |parameter: &&str| {
        !parameter.is_empty()
            && !parameter.to_ascii_lowercase().starts_with("charset=")
            && parameter.bytes().all(|byte| (0x20..0x7f).contains(&byte))
    };
    media.split(';').skip(1).map(str::trim).filter(telling).fold(essence(media), |text, it| format!("{text}; {it}"))
}

/// The media type by which JSON is sent and asked for, where a wildcard leaves it open.
fn json_header(media: &str) -> String {
    if essence(media).contains('*') { "application/json".to_owned() } else { header_text(media) }
}

fn is_json(essence: &str) -> bool {
    essence == "application/json" || (essence.ends_with("+json") && media_type(essence)) || essence == "text/json"
}

/// Whether text is a media type a header can carry (RFC 9110, section 8.3.1).
fn media_type(text: &str) -> bool {
    text.split_once('/').is_some_and(|(kind, subtype)| http_token(kind) && http_token(subtype))
}

/// RFC 9110, section 5.6.2.
fn http_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Headers a parameter of the document cannot set: the specification says they are ignored.
fn is_ignored_header(name: &str) -> bool {
    ["accept", "content-type", "authorization"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Argument names: distinct, and spelt as the generator spells them.
fn name_arguments(params: &mut [Param]) {
    let mut taken: BTreeSet<String> = TAKEN_ARGUMENTS.iter().map(|name| (*name).to_owned()).collect();
    for param in params {
        let base = names::snake(&param.wire);
        let bare = base.trim_end_matches('_').trim_start_matches('_').to_owned();
        let place = match param.place {
            Place::Path => "path",
            Place::Query => "query",
            Place::Header => "header",
        };
        let mut name = if base.starts_with('_') { format!("{place}_{bare}") } else { base };
        while !taken.insert(name.trim_end_matches('_').to_owned()) {
            name = format!("{}_{place}", name.trim_end_matches('_'));
        }
        // The generator spells names by `heck`: what it would change is changed here first.
        let spelt = heck::ToSnakeCase::to_snake_case(name.as_str());
        if spelt != name.trim_end_matches('_') {
            name = if taken.insert(spelt.clone()) { spelt } else { name };
        }
        param.name = name;
    }
}
