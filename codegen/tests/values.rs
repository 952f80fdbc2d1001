//! What values are: those that a document allows are not refused, and what an author writes is read as it is meant.

use connectors_codegen::{Client, Generator, Listing, Node};

/// A client of component schemas, each a line of YAML.
fn client_of(version: &str, paths: &str, schemas: &str) -> Client {
    let indented = |text: &str| text.lines().map(|line| format!("    {}\n", line.trim())).collect::<String>();
    let paths = if paths.is_empty() { "    {}\n".to_owned() } else { indented(paths) };
    let text = format!(
        "openapi: {version}\ninfo: {{title: t, version: '1'}}\npaths:\n{paths}components:\n  schemas:\n    Filler: {{type: string}}\n{}",
        indented(schemas),
    );
    Generator::new(Node::parse("t.yaml", &text).unwrap()).generate().unwrap()
}

/// The listing, and the notes.
fn listed(version: &str, paths: &str, schemas: &str) -> (String, Vec<String>) {
    let client = client_of(version, paths, schemas);
    (Listing::of(&client).to_string(), client.notes.iter().map(ToString::to_string).collect())
}

/// The lines of the listing that have one of these texts.
fn has(listing: &str, lines: &[&str]) {
    for line in lines {
        assert!(listing.lines().any(|it| it.trim().starts_with(line)), "no `{line}` in:\n{listing}");
    }
}

fn told(notes: &[String], parts: &[&str]) {
    assert!(notes.iter().any(|note| parts.iter().all(|part| note.contains(part))), "{parts:?}: {notes:#?}");
}

#[test]
fn a_nullable_schema_stays_nullable_beside_constraints() {
    let nullable = "S: {type: [string, 'null']}\nO: {type: [object, 'null'], properties: {p: {type: string}}}\n";
    let (s, o) = ("{$ref: '#/components/schemas/S'}", "{$ref: '#/components/schemas/O'}");
    for (property, is_option) in [
        ("{$ref: '#/components/schemas/S', maxLength: 3}".to_owned(), true),
        (format!("{{allOf: [{s}, {{pattern: x}}]}}"), true),
        ("{allOf: [{type: [string, 'null']}, {maxLength: 3}]}".to_owned(), true),
        ("{$ref: '#/components/schemas/O', minProperties: 1}".to_owned(), true),
        ("{$ref: '#/components/schemas/O', required: [p]}".to_owned(), true),
        (format!("{{allOf: [{o}, {{properties: {{q: {{type: string}}}}}}]}}"), true),
        // These exclude null, or nothing names it.
        (format!("{{allOf: [{s}, {{type: string, maxLength: 3}}]}}"), false),
        (format!("{{allOf: [{s}, {{enum: [a]}}]}}"), false),
        (format!("{{allOf: [{s}, {{not: {{type: 'null'}}}}]}}"), false),
        ("{allOf: [{type: string}, {maxLength: 3}]}".to_owned(), false),
        ("{allOf: [{maxLength: 3}, {pattern: x}]}".to_owned(), false),
    ] {
        let (listing, _) = listed(
            "3.1.0",
            "",
            &format!("{nullable}N: {{type: object, required: [a], properties: {{a: {property}}}}}"),
        );
        let field = listing
            .lines()
            .skip_while(|line| !line.starts_with("struct N"))
            .find(|line| line.trim().starts_with("a: "));
        let field = field.unwrap_or_else(|| panic!("{property}:\n{listing}"));
        assert_eq!(field.contains("Option<"), is_option, "{property}: {field}");
    }
}

fn form(version: &str, parts: &str) -> (String, Vec<String>) {
    let path = format!(
        "/f: {{post: {{operationId: send, requestBody: {{required: true, content: {{multipart/form-data: {{schema: {{type: object, required: [p], properties: {{p: {parts}}}}}}}}}}}, responses: {{'200': {{description: ok}}}}}}}}"
    );
    listed(version, &path, "L: {type: array, items: {$ref: '#/components/schemas/L'}}")
}

