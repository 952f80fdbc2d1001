//! The changes that `diff` reports, against hand-written lists: small pairs for each rule, and one real change of a
//! document.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use connectors_codegen::{ApiChange, Bump, Change, Client, Generator, Impact, Listing, Node, RULES};
use connectors_codegen::{diff, diff_clients};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn pairs() -> Vec<Value> {
    let pairs = Node::read(&folder().join("diff_rules.yaml")).unwrap().to_json();
    pairs.as_array().unwrap().clone()
}

fn text<'a>(pair: &'a Value, key: &str) -> &'a str {
    pair[key].as_str().unwrap_or_default()
}

/// Merges the members of one object into those of another, at all depths.
fn merge(target: &mut Value, more: &Value) {
    match (target, more) {
        (Value::Object(target), Value::Object(more)) => {
            for (key, value) in more {
                merge(target.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (target, more) => *target = more.clone(),
    }
}

#[test]
fn inline_schemas_that_lead_back_by_several_ways_are_compared_once() {
    let back = |ty: &str| {
        json!({"allOf": [
            {"$ref": "#/components/schemas/A"},
            {"type": "object", "properties": {"z": {"type": ty}}},
        ]})
    };
    let of = |ty: &str| {
        let properties = ["l", "m", "r"].map(|name| (name.to_owned(), back(ty)));
        let properties: serde_json::Map<String, Value> = properties.into_iter().collect();
        let answer = json!({"application/json": {"schema": {"$ref": "#/components/schemas/A"}}});
        let document = json!({
            "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
            "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": {"description": "", "content": answer}}}}},
            "components": {"schemas": {"A": {"type": "object", "properties": properties}}},
        });
        Node::parse("t.json", &document.to_string()).unwrap()
    };
    assert_eq!(diff(&of("string"), &of("string")).unwrap().len(), 0);
    let changes = diff(&of("string"), &of("integer")).unwrap();
    assert!(changes.iter().any(|change| change.rule == "response-type-changed"), "{changes:?}");
    assert!(changes.len() <= 9, "{changes:?}");
}

/// The document of one side of a pair.
fn document(side: &Value) -> Node {
    let json_body = |schema: &Value| json!({"application/json": {"schema": schema}});
    let mut operation = json!({"operationId": "makeThing"});
    if let Some(schema) = side.get("request") {
        operation["requestBody"] = json!({"required": true, "content": json_body(schema)});
    }
    if let Some(parameters) = side.get("parameters") {
        operation["parameters"] = parameters.clone();
    }
    if let Some(more) = side.get("operation") {
        merge(&mut operation, more);
    }
    if operation.get("responses").is_none() {
        operation["responses"] = match side.get("response") {
            Some(schema) => json!({"200": {"description": "", "content": json_body(schema)}}),
            None => json!({"204": {"description": ""}}),
        };
    }
    let (path, method) = (side["path"].as_str().unwrap_or("/things"), side["method"].as_str().unwrap_or("post"));
    let mut item = json!({ method: operation });
    if let Some(more) = side.get("item") {
        merge(&mut item, more);
    }
    let mut document = json!({
        "openapi": side["openapi"].as_str().unwrap_or("3.1.0"),
        "info": {"title": "Things", "version": "1"},
        "paths": {path: item},
    });
    if let Some(components) = side.get("components") {
        document["components"] = components.clone();
    }
    if let Some(more) = side.get("document") {
        merge(&mut document, more);
    }
    Node::parse("pair.json", &document.to_string()).unwrap()
}

fn client(document: &Node) -> Client {
    Generator::new(document.clone()).generate().unwrap()
}

/// All changes between two documents and their generated clients.
fn judged(old: &Node, new: &Node) -> Vec<Change> {
    diff_clients((old, &client(old)), (new, &client(new))).unwrap()
}

fn said(pair: &Value) -> Vec<Change> {
    judged(&document(&pair["old"]), &document(&pair["new"]))
}

/// The changes of the Rust API, by its listings.
fn api_changes(pair: &Value) -> Vec<ApiChange> {
    let listing = |side| Listing::of(&client(&document(side)));
    listing(&pair["old"]).compare(&listing(&pair["new"]))
}

