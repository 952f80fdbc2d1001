//! Lowering of documents that use places or forms that OpenAPI 3.0.3 does not have. The result is always valid, and
//! there is a note for everything that changes its form.

use connectors_codegen::{Generator, Node};
use serde_json::{Value, json};

/// The document as 3.0.3, which is validated, and the notes.
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

/// Each level would double the text if a tuple were written twice with its extensions.
#[test]
fn a_tuple_in_a_tuple_in_a_tuple_is_not_copied_at_each_level() {
    let tuples = |levels: usize| {
        let schema = (0..levels).fold("{type: string}".to_owned(), |inner, _| {
            format!("{{type: array, prefixItems: [{inner}, {{type: integer}}]}}")
        });
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths: {{}}\ncomponents: {{schemas: {{A: {schema}}}}}\n"
        );
        lowered(&text).0
    };
    let size = |levels| tuples(levels).to_string().len();
    assert!(size(40) < 5 * size(20), "{} {}", size(20), size(40));
    let two = &tuples(2)["components"]["schemas"]["A"];
    assert_eq!(two["x-prefix-items"][0]["x-prefix-items"][0]["type"], "string");
    assert!(two["items"]["anyOf"][0].get("x-prefix-items").is_none(), "{two}");
}

#[test]
fn operations_path_items_and_callbacks_behind_references_are_complete() {
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
    told(&notes, &["omission", "t.yaml:7:", "#/x-ops/gone"]);
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
      responses: {$ref: '#/x-responses'}
x-texts: {intro: Hello}
x-responses: {'200': {description: fine}}
components:
  schemas:
    A: {type: object, properties: {$ref: '#/components/schemas/B/properties'}}
    B: {type: object, properties: {x: {type: string}, $ref: {type: integer}}}
",
    );
    assert_eq!(json["info"]["description"], "Hello");
    let get = &json["paths"]["/a"]["get"];
    assert_eq!(*get, json!({"responses": {"200": {"description": "fine"}}}));
    told(&notes, &["correction", "t.yaml:7:", "gone.md"]);
    let properties = json!({"x": {"type": "string"}, "$ref": {"type": "integer"}});
    assert_eq!(json["components"]["schemas"]["A"]["properties"], properties);
    assert_eq!(json["components"]["schemas"]["B"]["properties"], properties);
}

#[test]
fn a_missing_file_affects_only_its_references() {
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
        told(&notes, &["t.yaml:", file]);
    }
}

