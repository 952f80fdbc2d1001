//! Compares request bodies and responses: which exist, their media types, and which of these the client uses.

use std::collections::BTreeMap;

use crate::document::{Map, Node, Pointer};
use crate::grammar::resolve_at;
use crate::schema::{same, says_the_same};
use crate::shape::model::{BodyContent, Operation as Shaped, Payload};

use super::compare::{Comparison, Operation, Side, Spot, Way};

/// The media types of a body or response: by essence, the full text and the content.
type Media<'a> = BTreeMap<String, (&'a String, &'a Node)>;

fn media(node: &Node) -> Media<'_> {
    let content = node.get("content").and_then(Node::as_object);
    content.into_iter().flatten().map(|(name, content)| (essence(name), (name, content))).collect()
}

fn essence(name: &str) -> String {
    name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_json(essence: &str) -> bool {
    matches!(essence, "application/json" | "text/json") || essence.ends_with("+json")
}

/// The media type of a body that the client sends.
fn sent(shaped: Option<&Shaped>, media: &Media<'_>) -> Option<String> {
    let content = &shaped?.body.as_ref()?.content;
    let named = match content {
        BodyContent::Json(_, name) => essence(name),
        BodyContent::Multipart(name, _) => essence(name),
        BodyContent::Form(..) => "application/x-www-form-urlencoded".to_owned(),
        BodyContent::Raw(name) => essence(name.as_ref()?),
    };
    // A wildcard is read as JSON.
    let wild = |name: &&String| name.contains('*');
    media.keys().find(|name| **name == named).or_else(|| media.keys().find(wild)).cloned()
}

/// The media type of a response that the client requests and reads.
fn read(shaped: Option<&Shaped>, media: &Media<'_>) -> Option<String> {
    let shaped = shaped?;
    if !matches!(shaped.success, Payload::Json(_) | Payload::ByStatus(_)) {
        return None;
    }
    let asked = essence(shaped.accept.split(',').next().unwrap_or_default());
    let find = |fits: &dyn Fn(&str) -> bool| media.keys().find(|name| fits(name)).cloned();
    find(&|name| name == asked)
        .or_else(|| find(&|name| name == "application/json"))
        .or_else(|| find(&is_json))
        .or_else(|| find(&|name| name.contains('*')))
}

/// A body or response of one document: its node, its places, and the media type that the client uses, if it is only one.
struct Content<'a> {
    node: &'a Node,
    /// The place in the operation.
    at: Pointer,
    /// The place of what is referred to.
    own: Pointer,
    used: Option<String>,
}

impl<'a> Comparison<'a> {
    pub(super) fn bodies(&mut self, old: Operation<'a>, new: Operation<'a>) {
        let (at, there) = (old.at().join("requestBody"), new.at().join("requestBody"));
        let (before, after) = (self.old, self.new);
        let resolved = |side: Side<'a>, operation: &Operation<'a>, at: &Pointer| {
            operation.node.get("requestBody").map(|body| resolve_at(side.document, body, at.clone()))
        };
        let (was, is) = (resolved(before, &old, &at), resolved(after, &new, &there));
        match (was, is) {
            (Some(_), None) => self.say_at(&at, "body-removed", "it no longer has a body"),
            (None, Some((body, _))) if body.is_true("required") => {
                self.say_at(&at, "body-added-required", "it has a required body now");
            }
            (None, Some(_)) => self.say_at(&at, "body-added", "it has an optional body now"),
            (Some((was, own)), Some((is, own_there))) => {
                match (was.is_true("required"), is.is_true("required")) {
                    (false, true) => self.say_at(&at, "body-required", "its body is required now"),
                    (true, false) => self.say_at(&at, "body-optional", "its body is optional now"),
                    _ => {}
                }
                self.words(was, is, "the body");
                let used = (sent(before.shaped(&old), &media(was)), sent(after.shaped(&new), &media(is)));
                self.contents(
                    Way::Request,
                    "the body",
                    Content { node: was, at, own, used: used.0 },
                    Content { node: is, at: there, own: own_there, used: used.1 },
                );
            }
            (None, None) => {}
        }
    }

