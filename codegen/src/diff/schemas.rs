//! Two schemas side by side: types, properties, values and limits, each judged by the way it travels.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::document::{MAX_DEPTH, Map, Node, Pointer, Value};
use crate::grammar;
use crate::shape::flatten;

use super::{Comparison, Side, Way, fold};

/// Where two schemas stand.
pub(super) struct Spot {
    pub(super) way: Way,
    /// What it is called in a sentence.
    pub(super) place: String,
    pub(super) depth: usize,
    /// Whether it may be absent, so that null or not makes no difference to the Rust type.
    pub(super) optional: bool,
    /// Where it is in the old document.
    pub(super) at: Pointer,
    /// Where it is in the new one.
    pub(super) there: Pointer,
}

impl Spot {
    /// The spot that these keys lead to from here.
    fn below(&self, place: String, optional: bool, keys: &[&str]) -> Self {
        let walk = |from: &Pointer| keys.iter().fold(from.clone(), |at, key| at.join(key));
        self.beside(place, optional, walk(&self.at), walk(&self.there))
    }

    /// A spot further down whose two places have not the same way to them.
    fn beside(&self, place: String, optional: bool, at: Pointer, there: Pointer) -> Self {
        Self { way: self.way, place, depth: self.depth + 1, optional, at, there }
    }
}

/// A schema with its references and the `allOf` around it looked through.
pub(super) struct Looked<'n> {
    /// The component it is, if it is one.
    name: Option<String>,
    pub(super) node: Cow<'n, Node>,
    nullable: bool,
    read_only: bool,
    write_only: bool,
    deprecated: bool,
    default: Option<&'n Node>,
    /// What is said of it where it is used.
    description: &'n str,
}

/// A chain of references longer than this is a circle.
const LONGEST_CHAIN: usize = 32;

pub(super) fn look<'n>(side: Side<'n>, schema: &'n Node) -> Looked<'n> {
    let mut looked = Looked {
        name: None,
        node: Cow::Borrowed(schema),
        nullable: false,
        read_only: false,
        write_only: false,
        deprecated: false,
        default: None,
        description: "",
    };
    let mut current = schema;
    for _ in 0..LONGEST_CHAIN {
        looked.mark(current);
        looked.node = Cow::Borrowed(current);
        if let Some(target) = grammar::reference(current).and_then(grammar::component_name) {
            let Some(found) = side.schemas.get(&target) else { break };
            looked.name = Some(target);
            current = found;
            continue;
        }
        let Some(parts) = current.get("allOf").and_then(Node::as_array) else { break };
        let says_something = |part: &&Node| part.as_object().is_none_or(|map| !grammar::only_annotations(map));
        let telling: Vec<&Node> = parts.iter().filter(says_something).collect();
        let beside = |key: &String| {
            grammar::is_annotation(key)
                || matches!(key.as_str(), "allOf" | "nullable" | "readOnly" | "writeOnly" | "default" | "xml")
        };
        let alone = current.as_object().is_some_and(|map| map.keys().all(beside));
        match telling.as_slice() {
            &[only] if alone => {
                parts.iter().filter(|part| !says_something(part)).for_each(|part| looked.mark(part));
                current = only;
            }
            _ => {
                looked.node = Cow::Owned(flatten(current, side.schemas));
                break;
            }
        }
    }
    looked
}

impl<'n> Looked<'n> {
    fn mark(&mut self, node: &'n Node) {
        self.nullable |= node.is_true("nullable");
        self.read_only |= node.is_true("readOnly");
        self.write_only |= node.is_true("writeOnly");
        self.deprecated |= self.name.is_none() && node.is_true("deprecated");
        self.default = self.default.or_else(|| node.get("default"));
        if self.description.is_empty() && self.name.is_none() {
            self.description = node.str("description").map(str::trim).unwrap_or_default();
        }
    }

    /// Whether it does not travel this way.
    fn hidden(&self, way: Way) -> bool {
        match way {
            Way::Request => self.read_only,
            Way::Response => self.write_only,
        }
    }

