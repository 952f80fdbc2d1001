//! A fake for a document without any knowledge of the service.

use std::path::PathBuf;

use super::*;

const DOCUMENT: &str = r##"{
        "openapi": "3.1.0",
        "paths": {
            "/pets/{id}": {
                "parameters": [{"name": "pet-id", "in": "query", "schema": {"type": "integer", "minimum": 5}}],
                "put": {
                    "operationId": "putPet",
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
                    "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}}}
                }
            },
            "/pets/all": {"put": {
                "operationId": "putAll", "responses": {"204": {}}, "security": [{"session": [], "token": []}, {"login": []}]
            }},
            "/pets": {"put": {
                "operationId": "putNone", "responses": {"204": {}}, "security": [],
                "parameters": [
                    {"name": "all", "in": "query", "allowEmptyValue": true, "schema": {"type": "boolean"}},
                    {"name": "once", "in": "query", "schema": {"type": "boolean"}}
                ]
            }}
        },
        "security": [{"key": []}],
        "components": {"securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "session": {"type": "apiKey", "in": "cookie", "name": "session"},
            "token": {"type": "apiKey", "in": "query", "name": "token"},
            "login": {"type": "http", "scheme": "bearer"}
        }, "schemas": {
            "Pet": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": ["string", "null"], "minLength": 3},
                "kind": {"allOf": [{"$ref": "#/components/schemas/Kind"}]},
                "parent": {"$ref": "#/components/schemas/Pet"},
                "friend": {"$recursiveRef": "#"},
                "children": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}},
                "food": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Food"}], "discriminator": {"propertyName": "is"}},
                "age": {"type": "integer", "readOnly": true, "exclusiveMinimum": 3},
                "secret": {"type": "string", "writeOnly": true}
            }},
            "Kind": {"type": "string", "enum": ["cat"]},
            "Food": {"allOf": [{"properties": {"is": {"type": "string"}}}, {"properties": {"grams": {"type": "number"}}}]}
        }}
    }"##;

#[test]
fn operations_are_found_and_their_arguments_generated() {
    let document = Document::parse(DOCUMENT).unwrap();
    assert_eq!(document.operation("PUT", "/pets/1").as_deref(), Some("putPet"));
    assert_eq!(document.operation("PUT", "/pets/all").as_deref(), Some("putAll"));
    assert_eq!(document.operation("GET", "/pets/1"), None);
    assert_eq!(document.argument("putPet", "pet_id"), json!(5));
    assert_eq!(document.argument("putPet", "nothing"), Value::Null);
    let body = json!({
        "name": "xxx", "kind": "cat", "children": [], "food": {"is": "Food", "grams": 1.5}, "secret": "x",
    });
    assert_eq!(document.argument("putPet", "body"), body);
}

