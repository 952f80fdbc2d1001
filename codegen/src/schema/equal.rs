//! Compares two schemas for equality.

use std::collections::BTreeSet;
#[cfg(feature = "diff")]
use std::collections::HashMap;

use super::model::{Additional, Model, Schema, SchemaId};
use crate::document::Node;
#[cfg(feature = "diff")]
use crate::document::Value;
#[cfg(feature = "diff")]
use crate::grammar;

/// The keywords that are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// All keywords.
    Whole,
    /// The keywords that constrain values, also in the components that the schemas refer to.
    #[cfg(feature = "diff")]
    Reached,
    /// The keywords that decide the Rust type. Descriptions, `nullable`, `readOnly` and `writeOnly` are ignored,
    /// because they belong to the place of use.
    Structure,
}

/// Whether two schemas have the same keywords, also in all their subschemas. The schemas may be in different documents.
pub(crate) fn same(one: (&Model, SchemaId), other: (&Model, SchemaId)) -> bool {
    Comparison::of(Depth::Whole).is_same(one, other)
}

/// Whether two schemas become the same Rust type, apart from `nullable`, `readOnly` and `writeOnly`.
pub(crate) fn same_structure(model: &Model, one: SchemaId, other: SchemaId) -> bool {
    Comparison::of(Depth::Structure).is_same((model, one), (model, other))
}

/// Which schemas of two documents constrain values in the same way, by the same keywords, also in the components that
/// they refer to. Each pair is compared once, however many schemas refer to it.
#[cfg(feature = "diff")]
#[derive(Default)]
pub(crate) struct Meanings {
    pairs: Vec<Meaning>,
    /// The index of each pair.
    known: HashMap<(SchemaId, SchemaId), usize>,
}

/// A pair of schemas.
#[cfg(feature = "diff")]
#[derive(Default)]
struct Meaning {
    differs: bool,
    /// The pairs that refer to this one.
    users: Vec<usize>,
}

#[cfg(feature = "diff")]
impl Meanings {
    /// Whether two schemas constrain values in the same way.
    pub(crate) fn are_same(&mut self, one: (&Model, SchemaId), other: (&Model, SchemaId)) -> bool {
        let mut queue = Vec::new();
        let root = self.index((one.0.target(one.1), other.0.target(other.1)), &mut queue);
        // A queue, because a chain of references may be longer than the stack.
        while let Some((index, pair)) = queue.pop() {
            let mut comparison = Comparison::of(Depth::Reached);
            let same = comparison.is_same((one.0, pair.0), (other.0, pair.1));
            let mut differs = !same;
            for referred in comparison.referred {
                let used = self.index(referred, &mut queue);
                self.pairs[used].users.push(index);
                differs |= self.pairs[used].differs;
            }
            if differs {
                self.differ(index);
            }
        }
        !self.pairs[root].differs
    }

    /// Whether two values of a keyword are the same and refer to components that constrain values in the same way.
    pub(crate) fn are_same_nodes(&mut self, one: (&Model, &Node), other: (&Model, &Node)) -> bool {
        one.1.is_same_value(other.1)
            && match referred(one.0, other.0, one.1) {
                None => false,
                Some(pairs) => pairs.into_iter().all(|pair| self.are_same((one.0, pair.0), (other.0, pair.1))),
            }
    }

    /// The number of pairs. Each was compared once.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.pairs.len()
    }

    /// The index of a pair. A new one is queued.
    fn index(&mut self, pair: (SchemaId, SchemaId), queue: &mut Vec<(usize, (SchemaId, SchemaId))>) -> usize {
        let next = self.pairs.len();
        let index = *self.known.entry(pair).or_insert(next);
        if index == next {
            self.pairs.push(Meaning::default());
            queue.push((index, pair));
        }
        index
    }

    /// Records that a pair differs, and with it each pair that refers to it.
    fn differ(&mut self, index: usize) {
        let mut queue = vec![index];
        while let Some(index) = queue.pop() {
            let pair = &mut self.pairs[index];
            if !std::mem::replace(&mut pair.differs, true) {
                queue.extend(&pair.users);
            }
        }
    }
}

