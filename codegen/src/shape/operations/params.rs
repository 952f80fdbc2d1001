//! Parameters: their places, their serialization, and their names.

use std::collections::BTreeSet;

use crate::document::{Map, Node, Pointer};
use crate::grammar::resolve_at;
use crate::note::{Fix, Kind, Stage};

use super::bodies::encoding;
use super::media::{essence, http_token, is_json};
use super::names;
use super::shaping::{Shaping, component_hint};
use crate::shape::context::View;
use crate::shape::model::{Param, Place, Style, Type, Writing};

/// Names that every request has.
const TAKEN: [&str; 12] =
    ["body", "raw_body", "send", "stream", "accept", "items", "call", "begin", "into_future", "clone", "fmt", "self"];

/// Names that are in use in methods that take required parameters as arguments.
const TAKEN_BY_METHODS: [&str; 4] = ["request", "response", "error", "media_type"];

/// The parameters of a path template in order; `None` if it is not a template.
pub(super) fn template(path: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = path;
    while let Some(open) = rest.find(['{', '}']) {
        let inner = rest.get(open..)?.strip_prefix('{')?;
        let (name, tail) = inner.split_once('}')?;
        if name.is_empty() || name.contains(['{', '/']) {
            return None;
        }
        // A parameter that occurs twice in the path is one argument.
        if names.iter().all(|known| known != name) {
            names.push(name.to_owned());
        }
        rest = tail;
    }
    Some(names)
}

/// The members to add to an operation so that it declares a path parameter as a required string.
fn declared(name: &str) -> Node {
    let object = |members: Vec<(&str, Node)>| {
        Node::made(members.into_iter().map(|(key, node)| (key.to_owned(), node)).collect::<Map>())
    };
    let schema = object(vec![("type", Node::made("string"))]);
    let parameter = object(vec![
        ("name", Node::made(name)),
        ("in", Node::made("path")),
        ("required", Node::made(true)),
        ("schema", schema),
    ]);
    object(vec![("parameters", Node::made(vec![parameter]))])
}

impl Shaping<'_, '_> {
    pub(super) fn params(&mut self, item: &Node, template: &[String]) -> Vec<Param> {
        let mut found: Vec<(Node, Pointer)> = Vec::new();
        let path_item = Pointer::root().join("paths").join(self.path);
        for (owner, base) in [(self.node, self.at.clone()), (item, path_item)] {
            for (index, parameter) in owner.get("parameters").and_then(Node::as_array).into_iter().flatten().enumerate()
            {
                let at = base.join("parameters").join(index);
                let (parameter, at) = resolve_at(self.document, parameter, at);
                let same = |other: &(Node, Pointer)| {
                    other.0.str("name") == parameter.str("name") && other.0.str("in") == parameter.str("in")
                };
                if !found.iter().any(same) {
                    found.push((parameter.clone(), at));
                }
            }
        }
        let mut params = Vec::new();
        for (node, at) in &found {
            let Some(wire) = node.str("name") else {
                self.types.note(Kind::Correction, at, node, "a parameter without a name was left out");
                continue;
            };
            match node.str("in") {
                Some("path") if template.iter().any(|name| name == wire) => {
                    params.push(self.param(node, at, wire, Place::Path));
                }
                Some("path") => {
                    let reason = format!("the path has no `{{{wire}}}`; the parameter was left out");
                    self.types.notes.push(Stage::Shape, Kind::Correction, at, node, reason).fixed_by(Fix::Remove);
                }
                Some("query") => params.push(self.param(node, at, wire, Place::Query)),
                Some("querystring") if params.iter().any(|param| param.place == Place::QueryString) => {
                    self.types.note(Kind::Correction, at, node, "another parameter is already the whole query string");
                }
                Some("querystring") => params.push(self.param(node, at, wire, Place::QueryString)),
                Some("header") if is_ignored_header(wire) => {}
                Some("header") if http_token(wire) => params.push(self.param(node, at, wire, Place::Header)),
                Some("header") => self.types.note(Kind::Loss, at, node, format!("`{wire}` is not a header name")),
                Some("cookie") if http_token(wire) => params.push(self.param(node, at, wire, Place::Cookie)),
                Some("cookie") => self.types.note(Kind::Loss, at, node, format!("`{wire}` is not a cookie name")),
                _ => self.types.note(Kind::Correction, at, node, "a parameter in an unknown place was left out"),
            }
        }
        for name in template {
            if !params.iter().any(|param| param.place == Place::Path && param.wire == *name) {
                let reason = format!("the path names `{{{name}}}`, which no parameter declares; it is a string");
                let (at, node) = (self.at.clone(), self.node.clone());
                let note = self.types.notes.push(Stage::Shape, Kind::Correction, &at, &node, reason);
                note.fixed_by(Fix::Update(declared(name)));
                params.push(Param {
                    name: String::new(),
                    wire: name.clone(),
                    place: Place::Path,
                    required: true,
                    ty: Type::String,
                    kind: None,
                    own: Vec::new(),
                    writing: Writing { style: Style::Simple, explode: false, reserved: false, json: false },
                    form: false,
                    encoding: Vec::new(),
                    may_be_empty: false,
                    doc: String::new(),
                });
            }
        }
        // In the order of the path, then by place and name. The order of the document does not matter.
        let order = |param: &Param| match param.place {
            Place::Path => template.iter().position(|name| *name == param.wire).unwrap_or_default(),
            _ => template.len(),
        };
        params.sort_by(|a, b| (order(a), a.place, &a.wire).cmp(&(order(b), b.place, &b.wire)));
        name_arguments(&mut params);
        let path = self.path.to_owned();
        for param in &mut params {
            param.kind = self.kind(param, &path);
        }
        params
    }

