//! No text of a document becomes code: not its title, its descriptions, its names or its values.

use std::collections::BTreeSet;

use connectors_codegen::{Client, Generator, Listing, Node};
use serde_json::{Value, json};

/// Each text as the documentation of everything that can have a description.
fn document(text: &str) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/a/{id}": {"post": {
            "operationId": "postA",
            "summary": text,
            "description": text,
            "parameters": [
                {"name": "id", "in": "path", "required": true, "description": text, "schema": {"type": "string"}},
                {"name": "q", "in": "query", "description": text, "schema": {"enum": ["x", "y"], "description": text}},
            ],
            "requestBody": {"description": text, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/T"}}}},
            "responses": {"200": {"description": text, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/T"}}}}},
        }}},
        "components": {"schemas": {
            "T": {"type": "object", "title": text, "description": text, "properties": {
                "a": {"type": "string", "title": text, "description": text, "default": text, "example": text},
                "b": {"description": text, "oneOf": [
                    {"type": "object", "description": text, "required": ["k"], "properties": {"k": {"const": "k", "description": text}}},
                    {"type": "array", "description": text, "items": {"type": "integer", "enum": [1, 2], "description": text}},
                ]},
            }},
        }},
    })
}

/// The lines of documentation in Rust source, by block.
fn documentation(code: &str) -> Vec<String> {
    let mut blocks: Vec<String> = vec![String::new()];
    for line in code.lines().map(str::trim_start) {
        match line.strip_prefix("///") {
            Some(text) => {
                let last = blocks.last_mut().unwrap();
                last.push_str(text.strip_prefix(' ').unwrap_or(text));
                last.push('\n');
            }
            None if blocks.last().is_some_and(|last| !last.is_empty()) => blocks.push(String::new()),
            None => {}
        }
    }
    blocks
}

#[test]
fn no_description_is_a_doctest_html_or_a_link_to_an_item() {
    use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

    for text in [
        "x\n\n```\nstd::fs::write(\"marker\", \"x\").unwrap();\n```\n and a bare\rreturn",
        "x\n\n    std::process::exit(1);\n\n\tstd::process::exit(1);",
        "1. x\n\n   ~~~rust,should_panic\n   panic!()\n   ~~~\n- \n      fn x() {}",
        "*/ }} \u{2028} end \u{202e} \u{0} /*!",
        "a <T> of [a][b] in [c] and <script>alert(1)</script> at https://x.example/a, [d]: https://x.example",
        "| a | b |\n|---|---|\n| `x | [y] ` | <b> |\n![image](https://x.example/i.png)[^1]\n\n[^1]: note",
        "\\[a\\] \\\\[b\\\\] `[c]` \\`[d]` ``[e]` ``` [f] ``` \\<p>",
    ] {
        let node = Node::parse("hostile.json", &document(text).to_string()).unwrap();
        let client = Generator::new(node).generate().unwrap();
        assert!(!client.code.contains('\r') && !client.code.contains('\u{202e}'), "{text:?}");
        let blocks = documentation(&client.code);
        assert!(blocks.len() > 10);
        for block in blocks {
            let known = |_: pulldown_cmark::BrokenLink<'_>| Some(("item".into(), "".into()));
            for event in Parser::new_with_broken_link_callback(&block, Options::ENABLE_TABLES, Some(known)) {
                let harmful = match &event {
                    Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => info.as_ref() != "text",
                    Event::Start(Tag::CodeBlock(CodeBlockKind::Indented) | Tag::HtmlBlock | Tag::Image { .. }) => true,
                    Event::Start(Tag::Link { dest_url, .. }) => !dest_url.starts_with("https://x.example"),
                    Event::Html(_) | Event::InlineHtml(_) => true,
                    _ => false,
                };
                assert!(!harmful, "{event:?} of {text:?} in:\n{block}");
            }
        }
    }
}