#[test]
fn a_part_that_may_be_a_file_is_sent_as_one() {
    let file = "{type: string, format: binary}";
    let list = format!("{{type: array, items: {file}}}");
    for (version, part, field) in [
        ("3.0.3", file.to_owned(), "p: File"),
        ("3.0.3", format!("{{anyOf: [{file}, {list}]}}"), "p: Vec<File>"),
        ("3.1.0", format!("{{oneOf: [{list}, {file}]}}"), "p: Vec<File>"),
        (
            "3.1.0",
            format!("{{type: array, items: {{anyOf: [{file}, {{type: string, format: binary, title: t}}]}}}}"),
            "p: Vec<File>",
        ),
        ("3.1.0", "{}".to_owned(), "p: File"),
        ("3.1.0", "{type: array, items: {}}".to_owned(), "p: Vec<File>"),
        ("3.1.0", "{contentMediaType: image/png}".to_owned(), "p: File"),
        ("3.1.0", "{contentMediaType: image/png, contentEncoding: base64}".to_owned(), "p: Base64"),
        // In 3.0 a part without a type is any JSON, and so is a part with a default.
        ("3.0.3", "{}".to_owned(), "p: serde_json::Value"),
        ("3.1.0", "{default: 5}".to_owned(), "p: serde_json::Value"),
        ("3.1.0", "{type: array, items: {type: string}}".to_owned(), "p: Vec<String>"),
        ("3.1.0", "{type: array}".to_owned(), "p: Vec<serde_json::Value>"),
        ("3.1.0", "{$ref: '#/components/schemas/L'}".to_owned(), "p: types::L"),
    ] {
        let (listing, notes) = form(version, &part);
        assert!(listing.contains(field), "{part}: no `{field}` in:\n{listing}");
        assert!(!notes.iter().any(|note| note.contains("can be a file too")), "{notes:?}");
    }
    let (listing, notes) = form("3.1.0", &format!("{{oneOf: [{file}, {{type: string, format: uri}}]}}"));
    assert!(listing.contains("p: String"), "{listing}");
    told(&notes, &["rename", "the part `p` can be a file too"]);
}

#[test]
fn a_dynamic_reference_leads_where_its_dynamic_scope_does() {
    let page = "Page: {$id: 'https://x/page', type: object, required: [items], properties: {items: {type: array, items: {$dynamicRef: '#T'}}}, $defs: {T: {$dynamicAnchor: T, type: object, required: [id], properties: {id: {type: integer}}}}}";
    let names =
        "Names: {$id: 'https://x/names', $ref: 'https://x/page', $defs: {T: {$dynamicAnchor: T, type: string}}}";
    let users = "Users: {$id: 'https://x/users', $ref: 'https://x/page'}";
    let outer =
        "Flags: {$id: 'https://x/flags', $ref: 'https://x/users', $defs: {T: {$dynamicAnchor: T, type: boolean}}}";
    let tree = "Tree: {$id: 'https://x/tree', $dynamicAnchor: node, type: object, properties: {children: {type: array, items: {$dynamicRef: '#node'}}}}";
    let strict = "Strict: {$id: 'https://x/strict', $dynamicAnchor: node, $ref: tree, required: [data], properties: {data: {type: string}}}";
    let (listing, _) = listed("3.1.0", "", &[page, names, users, outer, tree, strict].join("\n"));
    let alias = |name: &str| {
        let line = listing.lines().find(|line| line.starts_with(&format!("type {name} = ")));
        line.and_then(|line| line.split(" = ").nth(1)).unwrap_or(name).to_owned()
    };
    let end = |name: &str| (0..8).fold(name.to_owned(), |name, _| alias(&name));
    let item = |name: &str, field: &str| {
        let head = format!("struct {}", end(name));
        let line = listing
            .lines()
            .skip_while(|line| line.split(" (").next() != Some(head.as_str()))
            .find(|line| line.trim().starts_with(field));
        let line = line.unwrap_or_else(|| panic!("no {field} in {head}:\n{listing}"));
        end(line.split("Vec<").nth(1).unwrap().trim_end_matches('>'))
    };
    assert_eq!(item("Names", "items: "), "String", "{listing}");
    assert_eq!(item("Flags", "items: "), "bool", "{listing}");
    assert_eq!(item("Users", "items: "), item("Page", "items: "), "{listing}");
    assert!(item("Page", "items: ").starts_with("Page"), "{listing}");
    assert_eq!(item("Tree", "children: "), "Tree", "{listing}");
    assert_eq!(item("Strict", "children: "), "Strict", "{listing}");
    // A recursive anchor of 2019-09, and a reference to an anchor that is not dynamic.
    let old = "Base: {$id: 'https://x/base', $recursiveAnchor: true, type: object, properties: {of: {type: array, items: {$recursiveRef: '#'}}}}\nMore: {$id: 'https://x/more', $recursiveAnchor: true, $ref: base, required: [of]}\nPlain: {$id: 'https://x/plain', type: object, properties: {of: {$dynamicRef: '#a'}}, $defs: {A: {$anchor: a, type: integer}}}\nOver: {$id: 'https://x/over', $ref: plain, $defs: {A: {$dynamicAnchor: a, type: string}}}";
    let (listing, _) = listed("3.1.0", "", old);
    has(&listing, &["of: Option<Vec<Base>>", "of: Vec<More>", "of: Option<A>", "type Over = Plain"]);
}

