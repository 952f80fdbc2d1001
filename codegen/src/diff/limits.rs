//! Compares the constraints on values of two schemas. The server checks these, the client does not.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::document::{Node, Value};
use crate::grammar;
use crate::schema::{Bound, Limits, Model, Schema, means_the_same};

use super::compare::{Comparison, Way};
use super::look::{Looked, further_limits};

impl Comparison<'_> {
    /// Compares the limits that are not numbers.
    pub(super) fn further_limits(&mut self, old: &Looked, new: &Looked, way: Way, place: &str) {
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

    /// Compares `not` and the keywords that no Rust type depends on. They also constrain values by the components that
    /// they refer to.
    pub(super) fn further(&mut self, old: &Schema, new: &Schema, way: Way, place: &str) {
        let (before, after) = (self.old.schemas, self.new.schemas);
        let not = match (old.not, new.not) {
            (Some(was), Some(is)) if means_the_same((before, was), (after, is)) => None,
            (was, is) => Some(("not", was.is_some(), is.is_some())),
        };
        let keys: BTreeSet<&String> = old.further.keys().chain(new.further.keys()).collect();
        let changed = keys.into_iter().filter_map(|key| match (old.further.get(key), new.further.get(key)) {
            (Some(was), Some(is)) if was == is && refer_to_the_same(before, after, was) => None,
            (was, is) => Some((key.as_str(), was.is_some(), is.is_some())),
        });
        for (key, was, is) in not.into_iter().chain(changed).collect::<Vec<_>>() {
            let (rule, what) = match (was, is) {
                (false, true) => (way.of("request-limit-tightened", "response-limit-tightened"), "is limited"),
                (true, false) => (way.of("request-limit-loosened", "response-limit-loosened"), "is no longer limited"),
                (true, true) => ("limit-changed", "is limited in another way"),
                (false, false) => continue,
            };
            self.say(rule, format!("{place} {what} by `{key}`"));
        }
    }

    /// Compares bounds, lengths and patterns. The server checks these, the client does not.
    pub(super) fn limits(&mut self, old: &Limits, new: &Limits, way: Way, place: &str) {
        let Limits {
            minimum,
            maximum,
            multiple_of,
            min_length,
            max_length,
            pattern,
            min_items,
            max_items,
            unique_items,
            min_properties,
            max_properties,
        } = old;
        let count = |count: Option<u64>| Bound::of_count(count);
        for (key, was, is) in [
            ("maximum", maximum.clone(), new.maximum.clone()),
            ("maxLength", count(*max_length), count(new.max_length)),
            ("maxItems", count(*max_items), count(new.max_items)),
            ("maxProperties", count(*max_properties), count(new.max_properties)),
        ] {
            self.bounds(key, was, is, Ordering::Less, (way, place));
        }
        for (key, was, is) in [
            ("minimum", minimum.clone(), new.minimum.clone()),
            ("minLength", count(*min_length), count(new.min_length)),
            ("minItems", count(*min_items), count(new.min_items)),
            ("minProperties", count(*min_properties), count(new.min_properties)),
        ] {
            self.bounds(key, was, is, Ordering::Greater, (way, place));
        }
        let tighter = way.of("request-limit-tightened", "response-limit-tightened");
        let looser = way.of("request-limit-loosened", "response-limit-loosened");
        let number = |number: &Option<serde_json::Number>| number.as_ref().and_then(serde_json::Number::as_f64);
        match (number(multiple_of), number(&new.multiple_of)) {
            (was, is) if was == is => {}
            (_, Some(is)) => self.say(tighter, format!("{place} is a multiple of {is} now")),
            (_, None) => self.say(looser, format!("{place} need not be a multiple any more")),
        }
        match (*unique_items == Some(true), new.unique_items == Some(true)) {
            (false, true) => self.say(tighter, format!("no two items of {place} are the same now")),
            (true, false) => self.say(looser, format!("items of {place} may be the same now")),
            _ => {}
        }
        match (pattern, &new.pattern) {
            (was, is) if was == is => {}
            (None, Some(is)) => self.say(tighter, format!("{place} has to match `{is}` now")),
            (Some(was), None) => self.say(looser, format!("{place} need not match `{was}` any more")),
            (Some(was), Some(is)) => {
                self.say("pattern-changed", format!("{place} had to match `{was}` and has to match `{is}`"));
            }
            (None, None) => {}
        }
    }

    /// Compares one bound. It is tightened if the new value differs from the old one in the direction `tight`.
    fn bounds(&mut self, key: &str, old: Option<Bound>, new: Option<Bound>, tight: Ordering, at: (Way, &str)) {
        let (way, place) = at;
        let value = |bound: &Bound| bound.value.as_f64();
        let tightened = match (old.as_ref().and_then(value), new.as_ref().and_then(value)) {
            (None, None) => return,
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (Some(was), Some(is)) => match is.total_cmp(&was) {
                Ordering::Equal => {
                    let excluded = |bound: &Option<Bound>| bound.as_ref().is_some_and(|bound| bound.excluded);
                    match (excluded(&old), excluded(&new)) {
                        (false, true) => true,
                        (true, false) => false,
                        _ => return,
                    }
                }
                order => order == tight,
            },
        };
        let told = |bound: Option<Bound>| match bound.as_ref().and_then(|bound| Some((value(bound)?, bound.excluded))) {
            Some((value, true)) => format!("{value} (excluded)"),
            Some((value, false)) => value.to_string(),
            None => "none".to_owned(),
        };
        let rule = match tightened {
            true => way.of("request-limit-tightened", "response-limit-tightened"),
            false => way.of("request-limit-loosened", "response-limit-loosened"),
        };
        self.say(rule, format!("`{key}` of {place} was {} and is {}", told(old), told(new)));
    }
}

/// Whether the components that a keyword refers to constrain values in the same way in both documents.
fn refer_to_the_same(before: &Model, after: &Model, keyword: &Node) -> bool {
    let mut nodes = vec![keyword];
    while let Some(node) = nodes.pop() {
        match &node.value {
            Value::Array(items) => nodes.extend(items),
            Value::Object(map) => nodes.extend(map.values()),
            _ => {}
        }
        let name = grammar::reference(node).and_then(grammar::component_name);
        if let Some(name) = name
            && let (Some(was), Some(is)) = (before.component(&name), after.component(&name))
            && !means_the_same((before, was), (after, is))
        {
            return false;
        }
    }
    true
}
