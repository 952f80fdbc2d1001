//! The cost of a comparison of two whole documents, compared with the generation of both clients.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use connectors_codegen::{Client, Generator, Node, diff_clients};
use serde_json::{Map, Value};

use crate::figure::{Figure, Table};
use crate::generation::{copied, milliseconds, name};
use crate::plan::{Plan, Result, progress};

/// The most that a comparison may cost: both clients are generated for it, too.
const MOST: f64 = 3.0;

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> Result<()> {
    let path = plan.document();
    progress("comparing documents");
    let text = fs::read_to_string(&path).map_err(|error| format!("error: cannot read {}: {error}", path.display()))?;
    let document = Node::parse(&path.display().to_string(), &text)?.to_json();
    let mut leaf = document.clone();
    if !change_a_leaf(&mut leaf) {
        return Err("error: no schema of the document has a property of type string".into());
    }
    let mut leaves = document.clone();
    change_all_leaves(&mut leaves);
    let others = [
        ("one leaf differs", leaf),
        ("every string is a number instead", leaves),
        ("no name is the same", copied(&document, 1)?),
    ];
    for (how, other) in others {
        let what = format!("comparing: {} with another one, {how}, against generating both", name(&path));
        let (ours, reference) = beside_generation(plan, &document.to_string(), &other.to_string())?;
        table.add(Figure::new(what, milliseconds(ours), "ms").against(milliseconds(reference)).ratio_at_most(MOST));
    }
    Ok(())
}

/// The shortest time from two texts to all changes, and the shortest time to both clients.
fn beside_generation(plan: &Plan, old: &str, new: &str) -> Result<(Duration, Duration)> {
    let (mut ours, mut reference) = (Duration::MAX, Duration::MAX);
    for _ in 0..plan.rounds() {
        let start = Instant::now();
        let (old, new) = (generated("old.json", old)?, generated("new.json", new)?);
        reference = reference.min(start.elapsed());
        black_box(diff_clients((&old.0, &old.1), (&new.0, &new.1))?);
        ours = ours.min(start.elapsed());
    }
    Ok((ours, reference))
}

fn generated(name: &str, text: &str) -> Result<(Node, Client)> {
    let document = Node::parse(name, text)?;
    let client = Generator::new(document.clone()).generate()?;
    Ok((document, client))
}

/// Makes one property of type string an integer.
fn change_a_leaf(document: &mut Value) -> bool {
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    let schemas = schemas.into_iter().flat_map(Map::values_mut);
    let properties = schemas.filter_map(|schema| schema.get_mut("properties")?.as_object_mut());
    let leaf = properties.flat_map(Map::values_mut).find_map(|property| {
        let kind = property.get_mut("type")?;
        (kind == "string").then_some(kind)
    });
    leaf.map(|kind| *kind = "integer".into()).is_some()
}

/// Makes every schema of type string a number.
fn change_all_leaves(node: &mut Value) {
    match node {
        Value::Object(members) => {
            if let Some(kind) = members.get_mut("type").filter(|kind| *kind == "string") {
                *kind = "number".into();
                for of_strings in ["enum", "format", "default", "pattern"] {
                    members.remove(of_strings);
                }
            }
            members.values_mut().for_each(change_all_leaves);
        }
        Value::Array(items) => items.iter_mut().for_each(change_all_leaves),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::of_service;

    #[test]
    fn the_other_documents_differ_as_much_as_they_should() {
        let (text, _) = of_service("c1").unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let changes = |other: &Value| {
            let (old, new) =
                (generated("old.json", &text).unwrap(), generated("new.json", &other.to_string()).unwrap());
            diff_clients((&old.0, &old.1), (&new.0, &new.1)).unwrap().len()
        };
        assert_eq!(changes(&document), 0);
        let mut leaf = document.clone();
        assert!(change_a_leaf(&mut leaf));
        assert_eq!(changes(&leaf), 1);
        let mut leaves = document.clone();
        change_all_leaves(&mut leaves);
        assert!(changes(&leaves) > 50);
        assert!(changes(&copied(&document, 1).unwrap()) > 10);
    }
}
