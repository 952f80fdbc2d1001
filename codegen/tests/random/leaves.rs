//! `diff` reports a change of every keyword of OpenAPI 3.2 and of JSON Schema 2020-12, except of those that
//! `docs/diff-rules.md` names as not compared. A dense document has all of them. Each leaf and each member of it is
//! changed or removed, one at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use connectors_codegen::{Node, diff};
use serde_json::{Value, json};

/// The keywords of OpenAPI 3.2.0, without those that an object has by its kind alone (`get`, `schemas`, ...).
const OPENAPI: &str = "openapi $self info jsonSchemaDialect servers paths webhooks components security tags externalDocs \
    title summary description termsOfService contact license version name url email identifier variables enum default \
    schemas responses parameters examples requestBodies headers securitySchemes links callbacks pathItems mediaTypes \
    get put post patch query additionalOperations operationId requestBody deprecated in required allowEmptyValue style \
    explode allowReserved schema content example itemSchema encoding prefixEncoding itemEncoding contentType \
    dataValue serializedValue externalValue value operationRef server parent kind discriminator xml propertyName mapping \
    defaultMapping nodeType namespace prefix attribute wrapped type scheme bearerFormat flows openIdConnectUrl \
    oauth2MetadataUrl implicit password clientCredentials authorizationCode deviceAuthorization authorizationUrl \
    deviceAuthorizationUrl tokenUrl refreshUrl scopes";

/// The keywords of JSON Schema 2020-12.
const SCHEMA: &str = "$schema $vocabulary $id $anchor $dynamicAnchor $ref $dynamicRef $defs $comment allOf anyOf oneOf \
    not if then else dependentSchemas prefixItems items contains properties patternProperties additionalProperties \
    propertyNames unevaluatedItems unevaluatedProperties type enum const multipleOf maximum exclusiveMaximum minimum \
    exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems maxContains minContains maxProperties \
    minProperties required dependentRequired title description default deprecated readOnly writeOnly examples format \
    contentEncoding contentMediaType contentSchema";

/// What is not compared, by the last parts of the place; `^` is the whole document, and `-` is for a removal only. The section "What is not compared" of `docs/diff-rules.md` has the text in backticks.
const NOT_COMPARED: &[(&str, &str)] = &[
    ("openapi", "openapi"),
    ("$self", "$self"),
    ("jsonSchemaDialect", "jsonSchemaDialect"),
    ("$schema", "$schema"),
    ("$vocabulary", "$vocabulary"),
    ("$id", "$id"),
    ("$anchor", "$anchor"),
    ("$comment", "$comment"),
    ("info", "info"),
    ("externalDocs", "externalDocs"),
    ("servers/0/name", "name"),
    ("servers/0/description", "description"),
    ("variables/region/description", "description"),
    ("^tags", "tags"),
    ("webhooks", "webhooks"),
    ("callbacks", "callbacks"),
    ("links", "links"),
    ("example", "example"),
    ("examples", "examples"),
    ("title", "title"),
    ("xml", "xml"),
    ("allowEmptyValue", "allowEmptyValue"),
    ("bearerFormat", "bearerFormat"),
    ("key/description", "description"),
    ("scopes", "scopes"),
    ("/trees/{tree}/summary", "summary"),
    ("/trees/{tree}/description", "description"),
    ("200/summary", "summary"),
    // Beside a reference.
    ("parameters/3/description", "description"),
    ("X-Members/style", "style"),
    ("-type", "type"),
    // A parameter of a path is always required.
    ("/trees/{tree}/parameters/0/required", "required"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn document() -> Value {
    Node::read(&folder().join("data/leaves.yaml")).unwrap().to_json()
}

/// A place in a document, by its keys and indexes.
type Place = Vec<String>;

/// All members and items, outermost first.
fn places(value: &Value, at: &Place, found: &mut Vec<Place>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, child)| (key.clone(), child)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, child)| (index.to_string(), child)).collect(),
        _ => return,
    };
    for (key, child) in children {
        let mut here = at.clone();
        here.push(key);
        found.push(here.clone());
        places(child, &here, found);
    }
}

