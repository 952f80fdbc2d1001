//! A value and the schemas that describe each place in it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::{Map, Value};

use connectors_mock::schema::escape;
use connectors_mock::schema::local_pointer;

/// The maximum number of visited and pending places of one value, and of its undocumented members.
const VISITS: usize = 50_000;

/// The maximum number of schemas of one place.
const SCHEMAS: usize = 256;

/// One place in a value.
pub(super) struct Visit<'v> {
    /// Its place in the value, as a JSON Pointer.
    pub(super) at: String,
    /// The same with `*` for items, and `{}` for members that the document does not name.
    pub(super) pattern: String,
    /// The schemas of this place, before references are followed.
    pub(super) sites: Vec<String>,
    /// The same, and all schemas that they refer to or include.
    pub(super) schemas: Rc<Vec<String>>,
    pub(super) value: &'v Value,
}

/// A member that no schema of its object names.
pub(super) struct Extra<'v> {
    /// The schema that names the others.
    pub(super) owner: String,
    /// Of the object.
    pub(super) pattern: String,
    pub(super) name: &'v str,
    pub(super) value: &'v Value,
}

/// The schemas at a place, matched with all places of a value.
pub(super) fn walk<'v>(root: &Value, schema: &str, value: &'v Value) -> (Vec<Visit<'v>>, Vec<Extra<'v>>) {
    let (mut visits, mut extras) = (Vec::new(), Vec::new());
    let mut known: BTreeMap<Vec<String>, Rc<Vec<String>>> = BTreeMap::new();
    let mut open = vec![(String::new(), String::new(), vec![schema.to_owned()], value)];
    while let Some((at, pattern, sites, value)) = open.pop() {
        // Places beyond the limit are skipped before they are stored. One is the place itself.
        let room = VISITS.saturating_sub(visits.len() + open.len() + 1);
        let schemas = Rc::clone(known.entry(sites.clone()).or_insert_with(|| Rc::new(composed(root, &sites))));
        match value {
            Value::Object(members) => {
                let before = open.len();
                for (name, member) in members {
                    let (is_full, has_many) = (open.len() - before >= room, extras.len() >= VISITS);
                    if is_full && has_many {
                        break;
                    }
                    let at = format!("{at}/{}", escape(name));
                    match named(root, &schemas, name) {
                        Named::Here(_) | Named::Mapped(_) if is_full => {}
                        Named::Here(sites) => open.push((at, format!("{pattern}/{}", escape(name)), sites, member)),
                        Named::Mapped(sites) if sites.is_empty() => {}
                        Named::Mapped(sites) => open.push((at, format!("{pattern}/{{}}"), sites, member)),
                        Named::Nowhere(_) if has_many => {}
                        Named::Nowhere(owner) => {
                            extras.push(Extra { owner, pattern: pattern.clone(), name, value: member });
                        }
                    }
                }
            }
            Value::Array(items) => {
                let of_items = schemas.iter().map(|schema| format!("{schema}/items"));
                let of_items: Vec<String> =
                    of_items.filter(|place| root.pointer(place).is_some_and(Value::is_object)).collect();
                let described = if of_items.is_empty() { 0 } else { room };
                for (index, item) in items.iter().enumerate().take(described) {
                    open.push((format!("{at}/{index}"), format!("{pattern}/*"), of_items.clone(), item));
                }
            }
            _ => {}
        }
        visits.push(Visit { at, pattern, sites, schemas, value });
    }
    (visits, extras)
}

/// The schemas at some places, and all schemas that they refer to or include.
fn composed(root: &Value, sites: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open: Vec<String> = sites.iter().rev().cloned().collect();
    while let Some(place) = open.pop() {
        let Some(node) = root.pointer(&place).filter(|_| found.len() < SCHEMAS && seen.insert(place.clone())) else {
            continue;
        };
        for keyword in ["oneOf", "anyOf", "allOf"] {
            let count = node[keyword].as_array().map_or(0, Vec::len);
            open.extend((0..count).rev().map(|index| format!("{place}/{keyword}/{index}")));
        }
        open.extend(node["$ref"].as_str().and_then(local_pointer));
        found.push(place);
    }
    found
}

/// Where a member of an object is described.
enum Named {
    Here(Vec<String>),
    /// By the schema of additional members; by none, if anything is allowed.
    Mapped(Vec<String>),
    /// Nowhere, and the schema at this place names other members.
    Nowhere(String),
}

fn named(root: &Value, schemas: &[String], name: &str) -> Named {
    let nodes = || schemas.iter().filter_map(|place| Some((place, root.pointer(place)?.as_object()?)));
    let here: Vec<String> = nodes().flat_map(|(place, node)| property(place, node, name)).collect();
    if !here.is_empty() {
        return Named::Here(here);
    }
    let any = |node: &Map<String, Value>| {
        let keys = ["additionalProperties", "unevaluatedProperties"];
        let allows = |key: &&str| node.get(*key).is_some_and(|it| *it != Value::Bool(false));
        keys.iter().any(allows) || node.contains_key("patternProperties")
    };
    if nodes().any(|(_, node)| any(node)) {
        let mapped = nodes().filter(|(_, node)| node.get("additionalProperties").is_some_and(Value::is_object));
        return Named::Mapped(mapped.map(|(place, _)| format!("{place}/additionalProperties")).collect());
    }
    let names_others = |node: &Map<String, Value>| {
        node.get("properties").and_then(Value::as_object).is_some_and(|properties| !properties.is_empty())
    };
    let owner = nodes().find(|(_, node)| names_others(node) || node.get("additionalProperties").is_some());
    owner.map_or(Named::Mapped(Vec::new()), |(place, _)| Named::Nowhere(place.clone()))
}

/// The place of a property, by its name or an alias.
fn property(place: &str, node: &Map<String, Value>, name: &str) -> Option<String> {
    let properties = node.get("properties")?.as_object()?;
    let is_alias =
        |property: &Value| property["x-aliases"].as_array().is_some_and(|all| all.iter().any(|it| it == name));
    let own = if properties.contains_key(name) {
        Some(name)
    } else {
        properties.iter().find(|(_, property)| is_alias(property)).map(|(own, _)| own.as_str())
    };
    own.map(|own| format!("{place}/properties/{}", escape(own)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{VISITS, walk};

    #[test]
    fn only_the_first_places_of_a_large_value_are_kept() {
        let root = json!({"s": {"items": {"type": "integer"}, "properties": {"a": {}}}});
        let list: Value = (0..VISITS + 10_000).collect();
        let (visits, extras) = walk(&root, "/s", &list);
        assert_eq!((visits.len(), extras.len()), (VISITS, 0));
        assert!(visits.iter().any(|visit| visit.at == "/0") && visits.iter().all(|visit| visit.at != "/55000"));
        let members: serde_json::Map<String, Value> =
            (0..VISITS + 10_000).map(|index| (format!("m{index}"), Value::Null)).collect();
        let object = Value::Object(members);
        let (visits, extras) = walk(&root, "/s", &object);
        assert_eq!((visits.len(), extras.len()), (1, VISITS));
    }
}
