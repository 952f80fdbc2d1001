//! The effects of overlays, action by action.

use super::*;

fn applied(document: &str, overlay: &str) -> Result<serde_json::Value, String> {
    let mut document = Node::parse("doc.yaml", document).unwrap();
    let overlay = Node::parse("overlay.yaml", &format!("overlay: 1.1.0\nactions:\n{overlay}")).unwrap();
    let mut notes = Notes::default();
    let done = apply(&mut document, &overlay, Strictness::Strict, &mut notes);
    done.map(|()| document.to_json()).map_err(|error| error.to_string())
}

#[test]
fn updates_merge_objects_append_to_arrays_and_replace_primitives() {
    let result = applied(
        "a: {b: 1, c: [1], d: {e: 1}}",
        "  - {target: $.a, update: {b: 2, c: [2], d: {f: 3}}}\n  - {target: $.a.c, update: 3}\n  - {target: $.a.d.e, update: 9}",
    );
    assert_eq!(result.unwrap(), serde_json::json!({"a": {"b": 2, "c": [1, 2, 3], "d": {"e": 9, "f": 3}}}));
}

#[test]
fn filters_descendants_and_removal_follow_rfc_9535() {
    let result = applied(
        "l: [{n: x, v: 1}, {n: y, v: 2}, {n: x, v: 3}]",
        "  - {target: \"$.l[?@.n == 'x']\", remove: true}\n  - {target: $..v, update: 5}",
    );
    assert_eq!(result.unwrap(), serde_json::json!({"l": [{"n": "y", "v": 5}]}));
}

#[test]
fn copy_merges_one_node() {
    let result =
        applied("a: {x: 1}\nb: {y: 2}\nl: [1]", "  - {target: $.a, copy: $.b}\n  - {target: $.l, copy: $.b.y}");
    assert_eq!(result.unwrap(), serde_json::json!({"a": {"x": 1, "y": 2}, "b": {"y": 2}, "l": [1, 2]}));
    let merged = applied("a: {l: [1], o: {x: 1}, p: ~}\nb: {l: [2], o: {y: 2}, p: 3}", "  - {target: $.a, copy: $.b}");
    let expected = serde_json::json!({"l": [1, 2], "o": {"x": 1, "y": 2}, "p": 3});
    assert_eq!(merged.unwrap()["a"], expected);
    let removed = applied("a: 1\nb: 2", "  - {target: $.a, copy: $.b, update: 3, remove: true}");
    assert_eq!(removed.unwrap(), serde_json::json!({"b": 2}));
}

#[test]
fn a_target_that_matches_nothing_names_action_file_and_line() {
    let error = applied(
        "a: 1",
        "  - {target: $.a, update: 2}\n  - {target: $.zzz, update: 2}\n  - {target: $.a.b.c, remove: true}",
    )
    .unwrap_err();
    assert!(error.contains("overlay action 2: `$.zzz` matches nothing"), "{error}");
    assert!(error.contains("overlay.yaml:4:"), "{error}");
    assert!(error.contains("overlay action 3"), "every failing action is listed: {error}");
}

#[test]
fn each_action_is_reported_as_fitting_needless_or_unmatched() {
    let document = "a: {b: 1, l: [x]}\nc: {d: {type: string}}";
    let overlay = "overlay: 1.1.0\nactions:
  - {target: $.a, update: {b: 1, l: [x]}}
  - {target: $.a, update: {e: 2}}
  - {target: $.gone, remove: true}
  - {target: $.c, update: {d: {description: fine}, z: {description: stale}}}
  - {target: '$.a[', update: 1}
  - {target: $.a.e, update: 2}
";
    let mut document = Node::parse("doc.yaml", document).unwrap();
    let actions = inspect(&mut document, &Node::parse("overlay.yaml", overlay).unwrap()).unwrap();
    let effects: Vec<&Effect> = actions.iter().map(|action| &action.effect).collect();
    assert!(
        matches!(
            effects.as_slice(),
            [
                Effect::AlreadySo,
                Effect::Applied,
                Effect::Unmatched,
                Effect::Applied,
                Effect::Refused(_),
                Effect::AlreadySo
            ]
        ),
        "{effects:?}"
    );
    assert!(actions[2].to_string().contains("overlay action 3 (overlay.yaml:5:"), "{}", actions[2]);
    let expected =
        serde_json::json!({"a": {"b": 1, "l": ["x"], "e": 2}, "c": {"d": {"type": "string", "description": "fine"}}});
    assert_eq!(document.to_json(), expected);
}

