//! Stage `diff`: the changes between two documents, and what each means for a caller of the generated client.
//!
//! Both documents are normalized first. Two spellings of one meaning (`nullable`, `type: [T, 'null']`, `oneOf` with a
//! null, an enum as `oneOf` of constants, a `readOnly` inside an `allOf` with one part) are not a change. The table
//! [`RULES`] lists the kinds of changes with their impact. Each pair of schemas is compared once, however many
//! operations use it.
//!
//! ```
//! use connectors_codegen::{Impact, Node, diff};
//!
//! # fn main() -> Result<(), connectors_codegen::Error> {
//! let document = |property: &str| Node::parse("pets.yaml", &format!("
//! openapi: 3.1.0
//! info: {{title: Pets, version: '1'}}
//! paths: {{/pets: {{get: {{operationId: listPets, responses: {{'200': {{description: ok, content: {{application/json: {{schema: {{
//!   type: object, properties: {{{property}: {{type: string}}}}}}}}}}}}}}}}}}}}
//! "));
//! let changes = diff(&document("name")?, &document("title")?)?;
//! assert_eq!((changes[0].impact, changes[0].rule), (Impact::Breaking, "response-property-removed"));
//! assert!(changes[0].what.contains("`name`"));
//! # Ok(())
//! # }
//! ```

mod bodies;
mod canonical;
mod change;
mod clients;
mod compare;
mod limits;
mod look;
mod parameters;
mod rules;
mod schemas;
mod security;
mod trace;

use crate::Client;
use crate::diagnostic::Error;
use crate::document::Node;
use crate::note::Notes;
use crate::shape::{self, Names};

pub use change::{Change, Impact};
pub use rules::{RULES, Rule};

use canonical::Canonical;
use compare::compare;

/// Compares two documents in any supported versions. Returns the changes in order of impact, then of operation.
///
/// It does not compare what the generator decides from a whole document, such as a name that is longer because of
/// another name, or the single type of several responses. [`diff_clients`] compares that too.
///
/// # Errors
/// If a document is not OpenAPI 3.0, 3.1 or 3.2.
pub fn diff(old: &Node, new: &Node) -> Result<Vec<Change>, Error> {
    let (old, new) = (canonical::document(old)?, canonical::document(new)?);
    let shaped = |it: &Canonical| shape::shape(&it.document, &it.schemas, &Names::default(), &mut Notes::default()).0;
    Ok(sorted(compare((&old, &shaped(&old)), (&new, &shaped(&new))).0))
}

/// Compares two documents like [`diff`], and the Rust APIs of their generated clients. A break of the API that no
/// breaking change of the documents explains is a change with the rule `client-changed`.
///
/// Generate each client from its document, with overlays or without. If you keep names, set the old client's names for
/// the new client ([`Generator::names`](crate::Generator::names)), so that additions rename nothing.
///
/// ```
/// use connectors_codegen::{Error, Generator, Node, diff, diff_clients};
///
/// # fn main() -> Result<(), Error> {
/// let document = |responses: &str| Node::parse("pets.yaml", &format!("
/// openapi: 3.1.0
/// info: {{title: Pets, version: '1'}}
/// paths: {{/pets: {{get: {{operationId: countPets, responses: {{'200': {{description: ok, content: {{application/json: {{schema: {{
///   type: integer}}}}}}}}{responses}}}}}}}}}
/// "));
/// let client = |document: &Node| Generator::new(document.clone()).generate();
/// let (old, new) = (document("")?, document(", '204': {description: none}")?);
/// // A response that may be empty is an `Option` in Rust.
/// assert_eq!(diff(&old, &new)?[0].rule, "status-added");
/// let changes = diff_clients((&old, &client(&old)?), (&new, &client(&new)?))?;
/// assert_eq!(changes[0].rule, "client-changed");
/// assert!(changes[0].what.ends_with("count_pets() -> i128` is `count_pets() -> Option<i128>` in Rust"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If a document is not OpenAPI 3.0, 3.1 or 3.2.
pub fn diff_clients(old: (&Node, &Client), new: (&Node, &Client)) -> Result<Vec<Change>, Error> {
    let (before, after) = (canonical::document(old.0)?, canonical::document(new.0)?);
    let (mut changes, trace) = compare((&before, &old.1.api), (&after, &new.1.api));
    for one in clients::unaccounted(&trace, (&before, &after), old.1, new.1) {
        let clients::Unaccounted { breaking, operations, places, what } = one;
        let rule = if breaking { "client-changed" } else { "client-grown" };
        let tag = compare::tag_of(&before.document, &operations);
        changes.push(Change { impact: rules::impact(rule), rule, tag, operations, what, places });
    }
    Ok(sorted(changes))
}

