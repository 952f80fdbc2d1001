//! JSONPath (RFC 9535) over a tree.

use std::collections::BTreeMap;

use serde_json_path::{JsonPath, PathElement};

use crate::document::{Node, Pointer};

/// The places that a JSONPath selects, in document order.
pub(super) fn locate(document: &Node, path: &str) -> Result<Vec<Pointer>, String> {
    // Most targets select one node by names. Those need no copy of the document.
    if let Some(steps) = singular(path) {
        let mut at = Some((document, Pointer::root()));
        for (token, is_index) in steps {
            // A name selects members and an index selects elements, also if a name looks like an index.
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
    let query = query(path)?;
    let json = document.to_json();
    let located = query.query_located(&json);
    // Sorted by each step's position among its siblings: a path may select a node twice, and `json` has another order.
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

/// The steps of a path that has only member names and indexes, each with whether it is an index; `None` for other
/// paths.
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
            // RFC 9535 does not allow this index, and its parser reports it.
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

/// Whether a text is a JSONPath.
pub(super) fn is_path(text: &str) -> bool {
    parse(text).is_ok()
}

/// Checks that a text is a JSONPath; the error has the reason.
pub(super) fn parse(text: &str) -> Result<(), String> {
    if singular(text).is_some() {
        return Ok(());
    }
    query(text).map(drop)
}

fn query(path: &str) -> Result<JsonPath, String> {
    let strict = JsonPath::parse(path);
    strict.or_else(|error| JsonPath::parse(&bracketed(path)).map_err(|_| error.to_string()))
}

/// A path with each name that has a hyphen in brackets. RFC 9535 does not allow `.x-traits`, but the Overlay
/// Specification has it in an example.
fn bracketed(path: &str) -> String {
    let (mut out, mut rest, mut quote) = (String::new(), path.chars(), None);
    loop {
        let text = rest.as_str();
        let name = text
            .strip_prefix('.')
            .filter(|name| quote.is_none() && name.starts_with(|c: char| c.is_alphabetic() || c == '_'));
        let name = name.map(|name| {
            let end = name.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(name.len());
            name.split_at(end)
        });
        if let Some((name, tail)) = name.filter(|(name, _)| name.contains('-')) {
            // After `..` the brackets follow the second dot.
            let dot = if out.ends_with('.') { "." } else { "" };
            out.push_str(&format!("{dot}['{name}']"));
            rest = tail.chars();
            continue;
        }
        let Some(c) = rest.next() else { return out };
        out.push(c);
        match quote {
            Some(_) if c == '\\' => out.extend(rest.next()),
            Some(end) if c == end => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            _ => {}
        }
    }
}

/// The path of a member of a path's target.
#[cfg(feature = "commands")]
pub(crate) fn step(path: &str, name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain {
        return format!("{path}.{name}");
    }
    let mut quoted = String::new();
    for c in name.chars() {
        match c {
            '\\' | '\'' => quoted.extend(['\\', c]),
            c if c < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    format!("{path}['{quoted}']")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_come_once_each_and_in_the_order_of_the_document() {
        let document = Node::parse("doc.yaml", "z: {b: {k: 1}, a: {k: 2}}\na: [{k: 3}]\n").unwrap();
        let found = |path: &str| locate(&document, path).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(found("$..k"), ["/z/b/k", "/z/a/k", "/a/0/k"]);
        assert_eq!(found("$['a','z','a']"), ["/z", "/a"]);
    }

    #[test]
    fn a_name_with_a_hyphen_needs_no_brackets() {
        let document = Node::parse("t.yaml", "{a: {x-t: {b: 1}, n: 2}, c: {x-t: {b: 3}, 'y.x-t': 4}, x-t: 5}").unwrap();
        let found =
            |path: &str| locate(&document, path).map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>());
        for (written, strict) in [
            ("$.x-t", "$['x-t']"),
            ("$..x-t", "$..['x-t']"),
            ("$.*[?@.x-t]", "$.*[?@['x-t']]"),
            ("$[?@.x-t.b == 3]", "$[?@['x-t'].b == 3]"),
            ("$[?@.x-t && @['y.x-t']].x-t.b", "$[?@['x-t'] && @['y.x-t']]['x-t'].b"),
        ] {
            assert_eq!(found(written), found(strict), "{written}");
            assert!(is_path(written) && found(strict).is_ok(), "{written}");
        }
        assert_eq!(found("$[?@.x-t.b == 3]").unwrap(), ["/c"]);
        for wrong in ["$.x-t[", "$.-", "x-t", "$.1-2"] {
            assert!(!is_path(wrong), "{wrong}");
        }
    }
}