/// Breaking rules without an effect on a Rust type, each with the reason.
const UNSEEN: [(&str, &str); 10] = [
    ("discriminator-changed", "the same variants, read by another property"),
    ("discriminator-mapping-changed", "the same variants, read by other values"),
    ("parameter-moved", "the same argument at the same position is sent in another place"),
    ("property-renamed", "the field keeps its name and is read from another key"),
    ("request-media-type-removed", "the method sends another media type"),
    ("security-demanded", "credentials are given to the client once, not to its methods"),
    ("security-removed", "credentials are given to the client once, not to its methods"),
    ("security-scheme-changed", "credentials are given to the client once, not to its methods"),
    ("security-scope-added", "scopes belong to the credentials"),
    ("status-removed", "two empty responses are the same `()`"),
];

#[test]
fn breaks_of_the_rust_api_are_reported_and_reported_breaks_are_real() {
    let mut needed = BTreeSet::new();
    for pair in pairs() {
        let (changes, api) = (said(&pair), api_changes(&pair));
        let told = format!("{} ({}): {changes:#?} {api:#?}", text(&pair, "rule"), text(&pair, "why"));
        let breaking: Vec<&str> =
            changes.iter().filter(|change| change.impact == Impact::Breaking).map(|change| change.rule).collect();
        let breaks = api.iter().any(|change| change.breaking);
        if breaks {
            assert!(!breaking.is_empty(), "a break is not reported: {told}");
        }
        if !breaks {
            for rule in breaking {
                assert!(UNSEEN.iter().any(|(unseen, _)| *unseen == rule), "nothing breaks in Rust: {told}");
                needed.insert(rule);
            }
        }
    }
    let unseen: BTreeSet<&str> = UNSEEN.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(needed, unseen, "left: rules without an effect in Rust; right: rules with a reason for that");
}

#[test]
fn comparing_clients_finds_further_changes() {
    for pair in pairs() {
        let alone = diff(&document(&pair["old"]), &document(&pair["new"])).unwrap();
        let mut both = said(&pair);
        both.retain(|change| !change.rule.starts_with("client-"));
        assert_eq!(alone, both, "{}", text(&pair, "rule"));
    }
}

