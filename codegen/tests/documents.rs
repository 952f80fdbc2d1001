//! The promises of the pipeline for every document: valid 3.0.3, the same output twice, and no lost operation. They are
//! tested with our own difficult documents, with the vendored ones, and with real documents if these are available.

use std::path::{Path, PathBuf};

use connectors_codegen::{Declared, Generator, Kind, Node};

mod reached;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|ext| ext == "yaml" || ext == "json"));
    files.sort();
    files
}

/// Our own documents, and real ones if they are beside this checkout. `DOCUMENTS` names one more folder.
fn documents() -> Vec<PathBuf> {
    let own = files("tests/documents");
    assert!(own.len() >= 2);
    let vendored = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/c1/openapi.yaml");
    own.into_iter()
        .chain([vendored])
        .chain(files("../../shared/corpus"))
        .chain(files("../../shared/upstream"))
        .chain(std::env::var("DOCUMENTS").iter().flat_map(|folder| files(folder)))
        .collect()
}

#[test]
fn lowered_documents_are_valid_3_0_3() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("data/openapi-3.0-schema.json")).unwrap();
    let validator = jsonschema::draft4::new(&schema).unwrap();
    for file in documents() {
        let (document, _) = Generator::new(Node::read(&file).unwrap()).lowered().unwrap();
        let json = document.to_json();
        let first = validator.iter_errors(&json).next().map(|error| format!("{}: {error:.300}", error.instance_path()));
        assert_eq!(first, None, "{}", file.display());
    }
}

#[test]
fn no_operation_is_left_out_and_the_result_is_the_same_twice() {
    for file in documents() {
        let document = Node::read(&file).unwrap();
        let one = Generator::new(document.clone()).generate().unwrap();
        let skipped: Vec<String> =
            one.notes.iter().filter(|note| note.kind == Kind::Skip).map(ToString::to_string).collect();
        // The only invalid path template is a mistake of the document.
        let expected = usize::from(file.ends_with("operations.yaml"));
        assert_eq!(skipped.len(), expected, "{}: {skipped:?}", file.display());
        // A large document is generated once. Small ones are enough to find differences between runs.
        if one.code.len() < 1_000_000 {
            let two = Generator::new(document).generate().unwrap();
            assert!(one.code == two.code, "{}", file.display());
        }
    }
}

#[test]
fn everything_that_a_caller_lacks_is_noted() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents/operations.yaml");
    let client = Generator::new(Node::read(&file).unwrap()).generate().unwrap();
    let losses: Vec<String> = client
        .notes
        .iter()
        .filter(|note| matches!(note.kind, Kind::Loss | Kind::Skip))
        .map(|note| note.pointer.to_string())
        .collect();
    // There are no other notes: headers, media types and the bodies of redirects can be reached.
    let places = [
        "/paths/~1parameters/get/parameters/31",
        "/paths/~1dangling",
        "/paths/~1responses~1nullable/get/responses/42",
        "/components/securitySchemes/mutual",
        "/paths/~1broken~1{id/get",
    ];
    assert_eq!(losses, places);
}

#[test]
fn a_type_has_a_twin_only_where_the_views_differ() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents/operations.yaml");
    let client = Generator::new(Node::read(&file).unwrap()).generate().unwrap();
    let mut names: Vec<&str> = client.types.iter().map(|it| it.name.as_str()).collect();
    names.retain(|name| name.starts_with("Viewed"));
    assert_eq!(names, ["Viewed", "ViewedInput", "ViewedOther", "ViewedOtherType", "ViewedSame", "ViewedState"]);
}