/// The pairs of components that a keyword refers to in two documents; `None` if only one document has one of them.
#[cfg(feature = "diff")]
fn referred(one: &Model, other: &Model, keyword: &Node) -> Option<Vec<(SchemaId, SchemaId)>> {
    let mut found = Vec::new();
    let mut nodes = vec![keyword];
    while let Some(node) = nodes.pop() {
        match &node.value {
            Value::Array(items) => nodes.extend(items),
            Value::Object(map) => nodes.extend(map.values()),
            _ => {}
        }
        if let Some(name) = grammar::reference(node).and_then(grammar::component_name) {
            match (one.component(&name), other.component(&name)) {
                (Some(one_id), Some(other_id)) => found.push((one.target(one_id), other.target(other_id))),
                (None, None) => {}
                _ => return None,
            }
        }
    }
    Some(found)
}

/// Schemas of a list whose order means nothing, in an order that depends on what they are: by the name of the component,
/// or by their first keywords. Schemas that are the same in these keep their order.
fn in_order<'a>(model: &Model, list: impl Iterator<Item = &'a SchemaId>) -> Vec<SchemaId> {
    let mut list: Vec<SchemaId> = list.copied().collect();
    if list.len() > 1 {
        list.sort_by_cached_key(|id| key_of(model, *id, 2));
    }
    list
}

fn key_of(model: &Model, id: SchemaId, depth: usize) -> String {
    let schema = model.get(id);
    if let Some(name) = schema.reference.and_then(|id| model.name(id)) {
        return name.to_owned();
    }
    let mut key = format!("{:?} {:?}", schema.ty, schema.format);
    let mut names: Vec<&str> = schema.required.iter().map(String::as_str).collect();
    names.extend(schema.properties.iter().flat_map(|properties| properties.keys().map(String::as_str)));
    names.sort_unstable();
    names.into_iter().for_each(|name| key.extend([" ", name]));
    let lists = [("allOf", &schema.all_of), ("oneOf", &schema.one_of), ("anyOf", &schema.any_of)];
    for (keyword, list) in lists.into_iter().filter(|_| depth > 0) {
        let mut parts: Vec<String> = list.iter().flatten().map(|part| key_of(model, *part, depth - 1)).collect();
        parts.sort_unstable();
        parts.iter().for_each(|part| key.extend([" ", keyword, " ", part]));
    }
    key
}

struct Comparison {
    depth: Depth,
    /// The pairs of components that the schemas refer to, which are not compared here.
    #[cfg(feature = "diff")]
    referred: Vec<(SchemaId, SchemaId)>,
}

impl Comparison {
    fn of(depth: Depth) -> Self {
        Self {
            depth,
            #[cfg(feature = "diff")]
            referred: Vec::new(),
        }
    }

    /// Whether two schemas say the same by the keywords that no type depends on.
    #[cfg(feature = "diff")]
    fn limits_the_same(&mut self, one: (&Model, &Schema), other: (&Model, &Schema)) -> bool {
        let ((one_model, one), (other_model, other)) = (one, other);
        one.further.len() == other.further.len()
            && one.further.iter().all(|(key, node)| {
                let same = other.further.get(key).is_some_and(|other| node.is_same_value(other));
                let pairs = if same { referred(one_model, other_model, node) } else { None };
                self.referred.extend(pairs.iter().flatten());
                pairs.is_some()
            })
    }

