//! No input makes the pipeline panic, exhaust the stack or write Rust that does not parse: documents and overlays with
//! random mutations, as text and as trees. `FUZZ_SECONDS` sets the duration, `FUZZ_SEED` the seed. Each finding is
//! printed and written to a file in `tests/found`. These files are tried first in later runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use connectors_codegen::{Generator, Node, Selection};
use serde_json::{Map, Value, json};

use super::chance::{Random, setting};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn texts(name: &str) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder(name)).into_iter().flatten().flatten();
    let mut texts: Vec<(String, String)> = entries
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, std::fs::read_to_string(entry.path()).ok()?)))
        .collect();
    texts.sort();
    texts
}

/// Runs the whole pipeline. Every refusal has a diagnostic, and the generated code parses.
fn attempt(name: &str, text: &str, overlay: Option<&str>, original: Option<&Node>) -> Result<(), String> {
    let run = || -> Result<(), String> {
        let Ok(document) = Node::parse(name, text) else { return Ok(()) };
        let mut generator = Generator::new(document.clone());
        if let Some(overlay) = overlay {
            let Ok(overlay) = Node::parse("overlay.yaml", overlay) else { return Ok(()) };
            generator = generator.overlay(overlay);
        }
        drop(connectors_codegen::vendor(&document, &Selection::default()));
        if let Some(change) = connectors_codegen::diff(&document, &document).iter().flatten().next() {
            return Err(format!("it differs from itself: {change}"));
        }
        drop(original.map(|original| connectors_codegen::diff(original, &document)));
        match generator.generate() {
            Err(error) if error.to_string().contains("does not parse") => Err(error.to_string()),
            _ => Ok(()),
        }
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => result,
        Err(panic) => Err(panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_default()),
    }
}

/// Values at unexpected places.
fn junk(random: &mut Random) -> Value {
    let references =
        ["#", "#/", "#/components/schemas/Tree", "#/components/schemas/Nowhere", "#/paths", "x.yaml#/a", "#a", ""];
    let values = [
        Value::Null,
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("string"),
        json!("null"),
        json!("object"),
        json!("é\u{0}\u{202e}{}/~#\"\\"),
        json!([]),
        json!({}),
        json!([null, 1, "a"]),
        json!({"type": ["string", "null", "integer"]}),
        json!({"allOf": [{"$ref": "#/components/schemas/Tree"}, {"type": "object"}]}),
        json!({"oneOf": [{"type": "string"}, {"$ref": "#/components/schemas/Letters"}]}),
        json!({"$ref": random.pick(&references)}),
        json!({"enum": ["a", "A", 1, null]}),
        json!({"properties": {"a": {}, "A": {}, "@a": false}}),
        json!([{"$ref": random.pick(&references)}]),
    ];
    random.pick(&values)
}

/// A random node of a tree.
fn somewhere<'a>(node: &'a mut Value, random: &mut Random) -> &'a mut Value {
    let children = match &*node {
        Value::Object(map) => map.len(),
        Value::Array(items) => items.len(),
        _ => 0,
    };
    if children == 0 || random.below(6) == 0 {
        return node;
    }
    let index = random.below(children);
    match node {
        Value::Object(map) => somewhere(map.values_mut().nth(index).unwrap(), random),
        Value::Array(items) => somewhere(&mut items[index], random),
        _ => unreachable!("only objects and arrays have children"),
    }
}

/// One change somewhere in a tree.
fn mutate(tree: &mut Value, random: &mut Random, donors: &[Value]) {
    let words = [
        "type",
        "$ref",
        "allOf",
        "oneOf",
        "anyOf",
        "enum",
        "const",
        "items",
        "properties",
        "required",
        "nullable",
        "not",
        "additionalProperties",
        "prefixItems",
        "discriminator",
        "in",
        "name",
        "schema",
        "content",
        "parameters",
        "responses",
        "default",
        "x-rust-name",
        "x-paging",
        "readOnly",
        "$defs",
        "$id",
        "$anchor",
        "format",
        "operationId",
        "requestBody",
    ];
    let node = somewhere(tree, random);
    match (random.below(7), node) {
        (0, Value::Object(map)) => {
            if let Some(key) = map.keys().nth(random.below(map.len())).cloned() {
                map.remove(&key);
            }
        }
        (1 | 2, Value::Object(map)) => drop(map.insert(random.pick(&words).to_owned(), junk(random))),
        (3, Value::Object(map)) => {
            if let Some(key) = map.keys().nth(random.below(map.len())).cloned()
                && let Some(value) = map.remove(&key)
            {
                map.insert(random.pick(&words).to_owned(), value);
            }
        }
        (0 | 1, Value::Array(items)) => items.push(junk(random)),
        (2, Value::Array(items)) => items.truncate(random.below(items.len())),
        (4, node) => *node = json!({"child": node.take()}),
        (5, node) => *node = random.pick(donors),
        (_, node) => *node = junk(random),
    }
}

/// Subtrees of a tree, for other places.
fn subtrees(tree: &Value, found: &mut Vec<Value>) {
    let children: Vec<&Value> = match tree {
        Value::Object(map) => map.values().collect(),
        Value::Array(items) => items.iter().collect(),
        _ => return,
    };
    found.extend(children.iter().filter(|child| child.is_object() || child.is_array()).map(|child| (*child).clone()));
    children.into_iter().for_each(|child| subtrees(child, found));
}