#[test]
fn empty_or_wrong_members_are_corrected_or_left_out() {
    let (json, notes) = lowered(
        "
openapi: 3.0.1
info: {title: t, version: '1', description: , termsOfService: , contact: , license: {name: MIT, url: }}
servers:
- description: no url
- {url: 'https://{env}.x/{v}', variables: {env: {enum: [a, b]}, v: {default: 2}}}
tags: [{name: a, description: }, {name: a}, 12, {description: nameless}]
security:
externalDocs: {description: x}
paths:
  /a:
    summary:
    parameters:
    get:
      tags:
      summary:
      operationId:
      parameters:
      deprecated: 'true'
      security:
      responses:
        200: {description: , content: {application/json: {schema: {type: string, description: , title: 404, maxLength: '255', minLength: 0.0, format: , nullable: 'true', readOnly: 'false', default: }}}}
    post:
      operationId: 12
      tags: [1, a]
      externalDocs: {}
      requestBody: {required: 'true', content: {application/json: {schema: , examples: [1, 2]}}}
      responses: {'600': {description: x}, '000': {description: x}, ok: {description: x}}
components:
  schemas:
    A: {type: array, items: {type: string}, minItems: '1', uniqueItems: 'false', maxItems: -1}
    B: {type: object, additionalProperties: 'false', minProperties: 1.5, required: , externalDocs: {}, xml: }
    C: {type: number, multipleOf: 0}
    D: {type: object, not: , discriminator: kind, properties: {kind: {type: string, required: true, enum: }}}
    E: {allOf: {$ref: '#/components/schemas/A'}}
    F: {oneOf: [{type: string}, {type: object}], discriminator: {mapping: {a: b}}}
",
    );
    let get = &json["paths"]["/a"]["get"];
    assert_eq!(get["deprecated"], true);
    let text = &get["responses"]["200"]["content"]["application/json"]["schema"];
    let expected = json!({
        "type": "string", "title": "404", "maxLength": 255, "minLength": 0, "nullable": true, "readOnly": false, "default": null,
    });
    assert_eq!(*text, expected);
    let post = &json["paths"]["/a"]["post"];
    assert_eq!((&post["operationId"], &post["tags"]), (&json!("12"), &json!(["1", "a"])));
    assert_eq!(post["requestBody"]["required"], true);
    assert_eq!(post["responses"], json!({"default": {"description": ""}}));
    told(&notes, &["loss", "`600`"]);
    assert_eq!(json["tags"], json!([{"name": "a"}]));
    assert_eq!(json["servers"].as_array().unwrap().len(), 1);
    assert_eq!(json["servers"][0]["variables"]["v"]["default"], "2");
    let schemas = &json["components"]["schemas"];
    assert_eq!(
        schemas["A"],
        json!({"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": false})
    );
    assert_eq!(schemas["B"], json!({"type": "object", "additionalProperties": false}));
    assert_eq!(schemas["C"], json!({"type": "number"}));
    assert_eq!(schemas["D"]["discriminator"], json!({"propertyName": "kind"}));
    assert!(schemas["D"].get("not").is_none(), "an empty `not` forbids nothing");
    assert_eq!(schemas["E"], json!({"allOf": [{"$ref": "#/components/schemas/A"}]}));
    assert!(schemas["F"].get("discriminator").is_none());
    told(&notes, &["t.yaml:19:", "/paths/~1a/get/deprecated", "`true` or `false`"]);
    told(&notes, &["/components/schemas/A/maxItems", "left out"]);
}

#[test]
fn parameters_and_headers_have_a_schema_or_content() {
    let (json, notes) = lowered(
        "
openapi: 3.0.1
info: {title: t, version: '1'}
paths:
  /a/{p}:
    post:
      parameters:
      - {name: p, in: path, style: form, required: true, schema: {type: string}}
      - {name: a, in: query, schema: {type: string}, example: x, examples: {x: {value: y}}}
      - {name: b, in: query, type: integer, format: int64, description: as in Swagger 2}
      - {name: c, in: query, required: 'true', schema: {type: array}}
      - {name: c, in: query, schema: {type: string}}
      - {name: d, in: query, style: csv, explode: 'false', schema: {}}
      - {name: e, in: header, style: form, schema: {}}
      - {name: f, in: formData, schema: {}}
      - {name: g, in: query, content: {application/json: {schema: {}}, text/plain: {schema: {}}}}
      - {name: h, in: query, style: form, explode: true, content: {application/json: {schema: {type: object}}}, example: {a: 1}}
      - {name: i, in: query, content: }
      requestBody: {content: {application/json: {schema: {type: string}, example: x, examples: {e: {value: x}}}}}
      responses:
        '200':
          description: x
          headers:
            X-Rate: {description: rate}
            X-Count: {type: integer, description: as in Swagger 2}
            X-Both: {schema: {type: string}, example: a, examples: {z: {value: b}}}
          content:
components:
  parameters: {Nameless: {in: query}}
",
    );
    let post = &json["paths"]["/a/{p}"]["post"];
    let parameters: Vec<&str> =
        post["parameters"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(parameters, ["p", "a", "b", "c", "d", "e", "g", "h", "i"]);
    assert_eq!(post["parameters"][2]["schema"], json!({"type": "integer", "format": "int64"}));
    told(&notes, &["correction", "t.yaml:10:", "Swagger 2"]);
    told(&notes, &["correction", "t.yaml:12:", "already there"]);
    told(&notes, &["loss", "t.yaml:15:", "not a parameter"]);
    assert_eq!(post["parameters"][6]["content"], json!({"application/json": {"schema": {}}}));
    let headers = &post["responses"]["200"]["headers"];
    assert_eq!(headers["X-Count"]["schema"], json!({"type": "integer"}));
    assert_eq!(headers["X-Rate"]["schema"], json!({}));
    let body = &post["requestBody"]["content"]["application/json"];
    assert_eq!(*body, json!({"schema": {"type": "string"}, "examples": {"e": {"value": "x"}}}));
}

#[test]
fn security_schemes_keep_the_members_of_3_0() {
    let (json, notes) = lowered(
        "
openapi: 3.1.0
info: {title: t, version: '1'}
paths: {}
security: [{oauth: , basic: []}]
components:
  securitySchemes:
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: x}, deviceAuthorization: {tokenUrl: x, scopes: {}}, implicit: {scopes: {a: }}}}
    bearer: {type: http, scheme: bearer, in: header, name: Authorization, bearerFormat: JWT}
    basic: {type: http, scheme: basic, bearerFormat: JWT}
    key: {type: apiKey, in: header}
    tls: {type: mutualTLS}
    empty:
