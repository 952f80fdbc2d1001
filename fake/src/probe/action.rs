//! Overlay actions after which a document allows the received responses.

use serde_json::{Map, Value, json};

use super::shape::Shape;
use connectors_mock::contract::UNKNOWN_VALUES;
use connectors_mock::schema::unescape;

/// One action of an Overlay 1.2.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Action {
    target: String,
    /// The value to merge into the target; without it, the target is removed.
    update: Option<Value>,
}

impl Action {
    pub(super) fn to_json(&self) -> Value {
        match &self.update {
            Some(update) => json!({"target": self.target, "update": update}),
            None => json!({"target": self.target, "remove": true}),
        }
    }

    /// The action as an item of an overlay's list in YAML.
    pub(super) fn to_yaml(&self) -> String {
        let target = Value::from(self.target.as_str());
        match &self.update {
            Some(update) => format!("  - target: {target}\n    update: {update}\n"),
            None => format!("  - target: {target}\n    remove: true\n"),
        }
    }
}

/// The document to change.
#[derive(Clone, Copy)]
pub(super) struct Target<'d> {
    pub(super) root: &'d Value,
    pub(super) is_3_0: bool,
}

impl Target<'_> {
    fn update(self, place: &str, value: Value) -> Action {
        Action { target: path(self.root, place), update: Some(value) }
    }

    fn remove(self, place: &str) -> Action {
        Action { target: path(self.root, place), update: None }
    }

    fn has<'p>(self, places: &'p [String], keyword: &str) -> Vec<&'p String> {
        places.iter().filter(|place| self.root.pointer(place).is_some_and(|node| node.get(keyword).is_some())).collect()
    }

    /// Adds a status to an operation.
    pub(super) fn status(self, operation: &str, status: u16, media: &str, shape: &Shape) -> Vec<Action> {
        let mut response = json!({"description": "Received by `connectors probe`."});
        if !media.is_empty() {
            response["content"] = json!({media: {"schema": shape.schema(self.is_3_0)}});
        }
        vec![self.update(&format!("{operation}/responses"), json!({status.to_string(): response}))]
    }

    /// Adds a media type to a response.
    pub(super) fn media(self, response: &str, media: &str, shape: &Shape) -> Vec<Action> {
        vec![self.update(response, json!({"content": {media: {"schema": shape.schema(self.is_3_0)}}}))]
    }

    /// Makes a header optional.
    pub(super) fn header(self, header: &str) -> Vec<Action> {
        vec![self.update(header, json!({"required": false}))]
    }

    /// Allows null.
    pub(super) fn null(self, sites: &[String]) -> Vec<Action> {
        sites.iter().flat_map(|site| self.null_at(site)).collect()
    }

    fn null_at(self, site: &str) -> Vec<Action> {
        let node = self.root.pointer(site).unwrap_or(&Value::Null);
        let inside = |keyword: &str| self.remove(&format!("{site}/{keyword}"));
        if self.is_3_0 {
            // It would have no effect beside a reference.
            return match node.get("$ref") {
                Some(reference) => {
                    vec![inside("$ref"), self.update(site, json!({"allOf": [{"$ref": reference}], "nullable": true}))]
                }
                None => vec![self.update(site, json!({"nullable": true}))],
            };
        }
        for keyword in ["$ref", "allOf"] {
            if let Some(own) = node.get(keyword) {
                let either = json!({"anyOf": [{keyword: own}, {"type": "null"}]});
                return vec![inside(keyword), self.update(site, either)];
            }
        }
        for keyword in ["anyOf", "oneOf"] {
            if node.get(keyword).is_some() {
                return vec![self.update(site, json!({keyword: [{"type": "null"}]}))];
            }
        }
        let mut actions = self.types_at(site, &["null"]);
        if node.get("enum").is_some() {
            actions.push(self.update(site, json!({"enum": [null]})));
        }
        actions
    }

    /// Allows values of other types.
    pub(super) fn types(self, schemas: &[String], shape: &Shape) -> Vec<Action> {
        for keyword in ["anyOf", "oneOf"] {
            if let Some(union) = self.has(schemas, keyword).first() {
                return vec![self.update(union, json!({keyword: [shape.schema(self.is_3_0)]}))];
            }
        }
        let kinds: Vec<&str> = shape.kinds().collect();
        let typed = self.has(schemas, "type").into_iter().flat_map(|place| self.types_at(place, &kinds));
        typed.chain(self.values(schemas)).collect()
    }

    fn types_at(self, place: &str, more: &[&str]) -> Vec<Action> {
        let own = self.root.pointer(place).and_then(|node| node.get("type"));
        match own {
            Some(Value::Array(_)) => vec![self.update(place, json!({"type": more}))],
            // OpenAPI 3.0 has no lists of types.
            Some(_) if self.is_3_0 => vec![self.remove(&format!("{place}/type"))],
            Some(own) => {
                let types: Vec<&str> = own.as_str().into_iter().chain(more.iter().copied()).collect();
                vec![self.remove(&format!("{place}/type")), self.update(place, json!({"type": types}))]
            }
            None => Vec::new(),
        }
    }

    /// Allows values that are not listed.
    pub(super) fn values(self, schemas: &[String]) -> Vec<Action> {
        let is_text = |place: &&String| {
            let values = self.root.pointer(place).and_then(|node| node["enum"].as_array());
            values.is_some_and(|values| values.iter().all(|it| it.is_string() || it.is_null()))
        };
        let (open, closed): (Vec<_>, Vec<_>) = self.has(schemas, "enum").into_iter().partition(is_text);
        let open = open.into_iter().map(|place| self.update(place, json!({UNKNOWN_VALUES: "allow"})));
        let closed = closed.into_iter().map(|place| self.remove(&format!("{place}/enum")));
        let fixed = self.has(schemas, "const").into_iter().map(|place| self.remove(&format!("{place}/const")));
        open.chain(closed).chain(fixed).collect()
    }

    /// Makes a member optional.
    pub(super) fn optional(self, schemas: &[String], name: &str) -> Vec<Action> {
        let of = |place: &&String| self.root.pointer(place).and_then(|node| node["required"].as_array());
        let requiring = self
            .has(schemas, "required")
            .into_iter()
            .filter(|place| of(place).is_some_and(|names| names.iter().any(|known| known == name)));
        requiring
            .map(|place| {
                let list = format!("{place}/required");
                match of(&place) {
                    Some(names) if names.len() > 1 => {
                        let target = format!("{}[?@ == {}]", path(self.root, &list), quoted(name));
                        Action { target, update: None }
                    }
                    // OpenAPI 3.0 has no empty list here.
                    _ => self.remove(&list),
                }
            })
            .collect()
    }

    /// Names a member; without a name, allows any.
    pub(super) fn member(self, owner: &str, name: Option<&str>, shape: &Shape) -> Vec<Action> {
        let Some(name) = name else {
            let closed = self.root.pointer(owner).is_some_and(|node| node.get("additionalProperties").is_some());
            let remove = closed.then(|| self.remove(&format!("{owner}/additionalProperties")));
            return remove.into_iter().chain([self.update(owner, json!({"additionalProperties": true}))]).collect();
        };
        vec![self.update(owner, json!({"properties": {name: shape.schema(self.is_3_0)}}))]
    }

    /// Removes a rule.
    pub(super) fn without(self, schemas: &[String], keyword: &str) -> Vec<Action> {
        let places = self.has(schemas, keyword).into_iter();
        let actions = places.flat_map(|place| {
            let remove = self.remove(&format!("{place}/{keyword}"));
            let branches = self.root.pointer(place).and_then(|node| node.get("oneOf")).filter(|_| keyword == "oneOf");
            // Several branches fit, so the document means at least one.
            let any = branches.map(|branches| self.update(place, json!({"anyOf": branches})));
            [Some(remove), any].into_iter().flatten()
        });
        actions.collect()
    }
}

