//! Stage `overlay`: an OpenAPI Overlay (1.0 and 1.1) applied by RFC 9535 paths; an action that matches nothing is an error.
//!
//! Stricter than the specification in two ways, because an overlay that silently stops working is a client that is
//! silently wrong: a target that selects nothing is refused, and so is prose for a property or response that the
//! document no longer has.

use std::collections::BTreeMap;
use std::fmt;

use serde_json_path::{JsonPath, PathElement};

use crate::diagnostic::{Diagnostic, Error};
use crate::document::{Node, Pointer, Span, Value};
use crate::grammar::{self, Object};

/// Applies an overlay to a document.
///
/// # Errors
/// An overlay that is not one, and every action that is malformed, matches nothing, or does not fit what it matches,
/// each with its number, file and line.
pub(crate) fn apply(document: &mut Node, overlay: &Node) -> Result<(), Error> {
    let mut diagnostics = Vec::new();
    for (index, action) in actions(overlay)?.iter().enumerate() {
        if let Err(diagnostic) = perform(document, action, index + 1) {
            diagnostics.push(diagnostic);
        }
    }
    stale_prose(document, overlay, &mut diagnostics);
    if diagnostics.is_empty() { Ok(()) } else { Err(diagnostics.into()) }
}

/// The actions of an overlay, if it is one.
fn actions(overlay: &Node) -> Result<&[Node], Error> {
    let version = overlay.str("overlay").unwrap_or_default();
    if !matches!(version.rsplit_once('.'), Some(("1.0" | "1.1", _))) {
        return Err(Diagnostic::new("not an OpenAPI Overlay 1.0 or 1.1")
            .at(&overlay.span)
            .help("an overlay begins with `overlay: 1.1.0`")
            .into());
    }
    let Some(actions) = overlay.get("actions").and_then(Node::as_array) else {
        return Err(Diagnostic::new("the overlay has no list of `actions`").at(&overlay.span).into());
    };
    if actions.is_empty() {
        return Err(Diagnostic::new("the overlay's list of `actions` is empty").at(&overlay.span).into());
    }
    Ok(actions)
}

/// One action of an overlay, and what it does to a document.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Action {
    /// Its number in the overlay, from 1.
    pub number: usize,
    /// Its JSONPath, as far as it has one.
    pub target: String,
    /// Where it is written.
    pub span: Span,
    /// What it does.
    pub effect: Effect,
}

/// What an action of an overlay does to a document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// It changes the document.
    Applied,
    /// The document says by itself all that it would add: upstream has fixed what it corrected.
    AlreadySo,
    /// Its target is not in the document; what it would remove may have been removed upstream.
    Unmatched,
    /// It is malformed, or does not fit what it matches, for this reason.
    Refused(String),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, target, span, effect } = self;
        write!(f, "overlay action {number} ({span}): ")?;
        match effect {
            Effect::Applied => write!(f, "`{target}` is changed"),
            Effect::AlreadySo => {
                write!(f, "the document says by itself what this adds to `{target}`: delete the action")
            }
            Effect::Unmatched => write!(f, "`{target}` matches nothing: mend the target or delete the action"),
            Effect::Refused(reason) => f.write_str(reason),
        }
    }
}

/// Applies as much of an overlay as fits, leaves out words about what is not there, and says what each action did.
///
/// # Errors
/// An overlay that is not one.
pub(crate) fn inspect(document: &mut Node, overlay: &Node) -> Result<Vec<Action>, Error> {
    let mut inspected = Vec::new();
    for (index, action) in actions(overlay)?.iter().enumerate() {
        let number = index + 1;
        let target = action.str("target").unwrap_or_default().to_owned();
        let found = locate(document, &target).unwrap_or_default();
        let already = |update: &Node| {
            found.iter().all(|place| document.pointer(place.as_str()).is_some_and(|node| says(node, update)))
        };
        // A target that is no JSONPath is for `perform` to refuse.
        let is_path = singular(&target).is_some() || JsonPath::parse(&target).is_ok();
        let effect = if found.is_empty() && is_path {
            Effect::Unmatched
        } else if !action.is_true("remove")
            && !found.is_empty()
            && action.get("copy").is_none()
            && action.get("update").is_some_and(already)
        {
            Effect::AlreadySo
        } else {
            match perform(document, action, number) {
                Ok(()) => Effect::Applied,
                Err(diagnostic) => Effect::Refused(diagnostic.message().to_owned()),
            }
        };
        inspected.push(Action { number, target, span: action.span.clone(), effect });
    }
    if let Some(file) = overlay.span.file() {
        prune(document, file);
    }
    Ok(inspected)
}

