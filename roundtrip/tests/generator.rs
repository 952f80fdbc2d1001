//! The generator covers everything that a schema allows, and the shrinker leaves only the reason of a failure.

use roundtrip::{Checker, Document, Instances, Random, UNHEARD_OF, View, difference, shrink};
use serde_json::{Value, json};

/// Instances of a component, of which most have to be valid.
fn instances(schemas: Value, name: &str, view: View) -> Vec<Value> {
    let pointer = format!("/components/schemas/{name}");
    // In a request and in a response, so that both views exist.
    let body = json!({"content": {"application/json": {"schema": {"$ref": format!("#{pointer}")}}}});
    let paths = json!({"/a": {"post": {"requestBody": body, "responses": {"200": body}}}});
    let document = Document::new(json!({"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas}}));
    let check = Checker::new(&document).check(&pointer, view).unwrap();
    let mut source = Instances::new(&document, Random::new(7));
    let made: Vec<Value> = (0..400).filter_map(|_| source.make(&pointer, view)).collect();
    let valid: Vec<Value> = made.into_iter().filter(|value| check.is_valid(value)).collect();
    assert!(valid.len() > 200, "{name}: only {} valid", valid.len());
    valid
}

fn any(values: &[Value], test: impl Fn(&Value) -> bool) -> bool {
    values.iter().any(test)
}

#[test]
fn scalars_reach_their_limits() {
    let schema = json!({"A": {"type": "object", "required": ["i", "u", "n", "s", "p", "m"], "properties": {
        "i": {"type": "integer", "format": "int32"},
        "u": {"type": "integer", "format": "uint64"},
        "n": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "s": {"type": "string", "minLength": 2, "maxLength": 5},
        "p": {"type": "string", "pattern": "^[a-f]{2}-\\d+(x|yz)?$"},
        "m": {"type": "integer", "minimum": 3, "maximum": 40, "multipleOf": 5},
    }}});
    let made = instances(schema, "A", View::Read);
    assert!(any(&made, |it| it["i"] == i32::MIN) && any(&made, |it| it["u"] == u64::MAX));
    assert!(any(&made, |it| it["s"].as_str().is_some_and(|text| !text.is_ascii())));
    assert!(any(&made, |it| it["p"].as_str().unwrap().ends_with("yz")));
}

#[test]
fn null_is_generated_in_every_dialect() {
    let schema = json!({
        "A": {"type": "object", "required": ["a", "b", "c", "d"], "properties": {
            "a": {"type": ["string", "null"]},
            "b": {"type": "string", "nullable": true, "enum": ["x"]},
            "c": {"nullable": true, "allOf": [{"$ref": "#/components/schemas/B"}]},
            "d": {"oneOf": [{"$ref": "#/components/schemas/B"}, {"type": "null"}]},
            "e": {"type": "integer", "minimum": 0, "exclusiveMinimum": true, "nullable": true},
        }},
        "B": {"type": "object", "properties": {"x": {"type": "boolean"}}},
    });
    let made = instances(schema, "A", View::Read);
    for key in ["a", "b", "c", "d", "e"] {
        assert!(any(&made, |it| it.get(key).is_some_and(Value::is_null)), "{key}");
        assert!(any(&made, |it| it.get(key).is_some_and(|it| !it.is_null())), "{key}");
    }
    assert!(any(&made, |it| it["b"] == format!("{UNHEARD_OF}x")));
}

#[test]
fn recursion_ends_and_unions_have_their_tag() {
    let schema = json!({
        "Expression": {
            "oneOf": [{"$ref": "#/components/schemas/Sum"}, {"$ref": "#/components/schemas/Literal"}],
            "discriminator": {"propertyName": "kind", "mapping": {"sum": "#/components/schemas/Sum"}},
        },
        "Sum": {"type": "object", "required": ["kind", "left", "right"], "properties": {
            "kind": {"type": "string", "enum": ["sum", "product"]},
            "left": {"$ref": "#/components/schemas/Expression"},
            "right": {"$ref": "#/components/schemas/Expression"},
        }},
        "Literal": {"type": "object", "required": ["kind", "value"], "properties": {
            "kind": {"const": "Literal"}, "value": {"type": "number"},
        }},
    });
    let made = instances(schema, "Expression", View::Read);
    assert!(any(&made, |it| it["left"]["kind"] == "sum") && any(&made, |it| it["kind"] == "Literal"));
    assert!(made.iter().all(|it| it["kind"] != "product"));
}

#[test]
fn parts_are_merged_and_views_are_kept_apart() {
    let schemas = json!({
        "Base": {"type": "object", "required": ["id", "name"], "properties": {
            "id": {"type": "string", "readOnly": true},
            "name": {"type": "string"},
            "secret": {"type": "string", "writeOnly": true},
        }},
        "A": {"allOf": [
            {"$ref": "#/components/schemas/Base"},
            {"type": "object", "required": ["name", "size"], "properties": {
                "name": {"maxLength": 3}, "size": {"type": "integer"},
            }},
        ]},
    });
    let read = instances(schemas.clone(), "A", View::Read);
    assert!(read.iter().all(|it| it.get("id").is_some() && it.get("secret").is_none()));
    let write = instances(schemas, "A", View::Write);
    assert!(write.iter().all(|it| it.get("id").is_none()) && any(&write, |it| it.get("secret").is_some()));
}

#[test]
fn objects_and_arrays_have_all_their_forms() {
    let schema = json!({"A": {"type": "object", "required": ["open", "typed", "tuple", "set"], "properties": {
        "open": {"type": "object", "properties": {"a": {"type": "string"}}},
        "typed": {"type": "object", "additionalProperties": {"type": "integer"}},
        "tuple": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}], "items": false},
        "set": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": true, "minItems": 1, "maxItems": 2},
        "patterns": {"type": "object", "patternProperties": {"^x-[a-z]+$": true}, "additionalProperties": false},
        "any": {},
    }}});
    let made = instances(schema, "A", View::Read);
    assert!(any(&made, |it| it["open"].as_object().unwrap().keys().any(|key| key != "a")));
    assert!(any(&made, |it| !it["typed"].as_object().unwrap().is_empty()));
    assert!(any(&made, |it| it["tuple"].as_array().unwrap().len() == 2));
    assert!(any(&made, |it| it["patterns"].as_object().is_some_and(|map| !map.is_empty())));
}