#[test]
fn a_response_is_an_instance_if_the_request_has_a_credential() {
    let document = Document::parse(DOCUMENT).unwrap();
    let respond = |place: &str, headers: &[(&str, &str)], body: &str| {
        let request = http::Request::put(format!("https://pets.example{place}"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        document.respond(&request.body(body.as_bytes().to_vec()).unwrap())
    };
    let named = r#"{"name": "Rex"}"#;
    let response = respond("/pets/1?pet-id=5", &[("x-key", "k"), ("content-type", "application/json")], named);
    assert_eq!(
        (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()),
        (200, "application/json")
    );
    let pet: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!((&pet["age"], pet.get("secret")), (&json!(4), None));
    let broken = respond("/pets/1", &[("x-key", "k"), ("content-type", "application/json")], "{");
    assert_eq!(broken.status(), 400);
    // A mistake is reported with its place.
    for (path, body, at) in [
        ("/pets/1", "{}", "body"),
        ("/pets/1", r#"{"name": "ab"}"#, "body/name"),
        ("/pets/1", r#"{"name": "abc", "friend": {"name": "ab"}}"#, "body/friend/name"),
        ("/pets/1?pet-id=4", named, "query.pet-id"),
        ("/pets/1?pet-id=four", named, "query.pet-id"),
    ] {
        let refused = respond(path, &[("x-key", "k"), ("content-type", "application/json")], body);
        let why: Value = serde_json::from_slice(refused.body()).unwrap();
        assert_eq!((refused.status().as_u16(), &why["at"]), (400, &json!(at)), "{path} {body}: {why}");
    }
    assert_eq!(respond("/pets/1", &[("x-key", "k"), ("content-type", "text/plain")], named).status(), 415);
    assert_eq!(respond("/pets/1", &[("authorization", "k")], "").status(), 401);
    assert_eq!(respond("/cats/1", &[("x-key", "k")], "").status(), 404);
    // This one requires two credentials together, or another one.
    assert_eq!(respond("/pets/all", &[("cookie", "a=b; session=s")], "").status(), 401);
    assert_eq!(respond("/pets/all?token=t", &[("cookie", "a=b; session=s")], "").status(), 204);
    assert_eq!(respond("/pets/all", &[("authorization", "Bearer t")], "").status(), 204);
    // And this one requires none.
    assert_eq!(respond("/pets", &[], "").status(), 204);
    // A parameter may be empty only if the document allows it.
    assert_eq!(respond("/pets?all", &[], "").status(), 204);
    assert_eq!(respond("/pets?all=&once=true", &[], "").status(), 204);
    assert_eq!(respond("/pets?all=maybe", &[], "").status(), 400);
    assert_eq!(respond("/pets?once=", &[], "").status(), 400);
}

#[tokio::test]
async fn a_server_has_the_same_document() {
    let server = Server::start(DOCUMENT).await.unwrap();
    assert_eq!(server.document().operation("PUT", "/pets/1").as_deref(), Some("putPet"));
    assert!(server.requests().is_empty() && server.url().starts_with("http://127.0.0.1:"));
}

const SHELF: &str = r##"{
        "openapi": "3.0.3",
        "servers": [{"url": "https://shelf.example/v1"}],
        "paths": {
            "/books": {
                "get": {"responses": {"200": {"content": {"application/json": {"schema": {
                    "type": "object", "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Book"}}}
                }}}}}},
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}},
                    "responses": {"201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}}}
                }
            },
            "/books/{bookId}": {
                "parameters": [{"name": "bookId", "in": "path", "required": true, "schema": {"type": "string"}}],
                "get": {"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}}}},
                "patch": {
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}},
                    "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}}}
                },
                "delete": {"responses": {"204": {}}}
            }
        },
        "components": {"schemas": {"Book": {"type": "object", "properties": {
            "id": {"type": "string", "readOnly": true}, "title": {"type": "string"}, "pages": {"type": "integer"}
        }}}}
    }"##;