fn sorted(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_by(|a, b| {
        (a.impact, a.operations.first(), &a.what, a.rule).cmp(&(b.impact, b.operations.first(), &b.what, b.rule))
    });
    changes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn document(schemas: &str, operation: &str) -> Node {
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n  {operation}\ncomponents:\n  schemas:\n    A: {schemas}\n"
        );
        Node::parse("t.yaml", &text).unwrap()
    }

    const GET: &str = "/a: {get: {operationId: getA, responses: {'200': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}}}}";

    fn told(old: &str, new: &str) -> Vec<String> {
        diff(&document(old, GET), &document(new, GET)).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn another_dialect_is_no_change() {
        let old = "{type: object, properties: {x: {type: string, nullable: true}, b: {allOf: [{$ref: '#/components/schemas/A'}], nullable: true}, t: {allOf: [{type: string, format: date-time, readOnly: true}], nullable: true}}}";
        let new = "{type: object, properties: {x: {type: [string, 'null']}, b: {oneOf: [{$ref: '#/components/schemas/A'}, {type: 'null'}]}, t: {type: [string, 'null'], format: date-time, readOnly: true}}}";
        assert!(told(old, new).is_empty(), "{:?}", told(old, new));
        let post = "/a: {post: {operationId: postA, requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}, responses: {'204': {description: ''}}}}";
        let changes = diff(&document(old, post), &document(new, post)).unwrap();
        assert!(changes.is_empty(), "{changes:?}");
    }

    #[test]
    fn changes_are_sorted_by_impact() {
        let base = "{type: object, required: [x], properties: {x: {type: string}, s: {type: string, enum: [a, b]}}}";
        for (new, expected) in [
            (
                "{type: object, required: [x], properties: {x: {type: string}}}",
                "breaking: getA: `A` has no `s` any more",
            ),
            (
                "{type: object, required: [x], properties: {x: {type: integer}, s: {type: string, enum: [a, b]}}}",
                "breaking: getA: `A`.`x` was string and is integer",
            ),
            (
                "{type: object, properties: {x: {type: string}, s: {type: string, enum: [a, b]}}}",
                "breaking: getA: `A`: `x` may be absent now",
            ),
            (
                "{type: object, required: [x], properties: {x: {type: string}, s: {type: string, enum: [a, b, c]}}}",
                "additive: getA: `A`.`s` has a new value \"c\"",
            ),
            (
                "{type: object, required: [x], properties: {x: {type: string}, s: {type: string, enum: [a, b]}, n: {}}}",
                "additive: getA: `A` has a new `n`",
            ),
        ] {
            assert_eq!(told(base, new), [expected]);
        }
    }

    #[test]
    fn operations_that_move_are_recognised_by_their_id() {
        let moved = GET.replace("/a:", "/b:");
        let changes = diff(&document("{}", GET), &document("{}", &moved)).unwrap();
        assert_eq!(changes[0].to_string(), "behaviour: getA: it moved from GET /a to GET /b");
    }

    #[test]
    fn every_rule_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(names.len(), RULES.len());
    }
}