    pub(super) fn responses(&mut self, old: Operation<'a>, new: Operation<'a>) {
        let (at, there) = (old.at().join("responses"), new.at().join("responses"));
        let (before, after) = (self.old, self.new);
        let reads_failures = self.reads_failures(&old, &new);
        let list = |node: &'a Node| node.get("responses").and_then(Node::as_object);
        let (Some(was), Some(is)) = (list(old.node), list(new.node)) else { return };
        let pairs = statuses(was, is);
        let resolved = |side: Side<'a>, all: &'a Map, status: &str, at: &Pointer| {
            all.get(status).map(|response| resolve_at(side.document, response, at.clone()))
        };
        for status in was.keys() {
            let at = at.join(status);
            // Without a documented success, `default` is the success.
            let documented = was.keys().any(|status| status.starts_with('2'));
            let success = status.starts_with('2') || status == "default" && !documented;
            let Some(now) = pairs.get(status) else {
                let rule = if success { "status-removed" } else { "error-status-removed" };
                self.say_at(&at, rule, format!("it no longer responds with {status}"));
                continue;
            };
            if now != status {
                self.say("status-changed", format!("it responds with {now} now, instead of {status}"));
            }
            let there = there.join(now);
            let (Some((was, own)), Some((is, own_there))) =
                (resolved(before, was, status, &at), resolved(after, is, now, &there))
            else {
                continue;
            };
            let place = format!("the response {status}");
            self.words(was, is, &place);
            self.unread = !success && !reads_failures;
            let way = if self.unread { Way::Unread } else { Way::Response };
            let used = match success {
                true => (read(before.shaped(&old), &media(was)), read(after.shaped(&new), &media(is))),
                false => (None, None),
            };
            self.contents(
                way,
                &place,
                Content { node: was, at, own: own.clone(), used: used.0 },
                Content { node: is, at: there, own: own_there.clone(), used: used.1 },
            );
            self.headers((was, &own), (is, &own_there), &place);
            self.unread = false;
        }
        for status in is.keys().filter(|status| !pairs.values().any(|paired| paired == *status)) {
            let rule = if status.starts_with('2') { "status-added" } else { "error-status-added" };
            self.say(rule, format!("it may respond with {status} now"));
        }
    }

    /// Compares the media types of two bodies or responses.
    fn contents(&mut self, way: Way, place: &str, old: Content<'a>, new: Content<'a>) {
        let (before, after) = (media(old.node), media(new.node));
        let at = |content: &Content<'_>, key: &str| content.at.join("content").join(key).join("schema");
        let (was, is) = (self.old.schemas, self.new.schemas);
        let was_of = |key: &str| was.at(&old.own.join("content").join(key).join("schema"));
        let is_of = |key: &str| is.at(&new.own.join("content").join(key).join("schema"));
        let spot = |old_key: &str, new_key: &str| Spot {
            way,
            place: place.to_owned(),
            depth: 0,
            optional: false,
            at: at(&old, old_key),
            there: at(&new, new_key),
        };
        for (name, (key, content)) in &before {
            // The client has a method for each media type of a body, so each can be sent. It can ask for each media
            // type of a response, and then returns bytes.
            let unread = way != Way::Request && old.used.as_ref().is_some_and(|used| used != name);
            match after.get(name) {
                None => {
                    let rule = way.of("request-media-type-removed", "response-media-type-removed");
                    self.say_at(
                        &old.at.join("content").join(key),
                        rule,
                        format!("{place} no longer has the media type `{name}`"),
                    );
                    // The media type that replaces it.
                    let next = new.used.as_ref().filter(|_| old.used.is_some()).and_then(|used| after.get(used));
                    if let Some((other, _)) = next {
                        self.members(was_of(key), is_of(other), &spot(key, other));
                    }
                }
                Some((other, _)) if unread && new.used.as_ref().is_some_and(|used| used != name) => {
                    // The client does not contain this media type.
                    let equal = match (was_of(key), is_of(other)) {
                        (Some(old), Some(new)) => same((was, old), (is, new)),
                        (old, new) => old.is_none() && new.is_none(),
                    };
                    if !equal {
                        self.say(
                            "unused-media-type-changed",
                            format!("{place} changed for the media type `{name}`, which the client does not use"),
                        );
                    }
                }
                Some((other, now)) => {
                    self.members(was_of(key), is_of(other), &spot(key, other));
                    if way == Way::Request {
                        self.encoding(content, now, place);
                    }
                }
            }
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            let rule = way.of("request-media-type-added", "response-media-type-added");
            self.say(rule, format!("{place} may have the media type `{name}` now"));
        }
        if let (Some(was), Some(is)) = (&old.used, &new.used)
            && was != is
            && after.contains_key(was)
        {
            self.say("media-type-changed", format!("the client uses {place} as `{is}` now, and not as `{was}`"));
        }
    }