#[test]
fn written_resources_can_be_read() {
    let document = Document::parse(SHELF).unwrap();
    let send = |method: &str, path: &str, body: &str| {
        let request = http::Request::builder().method(method).uri(format!("https://shelf.example{path}"));
        let request = request.header("content-type", "application/json").body(body.as_bytes().to_vec()).unwrap();
        let response = document.respond(&request);
        (response.status().as_u16(), serde_json::from_slice::<Value>(response.body()).unwrap_or_default())
    };
    let (status, made) = send("POST", "/v1/books", r#"{"title": "Emma", "pages": 474}"#);
    assert_eq!((status, &made["title"], &made["pages"]), (201, &json!("Emma"), &json!(474)));
    let id = made["id"].as_str().unwrap().to_owned();
    let (_, second) = send("POST", "/v1/books", r#"{"title": "Persuasion"}"#);
    assert_ne!(second["id"], json!(id));
    let at = format!("/v1/books/{id}");
    assert_eq!(send("GET", &at, "").1, made);
    assert_eq!(send("PATCH", &at, r#"{"pages": 500}"#).1["pages"], 500);
    let (_, read) = send("GET", &at, "");
    assert_eq!((&read["title"], &read["pages"]), (&json!("Emma"), &json!(500)));
    let titles = |all: &Value| -> Vec<String> {
        all["items"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(titles(&send("GET", "/v1/books", "").1), ["Emma", "Persuasion"]);
    assert_eq!(send("DELETE", &at, "").0, 204);
    assert_eq!((send("GET", &at, "").0, send("DELETE", &at, "").0), (404, 404));
    assert_eq!(titles(&send("GET", "/v1/books", "").1), ["Persuasion"]);
    // A resource that was not written exists too, under the requested name.
    assert_eq!(send("GET", "/v1/books/another", "").1["id"], "another");
}

#[test]
fn new_resources_have_ids_that_the_document_allows() {
    for rule in [r#""format": "uuid""#, r#""pattern": "^[a-f0-9]{24}$""#, r#""pattern": "^book_[a-z]{8}$""#] {
        let own = SHELF.replace(r#""id": {"#, &format!(r#""id": {{{rule}, "#));
        let document = Document::parse(&own.replace(r#""schema": {"type""#, &format!(r#""schema": {{{rule}, "type""#)));
        let document = document.unwrap();
        let send = |method: &str, path: &str, body: &str| {
            let request = http::Request::builder().method(method).uri(path).header("content-type", "application/json");
            let response = document.respond(&request.body(body.as_bytes().to_vec()).unwrap());
            serde_json::from_slice::<Value>(response.body()).unwrap()
        };
        let made = ["Emma", "Persuasion"].map(|title| send("POST", "/books", &json!({"title": title}).to_string()));
        assert_eq!(made.each_ref().map(|one| &one["title"]), ["Emma", "Persuasion"], "{rule}");
        assert_ne!(made[0]["id"], made[1]["id"], "{rule}");
        for one in &made {
            assert_eq!(send("GET", &format!("/books/{}", one["id"].as_str().unwrap()), ""), *one);
        }
    }
}

#[test]
fn forms_headers_and_streams_follow_the_document() {
    let document = Document::parse(
        &json!({
            "openapi": "3.1.0",
            "paths": {
                "/covers": {"post": {
                    "requestBody": {"required": true, "content": {
                        "multipart/form-data": {
                            "schema": {"$ref": "#/components/schemas/Cover"},
                            "encoding": {
                                "sizes": {"explode": false}, "frame": {"explode": false}, "names": {"explode": false},
                            },
                        },
                        "application/x-www-form-urlencoded": {"schema": {"$ref": "#/components/schemas/Cover"}},
                    }},
                    "responses": {"201": {"headers": {
                        "Location": {"required": true, "schema": {"type": "string", "format": "uri"}},
                        "X-Left": {"schema": {"type": "integer"}},
                    }}},
                }},
                "/changes": {"get": {"responses": {"200": {"content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/About"}},
                    "application/jsonl": {"schema": {"$ref": "#/components/schemas/About"}},
                    "text/event-stream": {"itemSchema": {"properties": {
                        "event": {"const": "new"}, "data": {"$ref": "#/components/schemas/About"},
                    }, "required": ["event", "data"]}},
                }}}}},
            },
            "components": {"schemas": {
                "Cover": {"required": ["about"], "properties": {
                    "about": {"$ref": "#/components/schemas/About"}, "width": {"type": "integer"},
                    "sizes": {"type": "array", "items": {"type": "integer"}},
                    "frame": {"type": "object", "properties": {"wide": {"type": "integer"}}},
                    "names": {"type": "array", "items": {"enum": ["a,b", "c"], "type": "string"}},
                }},
                "About": {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}},
            }},
        })
        .to_string(),
    )
    .unwrap();
    let post = |media: &str, body: &str| {
        let request = http::Request::post("https://a.example/covers").header("content-type", media);
        let response = document.respond(&request.body(body.as_bytes().to_vec()).unwrap());
        let why: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let has = |name: &str| response.headers().contains_key(name);
        (response.status().as_u16(), why["at"].clone(), has("location"), has("x-left"))
    };
    let good = (201, Value::Null, true, false);
    let refused = |at: &str| (400, json!(at), false, false);
    let form = |body: &Value| post("multipart/form-data; boundary=b", &multipart(body));
    assert_eq!(form(&json!({"about": {"title": "Emma"}, "width": 7})), good);
    assert_eq!(form(&json!({"about": {"title": 7}})), refused("body/about/title"));
    assert_eq!(form(&json!({"about": {"title": "Emma"}, "width": "wide"})), refused("body/width"));
    assert_eq!(form(&json!({"about": {"title": "Emma"}, "sizes": "1,2"})), good);
    assert_eq!(form(&json!({"about": {"title": "Emma"}, "sizes": "1,0.5"})), refused("body/sizes"));
    assert_eq!(form(&json!({"about": {"title": "Emma"}, "sizes": "-1.2e-38"})), refused("body/sizes"));
    // Names of which one may have a comma, and the names and values of an object, as a list: not read.
    assert_eq!(form(&json!({"about": {"title": "Emma"}, "names": "a,b,c"})), good);
    assert_eq!(form(&json!({"about": {"title": "Emma"}, "frame": "wide,7"})), good);
    assert_eq!(form(&json!({"width": 7})), refused("body/about"));
    assert_eq!(post("multipart/form-data", "x"), refused("body"));
    assert_eq!(post("application/x-www-form-urlencoded", "about=%7B%22title%22:%22Emma%22%7D"), good);
    assert_eq!(post("application/x-www-form-urlencoded", "width=7"), refused("body/about"));
    let changes = |accept: &str| {
        let request =
            http::Request::get("https://a.example/changes").header("accept", accept).body(Vec::new()).unwrap();
        String::from_utf8(document.respond(&request).into_body()).unwrap()
    };
    let about = r#"{"title":"x"}"#;
    assert_eq!(changes("*/*"), about);
    assert_eq!(changes("application/jsonl"), format!("{about}\n"));
    assert_eq!(changes("*/*, application/jsonl;q=0.1"), about);
    assert_eq!(changes("application/json; q=0.2, application/jsonl; Q=0.5"), format!("{about}\n"));
    assert_eq!(changes("application/*, application/json;q=0"), format!("{about}\n"));
    assert_eq!(changes("text/event-stream"), format!("event: new\ndata: {about}\n\n"));
}

#[test]
fn a_parameter_that_is_a_text_a_form_or_json_is_checked() {
    let book = r#"{"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}, "pages": {"type": "integer"}}}"#;
    let parameter = |name: &str, place: &str, media: &str| {
        format!(r#"{{"name": "{name}", "in": "{place}", "content": {{"{media}": {{"schema": {book}}}}}}}"#)
    };
    let (form, json) = (
        parameter("x-book", "header", "application/x-www-form-urlencoded"),
        parameter("book", "query", "application/json"),
    );
    let json = json.replacen('{', r#"{"allowEmptyValue": true, "#, 1);
    let (last, sent) = (
        parameter("last", "cookie", "application/json"),
        parameter("sent", "cookie", "application/x-www-form-urlencoded"),
    );
    let plain = |name: &str, schema: &str| {
        format!(r#"{{"name": "{name}", "in": "query", "content": {{"text/plain": {{"schema": {schema}}}}}}}"#)
    };
    let lines = plain("lines", r#"{"type": "integer"}"#);
    let list = plain("list", r#"{"type": "array", "items": {"type": "integer"}}"#);
    let text = format!(
        r#"{{"openapi": "3.1.0", "paths": {{"/books": {{"get": {{"operationId": "find", "parameters": [{form}, {json}, {last}, {sent}, {lines}, {list}],
            "responses": {{"204": {{"description": "ok"}}}}}}}}}}}}"#
    );
    let document = Document::parse(&text).unwrap();
    let status = |header: Option<(&str, &str)>, query: &str| {
        let request = http::Request::get(format!("https://a.example/books{query}"));
        let request = header.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        document.respond(&request.body(Vec::new()).unwrap()).status().as_u16()
    };
    assert_eq!(status(None, ""), 204);
    assert_eq!(status(Some(("x-book", "title=Emma&pages=7")), ""), 204);
    assert_eq!(status(Some(("x-book", "pages=7")), ""), 400);
    assert_eq!(status(Some(("x-book", "title=Emma&pages=some")), ""), 400);
    assert_eq!(status(None, "?book=%7B%22title%22:%22Emma%22%7D"), 204);
    assert_eq!(status(None, "?book=%7B%7D"), 400);
    assert_eq!(status(None, "?book=Emma"), 400);
    assert_eq!(status(None, "?book="), 204);
    assert_eq!(status(None, "?lines=12"), 204);
    assert_eq!(status(None, "?lines=some"), 400);
    assert_eq!(status(None, "?lines=-1.2e-38"), 400);
    // No rule describes the text of a list.
    assert_eq!(status(None, "?list=1%202"), 204);
    assert_eq!(status(Some(("cookie", "last=%7B%22title%22%3A%22Emma%22%7D; sent=title%3DEmma")), ""), 204);
    assert_eq!(status(Some(("cookie", "last=%7B%7D")), ""), 400);
    assert_eq!(status(Some(("cookie", "sent=pages%3D7")), ""), 400);
}

/// A document with one operation, whose failure has this schema.
fn refusing(failure: &str) -> Document {
    let text = format!(
        r#"{{"openapi": "3.1.0", "paths": {{"/pets": {{"post": {{"operationId": "addPet",
            "parameters": [
                {{"name": "Authorization", "in": "header", "required": true, "schema": {{"type": "string"}}}},
                {{"name": "accept", "in": "header", "required": true, "schema": {{"enum": ["text/css"]}}}}
            ],
            "requestBody": {{"content": {{"application/json": {{"schema": {{"type": "object", "required": ["name"]}}}}}}}},
            "responses": {{"204": {{}}, "400": {{"content": {{"application/problem+json": {{"schema": {failure}}}}}}}}}
        }}}}}}}}"#
    );
    Document::parse(&text).unwrap()
}

