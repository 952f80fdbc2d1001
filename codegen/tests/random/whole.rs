//! Random documents with every object of OpenAPI 3.0, 3.1 and 3.2, in the members where the specifications allow them.
//! Half of them have difficult names everywhere.

use serde_json::{Map, Value, json};

use super::chance::Random;
use super::{schemas, wild};

/// The version of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    V30,
    V31,
    V32,
}

/// The document of a seed.
pub(crate) fn document(seed: u64) -> Value {
    let mut random = Random(seed);
    // Seeds that follow each other have similar first numbers.
    random.next();
    let version = random.pick(&[Version::V30, Version::V31, Version::V31, Version::V32]);
    let wild = random.once_in(2);
    let maker = Maker { random, version, wild, components: Components::default(), ids: Vec::new(), callbacks: 0 };
    if seed % 8 == 7 { maker.characters(seed) } else { maker.document() }
}

/// The names of the components.
#[derive(Default)]
struct Components {
    schemas: Vec<String>,
    parameters: Vec<String>,
    bodies: Vec<String>,
    responses: Vec<String>,
    headers: Vec<String>,
    links: Vec<String>,
    callbacks: Vec<String>,
    items: Vec<String>,
    media: Vec<String>,
    schemes: Vec<String>,
}

pub(super) struct Maker {
    pub(super) random: Random,
    pub(super) version: Version,
    wild: bool,
    components: Components,
    /// The ids of operations, for links.
    ids: Vec<String>,
    /// The callbacks around the current place.
    callbacks: usize,
}