    /// What decides which type of Rust it is.
    fn kind(&self) -> &'static str {
        let node = &*self.node;
        let has = |key: &str| node.get(key).and_then(Node::as_object).is_some_and(|map| !map.is_empty());
        let additional = node.get("additionalProperties").map(|it| &it.value);
        if alternatives(node).is_some() {
            return "one of several";
        }
        match node.str("type") {
            Some("integer") => match node.str("format") {
                Some("int32" | "int16" | "int8") => "integer (32 bits)",
                Some("uint32" | "uint16" | "uint8") => "integer (32 bits, unsigned)",
                Some("uint64") => "integer (64 bits, unsigned)",
                _ => "integer",
            },
            Some("number") => "number",
            Some("string") => "string",
            Some("boolean") => "boolean",
            Some("array") => "array",
            None if node.get("items").is_some() => "array",
            None if node.get("enum").is_some() => "string",
            None if !has("properties") && additional.is_none() => "anything",
            // A component without properties is a message that has none yet.
            _ if has("properties") => "object",
            _ if matches!(additional, Some(Value::Object(_) | Value::Bool(true))) => "map",
            _ if self.name.is_some() => "object",
            _ => "map",
        }
    }

    /// The kind in words, with the format where it adds something.
    fn told(&self) -> String {
        match (self.node.str("format"), self.kind()) {
            (Some(format), kind) if !matches!(kind, "object" | "map" | "array" | "anything") => {
                format!("{} ({format})", kind.split(" (").next().unwrap_or(kind))
            }
            (_, kind) => kind.to_owned(),
        }
    }
}

/// The branches of a union, and the keyword they stand under.
fn alternatives(node: &Node) -> Option<(&'static str, &[Node])> {
    let list = |key: &'static str| node.get(key).and_then(Node::as_array).map(|list| (key, list));
    ["oneOf", "anyOf"].into_iter().find_map(list).filter(|(_, list)| !list.is_empty())
}

/// The last segment of a component's name, or the name it is given for Rust.
fn rust_name(side: Side<'_>, component: &str) -> String {
    let given = side.schemas.get(component).and_then(|schema| {
        schema.str("x-rust-name").or_else(|| schema.str("x-speakeasy-name-override")).map(str::to_owned)
    });
    given.unwrap_or_else(|| last(component).to_owned())
}

fn last(component: &str) -> &str {
    component.rsplit('.').next().unwrap_or(component)
}

/// The values of an enum as JSON text.
fn values(node: &Node) -> BTreeSet<String> {
    let list = node.get("enum").and_then(Node::as_array).unwrap_or_default();
    list.iter().filter(|value| !value.is_null()).map(|value| value.to_json().to_string()).collect()
}

fn required(node: &Node) -> BTreeSet<String> {
    let list = node.get("required").and_then(Node::as_array).unwrap_or_default();
    list.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// What a schema says of keys it does not name.
#[derive(PartialEq)]
enum Extra<'n> {
    Open,
    Closed,
    Typed(&'n Node),
}

fn extra(node: &Node) -> Extra<'_> {
    match node.get("additionalProperties") {
        Some(schema) => match &schema.value {
            Value::Bool(false) => Extra::Closed,
            Value::Object(map) if !map.is_empty() => Extra::Typed(schema),
            _ => Extra::Open,
        },
        None => Extra::Open,
    }
}