#[test]
fn many_dynamic_scopes_end_with_a_note() {
    // Each of these refers to all others, and each has an anchor of its own.
    let all: String = (0..12)
        .map(|own| {
            let properties =
                (0..12).map(|it| format!("p{it}: {{$ref: 'https://x/{it}'}}, d{it}: {{$dynamicRef: '#a{it}'}}"));
            let anchors = (0..12).filter(|it| it % 3 == own % 3 || *it == own);
            let anchors = anchors.map(|it| format!("a{it}: {{$dynamicAnchor: a{it}, type: string}}"));
            format!(
                "S{own}: {{$id: 'https://x/{own}', type: object, properties: {{{}}}, $defs: {{{}}}}}\n",
                properties.collect::<Vec<_>>().join(", "),
                anchors.collect::<Vec<_>>().join(", ")
            )
        })
        .collect();
    let (_, notes) = listed("3.1.0", "", &all);
    told(&notes, &["unchecked", "too many schemas depend on the dynamic scope"]);
    let about = notes.iter().filter(|note| note.contains("dynamic scope"));
    assert_eq!(about.count(), 1, "one note is enough: {notes:?}");
}

#[test]
fn constraints_beside_a_reference_are_ignored_in_3_0() {
    let schemas = "P: {type: object, properties: {p: {type: string}}}\nR: {type: object, properties: {a: {$ref: '#/components/schemas/P', type: string}, c: {$ref: '#/components/schemas/P', properties: {z: {type: integer}}, required: [z]}, d: {$ref: '#/components/schemas/P', description: words, deprecated: true, nullable: true, readOnly: true, x-note: 1}}}";
    let (listing, notes) = listed("3.0.3", "", schemas);
    has(&listing, &["a: Option<P>", "c: Option<P>", "d: Option<P>"]);
    told(&notes, &["correction", "`type`", "/components/schemas/R/properties/a)"]);
    told(&notes, &["correction", "`properties`, `required`", "/components/schemas/R/properties/c)"]);
    assert_eq!(notes.iter().filter(|note| note.contains("beside")).count(), 2, "{notes:?}");
    let (listing, notes) = listed("3.1.0", "", schemas);
    has(&listing, &["c: Option<Rc>", "z: i128"]);
    assert!(!notes.iter().any(|note| note.contains("beside")), "{notes:?}");
}

