//! Compares request bodies and responses: which exist, their media types, and which of these the client uses.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::calls::{Encoding, Header, Media, Response, Status, Style, Used};
use crate::document::Pointer;
use crate::schema::{SchemaId, same};
use crate::shape::model::{BodyContent, Operation as Shaped, Payload};

use super::compare::{Comparison, Operation, Side, Spot, Way};
use super::look::{look, values};

/// The media types of a body or response, by essence.
type ByEssence<'a> = BTreeMap<String, &'a Media>;

fn media(content: &[Media]) -> ByEssence<'_> {
    let mut found = ByEssence::new();
    for media in content {
        // Several media types may differ by their parameters alone.
        let essence = essence(&media.name);
        let key = if found.contains_key(&essence) { media.name.clone() } else { essence };
        found.insert(key, media);
    }
    found
}

fn essence(name: &str) -> String {
    name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The parameters of a media type, except its charset: JSON has only one, and a text is read by that of the response.
fn parameters(name: &str) -> BTreeSet<String> {
    let parameters = name.split(';').skip(1).map(|parameter| parameter.trim().to_ascii_lowercase());
    parameters.filter(|parameter| !parameter.is_empty() && !parameter.starts_with("charset=")).collect()
}

fn is_json(essence: &str) -> bool {
    matches!(essence, "application/json" | "text/json") || essence.ends_with("+json")
}

/// The media type of a body that the client sends.
fn sent(shaped: Option<&Shaped>, media: &ByEssence<'_>) -> Option<String> {
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
fn read(shaped: Option<&Shaped>, media: &ByEssence<'_>) -> Option<String> {
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

/// The content of a body or response of one document, and the media type that the client uses, if it is only one.
struct Content<'a> {
    media: &'a [Media],
    /// The place in the operation.
    at: &'a Pointer,
    used: Option<String>,
}

impl<'a> Comparison<'a> {
    pub(super) fn bodies(&mut self, old: Operation<'a>, new: Operation<'a>) {
        let (before, after) = (self.old, self.new);
        match (&old.call.body, &new.call.body) {
            (Some(was), None) => self.say_at(&was.here, "body-removed", "it no longer has a body"),
            (None, Some(is)) if is.required => {
                let at = old.at().join("requestBody");
                self.say_at(&at, "body-added-required", "it has a required body now");
            }
            (None, Some(_)) => {
                self.say_at(&old.at().join("requestBody"), "body-added", "it has an optional body now");
            }
            (Some(was), Some(is)) => {
                match (was.required, is.required) {
                    (false, true) => self.say_at(&was.here, "body-required", "its body is required now"),
                    (true, false) => self.say_at(&was.here, "body-optional", "its body is optional now"),
                    _ => {}
                }
                self.text("description", &was.description, &is.description, "the body");
                let used =
                    (sent(before.shaped(&old), &media(&was.content)), sent(after.shaped(&new), &media(&is.content)));
                self.contents(
                    Way::Request,
                    "the body",
                    Content { media: &was.content, at: &was.here, used: used.0 },
                    Content { media: &is.content, at: &is.here, used: used.1 },
                );
            }
            (None, None) => {}
        }
    }

    pub(super) fn responses(&mut self, old: Operation<'a>, new: Operation<'a>) {
        let (before, after) = (self.old, self.new);
        let reads_failures = self.reads_failures(&old, &new);
        let (was, is) = (&old.call.responses, &new.call.responses);
        let pairs = statuses(was, is);
        // Without a documented success, `default` is the success.
        let documented = was.keys().any(|status| status.is_success());
        for (status, was) in was {
            let success = status.is_success() || *status == Status::Default && !documented;
            let text = status.text();
            let Some((now, is)) = pairs.get(status).and_then(|now| Some((now, is.get(now)?))) else {
                let rule = if success { "status-removed" } else { "error-status-removed" };
                self.say_at(&was.here, rule, format!("it no longer responds with {text}"));
                continue;
            };
            if now != status {
                self.say("status-changed", format!("it responds with {} now, instead of {text}", now.text()));
            }
            let place = format!("the response {text}");
            self.text("description", &was.description, &is.description, &place);
            self.unread = !success && !reads_failures;
            let way = if self.unread { Way::Unread } else { Way::Response };
            let used = match success {
                true => {
                    (read(before.shaped(&old), &media(&was.content)), read(after.shaped(&new), &media(&is.content)))
                }
                false => (None, None),
            };
            self.contents(
                way,
                &place,
                Content { media: &was.content, at: &was.here, used: used.0 },
                Content { media: &is.content, at: &is.here, used: used.1 },
            );
            self.headers(&was.headers, &is.headers, &place);
            self.unread = false;
        }
        for status in is.keys().filter(|status| !pairs.values().any(|paired| paired == *status)) {
            let rule = if status.is_success() { "status-added" } else { "error-status-added" };
            self.say(rule, format!("it may respond with {} now", status.text()));
        }
    }

    /// Compares the media types of two bodies or responses.
    fn contents(&mut self, way: Way, place: &str, old: Content<'a>, new: Content<'a>) {
        let (before, after) = (media(old.media), media(new.media));
        let at = |content: &Content<'_>, media: &Media| content.at.join("content").join(&media.name);
        let spot = |was: &Media, is: &Media| Spot {
            way,
            place: place.to_owned(),
            depth: 0,
            optional: false,
            at: at(&old, was),
            there: at(&new, is),
        };
        for (name, was) in &before {
            // The client has a method for each media type of a body, so each can be sent. It can ask for each media
            // type of a response, and then returns bytes.
            let unread = way != Way::Request && old.used.as_ref().is_some_and(|used| used != name);
            match after.get(name) {
                None => {
                    let rule = way.of("request-media-type-removed", "response-media-type-removed");
                    self.say_at(
                        &old.at.join("content").join(&was.name),
                        rule,
                        format!("{place} no longer has the media type `{name}`"),
                    );
                    // The media type that replaces it.
                    let next = new.used.as_ref().filter(|_| old.used.is_some()).and_then(|used| after.get(used));
                    if let Some(is) = next {
                        self.media(was, is, &spot(was, is));
                    }
                }
                Some(is) if unread && new.used.as_ref().is_some_and(|used| used != name) => {
                    // The client does not contain this media type.
                    if !self.is_same_media(was, is) {
                        self.say(
                            "unused-media-type-changed",
                            format!("{place} changed for the media type `{name}`, which the client does not use"),
                        );
                    }
                }
                Some(is) => {
                    self.media(was, is, &spot(was, is));
                    let rule = way.of("request-encoding-changed", "response-encoding-changed");
                    if parameters(&was.name) != parameters(&is.name) {
                        let what = format!("{place} has the media type `{}` now, and had `{}`", is.name, was.name);
                        self.say_at(&at(&old, was), rule, what);
                    }
                    self.encoding(rule, was, is, place);
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

    /// Compares the schemas of two media types. The spot is that of the media types.
    pub(super) fn media(&mut self, old: &Media, new: &Media, spot: &Spot) {
        self.members(old.schema, new.schema, &spot.with(spot.place.clone(), "schema"));
        self.members(old.items, new.items, &spot.with(format!("each item of {}", spot.place), "itemSchema"));
    }

    /// Whether two media types are equal, also in their descriptions.
    fn is_same_media(&mut self, old: &Media, new: &Media) -> bool {
        let (before, after) = (self.old.schemas, self.new.schemas);
        let schemas = [(old.schema, new.schema), (old.items, new.items)];
        let encodings = |media| encodings(media).into_iter().map(|(name, it)| (name, written(Some(it)))).collect();
        let (was, is): (BTreeMap<_, _>, BTreeMap<_, _>) = (encodings(old), encodings(new));
        was == is
            && schemas.into_iter().all(|(was, is)| {
                let alike = match (was, is) {
                    (Some(was), Some(is)) => same((before, was), (after, is)),
                    _ => true,
                };
                alike && self.is_same_meaning(was, is)
            })
    }

    fn is_same_meaning(&mut self, old: Option<SchemaId>, new: Option<SchemaId>) -> bool {
        match (old, new) {
            (Some(old), Some(new)) => self.meanings.are_same((self.old.schemas, old), (self.new.schemas, new)),
            (old, new) => old.is_none() && new.is_none(),
        }
    }

    /// Compares how the parts of a body or a parameter are serialized.
    pub(super) fn encoding(&mut self, rule: &'static str, old: &Media, new: &Media, place: &str) {
        let (before, after) = (encodings(old), encodings(new));
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let (one, other) = (before.get(name).copied(), after.get(name).copied());
            let (was, is) = (written(one), written(other));
            if was != is {
                self.say(rule, format!("{name} of {place} was serialized {was} and is serialized {is}"));
            }
            if let (Some(one), Some(other)) = (one, other) {
                self.encoded_headers(rule, one, other, &format!("{name} of {place}"));
            }
        }
    }

    /// Compares the headers of two parts, and of the parts within them.
    fn encoded_headers(&mut self, rule: &'static str, old: &Encoding, new: &Encoding, place: &str) {
        let (before, after) = (by_name(&old.headers), by_name(&new.headers));
        for (name, was) in &before {
            if let Some(is) = after.get(name)
                && !self.is_same_header(was, is)
            {
                self.say(rule, format!("the header `{name}` of {place} changed"));
            }
        }
        for (name, was) in &old.within {
            if let Some((_, is)) = new.within.iter().find(|(other, _)| other == name) {
                self.encoded_headers(rule, was, is, &format!("{name} of {place}"));
            }
        }
    }

    /// Whether two headers have the same type, as far as that is visible without a comparison of all their parts.
    fn has_same_type(&mut self, old: &Header, new: &Header) -> bool {
        let (before, after) = (self.old, self.new);
        let schema = |header: &Header| match &header.content {
            Some((_, media, schema)) => (Some(essence(media)), *schema),
            None => (None, header.schema),
        };
        let ((old_media, was), (new_media, is)) = (schema(old), schema(new));
        let alike = match (was, is) {
            (Some(was), Some(is)) => {
                let (one, other) = (look(before, was), look(after, is));
                let scalar = matches!(one.kind(), "string" | "boolean" | "number") || one.kind().starts_with("integer");
                let same_values = values(&one.schema) == values(&other.schema);
                let same_scalar = scalar && one.told() == other.told() && same_values && one.kind() == other.kind();
                same_scalar || self.is_same_meaning(Some(was), Some(is))
            }
            (was, is) => was.is_none() && is.is_none(),
        };
        alike && old_media == new_media && old.required == new.required
    }

    /// Whether two headers have the same content.
    fn is_same_header(&mut self, old: &Header, new: &Header) -> bool {
        let content = match (&old.content, &new.content) {
            (Some((_, was, old)), Some((_, is, new))) => {
                essence(was) == essence(is) && self.is_same_meaning(*old, *new)
            }
            (was, is) => was.is_none() && is.is_none(),
        };
        content
            && old.required == new.required
            && explodes(self.old, old) == explodes(self.new, new)
            && self.is_same_meaning(old.schema, new.schema)
    }

    /// Compares the documented headers of two responses. The client has a constant for each.
    fn headers(&mut self, old: &'a Headers, new: &'a Headers, place: &str) {
        let (before, after) = (by_name(old), by_name(new));
        for (name, was) in &before {
            let Some(is) = after.get(name) else {
                self.say("response-header-removed", format!("{place} no longer has the header `{name}`"));
                continue;
            };
            self.text("description", &was.description, &is.description, &format!("the header `{name}` of {place}"));
            self.deprecation(Some(was.deprecated), Some(is.deprecated), &format!("the header `{name}` of {place}"));
            if !self.has_same_type(was, is) {
                let at = was.content.as_ref().map_or(&was.at, |(media, ..)| media).join("schema");
                self.say_at(&at, "response-header-changed", format!("the header `{name}` of {place} changed"));
            } else if !self.is_same_header(was, is) {
                let what = format!("the header `{name}` of {place} has other values, or is serialized in another way");
                self.say("response-header-limits-changed", what);
            }
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            self.say("response-header-added", format!("{place} has a new header `{name}`"));
        }
    }
}

/// The headers by their names in lower case.
fn by_name(headers: &Headers) -> BTreeMap<String, &Header> {
    headers.iter().map(|(name, header)| (name.to_ascii_lowercase(), &**header)).collect()
}

/// Whether the members of a header are written as `key=value`. Only an object has members.
fn explodes(side: Side<'_>, header: &Header) -> bool {
    let has_members = header
        .schema
        .is_some_and(|schema| matches!(look(side, schema).kind(), "object" | "map" | "one of several" | "anything"));
    header.explode && has_members
}

/// The encodings of a body or a parameter, by the places of the parts.
fn encodings(media: &Media) -> BTreeMap<String, &Encoding> {
    let named = media.encoding.iter().map(|(name, encoding)| (format!("`{name}`"), encoding));
    let first = media.first.iter().enumerate().map(|(index, encoding)| (format!("place {index}"), encoding));
    named.chain(first).chain(media.each.iter().map(|each| ("each further place".to_owned(), each))).collect()
}

/// How a property of a form is serialized: its encoding with the defaults that this implies (OpenAPI 3.1, 4.8.15).
fn written(encoding: Option<&Encoding>) -> String {
    let style = encoding.and_then(|it| it.style).unwrap_or(Style::Form);
    let explode = encoding.and_then(|it| it.explode).unwrap_or(style.explodes());
    let mut told = format!("in the style `{}`", style.name());
    if explode {
        told.push_str(", exploded");
    }
    if encoding.is_some_and(|it| it.reserved == Some(true)) {
        told.push_str(", with reserved characters unchanged");
    }
    if let Some(media) = encoding.and_then(|it| it.media.as_ref()) {
        told.push_str(&format!(", as `{media}`"));
    }
    let headers = encoding.into_iter().flat_map(|it| it.headers.keys());
    let names: Vec<String> = headers.map(|name| name.to_ascii_lowercase()).collect();
    if !names.is_empty() {
        told.push_str(&format!(", with the headers {}", names.join(", ")));
    }
    for (name, within) in encoding.into_iter().flat_map(|it| &it.within) {
        told.push_str(&format!(", with {name} in it {}", written(Some(within))));
    }
    told
}

type Headers = IndexMap<String, Used<Header>>;
type Responses = IndexMap<Status, Used<Response>>;

/// Pairs of statuses: equal ones, and one that replaced another and has the same content.
fn statuses(old: &Responses, new: &Responses) -> BTreeMap<Status, Status> {
    let mut pairs: BTreeMap<Status, Status> =
        old.keys().filter(|status| new.contains_key(*status)).map(|status| (*status, *status)).collect();
    let media = |response: &Response| response.content.iter().map(|media| media.name.clone()).collect::<Vec<_>>();
    for (status, was) in old.iter().filter(|(status, _)| !new.contains_key(*status)) {
        let same = |(other, now): &(&Status, &Used<Response>)| {
            !old.contains_key(*other)
                && other.hundreds() == status.hundreds()
                && status.hundreds().is_some()
                && match (was.is_shared(), now.is_shared()) {
                    (true, true) => was.at == now.at,
                    (false, false) => media(was) == media(now),
                    _ => false,
                }
        };
        let free = |(other, _): &(&Status, &Used<Response>)| !pairs.values().any(|paired| paired == *other);
        let found = new.iter().filter(free).find(same).map(|(other, _)| *other);
        pairs.extend(found.map(|other| (*status, other)));
    }
    pairs
}