#[test]
fn the_three_dialects_of_c1_give_the_same_types() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/upstream");
    if !shared.exists() {
        return;
    }
    let fields = |file: &str| -> Vec<String> {
        let operation = "c1.api.app.v1.ConnectorService.Create".to_owned();
        let selection = connectors_codegen::Selection { operations: vec![operation], ..Default::default() };
        // Like the overlay of the service: null is absent there.
        let overlay = "overlay: 1.1.0\ninfo: {title: t, version: '1'}\nactions: [{target: $.info, update: {x-null-is-absent: true}}]\n";
        let overlay = Node::parse("overlay.yaml", overlay).unwrap();
        let generator = Generator::new(Node::read(&shared.join(file)).unwrap()).select(selection).overlay(overlay);
        let client = generator.generate().unwrap();
        let fields =
            client.code.lines().map(str::trim).filter(|line| line.starts_with("pub ") || line.ends_with("macro_rules"));
        fields.filter(|line| !line.contains(" fn ")).map(str::to_owned).collect()
    };
    let live = fields("c1-2026-08.openapi.yaml");
    assert!(live.len() > 40);
    assert_eq!(fields("c1-create.openapi.yaml"), live);
    // A year older: its types are the same, and the later ones are missing.
    let older = fields("c1-2025-09.openapi.yaml");
    let unknown: Vec<&String> = older.iter().filter(|line| !live.contains(line)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn parents_on_many_paths_are_processed_in_linear_time() {
    // Nested diamonds: the number of paths to the top doubles with each level, to 2^60.
    let mut text = String::from(
        "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\ncomponents:\n  schemas:\n    S0: {type: object, properties: {p0: {type: string}}}\n",
    );
    for k in 1..=60 {
        let parent = format!("{{$ref: '#/components/schemas/S{}'}}", k - 1);
        text.push_str(&format!(
            "    S{k}: {{allOf: [{parent}, {parent}, {{properties: {{p{k}: {{type: string}}}}}}]}}\n"
        ));
    }
    let client = Generator::new(Node::parse("diamond.yaml", &text).unwrap()).generate().unwrap();
    assert!(client.code.contains("pub p60:") && client.code.matches("pub p0:").count() == 61);
}

/// This took hours, or exhausted the stack, when each value, link or path cost as much as all others together.
#[test]
fn long_lists_and_chains_are_processed_in_linear_time() {
    const MANY: usize = 30_000;
    let head = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n";
    let generate = |text: &str| Generator::new(Node::parse("long.yaml", text).unwrap()).generate().unwrap();
    let values: String = (0..MANY).map(|n| format!("        - value_{n}\n")).collect();
    let text = format!("{head}paths: {{}}\ncomponents:\n  schemas:\n    Long:\n      enum:\n{values}");
    assert!(generate(&text).code.contains(&format!("Value{} = ", MANY - 1)));

    let chain: String = (0..MANY).map(|n| format!("    S{n}: {{$ref: '#/components/schemas/S{}'}}\n", n + 1)).collect();
    let text = format!("{head}paths: {{}}\ncomponents:\n  schemas:\n{chain}    S{MANY}: {{type: [string, 'null']}}\n");
    let client = generate(&text);
    assert!(client.code.contains("pub type S0 = S1;"), "{:.2000}", client.code);

    let defs: String = (0..MANY).map(|n| format!("      D{n}: {{$ref: '#/$defs/D{}'}}\n", n + 1)).collect();
    let text = format!(
        "{head}paths: {{}}\ncomponents:\n  schemas:\n   S:\n    $ref: '#/$defs/D0'\n    $defs:\n{defs}      D{MANY}: {{type: string}}\n"
    );
    let (lowered, _) = Generator::new(Node::parse("long.yaml", &text).unwrap()).lowered().unwrap();
    assert_eq!(lowered.pointer("/components/schemas").unwrap().as_object().unwrap().len(), MANY + 2);

    let paths: String = (0..MANY)
        .map(|n| format!("  /p{n}/{{id*}}: {{get: {{responses: {{'204': {{description: x}}}}}}}}\n"))
        .collect();
    let text = format!("{head}paths:\n{paths}");
    let (lowered, notes) = Generator::new(Node::parse("long.yaml", &text).unwrap()).lowered().unwrap();
    assert_eq!(lowered.get("paths").unwrap().as_object().unwrap().len(), MANY);
    assert!(lowered.pointer("/paths/~1p7~1{id}/get").is_some() && notes.count(Kind::Loss) >= MANY);
}

/// Without results that are kept, each of these costs as much as there are paths through the unions (12^7), or as the
/// square of the number of branches or headers.
#[test]
fn nested_unions_and_long_lists_of_headers_are_processed_in_linear_time() {
    const LEVELS: usize = 7;
    const EACH: usize = 12;
    let mut schemas = String::new();
    for level in 0..LEVELS {
        let branches: Vec<String> =
            (0..EACH).map(|n| format!("{{$ref: '#/components/schemas/U{}x{n}'}}", level + 1)).collect();
        for n in 0..EACH {
            schemas.push_str(&format!("    U{level}x{n}: {{oneOf: [{}]}}\n", branches.join(", ")));
        }
    }
    for n in 0..EACH {
        schemas.push_str(&format!(
            "    U{LEVELS}x{n}: {{type: object, required: [event], properties: {{event: {{const: e{n}}}, data: {{type: object}}}}}}\n"
        ));
    }
    let text = format!(
        "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n  /a: {{get: {{operationId: a, responses: {{'200': {{description: d, \
         content: {{text/event-stream: {{schema: {{$ref: '#/components/schemas/U0x0'}}}}}}}}}}}}}}\ncomponents:\n  schemas:\n{schemas}"
    );
    let client = Generator::new(Node::parse("unions.yaml", &text).unwrap()).generate().unwrap();
    assert!(client.code.contains("pub enum U0x0") && client.code.contains("StreamFormat::Events"));

    const MANY: usize = 20_000;
    let branches = |names: &mut dyn Iterator<Item = usize>| -> String {
        names.map(|n| format!("{{type: object, properties: {{a{n}: {{type: string}}}}}}, ")).collect()
    };
    let (forth, back) = (branches(&mut (0..MANY / 4)), branches(&mut (0..MANY / 4).rev()));
    let headers: String = (0..MANY).map(|n| format!("'a b{n}': {{}}, c{n}: {{}}, ")).collect();
    let text = format!(
        "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n  /a: {{get: {{operationId: a, responses: {{'200': {{description: d, \
         headers: {{{headers}}}}}}}}}}}\ncomponents:\n  schemas:\n    Both: {{allOf: [{{oneOf: [{forth}]}}, {{oneOf: [{back}]}}]}}\n"
    );
    let client = Generator::new(Node::parse("lists.yaml", &text).unwrap()).generate().unwrap();
    assert_eq!(client.notes.count(Kind::Loss), MANY);
}

#[test]
fn a_callback_that_the_receiver_of_a_request_would_send_is_noted() {
    let callback = "{'{$request.body#/url}': {post: {operationId: x, responses: {}, callbacks: {deep: {$ref: '#/components/callbacks/C'}}}}}";
    let text = format!(
        "openapi: 3.1.0
info: {{title: t, version: '1'}}
paths: {{/a: {{post: {{operationId: a, responses: {{}}, callbacks: {{done: {callback}, shared: {{$ref: '#/components/callbacks/C'}}}}}}}}}}
webhooks: {{w: {{post: {{responses: {{}}, callbacks: {{more: {callback}}}}}}}}}
components: {{callbacks: {{C: {callback}}}}}
"
    );
    let client = Generator::new(Node::parse("t.yaml", &text).unwrap()).generate().unwrap();
    let noted: Vec<String> =
        client.notes.iter().filter(|note| note.kind == Kind::Loss).map(|note| note.pointer.to_string()).collect();
    let url = "{$request.body#~1url}/post/callbacks/deep";
    let expected = [
        format!("/paths/~1a/post/callbacks/done/{url}"),
        format!("/components/callbacks/C/{url}"),
        "/webhooks/w/post/callbacks/more".to_owned(),
    ];
    assert_eq!(noted, expected);
    assert!(client.code.contains("Shared") && client.code.contains("Done"));
}

#[test]
fn an_alias_that_leads_to_itself_is_a_type_of_its_own() {
    let own = "$ref: '#/components/schemas/A'";
    for (schema, expected) in [
        (format!("type: array, items: {{{own}}}"), "pub struct A("),
        (format!("type: object, additionalProperties: {{{own}}}"), "pub struct A("),
        (format!("type: string, contentMediaType: application/json, contentSchema: {{{own}}}"), "pub struct A("),
        (format!("allOf: [{{{own}}}]"), "pub type A"),
    ] {
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths: {{}}\ncomponents: {{schemas: {{A: {{{schema}}}}}}}\n"
        );
        let client = Generator::new(Node::parse("t.yaml", &text).unwrap()).generate().unwrap();
        assert!(client.code.contains(expected), "{schema}: {}", client.code);
    }
}

