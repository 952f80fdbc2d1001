//! What lowering makes of documents that say things in places, or in ways, that OpenAPI 3.0.3 has no room for: always a
//! valid document, and a note for whatever is not in it as it was written.

use connectors_codegen::{Generator, Node};
use serde_json::{Value, json};

/// The document as 3.0.3, which is checked, and the notes.
fn lowered(text: &str) -> (Value, Vec<String>) {
    let (document, notes) = Generator::new(Node::parse("t.yaml", text).unwrap()).lowered().unwrap();
    let json = document.to_json();
    let schema: Value = serde_json::from_str(include_str!("data/openapi-3.0-schema.json")).unwrap();
    let validator = jsonschema::draft4::new(&schema).unwrap();
    let wrong: Vec<String> =
        validator.iter_errors(&json).map(|error| format!("{}: {error:.200}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{json:#}");
    (json, notes.iter().map(ToString::to_string).collect())
}

fn told(notes: &[String], what: &[&str]) {
    assert!(notes.iter().any(|note| what.iter().all(|part| note.contains(part))), "{what:?}: {notes:#?}");
}

#[test]
fn operations_path_items_and_callbacks_behind_references_are_there_whole() {
    let (json, notes) = lowered(
        "
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /a:
    get: {$ref: '#/x-ops/list', summary: Ours}
    put: {$ref: '#/x-ops/gone'}
    post:
      operationId: subscribe
      callbacks:
        shared: {$ref: '#/components/callbacks/C'}
        own: {'{$request.body#/url}': {$ref: '#/components/pathItems/P'}}
      responses: {'204': {description: x}}
x-ops:
  list: {operationId: list, summary: Theirs, parameters: [{name: q, in: query, schema: {type: string}}], responses: {'200': {description: x}}}
components:
  callbacks: {C: {'{$request.body#/url}': {$ref: '#/components/pathItems/P'}}}
  pathItems: {P: {post: {responses: {'200': {description: called}}}}}
",
    );
    let list = &json["paths"]["/a"]["get"];
    assert_eq!((&list["operationId"], &list["summary"]), (&json!("list"), &json!("Ours")));
    assert_eq!(list["parameters"][0]["name"], "q");
    assert!(json["paths"]["/a"].get("put").is_none());
    told(&notes, &["skip", "t.yaml:7:", "#/x-ops/gone"]);
    let callbacks = &json["paths"]["/a"]["post"]["callbacks"];
    assert_eq!(callbacks["shared"], json!({"$ref": "#/components/callbacks/C"}));
    let called = json!({"post": {"responses": {"200": {"description": "called"}}}});
    assert_eq!(callbacks["own"]["{$request.body#/url}"], called);
    assert_eq!(json["components"]["callbacks"]["C"]["{$request.body#/url}"], called);
    assert_eq!(notes.len(), 1, "{notes:#?}");
}

#[test]
fn texts_and_maps_behind_references_are_put_in_their_place() {
    let (json, notes) = lowered(
        "
openapi: 3.0.3
info: {title: t, version: '1', description: {$ref: '#/x-texts/intro'}}
paths:
  /a:
    get:
      summary: {$ref: './gone.md'}
      responses: {$ref: '#/x-answers'}
x-texts: {intro: Hello}
x-answers: {'200': {description: fine}}
components:
  schemas:
    A: {type: object, properties: {$ref: '#/components/schemas/B/properties'}}
    B: {type: object, properties: {x: {type: string}, $ref: {type: integer}}}
",
    );
    assert_eq!(json["info"]["description"], "Hello");
    let get = &json["paths"]["/a"]["get"];
    assert_eq!(*get, json!({"responses": {"200": {"description": "fine"}}}));
    told(&notes, &["loss", "t.yaml:7:", "gone.md"]);
    let properties = json!({"x": {"type": "string"}, "$ref": {"type": "integer"}});
    assert_eq!(json["components"]["schemas"]["A"]["properties"], properties);
    assert_eq!(json["components"]["schemas"]["B"]["properties"], properties);
}

#[test]
fn a_file_that_was_not_brought_in_costs_only_what_hung_on_it() {
    let (json, notes) = lowered(
        "
openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  /a:
    get:
      operationId: a
      parameters: [{$ref: ./params/limit.yaml}, {name: kept, in: query, schema: {type: string}}]
      responses: {'200': {description: x, content: {application/json: {schema: {$ref: ./schemas/A.yaml}, examples: {e: {$ref: ./examples/e.json}}}}}}
",
    );
    let get = &json["paths"]["/a"]["get"];
    assert_eq!(get["parameters"].as_array().unwrap().len(), 1);
    assert_eq!(get["responses"]["200"]["content"]["application/json"]["schema"], json!({}));
    for file in ["params/limit.yaml", "schemas/A.yaml", "examples/e.json"] {
        told(&notes, &["loss", "t.yaml:", file]);
    }
}