#[test]
fn a_seed_is_a_sequence() {
    let document = Document::new(json!({"components": {"schemas": {"A": {"type": "array", "items": {}}}}}));
    let run = |seed| {
        let mut source = Instances::new(&document, Random::new(seed));
        (0..20).filter_map(|_| source.make("/components/schemas/A", View::Read)).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn null_is_absent_and_one_is_one() {
    assert_eq!(difference(&json!({"a": null, "b": 1}), &json!({"b": 1.0, "c": null})), None);
    assert_eq!(
        difference(&json!({"a": [1, {"b/c": 2}]}), &json!({"a": [1, {"b/c": 3}]})).unwrap(),
        "/a/1/b~1c: 2 became 3"
    );
    assert!(difference(&json!([null]), &json!([])).is_some());
    assert!(difference(&json!(9_007_199_254_740_993_i64), &json!(9_007_199_254_740_992.0)).is_some());
    assert!(difference(&json!({}), &json!({"a": 1})).is_some());
}

#[test]
fn the_shrunk_value_is_the_reason() {
    let large = json!({"a": [1, 2, {"b": "some text that fails", "c": true}], "d": {"e": [[], {}, 1.5]}, "f": null});
    let mut holds = |value: &Value| value.to_string().contains("fails");
    let small = shrink(&large, &mut holds);
    assert!(small.to_string().len() <= "\"xxfailsxx\"".len(), "{small}");
    let mut holds = |value: &Value| value["d"]["e"].as_array().is_some_and(|items| items.len() > 1);
    assert_eq!(shrink(&large, &mut holds), json!({"d": {"e": [null, null]}}));
}
