//! Random schemas with the keywords of the document's version.

use serde_json::{Map, Value, json};

use super::whole::{Maker, Version};

const KEYS: &[&str] = &[
    "id",
    "name",
    "kind",
    "type",
    "createdAt",
    "created_at",
    "size",
    "value",
    "Value",
    "tags",
    "parent",
    "data",
    "event",
    "url",
    "2nd",
    "x-y",
];

/// A component: an object, most of the time.
pub(super) fn component(maker: &mut Maker) -> Value {
    match maker.random.below(10) {
        0 => values(maker),
        1 => union(maker, 2),
        2 => all_of(maker, 2),
        3 => json!({"type": "array", "items": schema(maker, 2)}),
        4 => schema(maker, 3),
        5 => maker.schema_reference(),
        _ => {
            let mut object = object(maker, 3);
            if maker.once_in(6) {
                let property = maker.name(KEYS);
                object["properties"][property.as_str()] = json!({"type": "string"});
                object["discriminator"] = discriminator(maker, &property);
            }
            object
        }
    }
}

pub(super) fn schema(maker: &mut Maker, depth: usize) -> Value {
    let mut schema = bare(maker, depth);
    // In 3.0 a reference has no keyword beside it.
    if !schema.is_object() || (maker.version == Version::V30 && schema.get("$ref").is_some()) {
        return schema;
    }
    if maker.once_in(6) {
        nullable(maker, &mut schema);
    }
    maker.described(&mut schema);
    if maker.once_in(8) {
        schema["title"] = json!(maker.name(&["A thing", "Pet", "Error", "Page of pets"]));
    }
    if maker.once_in(12) {
        let flag = maker.random.pick(&["readOnly", "writeOnly", "deprecated", "uniqueItems"]);
        schema[flag] = json!(true);
    }
    if maker.once_in(12) {
        let default =
            maker.random.pick(&[json!("a"), json!(1), json!(null), json!([]), json!({}), json!(true), json!(-1.5)]);
        schema["default"] = default;
    }
    schema
}

fn bare(maker: &mut Maker, depth: usize) -> Value {
    if depth == 0 {
        return if maker.once_in(2) { maker.schema_reference() } else { scalar(maker) };
    }
    let newer = maker.version >= Version::V31;
    match maker.random.below(22) {
        0 | 1 => object(maker, depth),
        2 | 3 => {
            let mut array = json!({"type": "array", "items": schema(maker, depth - 1)});
            if maker.once_in(4) {
                array["minItems"] = json!(1);
                array["maxItems"] = json!(maker.random.below(5));
            }
            array
        }
        4 => json!({"type": "object", "additionalProperties": schema(maker, depth - 1)}),
        5 | 6 => values(maker),
        7 | 8 => union(maker, depth),
        9 => all_of(maker, depth),
        10 => json!({}),
        11 if newer => tuple(maker),
        12 if newer => maker.random.pick(&[json!(true), json!(false)]),
        13 if newer => {
            let name = maker.name(KEYS);
            json!({"type": "string", "contentMediaType": "application/json", "contentSchema": schema(maker, depth - 1),
                "title": name})
        }
        14 if newer => {
            json!({"const": maker.random.pick(&[json!("a"), json!(1), json!(true), json!(null), json!(1.5), json!({})])})
        }
        15 if newer => {
            let mut object = object(maker, depth);
            object["patternProperties"] = json!({"^x-": schema(maker, depth - 1)});
            object["if"] = json!({"properties": {"kind": {"const": "a"}}});
            object["then"] = json!({"required": ["kind"], "properties": {"more": schema(maker, depth - 1)}});
            object["unevaluatedProperties"] = json!(maker.once_in(2));
            object
        }
        16 if newer => json!({"type": ["string", "integer", "array", "object"], "items": schema(maker, depth - 1)}),
        17 => json!({"not": schema(maker, depth - 1)}),
        18 => scalar(maker),
        _ => maker.schema_reference(),
    }
}

pub(super) fn object(maker: &mut Maker, depth: usize) -> Value {
    let names = maker.names(KEYS, 6);
    let mut properties = Map::new();
    for name in names {
        properties.insert(name, schema(maker, depth.saturating_sub(1)));
    }
    let mut required: Vec<String> = properties.keys().filter(|_| maker.random.once_in(3)).cloned().collect();
    if maker.once_in(10) {
        required.push(maker.name(KEYS));
        required.dedup();
    }
    let mut object = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    match maker.random.below(8) {
        0 => object["additionalProperties"] = json!(false),
        1 => object["additionalProperties"] = schema(maker, depth.saturating_sub(1)),
        2 => object["additionalProperties"] = json!(true),
        _ => {}
    }
    object
}

/// A list with a schema for each of its first items.
pub(super) fn tuple(maker: &mut Maker) -> Value {
    let items: Vec<Value> = (0..1 + maker.random.below(3)).map(|_| schema(maker, 1)).collect();
    let mut tuple = json!({"type": "array", "prefixItems": items});
    match maker.random.below(4) {
        0 => tuple["items"] = json!(false),
        1 => tuple["items"] = schema(maker, 1),
        _ => {}
    }
    if maker.once_in(2) {
        tuple["minItems"] = json!(maker.random.below(4));
    }
    tuple
}