",
    );
    let schemes = json!({
        "oauth": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "x", "scopes": {}}}},
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "basic": {"type": "http", "scheme": "basic"},
    });
    assert_eq!(json["components"]["securitySchemes"], schemes);
    assert_eq!(json["security"], json!([{"oauth": [], "basic": []}]));
    for name in ["key", "tls", "empty", "oauth/flows/implicit"] {
        told(&notes, &["loss", &format!("/components/securitySchemes/{name}")]);
    }
    told(&notes, &["deviceAuthorization"]);
}

#[test]
fn a_path_without_its_slash_loses_no_operation() {
    let (json, notes) = lowered(
        "
openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  '': {get: {operationId: root, responses: {'200': {description: x}}}}
  /: {post: {operationId: create, responses: {'200': {description: x}}}}
  foo:
    parameters: [{name: q, in: query, schema: {type: string}}]
    get: {operationId: relative, responses: {'200': {description: x}}}
    put: {operationId: put, responses: {'200': {description: x}}}
  /foo: {get: {operationId: absolute, responses: {'200': {description: x}}}}
  bar: {get: {operationId: bar, responses: {'200': {description: x}}}}
",
    );
    let paths = json["paths"].as_object().unwrap();
    let mut names: Vec<&String> = paths.keys().collect();
    names.sort();
    assert_eq!(names, ["/", "/bar", "/foo"]);
    assert_eq!(
        (&paths["/"]["get"]["operationId"], &paths["/"]["post"]["operationId"]),
        (&json!("root"), &json!("create"))
    );
    assert_eq!(paths["/foo"]["get"]["operationId"], "absolute");
    assert_eq!(paths["/foo"]["put"]["parameters"][0]["name"], "q");
    told(&notes, &["omission", "t.yaml:9:", "/paths/foo/get"]);
}