fn at<'a>(value: &'a mut Value, place: &[String]) -> &'a mut Value {
    place.iter().fold(value, |value, key| match value {
        Value::Array(items) => &mut items[key.parse::<usize>().unwrap()],
        other => &mut other[key.as_str()],
    })
}

/// Other values for a leaf.
fn others(place: &[String], value: &Value) -> Vec<Value> {
    let key = place.iter().rev().find(|key| key.parse::<usize>().is_err()).map_or("", String::as_str);
    let known = |values: &[&str]| values.iter().map(|it| json!(it)).filter(|it| it != value).collect::<Vec<_>>();
    match (key, value) {
        (_, Value::Bool(flag)) => vec![json!(!flag)],
        (_, Value::Number(number)) => vec![json!(number.as_f64().unwrap() + 1.0)],
        ("type", Value::String(ty)) if place.contains(&"securitySchemes".to_owned()) => vec![json!(format!("{ty}2"))],
        ("type", _) => known(&["string", "integer"]),
        ("in", _) => known(&["header", "query"]),
        ("style", _) => known(&["form", "pipeDelimited"]),
        ("format", _) => known(&["date", "uri"]),
        ("pattern", _) => known(&["^other"]),
        ("contentEncoding", _) => known(&["base64", "base32"]),
        ("contentMediaType" | "contentType", _) => known(&["application/json", "text/x-other"]),
        ("$ref" | "$dynamicRef" | "operationRef", _) => vec![],
        (_, Value::String(text)) => vec![json!(format!("{text}2"))],
        _ => vec![],
    }
}

/// The document without a member or an item.
fn without(document: &Value, place: &[String]) -> Value {
    let mut document = document.clone();
    let (last, around) = place.split_last().unwrap();
    match at(&mut document, around) {
        Value::Array(items) => drop(items.remove(last.parse().unwrap())),
        Value::Object(map) => drop(map.remove(last)),
        _ => unreachable!("only objects and arrays have members"),
    }
    document
}

/// Whether a place ends in a pattern.
fn fits(place: &[String], pattern: &str) -> bool {
    let (pattern, whole) = pattern.strip_prefix('^').map_or((pattern, false), |pattern| (pattern, true));
    // A path begins with a slash too.
    let parts: Vec<String> =
        pattern.replace("/trees/{tree}", "~").split('/').map(|it| it.replace('~', "/trees/{tree}")).collect();
    (place.len() == parts.len() || (place.len() > parts.len() && !whole))
        && place[place.len() - parts.len()..].iter().zip(parts).all(|(key, part)| *key == part)
}

/// The pattern that says why a change is not reported.
fn known(place: &[String], removed: bool) -> Option<&'static str> {
    let mut known = NOT_COMPARED.iter().map(|(pattern, _)| *pattern);
    known.find(|pattern| match pattern.strip_prefix('-') {
        Some(pattern) => removed && fits(place, pattern),
        None => (0..=place.len()).any(|end| fits(&place[..end], pattern)),
    })
}

const REMOVED: &str = "removed";

fn node(document: &Value) -> Node {
    Node::parse("leaves.json", &document.to_string()).unwrap()
}

/// The document, without what does not matter for the other places: the largest schema alone, and all but this schema.
fn smaller(document: &Value) -> [Value; 3] {
    let (mut forest, mut rest) = (document.clone(), document.clone());
    forest["paths"].as_object_mut().unwrap().retain(|path, _| path == "/forest");
    rest["components"]["schemas"]["Forest"] = json!({"type": "object"});
    [document.clone(), forest, rest]
}

