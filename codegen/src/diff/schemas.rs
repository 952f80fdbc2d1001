//! Compares two schemas: types, properties and values, by direction.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::document::{MAX_DEPTH, Node};
use crate::grammar;
use crate::schema::{JsonType, Properties, Schema, SchemaId, same};
use crate::span::Span;

use super::compare::{Comparison, Pair, Side, Spot, Way, fold};
use super::look::{Extra, Looked, alternatives, glance, last, listed, look, rust_name, values};

impl<'a> Comparison<'a> {
    /// Compares two schemas at their place of use. A pair of components is compared separately, and only once.
    pub(super) fn schemas(&mut self, old: SchemaId, new: SchemaId, spot: &Spot) {
        if spot.depth > MAX_DEPTH {
            return;
        }
        let (before, after) = (self.old, self.new);
        let (was, is) = (glance(before, old), glance(after, new));
        let (Some(a), Some(b)) = (was.component, is.component) else {
            let (was, is) = (look(before, old), look(after, new));
            self.use_site(&was, &is, spot);
            if spot.depth == 0 {
                self.inline.clear();
            }
            // A flattened `allOf` can lead to the same inline schemas on several paths. They are compared once.
            if self.inline.insert(Pair { old, new, way: spot.way }) {
                self.bodies_of(&was, &is, spot);
            }
            return;
        };
        let pair = Pair { old: a, new: b, way: spot.way };
        self.use_site(&was, &is, spot);
        self.renamed(pair, spot);
        self.uses(pair);
    }

    /// Compares the positions of two tuples.
    fn tuples(&mut self, old: &Schema, new: &Schema, spot: &Spot) {
        let (before, after) = (old.prefix.as_deref().unwrap_or_default(), new.prefix.as_deref().unwrap_or_default());
        let (was, is) = (before.len(), after.len());
        let Spot { way, place, .. } = spot;
        if was != is {
            let rule = way.of("request-type-changed", "response-type-changed");
            self.say_at(&spot.at, rule, format!("{place} had {was} places and has {is}"));
        }
        for (index, (old, new)) in before.iter().zip(after).enumerate() {
            let keys = ["prefixItems", &index.to_string()];
            self.schemas(*old, *new, &spot.below(format!("place {index} of {place}"), false, &keys));
        }
        let items = spot.below(place.clone(), false, &["items"]);
        match (Extra::of_items(self.old, old), Extra::of_items(self.new, new)) {
            (Extra::Typed(a), Extra::Typed(b)) => self.schemas(a, b, &items),
            (was, is) if !was.is_like(is) => {
                let rule = way.of("request-type-changed", "response-type-changed");
                self.say_at(&items.at, rule, format!("what follows the places of {place} has another type"));
            }
            _ => self.untyped(old.rest, new.rest, *way, &format!("what follows the places of {place}")),
        }
    }

    /// Compares two components, independently of their use.
    pub(super) fn components(&mut self, pair: Pair) {
        let (before, after) = (self.old, self.new);
        let (mut was, mut is) = (look(before, pair.old), look(after, pair.new));
        was.component = Some(pair.old);
        is.component = Some(pair.new);
        self.inline.clear();
        let spot = Spot {
            way: pair.way,
            place: format!("`{}`", last(before.name(pair.old))),
            depth: 0,
            optional: true,
            at: before.place(pair.old),
            there: after.place(pair.new),
        };
        // The component's own description. The place of use is compared elsewhere.
        let text = |looked: &Looked| -> String {
            looked.schema.annotations.description.as_deref().unwrap_or_default().trim().to_owned()
        };
        self.text("description", &text(&was), &text(&is), &spot.place);
        self.deprecation(was.schema.annotations.deprecated, is.schema.annotations.deprecated, &spot.place);
        // A use of the component shows its default, unless a part of its `allOf` has it.
        let at_use = (glance(before, pair.old).default, glance(after, pair.new).default);
        if at_use.0.is_none() && at_use.1.is_none() {
            self.defaults(&was.default, &is.default, pair.way, &spot.place);
        }
        self.bodies_of(&was, &is, &spot);
    }

