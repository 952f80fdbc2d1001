//! Compares two schemas for equality.

use super::model::{Additional, Model, Schema, SchemaId};

/// The keywords that are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// All keywords.
    Whole,
    /// The keywords that constrain values.
    #[cfg(feature = "diff")]
    Meaning,
    /// The keywords that decide the Rust type. Descriptions, `nullable`, `readOnly` and `writeOnly` are ignored,
    /// because they belong to the place of use.
    Structure,
}

/// Whether two schemas have the same keywords, also in all their subschemas. The schemas may be in different documents.
pub(crate) fn same(one: (&Model, SchemaId), other: (&Model, SchemaId)) -> bool {
    is_same(one, other, Depth::Whole)
}

/// Whether two schemas constrain values in the same way, by the same keywords. The schemas may be in different
/// documents.
#[cfg(feature = "diff")]
pub(crate) fn says_the_same(one: (&Model, SchemaId), other: (&Model, SchemaId)) -> bool {
    is_same(one, other, Depth::Meaning)
}

/// Whether two schemas become the same Rust type, apart from `nullable`, `readOnly` and `writeOnly`.
pub(crate) fn same_structure(model: &Model, one: SchemaId, other: SchemaId) -> bool {
    is_same((model, one), (model, other), Depth::Structure)
}

fn is_same((one_model, one): (&Model, SchemaId), (other_model, other): (&Model, SchemaId), depth: Depth) -> bool {
    if std::ptr::eq(one_model, other_model) && one == other {
        return true;
    }
    let (one, other) = (one_model.get(one), other_model.get(other));
    let part = |a: SchemaId, b: SchemaId| is_same((one_model, a), (other_model, b), depth);
    let maybe = |a: Option<SchemaId>, b: Option<SchemaId>| match (a, b) {
        (Some(a), Some(b)) => part(a, b),
        (a, b) => a.is_none() && b.is_none(),
    };
    let list = |a: &Option<Vec<SchemaId>>, b: &Option<Vec<SchemaId>>| match (a, b) {
        (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| part(*a, *b)),
        (a, b) => a.is_none() && b.is_none(),
    };
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
        annotations,
    } = &*one;
    // The cheap comparisons come first.
    reference.is_some() == other.reference.is_some()
        && *ty == other.ty
        && *format == other.format
        && *required == other.required
        && *values == other.values
        && *limits == other.limits
        && *default == other.default
        && *xml == other.xml
        && *discriminator == other.discriminator
        && (depth == Depth::Structure
            || (*nullable == other.nullable && *read_only == other.read_only && *write_only == other.write_only))
        && (depth != Depth::Whole || *annotations == other.annotations)
        && name(one_model, *reference) == name(other_model, other.reference)
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
        && maybe(*items, other.items)
        && list(prefix, &other.prefix)
        && maybe(*rest, other.rest)
        && maybe(*content, other.content)
        && list(all_of, &other.all_of)
        && list(one_of, &other.one_of)
        && list(any_of, &other.any_of)
        && maybe(*not, other.not)
}