/// An enum of texts, of integers, or of several types.
pub(super) fn values(maker: &mut Maker) -> Value {
    match maker.random.below(5) {
        0 => json!({"type": "integer", "enum": [1, 2, -3, 0]}),
        1 => json!({"enum": ["a", 1, true, null]}),
        _ => {
            let mut values = maker.names(&["a", "b", "A", "c-d", "", "e f", "1", "not_found", "NOT_FOUND"], 8);
            let mut schema = json!({"type": "string", "enum": values});
            if maker.once_in(6) {
                let names: Vec<String> = values.iter().map(|_| maker.name(&["One", "Two", "One"])).collect();
                schema["x-enum-varnames"] = json!(names);
            }
            if maker.once_in(6) {
                let texts: Vec<String> =
                    values.iter().map(|_| maker.name(&["Text.", "```\ncode", "*/ \"", "One\n\nTwo"])).collect();
                schema["x-enum-descriptions"] = json!(texts);
            }
            if maker.once_in(6) {
                values.truncate(1);
                schema["default"] = json!(values[0]);
            }
            schema
        }
    }
}

fn union(maker: &mut Maker, depth: usize) -> Value {
    let key = maker.random.pick(&["oneOf", "anyOf"]);
    let many = 1 + maker.random.below(4);
    let mut union = match maker.random.below(4) {
        // With a discriminator, each branch is a reference.
        0 => {
            let branches: Vec<Value> = (0..many).map(|_| maker.schema_reference()).collect();
            let property = maker.name(KEYS);
            json!({(key): branches, "discriminator": discriminator(maker, &property)})
        }
        // Each branch has its own constant.
        1 => {
            let property = maker.name(KEYS);
            let values = maker.names(&["cat", "dog", "bird", "Cat"], 4);
            let mut branches = Vec::new();
            for value in values {
                let mut branch = object(maker, depth.saturating_sub(1));
                branch["properties"][property.as_str()] = json!({"type": "string", "enum": [value]});
                branch["required"] = json!([property]);
                branches.push(branch);
            }
            json!({(key): branches})
        }
        _ => json!({(key): (0..many).map(|_| schema(maker, depth.saturating_sub(1))).collect::<Vec<Value>>()}),
    };
    if maker.once_in(6) {
        union["properties"] = json!({(maker.name(KEYS)): (scalar(maker))});
    }
    union
}

fn discriminator(maker: &mut Maker, property: &str) -> Value {
    let mut discriminator = json!({"propertyName": property});
    if maker.once_in(2) {
        let values = maker.names(&["cat", "dog", "tree"], 3);
        let mapping: Map<String, Value> = values.into_iter().map(|it| (it, json!(maker.schema_target()))).collect();
        discriminator["mapping"] = mapping.into();
    }
    if maker.version == Version::V32 && maker.once_in(3) {
        discriminator["defaultMapping"] = json!(maker.schema_target());
    }
    discriminator
}

fn all_of(maker: &mut Maker, depth: usize) -> Value {
    let mut parts = Vec::new();
    for _ in 0..1 + maker.random.below(3) {
        parts.push(match maker.random.below(4) {
            0 => object(maker, depth.saturating_sub(1)),
            1 => schema(maker, depth.saturating_sub(1)),
            _ => maker.schema_reference(),
        });
    }
    let mut all = json!({"allOf": parts});
    if maker.once_in(4) {
        all["properties"] = object(maker, depth.saturating_sub(1))["properties"].take();
    }
    if maker.once_in(6) {
        all["required"] = json!([maker.name(KEYS)]);
    }
    all
}

fn nullable(maker: &mut Maker, schema: &mut Value) {
    if maker.version == Version::V30 {
        schema["nullable"] = json!(true);
        return;
    }
    if let Some(ty) = schema.get("type").filter(|ty| ty.is_string()).cloned() {
        schema["type"] = json!([ty, "null"]);
    } else if schema.get("anyOf").is_none() {
        *schema = json!({"anyOf": [schema.take(), {"type": "null"}]});
    }
}

pub(super) fn scalar(maker: &mut Maker) -> Value {
    let newer = maker.version >= Version::V31;
    let formats = [
        "date-time",
        "date",
        "uuid",
        "uri",
        "email",
        "password",
        "byte",
        "binary",
        "int64",
        "uint64",
        "base64url",
        "duration",
        "decimal",
        "unknown",
    ];
    match maker.random.below(14) {
        0 => json!({"type": "integer"}),
        1 => json!({"type": "integer", "format": maker.random.pick(&["int32", "int64", "uint64", "uint8", "double"])}),
        2 => json!({"type": "integer", "minimum": maker.random.pick(&[-5, 0, 1]), "maximum": 100}),
        3 if newer => json!({"type": "integer", "exclusiveMinimum": 0}),
        3 => json!({"type": "integer", "minimum": 0, "exclusiveMinimum": true}),
        4 => json!({"type": "number"}),
        5 => json!({"type": "number", "format": maker.random.pick(&["float", "double", "int64"]), "multipleOf": 0.5}),
        6 => json!({"type": "boolean"}),
        7 | 8 => json!({"type": "string", "format": maker.random.pick(&formats)}),
        9 => json!({"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^[a-z]+$"}),
        10 if newer => json!({"type": "string", "contentEncoding": maker.random.pick(&["base64", "base64url"])}),
        11 if newer => json!({"type": "null"}),
        _ => json!({"type": "string"}),
    }
}