#[test]
fn targets_in_removed_places_are_inlined() {
    let (json, notes) = lowered(
        "
openapi: 3.1.0
info: {title: t, version: '1'}
webhooks: {hook: {post: {requestBody: {content: {application/json: {schema: {type: object, properties: {a: {type: string}}}}}}}}}
paths:
  /a:
    post:
      operationId: a
      parameters: [{$ref: '#/components/pathItems/P/parameters/0'}, {$ref: '#/x-params/Q'}, {$ref: '#/components/parameters/R'}]
      requestBody: {$ref: '#/webhooks/hook/post/requestBody'}
      responses: {'200': {$ref: '#/responses/Answer'}, '404': {$ref: '#/responses/Round'}}
x-params: {Q: {name: q, in: query, schema: {type: string}}}
responses: {Answer: {$ref: '#/responses/Same'}, Same: {description: same}, Round: {$ref: '#/responses/Round'}}
components:
  pathItems: {P: {parameters: [{name: pp, in: query, schema: {type: string}}]}}
  parameters: {R: {name: r, in: query, schema: {type: string}}}
",
    );
    let post = &json["paths"]["/a"]["post"];
    assert_eq!((&post["parameters"][0]["name"], &post["parameters"][1]["name"]), (&json!("pp"), &json!("q")));
    assert_eq!(post["parameters"][2], json!({"$ref": "#/components/parameters/R"}));
    let body = &post["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body["properties"]["a"]["type"], "string");
    assert_eq!(post["responses"]["200"], json!({"description": "same"}));
    told(&notes, &["loss", "#/responses/Round"]);
}

#[test]
fn embedded_schemas_keep_their_own_definitions() {
    let (json, notes) = lowered(
        "
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /a:
    get:
      responses: {'200': {description: x, content: {application/json: {schema: {$defs: {Y: {type: integer}}, type: array, items: {$ref: '#/$defs/Y'}}}}}}
components:
  schemas:
    Pasted: {type: object, $defs: {X: {type: object, properties: {again: {$ref: '#/$defs/X'}, z: {$ref: '#/$defs/Z'}}}, Z: {type: string}}, properties: {a: {$ref: '#/$defs/X'}}}
    Named: {$id: 'https://x.y/named.json', type: object, $defs: {X: {enum: [a]}}, properties: {a: {$ref: '#/$defs/X'}, self: {$ref: '#'}}}
    Reader: {type: object, properties: {a: {$ref: 'https://x.y/named.json#/$defs/X'}, b: {$ref: '#/components/schemas/Pasted/properties/a'}}}
    Recursive: {type: object, properties: {next: {$ref: '#'}}}
    Lost: {$ref: '#/$defs/Nothing'}
",
    );
    let schemas = &json["components"]["schemas"];
    let target = |pointer: &str| schemas.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    assert_eq!(target("/Pasted/properties/a/$ref"), "#/components/schemas/Pasted.X");
    assert_eq!(target("/Pasted.X/properties/again/$ref"), "#/components/schemas/Pasted.X");
    assert_eq!(target("/Pasted.X/properties/z/$ref"), "#/components/schemas/Pasted.Z");
    assert_eq!(schemas["Pasted.Z"], json!({"type": "string"}));
    assert_eq!(target("/Named/properties/a/$ref"), "#/components/schemas/Named.X");
    assert_eq!(target("/Named/properties/self/$ref"), "#/components/schemas/Named");
    assert_eq!(target("/Reader/properties/a/$ref"), "#/components/schemas/Named.X");
    assert_eq!(target("/Reader/properties/b/$ref"), "#/components/schemas/Pasted.a");
    assert_eq!(target("/Pasted.a/$ref"), "#/components/schemas/Pasted.X");
    assert_eq!(target("/Recursive/properties/next/$ref"), "#/components/schemas/Recursive");
    let inline = &json["paths"]["/a"]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(
        schemas.pointer(inline["items"]["$ref"].as_str().unwrap().trim_start_matches("#/components/schemas")),
        Some(&json!({"type": "integer"}))
    );
    told(&notes, &["unchecked", "/components/schemas/Lost"]);
    assert_eq!(notes.iter().filter(|note| note.starts_with("unchecked")).count(), 1, "{notes:#?}");
}

#[test]
fn a_key_that_json_has_twice_is_noted_with_both_places() {
    let text = "{\"openapi\": \"3.0.3\", \"info\": {\"title\": \"t\", \"version\": \"1\"},\n\"paths\": {},\n\"paths\": {\"/a\": {\"get\": {\"responses\": {\"200\": {\"description\": \"x\"}}}}}}";
    let (document, notes) = Generator::new(Node::parse("t.json", text).unwrap()).lowered().unwrap();
    assert!(document.pointer("/paths/~1a/get").is_some());
    let notes: Vec<String> = notes.iter().map(ToString::to_string).collect();
    told(&notes, &["correction", "`paths`", "t.json:2:10", "t.json:3:10"]);
}

#[test]
fn path_templates_in_other_notations_match_the_declared_parameters() {
    let text = "
openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  '/a/{+path}': {get: {operationId: a, parameters: [{name: path, in: path, required: true, schema: {type: integer}}], responses: {'200': {description: x}}}}
  '/b/{path*}': {get: {operationId: b, parameters: [{name: path, in: path, required: true, schema: {type: integer}}], responses: {'200': {description: x}}}}
  '/c/{name=projects/*}:go': {get: {operationId: c, parameters: [{name: name, in: path, required: true, schema: {type: integer}}], responses: {'200': {description: x}}}}
  '/d{?q,r}': {get: {operationId: d, parameters: [{name: q, in: query, schema: {type: integer}}], responses: {'200': {description: x}}}}
  /d: {post: {operationId: e, responses: {'200': {description: x}}}}
  '/f/{own*}': {get: {operationId: f, parameters: [{name: 'own*', in: path, required: true, schema: {type: integer}}], responses: {'200': {description: x}}}}
  '/g/{a}-{b}/{{c}}': {x-none: true}
";
    let (json, notes) = lowered(text);
    let paths = json["paths"].as_object().unwrap();
    assert_eq!(
        paths.keys().collect::<Vec<_>>(),
        ["/a/{path}", "/b/{path}", "/c/{name}:go", "/d", "/f/{own*}", "/g/{a}-{b}/{{c}}"]
    );
    assert!(paths["/d"].get("get").is_some() && paths["/d"].get("post").is_some());
    for expression in ["{+path}", "{path*}", "{name=projects/*}", "{?q,r}"] {
        told(&notes, &["loss", expression]);
    }
    assert_eq!(notes.len(), 4, "{notes:#?}");
    let client = Generator::new(Node::parse("t.yaml", text).unwrap()).generate().unwrap();
    assert_eq!(client.operations, 6);
    let made_up = client.notes.iter().find(|note| note.reason.contains("no parameter declares"));
    assert!(made_up.is_none(), "{made_up:?}");
}

fn components(text: &str) -> (serde_json::Value, Vec<String>, connectors_codegen::Client) {
    let generator = Generator::new(Node::parse("t.yaml", text).unwrap());
    let (lowered, notes) = generator.lowered().unwrap();
    let json = lowered.to_json()["components"]["schemas"].take();
    (json, notes.iter().map(ToString::to_string).collect(), generator.generate().unwrap())
}

/// The target of all references of a schema.
fn end<'a>(schemas: &'a serde_json::Value, mut schema: &'a serde_json::Value) -> &'a serde_json::Value {
    for _ in 0..16 {
        let Some(reference) = schema["$ref"].as_str() else { break };
        let name = reference.strip_prefix("#/components/schemas/").unwrap_or_else(|| panic!("{reference}"));
        schema = &schemas[name];
    }
    schema
}

#[test]
fn an_anchor_belongs_to_the_resource_that_its_id_opens() {
    let (schemas, notes, _) = components(
        "
openapi: 3.1.0
info: {title: t, version: '1'}
paths: {}
components:
  schemas:
    Ship:
      $id: https://x.example/fleet/ship
      type: object
      properties:
        captain: {$ref: '#person'}
        cargo: {$ref: 'harbour#person'}
        port: {$ref: '/fleet/harbour#/$defs/Port'}
        self: {$ref: '#'}
        crew: {type: array, items: {$ref: '#%70erson'}}
      $defs: {Person: {$anchor: person, type: string}}
    Harbour:
      $id: https://x.example/fleet/harbour
      type: object
      properties:
        master: {$ref: '#person'}
        ship: {$ref: '#/components/schemas/Ship'}
        inner: {$ref: '#deep'}
      $defs:
        Person: {$anchor: person, type: integer}
        Port: {type: boolean}
        Other: {$id: other, $defs: {Deep: {$anchor: deep, type: string}}}
    Pasted: {type: object, properties: {a: {$ref: '#own'}}, $defs: {A: {$anchor: own, type: number}}}
    PastedToo: {type: object, properties: {a: {$ref: '#own'}}, $defs: {A: {$anchor: own, type: string}}}
    Outside: {type: object, properties: {a: {$ref: '#person'}, b: {$ref: 'https://x.example/fleet/./ship#person'}}}
",
    );
    let property = |schema: &str, name: &str| end(&schemas, &schemas[schema]["properties"][name])["type"].clone();
    assert_eq!(property("Ship", "captain"), "string");
    assert_eq!(property("Ship", "cargo"), "integer");
    assert_eq!(property("Ship", "port"), "boolean");
    assert_eq!(schemas["Ship"]["properties"]["self"]["$ref"], "#/components/schemas/Ship");
    assert_eq!(end(&schemas, &schemas["Ship"]["properties"]["crew"]["items"])["type"], "string");
    assert_eq!(property("Harbour", "master"), "integer");
    assert_eq!(schemas["Harbour"]["properties"]["ship"]["$ref"], "#/components/schemas/Ship");
    assert_eq!((property("Pasted", "a"), property("PastedToo", "a")), ("number".into(), "string".into()));
    assert_eq!(property("Outside", "b"), "string");
    for place in ["Harbour/properties/inner", "Outside/properties/a"] {
        let told = |note: &&String| note.contains(place) && note.contains("leads nowhere");
        assert_eq!(notes.iter().filter(told).count(), 1, "{place}: {notes:#?}");
    }
    assert_eq!(notes.iter().filter(|note| note.contains("leads nowhere")).count(), 2, "{notes:#?}");
}

#[test]
fn references_and_mappings_can_be_percent_encoded() {
    let (schemas, notes, client) = components(
        "
openapi: 3.0.3
info: {title: t, version: '1'}
paths: {}
components:
  schemas:
    Any:
      oneOf: [{$ref: '#/components/schemas/Sea%20Ship'}, {$ref: '#/components/schemas/Truck~1Lorry'}]
      discriminator:
        propertyName: kind
        mapping: {sea: '#/components/schemas/Sea%20Ship', road: '#/components/schemas/Truck%7E1Lorry', plain: Plain}
    Sea Ship: {type: object, required: [kind], properties: {kind: {type: string}, knots: {type: integer}}}
    Truck/Lorry: {type: object, required: [kind], properties: {kind: {type: string}, axles: {type: integer}}}
    Plain: {type: object, required: [kind], properties: {kind: {type: string}}}
",
    );
    assert!(notes.is_empty(), "{notes:#?}");
    let mapping = &schemas["Any"]["discriminator"]["mapping"];
    assert_eq!(mapping["sea"], schemas["Any"]["oneOf"][0]["$ref"]);
    assert_eq!(mapping["road"], schemas["Any"]["oneOf"][1]["$ref"]);
    assert_eq!(mapping["plain"], "Plain");
    let union = client.code.split("pub enum Any").nth(1).unwrap_or_default();
    assert!(union.contains("\"sea\"") && union.contains("\"road\""), "{}", client.code);
}

#[test]
fn a_reference_into_an_operation_makes_one_type_with_the_name_that_it_has_there() {
    let (schemas, notes, client) = components(
        "
openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /v1/ships/{id}:
    get:
      operationId: getShip
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        '200':
          description: x
          content:
            application/json:
              schema: {type: object, required: [mast], properties: {mast: {type: object, properties: {height: {type: integer}}}}}
    put:
      operationId: putShip
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      requestBody:
        content: {application/json: {schema: {$ref: '#/paths/~1v1~1ships~1%7Bid%7D/get/responses/200/content/application~1json/schema'}}}
      responses: {'200': {$ref: '#/components/responses/Mast'}, default: {description: x, content: {application/json: {schema: {$ref: '#/components/schemas/Problem'}}}}}
  /v1/problems:
    get:
      operationId: listProblems
      responses: {'200': {description: x, content: {application/json: {schema: {type: array, items: {$ref: '#/paths/~1v1~1ships~1%7Bid%7D/put/responses/default/content/application~1json/schema'}}}}}}
components:
  responses:
    Mast: {description: x, content: {application/json: {schema: {$ref: '#/paths/~1v1~1ships~1%7Bid%7D/get/responses/200/content/application~1json/schema/properties/mast'}}}}
  schemas:
    Problem: {type: object, properties: {reason: {type: string}}}
",
    );
    assert!(notes.is_empty(), "{notes:#?}");
    assert_eq!(schemas.as_object().unwrap().len(), 3, "{schemas:#}");
    let mut names: Vec<&str> = client.types.iter().map(|it| it.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["GetShipResponse", "GetShipResponseMast", "Problem"]);
}

#[test]
fn enums_of_numbers_have_notes_about_their_values() {
    for (schema, expected, field) in [
        ("{enum: [18446744073709551615, 1]}", "beyond 64 bits", "Option<u64>"),
        ("{type: integer, enum: [18446744073709551615, 1]}", "beyond 64 bits", "Option<u64>"),
        ("{const: 1.5}", "with fractions", ""),
        ("{type: number, enum: [1.5, 2]}", "with fractions", ""),
        ("{type: integer, enum: [1.5]}", "do not have the schema's type", ""),
    ] {
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths: {{}}\ncomponents: {{schemas: {{A: {{type: object, properties: {{a: {schema}}}}}}}}}\n"
        );
        let client = Generator::new(Node::parse("t.yaml", &text).unwrap()).generate().unwrap();
        let notes: Vec<String> = client.notes.iter().map(ToString::to_string).collect();
        assert!(notes.len() == 1 && notes[0].contains(expected), "{schema}: {notes:?}");
        assert!(client.code.contains(&format!("pub a: {field}")), "{schema}: {}", client.code);
    }
}