#[test]
fn each_pair_is_reported_by_the_table_of_rules() {
    let mut wrong = Vec::new();
    for (index, pair) in pairs().iter().enumerate() {
        let expected = pair["expect"].as_array().unwrap();
        let changes = said(pair);
        let fits = |change: &Change, expected: &Value| {
            change.impact.to_string() == text(expected, "impact")
                && change.rule == text(expected, "rule")
                && change.to_string().contains(text(expected, "what"))
        };
        let all = expected.iter().all(|expected| changes.iter().filter(|change| fits(change, expected)).count() == 1);
        if !all || changes.len() != expected.len() {
            let told: Vec<String> = changes.iter().map(|change| format!("{change} [{}]", change.rule)).collect();
            wrong.push(format!(
                "pair {index} ({}, {}): expected {expected:#?}, reported {told:#?}",
                text(pair, "rule"),
                text(pair, "why")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn each_pair_is_a_change_in_reverse_as_well() {
    for pair in pairs().iter().filter(|pair| text(pair, "rule") != "none") {
        let back = judged(&document(&pair["new"]), &document(&pair["old"]));
        // Some pairs declare that they are no change in reverse, with the reason.
        assert_eq!(back.is_empty(), !text(pair, "back").is_empty(), "{} ({})", text(pair, "rule"), text(pair, "why"));
    }
}

#[test]
fn a_document_does_not_differ_from_itself() {
    for pair in pairs() {
        for side in ["old", "new"] {
            let same = judged(&document(&pair[side]), &document(&pair[side]));
            assert!(same.is_empty(), "{}: {same:?}", text(&pair, "rule"));
        }
    }
}

/// If oasdiff's level differs from ours, the pair has the reason. Otherwise it has none.
#[test]
fn every_difference_from_oasdiff_has_a_reason() {
    let mut agreed = 0;
    for pair in pairs() {
        let worst = said(&pair).iter().map(|change| change.impact).min();
        let level = text(&pair["oasdiff"], "level");
        assert!(level.is_empty() == (pair["oasdiff"] == "none"), "{pair}: an id and a level, or `none`");
        let agrees = match worst {
            Some(Impact::Breaking) => matches!(level, "error" | "warning"),
            Some(Impact::Behaviour) => matches!(level, "warning" | "info"),
            _ => matches!(level, "info" | ""),
        };
        assert_eq!(agrees, text(&pair, "differs").is_empty(), "{}: {level}", text(&pair, "rule"));
        agreed += usize::from(agrees);
    }
    let docs = fs::read_to_string(folder().join("../../docs/diff-rules.md")).unwrap();
    let count = format!("{agreed} of {} pairs agree", pairs().len());
    assert!(docs.contains(&count), "docs/diff-rules.md lacks: {count}");
}

#[test]
fn every_rule_has_a_pair_and_a_line_in_the_docs() {
    let rules: BTreeMap<&str, String> = RULES.iter().map(|rule| (rule.id, rule.impact.to_string())).collect();
    let pairs = pairs();
    let shown: BTreeSet<&str> = pairs
        .iter()
        .flat_map(|pair| pair["expect"].as_array().unwrap())
        .map(|expected| text(expected, "rule"))
        .collect();
    assert_eq!(rules.keys().copied().collect::<BTreeSet<_>>(), shown);
    let docs = fs::read_to_string(folder().join("../../docs/diff-rules.md")).unwrap();
    let mut told = BTreeMap::new();
    for line in docs.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let id = cells[1].trim_matches('`');
        assert!(told.insert(id, cells[2].to_owned()).is_none(), "{id} is in the table twice");
    }
    assert_eq!(rules, told);
    for pair in pairs.iter().filter(|pair| text(pair, "rule") == "none") {
        let why = text(pair, "why");
        assert!(docs.contains(&format!("| {why} |")), "docs/diff-rules.md lacks this pair without a change: {why}");
    }
    for pair in pairs.iter().filter(|pair| pair["oasdiff"] != "none") {
        let id = text(&pair["oasdiff"], "id");
        assert!(docs.contains(&format!("`{id}`")), "docs/diff-rules.md does not name oasdiff's `{id}`");
    }
}

#[test]
fn a_change_within_a_tuple_or_within_json_in_a_text_is_reported_once() {
    let of = |schema: &str| {
        let paths = "/a: {get: {operationId: getA, responses: {'200': {description: ok, content: {application/json: \
                     {schema: {$ref: '#/components/schemas/A'}}}}}}}";
        written(paths, &format!("schemas: {{A: {{type: object, properties: {{p: {schema}}}}}}}"))
    };
    let tuple = |places: &str, rest: &str| format!("{{type: array, prefixItems: [{places}], items: {rest}}}");
    let json =
        |content: &str| format!("{{type: string, contentMediaType: application/json, contentSchema: {content}}}");
    let (text, part) = ("{type: string}", "{type: object, properties: {x: {type: string}}}");
    let whole = "{type: object, properties: {x: {type: string}, y: {type: string}}}";
    for (old, new, expected) in [
        (tuple(whole, "false"), tuple(part, "false"), "place 0 of `A`.`p` has no `y` any more"),
        (tuple(text, whole), tuple(text, part), "`A`.`p` has no `y` any more"),
        (tuple(&format!("{text}, {whole}"), "false"), tuple(text, "false"), "`A`.`p` had 2 places and has 1"),
        (json(whole), json(part), "the JSON in `A`.`p` has no `y` any more"),
        (json(whole), text.to_owned(), "`A`.`p` is any text now"),
    ] {
        let (old, new) = (of(&old), of(&new));
        let changes = judged(&old, &new);
        let breaks = changes.iter().filter(|change| change.impact == Impact::Breaking);
        let breaks: Vec<String> = breaks.map(ToString::to_string).collect();
        assert_eq!(breaks, [format!("breaking: getA: {expected}")], "{changes:#?}");
        assert_eq!(judged(&old, &old), []);
    }
}

#[test]
fn a_component_that_becomes_a_map_is_reported_once() {
    let of = |schema: &str| {
        let paths = "/a: {get: {operationId: getA, responses: {'200': {description: ok, content: {application/json: \
                     {schema: {$ref: '#/components/schemas/A'}}}}}}}";
        written(paths, &format!("schemas: {{A: {schema}}}"))
    };
    let (old, new) = (of("{type: object}"), of("{type: object, additionalProperties: true}"));
    assert_eq!(told(&old, &new), ["breaking: getA: `A` was object and is map [response-type-changed]"]);
}

/// A document with these paths and components, each in YAML.
fn written(paths: &str, components: &str) -> Node {
    let text = format!(
        "openapi: 3.1.0\ninfo: {{title: Things, version: '1'}}\npaths: {{{paths}}}\ncomponents: {{{components}}}\n"
    );
    Node::parse("written.yaml", &text).unwrap()
}

fn told(old: &Node, new: &Node) -> Vec<String> {
    judged(old, new).iter().map(|change| format!("{change} [{}]", change.rule)).collect()
}

#[test]
fn an_operation_of_a_shared_path_item_is_an_operation() {
    let shared = |parameter: &str| {
        let operation =
            format!("operationId: getIt, parameters: [{parameter}], responses: {{'204': {{description: ''}}}}");
        written("/it: {$ref: '#/components/pathItems/It'}", &format!("pathItems: {{It: {{get: {{{operation}}}}}}}"))
    };
    let old = shared("{name: q, in: query, schema: {type: string}}");
    let new = shared("{name: z, in: query, required: true, schema: {type: integer}}");
    assert_eq!(
        told(&old, &new),
        [
            "breaking: getIt: a new query parameter `z`, which is required [parameter-added-required]",
            "breaking: getIt: the query parameter `q` was removed [parameter-removed]",
        ]
    );
}

#[test]
fn an_extension_among_the_responses_is_not_a_status() {
    let of = |more: &str| {
        let responses = format!("responses: {{'200': {{description: ''}}{more}}}");
        written(&format!("/it: {{get: {{operationId: getIt, {responses}}}}}"), "")
    };
    let (old, new) = (of(", x-note: {content: {application/json: {schema: {type: string}}}}"), of(""));
    assert_eq!(told(&old, &new), [""; 0]);
    assert_eq!(told(&new, &old), [""; 0]);
}

/// A change of a schema is reported once, with all operations that reach it in any way.
#[test]
fn a_webhook_or_callback_that_is_gone_breaks_the_enum_of_messages() {
    let message = "{post: {requestBody: {content: {application/json: {schema: {type: object}}}}, responses: {'200': {description: ok}}}}";
    let of = |webhook: &str, callback: &str| {
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\nwebhooks: {{{webhook}: {message}, other: {message}}}\npaths:\n  /a:\n    \
             post: {{operationId: a, responses: {{'204': {{description: ok}}}}, callbacks: {{{callback}: {{'/done': {message}}}}}}}\n"
        );
        Node::parse("document.yaml", &text).unwrap()
    };
    let changes = judged(&of("born", "done"), &of("birth", "done"));
    let said: Vec<String> =
        changes.iter().filter(|it| it.impact == Impact::Breaking).map(ToString::to_string).collect();
    assert!(said.len() == 1 && said[0].contains("`webhooks::Webhook`") && said[0].contains("`Born`"), "{said:?}");
    let changes = judged(&of("born", "done"), &of("born", "ready"));
    let said: Vec<String> =
        changes.iter().filter(|it| it.impact == Impact::Breaking).map(ToString::to_string).collect();
    assert!(said.len() == 1 && said[0].contains("callbacks::"), "{said:?}");
    assert_eq!(judged(&of("born", "done"), &of("born", "done")), []);
}

#[test]
fn a_shared_schema_is_reported_once_with_all_operations_that_use_it() {
    let document = |leaf: &str| {
        let operation = |id: &str, schema: &str| {
            format!(
                "/{id}: {{get: {{operationId: {id}, tags: [t{}], responses: {{'200': {{description: '', content: \
                 {{application/json: {{schema: {{$ref: '#/components/schemas/{schema}'}}}}}}}}}}}}}}",
                id.len()
            )
        };
        let paths = [operation("a", "A"), operation("b", "A"), operation("c", "Leaf"), operation("other", "Other")];
        let schemas = format!(
            "schemas: {{A: {{type: object, properties: {{leaf: {{$ref: '#/components/schemas/Leaf'}}, next: {{$ref: '#/components/schemas/A'}}}}}}, \
             Leaf: {{type: object, properties: {{x: {{type: {leaf}}}, back: {{$ref: '#/components/schemas/A'}}}}}}, \
             Other: {{type: object, properties: {{x: {{type: string}}}}}}}}"
        );
        written(&paths.join(", "), &schemas)
    };
    let changes = judged(&document("string"), &document("boolean"));
    assert_eq!(changes.len(), 1, "{changes:#?}");
    assert_eq!(changes[0].operations, ["a", "b", "c"]);
    assert_eq!(changes[0].tag.as_deref(), Some("t1"));
    assert_eq!(changes[0].what, "`Leaf`.`x` was string and is boolean");
}

/// A former parameter is not a new property of the body, but only for the operation that had it.
#[test]
fn a_parameter_that_moved_into_a_shared_body_is_new_for_other_operations() {
    let document = |path: &str, parameters: &str, properties: &str| {
        let body = "requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/B'}}}}, \
                    responses: {'204': {description: ''}}";
        written(
            &format!(
                "{path}: {{post: {{operationId: move, parameters: [{parameters}], {body}}}}}, \
                 /stay: {{post: {{operationId: stay, {body}}}}}"
            ),
            &format!("schemas: {{B: {{type: object, properties: {{{properties}}}}}}}"),
        )
    };
    let id = "{name: app_id, in: path, required: true, schema: {type: string}}";
    let old = document("'/{app_id}/move'", id, "x: {type: string}");
    let new = document("/move", "", "x: {type: string}, appId: {type: string}");
    assert_eq!(
        told(&old, &new),
        [
            "breaking: move: the path parameter `app_id` moved into the body, as `appId` [parameter-moved]",
            "behaviour: move: it moved from POST /{app_id}/move to POST /move [operation-moved]",
            "additive: stay: `B` has a new `appId` [request-property-added]",
        ]
    );
}

/// Growth is a minor version for both tools.
#[test]
fn growth_is_additive_for_diff_and_for_the_version() {
    let paths = "/things: {post: {operationId: makeThing, PARAMETERS, requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/T'}}}}, \
                 responses: {'200': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/T'}}}}}}, \
                 delete: {operationId: dropThing, BODYresponses: {'204': {description: ''}}}}";
    let schemas = "schemas: {T: {type: object, required: [a], properties: {a: {type: string}, k: {type: string, enum: [x, y]}, u: {$ref: '#/components/schemas/U'}MORE}}, \
                   U: {oneOf: [{$ref: '#/components/schemas/V'}, {$ref: '#/components/schemas/W'}]}, V: {type: object, required: [v], properties: {v: {type: string}}}, \
                   W: {type: object, required: [w], properties: {w: {type: string}}}, X: {type: object, required: [z], properties: {z: {type: string}}}}";
    let p = "parameters: [{name: p, in: query, schema: {type: string}}]";
    let plain = |paths: &str, schemas: &str| {
        written(&paths.replace("PARAMETERS", p).replace("BODY", ""), &schemas.replace("MORE", ""))
    };
    let old = plain(paths, schemas);
    let more_parameters = p.replace("[{", "[{name: o, in: query, schema: {type: integer}}, {");
    for (grown, rules) in [
        (plain(&paths.replace("PARAMETERS", &more_parameters), schemas), vec!["parameter-added"]),
        (
            plain(
                &paths.replace("BODY", "requestBody: {content: {application/json: {schema: {type: string}}}}, "),
                schemas,
            ),
            vec!["body-added"],
        ),
        (
            plain(paths, &schemas.replace("MORE", ", n: {type: string}")),
            vec!["request-property-added", "response-property-added"],
        ),
        (
            plain(paths, &schemas.replace("[x, y]", "[x, y, z]")),
            vec!["request-enum-value-added", "response-enum-value-added"],
        ),
        (
            plain(paths, &schemas.replace("schemas/W'}]", "schemas/W'}, {$ref: '#/components/schemas/X'}]")),
            vec!["request-alternative-added", "response-alternative-added"],
        ),
        (
            plain(
                &format!(
                    "{paths}, /new: {{get: {{operationId: newThing, responses: {{'204': {{description: ''}}}}}}}}"
                ),
                schemas,
            ),
            vec!["operation-added"],
        ),
    ] {
        let changes = judged(&old, &grown);
        let mut said: Vec<&str> = changes.iter().map(|change| change.rule).collect();
        said.sort_unstable();
        assert_eq!(said, rules, "{changes:#?}");
        assert!(changes.iter().all(|change| change.impact == Impact::Additive), "{changes:#?}");
        let listing = |document| Listing::of(&client(document));
        let api = listing(&old).compare(&listing(&grown));
        assert_eq!(Bump::of(&api), Bump::Compatible, "{api:#?}");
    }
}

/// A union with properties beside it is a struct with the properties of all branches. A further branch is additive, and
/// their order does not matter.
#[test]
fn branches_beside_properties_are_added_and_reordered_like_others() {
    let paths = "/things: {post: {operationId: makeThing, requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/S'}}}}, \
                 responses: {'200': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/S'}}}}}}}";
    let component = |letter: char| format!("{{$ref: '#/components/schemas/{}'}}", letter.to_uppercase());
    let object =
        |letter: char| format!("{{type: object, required: [{letter}], properties: {{{letter}: {{type: string}}}}}}");
    let constant = |letter: char| format!("{{properties: {{kind: {{const: {letter}}}}}}}");
    let list = |letter: char| format!("{{properties: {{l: {{type: array, items: {}}}}}}}", object(letter));
    let inline = |letter: char| format!("{{properties: {{kind: {{const: {letter}}}, d: {}}}}}", object(letter));
    let kinds: [&dyn Fn(char) -> String; 4] = [&component, &constant, &inline, &list];
    for (kind, branch) in kinds.into_iter().enumerate() {
        let document = |letters: &str| {
            let branches: Vec<String> = letters.chars().map(branch).collect();
            let components: Vec<String> = "abc"
                .chars()
                .map(|letter| {
                    let name = letter.to_uppercase();
                    format!("{name}: {{type: object, properties: {{same: {}, d: {}}}}}", object('s'), object(letter))
                })
                .collect();
            let own = "type: object, required: [kind], properties: {kind: {type: string}}";
            let schemas = format!("S: {{{own}, oneOf: [{}]}}, {}", branches.join(", "), components.join(", "));
            written(paths, &format!("schemas: {{{schemas}}}"))
        };
        let listing = |document: &Node| Listing::of(&client(document));
        let ab = document("ab");
        for letters in ["ba", "abc", "cba", "bca"] {
            let other = document(letters);
            let changes = judged(&ab, &other);
            let is_expected = |change: &Change| match letters {
                "ba" => false,
                _ => change.impact == Impact::Additive && change.rule.ends_with("-alternative-added"),
            };
            assert!(changes.iter().all(is_expected), "{kind} {letters}: {changes:#?}");
            let api = listing(&ab).compare(&listing(&other));
            assert!(Bump::of(&api) != Bump::Breaking, "{kind} {letters}: {api:#?}");
        }
    }
}

/// From the document behind C1's TypeScript SDK of September 2025 to the live one of August 2026, reduced to the
/// selection of `spec/c1`. The list was written by hand, from facts about the service and a comparison of both
/// documents.
#[test]
fn c1_from_2025_09_to_2026_08() {
    // Like the overlay of the service: null is absent there.
    let read = |file: &str| {
        let text = fs::read_to_string(folder().join(file)).unwrap();
        Node::parse(file, &text.replacen("\ninfo:\n", "\ninfo:\n  x-null-is-absent: true\n", 1)).unwrap()
    };
    let (old, new) = (read("data/c1-2025-09.selection.yaml"), read("data/c1-2026-08.selection.yaml"));
    // The clients have no other breaks: `client-changed` is not in the list.
    let mut lines: Vec<String> = judged(&old, &new).iter().flat_map(lines).collect();
    lines.sort();
    let expected = fs::read_to_string(folder().join("data/c1-2025-09-to-2026-08.txt")).unwrap();
    let mut expected: Vec<&str> = expected.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    expected.sort_unstable();
    let (told, wanted): (BTreeSet<&str>, BTreeSet<&str>) =
        (lines.iter().map(String::as_str).collect(), expected.iter().copied().collect());
    assert_eq!(
        told.difference(&wanted).collect::<Vec<_>>(),
        wanted.difference(&told).collect::<Vec<_>>(),
        "left: reported and not expected; right: expected and not reported"
    );
    assert_eq!(lines, expected);
}

/// One line for each operation that a change affects, named by the last two parts of its id.
fn lines(change: &Change) -> Vec<String> {
    let short =
        |id: &String| id.rsplitn(3, '.').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(".");
    let Change { impact, rule, operations, what, .. } = change;
    operations.iter().map(|id| format!("{impact} | {rule} | {} | {what}", short(id))).collect()
}