/// Whether a node has all that an update would give it.
fn says(node: &Node, update: &Node) -> bool {
    match (&node.value, &update.value) {
        (Value::Object(map), Value::Object(more)) => {
            more.iter().all(|(key, value)| map.get(key).is_some_and(|own| says(own, value)))
        }
        (Value::Array(items), Value::Array(more)) => more.iter().all(|item| items.contains(item)),
        (Value::Array(items), _) => items.contains(update),
        (own, value) => own == value,
    }
}

/// Takes out what an overlay made of nothing but words, and says whether this is such a node itself.
fn prune(node: &mut Node, file: &str) -> bool {
    let made = node.span.file() == Some(file);
    match &mut node.value {
        Value::Object(map) => {
            let before = map.len();
            map.retain(|_, child| !prune(child, file));
            let words = |(key, value): (&String, &Node)| {
                (grammar::is_annotation(key) || key == "summary") && value.as_object().is_none()
            };
            made && before > 0 && map.iter().all(words)
        }
        Value::Array(items) => {
            for item in items {
                prune(item, file);
            }
            false
        }
        _ => false,
    }
}

fn perform(document: &mut Node, action: &Node, number: usize) -> Result<(), Diagnostic> {
    let wrong =
        |message: String, node: &Node| Diagnostic::new(format!("overlay action {number}: {message}")).at(&node.span);
    let Some(target) = action.get("target") else {
        return Err(wrong("it has no `target`".to_owned(), action));
    };
    let Some(path) = target.as_str() else {
        return Err(wrong("its `target` is not a string".to_owned(), target));
    };
    let found = locate(document, path).map_err(|error| {
        wrong(format!("`{path}` is not a JSONPath: {error}"), target)
            .help("RFC 9535 is the syntax: quote names with dots, as in $.paths['/a.b']")
    })?;
    if found.is_empty() {
        return Err(wrong(format!("`{path}` matches nothing"), target)
            .help("the document has changed, or the path is misspelt: mend the target or delete the action"));
    }
    if action.is_true("remove") {
        // From the last to the first, so that no removal moves a place that is still to come.
        let mut places: Vec<Vec<String>> = found.iter().filter_map(|place| Pointer::split(place.as_str())).collect();
        let natural = |token: &String| (token.parse::<usize>().unwrap_or(usize::MAX), token.clone());
        places.sort_by_key(|tokens| tokens.iter().map(natural).collect::<Vec<_>>());
        places
            .iter()
            .rev()
            .for_each(|tokens| remove(document, &tokens.iter().fold(Pointer::root(), Pointer::join_token)));
        return Ok(());
    }
    let value = match (action.get("copy"), action.get("update")) {
        // The specification says of each that it has no effect beside the other, so the action would do nothing.
        (Some(copy), Some(_)) => {
            return Err(wrong("it has both `update` and `copy`, of which neither has an effect then".to_owned(), copy)
                .help("write two actions, in the order in which they are to be done"));
        }
        (Some(copy), None) => {
            let from = copy.as_str().ok_or_else(|| wrong("its `copy` is not a string".to_owned(), copy))?;
            let sources =
                locate(document, from).map_err(|error| wrong(format!("`{from}` is not a JSONPath: {error}"), copy))?;
            match sources.as_slice() {
                [one] => document.pointer(one.as_str()).cloned().unwrap_or_else(|| Node::made(Value::Null)),
                other => {
                    return Err(wrong(format!("`copy` must select one node, `{from}` selects {}", other.len()), copy));
                }
            }
        }
        (None, Some(update)) => update.clone(),
        (None, None) => return Err(wrong("it has neither `update`, `copy` nor `remove: true`".to_owned(), action)),
    };
    // All are looked at before any is changed: an action is done whole or not at all.
    let kinds: Vec<&str> = found.iter().filter_map(|place| document.pointer(place.as_str())).map(kind).collect();
    if kinds.iter().any(|kind| *kind != kinds[0]) {
        return Err(wrong(
            format!("`{path}` selects {}; one action changes nodes of one kind", kinds.join(", ")),
            target,
        ));
    }
    for place in &found {
        let Some(node) = document.pointer_mut(place.as_str()) else { continue };
        match (&mut node.value, &value.value) {
            (Value::Object(_), Value::Object(_)) => {
                merge(node, &value).map_err(|(at, ours, theirs)| {
                    let message = format!("`{}` is {ours} in the document and {theirs} in the update", at.last());
                    wrong(message, &value).help("remove the old value first, in an action of its own")
                })?;
            }
            (Value::Object(_), _) => {
                return Err(wrong(format!("`{path}` selects an object, so the update must be an object"), action));
            }
            (Value::Array(items), Value::Array(more)) => items.extend(more.iter().cloned()),
            (Value::Array(items), _) => items.push(value.clone()),
            (_, Value::Object(_) | Value::Array(_)) => {
                let message = format!("`{path}` selects a primitive value, which only a primitive can replace");
                return Err(wrong(message, action));
            }
            _ => *node = value.clone(),
        }
    }
    Ok(())
}

