//! Whether a schema of OpenAPI 3.0 allows a value.

use std::cell::Cell;

use crate::document::{Map, Node, Value};
use crate::grammar;

/// The maximum number of schemas that are read, and of values that are compared, for one value. Beyond it, the value is allowed.
const MOST_STEPS: usize = 10_000;
/// The maximum depth of schemas in each other. Beyond it, the value is allowed.
const DEEPEST: usize = 64;

/// Checks values by the schemas of a document.
pub(super) struct Fits<'a> {
    document: &'a Node,
    steps: Cell<usize>,
}

impl<'a> Fits<'a> {
    pub(super) fn new(document: &'a Node) -> Self {
        Self { document, steps: Cell::new(0) }
    }

    /// Whether a schema allows a value. Formats and patterns are not checked: the engines for the patterns of JSON Schema may
    /// take exponential time.
    pub(super) fn allows(&self, schema: &Node, value: &Node) -> bool {
        self.steps.set(0);
        // Once a limit is reached, `not` and `oneOf` know nothing either.
        self.fits(schema, value, 0) || self.steps.get() > MOST_STEPS
    }

    /// Counts steps. Returns whether the limit is reached.
    fn is_over(&self, steps: usize) -> bool {
        self.steps.set(self.steps.get().saturating_add(steps));
        self.steps.get() > MOST_STEPS
    }

    fn fits(&self, schema: &Node, value: &Node, depth: usize) -> bool {
        if self.is_over(if depth > DEEPEST { MOST_STEPS } else { 1 }) {
            return true;
        }
        if grammar::reference(schema).is_some() {
            let target = grammar::resolve(self.document, schema);
            return grammar::reference(target).is_some() || self.fits(target, value, depth + 1);
        }
        let part = |schema: &Node| self.fits(schema, value, depth + 1);
        let list = |key: &str| schema.get(key).and_then(Node::as_array);
        if let Some(ty) = schema.str("type") {
            if value.is_null() {
                return schema.is_true("nullable");
            }
            if !is_of(value, ty) {
                return false;
            }
        }
        list("enum")
            .is_none_or(|values| self.is_over(values.len()) || values.iter().any(|known| known.is_same_value(value)))
            && list("allOf").is_none_or(|parts| parts.iter().all(part))
            && list("anyOf").is_none_or(|parts| parts.iter().any(part))
            && list("oneOf").is_none_or(|parts| parts.iter().filter(|it| part(it)).take(2).count() == 1)
            && schema.get("not").is_none_or(|not| !part(not))
            && match &value.value {
                Value::Object(members) => self.fits_object(schema, members, depth),
                Value::Array(items) => self.fits_array(schema, items, depth),
                Value::String(text) => within(schema, "minLength", "maxLength", text.chars().count()),
                Value::Number(number) => number.as_f64().is_none_or(|number| fits_number(schema, number)),
                Value::Null | Value::Bool(_) => true,
            }
    }

    fn fits_object(&self, schema: &Node, members: &Map, depth: usize) -> bool {
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Node::as_object).unwrap_or(&empty);
        let required = schema.get("required").and_then(Node::as_array).into_iter().flatten();
        let additional = schema.get("additionalProperties");
        // Such a property is required in one direction only.
        let is_one_way = |name: &str| {
            let property = properties.get(name).map(|property| grammar::resolve(self.document, property));
            property.is_some_and(|property| property.is_true("readOnly") || property.is_true("writeOnly"))
        };
        required.filter_map(Node::as_str).all(|name| members.contains_key(name) || is_one_way(name))
            && within(schema, "minProperties", "maxProperties", members.len())
            && members.iter().all(|(name, value)| match (properties.get(name), additional) {
                (Some(property), _) => self.fits(property, value, depth + 1),
                (None, Some(rest)) if rest.as_object().is_some() => self.fits(rest, value, depth + 1),
                (None, rest) => rest.and_then(Node::as_bool) != Some(false),
            })
    }

    fn fits_array(&self, schema: &Node, items: &[Node], depth: usize) -> bool {
        let unique =
            || items.iter().enumerate().all(|(index, item)| !items[..index].iter().any(|it| it.is_same_value(item)));
        within(schema, "minItems", "maxItems", items.len())
            && (!schema.is_true("uniqueItems") || self.is_over(items.len().saturating_mul(items.len())) || unique())
            && schema.get("items").is_none_or(|of| items.iter().all(|item| self.fits(of, item, depth + 1)))
    }
}

fn fits_number(schema: &Node, number: f64) -> bool {
    let bound = |key: &str| schema.get(key).and_then(float);
    let least = |least: f64| if schema.is_true("exclusiveMinimum") { number > least } else { number >= least };
    let most = |most: f64| if schema.is_true("exclusiveMaximum") { number < most } else { number <= most };
    bound("minimum").is_none_or(least)
        && bound("maximum").is_none_or(most)
        // A quotient of decimals is rarely exact.
        && bound("multipleOf").is_none_or(|of| of == 0.0 || ((number / of).round() * of - number).abs() < 1e-9)
}

fn within(schema: &Node, least: &str, most: &str, count: usize) -> bool {
    let bound = |key: &str| schema.get(key).and_then(float);
    let count = u32::try_from(count).map_or(f64::INFINITY, f64::from);
    bound(least).is_none_or(|least| count >= least) && bound(most).is_none_or(|most| count <= most)
}

fn float(node: &Node) -> Option<f64> {
    match &node.value {
        Value::Number(number) => number.as_f64(),
        _ => None,
    }
}

fn is_of(value: &Node, ty: &str) -> bool {
    match &value.value {
        Value::Null => false,
        Value::Bool(_) => ty == "boolean",
        Value::Number(number) => {
            ty == "number" || (ty == "integer" && number.as_f64().is_some_and(|number| number.fract() == 0.0))
        }
        Value::String(_) => ty == "string",
        Value::Array(_) => ty == "array",
        Value::Object(_) => ty == "object",
    }
}