#[test]
fn a_refusal_has_the_documented_form_and_the_place() {
    let refuse = |failure: &str| {
        let document = refusing(failure);
        let request = http::Request::post("/pets").header("content-type", "application/json");
        let response = document.respond(&request.body(br#"{"n": 1}"#.to_vec()).unwrap());
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()["x-refused-at"], "body");
        assert!(response.headers()["x-refused-because"].to_str().unwrap().contains("\"name\" is a required property"));
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let answer = Answer::new(400, "application/problem+json", response.body().clone());
        let api = &document.0;
        assert!(api.contract.check_response(&api.contract.operations()[0], &answer, false).is_ok());
        serde_json::from_slice::<Value>(response.body()).unwrap()
    };
    let body = refuse(r#"{"type": "object", "required": ["error"], "properties": {"error": {"const": true}}}"#);
    assert_eq!((&body["error"], &body["at"]), (&json!(true), &json!("body")));
    let closed = r#"{"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}, "additionalProperties": false}"#;
    assert_eq!(refuse(closed), json!({"error": "x"}));
    let other = r#"{"type": "object", "required": ["message"], "properties": {"message": {"type": "object"}}}"#;
    assert_eq!(refuse(other), json!({"message": {}, "at": "body"}));
    assert!(refuse(r#"{"type": "array", "items": {"type": "string"}}"#).is_array());
    // So has any other failure with a status of the document.
    let document = refusing(closed);
    let api = &document.0;
    let scripted = api.scripted(&request(api, &api.contract.operations()[0]), 400, &[]);
    assert_eq!(scripted.header("content-type"), Some("application/problem+json"));
    // Parameters of these names are ignored.
    let request = http::Request::post("/pets").body(br#"{"name": 1}"#.to_vec()).unwrap();
    let (mut parts, body) = request.into_parts();
    parts.headers.insert("content-type", http::HeaderValue::from_static("application/json"));
    assert_eq!(refusing("{}").respond(&http::Request::from_parts(parts, body)).status(), 204);
}

/// Calls every operation of a document with valid arguments, and those that accept JSON with invalid ones too.
fn failures(document: &Document) -> Vec<String> {
    let api = &document.0;
    let mut failures = Vec::new();
    for operation in api.contract.operations() {
        *lock(&api.resources) = Resources::default();
        let mut request = request(api, operation);
        let answer = api.answer(&request);
        let told = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status >= 400 {
            failures.push(format!("{}: {} {told}", operation.id, answer.status));
        } else if let Err(broken) = api.contract.check_response(operation, &answer, false) {
            failures.push(broken.to_string());
        }
        let schema = operation.body.as_ref().and_then(|body| first(&body.contents)).filter(|(media, _)| is_json(media));
        let Some((_, schema)) = schema else { continue };
        let wrong = |value: &Value| matches!(api.contract.mistake(schema, Values::Sent, value), Ok(Some(_)));
        if let Some(wrong) = [json!(7), json!("x"), json!([]), json!({})].into_iter().find(wrong) {
            request.body = wrong.to_string().into_bytes();
            let refused = api.answer(&request);
            let why: Value = serde_json::from_slice(&refused.body).unwrap_or_default();
            if refused.status != 400 || !why["at"].as_str().is_some_and(|at| at.starts_with("body")) {
                failures.push(format!("{}: {wrong} is not refused: {} {why}", operation.id, refused.status));
            }
        }
    }
    failures
}

/// A valid request for an operation.
fn request(api: &Api, operation: &Operation) -> Request {
    let text = |schema: &str| match api.instance(schema, Values::Sent) {
        Some(Value::String(text)) => text,
        Some(Value::Array(items)) => items.first().map_or_else(|| "x".to_owned(), plain),
        Some(value) => value.to_string(),
        None => "x".to_owned(),
    };
    let encoded =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let in_path = |at: usize| {
        let parameter = operation.parameters.iter().find(|parameter| parameter.segment == Some(at));
        let value = parameter.map_or_else(|| "x".to_owned(), |parameter| text(&parameter.schema));
        encoded(if value.is_empty() { "x" } else { &value })
    };
    let segments = operation.segments.iter().enumerate().map(|(at, literal)| match literal {
        Some(literal) => format!("/{literal}"),
        None => format!("/{}", in_path(at)),
    });
    let mut request = Request {
        method: operation.method.clone(),
        path: segments.collect(),
        query: Vec::new(),
        headers: Vec::new(),
        body: Vec::new(),
        operation: None,
        status: None,
    };
    operation.authorize(&mut request);
    for parameter in operation.parameters.iter().filter(|parameter| parameter.required) {
        match parameter.location.as_str() {
            "query" => request.query.push((parameter.name.clone(), text(&parameter.schema))),
            "header" => request.headers.push((parameter.name.to_lowercase(), text(&parameter.schema))),
            "cookie" => {
                let pair = format!("{}={}", parameter.name, text(&parameter.schema));
                match request.headers.iter_mut().find(|(name, _)| name == "cookie") {
                    Some((_, cookie)) => *cookie = format!("{cookie}; {pair}"),
                    None => request.headers.push(("cookie".to_owned(), pair)),
                }
            }
            _ => {}
        }
    }
    if let Some((media, schema)) = operation.body.as_ref().and_then(|body| first(&body.contents)) {
        let body = api.instance(schema, Values::Sent).unwrap_or_default();
        let (media, body) = match media.as_str() {
            "multipart/form-data" => ("multipart/form-data; boundary=b".to_owned(), multipart(&body)),
            "application/x-www-form-urlencoded" => (media.clone(), urlencoded(&body)),
            _ if is_json(media) => (media.clone(), body.to_string()),
            _ => (media.replace('*', "x"), "x".to_owned()),
        };
        request.headers.push(("content-type".to_owned(), media));
        request.body = body.into_bytes();
    }
    request
}

/// The fields of a form: each item of a list is a separate field, and lists and objects within it are JSON.
fn fields(body: &Value) -> Vec<(&String, &Value)> {
    let members = body.as_object().into_iter().flatten();
    let items = members.flat_map(|(name, value)| match value {
        Value::Array(items) => items.iter().map(|item| (name, item)).collect(),
        value => vec![(name, value)],
    });
    items.collect()
}

fn urlencoded(body: &Value) -> String {
    let pairs = fields(body).into_iter().map(|(name, value)| (name, plain(value)));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn multipart(body: &Value) -> String {
    let part = |(name, value): (&String, &Value)| {
        let media = if value.is_object() { "content-type: application/json\r\n" } else { "" };
        format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n{media}\r\n{}\r\n", plain(value))
    };
    fields(body).into_iter().map(part).collect::<String>() + "--b--\r\n"
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn every_operation_of_our_documents_has_a_valid_response_and_refuses_what_is_not_allowed() {
    for document in [::connectors::c1::DOCUMENT, ::connectors::pipeshub::DOCUMENT] {
        assert_eq!(failures(&Document::parse(document).unwrap()), [""; 0]);
    }
}

/// Documents in JSON, in the folder that `FAKE_DOCUMENTS` names. The folder is optional.
#[test]
fn every_operation_of_other_documents_has_a_valid_response() {
    let Some(folder) = std::env::var_os("FAKE_DOCUMENTS").filter(|folder| !folder.is_empty()) else { return };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let document = Document::parse(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let failures = failures(&document);
        println!(
            "{}: {} operations, {} failures",
            file.display(),
            document.0.contract.operations().len(),
            failures.len()
        );
        failures.iter().take(10).for_each(|failure| println!("  {}", failure.chars().take(400).collect::<String>()));
    }
}

/// Only the body tells the two apart: a fragment is not sent.
#[test]
fn of_two_operations_on_one_path_the_one_that_allows_the_request_responds() {
    let operation = |id: &str, member: &str| {
        json!({"post": {
            "operationId": id,
            "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object", "required": [member], "properties": {member: {"type": "string"}}
            }}}},
            "responses": {"200": {"description": "d", "content": {"application/json": {"schema": {"const": id}}}}}
        }})
    };
    let paths = json!({"/s#one": operation("one", "a"), "/s#two": operation("two", "b")});
    let document = Document::parse(&json!({"openapi": "3.1.0", "paths": paths}).to_string()).unwrap();
    let send = |body: &str| {
        let request = http::Request::post("https://x.example/s").header("content-type", "application/json");
        let response = document.respond(&request.body(body.as_bytes().to_vec()).unwrap());
        (response.status().as_u16(), String::from_utf8(response.into_body()).unwrap())
    };
    assert_eq!(send(r#"{"a": "x"}"#), (200, "\"one\"".to_owned()));
    assert_eq!(send(r#"{"b": "x"}"#), (200, "\"two\"".to_owned()));
    assert_eq!(send("{}").0, 400);
}