    /// Reports that the Rust name of a component changed.
    fn renamed(&mut self, pair: Pair, spot: &Spot) {
        let (before, after) = (self.old, self.new);
        let (was, is) = (rust_name(before, pair.old), rust_name(after, pair.new));
        if was == is {
            return;
        }
        let (mut old, mut new) = (look(before, pair.old), look(after, pair.new));
        (old.component, new.component) = (Some(pair.old), Some(pair.new));
        // The name of an alias does not matter.
        let enums = listed(&old) && listed(&new);
        if old.kind() == new.kind() && (enums || matches!(old.kind(), "object" | "one of several")) {
            self.trace.renamed.insert(before.place(pair.old));
            self.say_at(&spot.at, "type-renamed", format!("the type `{was}` is called `{is}` now"));
        }
    }

    /// Compares the parts of two schemas.
    fn bodies_of(&mut self, old: &Looked, new: &Looked, spot: &Spot) {
        let (before, after) = (self.old, self.new);
        let place = match old.component {
            Some(component) => format!("`{}`", last(before.name(component))),
            None => spot.place.clone(),
        };
        // A component has one place, wherever it is used.
        let at = old.component.map_or_else(|| spot.at.clone(), |component| before.place(component));
        let there = new.component.map_or_else(|| spot.there.clone(), |component| after.place(component));
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
        if old.schema.format != new.schema.format {
            let rule = way.of("request-format-changed", "response-format-changed");
            self.say(rule, format!("{place} was {} and is {}", old.told(), new.told()));
        }
        self.values(old, new, spot);
        self.limits(&old.schema.limits, &new.schema.limits, way, &place);
        self.further_limits(old, new, way, &place);
        self.further(&old.schema, &new.schema, way, &place);
        let kind = old.kind();
        let (old, new) = (&*old.schema, &*new.schema);
        // All keywords are listed. This does not compile until a new keyword is compared or ignored here.
        let Schema {
            items: old_items,
            content: old_content,
            // The kind of the values says this, except for a union.
            ty: old_type,
            // These depend on the kind of the values.
            properties: _,
            additional: _,
            prefix: _,
            rest: _,
            one_of: _,
            any_of: _,
            discriminator: _,
            // These are compared above.
            format: _,
            values: _,
            required: _,
            limits: _,
            further: _,
            also: _,
            not: _,
            // `look` has resolved these.
            reference: _,
            all_of: _,
            // These belong to the place of use.
            nullable: _,
            read_only: _,
            write_only: _,
            default: _,
            annotations: _,
            // This is not compared.
            xml: _,
            span: _,
        } = old;
        let values = spot.below(format!("{place} values"), false, &["additionalProperties"]);
        let items = spot.below(format!("{place} items"), false, &["items"]);
        match kind {
            "tuple" => self.tuples(old, new, spot),
            // A union may have properties beside its alternatives.
            "object" | "one of several" => {
                self.properties(old, new, &spot.below(place.clone(), false, &[]));
                self.extra(old, new, &spot.below(place.clone(), false, &[]));
            }
            _ => match (Extra::of_keys(before, old), Extra::of_keys(after, new)) {
                (Extra::Typed(a), Extra::Typed(b)) => self.schemas(a, b, &values),
                (was, is) if kind == "map" && !was.is_like(is) => {
                    self.say_at(&values.at, changed, format!("the values of {place} have another type"));
                }
                _ => self.untyped(old.additional.schema(), new.additional.schema(), way, &values.place),
            },
        }
        if kind == "one of several" && *old_type != new.ty {
            self.union_types(old, new, way, &place);
        }
        match (*old_items, new.items) {
            (Some(a), Some(b)) => self.schemas(a, b, &items),
            (None, None) => {}
            _ => self.say_at(&items.at, changed, format!("the items of {place} have another type")),
        }
        match (old_content, &new.content) {
            (Some(a), Some(b)) => {
                self.schemas(*a, *b, &spot.below(format!("the JSON in {place}"), false, &["x-json-text"]));
            }
            // An enum is always one of its strings, even if a string contains JSON.
            (was, is) if was.is_some() != is.is_some() && old.values.is_none() && new.values.is_none() => {
                let what = if is.is_some() { "is JSON in a text now" } else { "is any text now" };
                self.say_at(&spot.at, changed, format!("{place} {what}"));
            }
            _ => {}
        }
        self.discriminators(old, new, spot);
        if alternatives(old).is_some() && alternatives(new).is_some() {
            self.alternatives(old, new, &spot.below(place, false, &[]));
        }
    }