/// A JSON Pointer into a document as a JSONPath (RFC 9535). A token is an index where the document has a list.
fn path(root: &Value, pointer: &str) -> String {
    let mut path = "$".to_owned();
    let mut node = Some(root);
    for token in pointer.split('/').skip(1).map(unescape) {
        let is_plain = token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && token.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if node.is_some_and(Value::is_array) {
            path.push_str(&format!("[{token}]"));
        } else if is_plain {
            path.push('.');
            path.push_str(&token);
        } else {
            path.push_str(&format!("[{}]", quoted(&token)));
        }
        node = node.and_then(|node| match node {
            Value::Array(items) => items.get(token.parse::<usize>().ok()?),
            node => node.get(&token),
        });
    }
    path
}

/// A name as a string literal of JSONPath.
fn quoted(name: &str) -> String {
    let json = Value::from(name).to_string();
    // Its escapes are those of JSON, except for quotes.
    let inner = json[1..json.len() - 1].replace("\\\"", "\"").replace('\'', "\\'");
    format!("'{inner}'")
}

/// An overlay with these members before its actions.
pub(super) fn head(info: &str) -> String {
    let info: Map<String, Value> =
        Map::from_iter([("title".to_owned(), info.into()), ("version".to_owned(), "1".into())]);
    format!("overlay: 1.2.0\ninfo: {}\n", Value::Object(info))
}