#[test]
fn a_pattern_for_every_key_types_the_map() {
    for pattern in ["", ".*", "^.*", "^"] {
        let (listing, notes) =
            listed("3.1.0", "", &format!("M: {{type: object, patternProperties: {{'{pattern}': {{type: integer}}}}}}"));
        has(&listing, &["type M = BTreeMap<String, i128>"]);
        assert!(notes.is_empty(), "{notes:?}");
    }
    // Keys that do not match may have any value.
    for pattern in [".+", "^x-", "^.*$"] {
        let (listing, _) =
            listed("3.1.0", "", &format!("M: {{type: object, patternProperties: {{'{pattern}': {{type: integer}}}}}}"));
        has(&listing, &["type M = serde_json::Map"]);
    }
}

#[test]
fn integers_with_a_zero_fraction_are_integers_in_an_enum() {
    let (listing, notes) = listed(
        "3.1.0",
        "",
        "M: {type: integer, enum: [1.0, 2, 3e0]}\nN: {type: [integer, 'null'], enum: [1.0, null]}\nF: {type: integer, enum: [1.5]}",
    );
    has(&listing, &["enum M", "V1 = 1", "V2 = 2", "V3 = 3", "enum N"]);
    assert!(!notes.iter().any(|note| note.contains("/M)") || note.contains("/N)")), "{notes:?}");
    told(&notes, &["do not have the schema's type", "/F)"]);
}

#[test]
fn scalars_without_quotes_in_a_list_of_texts_are_their_texts() {
    let (listing, notes) = listed(
        "3.1.0",
        "",
        "A: {type: string, enum: [1.0, 1.10, 01, true, 0x10, NO]}\nB: {type: [string, 'null'], enum: [2, null]}\nC: {type: object, properties: {null: {type: string}, 1.10: {type: string}}, required: [null, 1.10]}\nI: {type: integer, enum: [1]}",
    );
    has(
        &listing,
        &[
            "V10 = \"1.0\"",
            "V110 = \"1.10\"",
            "V01 = \"01\"",
            "True = \"true\"",
            "V0x10 = \"0x10\"",
            "No = \"NO\"",
            "V2 = \"2\"",
        ],
    );
    has(&listing, &["null: String", "_1_10: String"]);
    told(&notes, &["correction", "`1.0` and 4 more", "/A/enum)"]);
    told(&notes, &["correction", "`2`", "/B/enum)"]);
    told(&notes, &["correction", "`null` and 1 more", "/C/required)"]);
    assert!(!notes.iter().any(|note| note.contains("/I")), "{notes:?}");
}

#[test]
fn a_number_beyond_a_double_affects_only_its_keyword() {
    let (listing, notes) = listed(
        "3.1.0",
        "",
        "A: {type: object, properties: {a: {type: number, maximum: 1e999}, b: {type: string, maxLength: 1e999}}}",
    );
    has(&listing, &["a: Option<Number>", "b: Option<String>"]);
    told(&notes, &["correction", "a bound must be a number"]);
    told(&notes, &["correction", "/b/maxLength"]);
    let json = r#"{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{},"components":{"schemas":{"A":{"type":"number","minimum":-1e999}}}}"#;
    let notes = Generator::new(Node::parse("t.json", json).unwrap()).generate().unwrap().notes;
    assert!(notes.iter().any(|note| note.to_string().contains("a bound must be a number")), "{notes:?}");
}

#[test]
fn an_alias_as_a_key_is_its_text_or_an_error_at_its_line() {
    let node = Node::parse("t.yaml", "a: &a text\nb:\n  *a : 1\n").unwrap();
    assert_eq!(node.to_json(), serde_json::json!({"a": "text", "b": {"text": 1}}));
    let error = Node::parse("t.yaml", "a: &a {x: 1}\nb:\n  *a : 1\n").unwrap_err().to_string();
    assert!(error.contains("t.yaml:3:3") && error.contains("a key must be a scalar"), "{error}");
}