#[test]
fn a_main_that_returns_an_error_prints_its_place_and_help() {
    let document = Node::parse("pets.yaml", "swagger: '2.0'").unwrap();
    let error = Generator::new(document).generate().unwrap_err();
    let printed = format!("{error:?}");
    assert_eq!(printed, error.to_string());
    assert!(printed.contains("pets.yaml:1:") && printed.contains("help: "), "{printed}");
}

/// [`reach`](connectors_codegen::reach) reads the model. [`reached`] reads the document and the text of the client, and has to
/// count the same.
#[test]
fn everything_that_a_document_declares_is_reached_or_noted() {
    for file in documents() {
        let generator = Generator::new(Node::read(&file).unwrap());
        let (document, client) = (generator.overlaid().unwrap(), generator.generate().unwrap());
        let table = connectors_codegen::reach(&document, &client);
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for (what, of_kind) in &table {
            println!(
                "| {name} | {what} | {} | {} | {} | {} |",
                of_kind.declared,
                of_kind.reached,
                of_kind.noted,
                of_kind.silent.len()
            );
        }
        let silent: Vec<_> = table.iter().flat_map(|(what, it)| it.silent.iter().map(move |at| (*what, at))).collect();
        assert!(silent.is_empty(), "{name}: {silent:#?}");
        let (declared, missing) = reached::missing(&document, &client, &client.code);
        assert!(missing.is_empty(), "{name}: {missing:#?}");
        for (what, number) in declared {
            assert_eq!(table.get(&what).map(|it| it.declared), Some(number), "{name}: {what}");
        }
    }
}