impl Comparison<'_> {
    pub(super) fn schemas(&mut self, old: &Node, new: &Node, spot: &Spot) {
        if spot.depth > MAX_DEPTH {
            return;
        }
        // Copies of two references: what is looked at outlives the comparison's own borrow.
        let (before, after) = (self.old, self.new);
        let (old, new) = (look(before, old), look(after, new));
        self.use_site(&old, &new, spot);
        let place = match &old.name {
            Some(name) => format!("`{}`", last(name)),
            None => spot.place.clone(),
        };
        // A component is one place, wherever it is used.
        let own = |name: &Option<String>, here: &Pointer| match name {
            Some(name) => Pointer::root().join("components").join("schemas").join(name),
            None => here.clone(),
        };
        let (at, there) = (own(&old.name, &spot.at), own(&new.name, &spot.there));
        self.trace.schemas.insert((at.clone(), there.clone()));
        if let (Some(a), Some(b)) = (&old.name, &new.name) {
            let (was, is) = (rust_name(before, a), rust_name(after, b));
            // What is an alias in Rust goes by any name.
            let listed = !values(&old.node).is_empty() && !values(&new.node).is_empty();
            if was != is && old.kind() == new.kind() && (listed || matches!(old.kind(), "object" | "one of several")) {
                self.trace.renamed.insert(at.clone());
                self.say_at(&spot.at, "type-renamed", format!("the type `{was}` is called `{is}` now"));
            }
            if !self.seen.insert((a.clone(), b.clone(), spot.way)) {
                return;
            }
            // What the component says of itself; where it is used has been looked at.
            self.words(&old.node, &new.node, &place);
        }
        let way = spot.way;
        if old.kind() != new.kind() {
            let rule = way.of("request-type-changed", "response-type-changed");
            let (mut was, mut is) = (old.told(), new.told());
            if was == is {
                (was, is) = (old.kind().to_owned(), new.kind().to_owned());
            }
            self.trace.broken.insert(at);
            return self.say_at(&spot.at, rule, format!("{place} was {was} and is {is}"));
        }
        let spot = &Spot { place: place.clone(), at, there, ..*spot };
        if old.node.str("format") != new.node.str("format") && alternatives(&old.node).is_none() {
            let rule = way.of("request-format-changed", "response-format-changed");
            self.say(rule, format!("{place} was {} and is {}", old.told(), new.told()));
        }
        self.values(&old.node, &new.node, spot);
        self.limits(&old.node, &new.node, way, &place);
        let values = spot.below(format!("{place} values"), false, &["additionalProperties"]);
        let items = spot.below(format!("{place} items"), false, &["items"]);
        if old.kind() == "object" {
            self.properties(&old.node, &new.node, &spot.below(place.clone(), false, &[]));
            self.extra(&old.node, &new.node, &spot.below(place.clone(), false, &[]));
        } else if let (Extra::Typed(a), Extra::Typed(b)) = (extra(&old.node), extra(&new.node)) {
            self.schemas(a, b, &values);
        } else if old.kind() == "map" && extra(&old.node) != extra(&new.node) {
            let rule = way.of("request-type-changed", "response-type-changed");
            self.say_at(&values.at, rule, format!("the values of {place} have another type"));
        }
        match (old.node.get("items"), new.node.get("items")) {
            (Some(a), Some(b)) => self.schemas(a, b, &items),
            (None, None) => {}
            _ => {
                let rule = way.of("request-type-changed", "response-type-changed");
                self.say_at(&items.at, rule, format!("the items of {place} have another type"));
            }
        }
        if alternatives(&old.node).is_some() && alternatives(&new.node).is_some() {
            self.alternatives(&old.node, &new.node, &spot.below(place, false, &[]));
        }
    }

    /// What is said of a schema where it is used: null, default, deprecation, words.
    fn use_site(&mut self, old: &Looked<'_>, new: &Looked<'_>, spot: &Spot) {
        let Spot { way, place, optional, .. } = spot;
        // What may be absent is an `Option` already: null or not makes no difference to it.
        if !optional && old.nullable != new.nullable {
            let (rule, what) = if new.nullable {
                (way.of("request-became-nullable", "response-became-nullable"), "may be null now")
            } else {
                (way.of("request-became-not-null", "response-became-not-null"), "is never null now")
            };
            self.say_at(&spot.at, rule, format!("{place} {what}"));
        }
        if old.default != new.default {
            let told = |node: Option<&Node>| node.map_or_else(|| "none".to_owned(), Node::to_string);
            let rule = way.of("request-default-changed", "response-default-changed");
            self.say(rule, format!("the default of {place} was {} and is {}", told(old.default), told(new.default)));
        }
        if old.deprecated != new.deprecated {
            let not = if new.deprecated { "" } else { "no longer " };
            self.say("property-deprecated", format!("{place} is {not}deprecated now"));
        }
        if old.description != new.description {
            let what = match (old.description.is_empty(), new.description.is_empty()) {
                (true, _) => "is new",
                (_, true) => "is gone",
                _ => "changed",
            };
            self.say("documentation-changed", format!("the description of {place} {what}"));
        }
    }

    /// Enums are open in Rust: a further value breaks no program, one that is gone takes its variant with it.
    fn values(&mut self, old: &Node, new: &Node, spot: &Spot) {
        let Spot { way, place, at, .. } = spot;
        let (before, after) = (values(old), values(new));
        match (before.is_empty(), after.is_empty()) {
            (true, true) => {}
            (true, false) => self.say_at(at, "became-enum", format!("{place} was any value and is one of a list")),
            (false, true) => self.say_at(at, "became-not-enum", format!("{place} was one of a list and is any value")),
            (false, false) => {
                for value in before.difference(&after) {
                    let rule = way.of("request-enum-value-removed", "response-enum-value-removed");
                    self.say_at(at, rule, format!("{place} has no value {value} any more"));
                }
                for value in after.difference(&before) {
                    let rule = way.of("request-enum-value-added", "response-enum-value-added");
                    self.say(rule, format!("{place} has a new value {value}"));
                }
            }
        }
    }

    /// Bounds, lengths and patterns. The client does not check them, the server does.
    fn limits(&mut self, old: &Node, new: &Node, way: Way, place: &str) {
        let number = |node: &Node, key: &str| match node.get(key).map(|it| &it.value) {
            Some(Value::Number(number)) => number.as_f64(),
            _ => None,
        };
        let tighter = way.of("request-limit-tightened", "response-limit-tightened");
        let looser = way.of("request-limit-loosened", "response-limit-loosened");
        let upper =
            [("maximum", Some("exclusiveMaximum")), ("maxLength", None), ("maxItems", None), ("maxProperties", None)];
        let lower =
            [("minimum", Some("exclusiveMinimum")), ("minLength", None), ("minItems", None), ("minProperties", None)];
        for (list, sign) in [(upper, 1.0), (lower, -1.0)] {
            for (key, flag) in list {
                let exclusive = |node: &Node| flag.is_some_and(|flag| node.is_true(flag));
                let (was, is) = (number(old, key), number(new, key));
                let strict = exclusive(new).cmp(&exclusive(old));
                let tightened = match (was, is) {
                    (None, None) => continue,
                    (None, Some(_)) => true,
                    (Some(_), None) => false,
                    (Some(was), Some(is)) => match (was * sign).total_cmp(&(is * sign)).then(strict) {
                        std::cmp::Ordering::Equal => continue,
                        order => order.is_gt(),
                    },
                };
                let bound = |value: Option<f64>, node: &Node| match value {
                    Some(value) if exclusive(node) => format!("{value} (excluded)"),
                    Some(value) => value.to_string(),
                    None => "none".to_owned(),
                };
                let what = format!("`{key}` of {place} was {} and is {}", bound(was, old), bound(is, new));
                self.say(if tightened { tighter } else { looser }, what);
            }
        }
        match (number(old, "multipleOf"), number(new, "multipleOf")) {
            (was, is) if was == is => {}
            (_, Some(is)) => self.say(tighter, format!("{place} is a multiple of {is} now")),
            (_, None) => self.say(looser, format!("{place} need not be a multiple any more")),
        }
        match (old.is_true("uniqueItems"), new.is_true("uniqueItems")) {
            (false, true) => self.say(tighter, format!("no two items of {place} are the same now")),
            (true, false) => self.say(looser, format!("items of {place} may be the same now")),
            _ => {}
        }
        match (old.str("pattern"), new.str("pattern")) {
            (was, is) if was == is => {}
            (None, Some(is)) => self.say(tighter, format!("{place} has to match `{is}` now")),
            (Some(was), None) => self.say(looser, format!("{place} need not match `{was}` any more")),
            (was, is) => {
                let (was, is) = (was.unwrap_or_default(), is.unwrap_or_default());
                self.say("pattern-changed", format!("{place} had to match `{was}` and has to match `{is}`"));
            }
        }
    }

    fn properties(&mut self, old: &Node, new: &Node, spot: &Spot) {
        let (before, after) = (self.old, self.new);
        let Spot { way, place, .. } = spot;
        let way = *way;
        let empty = Map::new();
        let old_map = old.get("properties").and_then(Node::as_object).unwrap_or(&empty);
        let new_map = new.get("properties").and_then(Node::as_object).unwrap_or(&empty);
        let (old_required, new_required) = (required(old), required(new));
        let visible = |side: Side<'_>, map: &Map, name: &str| {
            map.get(name).is_some_and(|property| !look(side, property).hidden(way))
        };
        let came: Vec<&String> =
            new_map.keys().filter(|name| !old_map.contains_key(*name) && visible(after, new_map, name)).collect();
        let mut respelled = BTreeSet::new();
        for (name, property) in old_map {
            let at = &spot.at.join("properties").join(name);
            let Some(now) = new_map.get(name) else {
                if look(before, property).hidden(way) {
                    continue;
                }
                if let Some(other) = came.iter().find(|other| fold(other) == fold(name)) {
                    respelled.insert((*other).clone());
                    self.say_at(at, "property-renamed", format!("`{name}` of {place} is spelled `{other}` now"));
                } else if let Some(object) = moved_into(before, after, (name, property), (old_map, new_map)) {
                    let rule = way.of("request-property-moved", "response-property-moved");
                    self.say_at(at, rule, format!("`{name}` of {place} moved into its `{object}`"));
                } else {
                    let rule = way.of("request-property-removed", "response-property-removed");
                    self.say_at(at, rule, format!("{place} has no `{name}` any more"));
                }
                continue;
            };
            match (visible(before, old_map, name), visible(after, new_map, name)) {
                (false, false) => continue,
                (true, false) => {
                    let rule = way.of("became-read-only", "became-write-only");
                    let what = way.of("can no longer be sent", "is no longer answered");
                    self.say_at(at, rule, format!("`{name}` of {place} {what}"));
                    continue;
                }
                (false, true) => {
                    let rule = way.of("became-not-read-only", "became-not-write-only");
                    let what = way.of("can be sent now", "is answered now");
                    self.say(rule, format!("`{name}` of {place} {what}"));
                    continue;
                }
                (true, true) => {}
            }
            let (was, is) = (old_required.contains(name), new_required.contains(name));
            // The one that is required is an `Option` all the same, if it may be null and is not any value at all.
            let nullable = {
                let demanded = if was { look(before, property) } else { look(after, now) };
                demanded.nullable && demanded.kind() != "anything"
            };
            if was != is {
                let (rule, what) = match (way, is) {
                    // An `Option` both times: what differs is whether null is written.
                    (Way::Request, true) if nullable => {
                        ("request-presence-changed", "is always sent now, null if it is not set")
                    }
                    (Way::Request, false) if nullable => {
                        ("request-presence-changed", "is not sent any more if it is not set")
                    }
                    (Way::Request, true) => ("request-property-required", "must be sent now"),
                    (Way::Request, false) => ("request-property-optional", "may be left out now"),
                    (Way::Response, true) => ("response-property-required", "is always there now"),
                    (Way::Response, false) => ("response-property-optional", "may be absent now"),
                };
                // An answer's `Option` stays one.
                if !(nullable && way == Way::Response) {
                    self.say_at(at, rule, format!("{place}: `{name}` {what}"));
                }
            }
            let below = spot.below(format!("{place}.`{name}`"), !was || !is, &["properties", name.as_str()]);
            self.schemas(property, now, &below);
        }
        for name in came {
            let arrived = way == Way::Request && spot.depth == 1 && self.arrived.contains(name);
            if arrived || respelled.contains(name) {
                continue;
            }
            if way == Way::Request && new_required.contains(name) {
                let at = &spot.at.join("properties").join(name);
                let what = format!("{place} has a new `{name}`, which must be sent");
                self.say_at(at, "request-property-added-required", what);
            } else {
                let rule = way.of("request-property-added", "response-property-added");
                self.say(rule, format!("{place} has a new `{name}`"));
            }
        }
    }

    /// Keys that a schema does not name: a struct keeps them in a field, unless it is one that is sent and closed.
    fn extra(&mut self, old: &Node, new: &Node, spot: &Spot) {
        let (was, is) = (extra(old), extra(new));
        let Spot { way, place, .. } = spot;
        let values = spot.below(format!("{place} values"), false, &["additionalProperties"]);
        match (was, is) {
            (Extra::Typed(a), Extra::Typed(b)) => self.schemas(a, b, &values),
            (was, is) if was == is => {}
            (_, Extra::Closed) if *way == Way::Request => {
                self.say_at(&values.at, "request-extra-closed", format!("{place} takes no keys but its own any more"));
            }
            (Extra::Closed, _) if *way == Way::Request => {
                self.say("request-extra-opened", format!("{place} takes keys beside its own now"));
            }
            (Extra::Typed(_), _) | (_, Extra::Typed(_)) => {
                let rule = way.of("request-type-changed", "response-type-changed");
                self.say_at(&values.at, rule, format!("the keys that {place} does not name have another type"));
            }
            (_, is) => {
                let what = if is == Extra::Closed { "are denied" } else { "are allowed" };
                self.say("response-extra-changed", format!("keys that {place} does not name {what} now"));
            }
        }
    }

    /// The branches of two unions: paired by the component they are; the others with one that is the same, else with one
    /// of the same kind, else in their order.
    fn alternatives(&mut self, old: &Node, new: &Node, spot: &Spot) {
        let (before, after) = (self.old, self.new);
        let (Some((was, old)), Some((is, new))) = (alternatives(old), alternatives(new)) else { return };
        let names = |side: Side<'_>, list: &[Node]| -> Vec<Option<String>> {
            list.iter().map(|branch| look(side, branch).name).collect()
        };
        let (old_names, new_names) = (names(before, old), names(after, new));
        let mut taken = vec![false; new.len()];
        let mut pairs: Vec<Option<usize>> = vec![None; old.len()];
        // A branch of another name is another branch; one without a name is some other without one.
        let likeness: [&dyn Fn(usize, usize) -> bool; 4] = [
            &|a, b| old_names[a].is_some() && old_names[a] == new_names[b],
            &|a, b| old_names[a].is_none() && new_names[b].is_none() && old[a] == new[b],
            &|a, b| {
                let kind = |side, branch| look(side, branch).kind();
                old_names[a].is_none() && new_names[b].is_none() && kind(before, &old[a]) == kind(after, &new[b])
            },
            &|a, b| old_names[a].is_none() && new_names[b].is_none(),
        ];
        for alike in likeness {
            for (index, pair) in pairs.iter_mut().enumerate().filter(|(_, pair)| pair.is_none()) {
                *pair = (0..new.len()).find(|other| !taken[*other] && alike(index, *other));
                if let Some(other) = *pair {
                    taken[other] = true;
                }
            }
        }
        for (index, branch) in old.iter().enumerate() {
            let at = spot.at.join(was).join(index);
            match pairs[index] {
                Some(other) => {
                    let place = match &old_names[index] {
                        Some(_) => spot.place.clone(),
                        None => format!("an alternative of {}", spot.place),
                    };
                    let there = spot.there.join(is).join(other);
                    self.schemas(branch, &new[other], &spot.beside(place, true, at, there));
                }
                None => {
                    let rule = spot.way.of("request-alternative-removed", "response-alternative-removed");
                    let told = told_branch(before, branch, old_names[index].as_deref());
                    self.say_at(&at, rule, format!("{} cannot be {told} any more", spot.place));
                }
            }
        }
        for (index, branch) in new.iter().enumerate().filter(|(index, _)| !taken[*index]) {
            let rule = spot.way.of("request-alternative-added", "response-alternative-added");
            let told = told_branch(after, branch, new_names[index].as_deref());
            self.say(rule, format!("{} may be {told} now", spot.place));
        }
    }
}

fn told_branch(side: Side<'_>, branch: &Node, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("`{}`", last(name)),
        None => look(side, branch).told(),
    }
}

/// The property beside a property that is gone which has one of its name and kind inside, and had none before.
fn moved_into(
    old: Side<'_>,
    new: Side<'_>,
    (name, property): (&String, &Node),
    (old_map, new_map): (&Map, &Map),
) -> Option<String> {
    let kind = look(old, property).kind();
    let inside = |side: Side<'_>, object: &Node| -> bool {
        let object = look(side, object);
        let properties = object.node.get("properties").and_then(Node::as_object);
        properties
            .into_iter()
            .flatten()
            .any(|(inner, schema)| fold(inner) == fold(name) && look(side, schema).kind() == kind)
    };
    let (object, _) = new_map.iter().find(|(object, schema)| {
        inside(new, schema) && !old_map.get(*object).is_some_and(|before| inside(old, before))
    })?;
    Some(object.clone())
}
