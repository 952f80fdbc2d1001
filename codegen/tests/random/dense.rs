//! Small random documents with many constructs, beside and within each other.

use serde_json::{Map, Value, json};

use super::chance::Random;

/// The version of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// OpenAPI 3.0: `nullable`, and limits that a boolean makes exclusive.
    V30,
    /// OpenAPI 3.1: lists of types, and separate exclusive limits.
    V31,
}

const KEYS: [&str; 16] = [
    "id",
    "name",
    "kind",
    "createdAt",
    "created_at",
    "size",
    "2nd",
    "type",
    "Value",
    "value",
    "x-y",
    "tags",
    "owner",
    "größe",
    "parent",
    "data",
];

/// A random document. With the same seed, the other version has the same meaning.
pub(crate) fn document(seed: u64, dialect: Dialect) -> Value {
    Maker { random: Random(seed), dialect, schemas: 0 }.document()
}

struct Maker {
    random: Random,
    dialect: Dialect,
    schemas: usize,
}

impl Maker {
    fn document(mut self) -> Value {
        self.schemas = 2 + self.random.below(5);
        let mut schemas = Map::new();
        for index in 0..self.schemas {
            let schema = self.component(index);
            schemas.insert(format!("S{index}"), schema);
        }
        // The targets of discriminators.
        for (name, tag) in [("Cat", "cat"), ("Dog", "dog")] {
            let mut properties = self.properties(1);
            properties.insert("pet".to_owned(), json!({"type": "string", "enum": [tag]}));
            schemas.insert(name.to_owned(), json!({"type": "object", "required": ["pet"], "properties": properties}));
        }
        let parameters =
            json!({"Shared": self.parameter("shared", "query"), "Trace": self.parameter("X-Trace", "header")});
        let body = self.content();
        let response = json!({"description": "Shared.", "content": self.content()});
        let mut paths = Map::new();
        for index in 0..1 + self.random.below(4) {
            let item = self.item(index);
            let path = if self.random.once_in(3) { format!("/p{index}") } else { format!("/p{index}/{{id}}") };
            paths.insert(path, item);
        }
        for (path, item) in &mut paths {
            if path.contains('{') {
                let id = json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string"}});
                item["parameters"] = json!([id]);
            }
        }
        // Every component is used, because a call cannot show an unused one.
        let all: Map<String, Value> = schemas
            .keys()
            .map(|name| (format!("all_{name}"), json!({"$ref": format!("#/components/schemas/{name}")})))
            .collect();
        let all = json!({"application/json": {"schema": {"type": "object", "properties": all}}});
        let shared = json!({"$ref": "#/components/requestBodies/Body"});
        let parameters_of_all =
            json!([{"$ref": "#/components/parameters/Shared"}, {"$ref": "#/components/parameters/Trace"}]);
        paths.insert(
            "/all".to_owned(),
            json!({
                "put": {"operationId": "putAll", "requestBody": {"content": all}, "parameters": parameters_of_all,
                    "responses": {"200": {"description": "All.", "content": all}}},
                "post": {"operationId": "postShared", "requestBody": shared,
                    "responses": {"200": {"$ref": "#/components/responses/Response"}}},
            }),
        );
        json!({
            "openapi": match self.dialect { Dialect::V30 => "3.0.3", Dialect::V31 => "3.1.0" },
            "info": {"title": "Dense", "version": "1", "description": "Random."},
            "servers": [{"url": "https://dense.example/v1"}],
            "security": [{"key": []}],
            "paths": paths,
            "components": {
                "schemas": schemas,
                "parameters": parameters,
                "requestBodies": {"Body": {"required": true, "content": body}},
                "responses": {"Response": response},
                "securitySchemes": {
                    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
                    "bearer": {"type": "http", "scheme": "bearer"},
                },
            },
        })
    }

    fn item(&mut self, index: usize) -> Value {
        let mut item = Map::new();
        let methods = ["get", "put", "post", "delete", "patch"];
        for _ in 0..1 + self.random.below(2) {
            let method = self.random.pick(&methods);
            let operation = self.operation(&format!("{method}Thing{index}"), method);
            item.insert(method.to_owned(), operation);
        }
        Value::Object(item)
    }

    fn operation(&mut self, id: &str, method: &str) -> Value {
        let mut operation = json!({"operationId": id, "tags": [self.random.pick(&["things", "others"])]});
        let mut parameters = Vec::new();
        for reference in ["Shared", "Trace"] {
            if self.random.once_in(3) {
                parameters.push(json!({"$ref": format!("#/components/parameters/{reference}")}));
            }
        }
        let places = [("query", "q"), ("query", "filter"), ("header", "X-Own"), ("cookie", "session")];
        for (place, name) in places {
            if self.random.once_in(4) {
                parameters.push(self.parameter(name, place));
            }
        }
        if !parameters.is_empty() {
            operation["parameters"] = Value::Array(parameters);
        }
        if matches!(method, "put" | "post" | "patch") {
            operation["requestBody"] = if self.random.once_in(3) {
                json!({"$ref": "#/components/requestBodies/Body"})
            } else {
                json!({"required": self.random.once_in(2), "content": self.content()})
            };
        }
        let mut responses = Map::new();
        let success = self.random.pick(&["200", "201", "2XX"]);
        responses.insert(success.to_owned(), self.response());
        for status in ["404", "409", "4XX", "default"] {
            if self.random.once_in(4) {
                responses.insert(status.to_owned(), self.response());
            }
        }
        operation["responses"] = Value::Object(responses);
        if self.random.once_in(5) {
            operation["security"] =
                self.random.pick(&[json!([{"bearer": []}]), json!([]), json!([{"key": []}, {"bearer": []}])]);
        }
        operation
    }

