//! The fields of a connector by section and key, in one form for files and for services.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::profile::Service;
use crate::reference::Reference;

/// The value of a field, existing or wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Value(Value),
    /// A secret, as a reference. A service does not return secrets.
    Secret(Reference),
}

impl Item {
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Value(value) => value.as_str(),
            Self::Secret(_) => None,
        }
    }

    pub fn secret(&self) -> Option<&Reference> {
        match self {
            Self::Value(_) => None,
            Self::Secret(reference) => Some(reference),
        }
    }

    pub fn is_true(&self) -> bool {
        *self == Self::Value(Value::Bool(true))
    }
}

impl From<Value> for Item {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

/// The name of a field: its section, which is empty for the connector itself, and its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    pub section: String,
    pub key: String,
}

impl Name {
    pub fn new(section: &str, key: &str) -> Self {
        Self { section: section.to_owned(), key: key.to_owned() }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.section.is_empty() { f.write_str(&self.key) } else { write!(f, "{}.{}", self.section, self.key) }
    }
}

/// The fields of a connector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(pub BTreeMap<Name, Item>);

impl Fields {
    pub fn set(&mut self, section: &str, key: &str, item: impl Into<Item>) {
        self.0.insert(Name::new(section, key), item.into());
    }

    /// Sets a value that may be unset in the service.
    pub fn set_text(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.set("", key, Value::from(text));
        }
    }

    pub fn get(&self, section: &str, key: &str) -> Option<&Item> {
        self.0.get(&Name::new(section, key))
    }

    /// A text of the connector itself.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get("", key)?.text()
    }

    /// The keys and items of a section.
    pub fn section<'a>(&'a self, section: &'a str) -> impl Iterator<Item = (&'a str, &'a Item)> {
        let of = self.0.iter().filter(move |(name, _)| name.section == section);
        of.map(|(name, item)| (name.key.as_str(), item))
    }
}

/// One connector of a file.
#[derive(Clone, Debug)]
pub struct Entry {
    pub service: Service,
    /// The name in the file.
    pub key: String,
    /// The connector's id, which must exist. Without it, the name identifies the connector.
    pub id: Option<String>,
    pub fields: Fields,
}

impl Entry {
    /// The entry's name in messages and for `--only`.
    pub fn label(&self) -> String {
        format!("{}.{}", self.service.name(), self.key)
    }
}

/// The keys of a connector itself, and its possible sections.
pub fn keys(service: Service) -> (&'static [&'static str], &'static [&'static str]) {
    match service {
        Service::C1 => {
            (&["id", "app", "catalog", "name", "description", "users", "paused"], &["config", "schedule", "owners"])
        }
        Service::Pipeshub => {
            (&["id", "type", "scope", "auth_type", "name", "sync", "agent"], &["auth", "sync_config", "filters"])
        }
    }
}
