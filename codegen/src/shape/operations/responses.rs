//! Responses: what each documented status holds.

use crate::document::{Map, Node, Pointer};
use crate::grammar::resolve_at;
use crate::note::Kind;

use super::media::{essence, header_text, is_json, json_header};
use super::{Shaping, component_hint, names, sorted};
use crate::shape::model::{Case, Payload, Status, Type};
use crate::shape::types::View;

/// A documented response.
struct Documented {
    status: Status,
    node: Node,
    at: Pointer,
}

impl Shaping<'_, '_> {
    /// What a success holds, and the media types to ask for.
    pub(super) fn success(&mut self) -> (Payload, String) {
        for response in self.responses(|status| matches!(status, Status::Code(300..=399) | Status::Range(3))) {
            if response.node.get("content").is_some() {
                let reason = "a redirect is an error here, whose body is not decoded";
                self.types.note(Kind::Loss, &response.at, &response.node, reason);
            }
        }
        let mut responses = self.responses(Status::is_success);
        if responses.is_empty() {
            responses = self.responses(|status| status == Status::Default);
        }
        let several = responses.len() > 1;
        let mut cases = Vec::new();
        let mut accept: Vec<String> = Vec::new();
        let mut streamed: Option<(Pointer, Vec<String>)> = None;
        for Documented { status, node, at } in &responses {
            if let Some(headers) = node.get("headers").filter(|it| it.as_object().is_some_and(|it| !it.is_empty())) {
                let reason = "headers of the response are not typed: `send` returns all of them";
                self.types.note(Kind::Rename, &at.join("headers"), headers, reason);
            }
            let content = node.get("content").and_then(Node::as_object).filter(|content| !content.is_empty());
            // A response to HEAD has no body, whatever is said of it (RFC 9110, section 9.3.2).
            let Some(content) = content.filter(|_| !self.at.as_str().ends_with("/head")) else {
                cases.push(Case { status: *status, ty: None });
                continue;
            };
            let Some((media, json)) = self.json_of(content) else {
                let described = |node: &&Node| node.get("schema").is_some_and(|it| !self.types.is_text(it));
                if let Some((media, node)) = content.iter().find(|(_, node)| described(node)) {
                    let reason = format!("the response is returned as bytes; the schema of `{media}` is not read");
                    self.types.note(Kind::Loss, &at.join("content").join(media), node, reason);
                }
                let known = content.keys().map(|media| header_text(media)).collect();
                streamed.get_or_insert((at.clone(), known));
                continue;
            };
            for (other, node) in content.iter().filter(|(other, _)| *other != media && !is_json(&essence(other))) {
                let reason = format!("the response is asked for as JSON; as `{other}` it is not reachable");
                self.types.note(Kind::Loss, &at.join("content").join(other), node, reason);
            }
            let asked = json_header(media);
            if !accept.contains(&asked) {
                accept.push(asked);
            }
            let hint = if !several || *status == Status::Code(200) {
                format!("{}Response", self.hint)
            } else {
                format!("{}{}Response", self.hint, status.name())
            };
            cases.push(Case { status: *status, ty: Some(self.json_type(json, at, media, &hint)) });
        }
        let typed = cases.iter().any(|case| case.ty.is_some());
        match streamed {
            Some((_, accept)) if !typed => (Payload::Stream, accept.join(", ")),
            None if cases.is_empty() => (Payload::Stream, "*/*".to_owned()),
            streamed => {
                if let Some((at, _)) = streamed {
                    let reason = "one success is JSON and another is not; only the JSON is read";
                    let node = self.node.clone();
                    self.types.note(Kind::Loss, &at, &node, reason);
                }
                let payload = Payload::of(cases);
                let accept = match payload {
                    Payload::Empty => "*/*".to_owned(),
                    _ => accept.join(", "),
                };
                (payload, accept)
            }
        }
    }

    /// What failures hold, by status.
    pub(super) fn errors(&mut self) -> Vec<Case> {
        let mut cases = Vec::new();
        // A default that stands alone is the success.
        let successes = self.responses(Status::is_success).len();
        let wanted = |status: Status| match status {
            Status::Code(code) => code >= 400,
            Status::Range(hundreds) => hundreds >= 4,
            Status::Default => successes > 0,
        };
        for Documented { status, node, at } in self.responses(wanted) {
            let content = node.get("content").and_then(Node::as_object);
            let Some((media, json)) = content.and_then(|content| self.json_of(content)) else { continue };
            if json.get("schema").is_none() {
                continue;
            }
            let status_name = if status == Status::Default { String::new() } else { status.name() };
            let hint = format!("{}{status_name}Error", self.hint);
            cases.push(Case { status, ty: Some(self.json_type(json, &at, media, &hint)) });
        }
        sorted(cases)
    }

    fn json_type(&mut self, content: &Node, at: &Pointer, media: &str, hint: &str) -> Type {
        let hint = component_hint(at, "Response").unwrap_or_else(|| names::pascal(hint));
        let at = at.join("content").join(media).join("schema");
        content.get("schema").map_or(Type::Any, |schema| self.types.type_of(schema, &at, &hint, View::Read))
    }

    /// What is read as JSON, the plainest first.
    fn json_of<'c>(&self, content: &'c Map) -> Option<(&'c String, &'c Node)> {
        let exact = content.iter().find(|(media, _)| essence(media) == "application/json");
        let other = || content.iter().find(|(media, _)| is_json(&essence(media)));
        exact.or_else(other).or_else(|| content.iter().find(|(media, node)| self.may_be_json(&essence(media), node)))
    }

    fn responses(&self, wanted: impl Fn(Status) -> bool) -> Vec<Documented> {
        let responses = self.node.get("responses").and_then(Node::as_object);
        responses
            .into_iter()
            .flatten()
            .filter_map(|(text, node)| {
                let status = Status::parse(text).filter(|status| wanted(*status))?;
                let (node, at) = resolve_at(self.document, node, self.at.join("responses").join(text));
                Some(Documented { status, node: node.clone(), at })
            })
            .collect()
    }
}