#[test]
fn malformed_actions_are_refused() {
    for (action, expected) in [
        ("  - {update: 2}", "no `target`"),
        ("  - {target: $.a}", "neither"),
        ("  - {target: '$.a[', update: 2}", "not a JSONPath"),
        ("  - {target: '$.o[0]', update: 2}", "matches nothing"),
        ("  - {target: \"$.l['0']\", update: 2}", "matches nothing"),
        ("  - {target: $.l.0, update: 2}", "not a JSONPath"),
        ("  - {target: $.o, update: 2}", "selects an object"),
        ("  - {target: $.a, update: {b: 1}}", "selects a primitive"),
        ("  - {target: $.o, copy: $..*}", "must select one node"),
        ("  - {target: $.o, copy: $.zzz}", "must select one node, `$.zzz` selects 0"),
        ("  - {target: $.o, copy: $.o, update: {y: 1}}", "both `update` and `copy`"),
        ("  - {target: $.*, update: 2}", "nodes of one kind"),
        ("  - {target: $.o, update: {x: [1]}}", "`x` is a primitive value in the document and an array in the update"),
    ] {
        let error = applied("a: 1\no: {x: 1, '0': 2}\nl: [1]", action).unwrap_err();
        assert!(error.contains(expected), "{action}: {error}");
    }
    let mut document = Node::parse("a.yaml", "a: 1").unwrap();
    let wrong = Node::parse("o.yaml", "overlay: 2.0.0\nactions: []").unwrap();
    assert!(apply(&mut document, &wrong, Strictness::Lenient, &mut Notes::default()).is_err());
}

#[test]
fn a_description_of_a_missing_property_is_an_error() {
    let document = "components: {schemas: {A: {type: object, properties: {x: {type: string}}}}}";
    let prose = "  - target: $.components.schemas.A\n    update: {properties: {x: {description: fine}, y: {description: stale}}}";
    let error = applied(document, prose).unwrap_err();
    assert!(error.contains("`y`") && !error.contains("`x`"), "{error}");
    let real = "  - target: $.components.schemas.A\n    update: {properties: {y: {type: string, description: new}}}";
    assert!(applied(document, real).is_ok());
    // With `x-adds`, the action is applied, and only this action.
    let meant = format!("{prose}\n    x-adds: true");
    assert_eq!(
        applied(document, &meant).unwrap()["components"]["schemas"]["A"]["properties"]["y"]["description"],
        "stale"
    );
    let other = "  - target: $.components.schemas.A\n    update: {properties: {z: {description: stale}}}";
    let error = applied(document, &format!("{meant}\n{other}")).unwrap_err();
    assert!(error.contains("`z`") && !error.contains("`y`"), "{error}");
}

