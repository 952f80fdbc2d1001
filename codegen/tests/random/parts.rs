//! A value has to fit all parts of an `allOf`. So `diff` reports a change of a constraint in any of them, wherever the
//! parts are, and whatever constraint another part has.

use connectors_codegen::{Node, diff};
use serde_json::{Map, Value, json};

/// Constraints of values of a type: two for two parts, and another one that allows other values than the first.
fn constraints() -> Vec<(&'static str, Value, Value, Value)> {
    let mut all = Vec::new();
    let mut add = |ty: &'static str, one: Value, other: Value, changed: Value| all.push((ty, one, other, changed));
    for ty in ["integer", "number"] {
        add(ty, json!({"minimum": 5}), json!({"minimum": 3}), json!({"minimum": 6}));
        add(ty, json!({"maximum": 5}), json!({"maximum": 9}), json!({"maximum": 4}));
        add(ty, json!({"exclusiveMinimum": 5}), json!({"minimum": 4}), json!({"exclusiveMinimum": 8}));
        add(ty, json!({"exclusiveMaximum": 5}), json!({"maximum": 7}), json!({"exclusiveMaximum": 3}));
        add(ty, json!({"multipleOf": 2}), json!({"multipleOf": 3}), json!({"multipleOf": 5}));
        add(ty, json!({"multipleOf": 3}), json!({"multipleOf": 2}), json!({"multipleOf": 5}));
    }
    add("number", json!({"exclusiveMinimum": 5}), json!({"minimum": 5}), json!({"exclusiveMinimum": 4}));
    add("number", json!({"maximum": 5}), json!({"exclusiveMaximum": 6}), json!({"maximum": 5.5}));
    add("string", json!({"minLength": 5}), json!({"minLength": 3}), json!({"minLength": 6}));
    add("string", json!({"maxLength": 5}), json!({"maxLength": 9}), json!({"maxLength": 6}));
    add("string", json!({"enum": ["a", "b"]}), json!({"maxLength": 9}), json!({"enum": ["a", "c"]}));
    add("string", json!({"maxLength": 9}), json!({"enum": ["a", "b"]}), json!({"maxLength": 8}));
    add("string", json!({"enum": ["a", "b"]}), json!({"enum": ["a", "c"]}), json!({"enum": ["a", "c"]}));
    add("number", json!({"enum": [1, 2]}), json!({"enum": [1.0, 3]}), json!({"enum": [1, 3]}));
    let unlike = [
        ("string", "pattern", [json!("^a"), json!("b$"), json!("^c")]),
        ("string", "format", [json!("hostname"), json!("idn-hostname"), json!("email")]),
        ("string", "contentEncoding", [json!("base32"), json!("base16"), json!("quoted-printable")]),
        ("array", "contains", [json!({"const": 1}), json!({"const": 2}), json!({"const": 3})]),
        ("array", "minContains", [json!(1), json!(2), json!(3)]),
        ("array", "unevaluatedItems", [json!({"minimum": 1}), json!({"minimum": 2}), json!({"minimum": 3})]),
        ("object", "dependentRequired", [json!({"a": ["b"]}), json!({"a": ["c"]}), json!({"a": ["d"]})]),
        ("object", "propertyNames", [json!({"minLength": 1}), json!({"minLength": 2}), json!({"minLength": 3})]),
        ("object", "if", [json!({"required": ["a"]}), json!({"required": ["b"]}), json!({"required": ["c"]})]),
        ("object", "required", [json!(["a"]), json!(["b"]), json!(["c"])]),
    ];
    for (ty, key, [one, other, changed]) in unlike {
        add(ty, json!({key: one}), json!({key: other}), json!({key: changed}));
        add(ty, json!({key: other}), json!({key: one}), json!({key: changed}));
    }
    for ty in ["integer", "string", "array", "object"] {
        let [one, other, changed] = [1, 2, 3].map(|number| json!({"const": number}));
        add(ty, json!({"not": one}), json!({"not": other}), json!({"not": changed}));
        for key in ["anyOf", "oneOf"] {
            let union = |number: u32| json!({key: [{"minimum": number, "maxLength": number}, {"minItems": number}]});
            add(ty, union(1), union(2), union(3));
            add(ty, union(2), union(1), union(3));
            add(ty, union(2), json!({}), union(3));
        }
    }
    add("array", json!({"minItems": 5}), json!({"minItems": 3}), json!({"minItems": 6}));
    add("array", json!({"maxItems": 5}), json!({"maxItems": 9}), json!({"maxItems": 6}));
    add("array", json!({"uniqueItems": true}), json!({"uniqueItems": false}), json!({"uniqueItems": false}));
    add("object", json!({"minProperties": 5}), json!({"minProperties": 3}), json!({"minProperties": 6}));
    add("object", json!({"maxProperties": 5}), json!({"maxProperties": 9}), json!({"maxProperties": 6}));
    let (open, closed) = (json!({"additionalProperties": true}), json!({"additionalProperties": false}));
    add("object", closed.clone(), open.clone(), open.clone());
    add("object", closed, json!({"additionalProperties": {"type": "string"}}), open);
    all
}

