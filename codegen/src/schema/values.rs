//! Normalizes the types of a schema, and the limits on its values.

use super::normalise::{Normaliser, keep};
use crate::document::{Map, Node, Pointer, Value};
use crate::grammar;
use crate::note::Kind;

impl Normaliser<'_> {
    pub(super) fn types(&mut self, node: &mut Node, at: &Pointer, further: &mut Map) {
        let Some(written) = node.get("type") else { return };
        let mut types: Vec<String> = match &written.value {
            Value::String(one) => vec![one.clone()],
            Value::Array(many) => many.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        };
        let known = |name: &String| {
            matches!(name.as_str(), "null" | "boolean" | "object" | "array" | "number" | "string" | "integer")
        };
        if !types.iter().all(known) || types.is_empty() {
            let written = written.clone();
            self.note(Kind::Correction, &at.join("type"), &written, "not a type of JSON Schema; any value is accepted");
            types.retain(known);
        }
        let mut seen = Vec::new();
        types.retain(|name| {
            !seen.contains(name) && {
                seen.push(name.clone());
                true
            }
        });
        if types.iter().any(|name| name == "null") {
            types.retain(|name| name != "null");
            node.set("nullable", true);
            if types.is_empty() && node.get("enum").is_none() {
                node.set("enum", vec![Node::made(Value::Null)]);
            }
        }
        if types.iter().any(|name| name == "number") {
            types.retain(|name| name != "integer");
        }
        match types.as_slice() {
            [] => drop(node.take("type")),
            [one] => {
                let one = one.clone();
                node.set("type", one);
            }
            // All types are allowed, so this is no constraint. The exception: another keyword applies to some types
            // only.
            many if many.len() == 5 && node.as_object().is_none_or(|map| !tells_apart(map, many)) => {
                ["type", "items", "additionalProperties"].iter().for_each(|key| drop(node.take(key)));
            }
            many => self.one_of_types(node, many, at, further),
        }
    }

    /// `type: [A, B]` becomes a `oneOf` of A and B, each with the keywords that apply to it.
    fn one_of_types(&mut self, node: &mut Node, types: &[String], at: &Pointer, further: &mut Map) {
        if node.get("oneOf").is_some() || node.get("anyOf").is_some() || node.get("allOf").is_some() {
            let written = node.take("type").unwrap_or_else(|| Node::made(Value::Null));
            self.note(
                Kind::Unchecked,
                &at.join("type"),
                &written,
                "a list of types beside a union or `allOf`; only the branches are used",
            );
            keep(further, "type", written);
            return;
        }
        let span = node.span.clone();
        let Some(map) = node.as_object_mut() else { return };
        map.shift_remove("type");
        let keywords = std::mem::take(map);
        let mut branches: Vec<Map> =
            types.iter().map(|name| Map::from_iter([("type".to_owned(), Node::at(name.clone(), &span))])).collect();
        for (key, value) in keywords {
            if grammar::is_annotation(&key)
                || matches!(key.as_str(), "nullable" | "readOnly" | "writeOnly" | "default" | "xml")
            {
                map.insert(key, value);
                continue;
            }
            for (name, branch) in types.iter().zip(&mut branches) {
                if key == "enum" {
                    let fits = |it: &Node| has_type(it, name);
                    let values: Vec<Node> =
                        value.as_array().unwrap_or_default().iter().filter(|it| fits(it)).cloned().collect();
                    branch.insert(key.clone(), Node::at(values, &value.span));
                } else if speaks_about(&key, &value, name) {
                    branch.insert(key.clone(), value.clone());
                }
            }
        }
        // A type is impossible if the enum has no value of it.
        branches.retain(|branch| branch.get("enum").and_then(Node::as_array).is_none_or(|values| !values.is_empty()));
        let branches = branches.into_iter().map(|branch| Node::at(branch, &span)).collect::<Vec<_>>();
        map.insert("oneOf".to_owned(), Node::at(branches, &span));
    }

    /// Turns an exclusive bound that is a number into a bound and a flag. Replaces an integer bound that does not fit
    /// into 64 bits.
    pub(super) fn bounds(&mut self, node: &mut Node, at: &Pointer, further: &mut Map) {
        for (bound, exclusive, lower) in [("minimum", "exclusiveMinimum", true), ("maximum", "exclusiveMaximum", false)]
        {
            if let Some(Value::Number(strict)) = node.get(exclusive).map(|it| it.value.clone()) {
                let other = node.get(bound).and_then(|it| match &it.value {
                    Value::Number(number) => number.as_f64(),
                    _ => None,
                });
                let decides = match (other, strict.as_f64()) {
                    (Some(other), Some(strict)) => {
                        if lower {
                            strict >= other
                        } else {
                            strict <= other
                        }
                    }
                    _ => true,
                };
                if decides {
                    node.set(bound, strict);
                    node.set(exclusive, true);
                } else {
                    node.take(exclusive);
                }
            }
            if node.get(exclusive).is_some_and(|it| it.as_bool().is_none()) {
                node.take(exclusive);
            }
            let too_wide = |number: &serde_json::Number| number.as_i64().is_none() && number.as_u64().is_none();
            if node.str("type") == Some("integer")
                && let Some(Value::Number(number)) = node.get(bound).map(|it| it.value.clone())
                && too_wide(&number)
            {
                let whole = number.as_f64().filter(|it| it.fract() == 0.0 && it.abs() < 9_007_199_254_740_992.0);
                match whole {
                    // The cast is exact: the value is whole and below 2^53.
                    #[allow(clippy::cast_possible_truncation)]
                    Some(value) => node.set(bound, serde_json::Number::from(value as i64)),
                    None => {
                        // The widest bound shows that the range is wide. Removing the bound would lose that.
                        let written = node.get(bound).cloned().unwrap_or_else(|| Node::made(Value::Null));
                        let negative = number.as_f64().is_some_and(|it| it < 0.0);
                        let widest: serde_json::Number = if negative { i64::MIN.into() } else { u64::MAX.into() };
                        node.set(bound, widest);
                        node.take(exclusive);
                        self.note(
                            Kind::Unchecked,
                            &at.join(bound),
                            &written,
                            "the bound is not a 64-bit integer; the widest bound was used instead",
                        );
                        keep(further, bound, written);
                    }
                }
            }
            if node.get(bound).is_some_and(|it| !matches!(it.value, Value::Number(_))) {
                let written = node.take(bound).unwrap_or_else(|| Node::made(Value::Null));
                self.note(
                    Kind::Correction,
                    &at.join(bound),
                    &written,
                    "a bound must be a number; this one was left out",
                );
            }
        }
    }

    /// Removes a pattern that is not a regular expression of ECMA-262.
    pub(super) fn pattern(&mut self, node: &mut Node, at: &Pointer, further: &mut Map) {
        let Some(pattern) = node.get("pattern") else { return };
        let valid = |text: &str| regress::Regex::new(text).is_ok() || regress::Regex::with_flags(text, "u").is_ok();
        if !pattern.as_str().is_some_and(valid) {
            let written = pattern.clone();
            node.take("pattern");
            self.note(
                Kind::Unchecked,
                &at.join("pattern"),
                &written,
                "the pattern is not a regular expression of ECMA-262",
            );
            keep(further, "pattern", written);
        }
    }

    /// Turns the content type and encoding of a string into its format. For JSON, it becomes `x-json-text` with the
    /// schema of the content. What the format does not say goes to the keywords that no type depends on.
    pub(super) fn content(&mut self, node: &mut Node, at: &Pointer, further: &mut Map) {
        let encoding = node.take("contentEncoding");
        let media = node.take("contentMediaType");
        let text = |node: &Option<Node>| node.as_ref().and_then(Node::as_str).map(str::to_ascii_lowercase);
        let essence = text(&media).map(|it| it.split(';').next().unwrap_or_default().trim().to_owned());
        let is_json = |it: &str| it == "application/json" || it.ends_with("+json");
        let given = text(&node.get("format").cloned());
        let format = match (text(&encoding).as_deref(), essence.as_deref()) {
            (Some("base64"), _) => Some("byte"),
            (Some("base64url"), _) => Some("base64url"),
            (None | Some("7bit" | "8bit" | "binary"), Some(media)) if is_binary(media) => Some("binary"),
            _ => None,
        };
        let is_text = matches!(text(&encoding).as_deref(), None | Some("7bit" | "8bit" | "binary"));
        let holds_json = format.is_none() && is_text && essence.as_deref().is_some_and(is_json);
        if holds_json {
            let content = node.take("contentSchema").unwrap_or_else(|| Node::made(Map::new()));
            node.set("x-json-text", content.value);
        } else if let (None, Some(lost)) = (format, encoding.as_ref().or(media.as_ref())) {
            self.note(Kind::Unchecked, at, lost, "the string is not decoded by its content type or encoding");
        }
        if let Some(format) = format.filter(|_| given.is_none()) {
            node.set("format", format);
        }
        let decided = |format: Option<&str>| given.is_none() || given.as_deref() == format;
        let says_encoding = matches!(format, Some("byte" | "base64url")) && decided(format);
        let says_media = match essence.as_deref() {
            Some("application/json") => holds_json,
            Some("application/octet-stream") => format == Some("binary") && decided(format),
            _ => false,
        };
        for (key, lost, said) in [("contentEncoding", encoding, says_encoding), ("contentMediaType", media, says_media)]
        {
            if let Some(lost) = lost.filter(|_| !said) {
                keep(further, key, lost);
            }
        }
    }
}

