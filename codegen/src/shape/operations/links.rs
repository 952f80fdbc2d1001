//! Links: the follow-up requests that a response describes.

use std::collections::HashMap;

use crate::calls::{self, Calls, LinkTarget, Status, Used};
use crate::document::{Node, Pointer, Value, percent_decode};
use crate::note::Kind;

use super::media::http_token;
use super::names;
use crate::shape::context::Types;
use crate::shape::model::{BodyContent, Expression, Link, Operation, Param, Payload, Place, Style, Type, TypeKind};

/// Adds to each operation the links of its responses. A link that no method can follow gets a note with the reason.
pub(super) fn links(calls: &Calls, types: &mut Types<'_>, operations: &mut [Operation]) {
    let documented: HashMap<&Pointer, _> = calls.operations().map(|(_, call)| (&call.at, call)).collect();
    for index in 0..operations.len() {
        let Some(operation) = operations.get(index) else { continue };
        let mut found: Vec<Link> = Vec::new();
        for (status, response) in documented.get(&operation.pointer).iter().flat_map(|call| &call.responses) {
            for (name, link) in &response.links {
                let mut linking = Linking { types: &mut *types, operations: &*operations, operation, status: *status };
                match linking.link(name, link) {
                    Ok(link) => add(&mut found, link),
                    Err(reason) => {
                        let reason = format!("the link has no method: {reason}");
                        types.note(Kind::Loss, &link.here, &link.written, reason);
                    }
                }
            }
        }
        if let Some(operation) = operations.get_mut(index) {
            operation.links = found;
        }
    }
}

/// Adds a link, or its status to the same link of another response.
fn add(found: &mut Vec<Link>, link: Link) {
    let same = |known: &&mut Link| {
        (&known.name, &known.target, known.failure) == (&link.name, &link.target, link.failure)
            && (&known.arguments, &known.body) == (&link.arguments, &link.body)
    };
    match found.iter_mut().find(same) {
        Some(known) => {
            known.pointers.extend(link.pointers);
            known.statuses.extend(link.statuses);
        }
        None => found.push(link),
    }
}

/// The context in which a link is read.
struct Linking<'a, 'b, 'c> {
    types: &'a mut Types<'b>,
    operations: &'c [Operation],
    /// The operation whose response has the link.
    operation: &'c Operation,
    status: Status,
}

impl<'c> Linking<'_, '_, 'c> {
    fn link(&mut self, name: &str, described: &Used<calls::Link>) -> Result<Link, String> {
        if described.server {
            return Err("it has a server of its own".to_owned());
        }
        let target = self.target(described.target.as_ref())?;
        let failure = match self.status {
            Status::Default => self.has_success(),
            status => !status.is_success(),
        };
        let mut arguments = Vec::new();
        for (key, value) in &described.parameters {
            let param = parameter(target, key).ok_or_else(|| format!("`{}` has no parameter `{key}`", target.id))?;
            arguments.push((param.place, param.wire.clone(), self.expression(value, failure)?));
        }
        arguments.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let body = described.body.as_ref().map(|value| self.expression(value, failure)).transpose()?;
        let is_json = target.body.as_ref().is_some_and(|body| matches!(body.content, BodyContent::Json(..)));
        if body.is_some() && !is_json {
            return Err(format!("`{}` has no body of JSON", target.id));
        }
        Ok(Link {
            name: names::snake(name),
            pointers: vec![described.here.clone()],
            target: target.pointer.clone(),
            statuses: vec![self.status],
            failure,
            doc: described.description.clone(),
            arguments,
            body,
        })
    }

    /// Whether the operation has a documented successful response. The default response is then a failure.
    fn has_success(&self) -> bool {
        self.operation.statuses.iter().any(|status| status.is_success())
    }