    /// Compares the schemas at their place of use: null, default, deprecation, description.
    fn use_site(&mut self, old: &Looked, new: &Looked, spot: &Spot) {
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
        self.defaults(&old.default, &new.default, *way, place);
        self.also(&old.also, &new.also, *way, place);
        self.deprecation(Some(old.deprecated), Some(new.deprecated), place);
        if old.description != new.description {
            let what = match (old.description.is_empty(), new.description.is_empty()) {
                (true, _) => "is new",
                (_, true) => "is gone",
                _ => "changed",
            };
            self.say("documentation-changed", format!("the description of {place} {what}"));
        }
    }

    fn defaults(&mut self, old: &Option<Node>, new: &Option<Node>, way: Way, place: &str) {
        let same = match (old, new) {
            (Some(old), Some(new)) => old.is_same_value(new),
            (old, new) => old.is_none() && new.is_none(),
        };
        if !same {
            let told = |node: &Option<Node>| node.as_ref().map_or_else(|| "none".to_owned(), Node::to_string);
            let rule = way.of("request-default-changed", "response-default-changed");
            self.say(rule, format!("the default of {place} was {} and is {}", told(old), told(new)));
        }
    }

    /// Compares whether something is deprecated.
    pub(super) fn deprecation(&mut self, old: Option<bool>, new: Option<bool>, place: &str) {
        let (was, is) = (old == Some(true), new == Some(true));
        if was != is {
            let not = if is { "" } else { "no longer " };
            self.say("property-deprecated", format!("{place} is {not}deprecated now"));
        }
    }

