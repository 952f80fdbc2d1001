//! Compares two schemas: types, properties, values and limits, by direction.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{MAX_DEPTH, Map, Node, Pointer, Value};
use crate::grammar;

use super::compare::{Comparison, Pair, Side, Spot, Way, fold};
use super::look::{
    Extra, Looked, alternatives, extra, further_limits, glance, last, listed, look, required, rust_name, values,
};

impl Comparison<'_> {
    /// Compares two schemas at their place of use. Two components are compared separately and once.
    pub(super) fn schemas(&mut self, old: &Node, new: &Node, spot: &Spot) {
        if spot.depth > MAX_DEPTH {
            return;
        }
        let (before, after) = (self.old, self.new);
        let (was, is) = (glance(before, old), glance(after, new));
        let pair = match (&was.name, &is.name) {
            (Some(a), Some(b)) => Some(Pair { old: a.clone(), new: b.clone(), way: spot.way }),
            _ => None,
        };
        let Some(pair) = pair else {
            let (was, is) = (look(before, old), look(after, new));
            self.use_site(&was, &is, spot);
            return self.bodies_of(&was, &is, spot);
        };
        self.use_site(&was, &is, spot);
        self.renamed(&pair, spot);
        self.uses(pair);
    }

    /// Compares the positions of two tuples.
    fn tuples(&mut self, old: &Node, new: &Node, spot: &Spot) {
        let places = |node: &Node| node.get("properties").and_then(Node::as_object).map_or(0, Map::len);
        let (was, is) = (places(old), places(new));
        let Spot { way, place, .. } = spot;
        // The client has one type for all positions.
        let items = spot.below(place.clone(), false, &["items"]);
        if was != is {
            let rule = way.of("request-type-changed", "response-type-changed");
            self.say_at(&items.at, rule, format!("{place} had {was} places and has {is}"));
        }
        for index in 0..was.min(is) {
            let schema = |node: &'_ Node| node.get("properties").and_then(|it| it.get(&index.to_string())).cloned();
            if let (Some(old), Some(new)) = (schema(old), schema(new)) {
                let (at, there) = (items.at.clone(), items.there.clone());
                self.schemas(&old, &new, &spot.beside(format!("place {index} of {place}"), false, at, there));
            }
        }
        match (extra(old), extra(new)) {
            (Extra::Typed(a), Extra::Typed(b)) => self.schemas(a, b, &items),
            (was, is) if was != is => {
                let rule = way.of("request-type-changed", "response-type-changed");
                self.say_at(&items.at, rule, format!("what follows the places of {place} has another type"));
            }
            _ => {}
        }
    }

    /// Compares two components, independent of their use.
    pub(super) fn components(&mut self, pair: &Pair) {
        let (before, after) = (self.old, self.new);
        let (Some(old), Some(new)) = (before.schemas.get(&pair.old), after.schemas.get(&pair.new)) else { return };
        let (mut was, mut is) = (look(before, old), look(after, new));
        was.name = Some(pair.old.clone());
        is.name = Some(pair.new.clone());
        let at = |name: &String| Pointer::root().join("components").join("schemas").join(name);
        let spot = Spot {
            way: pair.way,
            place: format!("`{}`", last(&pair.old)),
            depth: 0,
            optional: true,
            at: at(&pair.old),
            there: at(&pair.new),
        };
        // The component's own description. The place of use is compared elsewhere.
        let place = spot.place.clone();
        self.words(&was.node, &is.node, &place);
        self.bodies_of(&was, &is, &spot);
    }

    /// Whether the Rust name of two components changed.
    fn renamed(&mut self, pair: &Pair, spot: &Spot) {
        let (before, after) = (self.old, self.new);
        let (was, is) = (rust_name(before, &pair.old), rust_name(after, &pair.new));
        if was == is {
            return;
        }
        let (Some(old), Some(new)) = (before.schemas.get(&pair.old), after.schemas.get(&pair.new)) else { return };
        let (mut old, mut new) = (look(before, old), look(after, new));
        (old.name, new.name) = (Some(pair.old.clone()), Some(pair.new.clone()));
        // The name of an alias does not matter.
        let enums = listed(&old) && listed(&new);
        if old.kind() == new.kind() && (enums || matches!(old.kind(), "object" | "one of several")) {
            self.trace.renamed.insert(Pointer::root().join("components").join("schemas").join(&pair.old));
            self.say_at(&spot.at, "type-renamed", format!("the type `{was}` is called `{is}` now"));
        }
    }

    /// Compares the parts of two schemas.
    fn bodies_of(&mut self, old: &Looked<'_>, new: &Looked<'_>, spot: &Spot) {
        let place = match &old.name {
            Some(name) => format!("`{}`", last(name)),
            None => spot.place.clone(),
        };
        // A component has one place, whatever uses it.
        let own = |name: &Option<String>, here: &Pointer| match name {
            Some(name) => Pointer::root().join("components").join("schemas").join(name),
            None => here.clone(),
        };
        let (at, there) = (own(&old.name, &spot.at), own(&new.name, &spot.there));
        self.trace.schemas.insert((at.clone(), there.clone()));
        let way = spot.way;
        let changed = way.of("request-type-changed", "response-type-changed");
        if old.kind() != new.kind() {
            let (mut was, mut is) = (old.told(), new.told());
            if was == is {
                (was, is) = (old.kind().to_owned(), new.kind().to_owned());
            }
            self.say_at(&at, changed, format!("{place} was {was} and is {is}"));
            if !self.unread {
                self.trace.broken.insert(spot.at.clone());
            }
            return;
        }
        let spot = &Spot { place: place.clone(), at, there, ..*spot };
        if old.node.str("format") != new.node.str("format") && alternatives(&old.node).is_none() {
            let rule = way.of("request-format-changed", "response-format-changed");
            self.say(rule, format!("{place} was {} and is {}", old.told(), new.told()));
        }
        self.values(old, new, spot);
        self.limits(&old.node, &new.node, way, &place);
        self.further_limits(old, new, way, &place);
        let kind = old.kind();
        let (old, new): (&Node, &Node) = (&old.node, &new.node);
        let values = spot.below(format!("{place} values"), false, &["additionalProperties"]);
        let items = spot.below(format!("{place} items"), false, &["items"]);
        match kind {
            "tuple" => self.tuples(old, new, spot),
            "object" => {
                self.properties(old, new, &spot.below(place.clone(), false, &[]));
                self.extra(old, new, &spot.below(place.clone(), false, &[]));
            }
            _ => match (extra(old), extra(new)) {
                (Extra::Typed(a), Extra::Typed(b)) => self.schemas(a, b, &values),
                (was, is) if kind == "map" && was != is => {
                    self.say_at(&values.at, changed, format!("the values of {place} have another type"));
                }
                _ => {}
            },
        }
        match (old.get("items"), new.get("items")) {
            (Some(a), Some(b)) => self.schemas(a, b, &items),
            (None, None) => {}
            _ => self.say_at(&items.at, changed, format!("the items of {place} have another type")),
        }
        self.discriminators(old, new, spot);
        if alternatives(old).is_some() && alternatives(new).is_some() {
            self.alternatives(old, new, &spot.below(place, false, &[]));
        }
    }

    /// Compares the schemas at their place of use: null, default, deprecation, description.
    fn use_site(&mut self, old: &Looked<'_>, new: &Looked<'_>, spot: &Spot) {
        let Spot { way, place, optional, .. } = spot;
        // A value that may be absent is an `Option` already, so null makes no difference.
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

    /// Compares the values of enums. Enums are open in Rust, so a new value breaks nothing, but a removed one removes
    /// its variant.
    fn values(&mut self, old: &Looked<'_>, new: &Looked<'_>, spot: &Spot) {
        let Spot { way, place, at, .. } = spot;
        match (listed(old), listed(new)) {
            (false, false) => {}
            (false, true) => self.say_at(at, "became-enum", format!("{place} was any value and is one of a list")),
            (true, false) => self.say_at(at, "became-not-enum", format!("{place} was one of a list and is any value")),
            (true, true) => {
                let (before, after) = (values(&old.node), values(&new.node));
                for value in before.difference(&after) {
                    let rule = way.of("request-enum-value-removed", "response-enum-value-removed");
                    self.say_at(at, rule, format!("{place} has no value {value} any more"));
                    self.place(at.join("enum").join(value.trim_matches('"')));
                }
                for value in after.difference(&before) {
                    let rule = way.of("request-enum-value-added", "response-enum-value-added");
                    self.say(rule, format!("{place} has a new value {value}"));
                }
                match (old.open, new.open) {
                    (false, true) => {
                        let rule = way.of("request-limit-loosened", "response-limit-loosened");
                        self.say(rule, format!("{place} may be any other value, too, now"));
                    }
                    (true, false) => {
                        let rule = way.of("request-limit-tightened", "response-limit-tightened");
                        self.say(rule, format!("{place} is no other value than those of its list any more"));
                    }
                    _ => {}
                }
            }
        }
    }

    /// Compares the limits that are not numbers.
    fn further_limits(&mut self, old: &Looked<'_>, new: &Looked<'_>, way: Way, place: &str) {
        let (before, after) = (further_limits(old), further_limits(new));
        for gone in before.difference(&after) {
            let rule = way.of("request-limit-loosened", "response-limit-loosened");
            self.say(rule, format!("{place} {gone} no more"));
        }
        for new in after.difference(&before) {
            let rule = way.of("request-limit-tightened", "response-limit-tightened");
            self.say(rule, format!("{place} {new} now"));
        }
    }

    /// Compares bounds, lengths and patterns. The server checks these, the client does not.
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
            map.get(name).is_some_and(|property| !glance(side, property).hidden(way))
        };
        let came: Vec<&String> =
            new_map.keys().filter(|name| !old_map.contains_key(*name) && visible(after, new_map, name)).collect();
        let mut respelled = BTreeSet::new();
        for (name, property) in old_map {
            let at = &spot.at.join("properties").join(name);
            let Some(now) = new_map.get(name) else {
                if glance(before, property).hidden(way) {
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
                    let what = way.of("can no longer be sent", "is no longer received");
                    self.say_at(at, rule, format!("`{name}` of {place} {what}"));
                    continue;
                }
                (false, true) => {
                    let rule = way.of("became-not-read-only", "became-not-write-only");
                    let what = way.of("can be sent now", "is received now");
                    self.say(rule, format!("`{name}` of {place} {what}"));
                    continue;
                }
                (true, true) => {}
            }
            let (was, is) = (old_required.contains(name), new_required.contains(name));
            // A required property is an `Option` too if it may be null, unless it may be any value.
            let nullable = was != is && {
                let demanded = if was { look(before, property) } else { look(after, now) };
                demanded.nullable && demanded.kind() != "anything"
            };
            if was != is {
                let (rule, what) = match (way, is) {
                    // It was and is an `Option`. The difference is whether null is written.
                    (Way::Request, true) if nullable => {
                        ("request-presence-changed", "is always sent now, null if it is not set")
                    }
                    (Way::Request, false) if nullable => {
                        ("request-presence-changed", "is not sent any more if it is not set")
                    }
                    (Way::Request, true) => ("request-property-required", "must be sent now"),
                    (Way::Request, false) => ("request-property-optional", "may be left out now"),
                    (_, true) => ("response-property-required", "is always there now"),
                    (_, false) => ("response-property-optional", "may be absent now"),
                };
                // In a response the `Option` stays.
                if !(nullable && way != Way::Request) {
                    self.say_at(at, rule, format!("{place}: `{name}` {what}"));
                }
            }
            let below = spot.below(format!("{place}.`{name}`"), !was || !is, &["properties", name.as_str()]);
            self.schemas(property, now, &below);
        }
        for name in came {
            if respelled.contains(name) {
                continue;
            }
            let at = &spot.at.join("properties").join(name);
            let (rule, what) = if way == Way::Request && new_required.contains(name) {
                ("request-property-added-required", format!("{place} has a new `{name}`, which must be sent"))
            } else {
                (way.of("request-property-added", "response-property-added"), format!("{place} has a new `{name}`"))
            };
            // A parameter that moved into the body is not an addition for that operation.
            match way == Way::Request && spot.depth == 1 {
                true => self.say_new(at, rule, what, name),
                false => self.say_at(at, rule, what),
            }
        }
    }

    /// Compares the keys that a schema does not name. A struct keeps them in a field, unless it is a closed request.
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

    /// Compares how the branches of two unions are distinguished: the property, and its values for each branch.
    fn discriminators(&mut self, old: &Node, new: &Node, spot: &Spot) {
        let place = &spot.place;
        let property = |node: &Node| node.get("discriminator").and_then(|it| it.str("propertyName")).map(str::to_owned);
        match (property(old), property(new)) {
            (None, None) => return,
            (Some(was), Some(is)) if was == is => {}
            (Some(was), Some(is)) => {
                let what = format!("the alternatives of {place} were distinguished by `{was}` and are by `{is}`");
                return self.say_at(&spot.at, "discriminator-changed", what);
            }
            (None, Some(is)) => {
                return self.say(
                    "discriminator-added",
                    format!("the alternatives of {place} are distinguished by `{is}` now"),
                );
            }
            (Some(was), None) => {
                let what = format!("the alternatives of {place} are no longer distinguished by `{was}`");
                return self.say("discriminator-removed", what);
            }
        }
        let (before, after) = (mapping(self.old, old), mapping(self.new, new));
        for (value, target) in &before {
            match after.get(value) {
                Some(now) if now != target => {
                    let what = format!("\"{value}\" meant `{}` for {place} and means `{}`", last(target), last(now));
                    self.say_at(&spot.at, "discriminator-mapping-changed", what);
                }
                Some(_) => {}
                // The removal of an alternative is reported already.
                None if !after.values().any(|now| now == target) => {}
                None => self.say(
                    "discriminator-value-removed",
                    format!("\"{value}\" means no alternative of {place} any more"),
                ),
            }
        }
        let known = |target: &String| before.values().any(|was| was == target);
        for (value, target) in after.iter().filter(|(value, target)| !before.contains_key(*value) && known(target)) {
            self.say("discriminator-value-added", format!("\"{value}\" means `{}` for {place} now", last(target)));
        }
    }

    /// Pairs the branches of two unions: by component, then equal branches, then branches of the same kind, then in
    /// order.
    fn alternatives(&mut self, old_union: &Node, new_union: &Node, spot: &Spot) {
        let (before, after) = (self.old, self.new);
        let (Some((was, old)), Some((is, new))) = (alternatives(old_union), alternatives(new_union)) else { return };
        let names = |side: Side<'_>, list: &[Node]| -> Vec<Option<String>> {
            list.iter().map(|branch| glance(side, branch).name).collect()
        };
        let (old_names, new_names) = (names(before, old), names(after, new));
        let kinds = |side: Side<'_>, list: &[Node]| -> Vec<&'static str> {
            list.iter().map(|branch| look(side, branch).kind()).collect()
        };
        let (old_kinds, new_kinds) = (kinds(before, old), kinds(after, new));
        let mut taken = vec![false; new.len()];
        let mut pairs: Vec<Option<usize>> = vec![None; old.len()];
        // A branch with another name is another branch. A branch without a name is only paired with one without a name.
        let likeness: [&dyn Fn(usize, usize) -> bool; 4] = [
            &|a, b| old_names[a].is_some() && old_names[a] == new_names[b],
            &|a, b| old_names[a].is_none() && new_names[b].is_none() && old[a] == new[b],
            &|a, b| old_names[a].is_none() && new_names[b].is_none() && old_kinds[a] == new_kinds[b],
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

/// The property that now contains a property with the name and kind of a removed one, and did not contain one before.
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

/// The values of a discriminator, each with its component. The name of a component that is not in the mapping is its
/// value.
fn mapping(side: Side<'_>, union: &Node) -> BTreeMap<String, String> {
    let given = union.get("discriminator").and_then(|it| it.get("mapping")).and_then(Node::as_object);
    let target = |text: &str| grammar::component_name(text).unwrap_or_else(|| text.to_owned());
    let mut found: BTreeMap<String, String> =
        given.into_iter().flatten().filter_map(|(value, to)| Some((value.clone(), target(to.as_str()?)))).collect();
    let branches = alternatives(union).map_or(&[][..], |(_, list)| list);
    for name in branches.iter().filter_map(|branch| glance(side, branch).name) {
        if !found.values().any(|target| *target == name) {
            found.insert(name.clone(), name);
        }
    }
    found
}