#[test]
fn any_name_and_value_has_its_own_identifier() {
    let names = [
        "½",
        "²",
        "V½",
        "①",
        "\u{d55c}",
        "\u{1112}\u{1161}\u{11ab}",
        "\u{2126}",
        "\u{3a9}",
        "K",
        "\u{212a}",
        "é",
        "e\u{301}",
        "\u{301}",
        "😀",
        "😁",
        "_",
        "",
        " ",
        "‿",
        "self",
        "Self",
        "\u{202e}",
        "a\"b",
        "a\\",
        "*/",
        "r#type",
        "type",
        "{①}",
        "path",
    ];
    let properties: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
    let mut schemas: serde_json::Map<String, Value> = names
        .iter()
        .map(|name| (format!("S{name}"), json!({"type": "object", "properties": {"x": {"type": "string"}}})))
        .collect();
    schemas.insert("All".to_owned(), json!({"type": "object", "properties": properties}));
    schemas.insert("Value".to_owned(), json!({"type": "string", "enum": names}));
    let document = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, "components": {"schemas": schemas},
    });
    let client = Generator::new(Node::parse("names.json", &document.to_string()).unwrap()).generate().unwrap();
    let file: syn::File = syn::parse_str(&client.code).unwrap();
    let types = file.items.iter().find_map(|item| match item {
        syn::Item::Mod(module) if module.ident == "types" => module.content.as_ref(),
        _ => None,
    });
    let all = types.unwrap().1.iter().find_map(|item| match item {
        syn::Item::Struct(item) if item.ident == "All" => Some(item),
        _ => None,
    });
    let mut fields: Vec<String> = all.unwrap().fields.iter().map(|it| it.ident.as_ref().unwrap().to_string()).collect();
    fields.sort();
    fields.dedup();
    assert!(fields.len() >= names.len(), "{fields:?}");
    let mut own: Vec<&str> = client.types.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(own.len(), names.len() + 2, "{own:?}");
    own.sort_unstable();
    own.dedup();
    assert_eq!(own.len(), names.len() + 2, "{own:?}");
}

/// A client of a document in YAML.
fn client(text: &str) -> Client {
    Generator::new(Node::parse("t.yaml", text).unwrap()).generate().unwrap()
}

/// The methods of a type in the root of the code, by name, each with the names of its arguments.
fn methods(code: &str, of: &str) -> Vec<(String, Vec<String>)> {
    let file = syn::parse_file(code).unwrap();
    let blocks = file.items.iter().filter_map(|item| match item {
        syn::Item::Impl(it) if it.trait_.is_none() => Some(it),
        _ => None,
    });
    let blocks = blocks.filter(|it| matches!(&*it.self_ty, syn::Type::Path(ty) if ty.path.is_ident(of)));
    let methods = blocks.flat_map(|it| &it.items).filter_map(|item| match item {
        syn::ImplItem::Fn(it) => Some(&it.sig),
        _ => None,
    });
    let arguments = |argument: &syn::FnArg| match argument {
        syn::FnArg::Typed(it) => match &*it.pat {
            syn::Pat::Ident(name) => Some(name.ident.to_string()),
            _ => None,
        },
        syn::FnArg::Receiver(_) => None,
    };
    methods.map(|it| (it.ident.to_string(), it.inputs.iter().filter_map(arguments).collect())).collect()
}