    fn param(&mut self, node: &Node, at: &Pointer, wire: &str, place: Place) -> Param {
        let required = place == Place::Path || node.is_true("required");
        let doc = node.str("description").unwrap_or_default().trim().to_owned();
        let content = node.get("content").and_then(Node::as_object).and_then(|content| content.iter().next());
        let media = content.map(|(media, _)| essence(media));
        let at_media = content.map(|(media, _)| at.join("content").join(media));
        let json = media
            .as_ref()
            .zip(at_media.as_ref())
            .is_some_and(|(media, at)| is_json(media) || (place != Place::QueryString && self.may_be_json(media, at)));
        let form = media.as_deref() == Some("application/x-www-form-urlencoded");
        let schema_at = at_media.as_ref().unwrap_or(at).join("schema");
        let schema = self.types.model.at(&schema_at);
        // For another media type, the caller passes the text. A scalar in a `text` media type keeps its type, because
        // it is written as plain text.
        let is_text = media.as_deref().filter(|_| !json && !form).is_some_and(|media| {
            let scalar = schema.is_none_or(|schema| self.types.is_scalar(schema));
            !(scalar && media.starts_with("text/"))
        });
        let items = at_media.as_ref().and_then(|at| self.types.model.at(&at.join("itemSchema")));
        if let Some((written, content)) = content.filter(|_| is_text)
            && (items.is_some() || schema.is_some_and(|schema| !self.types.is_text(schema)))
        {
            let reason = format!("the parameter `{wire}` is passed as the text of `{written}`, which is sent as it is");
            self.types.note(Kind::Rename, at_media.as_ref().unwrap_or(at), content, reason);
        }
        let ty = match schema.filter(|_| !is_text) {
            Some(schema) => {
                let own = || format!("{}{}", self.hint, names::pascal(wire));
                let hint = component_hint(&schema_at, "").unwrap_or_else(own);
                self.types.type_of(schema, &schema_at, &hint, View::Write).inner().clone()
            }
            None => Type::String,
        };
        let default = if matches!(place, Place::Query | Place::Cookie) { Style::Form } else { Style::Simple };
        let style = match node.str("style") {
            Some("matrix") => Style::Matrix,
            Some("label") => Style::Label,
            Some("simple") => Style::Simple,
            Some("form") => Style::Form,
            Some("spaceDelimited") => Style::SpaceDelimited,
            Some("pipeDelimited") => Style::PipeDelimited,
            Some("deepObject") => Style::DeepObject,
            Some("cookie") => Style::Cookie,
            _ => default,
        };
        let explode = node.get("explode").and_then(Node::as_bool).unwrap_or(style.explodes());
        // Headers are not percent-encoded.
        let reserved = place != Place::Header && node.is_true("allowReserved");
        let encoding = content.map(|(_, content)| encoding(content)).unwrap_or_default();
        let writing = Writing { style, explode, reserved, json };
        let may_be_empty = place == Place::Query && content.is_none() && node.is_true("allowEmptyValue");
        Param {
            name: String::new(),
            wire: wire.to_owned(),
            place,
            required,
            ty,
            kind: None,
            own: Vec::new(),
            writing,
            form: form && place != Place::QueryString,
            encoding,
            may_be_empty,
            doc,
        }
    }