/// Whether the content of a media type is bytes, not text.
fn is_binary(media: &str) -> bool {
    let named = ["application/octet-stream", "application/pdf", "application/zip", "application/gzip"];
    let kinds = ["image/", "audio/", "video/"];
    let is_text = media.ends_with("+xml") || media.ends_with("+json");
    !is_text && (named.contains(&media) || kinds.iter().any(|kind| media.starts_with(kind)))
}

fn has_type(value: &Node, name: &str) -> bool {
    match &value.value {
        Value::Null => false,
        Value::Bool(_) => name == "boolean",
        Value::Number(number) => {
            name == "number" || (name == "integer" && number.as_f64().is_some_and(|it| it.fract() == 0.0))
        }
        Value::String(_) => name == "string",
        Value::Array(_) => name == "array",
        Value::Object(_) => name == "object",
    }
}

/// Whether a keyword constrains values of a type.
fn speaks_about(key: &str, value: &Node, name: &str) -> bool {
    match key {
        "properties" | "required" | "additionalProperties" | "minProperties" | "maxProperties" | "discriminator" => {
            name == "object"
        }
        "items" | "prefixItems" | "minItems" | "maxItems" | "uniqueItems" => name == "array",
        "pattern" | "minLength" | "maxLength" | "contentEncoding" | "contentMediaType" | "x-json-text" => {
            name == "string"
        }
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
            matches!(name, "number" | "integer")
        }
        "format" => {
            let numeric = matches!(
                value.as_str(),
                Some(
                    "int32"
                        | "int64"
                        | "uint32"
                        | "uint64"
                        | "float"
                        | "double"
                        | "int8"
                        | "int16"
                        | "uint8"
                        | "uint16"
                )
            );
            numeric == matches!(name, "number" | "integer") && matches!(name, "number" | "integer" | "string")
        }
        _ => true,
    }
}

/// Whether a schema constrains values of some types but not of others.
fn tells_apart(schema: &Map, types: &[String]) -> bool {
    schema.iter().any(|(key, value)| {
        let anything = value.as_bool() == Some(true) || value.as_object().is_some_and(Map::is_empty);
        let asks_nothing = anything && matches!(key.as_str(), "items" | "additionalProperties");
        !asks_nothing && !types.iter().all(|name| speaks_about(key, value, name))
    })
}