    fn target(&self, named: Option<&LinkTarget>) -> Result<&'c Operation, String> {
        let operations = self.operations;
        match named {
            Some(LinkTarget::Id(id)) => {
                let found = operations.iter().find(|it| it.own_id.as_ref() == Some(id));
                found.ok_or_else(|| format!("there is no operation `{id}`"))
            }
            Some(LinkTarget::Reference(written)) => {
                let place = written.strip_prefix('#').map(percent_decode);
                let place = place.ok_or_else(|| format!("`{written}` is not in this document"))?;
                let found = operations.iter().find(|it| it.pointer.as_str() == place);
                found.ok_or_else(|| format!("there is no operation at `{written}`"))
            }
            None => Err("it names no operation".to_owned()),
        }
    }

    fn expression(&mut self, value: &Node, failure: bool) -> Result<Expression, String> {
        let Value::String(text) = &value.value else {
            if has_expression(value) {
                return Err("a value has an expression within it".to_owned());
            }
            return Ok(Expression::Constant(value.to_json().to_string()));
        };
        let constant = |text: &str| Expression::Constant(serde_json::Value::from(text).to_string());
        if let Some(rest) = text.strip_prefix("$response.body") {
            let pointer = match rest {
                "" => Some(""),
                rest => rest.strip_prefix('#').filter(|it| Pointer::split(it).is_some()),
            };
            let pointer = pointer.ok_or_else(|| format!("`{text}` is not a runtime expression"))?;
            if !failure && !self.has_json() {
                return Err(format!("the response has no body of JSON for `{text}`"));
            }
            return Ok(Expression::Body(pointer.to_owned()));
        }
        if let Some(header) = text.strip_prefix("$response.header.").filter(|header| http_token(header)) {
            return Ok(Expression::Header(header.to_ascii_lowercase()));
        }
        if let Some(name) = text.strip_prefix("$request.").filter(|name| !name.starts_with("body")) {
            return self.request(name).ok_or_else(|| {
                format!("`{text}` is not a parameter with a single value of the operation that is linked from")
            });
        }
        match text.as_str() {
            "$statusCode" => Ok(Expression::Status),
            "$method" => Ok(constant(&self.operation.method)),
            "$url" => Err("the URL of a request is not kept".to_owned()),
            body if body.starts_with("$request.body") => Err("the body of a request is not kept".to_owned()),
            other if other.starts_with('$') => Err(format!("`{other}` is not a runtime expression")),
            other if other.contains("{$") => Err(format!("`{other}` has an expression within a text")),
            other => Ok(constant(other)),
        }
    }

    /// Whether the method returns the JSON body of the response as a type.
    fn has_json(&self) -> bool {
        match &self.operation.success {
            Payload::Json(_) => true,
            Payload::ByStatus(cases) => cases.iter().any(|case| case.status == self.status && case.ty().is_some()),
            Payload::Empty | Payload::Stream => false,
        }
    }

    /// A parameter of the request that has a single value. `None` for any other parameter.
    fn request(&mut self, name: &str) -> Option<Expression> {
        let (place, wire) = name.split_once('.')?;
        let place = place_of(place).filter(|place| *place != Place::Cookie)?;
        let is_it = |param: &&Param| {
            let fits = if place == Place::Header { param.wire.eq_ignore_ascii_case(wire) } else { param.wire == wire };
            param.place == place && fits
        };
        let param = self.operation.params.iter().find(is_it)?;
        let simple = !param.writing.json && matches!(param.writing.style, Style::Simple | Style::Form);
        // A list or an object has no single text.
        let is_json = match self.types.alias(&param.ty) {
            Type::Named(name) => match &self.types.defs.get(&name)?.kind {
                TypeKind::Enum(it) => it.integer,
                _ => return None,
            },
            Type::Array(_) | Type::Map(_) | Type::Any | Type::Nullable(_) | Type::Link(_) => return None,
            Type::String | Type::Base64 | Type::Base64Url | Type::JsonText(_) => false,
            Type::Bool | Type::I32 | Type::I64 | Type::U32 | Type::U64 | Type::I128 | Type::F64 | Type::Number => true,
        };
        let wire = if place == Place::Header { wire.to_ascii_lowercase() } else { wire.to_owned() };
        let (place, _) = name.split_once('.')?;
        simple.then(|| Expression::Request(format!("{place}.{wire}"), is_json))
    }
}

/// Whether a value contains an expression.
fn has_expression(value: &Node) -> bool {
    match &value.value {
        Value::String(text) => text.contains("{$") || text.starts_with("$request.") || text.starts_with("$response."),
        Value::Array(items) => items.iter().any(has_expression),
        Value::Object(members) => members.values().any(has_expression),
        _ => false,
    }
}

/// The parameter that a key of `parameters` names, such as `id` or `path.id`.
fn parameter<'a>(target: &'a Operation, key: &str) -> Option<&'a Param> {
    let named = |place: Option<Place>, wire: &str| {
        let fits = |it: &&Param| match it.place {
            Place::Header => it.wire.eq_ignore_ascii_case(wire),
            _ => it.wire == wire,
        };
        target.params.iter().filter(|it| place.is_none_or(|place| it.place == place)).find(fits)
    };
    let qualified = key.split_once('.').and_then(|(place, wire)| named(Some(place_of(place)?), wire));
    qualified.or_else(|| named(None, key))
}

fn place_of(text: &str) -> Option<Place> {
    Some(match text {
        "path" => Place::Path,
        "query" => Place::Query,
        "header" => Place::Header,
        "cookie" => Place::Cookie,
        _ => return None,
    })
}