fn mutate_text(text: &str, random: &mut Random) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    for _ in 0..=random.below(3) {
        let at = random.below(lines.len());
        match random.below(4) {
            0 => drop(lines.remove(at)),
            1 => {
                let copy = lines[random.below(lines.len())];
                lines.insert(at, copy);
            }
            2 => {
                let other = random.below(lines.len());
                lines.swap(at, other);
            }
            _ => lines.insert(
                at,
                random.pick::<&str>(&[
                    "- x",
                    "  ? y",
                    "<<: *a",
                    "a: &a [*a]",
                    "{",
                    "}",
                    "\t",
                    "---",
                    "'",
                    "%YAML 1.2",
                    "!!str 1: 2",
                ]),
            ),
        }
        if lines.is_empty() {
            break;
        }
    }
    let mut text = lines.join("\n");
    if random.below(3) == 0 {
        let mut at = random.below(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        text.insert_str(at, random.pick::<&str>(&["\u{0}", "{", "[", "&a ", "*a ", "\"", "\u{feff}", ": ", "|", "é"]));
    }
    text
}

#[test]
fn nothing_makes_it_panic() {
    for (name, text) in texts("found") {
        assert_eq!(attempt(&name, &text, None, None), Ok(()), "{name}");
    }
    let (seconds, seed) = (setting("FUZZ_SECONDS", 5), setting("FUZZ_SEED", 1));
    let documents = texts("documents");
    let trees: Vec<Value> = documents.iter().map(|(name, text)| Node::parse(name, text).unwrap().to_json()).collect();
    let nodes: Vec<Node> = documents.iter().map(|(name, text)| Node::parse(name, text).unwrap()).collect();
    let mut donors = Vec::new();
    trees.iter().for_each(|tree| subtrees(tree, &mut donors));
    let overlay = json!({"overlay": "1.1.0", "info": {"title": "o", "version": "1"}, "actions": [
        {"target": "$.components.schemas.*", "update": {"description": "d"}},
        {"target": "$..[?@.type == 'string']", "update": {"x-rust-name": "Same"}},
        {"target": "$.paths[*][*]", "remove": true},
        {"target": "$.components.schemas.Tree", "copy": "$.components.schemas.Cat"},
    ]});
    let mut random = Random(seed);
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut tried, mut failures) = (0_u64, Vec::new());
    while Instant::now() < until && failures.len() < 5 {
        tried += 1;
        let which = random.below(documents.len());
        let (text, overlay) = match random.below(4) {
            0 => (mutate_text(&documents[which].1, &mut random), None),
            1 => {
                let mut mutated = overlay.clone();
                (0..=random.below(3)).for_each(|_| mutate(&mut mutated, &mut random, &donors));
                (documents[which].1.clone(), Some(mutated.to_string()))
            }
            _ => {
                let mut tree = trees[which].clone();
                // Some schemas or paths are enough: a small document is fast.
                if let Some(schemas) = tree.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
                    thin(schemas, &mut random);
                }
                if let Some(paths) = tree.pointer_mut("/paths").and_then(Value::as_object_mut) {
                    thin(paths, &mut random);
                }
                (0..=random.below(6)).for_each(|_| mutate(&mut tree, &mut random, &donors));
                (tree.to_string(), None)
            }
        };
        let original = random.once_in(4).then(|| &nodes[which]);
        let name = if text.starts_with('{') { "mutated.json" } else { "mutated.yaml" };
        if let Err(reason) = attempt(name, &text, overlay.as_deref(), original) {
            let file = std::env::temp_dir().join(format!("found-{seed}-{tried}.{}", &name[8..]));
            std::fs::write(&file, &text).unwrap();
            failures.push(format!("{}: {reason} (overlay: {overlay:?})", file.display()));
        }
    }
    println!("{tried} mutated documents");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Keeps about a third of the members.
fn thin(map: &mut Map<String, Value>, random: &mut Random) {
    map.retain(|_, _| random.below(3) == 0);
}

/// An overlay between any two documents turns one into the other: written as text, read and applied.
#[cfg(feature = "cli")]
#[test]
fn the_overlay_between_two_documents_leads_from_one_to_the_other() {
    use connectors_codegen::cli::overlays::{applied, between};
    let mut random = Random(setting("FUZZ_SEED", 1));
    let odd =
        ["a'b", "a\\b", "a']['b", "", "$", "0", "07", "a.b", "é\u{301}", "a\nb", "*", "~1/", "true", "- x", "\u{7f}"];
    let mut compared = 0;
    for (name, text) in texts("documents") {
        let tree = Node::parse(&name, &text).unwrap().to_json();
        let mut donors =
            vec![json!(null), json!([]), json!({}), json!([[1], [1, 1.5], "1"]), json!("line\n: #"), json!(1.0)];
        subtrees(&tree, &mut donors);
        for _ in 0..30 {
            let mut other = tree.clone();
            for _ in 0..=random.below(8) {
                mutate(&mut other, &mut random, &donors);
                if let Value::Object(map) = somewhere(&mut other, &mut random) {
                    map.insert(random.pick(&odd).to_owned(), random.pick(&donors));
                }
            }
            let read = |value: &Value| Node::parse("document.json", &value.to_string()).unwrap();
            let (mut old, mut new) = (read(&tree), read(&other));
            if random.once_in(2) {
                (old, new) = (new, old);
            }
            // A mutation has replaced the document by something that is not an object.
            let Ok(overlay) = between(&old, &new, "From one to the other") else { continue };
            compared += 1;
            let Some(overlay) = overlay else {
                assert!(old == new);
                continue;
            };
            let overlay = overlay.to_yaml().unwrap();
            let reached = applied(&old, &Node::parse("overlay.yaml", &overlay).unwrap(), false);
            let (reached, notes) = reached.unwrap_or_else(|error| panic!("{error}\n{overlay}"));
            assert!(reached == new && notes.iter().next().is_none(), "{overlay}");
        }
    }
    assert!(compared > 100, "{compared}");
}
