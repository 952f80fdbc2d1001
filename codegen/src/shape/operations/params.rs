//! Parameters: their places, their serialization, and their names.

use std::collections::BTreeSet;

use crate::calls::{Item, Parameter};
use crate::document::{Map, Node};
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
    pub(super) fn params(&mut self, item: &Item, template: &[String]) -> Vec<Param> {
        let mut found: Vec<&Parameter> = Vec::new();
        for parameter in self.call.parameters.iter().chain(&item.parameters) {
            let same = |other: &&Parameter| other.name == parameter.name && other.place == parameter.place;
            if !found.iter().any(same) {
                found.push(parameter);
            }
        }
        let mut params: Vec<Param> = Vec::new();
        for it in found {
            let wire = &it.name;
            let refused = match it.place {
                Place::Path if !template.contains(wire) => {
                    Some((Kind::Correction, format!("the path has no `{{{wire}}}`; the parameter was left out")))
                }
                Place::QueryString if params.iter().any(|param| param.place == Place::QueryString) => {
                    Some((Kind::Correction, "another parameter is already the whole query string".to_owned()))
                }
                Place::Header if it.is_ignored() => continue,
                Place::Header | Place::Cookie if !http_token(wire) => {
                    Some((Kind::Loss, format!("`{wire}` is not a {} name", it.place.name())))
                }
                Place::Path | Place::Query | Place::QueryString | Place::Header | Place::Cookie => None,
            };
            if let Some((kind, reason)) = refused {
                let note = self.types.notes.push(Stage::Shape, kind, &it.at, &it.span, reason);
                if it.place == Place::Path {
                    note.fixed_by(Fix::Remove);
                }
                continue;
            }
            params.push(self.param(it));
        }
        for name in template {
            if !params.iter().any(|param| param.place == Place::Path && param.wire == *name) {
                let reason = format!("the path names `{{{name}}}`, which no parameter declares; it is a string");
                let note =
                    self.types.notes.push(Stage::Shape, Kind::Correction, &self.call.at, &self.call.span, reason);
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
                    sensitive: false,
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

    fn param(&mut self, it: &Parameter) -> Param {
        let (wire, place) = (&it.name, it.place);
        let content = it.content.as_ref();
        let media = content.map(|content| essence(&content.name));
        let json = content.zip(media.as_ref()).is_some_and(|(content, media)| {
            is_json(media) || (place != Place::QueryString && self.may_be_json(content))
        });
        let form = media.as_deref() == Some("application/x-www-form-urlencoded");
        let schema = content.map_or(it.schema, |content| content.schema);
        // For another media type, the caller passes the text. A scalar in a `text` media type keeps its type, because
        // it is written as plain text.
        let is_text = media.as_deref().filter(|_| !json && !form).is_some_and(|media| {
            let scalar = schema.is_none_or(|schema| self.types.is_scalar(schema));
            !(scalar && media.starts_with("text/"))
        });
        if let Some(content) = content.filter(|_| is_text)
            && (content.items.is_some() || schema.is_some_and(|schema| !self.types.is_text(schema)))
        {
            let written = &content.name;
            let reason = format!("the parameter `{wire}` is passed as the text of `{written}`, which is sent as it is");
            self.types.note(Kind::Rename, &content.at, &content.span, reason);
        }
        let ty = match schema.filter(|_| !is_text) {
            Some(schema) => {
                let at = content.map_or(&it.at, |content| &content.at).join("schema");
                let own = || format!("{}{}", self.hint, names::pascal(wire));
                let hint = component_hint(&at, "").unwrap_or_else(own);
                let ty = self.types.type_of(schema, &at, &hint, View::Write).inner().clone();
                if content.is_none() { self.types.or_text(ty, schema, &at, &hint) } else { ty }
            }
            None => Type::String,
        };
        let style = it.style.unwrap_or(place.style());
        let explode = it.explode.unwrap_or(style.explodes());
        // Headers are not percent-encoded.
        let reserved = place != Place::Header && it.reserved;
        Param {
            name: String::new(),
            wire: wire.clone(),
            place,
            required: it.required,
            ty,
            kind: None,
            own: Vec::new(),
            writing: Writing { style, explode, reserved, json },
            form: form && place != Place::QueryString,
            encoding: content.map(encoding).unwrap_or_default(),
            may_be_empty: place == Place::Query && content.is_none() && it.may_be_empty,
            sensitive: it.sensitive || schema.is_some_and(|schema| self.types.is_secret(schema, true)),
            doc: it.description.clone(),
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