#[test]
fn defaults_and_operation_ids_are_what_3_0_requires() {
    let (document, notes) = lowered(
        "openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /a: {get: {operationId: list, responses: {'204': {description: d}}}}
  /b: {get: {operationId: list, responses: {'204': {description: d}}}}
components:
  schemas:
    Kind: {type: string, enum: [a, b]}
    T:
      type: object
      properties:
        good: {type: string, default: x}
        none: {type: [string, 'null'], default: null}
        kind: {allOf: [{$ref: '#/components/schemas/Kind'}], default: a}
        list: {type: array, items: {$ref: '#/components/schemas/Kind'}, default: [a, b]}
        wide: {oneOf: [{type: string}, {type: integer}], default: 1}
        default: {type: integer, default: 3.0}
        wrong: {type: integer, default: x}
        other: {allOf: [{$ref: '#/components/schemas/Kind'}], default: c}
        lists: {type: array, minItems: 1, items: {type: string}, default: []}
        twice: {oneOf: [{type: string}, {$ref: '#/components/schemas/Kind'}], default: a}
        below: {type: number, exclusiveMinimum: 0, default: 0}
        null: {oneOf: [{$ref: '#/components/schemas/Kind'}, {type: 'null'}], default: null}
        slow: {type: string, pattern: '^(a+)+$', default: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!}
        around: {not: {$ref: '#/components/schemas/Round'}, default: a}
        ways: {type: object, required: [id], properties: {id: {type: string, readOnly: true}}, default: {n: 1}}
    Round: {allOf: [{$ref: '#/components/schemas/Round'}]}
",
    );
    assert_eq!(document["paths"]["/a"]["get"]["operationId"], "list");
    assert!(document["paths"]["/b"]["get"].get("operationId").is_none());
    let properties = &document["components"]["schemas"]["T"]["properties"];
    for name in ["good", "none", "kind", "list", "wide", "default", "slow", "around", "ways"] {
        assert!(properties[name].get("default").is_some(), "{name}: {properties}");
    }
    told(&notes, &["another operation has this operationId"]);
    for name in ["wrong", "other", "lists", "twice", "below", "null"] {
        assert!(properties[name].get("default").is_none(), "{name}: {properties}");
        told(&notes, &[&format!("(/components/schemas/T/properties/{name}/default)")]);
    }
}