#[test]
fn no_parameter_has_the_name_of_a_variable_of_its_method() {
    let names = ["request", "response", "error", "origin", "media_type", "body", "core"];
    let parameters: Vec<Value> = names
        .iter()
        .map(|name| json!({"name": name, "in": "query", "required": true, "schema": {"type": "string"}}))
        .chain([json!({"name": "Error", "in": "header", "required": true, "schema": {"type": "string"}})])
        .collect();
    let links = json!({"next": {"operationId": "second"}});
    let document = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
        "paths": {
            "/a": {"get": {
                "operationId": "first",
                "parameters": [{"name": "error", "in": "query", "schema": {"type": "string"}}],
                "responses": {"200": {"description": "", "links": links}, "404": {"description": "", "links": links}},
            }},
            "/b": {"post": {
                "operationId": "second", "parameters": parameters,
                "requestBody": {"required": true, "content": {"*/*": {}}}, "responses": {"204": {"description": ""}},
            }},
        },
    });
    let client = client(&document.to_string());
    let methods = methods(&client.code, "Client");
    let mut seen = 0;
    for (method, arguments) in &methods {
        let unique: BTreeSet<&String> = arguments.iter().collect();
        assert_eq!(unique.len(), arguments.len(), "{method}: {arguments:?}");
        let is_link = method.contains("_then_");
        let own = if is_link { &["request"][..] } else { &["request", "response", "error"][..] };
        assert!(own.iter().all(|name| !unique.contains(&(*name).to_owned())), "{method}: {arguments:?}");
        seen += usize::from(is_link);
    }
    assert_eq!(seen, 2, "{methods:?}");
    // The variable of a link's method has a name that no parameter has.
    assert!(methods.iter().any(|(_, arguments)| arguments.iter().any(|it| it == "origin")), "{methods:?}");
    assert!(!client.code.contains("let origin ="));
    // An optional parameter is set by a method of its own, so its name stays.
    assert!(client.code.contains("pub fn error(mut self"));
    let listing = Listing::of(&client).to_string();
    let linked = listing.lines().find(|line| line.contains("first_then_next(response")).unwrap();
    assert!(linked.contains("media_type: MediaType, body: bytes"), "{linked}");
}

#[test]
fn a_link_is_listed_with_the_arguments_that_its_method_has() {
    let client = client(
        "openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /a:
    get:
      operationId: first
      responses:
        '200':
          description: ''
          content: {application/json: {schema: {type: object, properties: {id: {type: string}}}}}
          links:
            one: {operationId: one}
            whole: {operationId: second, requestBody: $response.body}
            bare: {operationId: second}
  /b: {get: {operationId: one, parameters: [{name: n, in: query, required: true, schema: {type: integer}}], responses: {'204': {description: ''}}}}
  /c: {post: {operationId: second, requestBody: {required: true, content: {application/merge-patch+json: {schema: {type: object}}}}, responses: {'204': {description: ''}}}}
",
    );
    let listing = Listing::of(&client).to_string();
    assert!(listing.contains("fn first_then_bare(response, body: &"), "{listing}");
    assert!(listing.contains("fn first_then_whole(response) -> second"), "{listing}");
    assert!(listing.contains("fn first_then_one(response, n: N<i64>) -> one"), "{listing}");
    // The body of the link is of the media type of the operation that it leads to.
    let code: String = client.code.split_whitespace().collect();
    assert!(code.contains("link_body(&origin__,\"application/merge-patch+json\","), "{code}");
}

#[test]
fn no_two_methods_of_the_credentials_have_the_same_name() {
    let flow = "{type: oauth2, flows: {authorizationCode: {authorizationUrl: 'https://x.example/a', tokenUrl: 'https://x.example/t', scopes: {}}}}";
    let schemes = ["OAuth2", "OAuth2AuthorizationCode", "o_auth2_by", "oAuth2DeviceLogin", "with"];
    for reversed in [false, true] {
        let mut schemes = schemes.to_vec();
        if reversed {
            schemes.reverse();
        }
        let schemes: String = schemes.iter().map(|name| format!("    {name}: {flow}\n")).collect();
        let client = client(&format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths: {{}}\ncomponents:\n  securitySchemes:\n{schemes}"
        ));
        let mut names: Vec<String> = methods(&client.code, "Credentials").into_iter().map(|(name, _)| name).collect();
        let all = names.len();
        assert_eq!(all, 2 + 5 * 3, "{names:?}");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all, "{names:?}");
    }
}