/// A section of `components`: its name, the names in it, and what makes one of its objects.
type Section = (&'static str, Vec<String>, fn(&mut Maker) -> Value);

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// An entry of a map, with a key as a JSON Pointer in a reference has it.
fn reference(section: &str, name: &str) -> Value {
    let name = name.replace('~', "~0").replace('/', "~1");
    let kept = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    let mut bytes = [0; 4];
    let text: String = name
        .chars()
        .map(|c| match kept(c) {
            true => c.to_string(),
            false => c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")).collect(),
        })
        .collect();
    json!({"$ref": format!("#/components/{section}/{text}")})
}

impl Maker {
    pub(super) fn once_in(&mut self, many: usize) -> bool {
        self.random.once_in(many)
    }

    /// A name, or another one with difficult names.
    pub(super) fn name(&mut self, plain: &[&str]) -> String {
        if self.wild { wild::name(&mut self.random) } else { self.random.pick(plain).to_owned() }
    }

    /// Up to `most` different names.
    pub(super) fn names(&mut self, plain: &[&str], most: usize) -> Vec<String> {
        let most = 1 + self.random.below(most);
        if self.wild {
            return wild::family(&mut self.random, most);
        }
        let mut names: Vec<String> = (0..most).map(|_| self.random.pick(plain).to_owned()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// A text for a description, or none.
    pub(super) fn described(&mut self, object: &mut Value) {
        if self.once_in(4) {
            object["description"] =
                json!(self.name(&["A thing.", "See [it](https://x.example).", "* a\n* b", "<b>c</b>"]));
        }
    }

    pub(super) fn schema_reference(&mut self) -> Value {
        let name = self.random.pick(&self.components.schemas);
        reference("schemas", &name)
    }

    /// The name of a component schema, as a discriminator's mapping has it.
    pub(super) fn schema_target(&mut self) -> String {
        if self.once_in(3) {
            return self.random.pick(&self.components.schemas);
        }
        let target = self.schema_reference();
        target["$ref"].as_str().unwrap_or_default().to_owned()
    }

    fn document(mut self) -> Value {
        self.components = Components {
            schemas: self.names(&["Pet", "Cat", "Dog", "Tree", "Order", "Page", "Error", "Kind"], 8),
            parameters: self.names(&["Limit", "Trace"], 2),
            bodies: self.names(&["Body", "Form"], 2),
            responses: self.names(&["Failure", "Listed"], 2),
            headers: self.names(&["Left", "ETag"], 2),
            links: self.names(&["next", "item"], 2),
            callbacks: self.names(&["done", "failed"], 2),
            items: self.names(&["Shared", "Other"], 2),
            media: self.names(&["Json", "Lines"], 2),
            schemes: self.names(&["key", "login", "oauth", "open", "basic"], 4),
        };
        let mut components = Map::new();
        let schemas: Map<String, Value> =
            self.components.schemas.clone().into_iter().map(|name| (name, schemas::component(&mut self))).collect();
        components.insert("schemas".to_owned(), schemas.into());
        let sections: [Section; 5] = [
            ("headers", self.components.headers.clone(), Self::header),
            ("securitySchemes", self.components.schemes.clone(), Self::scheme),
            ("parameters", self.components.parameters.clone(), |it| it.parameter("query")),
            ("requestBodies", self.components.bodies.clone(), Self::body),
            ("responses", self.components.responses.clone(), Self::response),
        ];
        for (section, names, make) in sections {
            let all: Map<String, Value> = names.into_iter().map(|name| (name, make(&mut self))).collect();
            components.insert(section.to_owned(), all.into());
        }
        if self.version == Version::V32 {
            let names = self.components.media.clone();
            let all: Map<String, Value> =
                names.into_iter().map(|name| (name, self.media("application/json"))).collect();
            components.insert("mediaTypes".to_owned(), all.into());
        }
        let mut paths = Map::new();
        for _ in 0..1 + self.random.below(4) {
            let (path, item) = self.path();
            // Two templates that differ only in the names of parameters are the same path.
            let anonymous = |path: &str| -> String {
                path.split('{')
                    .map(|part| part.split_once('}').map_or(part, |(_, rest)| rest))
                    .collect::<Vec<_>>()
                    .join("{}")
            };
            if paths.keys().all(|known: &String| anonymous(known) != anonymous(&path)) {
                paths.insert(path, item);
            }
        }
        let links = self.components.links.clone();
        let links: Map<String, Value> = links.into_iter().map(|name| (name, self.link())).collect();
        components.insert("links".to_owned(), links.into());
        let callbacks = self.components.callbacks.clone();
        let callbacks: Map<String, Value> = callbacks.into_iter().map(|name| (name, self.callback())).collect();
        components.insert("callbacks".to_owned(), callbacks.into());
        if self.version >= Version::V31 {
            let items = self.components.items.clone();
            let items: Map<String, Value> = items.into_iter().map(|name| (name, self.item(&[]))).collect();
            components.insert("pathItems".to_owned(), items.into());
        }
        let mut document = json!({
            "openapi": match self.version { Version::V30 => "3.0.4", Version::V31 => "3.1.1", Version::V32 => "3.2.0" },
            "info": {"title": self.name(&["Whole"]), "version": "1"},
            "paths": paths,
            "components": components,
            "tags": [{"name": self.name(&["things"]), "description": self.name(&["Things."])}],
        });
        if self.once_in(2) {
            document["servers"] = self.servers();
        }
        if self.once_in(2) {
            document["security"] = self.security();
        }
        if self.version >= Version::V31 && self.once_in(2) {
            let names = self.names(&["petLeft", "petJoined", "orderDone"], 3);
            let hooks: Map<String, Value> = names.into_iter().map(|name| (name, self.item(&[]))).collect();
            document["webhooks"] = hooks.into();
        }
        document
    }

    /// A document with hundreds of names that each begin with another character.
    fn characters(mut self, seed: u64) -> Value {
        const EACH: usize = 150;
        // Characters without a case and with one normal form are all alike: one in a hundred stands for them.
        let special = |(at, c): &(usize, char)| {
            let text = c.to_string();
            at % 100 == 0 || text.to_lowercase() != text || text.to_uppercase() != text || !c.is_alphanumeric()
        };
        let all: Vec<char> = wild::first_characters().enumerate().filter(special).map(|(_, c)| c).collect();
        let from = (seed / 8) as usize * EACH % all.len();
        let some: Vec<char> = all.iter().cycle().skip(from).take(EACH).copied().collect();
        let named = |tail: &str| some.iter().map(|c| format!("{c}{tail}")).collect::<Vec<String>>();
        let texts = |names: Vec<String>| -> Map<String, Value> {
            names.into_iter().map(|name| (name, json!({"type": "string"}))).collect()
        };
        let mut schemas = Map::new();
        let object = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
        schemas.extend(named("").into_iter().step_by(5).map(|name| (name, object.clone())));
        schemas.insert("All".to_owned(), json!({"type": "object", "properties": texts(named(""))}));
        schemas.insert("Long".to_owned(), json!({"type": "object", "properties": texts(named("a_b"))}));
        schemas.insert("Values".to_owned(), json!({"type": "string", "enum": named("")}));
        schemas.insert("Digits".to_owned(), json!({"type": "string", "enum": named("1")}));
        let mut paths = Map::new();
        for (index, name) in named("").into_iter().step_by(10).enumerate() {
            let tag = self.random.pick(&some).to_string();
            let parameter = json!({"name": name, "in": "query", "required": true, "schema": {"type": "string"}});
            let operation = json!({
                "operationId": name, "tags": [tag], "parameters": [parameter],
                "responses": {"200": {"description": name, "content": {"application/json": {"schema": {
                    "type": "object", "properties": {(name.as_str()): {"type": "object", "properties": {"x": {}}}}}}}}},
            });
            paths.insert(format!("/p{index}"), json!({"get": operation}));
        }
        json!({
            "openapi": "3.1.1", "info": {"title": "Characters", "version": "1"}, "paths": paths,
            "components": {"schemas": schemas},
        })
    }

    fn path(&mut self) -> (String, Value) {
        let mut path = String::new();
        let mut names = Vec::new();
        for _ in 0..1 + self.random.below(3) {
            path.push('/');
            if self.once_in(2) {
                let name = self.name(&["id", "name", "pet_id", "petId"]);
                // A template cannot have these in the name of a parameter.
                let name: String = name.chars().filter(|c| !"{}/?#".contains(*c)).collect();
                if !name.is_empty() && !names.contains(&name) {
                    path.push_str(&format!("{{{name}}}"));
                    names.push(name);
                    continue;
                }
            }
            let word = self.name(&["pets", "orders", "a.b", "c:d"]);
            path.extend(word.chars().filter(|c| !"{}?#".contains(*c)));
        }
        let item = self.item(&names);
        (path, item)
    }

    fn item(&mut self, path_parameters: &[String]) -> Value {
        if self.version >= Version::V31 && path_parameters.is_empty() && self.callbacks == 0 && self.once_in(8) {
            let name = self.random.pick(&self.components.items);
            return reference("pathItems", &name);
        }
        let mut item = json!({});
        let mut parameters: Vec<Value> = Vec::new();
        for name in path_parameters {
            let mut parameter = self.parameter("path");
            parameter["name"] = json!(name);
            parameters.push(parameter);
        }
        if !parameters.is_empty() {
            item["parameters"] = parameters.into();
        }
        for _ in 0..1 + self.random.below(2) {
            let method = self.random.pick(&METHODS);
            item[method] = self.operation(method);
        }
        if self.version == Version::V32 && self.once_in(3) {
            item["query"] = self.operation("query");
            item["additionalOperations"] =
                json!({"COPY": self.operation("copy"), "M-SEARCH": self.operation("search")});
        }
        if self.once_in(8) {
            item["servers"] = self.servers();
        }
        item
    }

    fn operation(&mut self, method: &str) -> Value {
        let mut operation = json!({});
        if !self.once_in(6) {
            let id =
                self.name(&["listPets", "getPet", "pets.create", "pets/delete", "Order_get", "watch", "new", "send"]);
            if !self.ids.contains(&id) {
                operation["operationId"] = json!(id);
                self.ids.push(id);
            }
        }
        if self.once_in(2) {
            operation["tags"] = json!([self.name(&["pets", "orders", "admin"])]);
        }
        self.described(&mut operation);
        let mut parameters = Vec::new();
        if self.once_in(4) {
            let name = self.random.pick(&self.components.parameters);
            parameters.push(reference("parameters", &name));
        }
        let mut known: Vec<(Value, Value)> = Vec::new();
        for _ in 0..self.random.below(5) {
            let place = self.random.pick(&["query", "query", "header", "cookie"]);
            let parameter = self.parameter(place);
            let key = (parameter["name"].clone(), parameter["in"].clone());
            if !known.contains(&key) {
                known.push(key);
                parameters.push(parameter);
            }
        }
        if self.version == Version::V32 && !known.iter().any(|(_, place)| place == "query") && self.once_in(6) {
            let schema = schemas::schema(self, 2);
            parameters.retain(|it| it.get("$ref").is_none());
            let content = json!({"application/x-www-form-urlencoded": {"schema": schema}});
            parameters.push(json!({"name": self.name(&["all"]), "in": "querystring", "content": content}));
        }
        if !parameters.is_empty() {
            operation["parameters"] = parameters.into();
        }
        if !matches!(method, "get" | "head" | "delete" | "trace" | "options") && !self.once_in(4) {
            operation["requestBody"] = if self.once_in(4) {
                let name = self.random.pick(&self.components.bodies);
                reference("requestBodies", &name)
            } else {
                self.body()
            };
        }
        let mut responses = Map::new();
        for _ in 0..1 + self.random.below(4) {
            let status =
                self.random.pick(&["200", "200", "201", "202", "204", "2XX", "302", "404", "409", "4XX", "default"]);
            let response = if self.once_in(4) {
                let name = self.random.pick(&self.components.responses);
                reference("responses", &name)
            } else {
                self.response()
            };
            responses.insert(status.to_owned(), response);
        }
        operation["responses"] = responses.into();
        if self.once_in(5) {
            operation["security"] = self.security();
        }
        if self.once_in(10) {
            operation["servers"] = self.servers();
        }
        if self.once_in(10) {
            operation["deprecated"] = json!(true);
        }
        if self.once_in(10) {
            operation["x-stream"] = json!({"end": "[DONE]"});
        }
        if self.callbacks < 2 && self.once_in(4) {
            let names = self.names(&["done", "failed", "moved"], 2);
            let mut callbacks = Map::new();
            for name in names {
                let callback = if self.once_in(3) {
                    let name = self.random.pick(&self.components.callbacks);
                    reference("callbacks", &name)
                } else {
                    self.callback()
                };
                callbacks.insert(name, callback);
            }
            operation["callbacks"] = callbacks.into();
        }
        operation
    }

    fn callback(&mut self) -> Value {
        self.callbacks += 1;
        let mut callback = Map::new();
        for expression in ["{$request.body#/url}", "https://x.example/{$response.header.id}"] {
            if callback.is_empty() || self.once_in(3) {
                callback.insert(expression.to_owned(), self.item(&[]));
            }
        }
        self.callbacks -= 1;
        callback.into()
    }

    fn parameter(&mut self, place: &str) -> Value {
        let plain = match place {
            "header" => ["X-Trace", "If-Match", "x-id", "Accept"],
            _ => ["limit", "page[size]", "filter", "sort_by"],
        };
        let mut parameter =
            json!({"name": self.name(&plain), "in": place, "required": place == "path" || self.once_in(3)});
        self.described(&mut parameter);
        if self.once_in(8) {
            let schema = schemas::schema(self, 2);
            parameter["content"] = json!({(self.random.pick(&["application/json", "text/plain"])): {"schema": schema}});
            return parameter;
        }
        parameter["schema"] = match self.random.below(4) {
            0 => schemas::schema(self, 2),
            1 => json!({"type": "array", "items": schemas::scalar(self)}),
            2 => schemas::values(self),
            _ => schemas::scalar(self),
        };
        if self.once_in(3) {
            let styles: &[&str] = match place {
                "query" => &["form", "spaceDelimited", "pipeDelimited", "deepObject"],
                "path" => &["simple", "label", "matrix"],
                "header" => &["simple"],
                _ if self.version == Version::V32 => &["form", "cookie"],
                _ => &["form"],
            };
            parameter["style"] = json!(self.random.pick(styles));
            parameter["explode"] = json!(self.once_in(2));
        }
        if place == "query" && self.once_in(8) {
            parameter["allowReserved"] = json!(true);
        }
        if self.once_in(10) {
            parameter["deprecated"] = json!(true);
        }
        parameter
    }

    fn body(&mut self) -> Value {
        let mut body = json!({"required": self.once_in(2), "content": self.content()});
        self.described(&mut body);
        body
    }

    fn response(&mut self) -> Value {
        let mut response = json!({"description": self.name(&["Something.", ""])});
        if !self.once_in(4) {
            response["content"] = self.content();
        }
        if self.once_in(3) {
            response["headers"] = self.headers();
        }
        if self.once_in(4) {
            let names = self.names(&["next", "item", "owner"], 2);
            let mut links = Map::new();
            for name in names {
                let link = if self.once_in(4) {
                    let name = self.random.pick(&self.components.links);
                    reference("links", &name)
                } else {
                    self.link()
                };
                links.insert(name, link);
            }
            response["links"] = links.into();
        }
        response
    }

    fn headers(&mut self) -> Value {
        let names = self.names(&["X-Left", "ETag", "x-left", "Link", "Content-Type"], 3);
        let mut headers = Map::new();
        for name in names {
            let header = if self.once_in(3) {
                let name = self.random.pick(&self.components.headers);
                reference("headers", &name)
            } else {
                self.header()
            };
            headers.insert(name, header);
        }
        headers.into()
    }

    fn header(&mut self) -> Value {
        let mut header = json!({"required": self.once_in(3)});
        let schema = if self.once_in(3) { schemas::schema(self, 2) } else { schemas::scalar(self) };
        if self.once_in(6) {
            header["content"] = json!({(self.random.pick(&["application/json", "text/plain"])): {"schema": schema}});
        } else {
            header["schema"] = schema;
            header["explode"] = json!(self.once_in(2));
        }
        self.described(&mut header);
        header
    }

    fn link(&mut self) -> Value {
        let mut link = json!({});
        let ids = self.ids.clone();
        link["operationId"] = if ids.is_empty() { json!("nowhere") } else { json!(self.random.pick(&ids)) };
        let mut parameters = Map::new();
        for name in self.names(&["limit", "id", "path.id", "filter"], 2) {
            let values = [
                "$response.body#/id",
                "$request.query.limit",
                "$response.header.ETag",
                "$statusCode",
                "text",
                "$method",
            ];
            parameters.insert(name, json!(self.random.pick(&values)));
        }
        link["parameters"] = parameters.into();
        if self.once_in(3) {
            link["requestBody"] = json!(self.random.pick(&["$response.body", "$response.body#/a", "text"]));
        }
        self.described(&mut link);
        link
    }

    fn content(&mut self) -> Value {
        let mut content = Map::new();
        for _ in 0..1 + self.random.below(2) {
            let mut media = self.random.pick(&[
                "application/json",
                "application/json",
                "application/json; charset=utf-8",
                "application/merge-patch+json",
                "application/vnd.x+json",
                "text/plain",
                "text/*",
                "*/*",
                "application/xml",
                "application/octet-stream",
                "image/png",
                "text/event-stream",
                "application/jsonl",
                "application/x-ndjson",
                "application/json-seq",
                "application/x-www-form-urlencoded",
                "multipart/form-data",
                "multipart/mixed",
                "multipart/related",
            ]);
            if self.wild && self.once_in(20) {
                media = self.random.pick(&["", "json", "a/b/c", "text/ plain", "APPLICATION/JSON", "é/x", "x/*"]);
            }
            if self.version == Version::V32 && self.once_in(8) {
                let name = self.random.pick(&self.components.media);
                content.insert(media.to_owned(), reference("mediaTypes", &name));
                continue;
            }
            let made = self.media(media);
            content.insert(media.to_owned(), made);
        }
        content.into()
    }

    fn media(&mut self, media: &str) -> Value {
        let is_stream = matches!(
            media,
            "text/event-stream"
                | "application/jsonl"
                | "application/x-ndjson"
                | "application/json-seq"
                | "multipart/mixed"
        );
        let is_form = media.starts_with("multipart/") || media == "application/x-www-form-urlencoded";
        let mut object = json!({});
        if is_stream && self.version == Version::V32 && self.once_in(2) {
            object["itemSchema"] = schemas::schema(self, 2);
            if self.once_in(2) {
                object["itemEncoding"] = self.encoding();
            }
            return object;
        }
        object["schema"] = match (is_form, self.random.below(4)) {
            (true, 0) if self.version >= Version::V31 => {
                if self.version == Version::V32 && self.once_in(2) {
                    object["prefixEncoding"] = json!([self.encoding(), self.encoding()]);
                }
                schemas::tuple(self)
            }
            (true, _) => {
                let schema = schemas::object(self, 2);
                let keys: Vec<String> =
                    schema["properties"].as_object().into_iter().flat_map(Map::keys).cloned().collect();
                let some: Vec<String> = keys.into_iter().filter(|_| self.random.once_in(2)).collect();
                let encoding: Map<String, Value> = some.into_iter().map(|key| (key, self.encoding())).collect();
                if !encoding.is_empty() {
                    object["encoding"] = encoding.into();
                }
                schema
            }
            (false, 0) if matches!(media, "application/octet-stream" | "image/png") => return object,
            (false, 0 | 1) => self.schema_reference(),
            _ => schemas::schema(self, 3),
        };
        object
    }

    fn encoding(&mut self) -> Value {
        let mut encoding = json!({});
        match self.random.below(4) {
            0 => {
                encoding["contentType"] =
                    json!(self.random.pick(&["application/json", "image/*", "text/plain, text/html"]))
            }
            1 => {
                encoding["style"] = json!(self.random.pick(&["form", "deepObject", "pipeDelimited"]));
                encoding["explode"] = json!(self.once_in(2));
            }
            2 => encoding["headers"] = self.headers(),
            _ => {}
        }
        encoding
    }

    fn servers(&mut self) -> Value {
        let mut servers = Vec::new();
        for _ in 0..1 + self.random.below(3) {
            let names: Vec<String> = self.names(&["region", "tenant", "port"], 2);
            let names: Vec<&String> = names.iter().filter(|it| !it.contains(['{', '}', '/', '?', '#', '%'])).collect();
            let host: String = names.iter().map(|name| format!("{{{name}}}.")).collect();
            let mut variables = Map::new();
            for name in names {
                let mut variable = json!({"default": "eu"});
                if self.once_in(2) {
                    let mut values = self.names(&["us", "eu", "asia"], 3);
                    values.push("eu".to_owned());
                    values.dedup();
                    variable["enum"] = json!(values);
                }
                self.described(&mut variable);
                variables.insert(name.clone(), variable);
            }
            let mut server = json!({"url": format!("https://{host}x.example/v1"), "variables": variables});
            self.described(&mut server);
            if self.version == Version::V32 {
                server["name"] = json!(self.name(&["Production", "Test"]));
            }
            servers.push(server);
        }
        servers.into()
    }

    fn security(&mut self) -> Value {
        let mut alternatives = Vec::new();
        for _ in 0..self.random.below(3) {
            let mut alternative = Map::new();
            for _ in 0..self.random.below(3) {
                let name = self.random.pick(&self.components.schemes);
                alternative.insert(name, json!([]));
            }
            alternatives.push(Value::Object(alternative));
        }
        alternatives.into()
    }

    fn scheme(&mut self) -> Value {
        let scopes: Map<String, Value> =
            self.names(&["read", "write"], 2).into_iter().map(|name| (name, json!("A scope."))).collect();
        let mut scheme = match self.random.below(7) {
            0 => {
                let place = self.random.pick(&["header", "query", "cookie"]);
                json!({"type": "apiKey", "in": place, "name": self.name(&["X-Key", "api_key"])})
            }
            1 => json!({"type": "http", "scheme": "basic"}),
            2 => json!({"type": "http", "scheme": self.random.pick(&["bearer", "Bearer"])}),
            3 => json!({"type": "http", "scheme": self.random.pick(&["digest", "hoba"])}),
            4 => {
                json!({"type": "openIdConnect", "openIdConnectUrl": "https://x.example/.well-known/openid-configuration"})
            }
            5 if self.version >= Version::V31 => json!({"type": "mutualTLS"}),
            _ => {
                let (authorization, token) = ("https://x.example/authorize", "https://x.example/token");
                let mut flows = json!({});
                if self.once_in(2) {
                    flows["clientCredentials"] = json!({"tokenUrl": token, "scopes": scopes});
                }
                if self.once_in(2) {
                    flows["authorizationCode"] =
                        json!({"authorizationUrl": authorization, "tokenUrl": token, "scopes": scopes});
                }
                if self.once_in(3) {
                    flows["implicit"] = json!({"authorizationUrl": authorization, "scopes": scopes});
                }
                if self.once_in(3) {
                    flows["password"] = json!({"tokenUrl": token, "refreshUrl": token, "scopes": scopes});
                }
                if self.version == Version::V32 && self.once_in(2) {
                    let device = "https://x.example/device";
                    flows["deviceAuthorization"] =
                        json!({"deviceAuthorizationUrl": device, "tokenUrl": token, "scopes": scopes});
                }
                json!({"type": "oauth2", "flows": flows})
            }
        };
        self.described(&mut scheme);
        if self.version == Version::V32 && self.once_in(6) {
            scheme["deprecated"] = json!(true);
        }
        scheme
    }
}