/// A document with a property for each schema, and a component for each property.
fn document(schemas: &[(Value, Value)]) -> Node {
    let named = |prefix: &str, of: &dyn Fn(&(Value, Value)) -> Value| -> Value {
        schemas.iter().enumerate().map(|(index, it)| (format!("{prefix}{index}"), of(it))).collect::<Map<_, _>>().into()
    };
    let body = json!({"type": "object", "properties": named("p", &|it| it.0.clone())});
    let content = json!({"application/json": {"schema": body}});
    let document = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"post": {"operationId": "a", "requestBody": {"required": true, "content": content},
            "responses": {"204": {"description": ""}}}}},
        "components": {"schemas": named("C", &|it| it.1.clone())},
    });
    Node::parse("parts.json", &document.to_string()).unwrap()
}

fn typed(ty: &str, schema: &Value) -> Value {
    let mut schema = schema.clone();
    schema["type"] = json!(ty);
    schema
}

/// Two parts with two constraints, of which at least one has the type, and the component that they refer to.
type Layout = fn(usize, &str, &Value, &Value) -> ([Value; 2], Value);

const LAYOUTS: [Layout; 5] = [
    |_, ty, one, other| ([typed(ty, one), other.clone()], json!({})),
    |_, ty, one, other| ([typed(ty, one), typed(ty, other)], json!({})),
    |index, ty, one, other| ([reference(index), other.clone()], typed(ty, one)),
    |index, ty, one, other| ([reference(index), typed(ty, other)], typed(ty, one)),
    |index, ty, one, other| ([reference(index), typed(ty, one)], typed(ty, other)),
];

fn reference(index: usize) -> Value {
    json!({"$ref": format!("#/components/schemas/C{index}")})
}

/// The schemas that have both parts.
const PLACES: [fn(&Value) -> Value; 4] = [
    Value::clone,
    |part| json!({"type": "object", "properties": {"in": part}}),
    |part| json!({"type": "object", "additionalProperties": part}),
    |part| json!({"type": "array", "items": part}),
];

#[test]
fn a_change_of_any_part_is_reported() {
    let constraints = constraints();
    let mut missed = Vec::new();
    for (layout, parts) in LAYOUTS.iter().enumerate() {
        for (place, around) in PLACES.iter().enumerate() {
            for reversed in [false, true] {
                let all = |changed: bool| -> Vec<(Value, Value)> {
                    let of = |(index, (ty, one, other, next)): (usize, &(&str, Value, Value, Value))| {
                        let ([one, other], component) = parts(index, ty, if changed { next } else { one }, other);
                        let (one, other) = if reversed { (other, one) } else { (one, other) };
                        (json!({"allOf": [around(&one), around(&other)]}), component)
                    };
                    constraints.iter().enumerate().map(of).collect()
                };
                let (old, new) = (document(&all(false)), document(&all(true)));
                assert_eq!(diff(&old, &old).unwrap(), []);
                for (old, new) in [(&old, &new), (&new, &old)] {
                    let changes = diff(old, new).unwrap();
                    for (index, (ty, one, other, next)) in constraints.iter().enumerate() {
                        let names = [format!("`p{index}`"), format!("`C{index}`")];
                        if !changes.iter().any(|change| names.iter().any(|name| change.what.contains(name))) {
                            missed.push(format!("{layout} {place} {reversed}: {ty} {one} {next} beside {other}"));
                        }
                    }
                }
            }
        }
    }
    assert!(missed.is_empty(), "{}:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn the_order_of_the_parts_is_no_change() {
    // The later one of two formats is the type's.
    let constraints: Vec<_> = constraints().into_iter().filter(|(_, one, ..)| one.get("format").is_none()).collect();
    let all = |reversed: bool| -> Vec<(Value, Value)> {
        let of = |(ty, one, other, _): &(&str, Value, Value, Value)| {
            let (one, other) = if reversed { (other, one) } else { (one, other) };
            (json!({"allOf": [{"type": ty}, one, other]}), json!({}))
        };
        constraints.iter().map(of).collect()
    };
    assert_eq!(diff(&document(&all(false)), &document(&all(true))).unwrap(), []);
}
