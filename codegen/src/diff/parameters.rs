//! Compares the parameters of an operation: which are required, which are optional, and how each is serialized.

use std::collections::BTreeMap;

use crate::api::argument_type;
use crate::calls::{Parameter, Place, Style, Used};
use crate::document::Pointer;
use crate::schema::SchemaId;
use crate::shape::model::Operation as Shaped;

use super::compare::{Comparison, Operation, Side, Spot, Way, fold};
use super::look::look;

/// Name and place. Names of headers are in lower case, because they have no case (RFC 9110, section 5.1).
type Key = (String, &'static str);

/// The parameters of an operation and its path item.
type Parameters<'a> = BTreeMap<Key, &'a Used<Parameter>>;

/// The parameters of an operation and its path item. Parameters that OpenAPI ignores are left out.
fn parameters<'a>(operation: &Operation<'a>) -> Parameters<'a> {
    let name = |it: &Parameter| match it.place {
        Place::Header => it.name.to_ascii_lowercase(),
        Place::Path | Place::Query | Place::QueryString | Place::Cookie => it.name.clone(),
    };
    let all = operation.item.parameters.iter().chain(&operation.call.parameters);
    all.filter(|it| !it.is_ignored()).map(|it| ((name(it), it.place.name()), it)).collect()
}

/// How a parameter is serialized: its style with the style's defaults, or the media type of its `content`.
fn writing(side: Side<'_>, parameter: &Parameter) -> String {
    if let Some(content) = &parameter.content {
        return format!("as `{}`", content.name);
    }
    let style = parameter.style.unwrap_or(parameter.place.style());
    let explode = parameter.explode.unwrap_or(style.explodes());
    // In this style the items of a list are separated by commas, exploded or not (RFC 6570, section 3.2.2).
    let list = || parameter.schema.is_some_and(|schema| look(side, schema).kind() == "array");
    let explode = explode && !(style == Style::Simple && list());
    let reserved = if parameter.reserved { ", with reserved characters unchanged" } else { "" };
    format!("in the style `{}`{}{reserved}", style.name(), if explode { ", exploded" } else { "" })
}

/// Whether the style matters: most styles serialize a scalar in the same way.
fn shows(side: Side<'_>, parameter: &Parameter) -> bool {
    let scalar = parameter.schema.is_some_and(|schema| {
        let looked = look(side, schema);
        matches!(looked.kind(), "string" | "boolean" | "number") || looked.kind().starts_with("integer")
    });
    let plain = match parameter.place {
        Place::Path => parameter.style.is_none_or(|style| style == Style::Simple),
        // The style `cookie` sends a text as it is.
        Place::Cookie => !parameter.reserved && parameter.style != Some(Style::Cookie),
        Place::Query | Place::QueryString | Place::Header => !parameter.reserved,
    };
    !(scalar && plain && parameter.content.is_none())
}

/// The properties of an exploded query parameter that is an object. Each is sent as a parameter.
fn exploded(side: Side<'_>, parameter: &Parameter) -> Vec<String> {
    let form = parameter.place == Place::Query && parameter.style.is_none_or(|style| style == Style::Form);
    if !form || parameter.explode == Some(false) {
        return Vec::new();
    }
    parameter.schema.map(|schema| property_names(side, schema)).unwrap_or_default()
}

fn property_names(side: Side<'_>, schema: SchemaId) -> Vec<String> {
    look(side, schema).schema.properties.iter().flat_map(|properties| properties.keys()).cloned().collect()
}

impl<'a> Comparison<'a> {
    pub(super) fn parameters(&mut self, old: Operation<'a>, new: Operation<'a>, moved: bool) {
        let (mut before, mut after) = (parameters(&old), parameters(&new));
        if !moved {
            self.path_names(old, new, &mut before, &after);
        }
        let at = old.at().join("parameters");
        let (was, is) = (old.placeholders(), new.placeholders());
        let kept = |names: &[&str], others: &[&str]| -> Vec<String> {
            names.iter().filter(|name| others.contains(name)).map(|name| format!("`{name}`")).collect()
        };
        let (was, is) = (kept(&was, &is), kept(&is, &was));
        if was != is {
            // The order of the arguments changes too.
            let what = format!("its path has {} in the order {} now", was.join(", "), is.join(", "));
            self.say_at(&at, "parameter-reordered", what);
        }
        self.regrouped(&at, &mut before, &mut after);
        let came: Vec<Key> = after.keys().filter(|key| !before.contains_key(*key)).cloned().collect();
        let mut properties = self.new_properties(&old, &new);
        for ((name, place), parameter) in &before {
            let shown = &parameter.name;
            let Some(now) = after.get(&(name.clone(), *place)).copied() else {
                let same = |other: &str| fold(other) == fold(name);
                let elsewhere = came.iter().find(|(other, other_place)| same(other) && other_place != place).cloned();
                let inside = properties.iter().position(|property| same(property));
                if let Some(key) = elsewhere {
                    let what = format!("the {place} parameter `{shown}` is a {} parameter now", key.1);
                    self.say_at(&at, "parameter-moved", what);
                    self.place(at.join(shown));
                    after.remove(&key);
                } else if let Some(index) = inside {
                    let property = properties.remove(index);
                    let what = format!("the {place} parameter `{shown}` moved into the body, as `{property}`");
                    self.say_at(&at, "parameter-moved", what);
                    self.place(at.join(shown));
                    self.arrives(property);
                } else {
                    self.say_at(&at, "parameter-removed", format!("the {place} parameter `{shown}` was removed"));
                    self.place(at.join(shown));
                }
                continue;
            };
            self.here = Some(at.join(shown));
            self.parameter(&at, parameter, now);
            self.here = None;
        }
        for key in came.iter() {
            let Some(parameter) = after.get(key) else { continue };
            let (place, name) = (key.1, &parameter.name);
            if parameter.required {
                let what = format!("a new {place} parameter `{name}`, which is required");
                self.say_at(&at, "parameter-added-required", what);
            } else {
                self.say_at(&at, "parameter-added", format!("a new {place} parameter `{name}`"));
            }
        }
    }