    /// The name of the own type for a required parameter of a primitive type, and that primitive type.
    fn kind(&mut self, param: &Param, path: &str) -> Option<(String, Type)> {
        if !param.required || param.writing.json || param.form || param.place == Place::QueryString {
            return None;
        }
        let ty = self.types.alias(&param.ty);
        ty.is_primitive().then(|| (kind_name(&param.wire, param.place, path), ty))
    }
}

/// The type's name for a parameter: its own name, or the singular of the preceding segment of the path.
pub(super) fn kind_name(wire: &str, place: Place, path: &str) -> String {
    let general = ["id", "key", "name", "slug", "uuid"].iter().any(|word| wire.eq_ignore_ascii_case(word));
    let before = (place == Place::Path && general)
        .then(|| path.split('/').zip(path.split('/').skip(1)))
        .into_iter()
        .flatten()
        .find(|(_, segment)| *segment == format!("{{{wire}}}"))
        .map(|(before, _)| before)
        .filter(|before| !before.is_empty() && !before.contains('{'));
    match before {
        Some(before) => names::pascal(&format!("{} {wire}", singular(before))),
        None => names::pascal(wire),
    }
}

/// The singular of a path segment.
fn singular(word: &str) -> String {
    let word = word.trim();
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    let two = ["sses", "xes", "ches", "shes", "zes"].iter().any(|end| word.ends_with(end));
    if two {
        return word[..word.len() - 2].to_owned();
    }
    match word.strip_suffix('s') {
        Some(stem) if !stem.ends_with(['s', 'u', 'i']) && stem.len() > 1 => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// Whether a parameter cannot set a header, because OpenAPI ignores it.
fn is_ignored_header(name: &str) -> bool {
    ["accept", "content-type", "authorization"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Names of arguments and setters, unique in their request.
fn name_arguments(params: &mut [Param]) {
    let mut taken: BTreeSet<String> = TAKEN.iter().map(|name| (*name).to_owned()).collect();
    for param in params {
        let place = param.place.key();
        let mut name = names::snake(&param.wire);
        let is_argument = |name: &str| param.required && TAKEN_BY_METHODS.contains(&name);
        while is_argument(name.trim_end_matches('_')) || !taken.insert(name.trim_end_matches('_').to_owned()) {
            name = format!("{}_{place}", name.trim_end_matches('_'));
        }
        param.name = name;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_what_stands_before_it() {
        for (path, wire, expected) in [
            ("/connectors/{id}", "id", "ConnectorId"),
            ("/connectors/{connector_id}", "connector_id", "ConnectorId"),
            ("/policies/{id}/rules/{name}", "name", "RuleName"),
            ("/policies/{id}/rules/{name}", "id", "PolicyId"),
            ("/a/{x}/{id}", "id", "Id"),
            ("/addresses/{id}", "id", "AddressId"),
            ("/status/{id}", "id", "StatusId"),
        ] {
            assert_eq!(kind_name(wire, Place::Path, path), expected, "{path}");
        }
        assert_eq!(kind_name("name", Place::Query, "/pets/{id}"), "Name");
    }
}