    /// Compares two schemas that have any type, or none, by the keywords that no type depends on.
    fn untyped(&mut self, old: Option<SchemaId>, new: Option<SchemaId>, way: Way, place: &str) {
        let (before, after) = (self.old, self.new);
        let of = |side: Side<'_>, id: Option<SchemaId>| {
            id.map_or_else(|| Rc::new(Schema::any(&Span::none())), |id| look(side, id).schema)
        };
        if old.is_some() || new.is_some() {
            self.further(&of(before, old), &of(after, new), way, place);
        }
    }

    /// Compares the types of two unions. A type that all alternatives have is no constraint.
    fn union_types(&mut self, old: &Schema, new: &Schema, way: Way, place: &str) {
        let implied = |side: Side<'_>, union: &Schema, ty: JsonType| {
            let of = |branch: SchemaId| look(side, branch).schema.ty;
            union.branches().all(|branch| {
                of(branch) == Some(ty) || (ty == JsonType::Number && of(branch) == Some(JsonType::Integer))
            })
        };
        let own = |side: Side<'_>, union: &Schema| union.ty.filter(|ty| !implied(side, union, *ty));
        let told = |ty: JsonType| format!("has to be of the type {}", ty.name());
        match (own(self.old, old), own(self.new, new)) {
            (was, is) if was == is => {}
            (Some(was), None) => {
                let rule = way.of("request-limit-loosened", "response-limit-loosened");
                self.say(rule, format!("{place} {} no more", told(was)));
            }
            (None, Some(is)) => {
                let rule = way.of("request-limit-tightened", "response-limit-tightened");
                self.say(rule, format!("{place} {} now", told(is)));
            }
            (_, is) => {
                let is = is.map(told).unwrap_or_default();
                self.say("limit-changed", format!("{place} {is}, and had to be of another type"));
            }
        }
    }

    /// Compares the values of enums. Enums are open in Rust, so a new value breaks nothing, but a removed one removes
    /// its variant.
    fn values(&mut self, old: &Looked, new: &Looked, spot: &Spot) {
        let Spot { way, place, at, .. } = spot;
        match (listed(old), listed(new)) {
            (false, false) => {}
            (false, true) => self.say_at(at, "became-enum", format!("{place} was any value and is one of a list")),
            (true, false) => self.say_at(at, "became-not-enum", format!("{place} was one of a list and is any value")),
            (true, true) => {
                let (before, after) = (values(&old.schema), values(&new.schema));
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

    fn properties(&mut self, old: &Schema, new: &Schema, spot: &Spot) {
        let (before, after) = (self.old, self.new);
        let Spot { way, place, .. } = spot;
        let way = *way;
        let empty = Properties::new();
        let old_map = old.properties.as_ref().unwrap_or(&empty);
        let new_map = new.properties.as_ref().unwrap_or(&empty);
        let (old_required, new_required): (BTreeSet<&String>, BTreeSet<&String>) =
            (old.required.iter().collect(), new.required.iter().collect());
        let visible = |side: Side<'_>, map: &Properties, name: &str| {
            map.get(name).is_some_and(|property| !glance(side, *property).hidden(way))
        };
        let came: Vec<&String> =
            new_map.keys().filter(|name| !old_map.contains_key(*name) && visible(after, new_map, name)).collect();
        let mut respelled = BTreeSet::new();
        for (name, &property) in old_map {
            let at = &spot.at.join("properties").join(name);
            let Some(&now) = new_map.get(name) else {
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
                    // It was an `Option` and still is. The difference is whether null is sent.
                    (Way::Request, true) if nullable => {
                        ("request-presence-changed", "is always sent now, null if it is not set")
                    }
                    (Way::Request, false) if nullable => {
                        ("request-presence-changed", "is not sent any more if it is not set")
                    }
                    (Way::Request, true) => ("request-property-required", "must be sent now"),
                    (Way::Request, false) => ("request-property-optional", "may be left out now"),
                    // A value that was read is written back with null, or without it.
                    (_, true) if nullable => {
                        ("response-presence-changed", "is always there now, as null if it has no value")
                    }
                    (_, false) if nullable => ("response-presence-changed", "may be absent now, not only null"),
                    (_, true) => ("response-property-required", "is always there now"),
                    (_, false) => ("response-property-optional", "may be absent now"),
                };
                self.say_at(at, rule, format!("{place}: `{name}` {what}"));
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
    fn extra(&mut self, old: &Schema, new: &Schema, spot: &Spot) {
        let (was, is) = (Extra::of_keys(self.old, old), Extra::of_keys(self.new, new));
        let Spot { way, place, .. } = spot;
        let values = spot.below(format!("{place} values"), false, &["additionalProperties"]);
        match (was, is) {
            (Extra::Typed(a), Extra::Typed(b)) => self.schemas(a, b, &values),
            (was, is) if was.is_like(is) => {
                self.untyped(old.additional.schema(), new.additional.schema(), *way, &values.place);
            }
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
                let what = if matches!(is, Extra::Closed) { "are denied" } else { "are allowed" };
                self.say("response-extra-changed", format!("keys that {place} does not name {what} now"));
            }
        }
    }

    /// Compares how the branches of two unions are distinguished: the property, and its values for each branch.
    fn discriminators(&mut self, old: &Schema, new: &Schema, spot: &Spot) {
        let place = &spot.place;
        let property = |schema: &Schema| schema.discriminator.as_ref().map(|it| it.property.clone());
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
        let default = |schema: &Schema| schema.discriminator.as_ref()?.default.as_ref().map(component_of);
        match (default(old), default(new)) {
            (Some(was), Some(is)) if was != is => {
                let what = format!("other values meant `{}` for {place} and mean `{}`", last(&was), last(&is));
                self.say_at(&spot.at, "discriminator-mapping-changed", what);
            }
            (Some(was), None) => {
                let what = format!("other values no longer mean `{}` for {place}", last(&was));
                self.say("discriminator-value-removed", what);
            }
            (None, Some(is)) => {
                self.say("discriminator-value-added", format!("other values mean `{}` for {place} now", last(&is)));
            }
            _ => {}
        }
        let (before, after) = (mapping(self.old, old), mapping(self.new, new));
        for (value, target) in &before {
            match after.get(value) {
                Some(now) if now != target => {
                    let what = format!("\"{value}\" meant `{}` for {place} and means `{}`", last(target), last(now));
                    self.say_at(&spot.at, "discriminator-mapping-changed", what);
                }
                Some(_) => {}
                // The removal of an alternative is already reported.
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
    fn alternatives(&mut self, old_union: &Schema, new_union: &Schema, spot: &Spot) {
        let (before, after) = (self.old, self.new);
        let (Some((was, old)), Some((is, new))) = (alternatives(old_union), alternatives(new_union)) else { return };
        let names = |side: Side<'a>, list: &[SchemaId]| -> Vec<Option<&'a str>> {
            list.iter().map(|branch| glance(side, *branch).component.map(|component| side.name(component))).collect()
        };
        let (old_names, new_names) = (names(before, old), names(after, new));
        let kinds = |side: Side<'_>, list: &[SchemaId]| -> Vec<&'static str> {
            list.iter().map(|branch| look(side, *branch).kind()).collect()
        };
        let (old_kinds, new_kinds) = (kinds(before, old), kinds(after, new));
        let mut taken = vec![false; new.len()];
        let mut pairs: Vec<Option<usize>> = vec![None; old.len()];
        let equal = |a: usize, b: usize| same((before.schemas, old[a]), (after.schemas, new[b]));
        // A branch with another name is another branch. A branch without a name is only paired with one without a name.
        let likeness: [&dyn Fn(usize, usize) -> bool; 4] = [
            &|a, b| old_names[a].is_some() && old_names[a] == new_names[b],
            &|a, b| old_names[a].is_none() && new_names[b].is_none() && equal(a, b),
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
                    self.schemas(*branch, new[other], &spot.beside(place, true, at, there));
                }
                None => {
                    let rule = spot.way.of("request-alternative-removed", "response-alternative-removed");
                    let told = told_branch(before, *branch, old_names[index]);
                    self.say_at(&at, rule, format!("{} cannot be {told} any more", spot.place));
                }
            }
        }
        for (index, branch) in new.iter().enumerate().filter(|(index, _)| !taken[*index]) {
            let rule = spot.way.of("request-alternative-added", "response-alternative-added");
            let told = told_branch(after, *branch, new_names[index]);
            self.say(rule, format!("{} may be {told} now", spot.place));
        }
    }
}

fn told_branch(side: Side<'_>, branch: SchemaId, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("`{}`", last(name)),
        None => look(side, branch).told(),
    }
}

/// The property that now contains a property with the name and kind of a removed one, and did not contain one before.
fn moved_into(
    old: Side<'_>,
    new: Side<'_>,
    (name, property): (&String, SchemaId),
    (old_map, new_map): (&Properties, &Properties),
) -> Option<String> {
    let kind = look(old, property).kind();
    let inside = |side: Side<'_>, object: SchemaId| -> bool {
        let object = look(side, object);
        let mut properties = object.schema.properties.iter().flatten();
        properties.any(|(inner, schema)| fold(inner) == fold(name) && look(side, *schema).kind() == kind)
    };
    let (object, _) = new_map.iter().find(|(object, schema)| {
        inside(new, **schema) && !old_map.get(*object).is_some_and(|before| inside(old, *before))
    })?;
    Some(object.clone())
}

/// The values of a discriminator, each with its component. The name of a component that is not in the mapping is its
/// value.
fn mapping(side: Side<'_>, union: &Schema) -> BTreeMap<String, String> {
    let given = union.discriminator.iter().flat_map(|it| &it.mapping);
    let mut found: BTreeMap<String, String> = given.map(|(value, to)| (value.clone(), component_of(to))).collect();
    let branches = alternatives(union).map_or(&[][..], |(_, list)| list);
    for component in branches.iter().filter_map(|branch| glance(side, *branch).component) {
        let name = side.name(component);
        if !found.values().any(|target| target == name) {
            found.insert(name.to_owned(), name.to_owned());
        }
    }
    found
}

/// The component that a target of a mapping names.
fn component_of(target: &Node) -> String {
    let text = target.as_str().unwrap_or_default();
    grammar::component_name(text).unwrap_or_else(|| text.to_owned())
}