    /// The name of a path parameter does not matter at the same position, unless the argument's type is named after it.
    fn path_names(
        &mut self,
        old: Operation<'a>,
        new: Operation<'a>,
        before: &mut Parameters<'a>,
        after: &Parameters<'a>,
    ) {
        let at = old.at().join("parameters");
        let (shaped, now) = (self.old.shaped(&old), self.new.shaped(&new));
        for (was, is) in old.placeholders().into_iter().zip(new.placeholders()) {
            let path = |name: &str| (name.to_owned(), Place::Path.name());
            if was == is || after.contains_key(&path(was)) || before.contains_key(&path(is)) {
                continue;
            }
            let Some(parameter) = before.remove(&path(was)) else { continue };
            before.insert(path(is), parameter);
            let told = format!("the path parameter `{was}` is called `{is}` now");
            let ty = |shaped: Option<&Shaped>, name| argument_type(shaped?, name);
            match (ty(shaped, was), ty(now, is)) {
                // Another type of value is reported for the parameter itself.
                (Some(before), Some(after)) if before != after && !before.starts_with('&') => {
                    self.say_at(&at, "parameter-type-renamed", format!("{told}, and its type is `{after}`"));
                }
                _ => self.say("parameter-renamed", told),
            }
        }
    }

    /// Query parameters that became the properties of one exploded object, or the reverse. The request is the same.
    fn regrouped(&mut self, at: &Pointer, before: &mut Parameters<'a>, after: &mut Parameters<'a>) {
        let (old, new) = (self.old, self.new);
        let query = |name: &String| (name.clone(), Place::Query.name());
        let objects = |side, these: &Parameters<'a>, others: &Parameters<'a>| {
            let left = these.iter().filter(|(key, _)| !others.contains_key(*key));
            let found = left.map(|(key, it)| (key.clone(), exploded(side, it)));
            found.filter(|(_, names)| !names.is_empty()).collect::<Vec<_>>()
        };
        let list = |names: &[String]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        for (key, properties) in objects(new, after, before) {
            let alone = |name: &&String| before.contains_key(&query(name)) && !after.contains_key(&query(name));
            let names: Vec<String> = properties.iter().filter(alone).cloned().collect();
            if names.is_empty() {
                continue;
            }
            let what = format!("the query parameters {} became the properties of `{}`", list(&names), key.0);
            self.say_at(at, "parameter-regrouped", what);
            before.retain(|key, _| !names.iter().any(|name| *key == query(name)));
            after.remove(&key);
        }
        for (key, properties) in objects(old, before, after) {
            let alone = |name: &&String| after.contains_key(&query(name)) && !before.contains_key(&query(name));
            let names: Vec<String> = properties.iter().filter(alone).cloned().collect();
            if names.is_empty() {
                continue;
            }
            let what =
                format!("the properties of the query parameter `{}` became the parameters {}", key.0, list(&names));
            self.say_at(at, "parameter-regrouped", what);
            after.retain(|key, _| !names.iter().any(|name| *key == query(name)));
            before.remove(&key);
        }
    }

    /// Compares a parameter that both documents have.
    fn parameter(&mut self, at: &Pointer, old: &Used<Parameter>, new: &Used<Parameter>) {
        let told = format!("the {} parameter `{}`", old.place.name(), old.name);
        match (old.required, new.required) {
            (false, true) => self.say_at(at, "parameter-required", format!("{told} is required now")),
            (true, false) => self.say_at(at, "parameter-optional", format!("{told} is optional now")),
            _ => {}
        }
        self.deprecation(Some(old.deprecated), Some(new.deprecated), &told);
        let (was, is) = (writing(self.old, old), writing(self.new, new));
        if was != is && (shows(self.old, old) || shows(self.new, new)) {
            self.say("parameter-style-changed", format!("{told} was serialized {was} and is serialized {is}"));
        }
        self.text("description", &old.description, &new.description, &told);
        let spot = |at, there| Spot {
            way: Way::Request,
            place: format!("`{}`", old.name),
            depth: 1,
            // A path, a query or a header cannot contain null.
            optional: true,
            at,
            there,
        };
        match (&old.content, &new.content) {
            (Some(was), Some(is)) => {
                let below = |parameter: &Used<Parameter>, media| parameter.here.join("content").join(media);
                self.media(was, is, &spot(below(old, &was.name), below(new, &is.name)));
                self.encoding("parameter-style-changed", was, is, &told);
            }
            (None, None) => {
                self.members(old.schema, new.schema, &spot(old.here.join("schema"), new.here.join("schema")));
            }
            // The changed serialization is reported already.
            _ => {}
        }
    }

    /// The properties at the top level of the new body that the old body does not have.
    fn new_properties(&self, old: &Operation<'a>, new: &Operation<'a>) -> Vec<String> {
        let names = |side: Side<'a>, operation: &Operation<'a>| -> Vec<String> {
            let contents = operation.call.body.iter().flat_map(|body| &body.content);
            contents.filter_map(|media| media.schema).flat_map(|schema| property_names(side, schema)).collect()
        };
        let before = names(self.old, old);
        names(self.new, new).into_iter().filter(|name| !before.contains(name)).collect()
    }
}