#[test]
fn additions_of_3_2_that_3_0_cannot_express_are_noted() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/documents/latest.yaml");
    let (lowered, notes) = Generator::new(Node::read(file.as_ref()).unwrap()).lowered().unwrap();
    let json = lowered.to_json();
    assert_eq!(json["openapi"], "3.0.3");
    let notes: Vec<String> = notes.iter().map(ToString::to_string).collect();
    for (expected, place) in [
        ("no method QUERY", "/paths/~1books/query"),
        ("no method LINK", "/paths/~1books/additionalOperations/LINK"),
        ("whole query string", "/paths/~1books~1by-form/get/parameters/0"),
        ("whole query string", "/paths/~1books~1by-json/get/parameters/0"),
        ("not percent-encoded", "/parameters/1/style"),
        ("items of a stream", "/itemSchema"),
        ("parts by position", "/prefixEncoding"),
        ("webhooks", "/webhooks"),
        ("device authorization", "/flows/deviceAuthorization"),
        ("without a known tag", "/discriminator/defaultMapping"),
    ] {
        let found = notes.iter().any(|note| note.contains(expected) && note.contains(place));
        assert!(found, "{expected} {place}: {notes:#?}");
    }
    let of = |pointer: &str| json.pointer(pointer).unwrap_or_else(|| panic!("{pointer}: {json:#}"));
    assert!(of("/paths/~1books").as_object().unwrap().is_empty());
    assert_eq!(of("/paths/~1books~1by-form/get/parameters"), &serde_json::json!([]));
    let example = of("/paths/~1subscriptions/post/callbacks/closed/$ref");
    assert_eq!(example, "#/components/callbacks/Closed");
    assert_eq!(of("/components/schemas/Film/properties/minutes/xml"), &serde_json::json!({"attribute": true}));
    // None of this is lost in Rust.
    let client = Generator::new(Node::read(file.as_ref()).unwrap()).generate().unwrap();
    assert_eq!(client.operations, 9);
    let skipped: Vec<String> = client.notes.iter().map(ToString::to_string).collect();
    assert!(!skipped.iter().any(|note| note.contains("3.0")), "{skipped:#?}");
}

