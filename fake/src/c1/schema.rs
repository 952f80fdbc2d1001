//! The OpenAPI document as the tenant uses it: which operation a request is for, whether its body is valid, and what an
//! answer's unset fields look like. It knows no operation by name.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, ValidationError, Validator};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::problem::Problem;
use crate::lock;
use crate::service::Request;

/// Parameters by their names in the document, decoded.
pub(super) type Parameters = BTreeMap<String, String>;

pub(super) struct Document {
    root: Value,
    /// The document's components with enums opened where it says that unknown values are allowed.
    components: Value,
    routes: Vec<Route>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// One operation of the document.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) operation: String,
    method: String,
    segments: Vec<Segment>,
    /// Name and declared type.
    query: Vec<(String, String)>,
    body: Option<Value>,
    response: Option<Value>,
}

#[derive(Debug)]
enum Segment {
    Literal(String),
    Parameter(String),
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
        let mut components = root["components"].clone();
        open_enums(&mut components);
        Document { routes: routes(&root), components, root, validators: Mutex::default() }
    }

    #[cfg(test)]
    pub(super) fn routes(&self) -> impl Iterator<Item = (&str, &str, String)> {
        self.routes.iter().map(|route| {
            let path = route.segments.iter().map(|segment| match segment {
                Segment::Literal(text) => format!("/{text}"),
                Segment::Parameter(name) => format!("/some-{name}"),
            });
            (route.operation.as_str(), route.method.as_str(), path.collect())
        })
    }

    /// Finds the operation for a raw path, or says 404 or 405. Literal segments win over parameters, the earlier the
    /// stronger.
    pub(super) fn find(&self, method: &str, path: &str) -> Result<(&Route, Parameters), u16> {
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let matching = self.routes.iter().filter(|route| route.matches(&segments));
        let (right, wrong): (Vec<&Route>, Vec<&Route>) = matching.partition(|route| route.method == method);
        match right.into_iter().max_by_key(|route| route.literals()) {
            Some(route) => Ok((route, route.parameters(&segments))),
            None => Err(if wrong.is_empty() { 404 } else { 405 }),
        }
    }

    /// The query's parameters. Those that the document does not name are ignored; of several values the last one counts.
    pub(super) fn query(route: &Route, pairs: &[(String, String)]) -> Result<Parameters, Problem> {
        let mut parameters = Parameters::new();
        for (name, value) in pairs {
            let Some((_, kind)) = route.query.iter().find(|(known, _)| known == name) else {
                continue;
            };
            let parses = match kind.as_str() {
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

    /// The request's body, if it is what the document wants. No body is an empty message.
    pub(super) fn body(&self, route: &Route, request: &Request) -> Result<Value, Problem> {
        let Some(schema) = &route.body else {
            return Ok(json!({}));
        };
        if request.body.is_empty() {
            return Ok(json!({}));
        }
        let content_type = request.header("content-type").unwrap_or_default();
        if !content_type.starts_with("application/json") {
            return Err(Problem::new(400, "the body's content type is not application/json"));
        }
        let body = request.json().ok_or_else(|| Problem::new(400, "the body is not JSON"))?;
        if let Err(error) = self.validator(&route.operation, schema)?.validate(&body) {
            let (path, message) = innermost(&error);
            return Err(Problem::field(&path, format!("at {path:?}: {message}")));
        }
        Ok(body)
    }

    fn validator(&self, operation: &str, schema: &Value) -> Result<Arc<Validator>, Problem> {
        let mut validators = lock(&self.validators);
        if let Some(validator) = validators.get(operation) {
            return Ok(Arc::clone(validator));
        }
        let mut schema = schema.clone();
        schema["components"] = self.components.clone();
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            // Protobuf's JSON: 64-bit integers travel as strings, and durations are seconds ("1.5s"), not ISO 8601.
            .with_format("int64", |text: &str| text.parse::<i64>().is_ok())
            .with_format("uint64", |text: &str| text.parse::<u64>().is_ok())
            .with_format("duration", |text: &str| {
                text.strip_suffix('s').is_some_and(|seconds| seconds.parse::<f64>().is_ok())
            })
            .build(&schema)
            .map_err(|error| Problem::new(500, format!("the document's schema for {operation}: {error}")))?;
        let validator = Arc::new(validator);
        validators.insert(operation.to_owned(), Arc::clone(&validator));
        Ok(validator)
    }

    /// Writes out every field that the answer's schema names and the answer leaves unset, as the service does.
    pub(super) fn fill_answer(&self, route: &Route, answer: &mut Value) {
        if let Some(schema) = &route.response {
            self.fill(schema, answer);
        }
    }

    /// The same for a component, for messages that travel in a place without a schema. Knows its `@type`.
    pub(super) fn typed(&self, component: &str, mut message: Value) -> Value {
        self.fill(&self.root["components"]["schemas"][component], &mut message);
        message["@type"] = format!("type.googleapis.com/{component}").into();
        message
    }

    fn fill(&self, schema: &Value, value: &mut Value) {
        let schema = self.resolve(schema);
        match value {
            Value::Object(fields) => {
                // In a map, or a message that holds anything, nothing is unset.
                if !matches!(schema["additionalProperties"], Value::Null | Value::Bool(false)) {
                    return;
                }
                for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                    match fields.get_mut(name) {
                        Some(field) => self.fill(schema, field),
                        None => {
                            fields.insert(name.clone(), unset(schema));
                        }
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

    /// The schema behind references and behind "this or null".
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
}

impl Route {
    fn matches(&self, segments: &[&str]) -> bool {
        self.segments.len() == segments.len()
            && self.segments.iter().zip(segments).all(|(known, segment)| match known {
                Segment::Literal(text) => text == segment,
                Segment::Parameter(_) => !segment.is_empty(),
            })
    }

    fn literals(&self) -> Vec<bool> {
        let segments = self.segments.iter();
        segments.map(|known| matches!(known, Segment::Literal(_))).collect()
    }

    fn parameters(&self, segments: &[&str]) -> Parameters {
        let mut parameters = Parameters::new();
        for (known, segment) in self.segments.iter().zip(segments) {
            if let Segment::Parameter(name) = known {
                let value = percent_decode_str(segment).decode_utf8_lossy();
                parameters.insert(name.clone(), value.into_owned());
            }
        }
        parameters
    }
}

fn routes(root: &Value) -> Vec<Route> {
    const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];
    let mut routes = Vec::new();
    for (path, item) in root["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let operation = &item[method];
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            let segments = path.trim_start_matches('/').split('/').map(|segment| {
                match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                    Some(name) => Segment::Parameter(name.to_owned()),
                    None => Segment::Literal(segment.to_owned()),
                }
            });
            let parameters = [&item["parameters"], &operation["parameters"]].into_iter();
            let parameters = parameters.filter_map(Value::as_array).flatten();
            let query = parameters.filter(|parameter| parameter["in"] == "query").map(|parameter| {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                (text(&parameter["name"]), text(&parameter["schema"]["type"]))
            });
            let schema = |value: &Value| value.pointer("/content/application~1json/schema").cloned();
            routes.push(Route {
                operation: id.to_owned(),
                method: method.to_uppercase(),
                segments: segments.collect(),
                query: query.collect(),
                body: schema(&operation["requestBody"]),
                response: schema(&operation["responses"]["200"]),
            });
        }
    }
    routes
}

/// What the service writes for a field that is not set.
fn unset(schema: &Value) -> Value {
    if schema["nullable"] == true {
        return Value::Null;
    }
    // A type that is a list of types, or no type at all, is something that can be null.
    match schema["type"].as_str().unwrap_or_default() {
        "boolean" => json!(false),
        "integer" | "number" => json!(0),
        "string" => match (&schema["enum"][0], schema["format"].as_str().unwrap_or_default()) {
            (Value::String(first), _) => json!(first),
            (_, "date-time" | "duration") => Value::Null,
            (_, "int64" | "uint64") => json!("0"),
            _ => json!(""),
        },
        _ => Value::Null,
    }
}

fn open_enums(schema: &mut Value) {
    match schema {
        Value::Object(keywords) => {
            let open = keywords.get("x-speakeasy-unknown-values").is_some_and(|v| v == "allow");
            if open {
                keywords.remove("enum");
            }
            keywords.values_mut().for_each(open_enums);
        }
        Value::Array(items) => items.iter_mut().for_each(open_enums),
        _ => {}
    }
}

/// Where in the body, and what. "Valid under none of the alternatives" hides the one failure that helps.
fn innermost(error: &ValidationError<'_>) -> (String, String) {
    let own = (error.instance_path().to_string(), error.to_string());
    let (ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }) = error.kind() else {
        return own;
    };
    // The deepest; of several, the first.
    context.iter().flatten().rev().map(innermost).max_by_key(|(path, _)| path.len()).unwrap_or(own)
}