#[test]
fn lists_and_primitives_are_replaced_in_steps_and_filters_see_the_result_of_earlier_steps() {
    let document = "
info: {title: t, description: theirs}
paths: {/x: {post: {operationId: x, parameters: [{name: one}, {name: two}, {name: three, schema: {enum: [a, b, c]}}, {name: two}]}}}
components: {schemas: {S: {type: object, required: [a, b], properties: {a: {type: string}, b: {type: string}, c: {anyOf: [{type: string}, {type: integer}]}}}}}
";
    let overlay = "
  - {target: $.info.description, update: ours}
  - {target: \"$.paths['/x'].post.parameters[?@.name == 'one' || @.name == 'two']\", remove: true}
  - {target: \"$.paths['/x'].post.parameters[-1].schema.enum[?@ == 'b']\", update: B}
  - {target: \"$.paths['/x'].post.parameters[0].schema.enum[?@ == 'a']\", remove: true}
  - {target: $.components.schemas.S.required, remove: true}
  - {target: $.components.schemas.S, update: {required: [b]}}
  - {target: $.components.schemas.S.properties.c.anyOf, remove: true}
  - {target: $.components.schemas.S.properties.c, update: {$ref: '#/components/schemas/New'}}
  - {target: $.components.schemas, update: {New: {type: boolean}}}
  - {target: \"$.components.schemas.S.properties['a']\", update: {nullable: true}}
";
    let result = applied(document, overlay).unwrap();
    assert_eq!(result["info"]["description"], "ours");
    let parameters = &result["paths"]["/x"]["post"]["parameters"];
    assert_eq!(*parameters, serde_json::json!([{"name": "three", "schema": {"enum": ["B", "c"]}}]));
    let expected = serde_json::json!({
        "S": {
            "type": "object",
            "properties": {
                "a": {"type": "string", "nullable": true},
                "b": {"type": "string"},
                "c": {"$ref": "#/components/schemas/New"},
            },
            "required": ["b"],
        },
        "New": {"type": "boolean"},
    });
    assert_eq!(result["components"]["schemas"], expected);
}

#[test]
fn exactly_the_operations_with_a_tag_are_removed() {
    let document = "
tags: [{name: open}, {name: inner}]
paths:
  /a: {get: {operationId: a, tags: [open], responses: {'204': {description: x}}}}
  /b:
    get: {operationId: b, tags: [inner], responses: {'204': {description: x}}}
    put: {operationId: bb, tags: [inner], responses: {'204': {description: x}}}
    post: {operationId: both, tags: [open, inner, inner], responses: {'204': {description: x}, '500': {description: x}}}
  /c: {get: {operationId: c, tags: [inner, open], responses: {'500': {description: x}}}}
";
    let overlay = "
  - {target: \"$.paths[*][?@.tags[?@ == 'inner'] && !@.tags[?@ == 'open']]\", remove: true}
  - {target: \"$.tags[?@.name == 'inner']\", remove: true}
  - {target: \"$.paths[*][*].tags[?@ == 'inner']\", remove: true}
  - {target: \"$.paths..responses['500']\", remove: true}
  - {target: '$.paths[*].get.tags', update: kept}
";
    let result = applied(document, overlay).unwrap();
    assert_eq!(result["tags"], serde_json::json!([{"name": "open"}]));
    let paths = &result["paths"];
    assert!(paths["/b"].get("get").is_none() && paths["/b"].get("put").is_none(), "{paths:#}");
    assert_eq!(paths["/b"]["post"]["tags"], serde_json::json!(["open"]));
    assert_eq!(paths["/b"]["post"]["responses"], serde_json::json!({"204": {"description": "x"}}));
    assert_eq!(paths["/a"]["get"]["tags"], serde_json::json!(["open", "kept"]));
    assert_eq!(paths["/c"]["get"]["tags"], serde_json::json!(["open", "kept"]));
    assert_eq!(paths["/c"]["get"]["responses"], serde_json::json!({}));
}

/// Applies a whole overlay with a strictness.
fn whole(document: &str, overlay: &str, strictness: Strictness) -> Result<(serde_json::Value, Vec<String>), String> {
    let mut document = Node::parse("doc.yaml", document).unwrap();
    let mut notes = Notes::default();
    apply(&mut document, &Node::parse("overlay.yaml", overlay).unwrap(), strictness, &mut notes)
        .map(|()| (document.to_json(), notes.iter().map(ToString::to_string).collect()))
        .map_err(|error| error.to_string())
}

#[test]
fn a_reusable_action_is_applied_to_each_target_that_refers_to_it() {
    let document = "paths: {/a: {get: {responses: {'200': {description: ok}}}}, /b: {put: {responses: {}}}}";
    let overlay = "
overlay: 1.2.0
$self: https://here.example/overlays/one.yaml
extends: ../api.yaml
info: {title: t, version: '1'}
components:
  actions:
    gone/~: {description: A resource may be gone., fields: {update: {'410': {description: gone, headers: {}}}}}
    out: {fields: {remove: true, description: one}}
    nothing: {fields: {}}
actions:
  - {$ref: '#/components/actions/gone~1~0', target: \"$.paths['/a'].get.responses\"}
  - {$ref: '#/components/actions/gone~1~0', target: \"$.paths['/b'].put.responses\", description: here too, x-why: this}
  - {$ref: '#/components/actions/out', target: \"$.paths['/a'].get.responses['200']\"}
";
    let (result, notes) = whole(document, overlay, Strictness::Strict).unwrap();
    let gone = serde_json::json!({"410": {"description": "gone", "headers": {}}});
    assert_eq!(result["paths"]["/a"]["get"]["responses"], gone);
    assert_eq!(result["paths"]["/b"]["put"]["responses"], gone);
    assert!(notes.is_empty());
    for (action, expected) in [
        ("{$ref: '#/components/actions/none', target: $.paths}", "no reusable action `none`"),
        ("{$ref: 'other.yaml#/components/actions/out', target: $.paths}", "does not refer to a reusable action"),
        ("{$ref: '#/components/actions/a/b', target: $.paths}", "does not refer to a reusable action"),
        ("{$ref: '#/components/actions/a~b', target: $.paths}", "does not refer to a reusable action"),
        ("{$ref: '#/components/actions/out~', target: $.paths}", "does not refer to a reusable action"),
        ("{$ref: '#/components/actions/out', target: $.paths, update: {}}", "`update` beside `$ref`"),
        ("{$ref: '#/components/actions/out'}", "no `target`"),
        ("{$ref: '#/components/actions/aimed', target: $.paths}", "has a `target`"),
        ("{$ref: '#/components/actions/nothing', target: $.paths}", "neither"),
    ] {
        let components =
            "{out: {fields: {remove: true}}, aimed: {fields: {target: $.paths, remove: true}}, nothing: {fields: {}}}";
        let overlay = format!("overlay: 1.2.0\ncomponents: {{actions: {components}}}\nactions:\n  - {action}\n");
        let error = whole(document, &overlay, Strictness::Strict).unwrap_err();
        assert!(error.contains(expected) && error.contains("overlay.yaml:"), "{action}: {error}");
    }
}

#[test]
fn an_overlay_has_what_its_version_has() {
    let components = "components: {actions: {a: {fields: {remove: true}}}}";
    let copy = "actions: [{target: $.a, copy: $.b}]";
    let by_ref = "actions: [{target: $.a, $ref: '#/components/actions/a'}]";
    for (version, rest, fits) in [
        ("1.0.0", "actions: [{target: $.a, update: 2}]", true),
        ("1.0.0", copy, false),
        ("1.1.12", copy, true),
        ("1.1.0", by_ref, false),
        ("1.1.0", "components: {}\nactions: [{target: $.a, update: 2}]", false),
        ("1.2.0", &format!("{components}\n{by_ref}"), true),
        ("1.2.zzz", "actions: [{target: $.a, update: 2}]", false),
        ("1.2.", "actions: [{target: $.a, update: 2}]", false),
        ("1.3.0", "actions: [{target: $.a, update: 2}]", false),
    ] {
        let result = whole("a: 1\nb: 3", &format!("overlay: {version}\n{rest}"), Strictness::Strict);
        let place = |error: &String| error.contains("overlay.yaml:1:") || error.contains("overlay.yaml:2:");
        assert_eq!(result.is_ok(), fits, "{version} {rest}: {result:?}");
        assert!(result.err().as_ref().is_none_or(place), "{version} {rest}");
    }
}

#[test]
fn a_document_is_named_without_a_fragment() {
    for line in ["$self: here.yaml#", "extends: api.yaml#/paths", "extends: [api.yaml]"] {
        let overlay = format!("overlay: 1.2.0\n{line}\nactions: [{{target: $.a, update: 2}}]");
        let error = whole("a: 1", &overlay, Strictness::Lenient).unwrap_err();
        assert!(error.contains("is not the URI of a document") && error.contains("overlay.yaml:2:"), "{error}");
    }
}

#[test]
fn an_action_without_an_effect_is_an_error_unless_it_is_allowed_and_then_a_note() {
    let document = "openapi: 3.1.0\npaths: {}\ncomponents: {schemas: {A: {type: string}}}";
    let overlay = "overlay: 1.2.0
actions:
  - {target: $.gone, remove: true}
  - {target: $.openapi, update: 3.1.1}
  - {target: $.paths}
  - {target: $.paths, update: {}, copy: $.components}
  - {target: $.components.schemas, update: {B: {description: not there}}}
";
    let error = whole(document, overlay, Strictness::Strict).unwrap_err();
    for expected in ["action 1: `$.gone` matches", "action 3: it has neither", "action 4: it has both", "describes `B`"]
    {
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let (result, notes) = whole(document, overlay, Strictness::Lenient).unwrap();
    assert_eq!((&result["openapi"], &result["paths"]), (&"3.1.1".into(), &serde_json::json!({})));
    assert_eq!(notes.len(), 4, "{notes:?}");
    assert!(
        notes[0].contains("overlay.yaml:3:") && notes[0].contains("action 1: `$.gone` matches nothing"),
        "{notes:?}"
    );
    let wrong = "overlay: 1.2.0\nactions: [{target: '$.a[', update: 1}]";
    assert!(whole(document, wrong, Strictness::Lenient).is_err(), "what is wrong stays an error");
    assert!(whole(document, "overlay: 1.2.0\nactions: [{target: $, remove: true}]", Strictness::Lenient).is_err());
}

#[test]
fn the_examples_of_the_specification_are_applied() {
    let document = "
openapi: 3.1.0
info: {title: t, version: '1'}
servers: [{url: https://one.example}, {url: https://two.example}]
paths:
  /stock:
    get:
      summary: old
      tags: [a]
      x-traits: [paged]
      responses:
        '200': {description: ok, content: {application/json: {schema: {type: object, properties: {id: {type: integer}, name: {type: string}, in: {type: object, properties: {city: {type: string}, row: {type: integer}}}}}}}}
        default: {description: bad}
  /other: {get: {responses: {'200': {description: ok}}}}
";
    let overlay = "
overlay: 1.1.0
info: {title: all of them, version: '1', description: d}
actions:
  - {target: $.servers, remove: true}
  - {target: $, update: {servers: [{url: 'http://here.test', description: ours}], info: {x-overlaid: true}}}
  - {target: $.info, update: {license: {name: MIT}}}
  - {target: $.paths.*, update: {post: {new: {deep: hello}}}}
  - {target: \"$.paths['/stock'].get.summary\", remove: true}
  - {target: \"$.paths['/stock'].get\", update: {tags: [b], description: what is there}}
  - {target: '$.paths..responses.default', remove: true}
  - {target: \"$.paths['/stock'].get.responses['200']..properties[?(@.type == 'string')]\", remove: true}
  - {target: \"$.paths[?(@.get['x-traits'][?(@ == 'paged')])].get\", update: {parameters: [{name: top, in: query}]}}
  - {target: $.paths, update: {/goods: {}}}
  - {target: \"$.paths['/goods']\", copy: \"$.paths['/stock']\"}
  - {target: \"$.paths['/stock']\", remove: true}
";
    let (result, _) = whole(document, overlay, Strictness::Strict).unwrap();
    let expected = serde_json::json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1", "x-overlaid": true, "license": {"name": "MIT"}},
        "servers": [{"url": "http://here.test", "description": "ours"}],
        "paths": {
            "/other": {"get": {"responses": {"200": {"description": "ok"}}}, "post": {"new": {"deep": "hello"}}},
            "/goods": {
                "get": {
                    "tags": ["a", "b"],
                    "x-traits": ["paged"],
                    "description": "what is there",
                    "parameters": [{"name": "top", "in": "query"}],
                    "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {
                        "type": "object",
                        "properties": {
                            "id": {"type": "integer"},
                            "in": {"type": "object", "properties": {"row": {"type": "integer"}}},
                        },
                    }}}}},
                },
                "post": {"new": {"deep": "hello"}},
            },
        },
    });
    assert_eq!(result, expected);
}

#[test]
fn a_whole_operation_may_have_a_response_with_only_a_description() {
    let document = "openapi: 3.1.0\npaths: {/a: {get: {operationId: a, responses: {'200': {description: ok}}}}}";
    let added =
        |operation: &str| applied(document, &format!("  - {{target: $.paths, update: {{/n: {{get: {operation}}}}}}}"));
    let result = added("{operationId: n, responses: {'200': {description: ok}}}").unwrap();
    assert_eq!(result["paths"]["/n"]["get"]["responses"]["200"]["description"], "ok");
    // These only describe an operation that is not there.
    for operation in ["{description: d}", "{summary: s, responses: {'200': {description: ok}}}"] {
        let error = added(operation).unwrap_err().to_string();
        assert!(error.contains("which the document does not have"), "{operation}: {error}");
    }
}