#[test]
fn a_response_whose_references_form_a_circle_has_a_note() {
    let text = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n  /f: {get: {operationId: f, responses: {'200': {$ref: '#/components/responses/A'}}}}\ncomponents:\n  responses:\n    A: {$ref: '#/components/responses/B'}\n    B: {$ref: '#/components/responses/A'}\n";
    let client = Generator::new(Node::parse("t.yaml", text).unwrap()).generate().unwrap();
    let notes: Vec<String> = client.notes.iter().map(ToString::to_string).collect();
    told(&notes, &["loss", "leads back to itself", "/paths/~1f/get/responses/200)"]);
}

#[test]
fn groups_and_schemas_may_have_names_that_generated_code_uses() {
    let get = |id: &str, tag: &str| {
        format!("{{get: {{operationId: {id}, {tag} responses: {{'200': {{description: ok}}}}}}}}")
    };
    for group in ["types", "raw"] {
        let tag = format!("tags: [{group}],");
        let both = format!("/a: {}\n/b: {}", get("one", ""), get("two", &tag));
        let code = client_of("3.1.0", &both, "").code;
        assert!(code.contains(&format!("pub mod {group}_group {{")), "{group}");
        // Without an operation outside of the groups nothing has that name.
        let alone = client_of("3.1.0", &format!("/b: {}", get("two", &tag)), "").code;
        assert!(alone.contains(&format!("pub fn {group}(&self)")), "{group}");
    }
    for name in ["Some", "None", "ToOwned"] {
        let (listing, _) =
            listed("3.1.0", "", &format!("{name}: {{type: array, prefixItems: [{{type: string}}], items: false}}"));
        assert!(
            !listing.lines().any(|line| line == format!("tuple {name}")) && listing.contains(&format!("{name}Type")),
            "{listing}"
        );
    }
    let (listing, _) = listed("3.1.0", "", "Some: {type: object, properties: {a: {type: string}}}");
    has(&listing, &["struct Some"]);
}

#[test]
fn a_secret_behind_a_long_chain_is_hidden_and_too_long_a_search_has_a_note() {
    let chain = |length: usize| {
        let links = (0..length).map(|at| format!("C{at}: {{allOf: [{{$ref: '#/components/schemas/C{}'}}]}}\n", at + 1));
        links.collect::<String>()
            + &format!(
                "C{length}: {{type: object, properties: {{key_a: {{type: string}}, plain: {{type: string}}}}, \
                 patternProperties: {{'^key_': {{type: string, x-sensitive: true}}}}}}\n"
            )
    };
    let (code, notes) = {
        let client = client_of("3.1.0", "", &chain(100));
        (client.code, client.notes.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert!(code.contains("#key_a plain "), "the pattern is about one of them");
    assert!(!notes.iter().any(|note| note.contains("too many schemas")), "{notes:#?}");
    // A search that calls itself for each link needs more stack than there is.
    let client = client_of("3.1.0", "", &chain(3000));
    told(&client.notes.iter().map(ToString::to_string).collect::<Vec<_>>(), &["too many schemas apply to the same"]);
    assert!(client.code.contains("#key_a #plain "), "too much is hidden, and not too little");
}

#[test]
fn an_alias_of_any_value_hides_its_secrets_wherever_it_is_held() {
    let union = "oneOf: [{type: string, format: password}, {type: integer}], anyOf: [{type: string}, {type: boolean}]";
    let client = client_of(
        "3.1.0",
        "",
        &format!(
            "U: {{{union}}}\nV: {{$ref: '#/components/schemas/U'}}\nP: {{type: [string, integer]}}\n\
             T: {{type: object, properties: {{x: {{$ref: '#/components/schemas/U'}}, y: {{{union}}}, plain: {{$ref: \
             '#/components/schemas/P'}}, list: {{type: array, items: {{$ref: '#/components/schemas/V'}}}}}}}}\n"
        ),
    );
    assert!(client.code.contains("#x #y plain #list "), "{}", client.code);
}