    fn response(&mut self) -> Value {
        match self.random.below(4) {
            0 => json!({"$ref": "#/components/responses/Response"}),
            1 => json!({"description": "Nothing."}),
            _ => json!({"description": "Something.", "content": self.content()}),
        }
    }

    fn content(&mut self) -> Value {
        let schema = if self.random.once_in(3) { self.schema(2) } else { self.reference() };
        json!({"application/json": {"schema": schema}})
    }

    fn parameter(&mut self, name: &str, place: &str) -> Value {
        let schema = match self.random.below(5) {
            0 => json!({"type": "array", "items": self.scalar()}),
            1 => self.letters(),
            _ => self.scalar(),
        };
        json!({"name": name, "in": place, "required": self.random.once_in(3), "schema": schema})
    }

    fn component(&mut self, index: usize) -> Value {
        match self.random.below(8) {
            0 => self.letters(),
            1 => self.union(2),
            2 if index > 0 => json!({
                "allOf": [
                    {"$ref": format!("#/components/schemas/S{}", self.random.below(index))},
                    {"type": "object", "properties": self.properties(1)},
                ],
            }),
            3 => json!({"type": "array", "items": self.schema(1)}),
            _ => self.object(3),
        }
    }

    fn reference(&mut self) -> Value {
        json!({"$ref": format!("#/components/schemas/S{}", self.random.below(self.schemas))})
    }

    fn properties(&mut self, depth: usize) -> Map<String, Value> {
        let mut properties = Map::new();
        for _ in 0..1 + self.random.below(5) {
            let key = self.random.pick(&KEYS);
            let schema = self.schema(depth);
            properties.insert(key.to_owned(), schema);
        }
        properties
    }

    fn object(&mut self, depth: usize) -> Value {
        let properties = self.properties(depth - 1);
        let required: Vec<&String> = properties.keys().filter(|_| self.random.once_in(3)).collect();
        let mut object = json!({"type": "object", "properties": properties});
        if !required.is_empty() {
            object["required"] = json!(required);
        }
        match self.random.below(6) {
            0 => object["additionalProperties"] = json!(false),
            1 => object["additionalProperties"] = self.scalar(),
            _ => {}
        }
        object
    }

    fn schema(&mut self, depth: usize) -> Value {
        if depth == 0 {
            return if self.random.once_in(2) { self.reference() } else { self.scalar() };
        }
        match self.random.below(12) {
            0 => self.object(depth),
            1 => json!({"type": "array", "items": self.schema(depth - 1)}),
            2 => json!({"type": "object", "additionalProperties": self.schema(depth - 1)}),
            3 => self.letters(),
            4 => self.union(depth),
            5 => self.nullable(),
            6 => json!({}),
            7 | 8 => self.reference(),
            _ => self.scalar(),
        }
    }

    fn letters(&mut self) -> Value {
        let all = ["a", "b", "A", "c-d", "", "e"];
        let mut some: Vec<&str> = all.iter().copied().filter(|_| self.random.once_in(2)).collect();
        if some.is_empty() {
            some.push("a");
        }
        json!({"type": "string", "enum": some})
    }

    fn union(&mut self, depth: usize) -> Value {
        let pets = json!([{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]);
        match self.random.below(4) {
            0 => json!({"oneOf": pets, "discriminator": {"propertyName": "pet"}}),
            1 => json!({"oneOf": pets, "discriminator": {"propertyName": "pet", "mapping": {
                "cat": "#/components/schemas/Cat", "dog": "#/components/schemas/Dog",
            }}}),
            2 => json!({"anyOf": [self.scalar(), {"type": "array", "items": self.scalar()}]}),
            _ => json!({"oneOf": [{"type": "boolean"}, {"type": "object", "required": ["a"], "properties": {
                "a": self.schema(depth - 1),
            }}]}),
        }
    }

    fn nullable(&mut self) -> Value {
        let mut scalar = self.scalar();
        match self.dialect {
            Dialect::V30 => scalar["nullable"] = json!(true),
            Dialect::V31 => scalar["type"] = json!([scalar["type"], "null"]),
        }
        scalar
    }

    fn scalar(&mut self) -> Value {
        let dialect = self.dialect;
        let above = |schema: Value, limit: i32| {
            let mut schema = schema;
            match dialect {
                Dialect::V30 => {
                    schema["minimum"] = json!(limit);
                    schema["exclusiveMinimum"] = json!(true);
                }
                Dialect::V31 => schema["exclusiveMinimum"] = json!(limit),
            }
            schema
        };
        match self.random.below(12) {
            0 => json!({"type": "integer"}),
            1 => json!({"type": "integer", "format": "int32"}),
            2 => json!({"type": "integer", "minimum": 0}),
            3 => above(json!({"type": "integer"}), 5),
            4 => json!({"type": "number"}),
            5 => json!({"type": "boolean"}),
            6 => json!({"type": "string", "format": "date-time"}),
            7 => json!({"type": "string", "readOnly": true}),
            8 => json!({"type": "string", "format": "password"}),
            9 => json!({"type": "integer", "format": "int64", "maximum": 100}),
            _ => json!({"type": "string"}),
        }
    }
}
