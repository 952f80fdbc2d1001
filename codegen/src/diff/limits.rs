//! Compares the constraints on values of two schemas. The server checks these, the client does not.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Number;

use crate::document::order;
use crate::schema::{Bound, Limits, Schema, SchemaId};

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

    /// Compares `not`, the keywords that no Rust type depends on, and the parts of an `allOf` that could not be merged.
    /// They also constrain values by the components that they refer to.
    pub(super) fn further(&mut self, old: &Schema, new: &Schema, way: Way, place: &str) {
        let (before, after) = (self.old.schemas, self.new.schemas);
        let not = match (old.not, new.not) {
            (Some(was), Some(is)) if self.meanings.are_same((before, was), (after, is)) => None,
            (was, is) => Some(("not", was.is_some(), is.is_some())),
        };
        let mut changed: Vec<(&str, bool, bool)> = not.into_iter().collect();
        let keys: BTreeSet<&String> = old.further.keys().chain(new.further.keys()).collect();
        for key in keys {
            match (old.further.get(key), new.further.get(key)) {
                (Some(was), Some(is)) if self.meanings.are_same_nodes((before, was), (after, is)) => {}
                (was, is) => changed.push((key.as_str(), was.is_some(), is.is_some())),
            }
        }
        for (key, was, is) in changed {
            let rule = match (was, is) {
                (false, false) => continue,
                (true, true) => "limit-changed",
                (was, _) => limited(was, way),
            };
            let what = match (was, is) {
                (true, true) => "is limited in another way",
                (true, false) => "is no longer limited",
                _ => "is limited",
            };
            self.say(rule, format!("{place} {what} by `{key}`"));
        }
        self.also(&old.also, &new.also, way, place);
    }

    /// Compares the parts of an `allOf` that could not be merged, in any order.
    pub(super) fn also(&mut self, old: &BTreeSet<SchemaId>, new: &BTreeSet<SchemaId>, way: Way, place: &str) {
        /// Beyond this number of comparisons, the order matters.
        const MOST: usize = 10_000;
        let (before, after) = (self.old.schemas, self.new.schemas);
        let in_order = old.len() == new.len()
            && old.iter().zip(new).all(|(was, is)| self.meanings.are_same((before, *was), (after, *is)));
        if in_order {
            return;
        }
        let few = old.len().saturating_mul(new.len()) <= MOST;
        let mut is_in = |was: SchemaId, is: SchemaId| few && self.meanings.are_same((before, was), (after, is));
        let all_stay = old.iter().all(|was| new.iter().any(|is| is_in(*was, *is)));
        let none_came = new.iter().all(|is| old.iter().any(|was| is_in(*was, *is)));
        let (rule, what) = match (all_stay, none_came) {
            (true, true) => return,
            (true, false) => (limited(false, way), "is limited by a further part of its `allOf`"),
            (false, true) => (limited(true, way), "is no longer limited by a part of its `allOf`"),
            (false, false) => ("limit-changed", "is limited in another way by its `allOf`"),
        };
        self.say(rule, format!("{place} {what}"));
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
        let lacks = |list: &[Number], one: &Number| !list.iter().any(|other| order(one, other) == Ordering::Equal);
        let came = new.multiple_of.iter().filter(|is| lacks(multiple_of, is)).collect::<Vec<_>>();
        let gone = multiple_of.iter().any(|was| lacks(&new.multiple_of, was));
        for is in &came {
            self.say(tighter, format!("{place} is a multiple of {} now", number(is)));
        }
        if gone && came.is_empty() {
            self.say(looser, format!("{place} need not be a multiple any more"));
        }
        match (*unique_items == Some(true), new.unique_items == Some(true)) {
            (false, true) => self.say(tighter, format!("no two items of {place} are the same now")),
            (true, false) => self.say(looser, format!("items of {place} may be the same now")),
            _ => {}
        }
        let mut gone = pattern.iter().filter(|was| !new.pattern.contains(was));
        let mut came = new.pattern.iter().filter(|is| !pattern.contains(is));
        loop {
            match (gone.next(), came.next()) {
                (None, Some(is)) => self.say(tighter, format!("{place} has to match `{is}` now")),
                (Some(was), None) => self.say(looser, format!("{place} need not match `{was}` any more")),
                (Some(was), Some(is)) => {
                    self.say("pattern-changed", format!("{place} had to match `{was}` and has to match `{is}`"));
                }
                (None, None) => break,
            }
        }
    }

    /// Compares one bound. It is tightened if the new value differs from the old one in the direction `tight`.
    fn bounds(&mut self, key: &str, old: Option<Bound>, new: Option<Bound>, tight: Ordering, at: (Way, &str)) {
        let (way, place) = at;
        let tightened = match (&old, &new) {
            (None, None) => return,
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (Some(was), Some(is)) => match (order(&is.value, &was.value), was.excluded, is.excluded) {
                (Ordering::Equal, was, is) if was == is => return,
                (Ordering::Equal, _, excluded) => excluded,
                (order, ..) => order == tight,
            },
        };
        let told = |bound: Option<Bound>| match bound {
            Some(Bound { value, excluded: true }) => format!("{} (excluded)", number(&value)),
            Some(Bound { value, excluded: false }) => number(&value),
            None => "none".to_owned(),
        };
        let rule = match tightened {
            true => way.of("request-limit-tightened", "response-limit-tightened"),
            false => way.of("request-limit-loosened", "response-limit-loosened"),
        };
        self.say(rule, format!("`{key}` of {place} was {} and is {}", told(old), told(new)));
    }
}

/// The rule for a constraint that is gone or is new.
fn limited(gone: bool, way: Way) -> &'static str {
    match gone {
        true => way.of("request-limit-loosened", "response-limit-loosened"),
        false => way.of("request-limit-tightened", "response-limit-tightened"),
    }
}

/// A number as text, without a fraction that is zero.
fn number(number: &Number) -> String {
    match number.as_f64() {
        Some(double) if !number.is_i64() && !number.is_u64() => double.to_string(),
        _ => number.to_string(),
    }
}