#[test]
fn other_methods_differ_from_methods_with_a_member() {
    let text = "openapi: 3.2.0\ninfo: {title: t, version: '1'}\npaths:\n  /a:\n    get: {operationId: one, responses: {}}\n    additionalOperations:\n      \
        GET: {operationId: two, responses: {}}\n      Post: {operationId: three, responses: {}}\n      copy: {operationId: four, responses: {}}\n      \
        LOCK: {$ref: '#/nowhere'}\n";
    let client = Generator::new(Node::parse("t.yaml", text).unwrap()).generate().unwrap();
    let listing = connectors_codegen::Listing::of(&client).to_string();
    assert!(["one", "three", "four"].iter().all(|it| listing.contains(&format!("fn {it}("))), "{listing}");
    let notes: Vec<String> = client.notes.iter().map(ToString::to_string).collect();
    for expected in
        ["omission: t.yaml:7:", "`Post` has a member of its own, `post`", "/paths/~1a/additionalOperations/LOCK"]
    {
        assert!(notes.iter().any(|note| note.contains(expected)), "{expected}: {notes:#?}");
    }
    // Methods are case-sensitive.
    assert!(client.code.contains("\"copy\"") && client.code.contains("\"POST\""));
}

#[test]
fn swagger_2_is_an_error_with_help() {
    let error = Generator::new(Node::parse("t.yaml", "swagger: '2.0'").unwrap()).generate().unwrap_err().to_string();
    assert!(
        error.contains("Swagger 2.0") && error.contains("swagger2openapi") && error.contains("t.yaml:1:"),
        "{error}"
    );
}
