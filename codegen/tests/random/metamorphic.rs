//! Documents with the same meaning become the same Rust and have no changes. A change of meaning is always reported.
//!
//! `METAMORPHIC_DOCUMENTS` sets the number of documents, `METAMORPHIC_SEED` the first one.

use connectors_codegen::{Change, Client, Generator, Impact, Listing, Node, diff, diff_clients};
use serde_json::{Map, Value, json};

use super::chance::{Random, setting};
use super::dense::{Dialect, document};

fn parsed(name: &str, text: &str) -> Node {
    Node::parse(name, text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn node(document: &Value) -> Node {
    parsed("dense.json", &document.to_string())
}

fn client(document: &Node) -> Client {
    Generator::new(document.clone()).generate().unwrap_or_else(|error| panic!("{error}\n{}", document.to_json()))
}

fn changes(old: &Node, new: &Node) -> Vec<Change> {
    let mut changes = diff(old, new).unwrap();
    changes.retain(|change| change.impact != Impact::Documentation);
    changes
}

/// A document as JSON text, with the members of each object in a random order.
fn shuffled(value: &Value, random: &mut Random, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            for at in (1..members.len()).rev() {
                members.swap(at, random.below(at + 1));
            }
            text.push('{');
            for (index, (key, value)) in members.into_iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                shuffled(value, random, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                shuffled(item, random, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

/// Calls `change` for each schema object of a document, outermost first. Members of `properties` are not keywords.
fn schemas(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    fn inside(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
        let Value::Object(schema) = value else { return };
        change(schema);
        for (key, child) in schema {
            match (key.as_str(), child) {
                ("properties", Value::Object(properties)) => {
                    properties.values_mut().for_each(|child| inside(child, change));
                }
                ("oneOf" | "anyOf" | "allOf", Value::Array(parts)) => {
                    parts.iter_mut().for_each(|child| inside(child, change));
                }
                ("items" | "additionalProperties", child) => inside(child, change),
                _ => {}
            }
        }
    }
    fn around(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
        match value {
            Value::Object(map) => {
                for (key, child) in map {
                    match (key.as_str(), child) {
                        ("schema", child) => inside(child, change),
                        ("schemas", Value::Object(schemas)) => {
                            schemas.values_mut().for_each(|child| inside(child, change));
                        }
                        (_, child) => around(child, change),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|child| around(child, change)),
            _ => {}
        }
    }
    around(value, change);
}

/// Calls `change` for each operation.
fn operations(value: &mut Value, mut change: impl FnMut(&mut Map<String, Value>)) {
    let items = value["paths"].as_object_mut().unwrap().values_mut();
    for operation in items.filter_map(Value::as_object_mut).flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        change(operation);
    }
}

/// Replaces descriptions and examples wherever they are allowed.
fn described(document: &Value, random: &mut Random) -> Value {
    let mut document = document.clone();
    schemas(&mut document, &mut |schema| {
        // In 3.0 a reference has no siblings.
        if schema.contains_key("$ref") {
            return;
        }
        if random.once_in(2) {
            schema.insert("description".to_owned(), json!("Other *prose*, with <b>marks</b> and [brackets]."));
        }
        if random.once_in(4) {
            schema.insert("externalDocs".to_owned(), json!({"url": "https://dense.example/more"}));
        }
    });
    operations(&mut document, |operation| {
        operation.insert("summary".to_owned(), json!("Does something."));
        operation.insert("description".to_owned(), json!("At length."));
    });
    document["info"]["description"] = json!("Another description.");
    document
}

/// Inlines shared parameters and bodies, if no type is named after them.
fn inlined(document: &Value) -> Value {
    let mut inlined = document.clone();
    operations(&mut inlined, |operation| {
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            inline(parameter, document, |it| it["schema"].get("enum").is_none());
        }
        if let Some(body) = operation.get_mut("requestBody") {
            inline(body, document, |it| it["content"]["application/json"]["schema"].get("$ref").is_some());
        }
        for response in operation["responses"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            inline(response, document, |it| it["content"]["application/json"]["schema"].get("$ref").is_some());
        }
    });
    inlined
}

fn inline(node: &mut Value, document: &Value, is_plain: impl Fn(&Value) -> bool) {
    let target = node.get("$ref").and_then(Value::as_str).and_then(|it| document.pointer(it.trim_start_matches('#')));
    if let Some(target) = target.filter(|target| is_plain(target)) {
        *node = target.clone();
    }
}

/// The first line in which two texts differ, with the lines before it.
fn difference(a: &str, b: &str) -> String {
    let at = a.lines().zip(b.lines()).take_while(|(a, b)| a == b).count();
    let part = |text: &str| text.lines().skip(at.saturating_sub(4)).take(9).collect::<Vec<_>>().join("\n");
    format!("line {at}:\n{}\n---- became\n{}", part(a), part(b))
}

fn same_code(seed: u64, how: &str, a: &Client, b: &Client) {
    assert!(a.code == b.code, "seed {seed}, {how}: {}", difference(&a.code, &b.code));
}

#[test]
fn documents_with_the_same_meaning_become_the_same_rust() {
    let first = setting("METAMORPHIC_SEED", 1);
    for seed in first..first + setting("METAMORPHIC_DOCUMENTS", 25) {
        let random = &mut Random(seed ^ 0x5eed);
        let document = document(seed, Dialect::V31);
        let old = node(&document);
        let ours = client(&old);
        let none = |how: &str, new: &Node| {
            let changes = changes(&old, new);
            assert!(changes.is_empty(), "seed {seed}, {how}: {changes:#?}");
        };

        let yaml = parsed("dense.yaml", &old.to_yaml().unwrap());
        same_code(seed, "as YAML", &ours, &client(&yaml));
        none("as YAML", &yaml);

        let older = node(&super::dense::document(seed, Dialect::V30));
        same_code(seed, "as 3.0", &ours, &client(&older));
        none("as 3.0", &older);

        let mut text = String::new();
        shuffled(&document, random, &mut text);
        let reordered = parsed("dense.json", &text);
        // Fields are in the order of the document. The output of a program does not depend on it.
        let api = Listing::of(&ours).compare(&Listing::of(&client(&reordered)));
        assert!(api.is_empty(), "seed {seed}, reordered: {api:#?}");
        none("reordered", &reordered);

        let inlined = node(&inlined(&document));
        same_code(seed, "inlined", &ours, &client(&inlined));
        none("inlined", &inlined);

        let described = node(&described(&document, random));
        none("described", &described);
        let listings = [Listing::of(&ours), Listing::of(&client(&described))];
        assert!(listings[0] == listings[1], "seed {seed}, described");
    }
}

/// One change of meaning, with its description; `None` if the selected change has no place in the document.
fn changed(document: &Value, random: &mut Random) -> Option<(String, Value)> {
    let mut document = document.clone();
    let mut places = 0;
    let kind = random.below(10);
    // The same walk twice: once to count the places, once to change one of them.
    let mut of_schemas = |document: &mut Value,
                          what: &str,
                          fits: &dyn Fn(&Map<String, Value>) -> bool,
                          change: &dyn Fn(&mut Map<String, Value>)| {
        schemas(document, &mut |schema| places += usize::from(fits(schema)));
        let chosen = random.below(places);
        let mut at = 0;
        schemas(document, &mut |schema| {
            if fits(schema) {
                if at == chosen {
                    change(schema);
                }
                at += 1;
            }
        });
        (places > 0).then(|| what.to_owned())
    };
    let is_plain = |schema: &Map<String, Value>, ty: &str| {
        schema.get("type").is_some_and(|it| it == ty) && !schema.contains_key("enum")
    };
    let what = match kind {
        0 => of_schemas(&mut document, "a text became a boolean", &|it| is_plain(it, "string"), &|it| {
            *it = Map::from_iter([("type".to_owned(), json!("boolean"))]);
        }),
        1 => of_schemas(&mut document, "an integer became a text", &|it| is_plain(it, "integer"), &|it| {
            *it = Map::from_iter([("type".to_owned(), json!("string"))]);
        }),
        2 => of_schemas(&mut document, "a property is new", &|it| it.contains_key("properties"), &|it| {
            it["properties"]["brand_new"] = json!({"type": "integer"});
        }),
        3 => of_schemas(&mut document, "an enum has a value more", &|it| it.contains_key("enum"), &|it| {
            it["enum"].as_array_mut().unwrap().push(json!("brand new"));
        }),
        4 => of_schemas(&mut document, "a property is renamed", &|it| it.contains_key("properties"), &|it| {
            let properties = it["properties"].as_object_mut().unwrap();
            let key = properties.keys().next().unwrap().clone();
            let value = properties.remove(&key).unwrap();
            properties.insert(format!("{key}_renamed"), value);
            let required = it.get_mut("required").and_then(Value::as_array_mut);
            required
                .into_iter()
                .flatten()
                .filter(|it| **it == key)
                .for_each(|it| *it = json!(format!("{key}_renamed")));
        }),
        5 => of_schemas(&mut document, "another property is required", &|it| it.contains_key("properties"), &|it| {
            let all: Vec<String> = it["properties"].as_object().unwrap().keys().cloned().collect();
            let required: Vec<&str> =
                it.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
            let new: Vec<String> = match all.iter().find(|key| !required.contains(&key.as_str())) {
                Some(more) => required.iter().map(|it| (*it).to_owned()).chain([more.clone()]).collect(),
                None => required[1..].iter().map(|it| (*it).to_owned()).collect(),
            };
            it.insert("required".to_owned(), json!(new));
        }),
        6 => {
            let mut done = false;
            operations(&mut document, |operation| {
                if !done && let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
                    parameters.remove(0);
                    done = true;
                }
            });
            done.then(|| "a parameter is gone".to_owned())
        }
        7 => {
            let mut done = false;
            operations(&mut document, |operation| {
                done = done || operation.insert("security".to_owned(), json!([{"bearer": []}])).is_none();
            });
            done.then(|| "an operation asks for another credential".to_owned())
        }
        8 => {
            let responses = document["paths"].as_object_mut().unwrap().values_mut().next().unwrap();
            let operation = responses.as_object_mut().unwrap().values_mut().find(|it| it.is_object()).unwrap();
            let body = json!({"application/json": {"schema": {"type": "array", "items": {"type": "number"}}}});
            operation["responses"]["418"] = json!({"description": "New.", "content": body});
            Some("a failure is new".to_owned())
        }
        _ => {
            let item = json!({"get": {"operationId": "another", "responses": {"204": {"description": "Done."}}}});
            document["paths"]["/another"] = item;
            Some("an operation is new".to_owned())
        }
    }?;
    Some((what, document))
}

#[test]
fn a_change_of_meaning_is_always_reported() {
    let first = setting("METAMORPHIC_SEED", 1);
    for seed in first..first + setting("METAMORPHIC_DOCUMENTS", 25) {
        let random = &mut Random(seed ^ 0xd1ff);
        let document = document(seed, Dialect::V31);
        let Some((what, other)) = changed(&document, random) else { continue };
        let (old, new) = (node(&document), node(&other));
        let (before, after) = (client(&old), client(&new));
        let mut changes = diff_clients((&old, &before), (&new, &after)).unwrap();
        changes.retain(|change| change.impact != Impact::Documentation);
        if changes.is_empty() {
            // The selected change may have no effect, such as a value that the enum has already.
            let (old, new) = (before, after);
            assert!(old.code == new.code, "seed {seed}: {what}, and no change: {}", difference(&old.code, &new.code));
        }
    }
}

/// A keyword and its value.
type Constraint = (&'static str, Value);

/// Constraints on values of a type. No Rust type depends on them.
fn constraints(ty: &str, schema: &Map<String, Value>) -> Vec<Constraint> {
    match ty {
        "string" => vec![
            ("not", json!({"const": "x"})),
            ("pattern", json!("^a")),
            ("maxLength", json!(9)),
            ("allOf", json!([{"maxLength": 9}, {"maxLength": 8, "pattern": "^a"}, {"pattern": "b$"}])),
        ],
        "array" => vec![
            ("contains", json!({"const": 1})),
            ("uniqueItems", json!(true)),
            ("allOf", json!([{"contains": {"const": 1}}, {"contains": {"const": 2}}])),
        ],
        "object" if schema.contains_key("properties") => vec![
            ("not", json!({"required": ["a", "b"]})),
            ("dependentRequired", json!({"a": ["b"]})),
            ("propertyNames", json!({"maxLength": 9})),
            ("if", json!({"required": ["a"]})),
        ],
        _ => vec![],
    }
}

/// Constraints by a component.
fn referring(ty: &str, schema: &Map<String, Value>) -> Vec<Constraint> {
    let reference = json!({"$ref": "#/components/schemas/Limit"});
    match ty {
        "string" => vec![("not", reference.clone()), ("allOf", json!([{"maxLength": 9}, {"not": reference}]))],
        "array" => vec![("contains", reference.clone()), ("unevaluatedItems", reference)],
        "object" if schema.contains_key("properties") => {
            vec![
                ("propertyNames", reference.clone()),
                ("if", reference.clone()),
                ("dependentSchemas", json!({"a": reference})),
            ]
        }
        _ => vec![],
    }
}

/// Adds a constraint to each schema of parameters, bodies, headers and responses. Returns how many there are.
fn constrained(
    value: &mut Value,
    random: &mut Random,
    constraints: fn(&str, &Map<String, Value>) -> Vec<Constraint>,
) -> usize {
    let mut added = 0;
    match value {
        Value::Object(map) => {
            for (key, child) in map {
                let (ty, Value::Object(schema)) = (child["type"].as_str().unwrap_or_default().to_owned(), &mut *child)
                else {
                    added += constrained(child, random, constraints);
                    continue;
                };
                let found = if key == "schema" { constraints(&ty, schema) } else { vec![] };
                if !found.is_empty() {
                    let (key, constraint) = random.pick(&found);
                    added += usize::from(schema.insert(key.to_owned(), constraint).is_none());
                } else if key != "schema" {
                    added += constrained(child, random, constraints);
                }
            }
        }
        Value::Array(items) => {
            added += items.iter_mut().map(|item| constrained(item, random, constraints)).sum::<usize>();
        }
        _ => {}
    }
    added
}

/// Gives each response of an operation a header.
fn with_headers(document: &mut Value) {
    operations(document, |operation| {
        for response in operation["responses"].as_object_mut().unwrap().values_mut() {
            if response.get("$ref").is_none() {
                response["headers"] = json!({"X-Limited": {"schema": {"type": "string"}}});
            }
        }
    });
}

#[test]
fn a_change_behind_two_references_is_always_reported() {
    let first = setting("METAMORPHIC_SEED", 1);
    let mut all = 0;
    for seed in first..first + setting("METAMORPHIC_DOCUMENTS", 25) {
        let random = &mut Random(seed ^ 0x2ef5);
        let mut document = document(seed, Dialect::V31);
        with_headers(&mut document);
        let added = constrained(&mut document["paths"], random, referring);
        document["components"]["schemas"]["Limit"] = json!({"if": {"$ref": "#/components/schemas/Behind"}});
        document["components"]["schemas"]["Behind"] = json!({"minLength": 1});
        let mut other = document.clone();
        other["components"]["schemas"]["Behind"] = json!({"minLength": 2});
        let (old, new) = (node(&document), node(&other));
        assert_eq!(diff(&old, &old).unwrap(), []);
        let changes = diff(&old, &new).unwrap();
        assert!(changes.is_empty() == (added == 0), "seed {seed}: {added}, {changes:?}");
        all += added;
    }
    assert!(all > 25, "{all}");
}

#[test]
fn a_change_of_a_constraint_is_always_reported() {
    let first = setting("METAMORPHIC_SEED", 1);
    let mut all = 0;
    for seed in first..first + setting("METAMORPHIC_DOCUMENTS", 25) {
        let random = &mut Random(seed ^ 0x11317);
        let mut document = document(seed, Dialect::V31);
        with_headers(&mut document);
        let mut other = document.clone();
        let added = constrained(&mut other["paths"], random, constraints);
        let (old, new) = (node(&document), node(&other));
        let reported = [diff(&old, &new).unwrap().len(), diff(&new, &old).unwrap().len()];
        // Several constraints can be on one schema that several responses share.
        assert!(reported.iter().all(|reported| (*reported > 0) == (added > 0)), "seed {seed}: {added}, {reported:?}");
        all += added;
    }
    assert!(all > 25, "{all}");
}