/// What a node is, in the words of the specification.
fn kind(node: &Node) -> &'static str {
    match node.value {
        Value::Object(_) => "an object",
        Value::Array(_) => "an array",
        _ => "a primitive value",
    }
}

/// The merge rule of the specification: objects by member, arrays end to end, primitives replaced, nothing else.
fn merge(target: &mut Node, update: &Node) -> Result<(), (Pointer, &'static str, &'static str)> {
    fn at(target: &mut Node, update: &Node, here: &Pointer) -> Result<(), (Pointer, &'static str, &'static str)> {
        let kinds = (kind(target), kind(update));
        match (&mut target.value, &update.value) {
            (Value::Object(map), Value::Object(more)) => {
                for (key, value) in more {
                    match map.get_mut(key) {
                        Some(existing) => at(existing, value, &here.join(key))?,
                        None => drop(map.insert(key.clone(), value.clone())),
                    }
                }
            }
            (Value::Array(items), Value::Array(more)) => items.extend(more.iter().cloned()),
            _ if kinds.0 == kinds.1 => *target = update.clone(),
            _ => return Err((here.clone(), kinds.0, kinds.1)),
        }
        Ok(())
    }
    // Into a copy, so that what does not fit leaves nothing half-merged.
    let mut merged = target.clone();
    at(&mut merged, update, &Pointer::root())?;
    *target = merged;
    Ok(())
}

fn remove(document: &mut Node, place: &Pointer) {
    let Some((parent, _)) = place.as_str().rsplit_once('/') else { return };
    let key = place.last();
    match document.pointer_mut(parent).map(|node| &mut node.value) {
        Some(Value::Object(map)) => drop(map.shift_remove(&key)),
        Some(Value::Array(items)) => {
            if let Some(index) = key.parse::<usize>().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        _ => {}
    }
}

/// Where in the document a JSONPath leads, in document order.
fn locate(document: &Node, path: &str) -> Result<Vec<Pointer>, String> {
    // Most targets name one node; those need no copy of the document.
    if let Some(steps) = singular(path) {
        let mut at = Some((document, Pointer::root()));
        for (token, is_index) in steps {
            // A name selects members, an index elements, whatever the other looks like.
            at = at.and_then(|(node, pointer)| {
                let next = match node.as_array() {
                    Some(items) if is_index => items.get(token.parse::<usize>().ok()?),
                    None if !is_index => node.get(token),
                    _ => None,
                };
                Some((next?, pointer.join(token)))
            });
        }
        return Ok(at.map(|(_, pointer)| pointer).into_iter().collect());
    }
    let query = JsonPath::parse(path).map_err(|error| error.to_string())?;
    let json = document.to_json();
    let located = query.query_located(&json);
    // By the place of each step among its siblings: a path may name a node twice, and `json` has an order of its own.
    let mut found = BTreeMap::new();
    for node in located.iter() {
        let (mut at, mut place, mut pointer) = (Some(document), Vec::new(), Pointer::root());
        for element in node.location().iter() {
            let index = match element {
                PathElement::Name(name) => {
                    pointer = pointer.join(name);
                    let member = at.and_then(Node::as_object).and_then(|map| map.get_full(*name));
                    at = member.map(|(_, _, node)| node);
                    member.map(|(index, ..)| index)
                }
                PathElement::Index(index) => {
                    pointer = pointer.join(index);
                    at = at.and_then(Node::as_array).and_then(|items| items.get(*index));
                    Some(*index)
                }
            };
            place.extend(index);
        }
        found.insert(place, pointer);
    }
    Ok(found.into_values().collect())
}

/// A path of plain member names and indexes, each with whether it is an index; `None` for every other path.
fn singular(path: &str) -> Option<Vec<(&str, bool)>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (token, tail) = if let Some(quoted) = rest.strip_prefix("['") {
            quoted.split_once("']")?
        } else if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            name.split_at(end)
        } else if let Some(index) = rest.strip_prefix('[') {
            let (index, tail) = index.split_once(']')?;
            (index.bytes().all(|byte| byte.is_ascii_digit()) && !index.is_empty()).then_some((index, tail))?
        } else {
            return None;
        };
        let quoted = rest.starts_with("['");
        let is_index = !quoted && rest.starts_with('[');
        if is_index && token.len() > 1 && token.starts_with('0') {
            // Not an index by RFC 9535, which is what tells.
            return None;
        }
        let plain = !token.is_empty()
            && !token.contains(['\\', '\''])
            && (quoted || is_index || !token.starts_with(|c: char| c.is_ascii_digit()))
            && (quoted || token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
        if !plain {
            return None;
        }
        steps.push((token, is_index));
        rest = tail;
    }
    Some(steps)
}