#[test]
fn a_name_of_the_prelude_hides_no_trait_that_the_code_names() {
    const TRAITS: [&str; 6] = ["Default", "From", "Into", "AsRef", "IntoIterator", "Sized"];
    let servers: Vec<Value> = TRAITS
        .iter()
        .map(|name| json!({"url": "https://{v}.x.example", "description": name, "variables": {"v": {"default": "a"}}}))
        .collect();
    let mut paths = serde_json::Map::new();
    for name in TRAITS {
        paths.insert(
            format!("/{name}"),
            json!({"post": {
                "operationId": name,
                "parameters": [
                    {"name": "a", "in": "query", "schema": {"type": "string"}},
                    {"name": "b", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                ],
                "requestBody": {"content": {"text/plain": {}}},
                "responses": {"204": {"description": "", "links": {"next": {"operationId": name}}}},
            }}),
        );
    }
    let document = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "servers": servers, "paths": paths,
    });
    let client = client(&document.to_string());
    let file = syn::parse_file(&client.code).unwrap();
    let modules = file.items.iter().filter_map(|item| match item {
        syn::Item::Mod(it) if ["servers", "requests"].iter().any(|name| it.ident == name) => it.content.as_ref(),
        _ => None,
    });
    let mut seen = 0;
    for (_, items) in modules {
        let code: String = quote::quote!(#(#items)*).to_string().split_whitespace().collect();
        for name in TRAITS {
            assert!(code.contains(&format!("pubstruct{name}{{")), "{name}: {code}");
            for used in [format!("impl{name}<"), format!("impl{name}for"), format!("({name}::")] {
                assert!(!code.contains(&used), "{used}: {code}");
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 12);
}

#[test]
fn properties_that_two_parts_share_are_united_and_add_no_schema_for_each_child() {
    let schemas = "openapi: 3.1.0
info: {title: t, version: '1'}
paths: {}
components:
  schemas:
    Same:
      allOf:
        - {type: object, properties: {meta: {$ref: '#/components/schemas/Meta'}, size: {type: integer}}}
        - {type: object, properties: {meta: {$ref: '#/components/schemas/Meta'}, size: {type: integer, minimum: 1}}}
    Meta: {type: object, required: [id], properties: {id: {type: string}}}
    United:
      allOf:
        - {properties: {meta: {type: object, required: [id], properties: {id: {type: string}, deep: {properties: {a: {type: string}}}}}}}
        - {properties: {meta: {type: object, required: [name], properties: {name: {type: string}, deep: {properties: {b: {type: string}}}}}}}
        - {properties: {meta: {required: [more], properties: {more: {type: string}}}}}
";
    let listing = Listing::of(&client(schemas)).to_string();
    let block = |name: &str| {
        let is_head = |line: &str| line.strip_prefix("struct ").and_then(|it| it.split(' ').next()) == Some(name);
        let mut lines = listing.lines().skip_while(|line| !is_head(line));
        assert!(lines.next().is_some(), "{name} in {listing}");
        let mut members: Vec<&str> = lines.take_while(|line| line.starts_with(' ')).map(str::trim).collect();
        members.sort_unstable();
        members
    };
    let (meta, deep) = (block("UnitedMeta"), block("UnitedMetaDeep"));
    for member in ["id: String", "more: String", "name: String"] {
        assert!(meta.contains(&member), "{meta:?}");
    }
    assert!(["a: Option<String>", "b: Option<String>"].iter().all(|member| deep.contains(member)), "{deep:?}");
    assert!(block("Same").contains(&"meta: Option<Meta>"), "{listing}");
}

#[test]
fn callbacks_and_headers_that_contain_each_other_are_read_once() {
    const MANY: usize = 3000;
    let callback = |index: usize| {
        let next = json!({"$ref": format!("#/components/callbacks/C{}", (index + 1) % MANY)});
        let operation = json!({"callbacks": {"a": next.clone(), "b": next}, "responses": {"204": {"description": ""}}});
        (format!("C{index}"), json!({"{$url}": {"post": operation}}))
    };
    let callbacks: serde_json::Map<String, Value> = (0..MANY).map(callback).collect();
    let header = json!({"$ref": "#/components/headers/H"});
    let within = json!({"multipart/form-data": {
        "schema": {"type": "object", "properties": {"p": {"type": "string"}}},
        "encoding": {"p": {"headers": {"X-H": header.clone()}}},
    }});
    let document = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
        "paths": {"/a": {"post": {
            "operationId": "a",
            "callbacks": {"c": {"$ref": "#/components/callbacks/C0"}},
            "responses": {"204": {"description": "", "headers": {"X-H": header}}},
        }}},
        "components": {"callbacks": callbacks, "headers": {"H": {"content": within}}},
    });
    let client = Generator::new(Node::parse("t.json", &document.to_string()).unwrap()).generate().unwrap();
    let listing = Listing::of(&client).to_string();
    assert!(listing.contains("union callbacks::ACallback"), "{listing}");
    assert!(listing.contains("X_H"), "{listing}");
}

