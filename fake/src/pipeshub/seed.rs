//! The initial data of an instance.

use std::io;

use serde_json::{Value, json};

use crate::seeds;

/// The initial data of an instance. Every object is JSON in the service's own format; missing fields are filled in.
#[derive(Debug, Clone)]
#[must_use]
pub struct Seed {
    pub(super) types: Vec<Value>,
    pub(super) connectors: Vec<Value>,
    pub(super) records: Vec<Value>,
}

impl Default for Seed {
    fn default() -> Seed {
        Seed::empty()
    }
}

impl Seed {
    /// The registry of types (`S3`, `Drive`, `Confluence`, `Local FS`), and no connector.
    pub fn empty() -> Seed {
        Seed { types: list("types"), connectors: Vec::new(), records: Vec::new() }
    }

    /// Adds a type to the registry, as the registry lists it, with its schema as `config`. Its `options` are the filter
    /// options, by filter key.
    pub fn connector_type(mut self, kind: Value) -> Seed {
        self.types.push(kind);
        self
    }

    /// Adds a connector (`type`, `name`, ...). Its sync can be switched on, unless its fields say otherwise.
    pub fn connector(mut self, connector: Value) -> Seed {
        self.connectors.push(connector);
        self
    }

    /// Adds a record: `id`, `name`, `externalId`, `webUrl`, `recordType`, `connectorName`, `parentId`, `content`.
    pub fn record(mut self, record: Value) -> Seed {
        self.records.push(record);
        self
    }

    /// A seed of a JSON object with the lists `types` (more of them, or others of the same `type`), `connectors` (each
    /// with a `type`) and `records`; missing lists are empty, except the registry.
    ///
    /// # Errors
    ///
    /// If the text is not JSON, or has another member, an entry that is not an object, or an entry without its required
    /// field.
    pub fn from_json(text: &str) -> io::Result<Seed> {
        let value = seeds::read(text, &[("types", "type"), ("connectors", "type"), ("records", "")])?;
        let list = |name: &str| value[name].as_array().into_iter().flatten().cloned();
        let mut seed = Seed::empty();
        for kind in list("types") {
            seed.types.retain(|known| known["type"] != kind["type"]);
            seed.types.push(kind);
        }
        seed.connectors = list("connectors").collect();
        seed.records = list("records").collect();
        Ok(seed)
    }

    /// The registry; the team's connectors `s3-01` to `s3-13`, of which the first is active, and `drive-01`, which is
    /// not authorized; the personal `local-01`; the records `record-plan` and `record-note`.
    pub fn demo() -> Seed {
        let mut seed = Seed { connectors: list("connectors"), records: list("records"), ..Seed::empty() };
        let first = seed.connectors.first().cloned().unwrap_or_default();
        for number in 2..=13 {
            let mut connector = first.clone();
            connector["_key"] = json!(format!("s3-{number:02}"));
            connector["name"] = json!(format!("Archive {number}"));
            connector["isActive"] = json!(false);
            seed = seed.connector(connector);
        }
        seed
    }
}

fn list(name: &str) -> Vec<Value> {
    // The file is part of the program, and the tests read it: it is valid JSON.
    let demo: Value = serde_json::from_str(include_str!("demo.json")).unwrap_or_default();
    demo[name].as_array().cloned().unwrap_or_default()
}