#[test]
fn a_part_that_the_text_of_a_client_lacks_is_found() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents/latest.yaml");
    let generator = Generator::new(Node::read(&file).unwrap());
    let (document, client) = (generator.overlaid().unwrap(), generator.generate().unwrap());
    for (what, text, other) in [
        (Declared::Operation, "\"/books/by-form\"", "\"/books/by\""),
        (Declared::Parameter, "query(\"to\")", "query(\"t\")"),
        (Declared::Parameter, "cookie(\"reader\")", "header(\"reader\")"),
        (Declared::RequestMedia, "\"multipart/mixed\"", "\"multipart/related\""),
        (Declared::Status, "409u16", "410u16"),
        (Declared::ResponseMedia, "application/jsonl", "application/json"),
        (Declared::Header, "\"x-shelf\"", "\"x-shelves\""),
        (Declared::Server, "\"https://{region}.library.example/v1\"", "\"https://library.example\""),
        (Declared::Webhook, "\"readerJoined\"", "\"readerLeft\""),
        (Declared::Callback, "\"closed\"", "\"open\""),
    ] {
        assert!(client.code.contains(text), "{text}");
        let (_, missing) = reached::missing(&document, &client, &client.code.replace(text, other));
        assert!(missing.iter().any(|it| it.starts_with(&what.to_string())), "{text}: {missing:?}");
    }
}

