//! What a call sends and reads beside the types of a body: parameters, parts, statuses, servers, hints.

use std::collections::{BTreeMap, BTreeSet};

use connectors_codegen::{Client, Declared, Generator, Kind, Listing, Node, reach};

use super::{document, modules};

/// A document of OpenAPI 3.2 with paths, each a line of YAML, and lines after them.
fn latest(paths: &str, rest: &str) -> Generator {
    let paths: String = paths.lines().map(|line| format!("  {}\n", line.trim())).collect();
    let text = format!("openapi: 3.2.0\ninfo: {{title: t, version: '1'}}\npaths:\n{paths}{rest}");
    Generator::new(Node::parse("t.yaml", &text).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

/// A path with one operation that returns nothing, and the members of that operation.
fn path(path: &str, method: &str, members: &str) -> String {
    format!("{path}: {{{method}: {{operationId: op, {members}, responses: {{'204': {{description: d}}}}}}}}")
}

fn client(paths: &str) -> Client {
    latest(paths, "").generate().unwrap()
}

/// The notes of one kind.
fn of_kind(client: &Client, kind: Kind) -> Vec<String> {
    client.notes.iter().filter(|note| note.kind == kind).map(ToString::to_string).collect()
}

#[track_caller]
fn has(notes: &[String], all: &[&str]) {
    let found = notes.iter().filter(|note| all.iter().all(|part| note.contains(part))).count();
    assert_eq!(found, 1, "{all:?} in {notes:#?}");
}

#[test]
fn a_parameter_is_sent_by_its_media_type() {
    let object = "schema: {type: object, properties: {a: {type: string}}}";
    let parameters = format!(
        "parameters: [{{name: p, in: query, content: {{text/plain: {{schema: {{type: integer}}}}}}}}, \
           {{name: t, in: query, content: {{text/plain: {{{object}}}}}}}, \
           {{name: x, in: header, content: {{application/xml: {{{object}}}}}}}, \
           {{name: f, in: query, content: {{application/x-www-form-urlencoded: {{{object}, encoding: {{a: {{allowReserved: true}}}}}}}}}}, \
           {{name: j, in: query, content: {{application/vnd.x+json: {{{object}}}}}}}, \
           {{name: l, in: query, content: {{application/jsonl: {{itemSchema: {{type: integer}}}}}}}}]"
    );
    let client = client(&path("/a", "get", &parameters));
    let listing = Listing::of(&client).to_string();
    for member in ["p: i64", "t: String", "x: String", "f: types::OpF", "j: types::OpJ", "l: String"] {
        assert!(listing.lines().any(|line| line.trim() == member), "{member}: {listing}");
    }
    let code = super::code(&client);
    for sent in [
        "Parameter::query(\"p\"),",
        "Parameter::query(\"t\"),",
        "Parameter::header(\"x\"),",
        "Parameter::query(\"f\").form(const{&[::connectors_runtime::Parameter::query(\"a\").allow_reserved(),]})",
        "Parameter::query(\"j\").json()",
        "Parameter::query(\"l\"),",
    ] {
        assert!(code.contains(sent), "{sent}: {}", client.code);
    }
    let notes = of_kind(&client, Kind::Rename);
    for (name, media) in [("t", "text/plain"), ("x", "application/xml"), ("l", "application/jsonl")] {
        has(&notes, &[&format!("`{name}` is passed as the text of `{media}`")]);
    }
    assert_eq!(notes.len(), 3, "{notes:#?}");
}

#[test]
fn a_part_that_is_not_json_is_passed_as_it_is_sent() {
    let properties = "properties: {meta: {type: object, properties: {a: {type: string}}}, rows: {type: array, items: {type: object}}, \
        raw: {type: object}, kind: {type: string, enum: [a]}, plain: {type: object}}";
    let encoding = "encoding: {meta: {contentType: application/xml}, rows: {contentType: text/csv}, raw: {contentType: application/cbor}, \
        kind: {contentType: application/xml}, plain: {contentType: text/plain}}";
    let body = |media: &str| {
        let content = format!("{media}: {{schema: {{type: object, {properties}}}, {encoding}}}");
        client(&path("/a", "post", &format!("requestBody: {{required: true, content: {{{content}}}}}")))
    };
    let parts = body("multipart/form-data");
    assert_eq!(
        super::block(&Listing::of(&parts).to_string(), "forms::Op"),
        "struct forms::Op\nmeta: Option<String>\nrows: Option<Vec<String>>\nraw: Option<File>\nkind: Option<types::OpKind>\n\
         plain: Option<serde_json::Map<String, serde_json::Value>>"
    );
    let notes = of_kind(&parts, Kind::Rename);
    has(&notes, &["the part `meta` is passed as the text of `application/xml`"]);
    has(&notes, &["the part `rows` is passed as the text of `text/csv`"]);
    has(&notes, &["the part `raw` is passed as the bytes of `application/cbor`"]);
    assert_eq!(notes.len(), 3, "{notes:#?}");
    // In a form, an object keeps its name.
    let form = body("application/x-www-form-urlencoded");
    assert!(super::code(&form).contains("body_form(body,const{&[]})"), "{}", form.code);
    has(&of_kind(&form, Kind::Rename), &["`meta` is sent as JSON", "`raw_body`", "/encoding/meta)"]);
}

#[test]
fn the_headers_of_parts_and_the_parameters_of_a_multipart_type_are_kept() {
    let content = "'multipart/related; type=\"application/json\"; boundary=x': {schema: {type: array, prefixItems: [{type: object}], \
        items: {type: integer}}, prefixEncoding: [{contentType: application/json, headers: {Content-ID: {required: true, schema: {type: string}}}}], \
        itemEncoding: {contentType: text/plain, headers: {X-Seq: {schema: {type: integer}}, 'a b': {schema: {type: integer}}}}}";
    let generator =
        latest(&path("/a", "post", &format!("requestBody: {{required: true, content: {{{content}}}}}")), "");
    let client = generator.generate().unwrap();
    assert!(client.code.contains(r#"body_parts("multipart/related; type=\"application/json\"","#), "{}", client.code);
    assert!(client.code.contains("Its headers, which `Multipart::header_at` adds: `Content-ID`."), "{}", client.code);
    has(&of_kind(&client, Kind::Rename), &["`Content-ID` of the part `first`", "`Multipart::header_at`"]);
    has(&of_kind(&client, Kind::Loss), &["`a b` is not a header name"]);
    let table = reach(&generator.overlaid().unwrap(), &client);
    let headers = &table[&Declared::PartHeader];
    assert_eq!((headers.declared, headers.reached, headers.noted), (3, 2, 1), "{headers:?}");
}

#[test]
fn the_query_of_a_path_is_sent_and_its_fragment_is_not() {
    let paths = "/s?action={a}&b=1: {get: {operationId: one, parameters: [{name: a, in: path, required: true, schema: {type: string}}], responses: {'204': {description: d}}}}
        /s?action=list: {get: {operationId: two, responses: {'204': {description: d}}}}
        /s#three: {get: {operationId: three, responses: {'204': {description: d}}}}
        /s: {get: {operationId: four, responses: {'204': {description: d}}}}";
    let client = client(paths);
    let code = super::code(&client);
    assert_eq!(client.operations, 4, "{:?}", client.notes);
    for query in ["action={a}&b=1", "action=list", ""] {
        assert_eq!(code.matches(&format!(".with_query(\"{query}\")")).count(), 1, "{query}: {}", client.code);
    }
    assert!(!code.contains("%3F") && !code.contains("%23"), "{}", client.code);
    let notes = of_kind(&client, Kind::Correction);
    has(&notes, &["`action=list` is sent in each request", "t.yaml:5:"]);
    has(&notes, &["a path has no fragment; it is not sent", "t.yaml:6:"]);
    assert_eq!(notes.len(), 3, "{notes:#?}");
}

#[test]
fn a_method_that_http_does_not_have_is_left_out_alone() {
    let client = client(
        "/a: {additionalOperations: {BAD METHOD: {operationId: bad, responses: {'204': {description: d}}}, \
           COPY: {operationId: copy, responses: {'204': {description: d}}}}}",
    );
    assert_eq!(client.operations, 1);
    has(&of_kind(&client, Kind::Skip), &["`BAD METHOD` is not a method of HTTP", "t.yaml:4:"]);
}

#[test]
fn other_servers_of_an_operation_are_reached_by_the_builder() {
    let servers = "servers: [{url: 'https://{tenant}.example/{v}', variables: {tenant: {default: acme}, v: {default: v1}}}, {url: 'https://b.example'}]";
    let generator = latest(&path("/a", "get", servers), "");
    let client = generator.generate().unwrap();
    let notes = of_kind(&client, Kind::Rename);
    has(
        &notes,
        &[
            "calls are sent to `https://acme.example/v1`",
            "`tenant`, `v`",
            "Server::instead_of(\"https://acme.example/v1\", ...)",
        ],
    );
    let table = reach(&generator.overlaid().unwrap(), &client);
    assert!(table[&Declared::Server].silent.is_empty());
}

#[test]
fn each_constraint_that_is_not_checked_is_counted() {
    let schema = "{type: object, minProperties: 1, maxProperties: 9, properties: {s: {type: string, minLength: 1, maxLength: 5, pattern: ^a}, \
        n: {type: integer, minimum: 1, maximum: 5, multipleOf: 2}, m: {type: number, exclusiveMinimum: 0, exclusiveMaximum: 9}, \
        l: {type: array, items: {type: string}, minItems: 1, maxItems: 2, uniqueItems: true}, no: {not: {type: string}}, \
        t: {type: array, prefixItems: [{type: string}], minItems: 1, maxItems: 1}, \
        free: {type: string, minLength: 0, description: none}, maxLength: {type: string}}}";
    let client =
        client(&path("/a", "post", &format!("requestBody: {{content: {{application/json: {{schema: {schema}}}}}}}")));
    let notes = of_kind(&client, Kind::Unchecked);
    assert_eq!(client.notes.count(Kind::Unchecked), 14, "{notes:#?}");
    for key in [
        "minProperties",
        "maxProperties",
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "multipleOf",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minItems",
        "maxItems",
        "uniqueItems",
        "not",
    ] {
        has(&notes, &[&format!("`{key}` is not checked"), &format!("/{key})"), "t.yaml:4:"]);
    }
}

#[test]
fn a_status_without_json_is_not_read_as_a_broader_one() {
    let json = |schema: &str| format!("content: {{application/json: {{schema: {schema}}}}}");
    let paths = format!(
        "/a: {{get: {{operationId: op, responses: {{'200': {{description: d}}, '404': {{description: none}}, \
           '500': {{description: d, content: {{text/plain: {{schema: {{type: string}}}}}}}}, 4XX: {{description: d, {}}}, \
           default: {{description: d, {}}}}}}}}}\n\
         /b: {{get: {{operationId: other, responses: {{'200': {{description: d}}, '404': {{description: none}}}}}}}}",
        json("{type: integer}"),
        json("{type: string}")
    );
    let client = client(&paths);
    let code = super::code(&client);
    assert!(code.contains("404u16=>None,500u16=>None,400u16..=499u16=>"), "{}", client.code);
    assert!(!code.contains("Status404") && !code.contains("pubenumOther"), "{}", client.code);
}

#[test]
fn what_has_no_type_of_its_own_is_noted() {
    let typed = |media: &str, property: &str| {
        format!(
            "{media}: {{schema: {{type: object, required: [{property}], properties: {{{property}: {{type: string}}}}}}}}"
        )
    };
    let items = |media: &str, property: &str| typed(media, property).replace("schema", "itemSchema");
    let paths = format!(
        "/a: {{get: {{operationId: failing, responses: {{'200': {{description: d}}, '404': {{description: d, content: {{{}, {}, {}}}}}}}}}}}\n\
         /b: {{get: {{operationId: streaming, responses: {{'200': {{description: d, content: {{{}, {}}}}}}}}}}}\n\
         /c: {{post: {{operationId: sending, requestBody: {{required: true, content: {{{}}}}}, responses: {{'204': {{description: d}}}}}}}}",
        typed("application/json", "a"),
        typed("application/problem+json", "b"),
        typed("application/hal+json", "a"),
        items("application/jsonl", "a"),
        items("application/x-ndjson", "b"),
        items("application/jsonl", "c"),
    );
    let client = client(&paths);
    let notes = of_kind(&client, Kind::Rename);
    has(
        &notes,
        &["`application/problem+json` has no type", "`Error::body`", "/404/content/application~1problem+json)"],
    );
    has(&notes, &["the items of `application/x-ndjson` have no type", "`stream` reads those of `application/jsonl`"]);
    has(&notes, &["the body of `application/jsonl` is passed as bytes", "/requestBody/content/application~1jsonl)"]);
    assert_eq!(notes.len(), 3, "{notes:#?}");
}

#[test]
fn each_format_of_a_stream_has_a_method_with_typed_items() {
    let paths = "/a: {post: {operationId: ask, x-stream: {end: '[DONE]', property: stream}, parameters: [{name: stream_lines, in: query, schema: {type: string}}], \
        requestBody: {required: true, content: {application/json: {schema: {type: object, properties: {stream: {type: boolean}}}}}}, \
        responses: {'200': {description: d, content: {application/jsonl: {itemSchema: {type: integer}}, text/event-stream: {itemSchema: {type: string}}, \
        application/x-ndjson: {itemSchema: {type: integer}}}}, '201': {description: d, content: {application/json-seq: {itemSchema: {type: boolean}}}}}}}";
    let client = client(paths);
    let code = super::code(&client).replace(",)", ")");
    for method in [
        "stream(self)->::connectors_runtime::Items<i128>",
        "stream_events(self)->::connectors_runtime::Items<String>",
        "stream_sequence(self)->::connectors_runtime::Items<bool>",
    ] {
        assert!(code.contains(&format!("pubfn{method}")), "{method}: {}", client.code);
    }
    // Only a stream of events has the data that ends it. The property of the body requests each of them.
    for streaming in [
        "Lines,\"application/jsonl,application/x-ndjson\").with_property(\"stream\")}",
        "EventData,\"text/event-stream\").with_property(\"stream\").with_end(\"[DONE]\")}",
        "Sequence,\"application/json-seq\").with_property(\"stream\")}",
    ] {
        assert!(code.contains(streaming), "{streaming}: {}", client.code);
    }
    assert_eq!(of_kind(&client, Kind::Rename), Vec::<String>::new());
    assert!(Listing::of(&client).to_string().contains("fn stream_events() -> Items<String>"));
}

#[test]
fn what_a_webhook_has_beside_its_body_is_noted() {
    let rest = "webhooks: {a: {parameters: [{name: X-Try, in: header, schema: {type: integer}}, {name: X-Event, in: header, schema: {type: integer}}, \
        {name: Authorization, in: header, schema: {type: string}}], post: {parameters: [{name: X-Event, in: header, schema: {type: string}}, \
        {name: q, in: query, schema: {type: integer}}], requestBody: {content: \
        {application/json: {schema: {type: object}}, application/cloudevents+json: {schema: {type: object}}}}, responses: {'200': {description: d}}}}, \
        b: {post: {requestBody: {content: {application/jsonl: {itemSchema: {type: object}}, application/xml: {}}}, responses: {'200': {description: d}}}}}\n";
    let generator = latest("/a: {}", rest);
    let client = generator.generate().unwrap();
    let notes = of_kind(&client, Kind::Rename);
    has(&notes, &["the query parameter `q` is not parsed", "/webhooks/a/post/parameters/1)"]);
    let code = super::code(&client);
    assert!(code.contains("pubconstX_EVENT:::connectors_runtime::Header<String>"), "{}", client.code);
    assert!(code.contains("pubconstX_TRY:::connectors_runtime::Header<i128>"), "{}", client.code);
    assert!(!code.contains("AUTHORIZATION"), "the client reads no credentials");
    has(&notes, &["a body of `application/cloudevents+json` is not parsed"]);
    has(&notes, &["a body of `application/jsonl` is returned as bytes"]);
    assert_eq!((notes.len(), client.notes.losses().as_str()), (3, ""), "{notes:#?}");
    let table = reach(&generator.overlaid().unwrap(), &client);
    let (parameters, media) = (&table[&Declared::WebhookParameter], &table[&Declared::WebhookMedia]);
    assert_eq!((parameters.declared, parameters.reached, parameters.noted), (3, 2, 1));
    assert_eq!((media.declared, media.reached, media.noted, media.silent.len()), (4, 3, 1, 0));
}

#[test]
fn a_mapping_that_leads_to_no_branch_is_noted() {
    let reference = |name: &str| format!("{{$ref: '#/components/schemas/{name}'}}");
    let schemas = format!(
        "components:\n  schemas:\n    Cat: {{type: object, properties: {{kind: {{type: string}}}}}}\n    Dog: {{type: object, properties: {{kind: {{type: string}}}}}}\n    \
         Fish: {{type: object}}\n    Pet: {{oneOf: [{}, {}], discriminator: {{propertyName: kind, defaultMapping: Nope, \
         mapping: {{c: Cat, d: '#/components/schemas/Dog', f: Fish, g: '#/components/schemas/Gone', z: ./other.yaml}}}}}}\n",
        reference("Cat"),
        reference("Dog")
    );
    let pet = format!("application/json: {{schema: {}}}", reference("Pet"));
    let paths = format!(
        "/a: {{post: {{operationId: op, requestBody: {{content: {{{pet}}}}}, responses: {{'200': {{description: d, content: {{{pet}}}}}}}}}}}"
    );
    let client = latest(&paths, &schemas).generate().unwrap();
    let notes: Vec<String> = client.notes.iter().map(ToString::to_string).collect();
    for value in ["mapping/f", "mapping/g", "mapping/z", "defaultMapping"] {
        has(&notes, &[&format!("/components/schemas/Pet/discriminator/{value})")]);
    }
    // The note has the place of the entry, not that of the union: each entry stands in another column.
    let columns: BTreeSet<&str> = notes.iter().filter_map(|note| note.split(':').nth(3)).collect();
    assert_eq!(columns.len(), 4, "{notes:#?}");
    assert_eq!(notes.len(), 4, "{notes:#?}");
}

#[test]
fn a_hint_that_has_no_effect_is_noted_where_it_is() {
    let events = "responses: {'200': {description: d, content: {text/event-stream: {}}}}";
    let get = |name: &str, hint: &str| format!("/{name}: {{get: {{operationId: {name}, {hint}, {events}}}}}\n");
    let paths: String = [
        ("a", "x-stream: {ende: x}"),
        ("b", "x-stream: true"),
        ("c", "x-stream: {end: 5}"),
        ("d", "x-idempotent: maybe"),
        ("e", "x-idempotency-key: a b"),
        ("f", "x-idempotent: false, x-idempotency-key: key, x-stream: {end: x}"),
    ]
    .iter()
    .map(|(name, hint)| get(name, hint))
    .collect();
    let notes = of_kind(&client(&paths), Kind::Skip);
    for (place, reason) in [
        ("t.yaml:4:", "`x-stream` has no `ende`"),
        ("t.yaml:5:", "`x-stream` has no effect: it is an object"),
        ("t.yaml:6:", "`end` of `x-stream` is not a text"),
        ("t.yaml:7:", "`x-idempotent` has no effect"),
        ("t.yaml:8:", "`x-idempotency-key` has no effect"),
    ] {
        has(&notes, &[place, reason]);
    }
    assert_eq!(notes.len(), 5, "{notes:#?}");
}

#[test]
fn a_header_that_http_does_not_have_is_a_loss() {
    let generator = latest(
        "/a: {get: {operationId: op, responses: {'200': {description: d, headers: {bad name: {schema: {type: string}}, X-Good: {schema: {type: string}}}}}}}",
        "",
    );
    let client = generator.generate().unwrap();
    has(&of_kind(&client, Kind::Loss), &["`bad name` is not a header name", "t.yaml:4:"]);
    let headers = &reach(&generator.overlaid().unwrap(), &client)[&Declared::Header];
    assert_eq!((headers.declared, headers.reached, headers.noted), (2, 1, 1));
}

#[test]
fn a_parameter_that_may_be_empty_can_be_sent_without_a_value() {
    let parameters = "parameters: [{name: flag, in: query, allowEmptyValue: true, schema: {type: boolean}}, \
        {name: n, in: query, required: true, allowEmptyValue: true, schema: {type: integer}}, \
        {name: n_empty, in: query, schema: {type: integer}}, {name: s, in: query, allowEmptyValue: true, schema: {type: string}}]";
    let client = client(&path("/a", "get", parameters));
    let listing = Listing::of(&client).to_string();
    for setter in ["fn flag_empty()", "fn n_empty_value()"] {
        assert!(listing.lines().any(|line| line.trim() == setter), "{listing}");
    }
    assert!(!listing.contains("s_empty"), "{listing}");
    let sends =
        "pubfnflag_empty(mutself)->Self{self.call.set(&::connectors_runtime::Parameter::query(\"flag\"),\"\");self}";
    assert!(super::code(&client).contains(sends), "{}", client.code);
}

#[test]
fn what_the_specification_forbids_is_noted() {
    let whole = "{name: a, in: querystring, content: {application/json: {schema: {type: string}}}}";
    let part = "{name: b, in: query, schema: {type: string}}";
    let ok = "responses: {'204': {description: d}}";
    let paths = format!(
        "/a: {{get: {{operationId: a, parameters: [{whole}, {part}], {ok}}}}}\n\
         /b: {{parameters: [{part}], get: {{operationId: b, parameters: [{whole}], {ok}}}}}\n\
         /c: {{$ref: '#/components/pathItems/P', get: {{operationId: own, {ok}}}}}\n\
         /d: {{post: {{operationId: d, requestBody: {{content: {{multipart/mixed: {{encoding: {{}}, prefixEncoding: []}}}}}}, {ok}}}}}"
    );
    let rest = format!(
        "components: {{pathItems: {{P: {{get: {{operationId: theirs, {ok}}}, put: {{operationId: put, {ok}}}}}}}}}\n\
         $self: 'https://e.example/a.yaml#b'\nparameters: []\n\
         servers: [{{url: 'https://{{v}}.example', variables: {{v: {{enum: [], default: a}}}}}}, \
           {{url: 'https://{{v}}.example', variables: {{v: {{enum: [x], default: a}}}}}}]\n"
    );
    let client = latest(&paths, &rest).generate().unwrap();
    let notes = of_kind(&client, Kind::Correction);
    for all in [
        ["`in: query` beside it", "/paths/~1a/get/parameters/1)"],
        ["`in: query` beside it", "/paths/~1b/parameters/0)"],
        ["has `get` too", "/paths/~1c/get)"],
        ["there can be only one", "/content/multipart~1mixed/encoding)"],
        ["not the URI of a document", "(/$self)"],
        ["OpenAPI has no `parameters` here", "(/parameters)"],
        ["has no values", "(/servers/0/variables/v/enum)"],
        ["`a` is not in the variable's `enum`", "(/servers/1/variables/v/default)"],
    ] {
        has(&notes, &all);
    }
}

#[test]
fn a_note_prints_no_control_character_of_the_document() {
    let paths = "/a: {get: {operationId: op, parameters: [{name: \"\\e[31m\\r\\nred\", in: header, schema: {type: string}}], responses: {'204': {description: d}}}}";
    let client = client(paths);
    let [note] = &of_kind(&client, Kind::Loss)[..] else { panic!("{:?}", client.notes) };
    assert!(note.contains("`\\u{1b}[31m\\r\\nred` is not a header name"), "{note}");
    assert!(!note.contains(char::is_control) && client.notes.losses().lines().count() == 1, "{note}");
    let error = Node::parse("a.yaml", "openapi: \"4.0\\e[31m\\u202E\"\ninfo: {}\n");
    let error = error.and_then(|node| Generator::new(node).generate()).unwrap_err().to_string();
    assert!(!error.contains(['\u{1b}', '\u{202e}']), "{error:?}");
}

#[test]
fn the_case_of_a_header_changes_no_code() {
    let code = |name: &str| {
        let header = format!("{{name: {name}, in: header, schema: {{type: integer}}}}");
        client(&path("/a", "get", &format!("parameters: [{header}]"))).code
    };
    assert!(code("X-Rate").contains("x_rate"));
    assert!(code("X-Rate") == code("x-rate"));
}

#[test]
fn a_required_key_that_is_not_declared_is_noted() {
    let body = "requestBody: {content: {application/json: {schema: {allOf: [{type: object, required: [a, b], \
                properties: {a: {type: string}}}, {required: [c], properties: {b: {type: string}}}]}}}}";
    let notes = of_kind(&client(&path("/a", "post", body)), Kind::Unchecked);
    assert_eq!(notes.len(), 1, "{notes:?}");
    has(&notes, &["required but not declared", "`c`"]);
}

#[test]
fn mistakes_that_change_nothing_are_noted() {
    let notes = |text: &str| {
        let client = Generator::new(Node::parse("t.yaml", text).unwrap()).generate().unwrap();
        of_kind(&client, Kind::Correction)
    };
    let head = "openapi: 3.2.0\ninfo: {title: t, version: '1'}\n";
    for (text, place) in [
        (
            format!("{head}components: {{examples: {{A: {{value: 1, externalValue: 'https://x.example'}}}}}}\n"),
            "(/components/examples/A)",
        ),
        (
            format!("{head}components: {{examples: {{A: {{externalValue: x, serializedValue: y}}}}}}\n"),
            "(/components/examples/A)",
        ),
        (
            format!("{head}components: {{headers: {{A: {{schema: {{type: string}}, allowReserved: true}}}}}}\n"),
            "(/components/headers/A/allowReserved)",
        ),
        (
            format!(
                "{head}components: {{parameters: {{A: {{name: c, in: cookie, style: cookie, schema: {{type: string}}, allowReserved: true}}}}}}\n"
            ),
            "(/components/parameters/A/allowReserved)",
        ),
        (format!("{head}jsonSchemaDialect: 42\npaths: {{}}\n"), "(/jsonSchemaDialect)"),
        (head.to_owned(), "none of them"),
        (format!("{}paths: {{}}\n", head.replace("3.2.0", "3.2")), "(/openapi)"),
    ] {
        has(&notes(&text), &[place]);
    }
    let right = "components: {examples: {A: {dataValue: 1, serializedValue: '1'}}, parameters: {A: {name: q, in: query, schema: {type: string}, allowReserved: true}}}\n";
    assert_eq!(notes(&format!("{head}{right}")), Vec::<String>::new());
}

#[test]
fn a_multipart_body_without_a_struct_is_noted() {
    let body = |media: &str| format!("requestBody: {{required: true, content: {{{media}}}}}");
    let union = body(
        "multipart/form-data: {schema: {oneOf: [{type: object, properties: {f: {type: string, format: binary}}}, {type: object, properties: {u: {type: string}}}]}}",
    );
    let notes = of_kind(&client(&path("/a", "post", &union)), Kind::Rename);
    has(&notes, &["the parts of `multipart/form-data` have no struct", "/content/multipart~1form-data)"]);
    for media in [
        "multipart/form-data: {}",
        "multipart/form-data: {schema: {type: object, properties: {f: {type: string}}}}",
        "multipart/mixed: {itemSchema: {type: string}}",
    ] {
        assert_eq!(of_kind(&client(&path("/a", "post", &body(media))), Kind::Rename), Vec::<String>::new(), "{media}");
    }
}

#[test]
fn a_header_of_plain_text_has_its_type() {
    let header = "responses: {'200': {description: d, headers: {X-Left: {content: {text/plain: {schema: {type: integer}}}}, X-Raw: {content: {application/xml: {schema: {type: integer}}}}}}}";
    let client = client(&format!("/a: {{get: {{operationId: op, {header}}}}}"));
    let code = super::code(&client);
    assert!(code.contains("X_LEFT:::connectors_runtime::Header<i128>"), "{}", client.code);
    assert!(code.contains("X_RAW:::connectors_runtime::Header<String>"), "{}", client.code);
}

#[test]
fn the_same_value_in_another_media_type_is_noted() {
    let json = "{schema: {$ref: '#/components/schemas/A'}}";
    let body = format!(
        "requestBody: {{required: true, content: {{application/json: {json}, application/vnd.a+json: {json}}}}}"
    );
    let generator = latest(
        &path("/a", "post", &body),
        "components: {schemas: {A: {type: object, properties: {a: {type: string}}}}}\n",
    );
    let client = generator.generate().unwrap();
    has(
        &of_kind(&client, Kind::Rename),
        &["`application/vnd.a+json` has the value of `application/json`", "`Content-Type`"],
    );
    let media = &reach(&generator.overlaid().unwrap(), &client)[&Declared::RequestMedia];
    assert_eq!((media.reached, media.noted, media.silent.len()), (1, 1, 0));
}

#[test]
fn operations_whose_names_with_their_groups_are_alike_are_all_called() {
    let operation = |(index, (id, group)): (usize, &(&str, &str))| {
        let tags = if group.is_empty() { String::new() } else { format!("tags: [{group}], ") };
        format!("/{index}: {{get: {{operationId: {id}, {tags}responses: {{'204': {{description: d}}}}}}}}\n")
    };
    let all = [
        ("deserialize", "client"),
        ("deserialize_", ""),
        ("type", "client"),
        ("a_in_in_b", "c"),
        ("a_in_in_b_in_c", ""),
        ("a", "in_b_in_c"),
        ("a_in", "b_in_c"),
    ];
    let client = client(&all.iter().enumerate().map(operation).collect::<String>());
    let mut methods: Vec<&str> =
        client.code.lines().filter_map(|line| line.trim().strip_prefix("pub async fn ")).collect();
    methods.sort_unstable();
    methods.dedup();
    assert_eq!((client.operations, methods.len()), (all.len(), all.len()), "{methods:#?}");
}

#[test]
fn the_headers_of_parts_count_for_the_media_type_that_has_them() {
    // Parts of form-data have names, so a list of them has no struct, and the caller writes each.
    let form = "multipart/form-data: {schema: {type: array, prefixItems: [{type: string}]}, prefixEncoding: [{headers: {X-Left: {schema: {type: string}}}}]}";
    let mixed = "multipart/mixed: {schema: {type: object, properties: {a: {type: string}}}}";
    let body = format!("requestBody: {{required: true, content: {{{form}, {mixed}}}}}");
    let generator = latest(&path("/a", "post", &body), "");
    let table = reach(&generator.overlaid().unwrap(), &generator.generate().unwrap());
    let headers = &table[&Declared::PartHeader];
    assert_eq!((headers.declared, headers.silent.len()), (1, 0), "{headers:?}");
}

#[test]
fn no_two_methods_of_a_group_have_requests_of_one_name() {
    for (one, other) in [
        ("get_a_1", "getA1"),
        ("a1_2", "a_12"),
        ("api", "apiRequest"),
        ("Box", "box_request"),
        ("self", "self_type"),
        ("Self", "SelfType"),
        ("x__y", "x.y"),
        ("get-pet", "getPet"),
    ] {
        for tags in ["", "tags: [t], "] {
            let path = |path: &str, id: &str| {
                format!("/{path}: {{get: {{operationId: '{id}', {tags}responses: {{'200': {{description: ok}}}}}}}}\n")
            };
            let (two, grown) = (path("o", one) + &path("p", other), path("o", one));
            let first = document(&grown, "").generate().unwrap();
            for client in [
                document(&two, "").generate().unwrap(),
                document(&two, "").names(first.names.clone()).generate().unwrap(),
            ] {
                let mut count: BTreeMap<String, usize> = BTreeMap::new();
                let file = syn::parse_file(&client.code).unwrap();
                for item in modules(&file.items) {
                    if let syn::Item::Struct(it) = item {
                        *count.entry(it.ident.to_string()).or_default() += 1;
                    }
                }
                assert!(count.values().all(|many| *many == 1), "{one} {other} {count:?}\n{}", client.code);
            }
        }
    }
}

/// Operations without parameters, each with its id, its tag or none, and other members.
fn operations(all: &[(&str, &str, &str)]) -> String {
    let each = all.iter().enumerate().map(|(index, (id, tag, more))| {
        let tags = if tag.is_empty() { String::new() } else { format!("tags: [{tag}], ") };
        format!("/{index}: {{post: {{operationId: {id}, {tags}{more}responses: {{'204': {{description: d}}}}}}}}\n")
    });
    each.collect()
}

/// The names of the methods of the client and of its groups, in order.
fn methods(client: &Client) -> Vec<String> {
    let file = syn::parse_file(&client.code).unwrap();
    let of = |item: &syn::Item| match item {
        syn::Item::Impl(it) if it.trait_.is_none() => it
            .items
            .iter()
            .filter_map(|item| match item {
                syn::ImplItem::Fn(it) if it.sig.receiver().is_some() => Some(it.sig.ident.to_string()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    let is_api = |item: &&syn::Item| match item {
        syn::Item::Impl(it) => matches!(&*it.self_ty, syn::Type::Path(path)
            if path.path.segments.last().is_some_and(|it| ["Api", "Client"].iter().any(|name| it.ident == name))),
        _ => false,
    };
    modules(&file.items).into_iter().filter(is_api).flat_map(of).collect()
}

#[test]
fn a_name_that_follows_from_a_locked_name_stays() {
    let schema = "{schema: {type: object, properties: {a: {type: string}}}}";
    let body = format!(
        "requestBody: {{required: true, content: {{application/json: {schema}, application/x-www-form-urlencoded: {schema}}}}}, "
    );
    let old = operations(&[("p.upload", "t", &body)]);
    let new = operations(&[("p.upload", "t", &body), ("q.upload", "t", ""), ("upload_form", "t", "")]);
    let first = document(&old, "").generate().unwrap();
    let has = |client: &Client, name: &str| methods(client).iter().filter(|it| *it == name).count();
    assert_eq!((has(&first, "upload"), has(&first, "upload_form")), (1, 1));
    let grown = document(&new, "").names(first.names).generate().unwrap();
    assert_eq!((has(&grown, "upload"), has(&grown, "upload_form")), (1, 1), "{:?}", methods(&grown));
    assert!(grown.names.to_string().contains("operation \"upload_form\" = upload_form_again"), "{}", grown.names);
    // Both are in the lock by then, so both stay.
    let again = document(&new, "").names(grown.names.clone()).generate().unwrap();
    assert_eq!(again.code, grown.code);
    // Without a lock, the operation has its own name.
    let both = document(&new, "").generate().unwrap();
    assert!(both.names.to_string().contains("operation \"upload_form\" = upload_form\n"), "{}", both.names);
}

#[test]
fn a_group_and_a_method_beside_it_keep_names_that_only_look_alike() {
    for (id, tag) in [("get_a1", "get_a_1"), ("apiRequest", "api")] {
        let old = operations(&[(id, "", "")]);
        let new = operations(&[(id, "", ""), ("x", tag, "")]);
        let first = document(&old, "").generate().unwrap();
        let expected = first.names.to_string().lines().next().unwrap().to_owned();
        for names in [first.names, connectors_codegen::Names::default()] {
            let grown = document(&new, "").names(names).generate().unwrap();
            assert!(grown.names.to_string().contains(&expected), "{expected}\n{}", grown.names);
        }
    }
    // A word without cases is the name of a module and of a request.
    let client = document(&operations(&[("\u{65e5}", "", ""), ("x", "\u{65e5}", "")]), "").generate().unwrap();
    assert_eq!(methods(&client).iter().filter(|name| name.starts_with('\u{65e5}')).count(), 2, "{}", client.names);
}