#[test]
fn a_union_with_properties_that_leads_back_to_itself_ends() {
    let schemas = json!({
        "D": {"allOf": [{"$ref": "#/components/schemas/E"}]},
        "E": {"properties": {"data": {
            "anyOf": [{"$ref": "#/components/schemas/D"}, {"properties": {"data": {"type": "string"}}}], "properties": {},
        }}},
    });
    let document = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, "components": {"schemas": schemas},
    });
    let client = Generator::new(Node::parse("t.json", &document.to_string()).unwrap()).generate().unwrap();
    assert!(Listing::of(&client).to_string().contains("struct E"), "{}", client.code);
}

#[test]
fn merging_properties_whose_schemas_have_many_parts_ends() {
    const MANY: usize = 2000;
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let own: Vec<Value> = (0..MANY).map(|index| reference(&format!("P{index}"))).collect();
    let each =
        |schema: Value| (0..MANY).map(|index| (format!("p{index}"), schema.clone())).collect::<serde_json::Map<_, _>>();
    let mut schemas: serde_json::Map<String, Value> = (0..MANY)
        .map(|index| (format!("P{index}"), json!({"properties": {format!("q{index}"): {"type": "string"}}})))
        .collect();
    schemas.insert("H".to_owned(), json!({"allOf": own}));
    schemas.insert("X".to_owned(), json!({"properties": {"x": {"type": "string"}}}));
    let parts = [each(json!({"allOf": [reference("H")]})), each(reference("X"))].map(|it| json!({"properties": it}));
    schemas.insert("Both".to_owned(), json!({"allOf": parts}));
    let document = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}, "components": {"schemas": schemas},
    });
    let client = Generator::new(Node::parse("t.json", &document.to_string()).unwrap()).generate().unwrap();
    assert!(Listing::of(&client).to_string().contains("struct Both"));
}

#[test]
fn an_operation_may_have_a_name_that_begins_with_a_digit() {
    let operation = |id: &str| json!({"operationId": id, "responses": {"204": {"description": "done"}}});
    for id in ["0", "_0", "1st", "9.lives", "\u{0663}"] {
        let document = json!({
            "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
            "paths": {"/a": {"get": operation(id)}, "/b": {"get": operation("other")}},
        });
        let client = Generator::new(Node::parse("t.json", &document.to_string()).unwrap()).generate().unwrap();
        assert_eq!(client.operations, 2, "{id}: {:?}", client.notes);
        syn::parse_file(&client.code).unwrap();
    }
}

/// Merging two cycles of schemas leads to as many pairs as the product of their lengths.
#[test]
fn merging_two_long_cycles_ends() {
    let cycle = |name: &str, length: usize| -> String {
        let next = |at: usize| format!("{{$ref: '#/components/schemas/{name}{}'}}", (at + 1) % length);
        let schema = |at: usize| {
            format!("    {name}{at}: {{type: object, properties: {{next: {}, {name}: {{type: string}}}}}}\n", next(at))
        };
        (0..length).map(schema).collect()
    };
    let text = format!(
        "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths: {{}}\ncomponents:\n  schemas:\n{}{}    X: {{allOf: \
         [{{properties: {{p: {{$ref: '#/components/schemas/a0'}}}}}}, {{properties: {{p: {{$ref: '#/components/schemas/b0'}}}}}}]}}\n",
        cycle("a", 101),
        cycle("b", 103)
    );
    let client = client(&text);
    let notes: Vec<String> = client.notes.iter().map(ToString::to_string).collect();
    assert!(notes.iter().any(|note| note.contains("more than 64 `allOf`")), "{notes:?}");
    assert!(client.types.len() < 300, "{}", client.types.len());
}