#[test]
fn each_kind_of_loss_is_explained_in_the_docs() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/losses.md");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.lines().filter(|line| line.starts_with("## ")).count() <= 5);
    // The quoted phrases in the first column of each table.
    let rows = page.lines().filter(|line| line.starts_with("| \""));
    let cells = rows.filter_map(|line| line.split('|').nth(1));
    let phrases: Vec<&str> = cells.flat_map(|cell| cell.split('"').skip(1).step_by(2)).collect();
    assert!(phrases.len() > 8, "{phrases:?}");
    // A document with every loss.
    let each = |text: fn(usize) -> String| (0..17).map(text).collect::<Vec<_>>().join(", ");
    let (required, declared) =
        (each(|n| format!("s{n}: []")), each(|n| format!("s{n}: {{type: http, scheme: bearer}}")));
    let text = format!(
        "openapi: 3.2.0
info: {{title: t, version: '1'}}
security: [{{{required}}}]
paths:
  /a{{?q}}: {{get: {{operationId: a, responses: {{'999': {{description: d}}, '200': {{description: d, headers: {{b d: {{}}}}, links: {{l: {{operationId: gone}}}}}}}}}}}}
  /b: {{$ref: '#/components/pathItems/None'}}
  /c:
    get:
      operationId: c
      security: [{{none: []}}]
      parameters: [{{name: b d, in: header, schema: {{type: string}}}}, {{name: b;d, in: cookie, schema: {{type: string}}}}, {{in: query}}]
webhooks: {{w: {{post: {{callbacks: {{c: {{'{{$url}}': {{post: {{responses: {{}}}}}}}}}}, responses: {{}}}}}}}}
components: {{securitySchemes: {{{declared}, key: {{type: apiKey, name: k}}, tls: {{type: mutualTLS}}, digest: {{type: http, scheme: digest}}}}}}
"
    );
    let all = Node::parse("losses.yaml", &text).unwrap();
    let clients = documents().into_iter().map(|file| Node::read(&file).unwrap()).chain([all]);
    let clients = clients.map(|document| Generator::new(document).generate().unwrap());
    let mut used = std::collections::BTreeSet::new();
    for client in clients {
        for note in client.notes.iter().filter(|note| note.kind == Kind::Loss) {
            let phrase = phrases.iter().find(|phrase| note.reason.contains(**phrase));
            used.insert(*phrase.unwrap_or_else(|| panic!("the page does not explain: {note}")));
        }
    }
    let unused: Vec<_> = phrases.iter().filter(|phrase| !used.contains(**phrase)).collect();
    assert!(unused.is_empty(), "no document has such a loss: {unused:?}");
}

#[test]
fn only_a_header_is_an_idempotency_key() {
    for (place, expected) in [("header", "ByKey(\"idempotency-key\")"), ("query", "NotIdempotent")] {
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n  /pets: {{post: {{operationId: addPet, \
             parameters: [{{name: Idempotency-Key, in: {place}, schema: {{type: string}}}}], \
             responses: {{'204': {{description: ok}}}}}}}}\n"
        );
        let client = Generator::new(Node::parse("t.yaml", &text).unwrap()).generate().unwrap();
        let code: String = client.code.split_whitespace().collect();
        // A retry under a key that the server does not read would create a second pet.
        assert!(code.contains(&format!("Idempotency::{expected}")), "{place}");
    }
}

#[test]
fn each_status_has_the_links_of_its_most_specific_response() {
    for (with, without, expected) in [
        (&["201"][..], &["409"][..], "[201u16].contains(&status)"),
        (&["4XX"], &["200", "422"], "(400u16..=499u16).contains(&status)&&![422u16].contains(&status)"),
        (&["4XX", "503"], &["200"], "(400u16..=499u16).contains(&status)||[503u16].contains(&status)"),
        (&["default"], &["200"], "![200u16].contains(&status)"),
        (
            &["default", "422"],
            &["200", "4XX"],
            "!((400u16..=499u16).contains(&status)||[200u16].contains(&status))||[422u16].contains(&status)",
        ),
    ] {
        let response = |status: &str, rest: &str| format!("'{status}': {{description: d{rest}}}");
        let link = ", links: {it: {operationId: addPet}}";
        let responses: Vec<String> =
            (with.iter().map(|it| response(it, link))).chain(without.iter().map(|it| response(it, ""))).collect();
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n  /pets: {{post: {{operationId: addPet, \
             responses: {{{}}}}}}}\n",
            responses.join(", ")
        );
        let client = Generator::new(Node::parse("t.yaml", &text).unwrap()).generate().unwrap();
        let code: String = client.code.split_whitespace().collect();
        let code = code.replace("|status|{", "|status|");
        assert!(code.contains(&format!("|status|{expected}")), "{with:?}");
    }
}