/// Which of these documents a place is changed in. A shared schema may be reached from everywhere.
fn which(place: &[String]) -> usize {
    let at: Vec<&str> = place.iter().map(String::as_str).take(4).collect();
    match at.as_slice() {
        ["components", "schemas", "Forest", _] => 1,
        ["components"] | ["components", "schemas", ..] => 0,
        _ => 2,
    }
}

/// Changes a document at each of these places. Returns the changes that are not reported without a reason, the reasons
/// for the others, and the number of changes.
fn mutated(document: &Value, places: &[&Place]) -> (BTreeMap<String, String>, BTreeSet<&'static str>, usize) {
    let smaller = smaller(document).map(|part| (node(&part), part));
    let (mut silent, mut needed, mut tried) = (BTreeMap::new(), BTreeSet::new(), 0);
    for place in places {
        let (old, document) = &smaller[which(place)];
        // One change of what is not compared is enough.
        if known(place, false).is_some_and(|pattern| needed.contains(pattern)) {
            continue;
        }
        let value = at(&mut document.clone(), place).clone();
        let mut mutants = vec![(REMOVED.to_owned(), without(document, place))];
        for other in others(place, &value) {
            let mut changed = document.clone();
            *at(&mut changed, place) = other.clone();
            mutants.push((other.to_string(), changed));
        }
        for (what, changed) in mutants {
            let new = node(&changed);
            // A document that cannot be read is no document without a change.
            let Ok(there) = diff(old, &new) else { continue };
            tried += 1;
            // The reverse of a removal is an addition. The reverse of another change is like it.
            let both_ways = what == REMOVED && !value.is_object() && !value.is_array();
            if !there.is_empty() && (!both_ways || diff(&new, old).is_ok_and(|back| !back.is_empty())) {
                continue;
            }
            match known(place, what == REMOVED) {
                Some(pattern) => drop(needed.insert(pattern)),
                None => drop(silent.insert(place.join("/"), what)),
            }
        }
    }
    (silent, needed, tried)
}

#[test]
fn the_document_has_every_keyword() {
    let mut found = Vec::new();
    places(&document(), &Vec::new(), &mut found);
    let keys: BTreeSet<&str> = found.iter().filter_map(|place| place.last()).map(String::as_str).collect();
    let lacking: Vec<&str> =
        OPENAPI.split_whitespace().chain(SCHEMA.split_whitespace()).filter(|key| !keys.contains(key)).collect();
    assert!(lacking.is_empty(), "{lacking:?}");
}

#[test]
fn a_change_of_any_keyword_is_reported() {
    let document = document();
    let old = node(&document);
    assert_eq!(diff(&old, &old).unwrap(), []);
    let mut found = Vec::new();
    places(&document, &Vec::new(), &mut found);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let parts: Vec<Vec<&Place>> = (0..threads).map(|part| found.iter().skip(part).step_by(threads).collect()).collect();
    let (mut silent, mut needed, mut tried) = (BTreeMap::new(), BTreeSet::new(), 0);
    std::thread::scope(|scope| {
        let running: Vec<_> = parts.iter().map(|part| scope.spawn(|| mutated(&document, part))).collect();
        for (unreported, patterns, mutants) in running.into_iter().map(|it| it.join().unwrap()) {
            silent.extend(unreported);
            needed.extend(patterns);
            tried += mutants;
        }
    });
    assert!(tried > 500, "{tried}");
    assert!(silent.is_empty(), "no change is reported:\n{silent:#?}");
    let all: BTreeSet<&str> = NOT_COMPARED.iter().map(|(pattern, _)| *pattern).collect();
    assert_eq!(needed, all, "left: not compared; right: with a reason");
    let docs = fs::read_to_string(folder().join("../../docs/diff-rules.md")).unwrap();
    let (_, section) = docs.split_once("## What is not compared").unwrap();
    for (pattern, told) in NOT_COMPARED {
        assert!(section.contains(&format!("`{told}`")), "docs/diff-rules.md does not name `{told}` ({pattern})");
    }
}
