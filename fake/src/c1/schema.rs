//! The tenant's view of the OpenAPI document: finds the operation of a request, validates its body, and adds the unset
//! fields of a response. It knows no operation by name.

use std::collections::BTreeMap;
use std::io;
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::problem::Problem;
use connectors_mock::Request;
use connectors_mock::contract::{Contract, Operation, Values, open_where_allowed};
use connectors_mock::media::is_json;

/// Parameters by their names in the document, decoded.
pub(super) type Parameters = BTreeMap<String, String>;

pub(super) struct Document {
    root: Value,
    /// The document, in which enums that allow unknown values are open.
    contract: Contract,
}

impl Document {
    /// The vendored document, read once for all tenants of a process.
    pub(super) fn vendored() -> io::Result<&'static Document> {
        static DOCUMENT: OnceLock<Result<Document, String>> = OnceLock::new();
        let document = DOCUMENT.get_or_init(|| {
            let root = serde_json::from_str(connectors::c1::DOCUMENT);
            root.map(Document::new).map_err(|error| error.to_string())
        });
        document.as_ref().map_err(|error| io::Error::other(format!("C1's document: {error}")))
    }

    fn new(root: Value) -> Document {
        let mut opened = root.clone();
        open_where_allowed(&mut opened);
        Document { contract: Contract::new(opened, Vec::new()), root }
    }

    pub(super) fn contract(&self) -> &Contract {
        &self.contract
    }

    /// Finds the operation for a raw path, or returns 404 or 405.
    pub(super) fn find(&self, method: &str, path: &str) -> Result<(&Operation, Parameters), u16> {
        let Some(operation) = self.contract.find(method, path) else {
            return Err(if self.contract.has_path(path) { 405 } else { 404 });
        };
        let values = self.contract.path_values(operation, path).into_iter();
        Ok((operation, values.map(|(name, value)| (name.to_owned(), value)).collect()))
    }

    /// The parameters of the query. Unknown ones are ignored; of several values the last one counts.
    pub(super) fn query(&self, operation: &Operation, pairs: &[(String, String)]) -> Result<Parameters, Problem> {
        let mut parameters = Parameters::new();
        for (name, value) in pairs {
            let known = operation.parameters.iter().find(|known| known.location == "query" && known.name == *name);
            let Some(known) = known else { continue };
            let kind = self.root.pointer(&known.schema).and_then(|schema| schema["type"].as_str()).unwrap_or_default();
            let parses = match kind {
                "integer" => value.parse::<i32>().is_ok(),
                "number" => value.parse::<f64>().is_ok(),
                "boolean" => value.parse::<bool>().is_ok(),
                _ => true,
            };
            if !parses {
                return Err(Problem::field(name, format!("{value:?} is not of type {kind}")));
            }
            parameters.insert(name.clone(), value.clone());
        }
        Ok(parameters)
    }

    /// The request's body, if it is valid. No body is an empty message.
    pub(super) fn body(&self, operation: &Operation, request: &Request) -> Result<Value, Problem> {
        let schema = operation.body.as_ref().and_then(|body| json_of(&body.contents));
        let Some(schema) = schema.filter(|_| !request.body.is_empty()) else {
            return Ok(json!({}));
        };
        let content_type = request.header("content-type").unwrap_or_default();
        if !content_type.starts_with("application/json") {
            return Err(Problem::new(400, "the body's content type is not application/json"));
        }
        let body = request.json().ok_or_else(|| Problem::new(400, "the body is not JSON"))?;
        let mistake = self.contract.mistake(schema, Values::Sent, &body).map_err(|why| Problem::new(500, why))?;
        match mistake {
            Some(mistake) => Err(Problem::field(&mistake.at, format!("at {:?}: {}", mistake.at, mistake.message))),
            None => Ok(body),
        }
    }

    /// Adds every field of the response's schema that is unset, as the service does.
    pub(super) fn fill_answer(&self, operation: &Operation, answer: &mut Value) {
        let response = operation.responses.iter().find(|(status, _)| status == "200");
        let schema = response.and_then(|(_, contents)| self.root.pointer(json_of(contents)?));
        if let Some(schema) = schema {
            self.fill(schema, answer);
        }
    }

    /// The same for a component, for messages in a place without a schema. It adds their `@type`.
    pub(super) fn typed(&self, component: &str, mut message: Value) -> Value {
        self.fill(&self.root["components"]["schemas"][component], &mut message);
        message["@type"] = format!("type.googleapis.com/{component}").into();
        message
    }

    fn fill(&self, schema: &Value, value: &mut Value) {
        let schema = self.resolve(schema);
        match value {
            Value::Object(fields) => {
                // A map, or a message with arbitrary members, has no unset fields.
                if !matches!(schema["additionalProperties"], Value::Null | Value::Bool(false)) {
                    return;
                }
                for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                    match fields.get_mut(name) {
                        Some(field) => self.fill(schema, field),
                        None => fields.extend(self.unset(schema).map(|value| (name.clone(), value))),
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.fill(&schema["items"], item);
                }
            }
            _ => {}
        }
    }

    /// The schema behind references and behind `anyOf` with null.
    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        static NOTHING: Value = Value::Null;
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.root.pointer(reference.trim_start_matches('#'));
            return target.map_or(&NOTHING, |target| self.resolve(target));
        }
        let alternatives = ["oneOf", "anyOf", "allOf"].iter().find_map(|keyword| schema[keyword].as_array());
        let something = alternatives.and_then(|all| all.iter().find(|one| one["type"] != "null"));
        something.map_or(schema, |one| self.resolve(one))
    }

    /// The value that the service writes for an unset field: `None` if the document allows neither null nor a zero.
    fn unset(&self, schema: &Value) -> Option<Value> {
        let target = self.resolve(schema);
        if let Some(first) = target["enum"][0].as_str() {
            return Some(json!(first));
        }
        if may_be_null(schema) || may_be_null(target) {
            return Some(Value::Null);
        }
        match (target["type"].as_str()?, target["format"].as_str().unwrap_or_default()) {
            ("boolean", _) => Some(json!(false)),
            ("integer" | "number", _) => Some(json!(0)),
            ("array", _) => Some(json!([])),
            ("string", "int64" | "uint64") => Some(json!("0")),
            ("string", "date-time" | "duration") => None,
            ("string", _) => Some(json!("")),
            // A map. An absent message is left out.
            ("object", _) => target.get("additionalProperties").is_some().then(|| json!({})),
            _ => None,
        }
    }
}

fn may_be_null(schema: &Value) -> bool {
    let is_null = |kind: &Value| kind == "null";
    let branches = ["oneOf", "anyOf"].iter().filter_map(|keyword| schema[keyword].as_array()).flatten();
    schema["nullable"] == true
        || schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(is_null))
        || branches.into_iter().any(|branch| is_null(&branch["type"]))
}

/// The place of the schema for JSON.
fn json_of(contents: &[(String, String)]) -> Option<&str> {
    contents.iter().find(|(media, _)| is_json(media)).map(|(_, schema)| schema.as_str())
}