    /// Compares how the properties of a form are serialized.
    fn encoding(&mut self, old: &Node, new: &Node, place: &str) {
        let empty = Map::new();
        let list = |node: &Node| node.get("encoding").and_then(Node::as_object).unwrap_or(&empty).clone();
        let (before, after) = (list(old), list(new));
        let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let (was, is) = (written(before.get(name)), written(after.get(name)));
            if was != is {
                let what = format!("`{name}` of {place} was serialized {was} and is serialized {is}");
                self.say("request-encoding-changed", what);
            }
        }
    }

    /// Compares the documented headers of two responses. The client has a constant for each.
    fn headers(&mut self, old: (&'a Node, &Pointer), new: (&'a Node, &Pointer), place: &str) {
        let list = |side: Side<'a>, (node, at): (&'a Node, &Pointer)| -> BTreeMap<String, (&'a Node, Pointer)> {
            let headers = node.get("headers").and_then(Node::as_object).into_iter().flatten();
            let resolved = |(name, header): (&String, &'a Node)| {
                let at = at.join("headers").join(name);
                (name.to_ascii_lowercase(), resolve_at(side.document, header, at))
            };
            headers.map(resolved).collect()
        };
        let (before, after) = (list(self.old, old), list(self.new, new));
        for (name, (was, at)) in &before {
            let Some((is, there)) = after.get(name) else {
                self.say("response-header-removed", format!("{place} no longer has the header `{name}`"));
                continue;
            };
            self.words(was, is, &format!("the header `{name}` of {place}"));
            let schema = |side: Side<'a>, at: &Pointer| side.schemas.at(&at.join("schema"));
            let equal = match (schema(self.old, at), schema(self.new, there)) {
                (Some(old), Some(new)) => says_the_same((self.old.schemas, old), (self.new.schemas, new)),
                (old, new) => old.is_none() && new.is_none(),
            };
            if !equal || was.is_true("required") != is.is_true("required") {
                self.say("response-header-changed", format!("the header `{name}` of {place} changed"));
            }
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            self.say("response-header-added", format!("{place} has a new header `{name}`"));
        }
    }
}

/// How a property of a form is serialized: its encoding with the defaults that this implies (OpenAPI 3.1, 4.8.15).
fn written(encoding: Option<&Node>) -> String {
    let text = |key: &str| encoding.and_then(|it| it.str(key));
    let style = text("style").unwrap_or("form");
    let explode = encoding.and_then(|it| it.get("explode")).and_then(Node::as_bool).unwrap_or(style == "form");
    let mut told = format!("in the style `{style}`");
    if explode {
        told.push_str(", exploded");
    }
    if encoding.is_some_and(|it| it.is_true("allowReserved")) {
        told.push_str(", with reserved characters unchanged");
    }
    if let Some(media) = text("contentType") {
        told.push_str(&format!(", as `{media}`"));
    }
    let headers = encoding.and_then(|it| it.get("headers")).and_then(Node::as_object);
    let names: Vec<String> = headers.into_iter().flatten().map(|(name, _)| name.to_ascii_lowercase()).collect();
    if !names.is_empty() {
        told.push_str(&format!(", with the headers {}", names.join(", ")));
    }
    told
}

/// Pairs of statuses: equal ones, and one that replaced another and has the same content.
fn statuses(old: &Map, new: &Map) -> BTreeMap<String, String> {
    let mut pairs: BTreeMap<String, String> =
        old.keys().filter(|status| new.contains_key(*status)).map(|status| (status.clone(), status.clone())).collect();
    let class = |status: &str| status.chars().next().filter(char::is_ascii_digit);
    let media =
        |node: &Node| node.get("content").and_then(Node::as_object).map(|it| it.keys().cloned().collect::<Vec<_>>());
    for (status, response) in old.iter().filter(|(status, _)| !new.contains_key(*status)) {
        let same = |(other, now): &(&String, &Node)| {
            !old.contains_key(*other)
                && class(other) == class(status)
                && class(status).is_some()
                && (response.get("$ref").is_some() && response.get("$ref") == now.get("$ref")
                    || response.get("$ref").is_none() && now.get("$ref").is_none() && media(response) == media(now))
        };
        let free = |(other, _): &(&String, &Node)| !pairs.values().any(|paired| paired == *other);
        let found = new.iter().filter(free).find(same).map(|(other, _)| other.clone());
        pairs.extend(found.map(|other| (status.clone(), other)));
    }
    pairs
}