/// An update that describes something which is not there creates it, by the merge rule: a schema or response made of
/// nothing but words. That is prose gone stale, never what its writer meant.
fn stale_prose(document: &Node, overlay: &Node, diagnostics: &mut Vec<Diagnostic>) {
    Object::OpenApi.walk(document, &Pointer::root(), &mut |kind, node, pointer| {
        let Some(map) = node.as_object() else { return };
        let made_here = node.span.file().is_some() && node.span.file() == overlay.span.file();
        let checked = matches!(kind, Object::Schema | Object::Response | Object::Operation | Object::Parameter);
        if made_here
            && checked
            && !map.is_empty()
            && map.keys().all(|key| grammar::is_annotation(key) || key == "summary")
        {
            diagnostics.push(
                Diagnostic::new(format!(
                    "the overlay describes `{}`, which the document does not have ({pointer})",
                    pointer.last()
                ))
                .at(&node.span)
                .help("delete the description, or mend its name"),
            );
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(document: &str, overlay: &str) -> Result<serde_json::Value, String> {
        let mut document = Node::parse("doc.yaml", document).unwrap();
        let overlay = Node::parse("overlay.yaml", &format!("overlay: 1.1.0\nactions:\n{overlay}")).unwrap();
        apply(&mut document, &overlay).map(|()| document.to_json()).map_err(|error| error.to_string())
    }

    #[test]
    fn matches_come_once_each_and_in_the_order_of_the_document() {
        let document = Node::parse("doc.yaml", "z: {b: {k: 1}, a: {k: 2}}\na: [{k: 3}]\n").unwrap();
        let found = |path: &str| locate(&document, path).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(found("$..k"), ["/z/b/k", "/z/a/k", "/a/0/k"]);
        assert_eq!(found("$['a','z','a']"), ["/z", "/a"]);
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
    fn copy_takes_one_node_and_merges_it() {
        let result =
            applied("a: {x: 1}\nb: {y: 2}\nl: [1]", "  - {target: $.a, copy: $.b}\n  - {target: $.l, copy: $.b.y}");
        assert_eq!(result.unwrap(), serde_json::json!({"a": {"x": 1, "y": 2}, "b": {"y": 2}, "l": [1, 2]}));
        let merged =
            applied("a: {l: [1], o: {x: 1}, p: ~}\nb: {l: [2], o: {y: 2}, p: 3}", "  - {target: $.a, copy: $.b}");
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
    fn each_action_is_said_to_fit_to_be_needless_or_to_miss() {
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
        let expected = serde_json::json!({"a": {"b": 1, "l": ["x"], "e": 2}, "c": {"d": {"type": "string", "description": "fine"}}});
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
            (
                "  - {target: $.o, update: {x: [1]}}",
                "`x` is a primitive value in the document and an array in the update",
            ),
        ] {
            let error = applied("a: 1\no: {x: 1, '0': 2}\nl: [1]", action).unwrap_err();
            assert!(error.contains(expected), "{action}: {error}");
        }
        let mut document = Node::parse("a.yaml", "a: 1").unwrap();
        let wrong = Node::parse("o.yaml", "overlay: 2.0.0\nactions: []").unwrap();
        assert!(apply(&mut document, &wrong).is_err());
    }

    #[test]
    fn prose_for_a_property_that_is_gone_is_refused() {
        let document = "components: {schemas: {A: {type: object, properties: {x: {type: string}}}}}";
        let prose = "  - target: $.components.schemas.A\n    update: {properties: {x: {description: fine}, y: {description: stale}}}";
        let error = applied(document, prose).unwrap_err();
        assert!(error.contains("`y`") && !error.contains("`x`"), "{error}");
        let real =
            "  - target: $.components.schemas.A\n    update: {properties: {y: {type: string, description: new}}}";
        assert!(applied(document, real).is_ok());
    }

    #[test]
    fn lists_and_primitives_are_replaced_in_steps_and_filters_see_what_the_steps_before_left() {
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
    fn operations_are_removed_by_their_tags_all_of_them_and_no_other() {
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
}