    fn is_same(&mut self, (one_model, one): (&Model, SchemaId), (other_model, other): (&Model, SchemaId)) -> bool {
        let depth = self.depth;
        if std::ptr::eq(one_model, other_model) && one == other {
            return true;
        }
        #[cfg(feature = "diff")]
        if depth == Depth::Reached {
            let ends = (one_model.target(one), other_model.target(other));
            if ends != (one, other) {
                self.referred.push(ends);
                return true;
            }
        }
        let (one, other) = (one_model.get(one), other_model.get(other));
        #[cfg(feature = "diff")]
        let reached = depth == Depth::Reached;
        #[cfg(not(feature = "diff"))]
        let reached = false;
        #[cfg(feature = "diff")]
        if reached && !self.limits_the_same((one_model, &one), (other_model, &other)) {
            return false;
        }
        let mut part = |a: SchemaId, b: SchemaId| self.is_same((one_model, a), (other_model, b));
        let name = |model: &Model, id: Option<SchemaId>| id.and_then(|id| model.name(id)).map(str::to_owned);
        let Schema {
            span: _,
            reference,
            ty,
            format,
            values,
            properties,
            required,
            additional,
            items,
            prefix,
            rest,
            content,
            all_of,
            one_of,
            any_of,
            not,
            discriminator,
            nullable,
            read_only,
            write_only,
            default,
            xml,
            limits,
            further,
            also,
            annotations,
        } = &*one;
        // The cheap comparisons come first.
        let alike = reference.is_some() == other.reference.is_some()
            && *ty == other.ty
            && *format == other.format
            && (*required == other.required || (reached && same_names(required, &other.required)))
            && (*values == other.values || (reached && same_values(values, &other.values)))
            && *limits == other.limits
            && (reached || *further == other.further)
            && *default == other.default
            && (reached || *xml == other.xml)
            && also.len() == other.also.len()
            && *discriminator == other.discriminator
            && (depth == Depth::Structure
                || (*nullable == other.nullable && *read_only == other.read_only && *write_only == other.write_only))
            && (depth != Depth::Whole || *annotations == other.annotations)
            && name(one_model, *reference) == name(other_model, other.reference);
        let lists = [
            ("prefixItems", prefix, &other.prefix),
            ("allOf", all_of, &other.all_of),
            ("oneOf", one_of, &other.one_of),
            ("anyOf", any_of, &other.any_of),
        ];
        let single = [(*items, other.items), (*rest, other.rest), (*content, other.content), (*not, other.not)];
        alike
            && in_order(one_model, also.iter())
                .into_iter()
                .zip(in_order(other_model, other.also.iter()))
                .all(|(a, b)| part(a, b))
            && match (properties, &other.properties) {
                (Some(a), Some(b)) => {
                    a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| part(*a, *b)))
                }
                (a, b) => a.is_none() && b.is_none(),
            }
            && match (additional, other.additional) {
                (Additional::Schema(a), Additional::Schema(b)) => part(*a, b),
                (a, b) => *a == b,
            }
            && single.into_iter().all(|pair| match pair {
                (Some(a), Some(b)) => part(a, b),
                (a, b) => a.is_none() && b.is_none(),
            })
            && lists.into_iter().all(|(keyword, a, b)| match (a, b) {
                (Some(a), Some(b)) if reached && keyword != "prefixItems" => {
                    let (a, b) = (in_order(one_model, a.iter()), in_order(other_model, b.iter()));
                    a.len() == b.len() && a.into_iter().zip(b).all(|(a, b)| part(a, b))
                }
                (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| part(*a, *b)),
                (a, b) => a.is_none() && b.is_none(),
            })
    }
}

/// Whether two lists have the same names, in any order.
fn same_names(one: &[String], other: &[String]) -> bool {
    one.iter().collect::<BTreeSet<_>>() == other.iter().collect::<BTreeSet<_>>()
}

/// Whether two enums have the same values, in any order.
fn same_values(one: &Option<Vec<Node>>, other: &Option<Vec<Node>>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    one.len() == other.len() && {
        // In the same order, without a comparison of each value with each other one.
        one.iter().zip(other).all(|(one, other)| one.is_same_value(other)) || {
            let texts = |values: &[Node]| values.iter().map(Node::canonical).collect::<BTreeSet<_>>();
            texts(one) == texts(other)
        }
    }
}
