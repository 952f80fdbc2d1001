//! Compares two schemas for equality.

#[cfg(feature = "diff")]
use std::collections::BTreeSet;

use super::model::{Additional, Model, Schema, SchemaId};

/// The keywords that are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// All keywords.
    Whole,
    /// The keywords that constrain values.
    #[cfg(feature = "diff")]
    Meaning,
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

/// Whether two schemas constrain values in the same way, by the same keywords. The schemas may be in different
/// documents.
#[cfg(feature = "diff")]
pub(crate) fn says_the_same(one: (&Model, SchemaId), other: (&Model, SchemaId)) -> bool {
    Comparison::of(Depth::Meaning).is_same(one, other)
}

/// Whether two schemas constrain values in the same way, by the same keywords, also in the components that they refer
/// to.
#[cfg(feature = "diff")]
pub(crate) fn means_the_same(one: (&Model, SchemaId), other: (&Model, SchemaId)) -> bool {
    Comparison::of(Depth::Reached).is_same(one, other)
}

/// Whether two schemas become the same Rust type, apart from `nullable`, `readOnly` and `writeOnly`.
pub(crate) fn same_structure(model: &Model, one: SchemaId, other: SchemaId) -> bool {
    Comparison::of(Depth::Structure).is_same((model, one), (model, other))
}

struct Comparison {
    depth: Depth,
    /// The pairs of components that are compared already.
    #[cfg(feature = "diff")]
    followed: BTreeSet<(SchemaId, SchemaId)>,
}

impl Comparison {
    fn of(depth: Depth) -> Self {
        Self {
            depth,
            #[cfg(feature = "diff")]
            followed: BTreeSet::new(),
        }
    }

    fn is_same(&mut self, (one_model, one): (&Model, SchemaId), (other_model, other): (&Model, SchemaId)) -> bool {
        let depth = self.depth;
        if std::ptr::eq(one_model, other_model) && one == other {
            return true;
        }
        #[cfg(feature = "diff")]
        let (one, other) = match depth {
            Depth::Reached => {
                let ends = (one_model.target(one), other_model.target(other));
                if ends != (one, other) && !self.followed.insert(ends) {
                    return true;
                }
                ends
            }
            _ => (one, other),
        };
        let (one, other) = (one_model.get(one), other_model.get(other));
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
            annotations,
        } = &*one;
        // The cheap comparisons come first.
        let alike = reference.is_some() == other.reference.is_some()
            && *ty == other.ty
            && *format == other.format
            && *required == other.required
            && *values == other.values
            && *limits == other.limits
            && *further == other.further
            && *default == other.default
            && *xml == other.xml
            && *discriminator == other.discriminator
            && (depth == Depth::Structure
                || (*nullable == other.nullable && *read_only == other.read_only && *write_only == other.write_only))
            && (depth != Depth::Whole || *annotations == other.annotations)
            && name(one_model, *reference) == name(other_model, other.reference);
        let lists =
            [(prefix, &other.prefix), (all_of, &other.all_of), (one_of, &other.one_of), (any_of, &other.any_of)];
        let single = [(*items, other.items), (*rest, other.rest), (*content, other.content), (*not, other.not)];
        alike
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
            && lists.into_iter().all(|pair| match pair {
                (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| part(*a, *b)),
                (a, b) => a.is_none() && b.is_none(),
            })
    }
}
